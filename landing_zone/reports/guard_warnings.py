"""Warnings of plans that the spend guard would throttle or stop."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext
from functools import cached_property
from typing import Final

from landing_zone.guarding.policy import Policy
from landing_zone.pricing.days import Period
from landing_zone.pricing.estimate import Case, Workload
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.guarded_plan import estimates, metered_rates, reached
from landing_zone.pricing.money import EXACT, UPWARD, Money
from landing_zone.pricing.spending import Spending

_CASES: Final[tuple[Case, ...]] = ("expected", "high")


def tripped(
    name: str,
    policy: Policy,
    workloads: Sequence[Workload],
    planned: Mapping[Case, Spending],
    months: Sequence[Period],
    as_of: date,
) -> Iterator[str]:
    """The first month in which a plan reaches the guard's throttle or stop, with what to change.

    `planned`: the project's spending; `as_of`: the day whose month growth counts from.
    """
    plans = [
        _Plan(policy, workloads, planned[case], case, month, as_of)
        for month in months
        for case in _CASES
        if case == "expected" or planned[case] is not planned["expected"]
    ]
    reaching = [(plan, found) for plan in plans if (found := plan.reached())]
    if reaching:
        first, found = reaching[0]
        enough = max(plan.enough(steps) for plan, steps in reaching)
        fewer = next(
            (
                f", or searchesPerRequest: {queries} if no request asks Google more"
                for queries in reversed(range(policy.queries))
                if not any(plan.with_queries(queries).reached() for plan in plans)
            ),
            "",
        )
        yield (f"{name}: {first.text(found)}. Write guard: {{amount: {enough}}} or more{fewer}; or plan less")


@dataclass(frozen=True)
class _Plan:
    """A case of a project's plan in a month, and the guard that sees it."""

    policy: Policy
    workloads: Sequence[Workload]
    spending: Spending
    case: Case
    month: Period
    as_of: date

    @property
    def steps(self) -> dict[str, Decimal]:
        """Steps that no plan should reach, by their shares of the amount."""
        policy = self.policy
        return {
            **({"throttle": policy.throttle.at} if policy.throttle else {}),
            **({"stop": policy.stop.at} if policy.stop else {}),
            **({"unlink billing": policy.unlink} if policy.unlink is not None else {}),
        }

    def reached(self) -> dict[str, date]:
        """The steps that the plan reaches, each with its day."""
        levels = {step: self.policy.level(share) for step, share in self.steps.items()}
        most = max(self._metered.within(self.month), self.spending.within(self.month))
        if not levels or most < min(levels.values()):
            return {}
        return reached(self._estimates, self.month, levels)

    @cached_property
    def _metered(self) -> Spending:
        found = Spending(self.spending.period)
        doors = Doors(queries=self.policy.queries, priority=self.policy.priority)
        for workload in self.workloads:
            rates = list(metered_rates(workload, self.case, found.period, self.policy.terms, doors))
            found.add(workload.schedule.anchored(self.as_of), rates)
        return found

    @cached_property
    def _estimates(self) -> list[Decimal]:
        return list(estimates(self._metered, self.spending, self.month, self.policy.delays.billing))

    def enough(self, found: Collection[str]) -> Decimal:
        """An amount with which none of these steps is reached: a step acts at its share."""
        with localcontext(EXACT):
            least = UPWARD.divide(max(self._estimates), min(self.steps[step] for step in found))
            return least.to_integral_value(ROUND_FLOOR) + 1

    def with_queries(self, queries: int) -> "_Plan":
        """The same with fewer queries to Google assumed of each request."""
        return replace(self, policy=replace(self.policy, queries=queries))

    def text(self, found: Mapping[str, date]) -> str:
        """What would happen, and why."""
        policy, currency = self.policy, self.policy.currency
        steps = " and ".join(
            f"{step} on {day} (at {Money(policy.level(self.steps[step]), currency)})"
            for step, day in found.items()
        )
        plan = "plan" if self.case == "expected" else "plan's high case"
        return (
            f"the guard would {steps} if all goes as planned: the {plan} costs "
            f"{Money(self.spending.within(self.month), currency)} in {self.month.first:%Y-%m}, and the guard would "
            f"estimate {Money(max(self._estimates), currency).as_bound}, as it counts what is not billed yet at the "
            f"highest prices, and {policy.queries} queries to Google with each request"
        )
