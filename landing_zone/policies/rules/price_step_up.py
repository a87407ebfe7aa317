"""Prices change on dates that are known ahead. Limits that keep a worst case within its allowance today may not from
that date on, without anybody touching them."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import Facts
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Policy, Scope, Severity
from landing_zone.policies.rules.exposure_within_allowance import Allowance
from landing_zone.policies.worst import coming, worst
from landing_zone.settings import format_lag


class _Options(Allowance):
    days: Whole = Field(default=30, description="How many days ahead coming prices are looked at.")


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.paid():
        allowance, now = options.of(project), worst(project, facts.day, options.lag)
        # What is broken today is another policy's to tell.
        if not allowance or not now or now.currency != allowance.currency or allowance < now:
            continue
        for day in coming(project, facts.day, options.days):
            then = worst(project, day, options.lag)
            if then and allowance < then:
                yield Finding(
                    project.subject,
                    f"can spend {then.as_bound} in {format_lag(options.lag)} at the prices from {day} on "
                    f"({now.as_bound} today), and {allowance} is allowed",
                    f"lower its limits before {day}; gemini-lz exposure --as-of {day} shows them at those prices",
                    elsewhere=f"lower its limits before {day}",
                    place=project.subject.at("limits"),
                )
                break


POLICY = Policy(
    id="price-step-up",
    title="Prices that come within 30 days do not break the allowance",
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower the limits before the day, or have the allowance raised.",
    source=(
        "Google announced higher prices for 2026-12-01 and 2027-01-01",
        "https://ai.google.dev/gemini-api/docs/pricing",
    ),
    judge=_judge,
    options=_Options,
    needs=("max_overshoot",),
)
