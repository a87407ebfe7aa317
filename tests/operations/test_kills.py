"""SIGKILL of the engine, of a whole run, and of the local cloud, at points spread over `up`, update and destroy."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.operations.stage import SECRETS, Stage, census, stage_in
from tests.workspace import STACK, sampled

UP = ("gemini-lz", "up", STACK, "--yes")
DESTROY = ("gemini-lz", "destroy", STACK, "--yes")
HOW = ("group", "engine", "cloud")


def points(verb: str, writes: range) -> Iterator[tuple[str, int, str, bool]]:
    """A point per number of writes; the ways to kill take turns, with the last write carried out or not."""
    ways = itertools.cycle(itertools.product(HOW, (True, False)))
    for number, (how, carried_out) in zip(writes, ways, strict=False):
        yield verb, number, how, carried_out


POINTS = [
    *points("up", range(0, 60, 2)),
    *points("update", range(0, 20, 2)),
    *points("destroy", range(0, 40, 2)),
]
assert len(POINTS) == 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Stage]:
    """The stack with everything, made without a kill."""
    with stage_in(tmp_path_factory.mktemp("made"), engine) as stage:
        code, printed = stage.run(*UP)
        assert code == 0, printed
        yield stage


@pytest.mark.parametrize(("verb", "number", "how", "carried_out"), sampled(POINTS, 3))
def test_after_a_kill_the_same_command_converges(
    made: Stage, tmp_path: Path, engine: Engine, verb: str, number: int, how: str, carried_out: bool
) -> None:
    with stage_in(tmp_path, engine, None if verb == "up" else made) as stage:
        if verb == "update":
            stage.change()
        command = DESTROY if verb == "destroy" else UP
        stage.kill(command, how, number, carried_out=carried_out)

        code, printed = stage.run(*command)

        assert code == 0, printed
        found = census(stage.cloud)
        assert not any(secret in stage.state() for secret in SECRETS)
        if verb == "destroy":
            assert found["projects"] == ["sandbox-seed"]
            assert "budgets" not in found
            return
        assert_nothing_twice(found)
        if verb == "up":
            assert found == census(made.cloud)
        assert stage.workspace.preview() == []


def assert_nothing_twice(found: dict[str, list[str]]) -> None:
    """Two channels, alerts or budgets of one name are one that was created twice."""
    assert {kind: names for kind, names in found.items() if len(set(names)) != len(names)} == {}
