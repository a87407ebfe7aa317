"""The page of `make demo` in a real browser: it loads at once, from nowhere else, reads well and works by keyboard."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from sandbox.demo.board import Board, Key, Limit, Line, Name, Project
from sandbox.demo.page import served
from sandbox.demo.story import Story
from sandbox.errors import SandboxError
from tests.browser import browser

__all__ = ["browser"]  # the fixture

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTHS = {390: 844, 1400: 900}
BEGIN = datetime(2026, 11, 10, 1, 30, tzinfo=UTC)
EVIL = "<img src=x onerror=window.broken=1><script>window.broken=1</script>"


@dataclass
class Opened:
    """The page in a tab, with what went wrong and what was asked for."""

    page: Page
    board: Board
    address: str
    width: int
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def draw(self) -> None:
        """Open it, and wait for what the board has."""
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda sent: self.asked.append(sent.url))
        self.page.goto(self.address)
        self.wait()

    def wait(self) -> None:
        """Wait until it shows what the board has."""
        self.page.wait_for_selector(f"body[data-version='{self.board.version}']")


def story() -> Board:
    """A board in the midst of the second run."""
    board = Board(Decimal(50), "USD")
    runs: tuple[tuple[Name, str, int, str | None], ...] = (
        ("without", "without a guard", 2400, None),
        ("with", "with limits and guard", 61, "118.40"),
    )
    for name, title, top, bound in runs:
        run = board.begin(name, title)
        run.bound = bound
        for minute in range(0, 481, 5):
            cost = (
                Decimal(top)
                * min(minute, 480 if name == "without" else 25)
                / (480 if name == "without" else 25)
            )
            board.at(run, BEGIN + timedelta(minutes=minute), minute, cost, projects(cost))
    say = board.say
    say(BEGIN, "thief", "calls with the key of chat from 198.51.100.66, at the limits of every model")
    say(
        BEGIN + timedelta(minutes=18),
        "guard",
        "throttle acme-chat-demo: the last 10 minutes cost 24.10 USD, more than 3 times 0.60",
    )
    say(BEGIN + timedelta(minutes=25), "guard", "stop acme-chat-demo: metered 61.00 USD of 50.00")
    say(BEGIN + timedelta(minutes=90), "mail", f"to oncall@example.com: {EVIL}")
    board.set(phase="eight hours after the theft somebody reads the mail")
    return board


def projects(cost: Decimal) -> list[Project]:
    limits = (
        Limit("gemini-3.1-pro-preview: 0 calls a minute, before 20", stopped=True),
        Limit("all others: denied"),
    )
    keys = (Key("backend", "answers, bound to its service account", stolen=True), Key("website", "answers"))
    return [
        Project(
            "chat",
            "acme-chat-demo",
            "50",
            str(cost),
            "12.10",
            0,
            180,
            limits,
            keys,
            "linked to 01A2B3-C4D5E6-F7A8B9",
        ),
        Project(
            "shop",
            "acme-shop-demo",
            "80",
            "3.20",
            "2.90",
            4,
            0,
            (Limit("gemini-3.8-flash: 60 calls a minute"),),
            (Key("app", "answers"),),
            "linked to 01A2B3-C4D5E6-F7A8B9",
        ),
    ]


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    board, width = story(), request.param
    with served(board) as address:
        held = browser.new_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme="light")
        found = Opened(held, board, address, width)
        found.draw()
        yield found
        held.close()


def test_it_loads_at_once_and_from_nowhere_else(opened: Opened) -> None:
    assert opened.problems == []
    assert opened.asked == [opened.address, f"{opened.address}events"]
    # By the browser's own clock; the best of three, as the machine does other things too.
    took = []
    for _ in range(3):
        opened.page.reload()
        opened.wait()
        took.append(opened.page.evaluate("performance.now()"))
    assert min(took) < 1000
    # What a mail says is text.
    assert EVIL in opened.page.inner_text("#log")
    assert opened.page.evaluate("window.broken") is None


def test_it_reads_well_on_a_phone_and_on_a_screen(opened: Opened) -> None:
    finish(opened.board)
    opened.wait()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == opened.width
    cut = opened.page.evaluate(
        """width => [...document.querySelectorAll('h1, h2, h3, p, li, dd, td, th, button, label, svg text')]
            .filter(e => e.getClientRects().length && !e.closest('thead'))
            .filter(e => e.getBoundingClientRect().right > width + 1 || e.getBoundingClientRect().left < 0)
            .map(e => e.textContent.slice(0, 60))""",
        opened.width,
    )
    assert cut == []
    small = opened.page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
            .filter(e => e.getClientRects().length && !['SCRIPT', 'STYLE'].includes(e.tagName))
            .filter(e => parseFloat(getComputedStyle(e).fontSize) < (e.closest('svg') ? 11 : 14))
            .map(e => e.textContent)"""
    )
    assert small == []


