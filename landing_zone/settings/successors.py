"""Models that Google shuts down, in limits and workloads; limits hold for the successor that answers in their place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from landing_zone.gemini.limits import OTHERS, Limits
from landing_zone.gemini.models import RECORDS, Retirement
from landing_zone.pricing.model_ids import UnknownModelError, retirement_of
from landing_zone.pricing.rates import rates
from landing_zone.settings.problems import Path
from landing_zone.settings.types import ProjectSettings

AHEAD: Final = timedelta(days=30)
"""Time before a model's calls are routed to its successor from which a limit is set under both names: it is not known
under which of the two quotas count them."""


def successor_of(model: str, day: date) -> str | None:
    """The model that answers in place of one that limits name, or will within 30 days; None if there is none."""
    record = RECORDS.get(model)
    route = record.route if record else None
    return route.instead if route and route.day - AHEAD <= day else None


def with_successors(limits: Mapping[str, Limits], day: date) -> dict[str, Limits]:
    """Limits with those of each successor that has none of its own: the same as its predecessor's."""
    found: dict[str, Limits] = {}
    for model, own in limits.items():
        if model == OTHERS:
            continue
        found[model] = own
        successor = successor_of(model, day)
        if successor and successor not in limits:
            before = found.get(successor)
            found[successor] = own if before is None else before.loosened(own)
    return found | ({OTHERS: limits[OTHERS]} if OTHERS in limits else {})


@dataclass(frozen=True)
class Retiring:
    """A model named in a project's settings that was shut down or will be."""

    path: Path
    """From the project down."""
    model: str
    retirement: Retirement
    routed: bool
    """True if its limits hold for the successor too."""

    def text(self, day: date) -> str:
        """As seen on a day, with the successor and what its calls cost from then on."""
        gone, instead = self.retirement, self.retirement.instead
        past = gone.day <= day
        if not gone.routed:
            return f"{self.model} {'was' if past else 'will be'} shut down on {gone.day}; use {instead}"
        price = rates(self.model, gone.day)
        cost = f"{price.input:f} US dollars a million input tokens and {price.output:f} for output"
        both = f"; its limits are set for {instead} too" if self.routed else ""
        return (
            f"Google {'answers' if past else 'will answer'} calls to {self.model} with {instead} from {gone.day} on, "
            f"at {cost}{both}"
        )


def retiring(project: ProjectSettings, day: date, within: timedelta) -> Iterator[Retiring]:
    """Models in the limits and the workload of a project that are gone, or will be within a time."""
    planned = [entry.model for entry in project.workload]
    return retiring_models(named_models(project.limits, planned), day, within)


def named_models(limits: Iterable[str], planned: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """The models that limits and a workload name, each with its path from the project down."""
    yield from ((("limits", model), model) for model in limits if model != OTHERS)
    yield from ((("workload", place, "model"), model) for place, model in enumerate(planned))


def retiring_models(named: Iterable[tuple[Path, str]], day: date, within: timedelta) -> Iterator[Retiring]:
    """Those of some models, each named at a path, that are gone or will be within a time."""
    for path, model in named:
        try:
            retirement = retirement_of(model)
        except UnknownModelError:
            continue
        if retirement and retirement.day <= day + within:
            routed = path[0] == "limits" and successor_of(model, day) is not None
            yield Retiring(path, model, retirement, routed)
