"""SIGKILL of the engine, of a whole run, and of the local cloud, at points spread over `up`, update and destroy.

`make kills` kills at all 60 points, twice: runs of `gemini-lz`, which recover by themselves, and of plain `pulumi`,
with `gemini-lz recover` before the second run.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.operations.stage import SECRETS, Stage, census, stage_in
from tests.workspace import STACK, sampled

LZ: Mapping[str, tuple[str, ...]] = {verb: ("gemini-lz", verb, STACK, "--yes") for verb in ("up", "destroy")}
PLAIN: Mapping[str, tuple[str, ...]] = {
    verb: ("pulumi", verb, "--yes", "--skip-preview", "--non-interactive", "--stack", STACK) for verb in LZ
}
HOW = ("group", "engine", "cloud")
#: Numbers of writes after which a run is killed; the run makes some more.
WRITES = {"up": range(0, 60, 2), "update": range(0, 20, 2), "destroy": range(0, 120, 6)}


def points() -> Iterator[tuple[str, int, str, bool]]:
    """Sixty points; the ways to kill take turns, with the last write carried out or not."""
    for verb, writes in WRITES.items():
        ways = itertools.cycle(itertools.product(HOW, (True, False)))
        for number, (how, carried_out) in zip(writes, ways, strict=False):
            yield verb, number, how, carried_out


POINTS = list(points())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Stage]:
    """The stack with everything, made without a kill."""
    with stage_in(tmp_path_factory.mktemp("made"), engine) as stage:
        code, printed = stage.run(*LZ["up"])
        assert code == 0, printed
        yield stage


CASES = [
    *(("gemini-lz", *point) for point in sampled(POINTS, 1)),
    *(("pulumi, gemini-lz recover", *point) for point in sampled(POINTS, 1)),
]


@pytest.mark.parametrize(("through", "verb", "number", "how", "carried_out"), CASES)
def test_a_kill_at_any_write_and_the_next_run_converges(
    made: Stage,
    tmp_path: Path,
    engine: Engine,
    record_property: Callable[[str, object], None],
    through: str,
    verb: str,
    number: int,
    how: str,
    carried_out: bool,
) -> None:
    with stage_in(tmp_path, engine, None if verb == "up" else made) as stage:
        if verb == "update":
            stage.change()
        commands = LZ if through == "gemini-lz" else PLAIN
        command = commands["destroy" if verb == "destroy" else "up"]
        stage.kill(command, how, number, carried_out=carried_out)
        for each in (command,) if commands is LZ else (("gemini-lz", "recover", STACK), command):
            code, printed = stage.run(*each)
            assert code == 0, printed
        _converged(stage, made, verb)
    record_property("kills", through)


def _converged(stage: Stage, made: Stage, verb: str) -> None:
    found = census(stage.cloud)
    assert not any(secret in stage.state() for secret in SECRETS)
    if verb == "destroy":
        assert found["projects"] == ["sandbox-seed"]
        assert "budgets" not in found
        return
    # Two channels, alerts or budgets of one name are one that was created twice.
    assert {kind: names for kind, names in found.items() if len(set(names)) != len(names)} == {}
    if verb == "up":
        assert found == census(made.cloud)
    assert stage.workspace.preview() == []
