"""Caps and budgets act hours after the money is spent; limits bind at once. The most that can be lost is therefore what
the limits allow until something stops the spending: limits times prices times lag. A spend guard that counts
(spend-stops) stops a project within minutes of what it meters, and within a day of what no metric shows: caches, and
queries to Google beyond those that it assumes of each request. Without a limit on requests the loss is unlimited. What
no limit counts, such as the Batch API, is not bounded either, and no amount is shown to be within the allowance then:
the methods of the keys close it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from pydantic import Field

from landing_zone.policies.facts import Facts, Project
from landing_zone.policies.guards import until_stopped
from landing_zone.policies.options import Lag
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.policies.worst_case import open_ways, unlimited_models, worst_case
from landing_zone.pricing.money import Money, plain
from landing_zone.pricing.open_ways import OpenWay
from landing_zone.pricing.rates import LIST_PRICES
from landing_zone.settings import fields, format_lag


class Allowance(Options):
    """Options: the most that may be spent before something stops the spending."""

    max_overshoot: fields.Amount | None = Field(
        default=None,
        description="Most that one project may spend within lag. Default: maxOvershoot of the project's limits.derive.",
    )
    currency: fields.Currency = Field(default="USD", description="Currency of maxOvershoot.")
    lag: Lag = Field(
        default=timedelta(hours=24),
        description="Time until something stops the spending, as 24h, where no guard does so earlier.",
        # The engine fills in the schema's default, so it is written as a user writes it.
        json_schema_extra={"default": "24h"},
    )

    def of(self, project: Project) -> Money | None:
        """The most that a project may spend within the lag; None if it is not set."""
        if self.max_overshoot is None:
            return project.allowance
        return Money(self.max_overshoot, self.currency)

    def most(self, facts: Facts, project: Project, day: date) -> tuple[Money, str] | None:
        """The most that a project can spend until something stops it, at the prices of a day, and until when in words.

        None if limits do not bound it.
        """
        found = worst_case(project, day, self.lag)
        guarded = until_stopped(facts, project, day) if found else None
        if found is None or guarded is None or guarded.currency != found.currency or found <= guarded:
            return None if found is None else (found, f"in {format_lag(self.lag)}")
        return guarded, "until its guard has stopped it"


def _judge(facts: Facts, options: Allowance) -> Iterator[Finding]:
    for project in facts.paid():
        ways, found = open_ways(facts, project), options.most(facts, project, facts.day)
        allowance = options.of(project)
        if ways or found is None:
            yield from _not_bounded(project, options, allowance, ways)
            continue
        most, until = found
        if allowance and most.currency != allowance.currency:
            yield Finding(
                project.subject,
                f"is priced in {most.currency}, and the allowance is {allowance}",
                f"write maxOvershoot in {most.currency}, and currency: {most.currency}; or have the account's usdRate "
                "written in accountTerms of the policies' environments.json",
            )
        elif allowance and allowance < most:
            yield Finding(
                project.subject,
                f"can spend {most.as_bound} {until}{_by_own_terms(project, facts, options)}, and "
                f"{allowance} is allowed",
                "lower its limits on requests and input tokens, the most expensive model's first: gemini-lz exposure "
                "shows which; or, with a workload, have them derived: limits: {derive: {maxOvershoot: "
                f"{plain(allowance.amount)}}}}}",
                elsewhere="lower its limits on requests and input tokens, the most expensive model's first",
                setting=project.subject.at("limits"),
            )


def _by_own_terms(project: Project, facts: Facts, options: Allowance) -> str:
    """What the terms of the stack file make of it, which is not what counts."""
    if project.stated == project.terms:
        return ""
    own = worst_case(replace(project, terms=project.stated), facts.day, options.lag)
    at = "at list price" if project.terms == LIST_PRICES else "by the policies' accountTerms"
    return f" {at} ({own.as_bound} by the stack file's accountTerms)" if own else f" {at}"


def _not_bounded(
    project: Project, options: Allowance, allowance: Money | None, ways: tuple[OpenWay, ...]
) -> Iterator[Finding]:
    """No amount is within an allowance that cannot be computed."""
    if unlimited_models(project):
        yield Finding(
            project.subject,
            f"can spend without limit in {format_lag(options.lag)}: not every model has a request limit",
            "write limits for each model in use, and others: deny; or, with a workload, limits: {derive: "
            f"{{maxOvershoot: {plain(allowance.amount) if allowance else '…'}}}}}",
            elsewhere="limit the requests of each model in use, on every paid tier, and deny the others",
            setting=project.subject.at("limits"),
        )
    if ways:
        yield Finding(
            project.subject,
            f"is not bounded: {'; '.join(way.what for way in ways)}",
            "; ".join(way.remedy for way in ways),
            elsewhere="; ".join(way.elsewhere or way.remedy for way in ways),
        )


POLICY = Policy(
    id="exposure-within-allowance",
    title="The worst case of a paid project stays within the allowance",
    group=Group.SPEND,
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower the limits; `gemini-lz exposure` shows the share of each.",
    source=(
        "82,314 dollars in 48 hours through one stolen key, in a project that cost 180 a month",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
    judge=_judge,
    options=Allowance,
    counts=("quota",),
)
