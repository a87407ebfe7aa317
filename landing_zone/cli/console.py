"""Output of the commands, and options that several of them have."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import Timer
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from landing_zone.pricing.days import today
from landing_zone.printing import as_json, in_lines, on_one_line

WIDE = 200
"""Columns of output that is not a terminal, so that piped text is not cut."""


class _Filtered:
    """What is printed, without secrets and without characters that a terminal or a log obeys; styles stay."""

    def __init__(self, printed: list[ConsoleRenderable]) -> None:
        self._printed = printed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        for each in self._printed:
            for segment in console.render(each, options):
                yield segment if segment.control else segment._replace(text=in_lines(segment.text))


class _Filter(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Filtered(renderables)]


out = Console(
    highlight=False, emoji=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
)
err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
for _console in (out, err):
    _console.push_render_hook(_Filter())

DATE = ["%Y-%m-%d"]
WAIT_S = 2.0
"""Seconds after which a command without a terminal prints that it is working."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=DATE, help="The day to use as today (Pacific), with its prices."),
]


def day_of(as_of: datetime | None) -> date:
    """The day to use as today."""
    return within_reach(as_of.date()) if as_of else today()


def within_reach(day: date) -> date:
    """The day, if a plan for it makes sense; exits with a message otherwise."""
    if not 2017 <= day.year <= 2100:
        refuse(f"{day} is out of range: write a day from 2017 to 2100")
    return day


def write(text: str) -> None:
    """Write text for programs to stdout, filtered as all output is."""
    sys.stdout.write(in_lines(text))
    sys.stdout.flush()


def write_json(value: Any, indent: int | None = 2) -> None:
    """Write JSON to stdout; without `indent` in one line."""
    sys.stdout.write(f"{as_json(value, indent)}\n")
    sys.stdout.flush()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also where one that others can read was there. Raises OSError."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fchmod(file.fileno(), 0o600)
        file.write(text)


def refuse(text: str) -> NoReturn:
    """Print the reason and exit with 2: wrong usage, or something that the command needs is missing."""
    err.print(text, markup=False)
    raise typer.Exit(2)


def format_of(given: str | None, as_json: bool) -> str:
    """The format that `--format` or `--json` asks for; text if neither does."""
    if as_json and given not in (None, "json"):
        refuse(f"--json means --format json, which contradicts --format {given}: write one of the two")
    return "json" if as_json else given or "text"


def labelled(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Rows of label, text and style, with the texts below each other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for label, text, style in rows:
        table.add_row(f"  {label}", Text(on_one_line(text), style=style))
    return table


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show that work is under way: a status line on a terminal, else one line after two seconds.

    Yields a function that updates the text of the progress.
    """
    if err.is_terminal:
        with err.status(what) as status:
            yield lambda how_far: status.update(f"{what}: {how_far}")
        return
    progress: list[str] = []
    timer = Timer(WAIT_S, lambda: err.print(f"{': '.join([what, *progress[-1:]])} …", markup=False))
    timer.daemon = True
    timer.start()
    try:
        yield progress.append
    finally:
        timer.cancel()
        timer.join()
