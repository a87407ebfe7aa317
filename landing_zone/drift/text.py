"""Drift as text, in a terminal."""

from itertools import groupby

from rich.console import Console
from rich.text import Text

from landing_zone.drift.difference import Drift
from landing_zone.drift.words import closing, details, headline
from landing_zone.printing import on_one_line


def show_drift(console: Console, drift: Drift) -> None:
    """The differences of each project, then how many they are and what they mean in money."""
    for project, differences in groupby(drift.differences, key=lambda each: each.project):
        _line(console, project or "environment", "bold")
        for each in differences:
            _line(console, f"{'≠' if each.counts else ' '}  {each.words}", "red" if each.counts else "dim")
            if more := details(each):
                _line(console, f"     {more}")
    _line(console, headline(drift), "bold" if drift.counted else "")
    for sentence in closing(drift):
        _line(console, sentence)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(on_one_line(text), style=style), soft_wrap=True)
