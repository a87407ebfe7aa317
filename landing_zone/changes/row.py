"""A line of a comparison, as text and Markdown show it."""

from typing import NamedTuple

NOTHING = "-"
"""In a cell: there is no such thing on that side."""


class Row(NamedTuple):
    """A value before and after a change."""

    project: str
    """Its name in the stack file, or several; empty if the value is the environment's."""
    what: str
    before: str
    after: str
    change: str = ""
