"""A difference between a stack as it was last applied and Google."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from landing_zone.changes.money import AmountChange
from landing_zone.settings import EnvironmentSettings

Effect = Callable[[EnvironmentSettings], EnvironmentSettings]
"""A stack's settings as applied → the same with one difference in force."""

GONE: Final = "gone"
NOT_OURS: Final = "not the stack's"
STACK: Final = ""
"""The project of what belongs to none."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was last applied."""

    project: str
    """Its name in the stack file; empty for what belongs to no project."""
    kind: str
    """`link`, `limits`, `key`, `budget`, …"""
    name: str
    """Of the thing, in the stack or at Google."""
    what: str
    """The property, such as `amount`; `gone` or `not the stack's` for the thing as a whole."""
    applied: str
    in_force: str
    words: str
    """All of it as one sentence."""
    resources: tuple[str, ...] = ()
    """Names at Google of what was changed, for the audit log."""
    written: datetime | None = None
    """When Pulumi wrote the resource last: what the audit log has from before is older than the difference."""
    urn: str = ""
    """Of the resource in the state; empty for what the stack did not make."""
    at: str = ""
    """Id of the project whose log has the change; empty: that of `project`."""
    effect: Effect | None = None
    """What it means to the worst month; None: nothing that is computed from settings."""
    since: datetime | None = None
    by: str = ""
    """Who changed it, by the audit log; empty if that is not known."""
    guard: bool = False
    """True if the spend guard did it."""
    of_run: bool = False
    """True if a run on the stack, which is at work, did it or may have done it."""
    month: AmountChange | None = None
    """The worst month of the project, or of the stack, with this difference alone; None if it is not known."""

    @property
    def counts(self) -> bool:
        """True if somebody other than the guard or a run at work did it."""
        return not (self.guard or self.of_run)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "project": self.project,
            "kind": self.kind,
            "name": self.name,
            "what": self.what,
            "applied": self.applied,
            "inForce": self.in_force,
            "words": self.words,
            "since": self.since and self.since.isoformat(),
            "by": self.by or None,
            "guard": self.guard,
            "ofRun": self.of_run,
            "worstMonth": self.month and _month_json(self.month),
        }


def _month_json(month: AmountChange) -> dict[str, Any]:
    found = month.as_json()
    return {name: found[name] for name in ("before", "after", "currency")}


@dataclass(frozen=True)
class Drift:
    """All that differs of a stack."""

    stack: str
    as_of: datetime
    run_at_work: str
    """In words; empty if none is."""
    differences: tuple[Difference, ...]
    months: tuple[AmountChange, ...]
    """The worst month of the stack as applied and in force, one a currency."""
    unread: tuple[str, ...]
    """Sentences, one for each thing that could not be read."""
    remarks: tuple[str, ...] = ()
    """Sentences on what is no difference, such as an empty state."""

    @property
    def counted(self) -> list[Difference]:
        """The differences that somebody other than the guard or a run at work made."""
        return [each for each in self.differences if each.counts]

    @property
    def exit_code(self) -> int:
        """1: something differs; 2: nothing does, and something could not be read."""
        return 1 if self.counted else 2 if self.unread else 0

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.stack,
            "asOf": self.as_of.isoformat(),
            "runAtWork": self.run_at_work or None,
            "differences": [each.as_json() for each in self.differences],
            "worstMonth": {
                side: " and ".join(each.shown[number] for each in self.months)
                for number, side in enumerate(("applied", "inForce"))
            },
            "unread": list(self.unread),
        }
