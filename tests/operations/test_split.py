"""`gemini-lz fleet split`: a stack becomes several, killed at any write, and nothing at Google changes.

`make split` kills splits of six projects into three stacks, and of sixty into six, at every write; `make test` has one
kill at the most delicate one.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.operations.splitting import Copy, Splitting, stack_file
from tests.operations.stage import plain_stage
from tests.workspace import STACK, sampled

#: Stack → its projects in the end.
TWO = {STACK: ["p0", "p1"], f"{STACK}-2": ["p2", "p3"]}
THREE = {STACK: ["p0", "p1"], f"{STACK}-2": ["p2", "p3"], f"{STACK}-3": ["p4", "p5"]}
SIX = {
    f"{STACK}-{part + 1}" if part else STACK: [f"p{10 * part + number}" for number in range(10)]
    for part in range(6)
}
BETWEEN = 9
"""Writes after which both the old state and the new one of TWO have what moves."""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[tuple[Splitting, Copy]]:
    """A stack of six, made, that becomes three."""
    yield from made(tmp_path_factory.mktemp("three"), engine, stack_file(6, 3), "count=2")


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[tuple[Splitting, Copy]]:
    """A stack of sixty, made, that becomes six."""
    yield from made(tmp_path_factory.mktemp("six"), engine, stack_file(60, 6), "count=10")


def made(folder: Path, engine: Engine, text: str, by: str) -> Iterator[tuple[Splitting, Copy]]:
    with plain_stage(folder, engine, text) as stage:
        code, printed = stage.run("gemini-lz", "up", STACK, "--yes", "--no-preflight")
        assert code == 0, printed
        splitting = Splitting(stage, by)
        yield splitting, Copy(splitting, folder / "copy")


def killed_and_run_again(
    splitting: Splitting, copy: Copy, writes: int, expected: Mapping[str, list[str]]
) -> None:
    """Split, kill after so many writes, and run again: then all must hold."""
    copy.restore()
    before = splitting.writes()
    if splitting.killed(writes):
        for stack in splitting.stacks:
            nothing_runs(splitting, stack)
        assert splitting.writes() == before
        code, printed = splitting.stage.run(*splitting.command)
        assert code == 0, printed
    splitting.check(expected, before)


def nothing_runs(splitting: Splitting, stack: str) -> None:
    """By a file with a mark nothing runs, and one without is whole; one that has no project yet is no file."""
    code, printed = splitting.stage.run("gemini-lz", "up", stack, "--yes", "--no-preflight")
    words = ("a split of test has begun, and has not ended", "no project is set", "no config in the file")
    assert code == 0 or any(each in printed for each in words), printed


@pytest.mark.parametrize("writes", sampled(range(28), 0))
def test_a_split_killed_at_any_write_completes_and_changes_nothing_at_google(
    three: tuple[Splitting, Copy], writes: int
) -> None:
    killed_and_run_again(*three, writes, THREE)


@pytest.mark.parametrize("writes", sampled(range(55), 0))
def test_a_split_of_sixty_into_six_completes_after_a_kill_at_any_write(
    six: tuple[Splitting, Copy], writes: int
) -> None:
    killed_and_run_again(*six, writes, SIX)


def test_a_split_that_another_run_refuses_and_a_kill_ends_is_done_when_it_is_run_again(
    tmp_path: Path, engine: Engine
) -> None:
    with plain_stage(tmp_path / "stage", engine, stack_file(4, 2)) as stage:
        assert stage.run("gemini-lz", "up", STACK, "--yes", "--no-preflight")[0] == 0
        splitting = Splitting(stage, "count=2")
        copy, writes = Copy(splitting, tmp_path / "copy"), splitting.writes()
        another_run_is_at_work(splitting)
        assert splitting.killed(BETWEEN)
        states = splitting.states()
        assert states == {STACK: ["p0", "p1", "p2", "p3"], f"{STACK}-2": ["p2", "p3"]}
        nothing_runs(splitting, STACK)
        code, printed = stage.run(*splitting.command)
        assert code == 0, printed
        splitting.check(TWO, writes)
        an_old_checkout_takes_nothing_back(splitting, copy)


def another_run_is_at_work(splitting: Splitting) -> None:
    """On another machine, of which nobody here can know: nothing is begun."""
    stage = splitting.stage
    lock = (
        stage.workspace.layout.backend / f".pulumi/locks/organization/gemini-landing-zone/{STACK}/other.json"
    )
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": 1, "username": "ann", "hostname": "elsewhere", "timestamp": "2026-11-27T00:00:00Z"}
    lock.write_text(json.dumps(holder))
    code, printed = stage.run(*splitting.command)
    assert code == 3
    assert "ann@elsewhere" in printed
    assert splitting.stacks == [STACK]
    assert "split" not in splitting.file(STACK).replace("acme-split", "")
    lock.unlink()


def an_old_checkout_takes_nothing_back(splitting: Splitting, copy: Copy) -> None:
    """Its file has projects that other stacks have."""
    with copy.old_file():
        code, printed = splitting.stage.run("gemini-lz", "up", STACK, "--yes", "--no-preflight")
    assert code == 1
    assert "test-2 has acme-split-2, acme-split-3. The file is from before: pull the stack files" in printed


@pytest.mark.parametrize("by", sampled(("count=2", "label=team"), 0))
def test_what_is_in_the_way_is_said_before_anything_is_written(
    three: tuple[Splitting, Copy], by: str
) -> None:
    splitting, copy = three
    copy.restore()
    stage, usual = splitting.stage, splitting.by
    splitting.by = by
    file, stack = stage.workspace.stack_file, f"{STACK}-{'2' if by == 'count=2' else 't1'}"
    text, other = file.read_text(), file.with_name(f"Pulumi.{stack}.yaml")

    def refused(words: str) -> None:
        found, printed = stage.run(*splitting.command)
        assert (found, words in printed) == (1, True), printed
        assert "split" not in stage.workspace.pulumi("stack", "tag", "ls", "--stack", STACK).stdout
        assert "landing-zone:split" not in file.read_text()

    file.write_text(text.replace("amount: 2,", "amount: 4,"))
    refused(f"run gemini-lz up {STACK} first. It would update gcp:billing/budget:Budget p1")
    file.write_text(text)
    if by == "label=team":
        other.write_text("config: {}\n")
        refused(f"the label team makes a stack {stack}, which has a file already")
        other.unlink()
    stage.workspace.pulumi("stack", "init", "--no-select", stack)
    other.unlink()
    refused(f"has {stack} already")
    splitting.by = usual
