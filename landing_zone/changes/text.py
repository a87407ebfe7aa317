"""A change as text, in a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from landing_zone.changes.change import Change, StackChange
from landing_zone.changes.row import Row
from landing_zone.changes.violations import Violation
from landing_zone.changes.words import (
    NO_CHANGE,
    NO_STACK,
    compared_words,
    counts,
    headline,
    judged,
    mistakes,
    moved_words,
    name_of,
    violation_words,
    ways_besides,
)
from landing_zone.printing import on_one_line
from landing_zone.reports.worst_month import UNBOUNDED


def show_change(console: Console, change: Change) -> None:
    """A line for each stack, and below it all that differs."""
    if not change.stacks:
        _line(console, NO_STACK if change.configurations.changes else NO_CHANGE)
    for stack in change.stacks:
        _stack(console, stack, change)
    if change.configurations.changes:
        _line(console, "policy/config", "bold", ": changed, so each stack is judged by it and by the base's")
        _rows(console, change.configurations.rows)
    for text in change.configurations.mistakes_before:
        _line(
            console, "", "", f"policy/config of the base cannot be read, this change's alone judges: {text}"
        )
    _line(console, compared_words(change), "dim")


def _stack(console: Console, stack: StackChange, change: Change) -> None:
    _line(console, name_of(stack), "bold", f": {headline(stack, change.month)}")
    for text in mistakes(stack):
        for line in text.splitlines():
            _line(console, f"  {line}", "red")
    for way in ways_besides(stack):
        _line(console, f"  {UNBOUNDED}", "red", f": {way}")
    _rows(console, stack.rows)
    violations = stack.violations
    for word, style, found in (
        ("new", "bold red", violations.new),
        ("tightened", "red", violations.tightened),
        ("loosened", "yellow", violations.loosened),
        ("cured", "green", violations.cured),
    ):
        for each in found:
            _violation(console, word, style, each)
    if violations.moved:
        _line(console, f"  {moved_words(violations)}", "yellow")
    if judged(stack):
        _line(console, f"  policies: {counts(violations)}")


def _violation(console: Console, word: str, style: str, violation: Violation) -> None:
    _line(console, f"  {word}", style, f"  {violation_words(violation)}")
    if word != "cured":
        _line(console, f"      {violation.judged.where}: {violation.judged.finding.advice}")


def _rows(console: Console, rows: Sequence[Row]) -> None:
    projects = max((len(row.project) for row in rows), default=0)
    whats = max((len(row.what) for row in rows), default=0)
    for row in rows:
        project = f"{row.project:<{projects}}  " if projects else ""
        change = f"  {row.change}" if row.change else ""
        _line(console, f"  {project}{row.what:<{whats}}  {row.before} → {row.after}{change}")


def _line(console: Console, text: str, style: str = "", rest: str = "") -> None:
    line = Text(on_one_line(text), style=style)
    line.append(on_one_line(rest), style="not bold not dim default")
    console.print(line, soft_wrap=True)
