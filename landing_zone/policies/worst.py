"""The most that a project can cost, as the policies need it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.policies.facts import Project
from landing_zone.pricing.exposure import Doors, Window, exposure_of, totals
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import Terms, coming_changes


def worst(project: Project, day: date, lag: timedelta) -> Money | None:
    """The most that it can cost in any time as long as `lag`, at a day's prices; None is unlimited."""
    amount = _worst(
        tuple(sorted(project.limits.items())), project.others, day, lag, project.terms, project.doors
    )
    return None if amount is None else Money(amount, project.terms.currency)


@lru_cache(maxsize=4096)
def _worst(
    limits: tuple[tuple[str, Limits], ...],
    others: Limits | None,
    day: date,
    lag: timedelta,
    terms: Terms,
    doors: Doors,
) -> Decimal | None:
    window = Window.any(lag)
    return totals(exposure_of(dict(limits), others, day, {"lag": window}, terms, doors), ["lag"])["lag"]


def coming(project: Project, day: date, ahead: int) -> Sequence[date]:
    """The days, at most `ahead` from now, from which on models that it can call have other prices."""
    known = tuple(QUOTA_NAMES) if project.others != BLOCKED else tuple(project.limits)
    return [change for change, _ in coming_changes(known, day, ahead) if change > day]
