"""The turns of writes that Google counts: what waits, for how long, and what the engine shows of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from components import turns as module
from components.turns import Turns
from landing_zone.settings import WriteRatesSettings

PROJECT = "gcp:organizations/project:Project"
KEY = "gcp:projects/apiKey:ApiKey"
BUDGET = "gcp:billing/budget:Budget"
CAP = "gemini-landing-zone:index:SpendCap"
LOCAL = ("cloudresourcemanager", "apikeys", "billingbudgets")


class Clock:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(turns: Turns, clock: Clock, *types: str) -> list[float]:
    """The times at which writes start, one after the other."""

    async def run() -> list[float]:
        starts = []
        for number, each in enumerate(types):
            await turns.wait(each, f"urn:{each}:{number}")
            starts.append(clock.now)
        return starts

    return asyncio.run(run())


def made(rates: WriteRatesSettings | None = None, *local: str) -> tuple[Turns, Clock]:
    clock = Clock()
    return Turns(rates or WriteRatesSettings(), local, lambda: clock.now, clock.sleep), clock


def test_at_google_a_few_writes_start_at_once_and_more_wait_for_its_quotas() -> None:
    turns, clock = made()
    assert waited(turns, clock, *[PROJECT] * 21)[9:] == [0.0, *[10.5] * 10, 21.0]
    turns, clock = made()
    # A spend cap is a budget too.
    assert waited(turns, clock, *[BUDGET, CAP] * 50, *[KEY] * 120, CAP, KEY)[-3:] == [0.0, 60.5, 60.5]


def test_a_local_cloud_has_no_quotas_until_it_refuses_a_write_or_a_setting_says_so() -> None:
    turns, clock = made(WriteRatesSettings(keys_per_minute=2), *LOCAL)
    assert waited(turns, clock, *[PROJECT, BUDGET] * 200) == [0.0] * 400
    assert waited(turns, clock, *[KEY] * 3) == [0.0, 0.0, 60.5]
    assert turns.refused(PROJECT, 20.0)
    # Spaced evenly from the refusal on; budgets are another service's.
    assert waited(turns, clock, *[BUDGET] * 200, PROJECT, PROJECT)[-3:] == [60.5, 80.5, pytest.approx(81.55)]
    assert not turns.refused("gcp:projects/service:Service", 20.0)


def test_the_engine_shows_a_wait_once_for_each_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(module, "get_engine", lambda: SimpleNamespace(Log=shown.append))
    turns, clock = made()
    waited(turns, clock, *[PROJECT] * 12)
    turns.refused(PROJECT, 5.0)
    asyncio.run(turns.wait(PROJECT, f"urn:{PROJECT}:10"))
    text = "waits 11 s: Google's quota on writes of projects, 1 a second (writeRates.projectsPerSecond)"
    assert [(each.message, each.urn, each.ephemeral) for each in shown] == [(text, f"urn:{PROJECT}:10", True)]
