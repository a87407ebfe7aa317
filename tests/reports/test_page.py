"""The page of a report, in a real browser: it opens by itself, reads well on a phone, and says what the JSON says."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from landing_zone.pricing.days import months_from
from landing_zone.reports.environment_report import Report, report
from landing_zone.reports.page import MOST, page
from tests.browser import browser
from tests.reports.stack import ACCOUNT, AS_OF, loaded

__all__ = ["browser"]  # the fixture

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PROJECTS = """\
chat:
  projectId: acme-chat-x
  tier: paid
  keys:
    backend: {allowedIps: [203.0.113.7], methods: [generate, caches]}
    website: {allowedReferrers: ["https://chat.example.com/*"], methods: [generate]}
  budget: {amount: 700, currency: USD}
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
  keys: {notebooks: {methods: [generate, caches]}}
  budget: {amount: 150, currency: USD, spendCap: {amount: 300}}
  limits:
    gemini-4-argon: {requestsPerMinute: 2, requestsPerDay: 100, inputTokensPerMinute: 30000}
    gemini-3.1-pro-preview: {requestsPerMinute: 1, requestsPerDay: 50, inputTokensPerMinute: 30000}
    others: deny
  workload:
    - model: gemini-4-argon
      requestsPerDay: {low: 40, expected: 60, high: 90}
      inputTokens: 8000
      outputTokens: {low: 3000, expected: 4000, high: 6000}
      businessHours: true
lab:
  projectId: acme-lab-x
  tier: free
  workload: [{model: gemini-3.5-flash-lite, requestsPerDay: 80, inputTokens: 1200}]
"""
ENVIRONMENT = f"""\
accountTerms: {{{ACCOUNT}: {{tier: 2}}}}
sharedBudgets: {{product: {{projects: [chat, research], amount: 900, currency: USD}}}}"""
#: Nothing is planned; one project is unlimited, another is charged in euros.
WITHOUT_A_PLAN = """\
open:
  projectId: acme-open-x
  tier: paid
  budget: {amount: 10, currency: USD}
  limits: {gemini-3.5-flash-lite: {requestsPerMinute: 1}}
shut: {projectId: acme-shut-x, tier: paid, budget: {amount: 10, currency: EUR}, limits: {others: deny}}
"""
WIDTHS = {390: 844, 1400: 900}
EVIL = "<b>name</b><script>window.broken=1</script><img src=x onerror=window.broken=1>"
#: What the charts alone show, and what says nothing: parts of a bound, what a key shares with its project.
NOT_IN_TABLES = re.compile(
    r".*/models/[^/]+/exposure/\w+/(input|output|cacheStorage|grounding)|.*/keys/[^/]+/exposure/(minute|hour)"
)


@dataclass
class Opened:
    """The page in a tab, with what went wrong and what was asked for on the way."""

    page: Page
    uri: str
    width: int
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def draw(self) -> None:
        """Open it, and wait for its charts."""
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda sent: self.asked.append(sent.url))
        self.page.goto(self.uri)
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.plotly-graph-div')].every(e => e.querySelector('.main-svg'))"
        )


def made(folder: Path, projects: str, environment: str = "") -> Report:
    settings = loaded(folder, projects.rstrip(), environment).model_copy(update={"stack": "prod"})
    return report(settings, months_from(AS_OF, 3), AS_OF)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return made(tmp_path_factory.mktemp("stack"), PROJECTS, ENVIRONMENT)


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda width: f"{width}px")
def opened(
    browser: Browser, found: Report, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Opened]:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(found), encoding="utf-8")
    yield from tab(browser, path, request.param)


def tab(browser: Browser, path: Path, width: int, colours: Any = "light") -> Iterator[Opened]:
    held = browser.new_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=colours)
    found = Opened(held, path.as_uri(), width)
    found.draw()
    yield found
    held.close()


def at(shown: Any, path: str) -> Any:
    for key in path.split("/"):
        shown = shown[int(key)] if isinstance(shown, list) else shown[key]
    return shown


def as_text(value: Any) -> str:
    return "null" if value is None else str(value)


def leaves(shown: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in the JSON, with its path."""
    pairs = (
        shown.items() if isinstance(shown, dict) else enumerate(shown) if isinstance(shown, list) else None
    )
    if pairs is None:
        yield path.removeprefix("/"), shown
        return
    for key, value in pairs:
        yield from leaves(value, f"{path}/{key}")


