"""Whether the spend guard stops a project, and how late."""

from datetime import timedelta
from typing import NamedTuple

from landing_zone.settings.doors import priced_doors
from landing_zone.settings.guard import GuardHostSettings
from landing_zone.settings.types import ProjectSettings
from landing_zone.settings.workload import DeriveSettings


class Idle(NamedTuple):
    """A guard that stops nothing."""

    why: str
    """The guard is the subject."""
    remedy: str


def idle(project: ProjectSettings, host: GuardHostSettings) -> Idle | None:
    """Why the guard of a guarded project stops nothing; None if it does."""
    stop = project.guard.stop if project.guard else None
    if host.dry_run:
        return Idle("is on a dry run, and changes nothing", "take guard.dryRun out once it is tried")
    if stop is None:
        return Idle("has no stop", "write guard: {stop: 1.0}")
    return None


def usual_lag(project: ProjectSettings, host: GuardHostSettings) -> timedelta | None:
    """The lag that limits are derived for where none is written: the guard's, if it sees all that can be spent."""
    if not project.is_guarded or idle(project, host) or priced_doors(project).caches:
        return None
    return host.delays.lag


def with_usual_lag(
    derive: DeriveSettings, project: ProjectSettings, host: GuardHostSettings
) -> DeriveSettings:
    """`limits.derive` with the lag of the guard, unless one is written."""
    lag = None if "lag" in derive.model_fields_set else usual_lag(project, host)
    return derive if lag is None else derive.model_copy(update={"lag": lag})
