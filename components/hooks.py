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

from landing_zone.google.errors import remedy

_NOT_READY: Final = ("SERVICE_DISABLED", "it is disabled. If you enabled this API recently")
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
    newest = args.errors[0] if args.errors else ""
    if any(words in newest for words in _NOT_READY) and len(args.errors) < _ATTEMPTS:
        wait = min(_FIRST_WAIT_S * 2 ** (len(args.errors) - 1), _LONGEST_WAIT_S)
        await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 jitter, no secret
        return True
    # What this project's own provider refuses says already what to do.
    told = args.type.startswith("gemini-landing-zone:") or not remedy(newest)
    advice = f"{args.failed_operation} refused; the resource's error says why" if told else remedy(newest)
    pulumi.log.error(f"{setting_of(args.type, args.name)} ({args.name}): {advice}")
    return False


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
