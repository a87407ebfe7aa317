"""`make demo`: the story with its page in the browser, and the table at the end."""

import argparse
import webbrowser

from sandbox.demo.board import Board
from sandbox.demo.page import served
from sandbox.demo.stack import BUDGETS, CURRENCY, STOLEN
from sandbox.demo.story import Outcome, Story, line_of, verdict_of
from sandbox.engine import get_engine
from sandbox.errors import SandboxError
from sandbox.layout import ROOT, SANDBOX
from sandbox.steps import say
from sandbox.venv import POLICY_PACK, make_environment

_COLUMNS = ("", "bound stated beforehand", "final bill", "the project beside it", "stopped")


def run(arguments: list[str]) -> None:
    """Run the story. Raises SandboxError if the bill is above the bound that was stated beforehand."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument(
        "--no-browser", action="store_true", help="open no browser; the page is served all the same"
    )
    parser.add_argument(
        "--fast", action="store_true", help="as fast as it goes, instead of 10 minutes a second"
    )
    parser.add_argument("--seed", type=int, default=7, help="of all that is left to chance; 7 by default")
    parser.add_argument("--port", type=int, default=0, help="of the page; any by default")
    given = parser.parse_args(arguments)
    engine = get_engine()
    make_environment(ROOT, POLICY_PACK)
    board = Board(BUDGETS[STOLEN], CURRENCY)
    story = Story(board, engine, SANDBOX.state / "demo", given.seed, fast=given.fast)
    with served(board, given.port) as address:
        say(f"The page: {address}")
        if not given.no_browser:
            webbrowser.open(address)
        outcomes = story.run_both()
        say("\n".join(f"  {act}" for act in outcomes[1].acts))
        say(table(outcomes))
        board.wait_until_seen()
    without, guarded = outcomes
    say(verdict_of(without, guarded))
    if not guarded.is_within:
        raise SandboxError("The bill is above the bound that was stated beforehand.")


def table(outcomes: tuple[Outcome, ...]) -> str:
    """The table at the end, in columns as wide as their texts."""
    lines = [line_of(outcome) for outcome in outcomes]
    rows = [_COLUMNS, *((each.title, each.bound, each.bill, each.beside, each.stopped) for each in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