def test_it_follows_the_run_to_its_end(opened: Opened) -> None:
    assert (
        "without a guard: 2,400.00 USD after 480 minutes; with limits and guard: 61.00 USD"
        in opened.page.inner_text("#chart-words")
    )
    assert opened.page.locator("#result").is_hidden()
    finish(opened.board)
    opened.wait()
    assert opened.page.inner_text("#phase") == "over"
    assert "39 times" in opened.page.inner_text("#verdict")
    assert opened.page.locator("#result tbody tr").count() == 2
    assert opened.page.locator("#pause").is_disabled()
    # The result is seen without scrolling, and a key that is pressed afterwards does no harm.
    box = opened.page.locator("#result").bounding_box()
    assert box is not None
    assert box["y"] < WIDTHS[opened.width] / 2
    opened.page.keyboard.press("Space")
    assert opened.problems == []
    assert opened.board.orders() == []


def test_what_is_ordered_when_nobody_serves_any_more_is_no_error(opened: Opened) -> None:
    opened.page.route("**/control", lambda route: route.abort())
    opened.page.evaluate("order({step: 1})")
    assert not [each for each in opened.problems if "Failed to load resource" not in each]


def test_clock_and_faults_are_ordered_by_keyboard(opened: Opened) -> None:
    press = opened.page.keyboard.press
    # Every control can be reached with Tab, and shows that it has the focus.
    reached = set()
    for _ in range(8):
        press("Tab")
        reached.add(
            opened.page.evaluate(
                "document.activeElement.dataset.do || document.activeElement.dataset.set || document.activeElement.id"
            )
        )
        assert opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert {"pause", "step", "speed", "seriesDelay", "guardDown", "duplicates", "log"} <= reached
    opened.page.evaluate("document.activeElement.blur()")
    press("Space")
    press("m")
    press("h")
    opened.page.focus("[data-set=guardDown]")
    press("Space")
    opened.page.focus("#speed")
    press("ArrowUp")
    wanted: list[dict[str, Any]] = [{"paused": True}, {"step": 1}, {"step": 60}, {"guardDown": True}]
    found: list[dict[str, Any]] = []
    while len(found) < 5 and (more := opened.board.orders(5)):
        found += more
    assert found[:4] == wanted
    assert set(found[4]) == {"speed"}


def test_it_looks_as_in_the_docs(opened: Opened, tmp_path: Path) -> None:
    """The pictures of docs/images are made by this test, with UPDATE_SCREENSHOTS=1."""
    finish(opened.board)
    opened.wait()
    # Not what a hostile mail says, which the page shows as it is.
    opened.page.evaluate(
        "document.querySelectorAll('#log li').forEach(e => e.textContent.includes('onerror') && e.remove())"
    )
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path
    picture = folder / f"demo-{opened.width}.png"
    opened.page.screenshot(path=picture, full_page=True)
    assert 20_000 < picture.stat().st_size < 400_000
    assert (IMAGES / picture.name).exists()


def finish(board: Board) -> None:
    board.end(
        [
            Line("without", "not bounded", "2,400.00 USD", "3.20 USD", "by a person, after 8 hours"),
            Line(
                "with limits and guard",
                "118.40 USD",
                "61.00 USD",
                "3.20 USD",
                "by the guard, after 25 minutes",
            ),
        ],
        "The bill with limits and guard is within its bound; without them it is 39 times as high.",
    )


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Host": "evil.example.com"}, {"step": 1}, 403),
        ({"Origin": "https://evil.example.com"}, {"step": 1}, 403),
        ({"Content-Type": "text/plain"}, {"step": 1}, 415),
        ({}, {"step": -1}, 400),
        ({}, {"step": True}, 400),
        ({}, {"rm": 1}, 400),
        ({}, [], 400),
        ({}, {"step": 1}, 200),
    ],
)
def test_only_the_page_orders_and_only_what_is_offered(headers: dict[str, str], body: Any, code: int) -> None:
    board = Board(Decimal(50), "USD")
    with served(board) as address:
        request = urllib.request.Request(  # noqa: S310 the address is served here
            f"{address}control", json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 the address is served here
                found = answer.status
        except urllib.error.HTTPError as error:
            found = error.code
    assert found == code
    assert board.orders() == ([body] if code == 200 else [])


def test_a_fault_that_is_set_in_the_first_run_holds_in_the_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, Any]] = []

    class Cloud:
        def begin(self, *_: Any) -> None:
            """It has no fault then."""

        def admin(self, _: str, path: str, body: Any = None) -> None:
            asked.append((path, body))

        def deploy(self, *_: Any) -> None:
            raise SandboxError("far enough")

    board = Board(Decimal(50), "USD")
    night = Story(board, None, tmp_path, 7)  # type: ignore[arg-type]  # nothing is deployed
    monkeypatch.setattr("sandbox.demo.story.run_cloud", lambda *_: nullcontext(Cloud()))
    board.order({"duplicates": True})
    night.obey(Cloud())  # type: ignore[arg-type]  # as far as it goes
    assert asked == [("/_local/pubsub", {"duplicates": 1})]
    with pytest.raises(SandboxError, match="far enough"):
        night.run("with")
    assert asked[1:] == asked[:1]
