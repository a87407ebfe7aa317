"""Which limits last."""

import pytest

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.quotas import LimitName, Override
from landing_zone.settings.limits_in_force import in_force
from tests.audit.world import MODEL


def _overrides(*rows: tuple[LimitName, str, int, str]) -> list[Override]:
    return [Override(name, tier, model, value) for name, model, value, tiers in rows for tier in tiers]


@pytest.mark.parametrize(
    ("rows", "limits", "others", "unknown"),
    [
        ([], {}, None, []),
        # The highest of the tiers counts, and each must have one.
        ([("requestsPerDay", MODEL, 5, "12"), ("requestsPerDay", MODEL, 9, "3")],
         {MODEL: Limits(requests_per_day=9)}, None, []),
        ([("requestsPerDay", MODEL, 5, "12")], {}, None, []),
        ([("requestsPerDay", MODEL, 5, "12"), ("requestsPerDay", MODEL, -1, "3")], {}, None, []),
        ([("requestsPerMinute", "", 7, "123"), ("inputTokensPerMinute", "", 70, "12")],
         {}, Limits(requests_per_minute=7), []),
        # Shut on each tier, by whichever limit.
        ([("requestsPerDay", "", 0, "123"), ("inputTokensPerMinute", "", 5, "123")], {}, BLOCKED, []),
        ([("requestsPerDay", "", 0, "13"), ("requestsPerMinute", "", 0, "2")], {}, BLOCKED, []),
        # A model has the others' limit where it has none of its own.
        ([("requestsPerMinute", "", 0, "123"), ("requestsPerMinute", MODEL, 4, "1")],
         {MODEL: Limits(requests_per_minute=4)}, BLOCKED, []),
        # One that is let through where the others are shut is not one of them.
        ([("requestsPerMinute", "", 0, "123"), ("requestsPerMinute", MODEL, -1, "1")],
         {MODEL: Limits()}, BLOCKED, []),
        # The API's id, not the quota's name; and models that are not known here.
        ([("requestsPerDay", "gemini-3-flash", 1, "123"), ("requestsPerDay", "gemini-9", 1, "123"),
          ("requestsPerDay", "gemini-8", 0, "123")],
         {"gemini-3-flash-preview": Limits(requests_per_day=1)}, None, ["gemini-9"]),
        ([("requestsPerDay", MODEL, 5, "123"), ("requestsPerDay", "", 6, "f")],
         {MODEL: Limits(requests_per_day=5)}, None, []),
    ],
)  # fmt: skip
def test_limits_count_that_hold_on_every_paid_tier(
    rows: list[tuple[LimitName, str, int, str]],
    limits: dict[str, Limits],
    others: Limits | None,
    unknown: list[str],
) -> None:
    found = in_force(_overrides(*rows))
    assert (found.models, found.others, list(found.unpriced)) == (limits, others, unknown)
