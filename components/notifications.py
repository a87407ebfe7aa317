"""Channels and topics of budgets that the projects of an environment share, in an existing project."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import pubsub

from components.base import Component, owner_labels
from components.channels import make_channels

PUBLISHER = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
"""Google's account that publishes the messages of budgets."""


class NotificationHostArgs(TypedDict):
    """The project, and the channels and topics to create in it."""

    projectId: str
    emails: Sequence[str]
    topics: Sequence[str]
    kept: Sequence[str]
    """Addresses whose channels stay at Google when they leave the stack."""


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
        project_id, emails = args["projectId"], args["emails"]
        made = make_channels(
            self, f"{name}-budgets", "notificationProject", project_id, emails, {}, args["kept"]
        )
        self.channels = dict(zip(emails, made, strict=True))
        self.topics = {}
        for topic_name in args["topics"]:
            own = f"{name}--{topic_name}"
            topic = pubsub.Topic(
                own,
                project=project_id,
                name=topic_name,
                labels=owner_labels(),
                opts=self.child(own, "topics"),
            )
            pubsub.TopicIAMMember(
                own,
                project=project_id,
                topic=topic.name,
                role="roles/pubsub.publisher",
                member=PUBLISHER,
                opts=self.child(own, "topics"),
            )
            self.topics[topic_name] = topic.id
        self.register_outputs({"topics": self.topics})
