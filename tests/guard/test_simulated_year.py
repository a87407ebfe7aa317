"""A year of projects with guards: thieves at the limits and quiet ones, price changes, tiers, late messages.

`make year` lives all fifty projects, with YEAR_SEED other ones; `make test` takes a part.
"""

import os
from datetime import timedelta
from decimal import Decimal

from tests.guard.year import lives

PROJECTS = int(os.environ.get("YEAR_PROJECTS", "8"))
SEED = int(os.environ.get("YEAR_SEED", "1"))


def test_no_project_ever_costs_more_than_was_stated_at_the_months_beginning() -> None:
    over, near, acts = [], Decimal(0), set[str]()
    beyond = 0
    for case, month in lives(SEED, PROJECTS, 12):
        if month.spent > month.bound:
            over.append((case, month))
        if month.spent > month.amount:
            beyond += 1
            near = max(near, (month.spent - month.amount) / (month.bound - month.amount))
        acts |= {*month.acts}
    assert not over
    # The guards had something to do, and thieves got more than half of what the lag is said to let through.
    assert acts >= {"notify", "throttle", "stop", "rate"}
    assert beyond >= PROJECTS // 2
    assert near > Decimal("0.5")


def test_a_guard_that_is_later_than_it_says_is_found() -> None:
    found = [month for _, month in lives(1, 4, 6, act=timedelta(hours=3)) if month.spent > month.bound]
    assert found
    assert all(month.thief for month in found)
