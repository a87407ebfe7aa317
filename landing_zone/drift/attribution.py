"""Who made a difference and when; and which differences belong to a run that is at work on the stack."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from landing_zone.audit.applied import AppliedStack
from landing_zone.drift.difference import Difference
from landing_zone.google.audit_log import AuditLog
from landing_zone.google.rest import Google
from landing_zone.settings import EnvironmentSettings, ProjectSettings

_KEPT: Final = timedelta(days=400)
"""Google keeps the log so long."""


@dataclass(frozen=True)
class Run:
    """A run that is at work on the stack, or may be."""

    words: str
    begin: datetime | None
    """None: not known, so that everything may be its own."""


def with_authors(
    google: Google, differences: Iterable[Difference], applied: AppliedStack
) -> tuple[list[Difference], list[str]]:
    """The differences with since when and by whom, and why that is not known of some."""
    found = list(differences)
    # What was changed before Pulumi wrote it last is no part of a difference.
    written = [each.written for each in found]
    floor = datetime.now(UTC) - _KEPT
    log = AuditLog(google, max(floor, min(filter(None, written), default=floor) if all(written) else floor))
    ids = {name: project.project_id for name, project in applied.projects.items()}
    return [_with_author(log, each, each.at or ids.get(each.project, "")) for each in found], log.unread


def _with_author(log: AuditLog, difference: Difference, project_id: str) -> Difference:
    if not project_id or not difference.resources:
        return difference
    change = log.last_change(project_id, difference.resources)
    if change is None or (difference.written and change.at <= difference.written):
        return difference
    return replace(difference, since=change.at, by=change.behind or change.by)


def of_run(
    differences: Iterable[Difference],
    run: Run | None,
    pending: Iterable[str],
    applied: EnvironmentSettings,
    file: EnvironmentSettings | None,
) -> list[Difference]:
    """The differences, those of the run marked: what it wrote, what it had begun, what the stack file wants.

    What cannot be attributed while a run is at work is marked too: its entry may not be in the log yet.
    """
    begun = set(pending)
    return [
        replace(each, of_run=each.urn in begun or (run is not None and _may_be_of(each, run, applied, file)))
        for each in differences
    ]


def _may_be_of(
    difference: Difference, run: Run, applied: EnvironmentSettings, file: EnvironmentSettings | None
) -> bool:
    if difference.guard:
        return False
    if file and _is_wanted(difference, applied, file):
        return True
    return difference.since is None or run.begin is None or difference.since >= run.begin


def _is_wanted(difference: Difference, applied: EnvironmentSettings, file: EnvironmentSettings) -> bool:
    """True if what is in force is what the stack file says."""
    name = difference.project
    if difference.effect is None or name not in applied.projects or name not in file.projects:
        return False
    before, after = applied.projects[name], difference.effect(applied).projects[name]
    wanted = file.projects[name]
    changed = [part for part in _parts(after) if _parts(after)[part] != _parts(before).get(part)]
    changed += [part for part in _parts(before) if part not in _parts(after)]
    return bool(changed) and all(_parts(after).get(part) == _parts(wanted).get(part) for part in changed)


def _parts(project: ProjectSettings) -> dict[tuple[str, str], Any]:
    """What effects change, each by itself."""
    budget = project.budget
    cap = budget.spend_cap if budget else None
    return {
        ("link", ""): (project.tier, project.billing_account),
        ("budget", ""): budget and budget.amount,
        ("cap", ""): budget and cap and (budget.cap_amount, cap.lifted),
        **{("limit", model): limits for model, limits in project.limits.items()},
        **{("key", name): key.methods for name, key in project.keys.items()},
        **{("quota", name): quota.value for name, quota in project.quotas.items()},
    }
