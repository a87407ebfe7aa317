"""Notification channels: through which people are told."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import monitoring

from components.base import Component
from landing_zone.settings import ChannelSettings

_TYPES = {"webhook": "webhook_tokenauth"}
"""What Cloud Monitoring calls a kind of channel, where that is another word."""


class ChannelsArgs(TypedDict):
    """Which channels, in which project."""

    projectId: pulumi.Input[str]
    emails: Sequence[str]
    channels: Mapping[str, ChannelSettings]
    """By name."""
    kept: Sequence[str]
    """Addresses whose channels stay when they leave the stack: a budget that stays mails through them."""


class Channels(Component):
    """Notification channels of one project."""

    names: list[pulumi.Output[str]]
    """`projects/ID/notificationChannels/NUMBER`: those of the addresses in their order, then the others in theirs."""

    def __init__(self, name: str, args: ChannelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        by_email = {
            email: ChannelSettings.model_validate({"type": "email", "address": email})
            for email in args["emails"]
        }
        self.names = [
            self._channel(f"{name}--{key}", args["projectId"], key, channel, kept=key in args["kept"])
            for key, channel in {**by_email, **args["channels"]}.items()
        ]
        self.register_outputs({"names": self.names})

    def _channel(
        self, name: str, project_id: pulumi.Input[str], title: str, channel: ChannelSettings, *, kept: bool
    ) -> pulumi.Output[str]:
        basic = channel.type == "webhook" and channel.password is not None
        return monitoring.NotificationChannel(
            name,
            project=project_id,
            display_name=title,
            type="webhook_basicauth" if basic else _TYPES.get(channel.type, channel.type),
            labels=_labels(channel),
            sensitive_labels=_sensitive_labels(channel),
            # Policies of other hands may name the channel: without force Google keeps it and the destroy fails.
            force_delete=True,
            opts=self.child(kept=kept),
        ).name


def _labels(channel: ChannelSettings) -> dict[str, str]:
    labels = {
        "email_address": channel.address,
        "channel_name": channel.channel,
        "url": channel.url,
        "username": channel.username,
        "topic": channel.topic,
    }
    return {key: value for key, value in labels.items() if value is not None}


def _sensitive_labels(channel: ChannelSettings) -> monitoring.NotificationChannelSensitiveLabelsArgs | None:
    secrets = {
        "auth_token": channel.token,
        "service_key": channel.service_key,
        "password": channel.password,
    }
    given = {
        key: pulumi.Output.secret(secret.get_secret_value())
        for key, secret in secrets.items()
        if secret is not None
    }
    return monitoring.NotificationChannelSensitiveLabelsArgs(**given) if given else None
