"""Merging findings: all that one edit of the stack file fixes is reported as one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from landing_zone.policies.policy import Finding
from landing_zone.pricing.money import EXACT, plain
from landing_zone.settings.merge import home
from landing_zone.settings.problems import Path

_CENT = Decimal("0.01")


def one_per_fix(findings: Iterable[Finding], values: Mapping[str, Any]) -> list[Finding]:
    """Merge findings of a policy that have the same remedy at the same setting.

    `values`: the contents of the stack file. An inherited setting is reported at its line in `defaults`.
    """
    found: dict[Any, list[Finding]] = {}
    for position, each in enumerate(findings):
        setting = home(values, each.setting) if each.subject.path and each.setting else ()
        found.setdefault((setting, each.advice, each.fixable) if setting else position, []).append(each)
    return [_merged(group, key[0] if isinstance(key, tuple) else ()) for key, group in found.items()]


def _merged(group: list[Finding], setting: Path) -> Finding:
    first, *others = group
    path = setting if setting and setting != first.setting else first.subject.path
    return replace(first, subject=replace(first.subject, path=path), others=tuple(others))


def within_both(single: Finding, sums: Finding, cuts: Iterable[Finding]) -> Finding:
    """Merge two findings on a budget, above its maximum and above the envelope: the remedy's amount is within both.

    Args:
        single: above its maximum; several budgets if they share one amount in the file.
        sums: the sum of all budgets is above the envelope.
        cuts: all findings above the maximum, including `single`; their remedies are assumed to be applied.
    """
    own, over = single.excess, sums.excess
    assert own  # noqa: S101 the caller checks
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
    """Decrease of its budgets per month."""
    return finding.excess.monthly * len(finding.subjects) if finding.excess else Decimal(0)
