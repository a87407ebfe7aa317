"""Where commands print, and the options that several have."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from landing_zone.pricing.days import today

WIDE = 200
"""Columns where no terminal says how many there are: what is piped on is not cut."""
out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DATE = ["%Y-%m-%d"]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=DATE, help="The day that counts as today (Pacific): its prices hold."),
]
Folder = Annotated[Path, typer.Option("--stacks", help="The folder of the stack files.")]
Stack = Annotated[str, typer.Argument(help="The stack, such as prod.")]


def day_of(as_of: datetime | None) -> date:
    """The day that counts as today."""
    return within_reach(as_of.date()) if as_of else today()


def within_reach(day: date) -> date:
    """A day for which there can be a plan: the Gemini API's, and some decades."""
    if not 2017 <= day.year <= 2100:
        refuse(f"{day} is out of reach: write a day from 2017 to 2100")
    return day


def refuse(text: str) -> NoReturn:
    """Wrong usage, or what the command needs is missing."""
    err.print(text, markup=False)
    raise typer.Exit(2)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """A sign of life on a terminal; what it gives is told how far the work is."""
    if err.is_terminal:
        with err.status(what) as status:
            yield lambda how_far: status.update(f"{what}: {how_far}")
    else:
        yield lambda _: None
