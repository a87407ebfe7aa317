"""What differences mean in money: the worst month as applied against that in force, as the exposure computes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from landing_zone.changes.money import AmountChange, project_change, stack_changes
from landing_zone.drift.difference import STACK, Difference
from landing_zone.reports.billing_terms import billing_terms
from landing_zone.reports.environment_exposure import ProjectExposure, environment_exposure
from landing_zone.reports.worst_month import EnvironmentMonth, environment_months
from landing_zone.settings import EnvironmentSettings


@dataclass(frozen=True)
class Money:
    """The money of a stack as it was last applied, at the prices of a day."""

    applied: EnvironmentSettings
    day: date

    def with_months(self, differences: Sequence[Difference]) -> list[Difference]:
        """The differences, each with the worst month of its project, or of the stack, with it alone."""
        return [replace(each, month=self._month(each)) for each in differences]

    def stack_months(self, differences: Iterable[Difference]) -> list[AmountChange]:
        """The worst month of the stack as applied, and with all differences; the guard's own acts left out."""
        effects = [each for each in differences if not each.guard]
        return stack_changes(self._before_stack, self._stack(self._in_force(effects)))

    def _month(self, difference: Difference) -> AmountChange | None:
        name = difference.project
        if difference.guard:
            return None
        if name == STACK:
            found = stack_changes(self._before_stack, self._stack(self._in_force([difference])))
            return found[0] if len(found) == 1 else None
        if name not in self.applied.projects:
            return None
        before = self._before[name]
        after = self._project(difference.effect(self.applied), name) if difference.effect else before
        return project_change(name, before, after)

    def _in_force(self, differences: Sequence[Difference]) -> dict[str, EnvironmentSettings]:
        """By project, the settings with its own differences and those of the stack as a whole."""
        found = {}
        for name in self.applied.projects:
            settings = self.applied
            for each in differences:
                if each.effect and each.project in (name, STACK):
                    settings = each.effect(settings)
            found[name] = settings
        return found

    @cached_property
    def _before(self) -> Mapping[str, ProjectExposure]:
        return environment_exposure(self.applied, self.day).projects

    @cached_property
    def _before_stack(self) -> Sequence[EnvironmentMonth]:
        return self._months(self.applied, self._before)

    def _project(self, settings: EnvironmentSettings, name: str) -> ProjectExposure:
        if settings.projects[name] == self.applied.projects[name] and settings.guard == self.applied.guard:
            return self._before[name]
        alone = settings.model_copy(update={"projects": {name: settings.projects[name]}})
        return environment_exposure(alone, self.day).projects[name]

    def _stack(self, in_force: Mapping[str, EnvironmentSettings]) -> Sequence[EnvironmentMonth]:
        projects = {name: settings.projects[name] for name, settings in in_force.items()}
        exposures = {name: self._project(settings, name) for name, settings in in_force.items()}
        return self._months(self.applied.model_copy(update={"projects": projects}), exposures)

    def _months(
        self, settings: EnvironmentSettings, exposures: Mapping[str, ProjectExposure]
    ) -> list[EnvironmentMonth]:
        return list(
            environment_months(
                settings,
                {name: each.month for name, each in exposures.items()},
                {name: billing_terms(project, settings) for name, project in settings.projects.items()},
                self.day,
            )
        )
