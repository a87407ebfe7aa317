"""Spend guards as facts: what one is to do in a project, as the function that acts reads it."""

from collections.abc import Container, Iterable
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from landing_zone.guarding.policy import Delays, Policy
from landing_zone.policies.facts import UNKNOWN, Facts, Guard, Key, Project, Subject
from landing_zone.pricing.guarded_month import Guard as Stop
from landing_zone.pricing.guarded_month import beyond
from landing_zone.pricing.money import EXACT, Money
from landing_zone.pricing.worst_month import Spender

_USUAL: Final = Delays()


def guard_of(policy: Policy, subject: Subject, host: str, hosts: Container[str]) -> Guard:
    """The fact of a project's guard that runs in `host`. `hosts`: those with a guard that is known to act."""
    stop = policy.stop
    with localcontext(EXACT):
        amount = policy.level(stop.at) if stop else None
    return Guard(
        subject,
        policy.project,
        host,
        amount,
        policy.currency,
        policy.delays.lag,
        policy.delays.billing,
        policy.queries,
        "is on a dry run, and changes nothing" if policy.dry_run else "" if stop else "has no stop",
        tested=host in hosts,
    )


def unknown_guard(subject: Subject, project: str, host: str, hosts: Container[str]) -> Guard:
    """The fact of a guard of which only the update will know what it is to do."""
    return Guard(subject, project, host, UNKNOWN, UNKNOWN, _USUAL.lag, tested=host in hosts)


def unstopped(policy: Policy, keys: Iterable[Key], ids: Container[str]) -> str:
    """That a guard stops keys, and not all of its project's; empty if it does. `ids`: what names the project."""
    if policy.stop is None or policy.stop.by != "keys":
        return ""
    return next(
        (
            f"stops keys by the service accounts that it knows, and none of {key.subject.label}"
            for key in keys
            if (key.project is UNKNOWN or key.project in ids) and key.service_account not in policy.accounts
        ),
        "",
    )


def until_stopped(facts: Facts, project: Project, day: date) -> Money | None:
    """The most that the project can spend beyond the amount at which its guard stops it, at the prices of `day`.

    None if no guard that counts bounds it. What the author of a stack file says of the guard makes it no faster, and
    the queries of a request no fewer: what it does not meter, it sees once it is billed.
    """
    if project.stated != project.terms:
        # It counts with other prices than the policies.
        return None
    spender = Spender(project.limits, project.others, project.terms, project.doors, timedelta())
    found = [
        beyond(
            spender,
            day,
            Stop(guard.amount, max(guard.lag, _USUAL.lag), max(guard.billing, _USUAL.billing), guard.queries),
        ).total
        for guard in facts.guards
        if guard.stops(project)
        and guard.tested
        and not guard.idle
        and isinstance(guard.amount, Decimal)
        and guard.currency == project.terms.currency
    ]
    least = min((each for each in found if each is not None), default=None)
    return None if least is None else Money(least, project.terms.currency)
