"""A change, stack by stack: amounts, limits, keys, other settings and violations, before and after."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from filecmp import cmp
from functools import cached_property
from typing import Any, Literal

from landing_zone.changes.configuration import Configurations, read_configurations
from landing_zone.changes.files import Files
from landing_zone.changes.keys import KeyChange, key_changes
from landing_zone.changes.limits import LimitChange, limit_changes
from landing_zone.changes.money import (
    AmountChange,
    PlannedChange,
    project_amounts,
    project_plans,
    signed,
    stack_months,
    stack_plans,
)
from landing_zone.changes.other_settings import SettingChange, setting_changes
from landing_zone.changes.row import NOTHING, Row
from landing_zone.changes.state import Figures, State, read_state
from landing_zone.changes.violations import Rules, Violations
from landing_zone.pricing.days import Period, month_of
from landing_zone.pricing.money import Money, plain
from landing_zone.reports.guard_plan import guard_amount
from landing_zone.settings import ProjectSettings
from landing_zone.settings.problems import MOST_PRINTED

Status = Literal["changed", "added", "removed", "renamed"]


@dataclass(frozen=True)
class StackChange:
    """The change of one stack."""

    before: State | None
    after: State | None
    violations: Violations

    @property
    def name(self) -> str:
        """Of the stack, after the change if it is there then."""
        found = self.after or self.before
        assert found  # noqa: S101 a change has at least one side
        return found.name

    @property
    def status(self) -> Status:
        """The fate of its file."""
        if self.before and self.after:
            return "changed" if self.before.name == self.after.name else "renamed"
        return "removed" if self.before else "added"

    @cached_property
    def figures(self) -> tuple[Figures | None, Figures | None]:
        """Of both sides."""
        before, after = (side.figures if side else None for side in (self.before, self.after))
        return before, after

    @property
    def refused(self) -> tuple[str, ...]:
        """Reasons for which `pulumi up` refuses the file after the change."""
        return self.after.refused if self.after else ()

    @cached_property
    def months(self) -> Sequence[AmountChange]:
        """The worst month of the whole stack, one a currency. Without figures on a side, as if it was not there."""
        return stack_months(*self.figures)

    @cached_property
    def plans(self) -> Sequence[PlannedChange]:
        """The planned month of the whole stack, one a currency."""
        return stack_plans(*self.figures)

    @property
    def comparable(self) -> bool:
        """True unless the file is gone, or has mistakes on a side."""
        sides = (self.before, self.after)
        return self.after is not None and all(side is None or side.figures is not None for side in sides)

    @cached_property
    def amounts(self) -> list[AmountChange | PlannedChange]:
        """Amounts of projects that differ."""
        found: list[AmountChange | PlannedChange] = [*project_amounts(*self.figures)]
        found += project_plans(*self.figures)
        return [each for each in found if each.differs] if self.comparable else []

    @cached_property
    def limits(self) -> list[LimitChange]:
        """Limits that differ."""
        return list(limit_changes(*self.figures)) if self.comparable else []

    @cached_property
    def keys(self) -> list[KeyChange]:
        """Keys that are opened or closed."""
        return list(key_changes(*self.figures)) if self.comparable else []

    @cached_property
    def projects(self) -> tuple[list[str], list[str]]:
        """Projects that are added, and those that are removed."""
        before, after = (dict(side.settings.projects) if side else {} for side in self.figures)
        return [name for name in after if name not in before], [name for name in before if name not in after]

    @cached_property
    def settings(self) -> list[SettingChange]:
        """Other settings that differ, of what is on both sides."""
        before, after = self.figures
        return setting_changes(before, after) if before and after else []

    @cached_property
    def opened(self) -> tuple[list[str], list[str]]:
        """Ways to spend without a bound that are new, each with what would bound it; and those that are closed."""
        before, after = (side.report.exposure.not_bounded if side else [] for side in self.figures)
        return [text for text in after if text not in before], [text for text in before if text not in after]

    @cached_property
    def rows(self) -> list[Row]:
        """All that differs, for tables."""
        if not self.comparable:
            return []
        return [
            *self._project_rows(),
            *(each.row for each in self.amounts),
            *(row for each in self.limits for row in each.rows),
            *(each.row for each in self.keys),
            *(each.row for each in self.settings),
        ]

    def _project_rows(self) -> Iterator[Row]:
        before, after = self.figures
        for names, side, added in zip(self.projects, (after, before), (True, False), strict=True):
            for name in names:
                words = _project_words(side.settings.projects[name]) if side else ""
                cells = (NOTHING, words) if added else (words, NOTHING)
                yield Row(name, "project", *cells, "added" if added else "removed")

    @property
    def is_empty(self) -> bool:
        """True if nothing differs, and nothing is wrong."""
        return (
            self.status == "changed"
            and self.comparable
            and not (self.rows or self.violations.any or self.refused or any(self.opened))
            and not any(each.differs for each in self.months)
            and not any(each.differs for each in self.plans)
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        added, removed = self.projects
        projects: dict[str, dict[str, list[Any]]] = {}
        for each in self.amounts:
            kind = (
                {"worst month": "worstMonth", "over the budget": "overshoot"}[each.what]
                if isinstance(each, AmountChange)
                else "planned"
            )
            projects.setdefault(each.project, {}).setdefault(kind, []).append(each.as_json())
        return {
            "stack": self.name,
            "was": self.before.name if self.before and self.status == "renamed" else None,
            "status": self.status,
            "mistakes": list(self.refused)[:MOST_PRINTED],
            "mistakesBefore": list(self.before.refused)[:MOST_PRINTED] if self.before else [],
            "worstMonth": [each.as_json() for each in self.months],
            "planned": [each.as_json() for each in self.plans],
            "projects": projects,
            "added": added,
            "removed": removed,
            "limits": [each.as_json() for each in self.limits],
            "keys": [each.as_json() for each in self.keys],
            "settings": [each.as_json() for each in self.settings],
            "notBounded": {"new": self.opened[0], "cured": self.opened[1]},
            "policies": self.violations.as_json(),
        }


@dataclass(frozen=True)
class Change:
    """The change of all stacks, and of the policies' configuration."""

    base: str
    """The ref that it is compared with, as it was asked for."""
    commit: str
    day: date
    stacks: tuple[StackChange, ...]
    configurations: Configurations
    most: Decimal | None
    """The most that the worst month of a stack may grow by, in its currency; None: any amount."""

    @property
    def month(self) -> Period:
        """The month that is planned."""
        return month_of(self.day)

    @cached_property
    def failures(self) -> list[str]:
        """Reasons for exit code 1."""
        found = [f"policy/config: {text}" for text in self.configurations.mistakes]
        for stack in self.stacks:
            if stack.refused:
                found.append(
                    f"{stack.name}: pulumi up refuses its file: {_count(len(stack.refused), 'mistake')}"
                )
            if stopping := stack.violations.stopping:
                names = dict.fromkeys(each.judged.policy.id for each in stopping)
                words = _count(len(stopping), "new mandatory violation")
                found.append(f"{stack.name}: {words}: {', '.join(names)}")
            found += self._growths(stack)
        return found

    def _growths(self, stack: StackChange) -> Iterator[str]:
        if self.most is None or stack.status == "removed":
            return
        for month in stack.months:
            if month.growth > self.most:
                grows = (
                    f"grows by {signed(month.growth, month.currency)[1:]} {month.currency}"
                    if month.growth.is_finite()
                    else "is not bounded"
                )
                yield f"{stack.name}: the worst month {grows}, and at most {plain(self.most)} is allowed"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "base": self.base,
            "commit": self.commit,
            "asOf": self.day.isoformat(),
            "month": self.month.first.isoformat()[:7],
            "stacks": [each.as_json() for each in self.stacks],
            "policyConfiguration": [each.as_json() for each in self.configurations.changes],
            "policyConfigurationMistakes": list(self.configurations.mistakes),
            "maxGrowth": None if self.most is None else plain(self.most),
            "failures": self.failures,
        }


