"""Warnings about plans that will not work."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import localcontext

from landing_zone.gemini.limits import BLOCKED
from landing_zone.pricing.days import Period
from landing_zone.pricing.estimate import Range, Workload, estimate
from landing_zone.pricing.largest_limits import need_of
from landing_zone.pricing.model_ids import limited_as, record_of, retirement_of, size_of
from landing_zone.pricing.money import EXACT, Money
from landing_zone.pricing.rates import rates
from landing_zone.settings import LimitsInForce, ProjectSettings
from landing_zone.settings.successors import Retiring


def below_the_plan(
    name: str, in_force: LimitsInForce, planned: Sequence[Workload], day: date
) -> Iterator[str]:
    """Limits in force that are below the plan."""
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
    """A plan on the free tier costs nothing, and may be more than the tier allows."""
    if project.tier == "free" and project.workload:
        yield (
            f"{name}: nothing is charged on the free tier, whose limits are low: about 20 requests a day of a flash "
            "model were seen in 2026"
        )


def about_the_model(name: str, workload: Workload, period: Period) -> Iterator[str]:
    """A model that is shut down, that makes more than is planned, or that does not read as much."""
    retirement = retirement_of(workload.model)
    if retirement and retirement.day <= period.last:
        last_price = "" if retirement.routed else ". The estimate has its last price"
        text = Retiring((), workload.model, retirement, routed=False).text(period.first)
        yield f"{name}: workload: {text}{last_price}"
    yield from _left_out(name, workload, period)
    size = size_of(workload.model)
    if size and workload.input_tokens.high > size.context:
        yield (
            f"{name}: a request of {workload.input_tokens.high:,} input tokens does not fit {workload.model}, which "
            f"reads {size.context:,}"
        )


def _left_out(name: str, workload: Workload, period: Period) -> Iterator[str]:
    """Images or speech that a model usually makes and the plan leaves out, with the cost of one in each request."""
    record = record_of(workload.model)
    if not record or not record.usual_output:
        return
    drawn = record.makes == "image"
    planned = workload.image_output_tokens if drawn else workload.audio_output_tokens
    price = rates(workload.model, period.first)
    # A model for speech has one price of output: outputTokens are speech too.
    same = price.audio_output == price.output and bool(workload.output_tokens.high)
    if planned.high or (not drawn and same):
        return
    setting = "imageOutputTokens" if drawn else "audioOutputTokens"
    usual = Range.exactly(record.usual_output)
    more = (
        replace(workload, image_output_tokens=usual)
        if drawn
        else replace(workload, audio_output_tokens=usual)
    )
    with localcontext(EXACT):
        added = Money(
            estimate(more, "expected", period).total - estimate(workload, "expected", period).total, "USD"
        )
    what = "an image" if drawn else "a minute of speech"
    yield (
        f"{name}: the plan for {workload.model} has no {setting}: {what} a request "
        f"({record.usual_output:,} tokens) adds {added} of list price. Write {setting}"
    )
