"""Drift as Markdown, for a comment, a job's summary or a mail. What others named is escaped: it brings no markup."""

from itertools import groupby
from typing import Final

from landing_zone.changes.markdown import MOST, escaped
from landing_zone.drift.difference import Difference, Drift
from landing_zone.drift.words import closing, details, headline

MARKER: Final = "<!-- gemini-lz drift -->"
"""The first line: by it CI finds its comment, and updates it."""
_CUT: Final = "\n- … and more: gemini-lz drift has them all\n"


def as_markdown(drift: Drift) -> str:
    """The page; cut where a comment could not hold it."""
    lines = [MARKER, f"**{escaped(headline(drift))}**", ""]
    for project, differences in groupby(drift.differences, key=lambda each: each.project):
        lines += [f"- **{escaped(project or 'environment')}**", *map(_line, differences)]
    lines += ["", *(f"{escaped(each)}\n" for each in closing(drift))]
    text = "\n".join(lines).rstrip() + "\n"
    if len(text.encode()) <= MOST:
        return text
    kept = text.encode()[: MOST - len(_CUT.encode())].decode(errors="ignore")
    return kept.rpartition("\n")[0] + _CUT


def _line(difference: Difference) -> str:
    more = details(difference)
    mark = "" if difference.counts else "(no drift) "
    return f"  - {mark}{escaped(difference.words)}{f' ({escaped(more)})' if more else ''}"
