"""Names for a stack file, from what people call things."""

from collections.abc import Container
from typing import Final

LONGEST: Final = 24
PATTERN: Final = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
"""Of the names of projects, keys and quotas in a stack file; at most LONGEST characters."""


def plain(title: str, otherwise: str = "key") -> str:
    """A title converted to a name for a stack file: lowercase letters and digits with single hyphens.

    `otherwise`: what stands before a title that begins with no letter.
    """
    words = "".join(
        letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()
    ).split()
    name = "-".join(words)[:LONGEST].strip("-")
    return name if name[:1].isalpha() else f"{otherwise}-{name}"[:LONGEST].strip("-")


def unique(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it if it is taken."""
    number = 1
    found = name
    while found in taken:
        number += 1
        end = f"-{number}"
        found = f"{name[: LONGEST - len(end)].rstrip('-')}{end}"
    return found
