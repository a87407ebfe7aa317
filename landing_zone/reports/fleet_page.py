"""The page of a fleet's run: all stacks, what was done in each, and what they can cost together."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from landing_zone.pricing.money import Money, format_amount, plain
from landing_zone.printing import counted
from landing_zone.reports.drawing import BLUE, COLOURS, Chart, Path, amount, at, caption, horizontal_bars
from landing_zone.reports.page import render
from landing_zone.reports.summary import amounts_in
from landing_zone.reports.worst_month import UNBOUNDED

LARGEST: Final = 12
"""Stacks in a chart."""
_NOTHING: Final = Decimal(0)


def fleet_page(summary: Mapping[str, Any]) -> str:
    """The page as HTML. `summary`: what `gemini-lz fleet … --json` prints last.

    A figure on it is the summary's, as on the page of a report; those of stacks and months stand under `months`.
    """
    shown = {**summary, "months": _months(summary["outcomes"])}

    def words(path: Path, found: Any) -> str:
        if found is None:
            return "–"
        if isinstance(found, int):
            return f"{found:,}"
        if found == "unlimited":
            return UNBOUNDED
        if path[-1] == "seconds":
            return f"{found:,.0f}"
        currency = path[1] if path[0] == "months" else at(shown, (*path[:2], "currency"))
        return format_amount(Decimal(found), str(currency), up=path[0] != "planned")

    charts = [_months_chart(shown, currency) for currency in shown["months"]]
    drawn = [each for each in charts if each]
    context = {
        "fleet": shown,
        "charts": drawn,
        "left": [each for each in shown["outcomes"] if each["state"] != "done"],
        "unbounded": UNBOUNDED,
        "kinds": ("created", "updated", "replaced", "deleted", "taken over", "unchanged"),
        "planned_of": _planned,
        "counted": counted,
    }
    return render("fleet.html", shown, words, context)


def _months(outcomes: list[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, str | None]]]:
    """Currency → stack → the worst month before and after, of the stacks that have said it."""
    found: dict[str, dict[str, dict[str, str | None]]] = {}
    for each in outcomes:
        month = each["worstMonth"]
        sides = {side: amounts_in(month[side] or "") for side in ("before", "after")}
        for currency in dict.fromkeys([*sides["before"], *sides["after"]]):
            found.setdefault(currency, {})[each["stack"]] = {
                side: plain(sides[side].get(currency, _NOTHING)) for side in sides
            }
    return found


def _months_chart(shown: Mapping[str, Any], currency: str) -> Chart | None:
    """The worst month of each stack, before and after: of those with the largest."""
    months = shown["months"][currency]

    def largest(stack: str) -> Decimal:
        return max(Decimal(each) for each in months[stack].values())

    stacks = sorted((stack for stack in months if largest(stack)), key=largest, reverse=True)
    drawn = stacks[:LARGEST]
    if not drawn:
        return None
    traces = [
        (side, colour, [("months", currency, stack, side) for stack in drawn])
        for side, colour in (("before", COLOURS[5]), ("after", BLUE))
    ]
    words = caption([f"{stack}: {amount(months[stack]['after'])}" for stack in drawn])
    if len(stacks) > LARGEST:
        words += f". The {LARGEST} largest of {len(stacks)}"
    return Chart(
        f"The worst month by stack, before and after, {currency}",
        words,
        tuple((title, "bar", colour) for title, colour, _ in traces),
        horizontal_bars(shown, drawn, traces),
    )


def _planned(outcome: Mapping[str, Any]) -> Iterator[str]:
    """The planned cost of a stack's month, an amount a currency."""
    for currency, text in outcome["planned"].items():
        yield str(Money(Decimal(text), currency))
