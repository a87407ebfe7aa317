"""Estimate and exposure of an environment together: what programs read, and what the page and the tables show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from landing_zone.pricing.days import Period
from landing_zone.reports.environment_estimate import EnvironmentEstimate, environment_estimate
from landing_zone.reports.environment_exposure import EnvironmentExposure, environment_exposure
from landing_zone.settings import EnvironmentSettings


@dataclass(frozen=True)
class Report:
    """Planned cost and worst case of an environment."""

    estimate: EnvironmentEstimate
    exposure: EnvironmentExposure

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"estimate": self.estimate.as_json(), "exposure": self.exposure.as_json()}

    @property
    def warnings(self) -> list[str]:
        """All of them, each once."""
        every = [
            *self.estimate.warnings,
            *(warning for project in self.estimate.projects.values() for warning in project.warnings),
            *self.exposure.warnings,
        ]
        return list(dict.fromkeys(every))


def report(
    settings: EnvironmentSettings,
    period: Period,
    as_of: date,
    lag: timedelta | None = None,
    projects: Sequence[str] | None = None,
) -> Report:
    """Estimate and exposure of an environment; see `environment_estimate` and `environment_exposure`."""
    return Report(
        environment_estimate(settings, period, as_of, projects),
        environment_exposure(settings, as_of, lag, projects),
    )
