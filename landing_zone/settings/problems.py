"""Mistakes in a stack file: the place, the reason, and what to write instead."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from landing_zone.printing import MOST_SHOWN, counted, on_one_line

NAMESPACE = "gemini-landing-zone"
MOST_PRINTED: Final = 100
"""Mistakes that are printed; of the others, their number."""
SPLIT: Final = "split"
"""The key of a stack file that `gemini-lz fleet split` is at work on."""
MOST_FOUND: Final = 300
"""Mistakes after which the rest of a file is not checked: a file made for it has any number of them."""
_MOST_KNOWN: Final = 1000
_MOST_TEXT: Final = 1000
"""Characters of a reason or a remedy."""

Path = tuple[str | int, ...]
"""Keys and list positions from the namespace down, as in `("projects", "chat", "budget", "thresholds", 0)`."""


def setting_of_key(key: str, project: str = NAMESPACE) -> str | None:
    """The setting that a key of a stack file's `config` names; None if it is not one of this project's.

    As Pulumi reads keys: one without a colon is in the namespace of the Pulumi project, and `namespace:config:name` is
    an old form of `namespace:name`. Source: ParseKey and stackConfigNamespacedWithProject in Pulumi's SDK, 3.259.
    `project`: what Pulumi.yaml calls the project.
    """
    space, colon, name = key.partition(":")
    if not colon:
        space, name = project, key
    module, colon, old = name.partition(":")
    if colon:
        name = old if module == "config" and ":" not in old else ""
    return name if space == NAMESPACE and name else None


def is_key(key: str) -> bool:
    """True if Pulumi can read it: it refuses a file that has another."""
    return key.count(":") < 2 or (key.count(":") == 2 and key.split(":")[1] == "config")


def path_text(path: Path, key: str = "") -> str:
    """The path as the stack file spells it: `gemini-landing-zone:projects.chat.budget.thresholds[0]`.

    `key`: the first part as the file has it, where that is not the usual form.
    """
    shown = [part if isinstance(part, int) else on_one_line(str(part), MOST_SHOWN) for part in path]
    below = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in shown[1:])
    if key and path:
        return on_one_line(key, MOST_SHOWN) + below
    return f"{NAMESPACE}:{shown[0] if shown else ''}{below}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, if one is near enough; of very many, the first are known."""
    if len(word) > MOST_SHOWN:
        return None
    by_folded = {name.casefold(): name for name in islice(known, _MOST_KNOWN) if len(name) <= MOST_SHOWN}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def shown_value(value: object) -> str:
    """A value of a stack file for a message: short, on one line, without secrets."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bytes | set | tuple):
        return "a value of another kind"
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value).lower()
    return on_one_line(text, MOST_SHOWN)


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake."""

    path: Path
    reason: str
    remedy: str
    file: str = ""
    line: int | None = None
    key: str = ""
    """The first part of the path as the file has it."""

    def __str__(self) -> str:
        file = on_one_line(self.file)
        where = f"{file}:{self.line}: " if self.line else f"{file}: " if file else ""
        lines = (on_one_line(text, _MOST_TEXT) for text in (self.reason, self.remedy))
        return "\n    ".join([f"{where}{path_text(self.path, self.key)}", *lines])

    def as_json(self) -> dict[str, str | int | None]:
        """The mistake for programs."""
        return {
            "file": self.file or None,
            "line": self.line,
            "path": path_text(self.path, self.key),
            "reason": on_one_line(self.reason, _MOST_TEXT),
            "remedy": on_one_line(self.remedy, _MOST_TEXT),
        }


class SettingsError(Exception):
    """The settings are wrong. Has every mistake at once, in the order of the file; of very many, the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0, [str(x) for x in p.path])))
        count, least = len(self.problems), "at least " if len(problems) >= MOST_FOUND else ""
        head = f"{least}{counted(count, 'mistake')} in the settings; nothing was created."
        more = [f"and {count - MOST_PRINTED} more"] if count > MOST_PRINTED else []
        super().__init__("\n".join([head, *map(str, self.problems[:MOST_PRINTED]), *more]))