def is_figure(path: str, value: Any) -> bool:
    if value is None:
        return "/limits/" in path
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or value == "unlimited" or bool(re.fullmatch(r"\d+(\.\d+)?", value))


def must_be_told(shown: dict[str, Any]) -> set[str]:
    """The paths of all figures that a reader must find: the JSON's, but for those told by another."""
    told = {path for path, value in leaves(shown) if is_figure(path, value)}
    told = {path for path in told if not NOT_IN_TABLES.fullmatch(path)}
    for name, project in shown["estimate"]["projects"].items():
        if not project["workload"]:
            told = {path for path in told if not path.startswith(f"estimate/projects/{name}/months/")}
    for name, project in shown["exposure"]["projects"].items():
        if not project["models"]:
            # "Nothing can be spent."
            told.remove(f"exposure/projects/{name}/exposure/lag")
        for model, values in project["models"].items():
            if values["limits"]["requestsPerMinute"] == 0:
                limits = f"exposure/projects/{name}/models/{model}/limits"
                told -= {f"{limits}/requestsPerDay", f"{limits}/inputTokensPerMinute"}
    for index, total in enumerate(shown["exposure"]["total"]):
        if total["exposure"]["day"] == "unlimited":
            told -= {f"exposure/total/{index}/exposure/{window}" for window in ("minute", "hour")}
    return told


def figures_of(opened: Opened) -> list[tuple[str, str, str]]:
    return [
        (path, value, text)
        for path, value, text in opened.page.evaluate(
            """() => [...document.querySelectorAll('[data-figure]')]
                .map(e => [e.dataset.figure, e.dataset.value, e.textContent])"""
        )
    ]


def hold(figures: list[tuple[str, str, str]], shown: dict[str, Any]) -> None:
    """All figures are there, and each is the JSON's: exactly in its attribute, and to the cent as it is read, a bound
    rounded up."""
    for path, value, text in figures:
        assert as_text(at(shown, path)) == value, path
        if value in ("unlimited", "null"):
            unlimited = "not bounded" if "worstMonth" in path else "unlimited"
            assert text == {"unlimited": unlimited, "null": "no limit"}[value], path
        elif text.endswith("%"):
            assert Decimal(text[:-1]) / 100 == Decimal(value), path
        else:
            assert re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d\d)?", text), path
            rounding = ROUND_CEILING if path.startswith("exposure/") else ROUND_HALF_EVEN
            assert Decimal(text.replace(",", "")) == Decimal(value).quantize(Decimal("0.01"), rounding), path
    assert {path for path, *_ in figures} == must_be_told(shown)


def test_it_opens_without_a_network(opened: Opened) -> None:
    assert opened.problems == []
    assert opened.asked == [opened.uri]


