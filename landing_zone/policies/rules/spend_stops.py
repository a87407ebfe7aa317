"""A budget notifies and does not stop spending. Google's spend cap pauses the Gemini API in a project, some hours late:
too late for a stolen key without limits, and still the only stop at a weekend. The spend guard of this project stops it
within minutes; it counts where the owners of the policies name the project that it runs in (`guardHosts` of
environments.json), as they have seen it act. In a program of one's own it is proven by what the guard reads, its policy
of the project in its bucket, and by its function and its schedule; a preview that creates the project does not know
that policy yet. A cap or a guard of more than twice the project's largest budget stops nothing that the budget is
about, and does not count. Another guard may be a program of your own that listens to the topic of a budget and takes
billing away. The policy cannot see whether what listens to a topic stops anything, so the owners of the policies name
the topics whose guard they have tested, in this program or another: a budget that publishes to one of them has a guard,
and to any other topic, whatever listens there, it has none."""

from collections.abc import Iterator
from dataclasses import fields as fields_of
from decimal import Decimal
from functools import partial
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from landing_zone.policies.facts import UNKNOWN, Budget, Cap, Facts, Guard, Project, Unknown, number_unknown
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.pricing.money import EXACT, Money, plain
from landing_zone.settings import fields

_TIMES: Final = 2
"""A cap or a guard of more than this many times the largest budget of its project does not count."""


_Topic = Annotated[str, StringConstraints(pattern=r"^projects/[^/\s]+/topics/[^/\s]+$")]


class _Options(Options):
    maximum: fields.Amount | None = Field(
        default=None,
        description="Largest amount per month of a spend cap, or of a guard's stop. Default: unlimited.",
    )
    currency: fields.Currency = Field(default="USD", description="Currency of maximum.")
    guards: tuple[_Topic, ...] = Field(
        default=(),
        description="Topics with a guard of another kind that stops the spending, as projects/acme-ops/topics/spend. "
        "Default: only spend caps and the spend guard count.",
    )


def _topics(facts: Facts, project: Project) -> set[str]:
    """The topics that the project's budgets are known to publish to."""
    counting = (budget for budget in facts.budgets if budget.counts(project, facts.day))
    return {budget.topic for budget in counting if isinstance(budget.topic, str) and budget.topic}


def _missing(facts: Facts, project: Project) -> Finding:
    heard = ", ".join(sorted(topic for topic in _topics(facts, project) if topic in facts.listeners))
    unnamed = f"; something listens to {heard}, which the owners of the policies do not name" if heard else ""
    return Finding(
        project.subject,
        f"has neither a spend cap nor a guard: nothing stops its spending{unnamed}",
        "write budget: {spendCap: true}, or guard: true",
        elsewhere="give it a SpendCap of this project's provider with its number; or have its budget publish to a "
        "topic whose guard unlinks the billing account, and the owners of the policies name it under guards"
        f"{number_unknown(project)}",
        live="give it a spend cap in the console, or adopt it: gemini-lz adopt prints its settings",
        setting=project.subject.at("budget", "spendCap"),
    )


def _may_count(project: Project, budget: Budget) -> bool:
    """True if something that only the update will know decides whether a budget counts the project, and how much."""
    named = budget.projects is UNKNOWN or not project.ids.isdisjoint(budget.projects)
    return (
        named
        and not budget.unread
        and any(getattr(budget, each.name) is UNKNOWN for each in fields_of(budget))
    )


def _highest(facts: Facts, project: Project) -> Money | Unknown | None:
    """Largest cap a month that counts for a project, by its budgets.

    UNKNOWN if only the update will know; None without budgets.
    """
    known = [
        Money(EXACT.divide(budget.amount, budget.months or Decimal(1)), budget.currency)
        for budget in facts.budgets
        if isinstance(budget.amount, Decimal)
        and isinstance(budget.currency, str)
        and budget.counts(project, facts.day)
    ]
    if not known and any(map(partial(_may_count, project), facts.budgets)):
        return UNKNOWN
    if not known or len({each.currency for each in known}) > 1:
        # The policies on budgets report both.
        return None
    return Money(_TIMES * max(each.amount for each in known), known[0].currency)


def _too_high(stop: Cap | Guard, most: Money) -> Money | None:
    """Amount of the stop if it is above `most`, or in another currency."""
    if not isinstance(stop.amount, Decimal) or not isinstance(stop.currency, str):
        return None
    own = Money(stop.amount, stop.currency)
    return own if own.currency != most.currency or most < own else None


