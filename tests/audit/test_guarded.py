"""When a guard that is looked at from outside counts as silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from landing_zone.audit.guarded import GuardedProject
from landing_zone.guarding.policy import Delays
from tests.guard.world import POLICY

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("poll", "since", "silent"), [(1, 10, False), (1, 11, True), (12, 36, False), (12, 37, True)]
)
def test_a_guard_that_polls_seldom_is_not_silent_between_its_polls(
    poll: int, since: int, silent: bool
) -> None:
    policy = replace(POLICY, delays=Delays(poll=timedelta(minutes=poll)))
    seen = NOW - timedelta(minutes=since)
    assert GuardedProject("chat", "acme-chat", NOW, policy, last_run=seen).silent is silent
