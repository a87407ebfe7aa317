"""Price changes are announced. Limits that keep the worst case within the allowance today may not do so at the new
prices, without any change to the limits. A worst case that is not bounded today is not bounded then."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import Facts
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Group, Policy, Scope, Severity
from landing_zone.policies.rules.exposure_within_allowance import Allowance
from landing_zone.policies.worst_case import coming_price_changes, not_bounded, open_ways


class _Options(Allowance):
    days: Whole = Field(default=30, description="Days ahead to check for price changes.")


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.paid():
        allowance, found = options.of(project), options.most(facts, project, facts.day)
        now = None if open_ways(facts, project) or found is None else found[0]
        # A violation at today's prices is reported by exposure-within-allowance.
        if allowance and now is None and (changes := coming_price_changes(project, facts.day, options.days)):
            yield Finding(
                project.subject,
                f"is not bounded, at the prices from {changes[0]} on as today, and {allowance} is allowed: "
                f"{not_bounded(facts, project)}",
                "bound it first: exposure-within-allowance says how",
                setting=project.subject.at("limits"),
            )
        if not allowance or not now or now.currency != allowance.currency or allowance < now:
            continue
        for day in coming_price_changes(project, facts.day, options.days):
            later = options.most(facts, project, day)
            if later and allowance < later[0]:
                then, until = later
                yield Finding(
                    project.subject,
                    f"can spend {then.as_bound} {until} at the prices from {day} on "
                    f"({now.as_bound} today), and {allowance} is allowed",
                    f"lower its limits before {day}; gemini-lz exposure --as-of {day} shows them at those prices",
                    elsewhere=f"lower its limits before {day}",
                    setting=project.subject.at("limits"),
                )
                break


POLICY = Policy(
    id="price-step-up",
    title="Announced price changes do not break the allowance",
    group=Group.SPEND,
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower the limits before the prices change, or have the allowance raised.",
    source=(
        "Google announced higher prices for 2026-12-01 and 2027-01-01",
        "https://ai.google.dev/gemini-api/docs/pricing",
    ),
    judge=_judge,
    options=_Options,
    needs=("max_overshoot",),
    counts=("quota",),
)
