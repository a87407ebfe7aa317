"""Mistakes in a stack file: the place, the reason, and what to write instead."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NAMESPACE = "gemini-landing-zone"

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
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    if key and path:
        return key + text.removeprefix(str(path[0]))
    return f"{NAMESPACE}:{text}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, if one is near enough."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


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
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{where}{path_text(self.path, self.key)}\n    {self.reason}\n    {self.remedy}"

    def as_json(self) -> dict[str, str | int | None]:
        """The mistake for programs."""
        return {
            "file": self.file or None,
            "line": self.line,
            "path": path_text(self.path, self.key),
            "reason": self.reason,
            "remedy": self.remedy,
        }


class SettingsError(Exception):
    """The settings are wrong. Tells every mistake at once, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0, [str(x) for x in p.path])))
        count = len(self.problems)
        head = f"{count} mistake{'s' if count != 1 else ''} in the settings; nothing was created."
        super().__init__("\n".join([head, *map(str, self.problems)]))
