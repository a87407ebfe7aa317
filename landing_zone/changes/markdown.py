"""A change as a comment on a pull request.

GitHub and GitLab render it, and obey what they find: whatever a stack file says is escaped, so that it brings no
markup, mention, link or reference of its own.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

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

MARKER: Final = "<!-- gemini-lz diff -->"
"""The first line: by it CI finds its comment, and updates it."""
MOST: Final = 65_536
"""Bytes of a comment; GitHub takes as many characters."""
_KEPT_FREE: Final = 512
"""For what closes a page that is cut."""
_MOST_OF_A_TEXT: Final = 600
_SHORT: Final = 12
"""Rows of a table that need not be unfolded."""

_MARKUP: Final = re.compile(r"[&<>|\\`*_~\[\]{}!$^#@\u200b]")
# They look for mentions, emoji, addresses and references (GitLab also for !1, ~label and %milestone) in the rendered
# text, where a reference to a character (&#64;) is that character again: something unseen has to stand behind it.
_OBEYED: Final = re.compile(
    r"(?i)[@#]|[!~%&$](?=[\w\"])|:(?=//|[a-z+-][\w+-]*:|100:|1234:)|www(?=\.)|GH(?=-)"
)
_UNSEEN: Final = "\u200b"
"""No text that is shown has it."""


def as_markdown(change: Change) -> str:
    """The comment."""
    page = _Page()
    page.write(MARKER)
    if not change.stacks:
        words = NO_STACK if change.configurations.changes else NO_CHANGE
        page.write(f"**gemini-lz diff**: {words}", "")
    for stack in change.stacks:
        page.write(f"**{escaped(name_of(stack))}**: {escaped(headline(stack, change.month))}", "")
    for text in change.failures:
        page.write(f"- **fails**: {_lines(text)}")
    if change.failures:
        page.close("")
    for stack in change.stacks:
        _stack(page, stack, named=len(change.stacks) > 1)
    if change.configurations.changes:
        page.write("**policy/config** is changed, so each stack is judged by it and by the base's:", "")
        _table(page, change.configurations.rows)
    for text in change.configurations.mistakes_before:
        page.write(
            f"policy/config of the base cannot be read, this change's alone judges: {escaped(text)}", ""
        )
    return page.finished(f"<sub>{escaped(compared_words(change))}</sub>")


def _stack(page: "_Page", stack: StackChange, *, named: bool) -> None:
    violations = stack.violations
    if named and not stack.is_empty and stack.status != "removed":
        page.write(f"#### {escaped(name_of(stack))}", "")
    _list(page, (f"**mistake** {_lines(text)}" for text in mistakes(stack)))
    _list(page, (f"**{UNBOUNDED}**: {escaped(way)}" for way in ways_besides(stack)))
    if len(stack.rows) <= _SHORT:
        _table(page, stack.rows)
    else:
        _folded(page, f"{len(stack.rows)} values differ", stack.rows)
    for word, found in (
        ("new", violations.new),
        ("tightened", violations.tightened),
        ("loosened", violations.loosened),
        ("cured", violations.cured),
    ):
        _list(page, (_violation(word, each) for each in found))
    if violations.moved:
        page.write(escaped(moved_words(violations)), "")
    if judged(stack):
        page.write(f"Policies: {escaped(counts(violations))}", "")


def _violation(word: str, violation: Violation) -> str:
    text = f"**{word}** {escaped(violation_words(violation))}"
    if word == "cured":
        return text
    return f"{text}<br>{escaped(f'{violation.judged.where}: {violation.judged.finding.advice}')}"


def _folded(page: "_Page", summary: str, rows: Sequence[Row]) -> None:
    """A table that is folded."""
    if page.write("<details>", f"<summary>{escaped(summary)}</summary>", ""):
        _table(page, rows)
        page.close("</details>", "")


def _list(page: "_Page", items: Iterable[str]) -> None:
    written = [page.write(f"- {item}") for item in items]
    if any(written):
        page.close("")


def _table(page: "_Page", rows: Sequence[Row]) -> None:
    if not rows:
        return
    projects = any(row.project for row in rows)
    heads = [*(["project"] if projects else []), "what", "before", "after", ""]
    if page.write(f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"):
        for row in rows:
            cells = row if projects else row[1:]
            page.write(f"| {' | '.join(map(escaped, cells))} |")
        page.close("")


class _Page:
    """Lines up to what a comment may have: the first that does not fit, and all after it, are left out."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left = MOST - _KEPT_FREE
        self._left_out = 0

    def write(self, *lines: str) -> bool:
        """Write lines, all of them or none; returns whether they fit."""
        size = sum(len(line.encode()) + 1 for line in lines)
        if self._left_out or size > self._left:
            self._left_out += 1
            return False
        self._left -= size
        self._lines += lines
        return True

    def close(self, *lines: str) -> None:
        """Write what ends a list, a table or a fold that is written, whether or not all of it is."""
        self._lines += lines

    def finished(self, last: str) -> str:
        """The whole page, with a note if it is cut."""
        note = (
            [f"… and {self._left_out:,} more lines: `gemini-lz diff` prints them", ""]
            if self._left_out
            else []
        )
        return "\n".join([*self._lines, *note, last]) + "\n"


def _lines(text: str) -> str:
    """A text of several lines."""
    return "<br>".join(escaped(line.strip()) for line in text.splitlines())


def escaped(text: str) -> str:
    """A text without anything that is obeyed."""
    text = _OBEYED.sub(lambda found: f"{found[0]}{_UNSEEN}", on_one_line(text, _MOST_OF_A_TEXT))
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