def test_it_reads_well_on_a_phone_and_on_a_screen(opened: Opened) -> None:
    assert opened.page.evaluate("document.documentElement.scrollWidth") == opened.width
    wide = opened.page.evaluate(
        """width => [...document.querySelectorAll('h1, h2, h3, p, li, dd, figure, .plotly-graph-div')]
            .filter(e => e.getBoundingClientRect().right > width + 1 || e.scrollWidth > e.clientWidth + 1)
            .map(e => e.textContent.slice(0, 40))""",
        opened.width,
    )
    assert wide == []
    # A heading is whole: nothing of it is cut off or beneath something else.
    cut = opened.page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, caption')]
            .filter(e => e.scrollHeight > e.clientHeight + 1 || !e.getClientRects().length).map(e => e.textContent)"""
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


def test_charts_are_whole_and_their_texts_apart(opened: Opened) -> None:
    charts = opened.page.evaluate(
        """() => [...document.querySelectorAll('.plotly-graph-div')].map(chart => {
            const own = chart.getBoundingClientRect();
            const texts = [...chart.querySelectorAll('svg text')]
                .filter(e => e.textContent.trim()).map(e => [e.textContent, e.getBoundingClientRect()]);
            const cut = texts.filter(([, r]) =>
                r.left < own.left - 1 || r.right > own.right + 1 || r.top < own.top - 1 || r.bottom > own.bottom + 1);
            const over = texts.flatMap(([one, a], i) => texts.slice(i + 1).filter(([, b]) =>
                a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
                .map(([other]) => [one, other]));
            const shapes = [...chart.querySelectorAll('.trace path')].map(e => e.getBoundingClientRect());
            return {
                width: chart.querySelector('.main-svg').getBoundingClientRect().width,
                place: own.width, texts: texts.length, cut: cut.map(([text]) => text), over,
                drawn: shapes.filter(r => r.width > 1 || r.height > 1).length,
                named: document.getElementById(chart.getAttribute('aria-labelledby')).textContent.trim(),
                told: document.getElementById(chart.getAttribute('aria-describedby')).textContent.trim(),
            };
        })"""
    )
    assert len(charts) == 4 + 4 + 4 + 1
    for chart in charts:
        assert chart["width"] <= min(opened.width, chart["place"] + 1), chart
        assert chart["texts"], chart
        assert chart["drawn"], chart
        assert chart["cut"] == chart["over"] == [], chart
        assert chart["named"], chart
        assert len(chart["told"]) > 10, chart


def test_every_figure_is_the_jsons(opened: Opened, found: Report) -> None:
    figures = figures_of(opened)
    hold(figures, found.as_json())
    assert len(figures) > 250


def test_every_value_that_a_chart_draws_is_the_jsons(opened: Opened, found: Report) -> None:
    shown = found.as_json()
    traces = opened.page.evaluate(
        """() => [...document.querySelectorAll('.plotly-graph-div')].flatMap(e => e.data)
            .map(t => [t.meta, Array.from(t.x), Array.from(t.orientation === 'h' ? t.x : t.y), t.name])"""
    )
    compared = set()
    for meta, x, values, _ in traces:
        figures, days = meta.get("figures", []), meta.get("days", [])
        assert len(figures or days) == len(values) == len(x)
        for path, value in [*zip(figures, values, strict=False), *zip(days, x, strict=False)]:
            if path is not None:
                assert value == (at(shown, path) if days else float(at(shown, path))), path
                compared.add(path)
    # A budget period's last day is its cost, in all cases; and nothing that the charts are for is left out.
    wanted = {f"estimate/total/0/{case}" for case in ("low", "expected", "high")}
    for name in ("chat", "research"):
        place = f"estimate/projects/{name}"
        for index in range(3):
            wanted |= {f"{place}/budget/{index}/amount", f"estimate/sharedBudgets/product/{index}/amount"}
            for case in ("low", "expected", "high"):
                wanted |= {f"{place}/budget/{index}/cost/{case}", f"{place}/months/{index}/cost/{case}"}
                wanted.add(f"estimate/sharedBudgets/product/{index}/cost/{case}")
        wanted |= {
            f"exposure/projects/{name}/exposure/day",
            f"exposure/projects/{name}/changes/0/exposure/day",
        }
    wanted.add("exposure/projects/research/models/gemini-4-argon/exposure/lag/output")
    wanted.add("estimate/projects/chat/budget/2/thresholds/2/crossed/expected")
    assert wanted - compared == set()
    # Day by day: a value each, which never falls within a month.
    daily = next(y for _, _, y, name in traces if name == "expected, cumulative" and len(y) == 95)
    for first, last in ((0, 30), (31, 62), (63, 94)):
        assert daily[first:last] == sorted(daily[first:last])
        assert daily[last] is None


def test_what_adds_up_day_by_day_is_called_cumulative(opened: Opened) -> None:
    charts = opened.page.locator("figure.chart").filter(has_text="Cumulative planned spend")
    assert charts.count() == 3, "of all projects, and of each that has a budget and a plan"
    for chart in charts.all():
        assert "cumulative, USD" in chart.locator(".ytitle").text_content()  # type: ignore[operator]  # it is there
        assert chart.get_by_role("list").locator("li").first.text_content() == "expected, cumulative"


def test_what_it_says_in_words(opened: Opened) -> None:
    text = opened.page.inner_text("main")
    assert "calls that name its web pages, as any caller can" in text
    assert "nothing by itself: somebody acts on the budget's mail" in text
    assert "spendCap" in text
    assert "lab: nothing is charged on the free tier" in text
    assert "Nothing can be spent." in text
    sources = opened.page.locator("main section:last-of-type li a[href^='https://']").count()
    assert sources == 13
    assert opened.page.get_attribute("html", "lang") == "en"
    assert opened.page.locator("th:not([scope])").count() == 0
    assert opened.page.locator("table:not(:has(caption))").count() == 0


def test_it_looks_as_in_the_docs(opened: Opened, tmp_path: Path) -> None:
    """The pictures of docs/images are made by this test, with UPDATE_SCREENSHOTS=1."""
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path
    picture = folder / f"report-{opened.width}.png"
    height = opened.page.evaluate(
        "document.querySelector('main .charts').getBoundingClientRect().bottom + scrollY + 8"
    )
    clip = {"x": 0, "y": 0, "width": opened.width, "height": height}
    opened.page.screenshot(path=picture, full_page=True, clip=clip)  # type: ignore[arg-type]  # a TypedDict of floats
    assert 20_000 < picture.stat().st_size < 300_000
    assert (IMAGES / picture.name).exists()


def test_it_can_be_read_in_the_dark(browser: Browser, found: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(found), encoding="utf-8")
    for opened in tab(browser, path, 390, "dark"):
        texts = opened.page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                ...[...document.querySelectorAll('svg text')].map(e => getComputedStyle(e).fill),
                ...[...document.querySelectorAll('p, td, th, li, figcaption, a')]
                    .map(e => getComputedStyle(e).color)]"""
        )
        ground, *colours = [luminance(text) for text in texts]
        assert ground < 0.05
        assert min((colour + 0.05) / (ground + 0.05) for colour in colours) > 4.5


