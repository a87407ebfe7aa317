"""Caps and budgets act hours after the money is spent; limits act at once. What can be lost is therefore what the
limits let through until something stops it: limits times prices times lag. Where nothing limits the requests, it is
unlimited."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import Field

from landing_zone.policies.facts import Facts, Project
from landing_zone.policies.options import Amount, Currency, Lag
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity
from landing_zone.policies.worst import worst
from landing_zone.pricing.money import Money, plain
from landing_zone.settings import format_lag


class Allowance(Options):
    """How much may be spent before something stops it."""

    max_overshoot: Amount | None = Field(
        default=None,
        description="The most that one project may spend over lag; without it, what limits.derive says, if it does.",
    )
    currency: Currency = Field(default="USD", description="The currency of maxOvershoot.")
    lag: Lag = Field(
        default=timedelta(hours=24),
        description="How long nothing stops it, as 24h.",
        # The engine fills in the schema's default: it has to be as one writes it.
        json_schema_extra={"default": "24h"},
    )

    def of(self, project: Project) -> Money | None:
        """What a project may spend over the lag."""
        if self.max_overshoot is None:
            return project.allowance
        return Money(self.max_overshoot, self.currency)


def _judge(facts: Facts, options: Allowance) -> Iterator[Finding]:
    for project in facts.paid():
        most = worst(project, facts.day, options.lag)
        allowance = options.of(project)
        if most is None:
            yield Finding(
                project.subject,
                f"can spend without limit in {format_lag(options.lag)}: not every model has a limit of requests",
                "write limits for each model that is used, and others: deny; or, with a workload, limits: {derive: "
                f"{{maxOvershoot: {plain(allowance.amount) if allowance else '…'}}}}}",
                elsewhere="limit the requests of each model that is used, on every paid tier, and deny the others",
                place=project.subject.at("limits"),
            )
        elif allowance and most.currency != allowance.currency:
            yield Finding(
                project.subject,
                f"is priced in {most.currency}, and the allowance is {allowance}",
                f"write maxOvershoot in {most.currency}, and currency: {most.currency}",
            )
        elif allowance and allowance < most:
            yield Finding(
                project.subject,
                f"can spend {most.as_bound} in {format_lag(options.lag)}, and {allowance} is allowed",
                "lower its limits of requests and input tokens, the dearest model's first: gemini-lz exposure shows "
                "which; or, with a workload, have them derived: limits: {derive: {maxOvershoot: "
                f"{plain(allowance.amount)}}}}}",
                elsewhere="lower its limits of requests and input tokens, the dearest model's first",
                place=project.subject.at("limits"),
            )


POLICY = Policy(
    id="exposure-within-allowance",
    title="The worst case of a paid project stays within the allowance",
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower the limits; `gemini-lz exposure` shows which of them the money comes from.",
    source=(
        "82,314 dollars in 48 hours from one stolen key, of a project that cost 180 a month",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
    judge=_judge,
    options=Allowance,
)
