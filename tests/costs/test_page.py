"""The page of a report, in a real browser: it opens by itself, reads well on a phone, and says what the JSON says."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from landing_zone.costs.page import page
from landing_zone.costs.report import Report, report
from landing_zone.pricing.days import months_from
from sandbox.browser import find_browser
from tests.costs.stack import ACCOUNT, AS_OF, loaded

ROOT = Path(__file__).parents[2]
PROJECTS = """\
chat:
  projectId: acme-chat-x
  tier: paid
  keys: {backend: {allowedIps: [203.0.113.7]}, website: {allowedReferrers: ["https://chat.example.com/*"]}}
  budget: {amount: 700, currency: USD, spendCap: {amount: 900}}
  limits: {derive: {maxOvershoot: 5500}}
  workload:
    - model: gemini-3.8-flash
      requestsPerDay: {low: 5000, expected: 8000, high: 9500}
      inputTokens: 1200
      outputTokens: 300
      cachedTokens: 800
      cacheHours: 24
research:
  projectId: acme-research-x
  tier: paid
  budget: {amount: 100, currency: EUR}
  limits:
    gemini-4-argon: {requestsPerMinute: 2, requestsPerDay: 100, inputTokensPerMinute: 30000}
    gemini-3.1-pro-preview: {requestsPerMinute: 1, requestsPerDay: 50, inputTokensPerMinute: 30000}
    others: deny
  workload:
    - {model: gemini-4-argon, requestsPerDay: 60, inputTokens: 8000, outputTokens: 4000, businessHours: true}
open:
  projectId: acme-open-x
  tier: paid
  budget: {amount: 10, currency: USD}
  limits: {gemini-3.5-flash-lite: {requestsPerMinute: 1}}
lab:
  projectId: acme-lab-x
  tier: free
"""
WIDTHS = {390: 844, 1400: 900}
#: Chromium without what it would do in the network by itself.
QUIET = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    settings = loaded(
        tmp_path_factory.mktemp("stack"), PROJECTS.rstrip(), f"accountTerms: {{{ACCOUNT}: {{usdRate: 0.9}}}}"
    )
    return report(settings, months_from(AS_OF, 3), AS_OF)


@pytest.fixture(scope="module")
def file(found: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(found), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium: install it, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def opened(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, with its charts drawn; nothing went wrong on the way, and nothing was asked of any network."""
    width: int = request.param
    tab = browser.new_page(viewport={"width": width, "height": WIDTHS[width]})
    problems: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: problems.append(message.text) if message.type != "log" else None)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("request", lambda sent: asked.append(sent.url))
    tab.goto(file.as_uri())
    charts = tab.locator(".plotly-graph-div").count()
    tab.wait_for_function(
        "n => document.querySelectorAll('.plotly-graph-div .main-svg').length >= n", arg=charts
    )
    yield tab
    tab.close()
    assert problems == []
    assert asked == [file.as_uri()]


def at(shown: Any, path: str) -> Any:
    for key in path.split("/"):
        shown = shown[int(key)] if isinstance(shown, list) else shown[key]
    return shown


def amounts(shown: dict[str, Any]) -> Iterator[str]:
    """The paths of the figures that a reader must find."""
    cases, windows = ("low", "expected", "high"), ("minute", "hour", "day", "month", "lag")
    for index, _ in enumerate(shown["estimate"]["total"]):
        yield from (f"estimate/total/{index}/{case}" for case in cases)
    for index, _ in enumerate(shown["exposure"]["total"]):
        yield from (f"exposure/total/{index}/exposure/{window}" for window in ("day", "month"))
    for name, project in shown["estimate"]["projects"].items():
        place = f"estimate/projects/{name}"
        for index, _ in enumerate(project["workload"]):
            yield from (f"{place}/workload/{index}/cost/{case}" for case in cases)
            yield from (f"{place}/cost/{case}" for case in cases)
            for month, _ in enumerate(project["months"]):
                yield from (f"{place}/months/{month}/cost/{case}" for case in cases)
        for index, period in enumerate(project["budget"]):
            yield from (f"{place}/budget/{index}/cost/expected", f"{place}/budget/{index}/amount")
            yield from (
                f"{place}/budget/{index}/thresholds/{rule}/amount"
                for rule, _ in enumerate(period["thresholds"])
            )
    for name, project in shown["exposure"]["projects"].items():
        place = f"exposure/projects/{name}"
        yield from (f"{place}/{key}" for key in ("overshoot", "allowance") if project[key])
        for model, values in project["models"].items():
            yield from (f"{place}/exposure/{window}" for window in windows)
            for window in windows:
                bounded = "/total" if values["exposure"][window] != "unlimited" else ""
                yield f"{place}/models/{model}/exposure/{window}{bounded}"
        for index, _ in enumerate(project["changes"]):
            yield from (f"{place}/changes/{index}/exposure/{window}" for window in ("day", "lag"))


