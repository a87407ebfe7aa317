"""What a command needs to know: given by options, asked for on a terminal, or reported as missing, all at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from landing_zone.cli.console import err, refuse
from landing_zone.printing import on_one_line
from landing_zone.scaffolding.answers import AnswerError


@dataclass(frozen=True)
class Question:
    """A value that the command needs or takes: how it is asked for, and what checks it."""

    option: str
    text: str
    example: str
    check: Callable[[str], Any]
    default: str | None = None
    """Of what may be left out; empty for none."""
    many: bool = False


class Form:
    """Answers, with all that is wrong or missing."""

    def __init__(self, *, asks: bool) -> None:
        self._asks = asks
        self._problems: list[str] = []

    def check(self, check: Callable[[str], Any], text: str, option: str) -> Any:
        """The checked value; None if it is wrong, which `end` reports."""
        try:
            return check(text)
        except AnswerError as error:
            self.add(f"{option}: {error.reason}", error.remedy)
            return None

    def add(self, reason: str, remedy: str) -> None:
        """Add a problem, which `end` reports."""
        self._problems.append(f"{on_one_line(reason)}\n    {on_one_line(remedy)}")

    def filled(self, given: Mapping[Question, Any]) -> dict[Question, Any]:
        """All values: those given, and the others asked for, by default or missing."""
        # Who gives all that is needed by options is asked nothing.
        guided = self._asks and not all(given[each] for each in given if each.default is None)
        found: dict[Question, Any] = {}
        for question, value in given.items():
            if value:
                texts = value if question.many else [value]
                checked = [self.check(question.check, text, question.option) for text in texts]
                found[question] = checked if question.many else checked[0]
            elif guided:
                found[question] = _asked(question)
            elif question.default is None:
                self.add(
                    f"{question.option} is missing: {question.text[0].lower()}{question.text[1:]}",
                    f"write {question.option} {question.example}",
                )
                found[question] = None
            else:
                found[question] = question.default
        return found

    def end(self) -> None:
        """Exit with all that is wrong, if anything is."""
        if self._problems:
            refuse("\n".join([*self._problems, "nothing was written"]))


def _asked(question: Question) -> Any:
    """Answers on a terminal, each asked for again until it is right; of many, until an empty one."""
    found: list[Any] = []
    while True:
        more = ", empty for no more" if found else ""
        default = question.default if question.default is not None else "" if found else None
        text = typer.prompt(
            f"{question.text} (such as {question.example}{more})",
            default=default,
            show_default=bool(default),
            err=True,
        ).strip()
        if not text and default == "":
            return found if question.many else ""
        try:
            value = question.check(text)
        except AnswerError as error:
            err.print(f"  {on_one_line(error.reason)}: {on_one_line(error.remedy)}", markup=False)
            continue
        if not question.many:
            return value
        found.append(value)