def _wrong_amount(
    stop: Cap | Guard, what: str, most: Money | None, twice: Money | Unknown | None
) -> Finding | None:
    """A finding on an amount at which a stop is too late, or may be; None for one that counts.

    `what`: what comes before the amount in words.
    """
    setting = stop.subject.at("amount")
    if most and (own := _too_high(stop, most)):
        return Finding(
            stop.subject,
            f"{what} {own}, and at most {most} is allowed",
            f"write at most {plain(most.amount)}",
            setting=setting,
        )
    if isinstance(twice, Money) and (own := _too_high(stop, twice)):
        return Finding(
            stop.subject,
            f"{what} {own}, and above {twice}, which is twice the project's largest budget a month, it does not count",
            f"write at most {plain(twice.amount)}",
            setting=setting,
        )
    if stop.amount is UNKNOWN or stop.currency is UNKNOWN:
        return Finding(
            stop.subject,
            "has an amount or a currency that only the update will know, so that it may stop nothing",
            "write budget: {spendCap: true} besides, until the project is there"
            if isinstance(stop, Guard)
            else "write its amount and currency so that a preview knows them",
            elsewhere="give the project a SpendCap besides, until it is there"
            if isinstance(stop, Guard)
            else "",
            setting=setting,
        )
    if twice is UNKNOWN:
        return Finding(
            stop.subject,
            "cannot be compared with the project's budget, of which only the update will know all",
            "write the budget's amount, currency and filter so that a preview knows them",
            setting=setting,
        )
    return None


def _useless(cap: Cap, project: Project, most: Money | None, twice: Money | Unknown | None) -> Finding | None:
    """A finding on a cap that stops nothing; None for one that counts."""
    wrong = _wrong_amount(cap, "is", most, twice)
    if wrong is None and cap.lifted:
        return Finding(
            project.subject,
            "has a spend cap that is lifted until the 1st of the next month",
            "remove spendCap.lifted",
            setting=project.subject.at("budget", "spendCap", "lifted"),
        )
    return wrong


def _useless_guard(guard: Guard, most: Money | None, twice: Money | Unknown | None) -> Finding | None:
    """A finding on a guard that stops nothing; None for one that counts."""
    if guard.idle:
        return Finding(
            guard.subject,
            f"{guard.idle}, so that it stops nothing",
            "write a stop, without dryRun, of what every key uses: guard: {stop: {at: 1.0, by: both}}",
            setting=guard.subject.at("stop"),
        )
    if not guard.tested:
        return Finding(
            guard.subject,
            f"runs in {guard.host}, which the owners of the policies do not name: nobody says that it acts",
            f"have {guard.host} named under guardHosts of environments.json, once gemini-lz guard status shows that it "
            "runs; or write budget: {spendCap: true}",
            elsewhere=f"have {guard.host} named under guardHosts of environments.json",
            setting=guard.subject.at(),
        )
    return _wrong_amount(guard, "stops at", most, twice)


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    most = Money(options.maximum, options.currency) if options.maximum is not None else None
    for project in facts.paid():
        caps = [cap for cap in facts.caps if cap.stops(project)]
        guards = [guard for guard in facts.guards if guard.stops(project)]
        guarded = not _topics(facts, project).isdisjoint(options.guards)
        if guarded or any(cap.unread for cap in caps):
            continue
        if not caps and not guards:
            yield _missing(facts, project)
            continue
        twice = UNKNOWN if project.account is UNKNOWN else _highest(facts, project)
        found = [
            *(_useless(cap, project, most, twice) for cap in caps),
            *(_useless_guard(guard, most, twice) for guard in guards),
        ]
        useless = [each for each in found if each]
        if len(useless) == len(found):
            # One of them, whichever comes first in the stack.
            yield min(useless, key=lambda found: (found.subject.label, found.message))


POLICY = Policy(
    id="spend-stops",
    title="In production, a spend cap or a guard stops a paid project",
    group=Group.SPEND,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `spendCap: true` in the project's budget, or `guard: true` in the project; in environments without "
    "users, disable this policy.",
    source=(
        "4,000 dollars in two days with nothing to stop them: gemini-cli issue 27668",
        "https://github.com/google-gemini/gemini-cli/issues/27668",
    ),
    judge=_judge,
    options=_Options,
    counts=("budget", "cap", "guard"),
)
