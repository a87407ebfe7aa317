"""Channels and topics of budgets that the projects of an environment share, in an existing project."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import pubsub

from components.base import Component
from components.channels import make_channels
from landing_zone.names import BUDGET_PUBLISHER


class NotificationHostArgs(TypedDict):
    """The project, and the channels and topics to create in it."""

    projectId: str
    emails: Sequence[str]
    topics: Sequence[str]
    existing: Mapping[str, str]
    """Address → the name of a channel that is there already, and is not created."""
    kept: Sequence[str]
    """Addresses whose channels stay at Google when they leave the stack."""
    stackLabel: str | None
    """Name of the stack in their labels; None: this stack's."""


class NotificationHost(Component):
    """Channels and topics that exist before any budget, so that a budget depends on nothing but its project."""

    channels: dict[str, pulumi.Output[str]]
    """Address → the channel's name."""
    topics: dict[str, pulumi.Output[str]]
    """Name → the topic's full name."""

    def __init__(
        self, name: str, args: NotificationHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts, "")
        self.stack_label = args["stackLabel"]
        project_id, existing = args["projectId"], args["existing"]
        emails = [email for email in args["emails"] if email not in existing]
        made = make_channels(
            self, f"{name}-budgets", "notificationProject", project_id, emails, {}, args["kept"]
        )
        self.channels = {
            **dict(zip(emails, made, strict=True)),
            **{email: pulumi.Output.from_input(channel) for email, channel in existing.items()},
        }
        self.topics = {}
        for topic_name in args["topics"]:
            own = f"{name}--{topic_name}"
            topic = pubsub.Topic(
                own,
                project=project_id,
                name=topic_name,
                labels=self.labels,
                opts=self.child(own, "topics"),
            )
            let_budgets_publish(own, project_id, topic, self.child(own, "topics"))
            self.topics[topic_name] = topic.id
        self.register_outputs({"topics": self.topics})


def let_budgets_publish(
    name: str, project_id: str, topic: pubsub.Topic, options: pulumi.ResourceOptions
) -> None:
    """Let budgets publish to a topic, and nobody else who is not in the project's own policy."""
    pubsub.TopicIAMMember(
        name,
        project=project_id,
        topic=topic.name,
        role="roles/pubsub.publisher",
        member=BUDGET_PUBLISHER,
        opts=options,
    )
