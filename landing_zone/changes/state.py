"""A stack on one side of a change: its settings with their figures, or its mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from landing_zone.changes.files import Files
from landing_zone.reports.environment_exposure import ProjectExposure
from landing_zone.reports.environment_report import Report
from landing_zone.reports.summary import month_report
from landing_zone.settings import (
    EnvironmentSettings,
    LimitsInForce,
    SettingsError,
    limits_in_force,
    load_file,
)
from landing_zone.settings.problems import Problem
from landing_zone.settings.source import StackFile, read_stack_file


@dataclass(frozen=True)
class Figures:
    """Settings of a stack file without mistakes, and the figures that they come to."""

    settings: EnvironmentSettings
    source: StackFile
    day: date

    @cached_property
    def report(self) -> Report:
        """Estimate of the day's calendar month, and exposure."""
        return month_report(self.settings, self.day)

    @property
    def exposures(self) -> Mapping[str, ProjectExposure]:
        """By project."""
        return self.report.exposure.projects

    def limits(self, project: str) -> LimitsInForce:
        """The limits in force in a project."""
        settings = self.settings.projects[project]
        return limits_in_force(settings, self.settings.terms_of(settings.billing_account))

    def with_names_of(self, after: "Figures") -> "Figures":
        """With projects under the names that they have after the change, where `aliases` there has the one here."""
        known = after.settings.projects
        names = {alias: name for name, project in known.items() for alias in project.aliases}
        names = {old: new for old, new in names.items() if old not in known and old in self.settings.projects}
        if not names:
            return self
        own = self.settings
        renamed = {
            field: {names.get(name, name): value for name, value in getattr(own, field).items()}
            for field in ("projects", "derivations", "unfit")
        }
        shared = {
            budget: each.model_copy(
                update={"projects": tuple(names.get(name, name) for name in each.projects)}
            )
            for budget, each in own.shared_budgets.items()
        }
        return replace(self, settings=own.model_copy(update={**renamed, "shared_budgets": shared}))


@dataclass(frozen=True)
class State:
    """A stack file on one side."""

    name: str
    figures: Figures | None
    """None if there are mistakes in the file."""
    mistakes: tuple[Problem, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """Reasons for which `pulumi up` refuses the file: mistakes, and plans that `limits.derive` does not allow."""
        if self.figures is None:
            return tuple(map(str, self.mistakes))
        unfit = self.figures.settings.unfit.items()
        return tuple(f"{project}: {text}" for project, texts in unfit for text in texts)


def read_state(files: Files, name: str, day: date, *, keep_unfit: bool = False) -> State | None:
    """A stack on one side, at the prices of a day; None if it has no file.

    `keep_unfit`: a plan that `limits.derive` does not allow at these prices is no mistake.
    """
    path = files.stack(name)
    # Also a link that leads nowhere is a file, and a mistake.
    if not (path.exists() or path.is_symlink()):
        return None
    try:
        settings, source = load_file(name, path, day, keep_unfit=keep_unfit), read_stack_file(path)
    except SettingsError as error:
        shown = (replace(each, file=files.shown(each.file)) for each in error.problems)
        return State(name, None, tuple(shown))
    return State(name, Figures(settings, source, day))
