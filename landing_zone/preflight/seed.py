"""The seed project, which Google counts the calls on, and the project of channels and topics: their APIs are on."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from landing_zone.google.errors import GoogleError
from landing_zone.google.permissions import Use
from landing_zone.google.seed_apis import GUARD_APIS
from landing_zone.preflight.findings import Finding, Level, grant
from landing_zone.preflight.subject import Subject, uses_of_account, uses_of_environment, uses_of_project
from landing_zone.settings.problems import Path

ALWAYS: Final = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
_TO_LOOK: Final = "orgpolicy.googleapis.com"
"""An API that an update needs for `forbidUnrestrictedKeys` alone, and the preflight always."""
APIS: Final[Mapping[Use, tuple[str, ...]]] = {
    Use.PAID: ("cloudbilling.googleapis.com",),
    Use.BUDGETS: ("billingbudgets.googleapis.com",),
    Use.KEYS: ("apikeys.googleapis.com",),
    Use.BOUND_KEYS: ("iam.googleapis.com",),
    Use.TIER: ("cloudquotas.googleapis.com",),
    Use.QUOTAS: ("cloudquotas.googleapis.com",),
    Use.ALERTS: ("monitoring.googleapis.com",),
    Use.CHANNELS: ("monitoring.googleapis.com",),
    Use.DASHBOARD: ("monitoring.googleapis.com",),
    Use.SHARED_DASHBOARD: ("monitoring.googleapis.com",),
    Use.TOPICS: ("pubsub.googleapis.com",),
    Use.CONSTRAINT: (_TO_LOOK,),
    Use.CONTACTS: ("essentialcontacts.googleapis.com",),
    Use.GUARD: (
        "cloudfunctions.googleapis.com",
        "cloudscheduler.googleapis.com",
        "iam.googleapis.com",
        "monitoring.googleapis.com",
        "pubsub.googleapis.com",
        "run.googleapis.com",
        "storage.googleapis.com",
    ),
}
"""A part of a stack → the APIs whose calls count on the seed project, beside ALWAYS."""
_OF_THE_HOST: Final = (Use.CHANNELS, Use.TOPICS, Use.SHARED_DASHBOARD, Use.GUARD)
_OF_THE_GUARD: Final = (
    *GUARD_APIS,
    # What its function calls: its calls count on the project that it is in.
    "cloudbilling.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "serviceusage.googleapis.com",
)
"""APIs of the project that the guard is in, besides those that the stack calls for it."""


def read(subject: Subject) -> tuple[Finding, ...]:
    """Read, beside the other checks, what `check` needs after them. Raises GoogleError."""
    for project_id in dict.fromkeys(filter(None, (subject.seed, subject.settings.notification_project))):
        subject.project(project_id)
        with suppress(GoogleError):  # `check` comes across it too
            subject.services(project_id)
    return ()


def denied(subject: Subject) -> Finding:
    """The finding that no call can count against the project that calls are to count against."""
    project = subject.seed or "SEED_PROJECT"
    named = (
        f"the project {subject.seed}" if subject.seed else "the project that the credentials name for quotas"
    )
    return Finding(
        "seed-denied",
        Level.ERROR,
        f"{named} does not exist, or the caller may not let calls count against it (serviceusage.services.use): Google "
        "refuses every call",
        "write the seed project's id as gcp:billingProject, or grant roles/serviceusage.serviceUsageConsumer on it",
        grant(f"projects/{project}", subject.caller.member, "roles/serviceusage.serviceUsageConsumer"),
        ("gcp:billingProject",) if subject.seed else (),
        tuple(subject.paid),
    )


def check(subject: Subject) -> Iterator[Finding]:
    """Findings about the seed project and the notification project. Raises GoogleError."""
    yield from _quota_project(subject)
    uses = uses_of_environment(subject)
    for account in subject.accounts:
        uses |= uses_of_account(subject, account)
    for project in subject.settings.projects.values():
        uses |= uses_of_project(project)
    wanted = {*ALWAYS, *(api for use in uses for api in APIS.get(use, ()))}
    if Use.GUARD in uses and subject.seed == subject.settings.notification_project:
        wanted |= set(_OF_THE_GUARD)
    if subject.seed:
        yield from _apis(subject, subject.seed, wanted, ("gcp:billingProject",))
    elif subject.disabled:
        yield Finding(
            "api-off",
            Level.ERROR,
            f"{', '.join(sorted(subject.disabled))}: not enabled in the project that the caller's calls count against",
            "enable them in the project of the credentials, or name a seed project that has them: gcp:billingProject",
        )
    host = subject.settings.notification_project
    of_host = {api for use in uses.intersection(_OF_THE_HOST) for api in APIS[use]}
    if Use.GUARD in uses:
        of_host |= set(_OF_THE_GUARD)
    if host and host != subject.seed and of_host:
        yield from _apis(subject, host, of_host, ("notificationProject",))


def _quota_project(subject: Subject) -> Iterator[Finding]:
    if subject.seed or not subject.caller.is_user:
        return
    yield Finding(
        "no-quota-project",
        Level.ERROR,
        "a person's credentials need a project that calls count against, and the configuration names none: the Budget "
        "API and others answer 403",
        "write gcp:userProjectOverride: true and gcp:billingProject with the id of a seed project",
        "pulumi config set gcp:userProjectOverride true\npulumi config set gcp:billingProject SEED_PROJECT",
    )


def _apis(subject: Subject, project_id: str, wanted: set[str], path: Path) -> Iterator[Finding]:
    # The project itself need not be visible to whoever may list its services.
    found = subject.project(project_id)
    if found and found.get("lifecycleState") != "ACTIVE":
        yield Finding(
            "project-deleted",
            Level.ERROR,
            f"the project {project_id} is being deleted",
            "undelete it, or name another",
            f"gcloud projects undelete {project_id}",
            path,
        )
        return
    try:
        enabled = subject.services(project_id)
    except GoogleError as error:
        if error.hides:
            return  # the check of permissions reports it
        if not error.has_reason("SERVICE_DISABLED"):
            raise
        # Service Usage itself is off, so that nothing can be listed; others that are off have refused a call.
        enabled = {*wanted, _TO_LOOK} - {"serviceusage.googleapis.com"}
    of_seed = project_id == subject.seed
    refused = subject.disabled - {_TO_LOOK} if of_seed else set()
    if missing := sorted((wanted - enabled) | refused):
        yield _off(project_id, missing, path)
    if of_seed and _TO_LOOK not in wanted and (_TO_LOOK not in enabled or _TO_LOOK in subject.disabled):
        off = _off(project_id, [_TO_LOOK], path)
        text = f"{off.text}: the update does without, and the preflight does not see policies that forbid something"
        yield replace(off, level=Level.WARNING, text=text)


def _off(project_id: str, missing: list[str], path: Path) -> Finding:
    return Finding(
        "api-off",
        Level.ERROR,
        f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not enabled in {project_id}",
        "enable what is missing; it takes a minute or two until calls are accepted",
        f"gcloud services enable --project={project_id} {' '.join(missing)}",
        path,
    )
