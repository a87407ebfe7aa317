"""Settings that are allowed and will not do for long: what `gemini-lz validate` warns of."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from landing_zone.gemini.data import STORED_BY_DEFAULT, SWITCH_OFF
from landing_zone.settings.problems import Problem
from landing_zone.settings.successors import retiring
from landing_zone.settings.types import EnvironmentSettings

RETIRING_SOON: Final = timedelta(days=90)
"""Time before a model's shutdown in which it is warned of."""


def cautions(settings: EnvironmentSettings, day: date) -> Iterator[Problem]:
    """Warnings about an environment's settings as of a day, each with its path and remedy."""
    for name, project in settings.projects.items():
        for found in retiring(project, day, RETIRING_SOON):
            path = ("projects", name, *found.path)
            yield Problem(path, found.text(day), f"write {found.retirement.instead} instead")
    yield from stored_requests(settings)


def stored_requests(settings: EnvironmentSettings) -> Iterator[Problem]:
    """Paid projects with private data that the stack creates: the API stores their requests by default."""
    for name, project in settings.projects.items():
        if project.tier == "paid" and project.private_data and not project.adopt:
            yield Problem(("projects", name, "privateData"), STORED_BY_DEFAULT, SWITCH_OFF)
