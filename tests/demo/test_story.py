"""The story as a test: a stolen key costs no more than was stated beforehand, and the project beside it nothing."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.demo.board import Board
from sandbox.demo.command import table
from sandbox.demo.stack import BESIDE, BUDGETS, CURRENCY, PROJECT_IDS, STOLEN
from sandbox.demo.story import Story, verdict_of
from sandbox.engine import Engine

NOTICED = 150
"""Minutes, instead of the demo's eight hours: by then, throttled as it is, the thief has reached the stop."""


def test_the_bill_is_within_what_was_stated_beforehand(engine: Engine, tmp_path: Path) -> None:
    board = Board(BUDGETS[STOLEN], CURRENCY)
    outcomes = Story(board, engine, tmp_path, 7, noticed=NOTICED).run_both()
    without, guarded = outcomes
    shown = board.shown()

    # The bound is the guard's, stated before the first call, and holds; without limits there is none.
    assert without.bound is None
    assert guarded.bound is not None
    assert BUDGETS[STOLEN] < guarded.bound < 10 * BUDGETS[STOLEN]
    assert BUDGETS[STOLEN] * Decimal("0.5") < guarded.bill <= guarded.bound
    assert without.bill > 10 * guarded.bill
    assert "within the bound" in verdict_of(without, guarded)

    # Once it is stopped, nothing more is spent, hours before anybody comes.
    assert guarded.stopped.startswith("by the guard, after ")
    series: dict[str, list[Any]] = {run["name"]: run["series"] for run in shown["runs"]}
    minute = int(guarded.stopped.removeprefix("by the guard, after ").partition(" ")[0])
    after = [cost for at, cost in series["with"] if at > minute]
    assert len(after) > 30
    assert len(set(after)) == 1

    # The project beside it: the same traffic, all of it answered, at the same cost, with its limits as they were.
    assert guarded.beside == without.beside > 0
    [beside] = [each for each in shown["projects"] if each["name"] == BESIDE]
    assert beside["refused"] == 0
    assert not any(limit["stopped"] for limit in beside["limits"])
    assert not any(key["state"] != "answers" for key in beside["keys"])

    # Every act is explained: what it did, what it cost and at what it acts.
    said = [line["text"] for line in shown["log"] if line["kind"] == "guard"]
    assert {line.split()[1] for line in said} == {"throttle", "notify", "stop"}
    assert all(line.startswith(f"{STOLEN}: ") for line in said)
    assert all(f"{CURRENCY}" in line and " acts " in line for line in said)
    assert list(guarded.acts) == said

    # The table at the end has both, and names the bound.
    printed = table(outcomes)
    assert f"{guarded.bound:,.2f} {CURRENCY}" in printed
    assert "not bounded" in printed
    assert PROJECT_IDS[STOLEN]
