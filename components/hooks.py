"""What happens when Google refuses a resource: wait for an API that is not ready, or say which setting it is about.

An API is not usable at once after it is enabled. Instead of a sleep, the call itself is the test: the engine asks the
hook, and tries again when it says so.
"""

import asyncio
import random
from typing import Any, Final

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, monitor_supports_feature

from landing_zone.google.errors import GoogleError, NoAnswerError, error_in

_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_ATTEMPTS: Final = 25
"""Ten minutes, about."""

_SETTINGS: Final = {
    "gcp:organizations/project:Project": "",
    "gcp:billing/projectInfo:ProjectInfo": "billingAccount",
    "gcp:projects/service:Service": "",
    "gcp:projects/apiKey:ApiKey": "keys",
    "gcp:billing/budget:Budget": "budget",
    "gcp:monitoring/notificationChannel:NotificationChannel": "alerts",
    "gcp:monitoring/alertPolicy:AlertPolicy": "alerts",
    "gcp:monitoring/dashboard:Dashboard": "dashboard",
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": "quotas",
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": "quotas",
    "gcp:essentialcontacts/contact:Contact": "contacts",
    "gcp:orgpolicy/policy:Policy": "forbidUnrestrictedKeys",
    "gcp:tags/tagBinding:TagBinding": "tags",
    "gemini-landing-zone:index:SpendCap": "budget.spendCap",
    "gemini-landing-zone:index:ModelLimit": "limits",
    "gemini-landing-zone:index:TierCheck": "tier",
    "gemini-landing-zone:index:ProjectExit": "deletionPolicy",
}
"""Resource type → the setting of a project that it comes from."""

_SETTINGS_OF_ALL: Final = {
    "gcp:pubsub/topic:Topic": "topics",
    "gcp:pubsub/topicIAMMember:TopicIAMMember": "topics",
    "gcp:monitoring/notificationChannel:NotificationChannel": "notificationProject",
    "gcp:monitoring/dashboard:Dashboard": "dashboard",
    "gcp:orgpolicy/customConstraint:CustomConstraint": "organization",
}
"""Resource type → the setting of the environment that it comes from."""

_SERVICES: Final = {
    "organizations/project:Project": "cloudresourcemanager",
    "billing/projectInfo:ProjectInfo": "cloudbilling",
    "projects/service:Service": "serviceusage",
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

_places: dict[str, str] = {}
"""Name of a component → where its settings stand: `projects.chat`, `sharedBudgets.both`; empty: the environment."""
_hooks: dict[Any, pulumi.ErrorHook] = {}
"""Of each engine that this process works for, the hook: a plugin works for several, one after the other."""


def settings_at(name: str, place: str) -> None:
    """Say where the settings of the resources whose names begin with `name` stand."""
    _places[name] = place


def on_error() -> pulumi.ResourceHookBinding | None:
    """The binding for a resource; none where the CLI has no such hooks (before 3.219)."""
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None
    monitor = get_monitor()
    if monitor not in _hooks:
        _hooks[monitor] = pulumi.ErrorHook("gemini-landing-zone:refused", _refused)
    return pulumi.ResourceHookBinding(on_error=[_hooks[monitor]])


async def _refused(args: pulumi.ErrorHookArgs) -> bool:
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
    pulumi.log.error(f"{setting_of(args.type, args.name)} ({args.name}): {advice}")
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


def setting_of(resource_type: str, name: str) -> str:
    """The setting that a resource comes from, as `gemini-landing-zone:projects.chat.budget`."""
    owners = [owner for owner in _places if name == owner or name.startswith(f"{owner}-")]
    place = _places.get(max(owners, key=len, default=""), "")
    kind, _, _ = place.partition(".")
    settings = {"projects": _SETTINGS, "": _SETTINGS_OF_ALL}.get(kind, {})
    parts = [place, settings.get(resource_type, "")]
    # Two hyphens stand before the name of one of several: `chat--backend`.
    one = name.partition("--")[2]
    if one and parts[1] in ("keys", "quotas", "limits"):
        parts.append(one)
    return f"gemini-landing-zone:{'.'.join(part for part in parts if part)}"