def _project_words(project: ProjectSettings) -> str:
    """Its id, tier, budget, spend cap and guard."""
    budget, words = project.budget, [project.project_id, project.tier]
    if budget and budget.amount is not None:
        words.append(f"budget of {Money(budget.amount, budget.currency or 'USD')}")
    if budget and budget.cap_amount is not None:
        words.append(f"spend cap of {Money(budget.cap_amount, budget.currency or 'USD')}")
    if budget and project.guarding:
        words.append(f"guard of {Money(guard_amount(*project.guarding), budget.currency or 'USD')}")
    return ", ".join(words)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def compare(
    before: Files,
    after: Files,
    day: date,
    chosen: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[list[StackChange], Configurations]:
    """Compare stacks, at the prices of a day.

    `chosen`: the stacks, each with its organization, which may be empty; None: all that the change can reach.
    """
    configurations = read_configurations(before, after)
    organizations = dict(chosen or {})
    rules = Rules(configurations.base, configurations.own, before, after, organizations)
    found = []
    for old, new in _pairs(before, after, day, chosen, everything=configurations.differ, progress=progress):
        if old and old.figures and new and new.figures:
            old = replace(old, figures=old.figures.with_names_of(new.figures))
        change = StackChange(old, new, rules.violations(old, new))
        if chosen is not None or not change.is_empty or _differs(before, after, change.name):
            found.append(change)
    return found, configurations


def _pairs(
    before: Files,
    after: Files,
    day: date,
    chosen: Collection[str] | None,
    *,
    everything: bool,
    progress: Callable[[str], None],
) -> Iterator[tuple[State | None, State | None]]:
    """The stacks on both sides; a removed one with the added one that has most of its projects."""
    before_names, after_names = set(before.names), set(after.names)
    everything = everything or before.pulumi_project != after.pulumi_project
    gone: list[State] = []
    added: list[State] = []
    for name in sorted(before_names | after_names):
        if name in before_names & after_names:
            asked = name in chosen if chosen is not None else everything or _differs(before, after, name)
            if not asked:
                continue
        progress(name)
        # What was applied once may no longer fit at the prices of today: it has figures all the same.
        old = read_state(before, name, day, keep_unfit=True)
        new = read_state(after, name, day)
        if old and new:
            yield old, new
        elif old:
            gone.append(old)
        elif new:
            added.append(new)
    for new in added:
        was = max(gone, key=lambda old: _in_common(old, new), default=None)
        if was and _in_common(was, new):
            gone.remove(was)
        else:
            was = None
        if chosen is None or new.name in chosen or (was and was.name in chosen):
            yield was, new
    for old in gone:
        if chosen is None or old.name in chosen:
            yield old, None


def _differs(before: Files, after: Files, name: str) -> bool:
    one, other = before.stack(name), after.stack(name)
    return not (one.is_file() and other.is_file() and cmp(one, other, shallow=False))


def _in_common(old: State, new: State) -> int:
    """Number of Google Cloud projects that two stack files both have."""
    sides = [
        {each.project_id for each in state.figures.settings.projects.values()} if state.figures else set()
        for state in (old, new)
    ]
    return len(sides[0] & sides[1])