def test_it_reads_well_on_a_phone_and_on_a_screen(opened: Page) -> None:
    width = opened.viewport_size["width"] if opened.viewport_size else 0
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    wide = opened.evaluate(
        """width => [...document.querySelectorAll('h1, h2, h3, p, li, figure, .card, .plotly-graph-div')]
            .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.textContent.slice(0, 40))""",
        width,
    )
    assert wide == []
    small = opened.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
            .filter(e => e.getClientRects().length && !['SCRIPT', 'STYLE'].includes(e.tagName))
            .filter(e => parseFloat(getComputedStyle(e).fontSize) < 11).map(e => e.textContent)"""
    )
    assert small == []
    # Every chart is as wide as its place, and something is drawn in it.
    drawn = opened.evaluate(
        """() => [...document.querySelectorAll('.plotly-graph-div')].map(e => [
            Math.abs(e.querySelector('.main-svg').getBoundingClientRect().width - e.getBoundingClientRect().width),
            e.querySelectorAll('.trace').length])"""
    )
    assert len(drawn) == 9
    assert all(off <= 1 and traces for off, traces in drawn)


def test_every_figure_is_the_jsons(opened: Page, found: Report) -> None:
    shown = found.as_json()
    figures = opened.evaluate(
        """() => [...document.querySelectorAll('[data-figure]')]
            .map(e => [e.dataset.figure, e.dataset.value, e.textContent])"""
    )
    for path, value, text in figures:
        assert at(shown, path) == value, path
        assert text == (value if value == "unlimited" else f"{Decimal(value):,.2f}"), path
    assert set(amounts(shown)) - {path for path, *_ in figures} == set()


def test_every_value_that_a_chart_draws_is_the_jsons(opened: Page, found: Report) -> None:
    shown = found.as_json()
    traces = opened.evaluate(
        """() => [...document.querySelectorAll('.plotly-graph-div')].flatMap(e => e.data)
            .filter(t => t.meta).map(t => [t.meta.figures, Array.from(t.orientation === 'h' ? t.x : t.y)])"""
    )
    compared = 0
    for figures, values in traces:
        assert len(figures) == len(values)
        for path, value in zip(figures, values, strict=True):
            if path is not None:
                assert value == float(at(shown, path)), path
                compared += 1
    assert compared > 60


def test_what_is_unlimited_or_cannot_cost_is_told_in_words(opened: Page) -> None:
    text = opened.inner_text("main")
    assert "Unlimited: every other model: no limit holds for it; write others: deny under limits" in text
    assert "Nothing can be spent." in text
    assert "in 7 days, prices rise" not in text
    assert "website opens all of it to calls that name its web pages, as any caller can" in text
    assert text.count("https://ai.google.dev/gemini-api/docs/") >= 4


def test_it_looks_as_in_the_docs(opened: Page, tmp_path: Path) -> None:
    """The pictures of docs/images are made by this test, with UPDATE_SCREENSHOTS=1."""
    width = opened.viewport_size["width"] if opened.viewport_size else 0
    folder = ROOT / "docs" / "images" if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path
    picture = folder / f"report-{width}.png"
    clip = {"x": 0, "y": 0, "width": width, "height": 1300}
    opened.screenshot(path=picture, full_page=True, clip=clip)  # type: ignore[arg-type]  # a TypedDict of floats
    assert (ROOT / "docs" / "images" / picture.name).exists()
    assert picture.stat().st_size > 20_000


def test_texts_cannot_break_out_of_it(found: Report) -> None:
    report_with = Report(found.estimate, found.exposure)
    object.__setattr__(report_with.estimate, "warnings", ("<script>alert(1)</script>",))
    made = page(report_with)
    assert "<script>alert(1)</script>" not in made
    assert "&lt;script&gt;alert(1)" in made
