"""Limits in force before and after a change, by project and model; those that are derived among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.changes.row import NOTHING, Row
from landing_zone.changes.state import Figures
from landing_zone.gemini.limits import DENY, LIMIT_NAMES, OTHERS, Limits
from landing_zone.gemini.quotas import LimitName
from landing_zone.reports.tables import limits_words

_WORDS: Final[dict[LimitName, str]] = {
    "requestsPerMinute": "requests a minute",
    "requestsPerDay": "requests a day",
    "inputTokensPerMinute": "input tokens a minute",
}


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """The limits of a model on one side."""

    limits: Limits
    derived: bool
    """True if `limits.derive` gives the project's limits."""

    def as_json(self) -> dict[str, int] | str:
        """For programs."""
        return DENY if self.limits.blocks else dict(self.limits.items())


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The limits of a model in a project. On a side that does not have the project, None."""

    project: str
    model: str
    before: ModelLimits | None
    after: ModelLimits | None

    @property
    def rows(self) -> Iterator[Row]:
        """A row for each limit that changes; one for all where the model was, or will be, denied or without limits."""
        what = f"limits of {self.model}"
        if any(each and each.derived for each in (self.before, self.after)):
            what += " (derived)"
        sides = [each.limits if each else None for each in (self.before, self.after)]
        before, after = sides
        if not before or not after or before.blocks or after.blocks or Limits() in sides:
            yield Row(
                self.project, what, *(NOTHING if each is None else limits_words(each) for each in sides)
            )
            return
        for name in LIMIT_NAMES:
            old, new = before.get(name), after.get(name)
            if old != new:
                change = f"{new - old:+,}" if old is not None and new is not None else ""
                yield Row(self.project, f"{what}: {_WORDS[name]}", _number(old), _number(new), change)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "project": self.project,
            "model": self.model,
            "derived": bool(self.after and self.after.derived),
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
        }


def limit_changes(before: Figures | None, after: Figures | None) -> Iterator[LimitChange]:
    """Limits that differ."""
    sides = (before, after)
    for project in dict.fromkeys(name for side in sides if side for name in side.settings.projects):
        known = [side if side and project in side.settings.projects else None for side in sides]
        held = [side.limits(project) if side else None for side in known]
        models = dict.fromkeys(sorted(model for each in held if each for model in each.models))
        for model in (*models, OTHERS):
            old, new = (
                ModelLimits(
                    (each.others if model == OTHERS else each.of(model)) or Limits(),
                    project in side.settings.derivations,
                )
                if side and each
                else None
                for side, each in zip(known, held, strict=True)
            )
            if (old and old.limits) != (new and new.limits):
                yield LimitChange(project, model, old, new)


def _number(value: int | None) -> str:
    return "no limit" if value is None else f"{value:,}"
