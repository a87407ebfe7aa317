"""Google's rules for notification channels."""

import re
from collections.abc import Iterable
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.store import Store
from sandbox.cloud.monitoring import models
from sandbox.cloud.monitoring.fields import check_display_name, check_user_labels, invalid, missing

_FIELD: Final = "notification_channel"
#: Channel type → the labels that it must have.
_REQUIRED: Final = {
    "email": ("email_address",),
    "google_chat": ("space",),
    "pagerduty": ("service_key",),
    "pubsub": ("topic",),
    "slack": ("auth_token", "channel_name"),
    "sms": ("number",),
    "webhook_basicauth": ("password", "url", "username"),
    "webhook_tokenauth": ("url",),
}
KINDS: Final = tuple(sorted(_REQUIRED))
_TITLES: Final = {
    "email": "Email",
    "google_chat": "Google Chat",
    "pagerduty": "PagerDuty Services",
    "pubsub": "Cloud Pub/Sub",
    "slack": "Slack",
    "sms": "SMS",
    "webhook_basicauth": "Webhook with Basic Authentication",
    "webhook_tokenauth": "Webhook with Token Authentication",
}
_OPTIONAL: Final = {"slack": ("team",)}
_SECRET: Final = frozenset({"auth_token", "password", "service_key"})
#: Label → its form, and Google's message for another form.
_FORMS: Final = {
    "email_address": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "must be a valid email address."),
    "number": (re.compile(r"\+?[\d\s().-]{5,20}"), "must be a valid phone number."),
    "topic": (
        re.compile(r"projects/[^/]+/topics/[^/]+"),
        "must be a topic's name, projects/[PROJECT_ID]/topics/[TOPIC].",
    ),
    "url": (re.compile(r"https?://\S+"), "must be a valid URL."),
}


def described(above: str, kind: str) -> JsonObject:
    """A kind of channels with its labels, as a project (`above`) has it."""
    return {
        "name": f"{above}/notificationChannelDescriptors/{kind}",
        "type": kind,
        "displayName": _TITLES[kind],
        "labels": [{"key": label} for label in (*_REQUIRED[kind], *_OPTIONAL.get(kind, ()))],
        "launchStage": "GA",
    }


def check(channel: JsonObject) -> None:
    """Google's rules for a channel.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    kind, labels = channel.get("type", ""), channel.get("labels", {})
    if not kind:
        raise missing(f"{_FIELD}.type")
    if kind not in _REQUIRED:
        raise invalid(f"{_FIELD}.type", kind, "Unrecognized channel type.")
    for name in _REQUIRED[kind]:
        if name not in labels:
            raise missing(f"{_FIELD}.labels[{name}]")
    for name, value in labels.items():
        field = f"{_FIELD}.labels[{name}]"
        if name not in (*_REQUIRED[kind], *_OPTIONAL.get(kind, ())):
            raise invalid_argument(f"Field {field} is not a label of the channel type {kind}.")
        if not value:
            raise invalid_argument(
                f"Field {field} had an invalid value: Value must NOT be empty if provided."
            )
        form, why = _FORMS.get(name, (None, ""))
        if form and not form.fullmatch(value):
            raise invalid(field, value, why)
    check_display_name(channel, f"{_FIELD}.display_name")
    check_user_labels(channel, f"{_FIELD}.user_labels")
    if len(channel.get("description", "")) > 1024:
        raise invalid_argument(f"Field {_FIELD}.description must be at most 1024 characters.")


def shown(channel: JsonObject) -> JsonObject:
    """A channel without what it holds in secret: Google never gives that out again."""
    labels = channel.get("labels", {})
    obfuscated = {name: "*" * 8 if name in _SECRET else value for name, value in labels.items()}
    return {**channel, "labels": obfuscated}


def addresses(store: Store, names: Iterable[str]) -> list[str]:
    """The addresses of channels that are emails and on."""
    found = []
    for name in names:
        _, project_id, _, channel_id = name.split("/")
        project = projects.find(store, project_id)
        if project is None:
            continue
        try:
            channel = models.find(store, project.number, models.CHANNELS, channel_id)
        except CloudError:
            continue  # deleted meanwhile
        if channel.get("enabled", True) and "email_address" in channel.get("labels", {}):
            found.append(channel["labels"]["email_address"])
    return found
