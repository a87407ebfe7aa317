"""A fleet's run on the screen: a live table on a terminal, plain lines in a pipe."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from landing_zone.cli import fleet_screen
from landing_zone.cli.fleet_screen import FleetScreen
from landing_zone.fleet.child import Child
from landing_zone.fleet.outcome import DONE, FAILED, Outcome, Reading
from landing_zone.fleet.summary import Summary

KEY = "AIza" + "C" * 35


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> str:
    """What a run of two stacks prints."""
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=100, height=10, color_system=None)
    monkeypatch.setattr(fleet_screen, "out", console)
    monkeypatch.setattr(fleet_screen, "_QUIET_S", -1.0)
    child = Child("team-a", Path("none"), Path("none"), reading=Reading())
    child.reading.see('{"event": "working", "text": "creating project"}')
    good = Outcome(
        "team-a", DONE, changes={"created": 18}, after="747.35 USD", planned={"USD": "1.5"}, seconds=6
    )
    bad = Outcome("team-b", FAILED, ["no permission\nand more"], 1, log="logs/team-b.log")
    with FleetScreen("up", 2, as_json=False) as screen:
        screen.started(child)
        screen.tick([child], 1)
        screen.ended(good)
        screen.ended(bad)
    screen.summary(Summary("up", (good, bad), 8))
    return written.getvalue()


def test_a_pipe_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = shown(monkeypatch, terminal=False)
    assert "\x1b" not in printed
    lines = printed.splitlines()
    assert "team-a: an earlier run has begun it; waiting for its end" in lines
    assert any(
        line.startswith("… 1 at work, 1 waiting of 2; ") and line.endswith(": team-a") for line in lines
    )
    assert "team-a: done: 18 created; at worst in a month: 747.35 USD; 6 s" in lines
    assert "team-b: failed: no permission" in lines
    assert lines[-5:] == [
        "failed   team-b: no permission; all of it: logs/team-b.log",
        "no worst month is known of team-b",
        "at worst in a month, all stacks: 0.00 USD before, 747.35 USD after",
        "planned this month, all stacks: 1.50 USD",
        "2 stacks: 1 done, 1 failed; 8 s",
    ]


def test_a_terminal_has_a_table_of_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = shown(monkeypatch, terminal=True)
    assert "\x1b[" in printed, "the table is drawn over"
    row = next(line for line in printed.splitlines() if "creating project" in line)
    assert "team-a" in row
    assert "0 done" in row
    assert "team-a: done: 18 created" in printed


def test_what_a_stack_writes_is_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    written = StringIO()
    monkeypatch.setattr(fleet_screen, "out", Console(file=written, width=200))
    reading = Reading()
    for line in (f'{{"event": "error", "text": "no {KEY}"}}', f"plain {KEY}"):
        reading.see(line)
    with FleetScreen("up", 1, as_json=False) as screen:
        screen.ended(reading.outcome("a", 1, {}))
    assert KEY not in written.getvalue()
    assert "no [an API key]" in written.getvalue()
