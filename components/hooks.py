"""Hooks of resources: before a write that Google counts, and after a refusal.

A refusal is retried while an API is not ready yet, as none is immediately after it is enabled, while a project that was
just created is not known everywhere, and where calls were too many in a short time; else the hook reports the setting
concerned. The engine calls it after each refusal, and retries if it says so, so that no fixed wait is needed.
"""

import asyncio
import re
from functools import partial
from random import SystemRandom
from typing import Any, Final

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, monitor_supports_feature

from components.turns import Turns, turns
from landing_zone.google.errors import GoogleError, NoAnswerError, error_in
from landing_zone.printing import in_lines

_RANDOM: Final = SystemRandom()
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_LONGEST_ASKED_S: Final = 300.0
"""Where Google asks for a longer wait, the refusal is reported."""
_ATTEMPTS: Final = 25
"""About ten minutes."""
_READING: Final = "Error when reading or editing"
"""How the `gcp` plugin's error begins when a read fails, also the read after a creation."""
_TAKEN_OVER: Final = "created, and it could not be read after that; the next gemini-lz up takes it over"
_ATTEMPTS_IN_NEW_PROJECT: Final = 5
"""At most 15 seconds: longer, and the caller lacks a role."""

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
    "cloudfunctionsv2/function:Function": "cloudfunctions",
    "cloudrunv2/serviceIamMember:ServiceIamMember": "run",
    "cloudscheduler/job:Job": "cloudscheduler",
    "projects/iAMCustomRole:IAMCustomRole": "iam",
    "projects/iAMMember:IAMMember": "cloudresourcemanager",
    "pubsub/subscription:Subscription": "pubsub",
    "pubsub/topic:Topic": "pubsub",
    "storage/bucket:Bucket": "storage",
    "storage/bucketIAMMember:BucketIAMMember": "storage",
    "storage/bucketObject:BucketObject": "storage",
    "pubsub/topicIAMMember:TopicIAMMember": "pubsub",
}
"""Resource type of the `gcp` plugin → the API that creates it."""

_settings: dict[tuple[str, str], str] = {}
"""Kind of a setting, such as `projects keys`, and a resource's name → the setting's full path."""
_hooks: dict[tuple[Any, str], pulumi.ErrorHook] = {}
"""One hook per engine and kind of setting: a plugin process may serve several engines, one after the other."""
_turn_hooks: dict[Any, pulumi.ResourceHook] = {}
"""One hook per engine."""
_new_projects: set[tuple[Any, str]] = set()
"""Engine and name of each project that its update creates."""


def hook_binding(name: str, setting: str, *, counted: bool) -> pulumi.ResourceHookBinding | None:
    """The hook binding for a resource that comes from a setting, such as `projects.chat.budget`.

    `counted`: its writes wait for their turn. None where the CLI has no such hooks (before 3.219).
    """
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None
    # One hook per kind of setting, not per resource, as each takes a call to the engine.
    kind = re.sub(r"^projects\.[^.]*\.?", "projects ", setting)
    if not kind.endswith(".spendCap"):  # a budget and its cap have one name
        kind = kind.partition(".")[0]
    _settings[kind, name] = setting
    key = get_monitor(), kind
    if key not in _hooks:
        _hooks[key] = pulumi.ErrorHook(
            f"gemini-landing-zone:refused:{kind}", partial(_refused, kind, turns(), key[0])
        )
    before: list[pulumi.ResourceHook | pulumi.ResourceHookFunction] | None = (
        [_turn_hook()] if counted else None
    )
    # Not before a delete: `pulumi destroy` refuses to run with such a hook, unless it runs the program too.
    return pulumi.ResourceHookBinding(before_create=before, before_update=before, on_error=[_hooks[key]])


def _turn_hook() -> pulumi.ResourceHook:
    engine = get_monitor()
    if engine not in _turn_hooks:
        own = turns()

        async def wait(args: pulumi.ResourceHookArgs) -> None:
            await own.wait(args.type, args.urn)
            if args.type == "gcp:organizations/project:Project" and not args.old_inputs:
                _new_projects.add((engine, args.name))

        _turn_hooks[engine] = pulumi.ResourceHook("gemini-landing-zone:turn", wait)
    return _turn_hooks[engine]


async def _refused(kind: str, own: Turns, engine: Any, args: pulumi.ErrorHookArgs) -> bool:
    """True to retry; otherwise reports the setting concerned, with the remedy."""
    error = error_in(args.errors[0]) if args.errors else None
    exists = bool(args.errors) and _exists(args)
    if error and len(args.errors) < _ATTEMPTS and not exists:
        wait = min(_FIRST_WAIT_S * 2 ** (len(args.errors) - 1), _LONGEST_WAIT_S)
        wait *= _RANDOM.uniform(0.5, 1.0)
        # Of other resources, such as a key, an account that does not exist is one that the settings name.
        is_new = error.is_of_something_new and args.type.endswith("Member")
        # Not of the project itself, which exists by then.
        in_new_project = (
            error.code == 403
            and not args.type.endswith(":Project")
            and args.failed_operation == "create"
            and len(args.errors) < _ATTEMPTS_IN_NEW_PROJECT
            and (engine, _project_of(_settings[kind, args.name])) in _new_projects
        )
        if error.is_not_ready or is_new or in_new_project:
            await asyncio.sleep(wait)
            return True
        if error.is_rate_limit and (asked := error.retry_delay_s or wait) <= _LONGEST_ASKED_S:
            if own.refused(args.type, asked):
                await own.wait(args.type, args.urn)
            else:
                await asyncio.sleep(asked)
            return True
    advice = f"{args.failed_operation} refused; the resource's error has the reason"
    # Errors of this project's own provider have the remedy already.
    if error and not args.type.startswith("gemini-landing-zone:"):
        error.service = _SERVICES.get(args.type.removeprefix("gcp:"), "other")
        advice = _TAKEN_OVER if exists else _advice(error) or advice
    where = f"gemini-landing-zone:{_settings[kind, args.name]} ({args.name})"
    pulumi.log.error(in_lines(f"{where}: {advice}"))
    return False


def _exists(args: pulumi.ErrorHookArgs) -> bool:
    """True if a resource was created, and what failed is the reading of it: created again, it would be there twice."""
    once = not args.type.endswith(("Member", "projects/service:Service"))
    return once and args.failed_operation == "create" and _READING in args.errors[0]


def _project_of(setting: str) -> str:
    """The project's name in a setting such as `projects.chat.budget`; empty where it is of no project."""
    return setting.split(".")[1] if setting.startswith("projects.") else ""


def _advice(error: GoogleError) -> str:
    """The remedy; for a failed connection also the cause, as the plugin prints it in Go's terms."""
    return error.with_remedy if isinstance(error, NoAnswerError) else error.remedy
