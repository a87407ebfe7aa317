"""The sign that a command works, where its output is piped."""

from io import StringIO
from threading import Event

import pytest
from rich.console import Console

from landing_zone.cli import console


class Shown(StringIO):
    """What is written, and an event at each whole line."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if "\n" in text:
            self.line.set()
        return written


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    piped = Shown()
    monkeypatch.setattr(console, "err", Console(file=piped, soft_wrap=True))
    return piped


def test_a_long_wait_is_one_plain_line(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "WAIT_S", 0)
    with console.working("reading projects"):
        assert shown.line.wait(60)
    assert shown.getvalue() == "reading projects …\n"


def test_a_short_one_is_none(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "WAIT_S", 3600)
    with console.working("reading projects") as progress:
        progress("1 of 2")
    assert shown.getvalue() == ""