def luminance(colour: str) -> float:
    """As WCAG defines it."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("width", WIDTHS)
def test_without_a_plan_and_without_a_bound(browser: Browser, tmp_path: Path, width: int) -> None:
    unlimited = made(tmp_path, WITHOUT_A_PLAN)
    path = tmp_path / "report.html"
    path.write_text(page(unlimited), encoding="utf-8")
    for opened in tab(browser, path, width):
        assert opened.problems == []
        assert opened.asked == [opened.uri]
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        hold(figures_of(opened), unlimited.as_json())
        text = opened.page.inner_text("main")
        assert "open: every other model: no limit holds for it; write others: deny under limits" in text
        # No bar stands for what is unlimited.
        assert "Not drawn, as it is unlimited: every other model" in text
        drawn = opened.page.evaluate(
            "[...document.querySelectorAll('.plotly-graph-div')].flatMap(e => e.data)"
        )
        assert [len(trace["x"]) for trace in drawn] == [1, 1, 1]


def test_texts_cannot_break_out_of_it(browser: Browser, found: Report, tmp_path: Path) -> None:
    chat, bounded = found.estimate.projects["chat"], found.exposure.projects["chat"]
    # What is said of a model has its name in it, in tables and charts alike.
    line = replace(chat.lines[0], model=EVIL, notes=(EVIL,))
    models = (replace(bounded.models[0], model=EVIL), *bounded.models[1:])
    crafted = Report(
        replace(
            found.estimate,
            stack=EVIL,
            projects={EVIL: replace(chat, name=EVIL, lines=(line,))},
            shared_budgets={EVIL: found.estimate.shared_budgets["product"]},
            warnings=(EVIL,),
        ),
        replace(
            found.exposure,
            projects={
                EVIL: replace(
                    bounded,
                    name=EVIL,
                    models=models,
                    keys=(replace(bounded.keys[0], name=EVIL, open_to=EVIL),),
                    not_bounded=(EVIL,),
                    mechanism=EVIL,
                )
            },
        ),
    )
    path = tmp_path / "report.html"
    path.write_text(page(crafted), encoding="utf-8")
    assert EVIL not in path.read_text(encoding="utf-8")
    for opened in tab(browser, path, 390):
        assert opened.problems == []
        assert opened.asked == [opened.uri]
        assert opened.page.evaluate("window.broken") is None
        assert opened.page.locator("img").count() == 0
        # Charts show it as text too.
        assert opened.page.evaluate("document.querySelector('svg .annotation-text').textContent").startswith(
            EVIL
        )
        assert opened.page.title() == f"Gemini API spend: {EVIL}"


def test_of_many_projects_those_that_cost_most_have_charts(tmp_path: Path) -> None:
    count = MOST + 3
    many = made(
        tmp_path,
        "\n".join(
            f"p{index}: {{projectId: acme-p{index}-x, tier: paid, budget: {{amount: 9, currency: USD}}, "
            f"limits: {{others: deny}}, "
            f"workload: [{{model: gemini-3.8-flash, requestsPerDay: {1000 + index}, inputTokens: 1000}}]}}"
            for index in range(count)
        ),
    )
    text = page(many)
    assert f"Charts are of the {MOST} projects that cost most; the tables have all {count}." in text
    assert len(re.findall(r'data-chart="project-\d+-1"', text)) == MOST
    order = re.findall(r'<h2 id="project-\d+">(\w+)</h2>', text)
    assert order == [f"p{index}" for index in reversed(range(count))]
    assert 'data-figure="estimate/projects/p0/workload/0/cost/expected"' in text
