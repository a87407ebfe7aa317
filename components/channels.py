"""Notification channels: e-mail addresses and others that alerts and budgets notify."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_gcp import monitoring

from components.base import Component
from landing_zone.settings import ChannelSettings

_TYPES = {"webhook": "webhook_tokenauth"}
"""Cloud Monitoring's name for a kind of channel, where it differs from the setting's."""


def make_channels(
    owner: Component,
    name: str,
    setting: str,
    project_id: pulumi.Input[str],
    emails: Sequence[str],
    channels: Mapping[str, ChannelSettings],
    kept: Sequence[str],
    after: Any = None,
) -> list[pulumi.Output[str]]:
    """Create notification channels in one project; returns `projects/ID/notificationChannels/NUMBER` of each.

    Order: those of the addresses, then the others, each as given. `kept`: addresses whose channels stay at Google when
    they leave the stack, because a budget that stays notifies through them.
    """
    by_email = {
        email: ChannelSettings.model_validate({"type": "email", "address": email}) for email in emails
    }
    return [
        _channel(
            f"{name}--{key}",
            project_id,
            key,
            channel,
            owner.labels,
            owner.child(
                f"{name}--{key}",
                setting,
                after=after,
                kept=key in kept,
                secret_outputs=["labels"] if channel.url else None,
            ),
        )
        for key, channel in {**by_email, **channels}.items()
    ]


def _channel(
    name: str,
    project_id: pulumi.Input[str],
    title: str,
    channel: ChannelSettings,
    user_labels: Mapping[str, str],
    options: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    basic = channel.type == "webhook" and channel.password is not None
    return monitoring.NotificationChannel(
        name,
        project=project_id,
        display_name=title,
        type="webhook_basicauth" if basic else _TYPES.get(channel.type, channel.type),
        labels=_labels(channel),
        user_labels=user_labels,
        sensitive_labels=_sensitive_labels(channel),
        # Alert policies outside the stack may name the channel: without force Google keeps it and the destroy fails.
        force_delete=True,
        opts=options,
    ).name


def _labels(channel: ChannelSettings) -> dict[str, pulumi.Input[str]]:
    # Whoever knows a webhook's URL may post to it: most have a token in it.
    url = pulumi.Output.secret(channel.url.get_secret_value()) if channel.url else None
    labels: dict[str, pulumi.Input[str] | None] = {
        "email_address": channel.address,
        "channel_name": channel.channel,
        "url": url,
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
