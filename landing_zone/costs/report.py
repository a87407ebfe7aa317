"""Estimate and exposure of an environment together: what programs read, and what the page and the tables show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from landing_zone.costs.estimates import EnvironmentEstimate, estimate_environment
from landing_zone.costs.exposures import EnvironmentExposure, expose_environment
from landing_zone.pricing.days import Period
from landing_zone.settings import EnvironmentSettings


@dataclass(frozen=True)
class Report:
    """What an environment is planned to cost, and what it can cost at worst."""

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
    """Estimate and exposure of an environment; see `estimate_environment` and `expose_environment`."""
    return Report(
        estimate_environment(settings, period, as_of, projects),
        expose_environment(settings, as_of, lag, projects),
    )
