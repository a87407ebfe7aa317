"""What happens when Google refuses a resource: wait for an API that is not ready, or say which setting it is about.

An API is not usable at once after it is enabled. Instead of a sleep, the call itself is the test: the engine asks the
hook, and tries again when it says so.
"""

import asyncio
import random
import re
from functools import partial
from typing import Any, Final

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, monitor_supports_feature

from landing_zone.google.errors import GoogleError, NoAnswerError, error_in

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_ATTEMPTS: Final = 25
"""Ten minutes, about."""

_SERVICES: Final = {
    "organizations/project:Project": "cloudresourcemanager",
    "billing/projectInfo:ProjectInfo": "cloudbilling",
    "projects/service:Service": "serviceusage",
    "serviceaccount/account:Account": "iam",
    "projects/apiKey:ApiKey": "apikeys",
    "billing/budget:Budget": "billingbudgets",
    "monitoring/notificationChannel:NotificationChannel": "monitoring",
    "monitoring/alertPolicy:AlertPolicy": "monitoring",
    "monitoring/dashboard:Dashboard": "monitoring",
    "serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": "serviceusage",
    "cloudquota/sQuotaPreference:SQuotaPreference": "cloudquotas",
    "essentialcontacts/contact:Contact": "essentialcontacts",
    "orgpolicy/policy:Policy": "orgpolicy",
    "orgpolicy/customConstraint:CustomConstraint": "orgpolicy",
    "pubsub/topic:Topic": "pubsub",
    "pubsub/topicIAMMember:TopicIAMMember": "pubsub",
}
"""Resource type of the `gcp` plugin → the API that it is made with."""

_settings: dict[tuple[str, str], str] = {}
"""Kind of a setting, such as `projects keys`, and a resource's name → the setting in full."""
_hooks: dict[tuple[Any, str], pulumi.ErrorHook] = {}
"""Of each engine that this process works for, a hook a setting: a plugin works for several, one after the other."""


def on_error(name: str, setting: str) -> pulumi.ResourceHookBinding | None:
    """The binding for a resource that comes from a setting, such as `projects.chat.budget`.

    None where the CLI has no such hooks (before 3.219).
    """
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None
    # One hook a setting, not one a resource: each is a call to the engine. With the name it tells which resource.
    kind = re.sub(r"^projects\.[^.]*\.?", "projects ", setting)
    if not kind.endswith(".spendCap"):  # a budget and its cap have one name
        kind = kind.partition(".")[0]
    _settings[kind, name] = setting
    key = get_monitor(), kind
    if key not in _hooks:
        _hooks[key] = pulumi.ErrorHook(f"gemini-landing-zone:refused:{kind}", partial(_refused, kind))
    return pulumi.ResourceHookBinding(on_error=[_hooks[key]])


async def _refused(kind: str, args: pulumi.ErrorHookArgs) -> bool:
    """Whether to try again; if not, say which setting is concerned and what to do about it."""
    error = error_in(args.errors[0]) if args.errors else None
    if error and _not_ready(error) and len(args.errors) < _ATTEMPTS:
        wait = min(_FIRST_WAIT_S * 2 ** (len(args.errors) - 1), _LONGEST_WAIT_S)
        await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 jitter, no secret
        return True
    advice = f"{args.failed_operation} refused; the resource's error says why"
    # What this project's own provider refuses says already what to do.
    if error and not args.type.startswith("gemini-landing-zone:"):
        error.service = _SERVICES.get(args.type.removeprefix("gcp:"), "other")
        advice = _advice(error) or advice
    pulumi.log.error(f"gemini-landing-zone:{_settings[kind, args.name]} ({args.name}): {advice}")
    return False


def _not_ready(error: GoogleError) -> bool:
    """Whether an API may just have been enabled. Some plugins leave the reason out."""
    return error.code == 403 and (
        error.has_reason("SERVICE_DISABLED", "accessNotConfigured")
        or "it is disabled. If you enabled this API recently" in error.message
    )


def _advice(error: GoogleError) -> str:
    """What to do; of a failed connection the plugin's words say in Go's terms what has happened."""
    return error.with_remedy if isinstance(error, NoAnswerError) else error.remedy
