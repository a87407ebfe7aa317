"""The mark of a run says who wrote it, to whoever reads it back."""

import os
from typing import Any

import pytest

from landing_zone.operations.mark import FAILED, SPLIT, is_of_split, parts_of, set_mark


@pytest.mark.parametrize("verb", ["up", f"{FAILED}destroy", f"{SPLIT}prod"])
def test_a_mark_is_read_as_it_was_written(verb: str) -> None:
    asked: list[Any] = []

    class FakeCli:
        def ask(self, *arguments: str) -> str:
            asked.extend(arguments)
            return ""

    cli: Any = FakeCli()
    set_mark(cli, verb)
    mark = asked[-1]
    assert is_of_split(mark) == verb.startswith(SPLIT)
    parts = parts_of(mark)
    if is_of_split(mark):
        assert parts is None
    else:
        assert parts is not None
        assert (parts.is_here, parts.pid) == (True, os.getpid())
        assert parts.at is not None
