"""Whether a run is at work beside drift, and what it does when the state moves under it."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from landing_zone.audit.applied import parse
from landing_zone.drift.reading import Reading
from landing_zone.drift.state import State
from landing_zone.operations import drift
from landing_zone.operations.mark import FAILED, MARK

WRITTEN = "2026-11-27T10:00:00Z"
BEGAN = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
HERE = socket.gethostname()


def export(number: int, *pending: str) -> dict[str, Any]:
    """A state; `number`: its version. `pending`: URNs of what a run has begun."""
    operations = [{"resource": {"urn": urn}, "type": "updating"} for urn in pending]
    return {
        "version": number,
        "deployment": {"manifest": {"time": WRITTEN}, "resources": [], "pending_operations": operations},
    }


class FakeCli:
    """A CLI whose stack is written by somebody else."""

    def __init__(self, versions: Iterator[int], mark: str | None = None) -> None:
        self._versions, self._mark = versions, mark
        self.exports = 0

    def ask(self, *arguments: str) -> str:
        """What the CLI prints."""
        if "tag" in arguments:
            return json.dumps({MARK: self._mark} if self._mark else {})
        self.exports += 1
        return json.dumps(export(next(self._versions)))


@pytest.fixture
def _nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_cli: Any, _google: Any, state: State, _say: Any) -> Any:
        return drift._Found(state, parse(state.exported), Reading(), [])

    monkeypatch.setattr(drift, "_read", read)


@pytest.mark.usefixtures("_nothing_is_read")
@pytest.mark.parametrize(
    ("versions", "exports", "moved"),
    [([1, 1], 2, False), ([1, 2, 3, 3], 4, False), ([1, 2, 3, 4, 5, 6, 7], 6, True)],
)
def test_a_state_that_moves_is_read_again_three_times_at_most(
    versions: list[int], exports: int, moved: bool
) -> None:
    said: list[str] = []
    cli = FakeCli(iter(versions))
    found = drift._read_steadily(cli, None, said.append)  # type: ignore[arg-type]  # nothing asks Google here
    assert (cli.exports, found.moved) == (exports, moved)
    assert len(said) == exports // 2 - 1
    run, killed = drift._run_of(found)
    assert (bool(run), killed) == (moved, [])


def found(mark: str | None, *pending: str) -> Any:
    """A reading of a stack with a mark."""
    state = State(export(1, *pending))
    return drift._Found(state, parse(state.exported), Reading(), [], mark)


def test_a_mark_says_which_run_is_at_work_and_since_when() -> None:
    at = "at 2026-11-27T10:30:00Z"
    other, _ = drift._run_of(found(f"up by ann@elsewhere (pid 7) {at}"))
    assert other is not None
    assert (other.words, other.begin) == (f"up by ann@elsewhere (pid 7) {at}", BEGAN)
    # Of this machine, that process has ended.
    run, [killed] = drift._run_of(found(f"destroy by ann@{HERE} (pid {2**22 + 1}) {at}"))
    assert run is None
    assert "did not end" in killed
    assert "gemini-lz recover" in killed
    assert drift._run_of(found(f"{FAILED}up by ann@{HERE} (pid 7) {at}")) == (None, [])
    assert drift._run_of(found(None)) == (None, [])


def test_operations_that_have_begun_are_those_of_a_run() -> None:
    run, killed = drift._run_of(found(None, "urn:1", "urn:2"))
    assert run is not None
    assert run.words.startswith("2 operations that have begun")
    assert run.begin == datetime.fromisoformat(WRITTEN)
    assert killed == []
