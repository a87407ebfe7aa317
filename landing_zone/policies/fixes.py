"""One finding a fix: what one edit of the stack file puts right is reported once, whatever it concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from landing_zone.policies.policy import Finding
from landing_zone.pricing.money import EXACT, plain
from landing_zone.settings.merge import home
from landing_zone.settings.problems import Path

_CENT = Decimal("0.01")


def one_a_fix(findings: Iterable[Finding], values: Mapping[str, Any]) -> list[Finding]:
    """A policy's findings, those with the same remedy at the same place of the stack file as one.

    `values`: what the stack file says. What is inherited is reported where the file has it.
    """
    found: dict[Any, list[Finding]] = {}
    for position, each in enumerate(findings):
        place = home(values, each.place) if each.subject.path and each.place else ()
        found.setdefault((place, each.advice, each.mended) if place else position, []).append(each)
    return [_together(group, key[0] if isinstance(key, tuple) else ()) for key, group in found.items()]


def _together(group: list[Finding], place: Path) -> Finding:
    first, *others = group
    path = place if place and place != first.place else first.subject.path
    return replace(first, subject=replace(first.subject, path=path), others=tuple(others))


def one_amount(single: Finding, sums: Finding, cuts: Iterable[Finding]) -> Finding:
    """A budget that is too high by itself and too high with the others: the finding with an amount that is neither.

    Args:
        single: that it is too high by itself; it may be several budgets with one amount in the file.
        sums: that all budgets together are.
        cuts: all that are too high by themselves, `single` among them; they are taken to be lowered as they are told.
    """
    own, over = single.excess, sums.excess
    assert own  # noqa: S101 the caller looks
    assert over  # noqa: S101 likewise
    count = len(single.subjects)
    lowered = sum((_cut(each) for each in cuts if each is not single), Decimal(0))
    needed = EXACT.divide(over.monthly - lowered, Decimal(count)).quantize(_CENT, rounding=ROUND_CEILING)
    amount = min(own.most, own.amount - needed * own.months)
    if amount > 0:
        remedy = f"write at most {plain(amount)}"
    else:
        rest = over.monthly - lowered - _cut(single)
        remedy = f"{single.remedy}, and take another {plain(rest)} a month off the budgets"
    return replace(single, remedy=remedy, others=(*single.others, sums))


def _cut(finding: Finding) -> Decimal:
    """What its budgets come down by, a month."""
    return finding.excess.monthly * len(finding.subjects) if finding.excess else Decimal(0)
