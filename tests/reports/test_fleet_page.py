"""The page of a fleet's run, in a real browser: it opens by itself, fits a phone, and says what the JSON says."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from landing_zone.fleet.outcome import DONE, FAILED, Outcome
from landing_zone.fleet.summary import Summary
from landing_zone.reports.fleet_page import LARGEST, fleet_page
from tests.browser import browser
from tests.reports.test_page import EVIL, WIDTHS, at, figures_of, tab

__all__ = ["browser"]  # the fixture

COUNT = LARGEST + 4


def made(verb: str, *more: Outcome) -> Summary:
    teams = [
        Outcome(
            f"team-{number:02}",
            DONE,
            exit_code=0,
            changes={"created": 18 + number, "unchanged": 2},
            resources={"budget create": 2, "key create": 1 + number},
            before=None if number % 3 else "900.00 USD",
            after=f"{1000 + 37 * number:,}.35 USD and 10.00 EUR",
            planned={"USD": "2.205"},
            seconds=6.2,
        )
        for number in range(COUNT)
    ]
    return Summary(verb, (*teams, *more), 33.2)


@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_by_itself_and_says_what_the_json_says(browser: Browser, tmp_path: Path, width: int) -> None:
    summary = made("up", Outcome(EVIL, FAILED, [EVIL], 1, refused=3))
    path = tmp_path / "fleet.html"
    shown = summary.as_json()
    path.write_text(fleet_page(shown), encoding="utf-8")
    for opened in tab(browser, path, width):
        assert opened.problems == []
        assert opened.asked == [opened.uri]
        assert opened.page.evaluate("window.broken") is None
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        figures = figures_of(opened)
        for place, value, text in figures:
            if not place.startswith("months/"):
                assert str(at(shown, place)) == value, place
            if place.startswith("worstMonth/"):
                assert Decimal(text.replace(",", "")) == Decimal(value)
        places = {place for place, *_ in figures}
        assert {f"stacks/{state}" for state in ("done", "failed")} <= places
        assert {f"worstMonth/{number}/{side}" for number in (0, 1) for side in ("before", "after")} <= places
        assert {f"outcomes/{number}/changes/created" for number in range(COUNT)} <= places
        charts = opened.page.evaluate(
            "[...document.querySelectorAll('.plotly-graph-div')].map(e => e.data.map(t => t.x.length))"
        )
        assert charts == [[LARGEST, LARGEST]] * 2
        text = opened.page.inner_text("main")
        assert "Not done: 1 stack" in text
        assert "not known of 1 stack" in text
        assert opened.page.locator("table:not(:has(caption))").count() == 0


def test_one_stack_without_a_bound_leaves_the_whole_without(browser: Browser, tmp_path: Path) -> None:
    summary = made("up", Outcome("open", DONE, exit_code=0, before="5.00 USD", after="not bounded"))
    path = tmp_path / "fleet.html"
    path.write_text(fleet_page(summary.as_json()), encoding="utf-8")
    for opened in tab(browser, path, 1400):
        found = {place: text for place, _, text in figures_of(opened)}
        assert (found["worstMonth/0/before"], found["worstMonth/0/after"]) == ("5,405.00", "not bounded")
        assert "Not bounded: 1 stack" in opened.page.inner_text("main")


def test_differences_stand_in_a_table_with_their_author_and_money(browser: Browser, tmp_path: Path) -> None:
    difference: dict[str, Any] = {
        "project": "chat", "kind": "budget", "name": "chat", "what": "amount", "applied": "100", "inForce": "900",
        "words": "budget raised to 900.00 USD", "since": "2026-11-26T08:00:00+00:00", "by": "ann@example.com",
        "guard": False, "ofRun": False, "worstMonth": {"before": "100", "after": "900", "currency": "USD"},
    }  # fmt: skip
    drift = {"runAtWork": None, "differences": [difference], "unread": ["alerts of chat: no permission"]}
    summary = made("drift", Outcome("prod", DONE, exit_code=1, drift=drift))
    path = tmp_path / "fleet.html"
    path.write_text(fleet_page(summary.as_json()), encoding="utf-8")
    for opened in tab(browser, path, 1400):
        row = opened.page.locator("tr", has_text="budget raised to 900.00 USD").inner_text()
        assert "ann@example.com" in row
        assert "900 USD, before 100" in row
        assert "alerts of chat: no permission" in opened.page.inner_text("main")
