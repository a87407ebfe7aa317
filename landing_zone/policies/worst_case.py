"""The worst-case cost of a project."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.policies.facts import UNKNOWN, Facts, Project
from landing_zone.pricing.exposure import Doors, Window, exposure_of, totals
from landing_zone.pricing.money import Money
from landing_zone.pricing.open_ways import OpenWay
from landing_zone.pricing.open_ways import open_ways as ways
from landing_zone.pricing.rates import Terms, coming_changes

_CLOSED: Final = ("countTokens",)
"""Methods that cost nothing."""


def worst_case(project: Project, day: date, lag: timedelta) -> Money | None:
    """The most that the project can cost within `lag`, at the prices of `day`; None if limits do not bound it.

    Only where `open_ways` finds none it is all that can be spent.
    """
    limits = tuple(sorted(project.limits.items()))
    amount = _amount(limits, project.others, day, lag, project.terms, project.doors)
    return None if amount is None else Money(amount, project.terms.currency)


def open_ways(facts: Facts, project: Project) -> tuple[OpenWay, ...]:
    """Ways to spend that neither limits nor prices bound, beside models without a limit."""
    keys = {
        key.subject.label.removeprefix("key "): () if key.methods is UNKNOWN else key.methods
        for key in facts.keys
        if (key.project is UNKNOWN or key.project in project.ids)
        and (key.targets is UNKNOWN or not key.targets or key.names_gemini)
    }
    doors = project.doors
    if not keys and not (project.subject.path or project.subject.urn):
        # Of a live project all keys are read: without one, only callers with IAM rights are left, and it is assumed
        # that none of them abuses those.
        keys = {"": _CLOSED}
    return doors.unbounded or tuple(
        ways(keys, project.limits, project.others, project.unpriced, content_only=doors.content_only)
    )


def unlimited_models(project: Project) -> list[str]:
    """Models that can be called without a limit of requests; `every other model` for those without limits at all."""
    found = [model for model, own in sorted(project.limits.items()) if not own.bounds_requests]
    others = project.others
    return [*found, *(["every other model"] if others is None or not others.bounds_requests else [])]


def not_bounded(facts: Facts, project: Project) -> str:
    """Why the project's worst case is not bounded, in words; empty if it is."""
    models = unlimited_models(project)
    ways = [way.what for way in open_ways(facts, project)]
    return "; ".join([*([f"{', '.join(models)}: no limit of requests"] if models else []), *ways])


@lru_cache(maxsize=4096)
def _amount(
    limits: tuple[tuple[str, Limits], ...],
    others: Limits | None,
    day: date,
    lag: timedelta,
    terms: Terms,
    doors: Doors,
) -> Decimal | None:
    window = Window.any(lag)
    return totals(exposure_of(dict(limits), others, day, {"lag": window}, terms, doors), ["lag"])["lag"]


def coming_price_changes(project: Project, day: date, ahead: int) -> Sequence[date]:
    """Days, up to `ahead` days after `day`, on which prices of models that the project can call change."""
    known = tuple(QUOTA_NAMES) if project.others != BLOCKED else tuple(project.limits)
    return [change for change, _ in coming_changes(known, day, ahead) if change > day]
