"""What will not work as it is planned, in words."""

from collections.abc import Iterator, Sequence
from datetime import date

from landing_zone.gemini.limits import BLOCKED
from landing_zone.pricing.days import Period
from landing_zone.pricing.estimate import Workload
from landing_zone.pricing.largest_limits import need_of
from landing_zone.pricing.rates import limited_as, rates, retirement_of, size_of
from landing_zone.settings import LimitsInForce, ProjectSettings


def below_the_plan(
    name: str, in_force: LimitsInForce, planned: Sequence[Workload], day: date
) -> Iterator[str]:
    """Where the limits in force do not let the plan through."""
    by_model: dict[str, list[Workload]] = {}
    for workload in planned:
        limited = limited_as(workload.model)
        if limited:
            by_model.setdefault(limited, []).append(workload)
        elif in_force.others == BLOCKED:
            yield f"{name}: no limit can be set for {workload.model}, and others: deny blocks it where it can"
    for model, workloads in by_model.items():
        limits, need = in_force.of(model), need_of(workloads, day)
        for key, value in need.limits.items() if need else ():
            allowed = limits.get(key) if limits else None
            if allowed is not None and allowed < value:
                yield f"{name}: the workload needs {key} {value:,} of {model} at its peak, and limits allow {allowed:,}"


def free_tier(name: str, project: ProjectSettings) -> Iterator[str]:
    """That a plan on the free tier costs nothing, and may be more than it allows."""
    if project.tier == "free" and project.workload:
        yield (
            f"{name}: nothing is charged on the free tier, whose limits are low: about 20 requests a day of a flash "
            "model were seen in 2026"
        )


def about_the_model(name: str, workload: Workload, period: Period) -> Iterator[str]:
    """That a model goes, or does not read as much as is planned."""
    retirement = retirement_of(workload.model)
    if retirement and retirement.day <= period.last:
        tense = "was shut down" if retirement.day < period.first else "is to be shut down"
        yield (
            f"{name}: {workload.model} {tense} on {retirement.day}; use {retirement.instead}. The estimate keeps its "
            "last price"
        )
    price = rates(workload.model, period.first)
    if price.dearest_output > price.output:
        yield (
            f"{name}: {workload.model} is estimated as if it wrote text; images and sound cost "
            f"{price.dearest_output:f} dollars a million tokens"
        )
    size = size_of(workload.model)
    if size and workload.input_tokens.high > size.context:
        yield (
            f"{name}: a request of {workload.input_tokens.high:,} input tokens does not fit {workload.model}, which "
            f"reads {size.context:,}"
        )
