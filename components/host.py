"""What the projects of an environment share, in an existing project: channels and topics of budgets."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import orgpolicy, pubsub

from components.base import Component
from components.channels import Channels

PUBLISHER = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
"""Who publishes a budget's messages."""


class NotificationHostArgs(TypedDict):
    """What to make in which project."""

    projectId: str
    emails: Sequence[str]
    topics: Sequence[str]
    kept: Sequence[str]
    """Addresses whose channels stay when they leave the stack."""


class NotificationHost(Component):
    """Channels and topics that stand before any budget, so that a budget waits for nothing but its project."""

    channels: dict[str, pulumi.Output[str]]
    """Address → the channel's name."""
    topics: dict[str, pulumi.Output[str]]
    """Name → the topic's name in full."""

    def __init__(
        self, name: str, args: NotificationHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        project_id, emails = args["projectId"], args["emails"]
        made = Channels(
            f"{name}-budgets",
            {"projectId": project_id, "emails": emails, "channels": {}, "kept": args["kept"]},
            pulumi.ResourceOptions(parent=self),
        )
        self.channels = dict(zip(emails, made.names, strict=True))
        self.topics = {}
        for topic_name in args["topics"]:
            topic = pubsub.Topic(
                f"{name}--{topic_name}", project=project_id, name=topic_name, opts=self.child()
            )
            pubsub.TopicIAMMember(
                f"{name}--{topic_name}",
                project=project_id,
                topic=topic.name,
                role="roles/pubsub.publisher",
                member=PUBLISHER,
                opts=self.child(),
            )
            self.topics[topic_name] = topic.id
        self.register_outputs({"topics": self.topics})


class KeyConstraint(Component):
    """The organization's constraint that projects' policies enforce: no API key without restrictions."""

    constraint: pulumi.Output[str]
    """`custom.NAME`."""

    def __init__(self, name: str, organization: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        # An organization has one namespace for all its constraints.
        own = "".join(part.capitalize() for part in name.replace("_", "-").replace(".", "-").split("-"))
        self.constraint = orgpolicy.CustomConstraint(
            f"{name}--restricted-keys",
            name=f"custom.geminiRestrictedKeys{own}",
            parent=organization,
            display_name="API keys are restricted to APIs",
            description="A key without API restrictions opens every API that is enabled in its project.",
            action_type="DENY",
            method_types=["CREATE", "UPDATE"],
            resource_types=["apikeys.googleapis.com/Key"],
            condition="!has(resource.restrictions) || !has(resource.restrictions.apiTargets)",
            opts=self.child(),
        ).name
        self.register_outputs({"constraint": self.constraint})
