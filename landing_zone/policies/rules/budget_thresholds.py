"""Google's cost data is hours late and a stolen key spends fast: a notification at 100 percent alone comes when the
money is gone. A threshold at half of the amount leaves time, one at 100 percent marks the overspend, and one on the
forecast warns weeks ahead of a slow overspend."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.pricing.money import plain
from landing_zone.settings import fields


class _Options(Options):
    first_at_most: fields.Share = Field(
        default=Decimal("0.5"),
        gt=0,
        description="Largest share of the amount that the first threshold may have.",
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.thresholds is UNKNOWN:
            continue
        current = [rule.share for rule in budget.thresholds if not rule.forecast]
        missing = []
        if not any(share <= options.first_at_most for share in current):
            missing.append(f"at {plain(options.first_at_most * 100)}% or below")
        if 1 not in current:
            missing.append("at 100%")
        # Google forecasts calendar periods only.
        if budget.months and not any(rule.forecast for rule in budget.thresholds):
            missing.append("on the forecast")
        if missing:
            shares = ", ".join(map(plain, sorted({options.first_at_most, Decimal("0.8"), Decimal(1)})))
            forecast = ", {forecast: 1}" if budget.months else ""
            yield Finding(
                budget.subject,
                f"does not notify {', nor '.join(missing)}",
                f"write thresholds: [{shares}{forecast}]",
                elsewhere=f"write thresholdRules with thresholdPercent {shares}"
                + (", and one of 1 with spendBasis: FORECASTED_SPEND" if budget.months else ""),
                setting=budget.subject.at("thresholds"),
            )


POLICY = Policy(
    id="budget-thresholds",
    title="A budget notifies at half of its amount or earlier, at 100 percent, and on the forecast",
    group=Group.BUDGETS,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Add the thresholds that are missing.",
    source=(
        "A project with a cap of 120 dollars was charged about 1,800: caps and notifications are hours late",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    judge=_judge,
    options=_Options,
)
