"""The driver of a fleet with scripts as its stacks: order, bound, failures, kills, Ctrl-C, and memory."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sandbox.layout import ROOT

KEY = "AIza" + "B" * 35


class Fleet:
    """Scripted stacks in a folder."""

    def __init__(self, folder: Path, graph: dict[str, list[str]], **scripts: str) -> None:
        self.folder = folder
        (folder / "graph.json").write_text(json.dumps(graph))
        (folder / "scripts").mkdir()
        for stack, text in scripts.items():
            self.script(stack, text)

    def script(self, stack: str, text: str) -> None:
        (self.folder / "scripts" / stack).write_text(text)

    def start(self, *options: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", "from tests.fleet.drive import main; main()", str(self.folder), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self, process: "subprocess.Popen[str]") -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        """Its exit code, the outcomes by stack, and its summary."""
        printed, _ = process.communicate()
        *_, last = (json.loads(line) for line in printed.splitlines())
        return process.returncode, {each["stack"]: each for each in last["outcomes"]}, last

    def run(self, *options: str) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        return self.end(self.start(*options))

    @property
    def ran(self) -> list[tuple[str, str]]:
        """What stacks have written: stack, and `began`, `ended` or `interrupted`; oldest first."""
        path = self.folder / "ran"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(line.split()[0], line.split()[1]) for line in lines]

    def began(self, stack: str) -> int:
        """How often a stack has begun."""
        return self.ran.count((stack, "began"))

    def pid(self, stack: str) -> int:
        """The process of a stack that has begun last."""
        return int(
            [
                line.split()[2]
                for line in (self.folder / "ran").read_text().splitlines()
                if line.startswith(f"{stack} ")
            ][-1]
        )

    def go(self) -> None:
        """Let those go on that wait."""
        (self.folder / "go").touch()


def states(outcomes: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {stack: each["state"] for stack, each in outcomes.items()}


def test_never_more_than_the_bound_and_each_after_what_it_waits_for(tmp_path: Path) -> None:
    dice = random.Random(20)  # noqa: S311 no secret
    names = [f"s{number}" for number in range(24)]
    graph = {name: dice.sample(names[:at], min(at, dice.randrange(3))) for at, name in enumerate(names)}
    fleet = Fleet(tmp_path, graph)
    code, outcomes, last = fleet.run("parallel=4")
    assert (code, last["changes"]) == (0, {"created": 48})
    assert set(states(outcomes).values()) == {"done"}
    running, most = 0, 0
    ended = set[str]()
    for stack, what in fleet.ran:
        if what == "began":
            assert set(graph[stack]) <= ended
            running += 1
        else:
            ended.add(stack)
            running -= 1
        most = max(most, running)
    assert most <= 4
    assert Counter(fleet.ran) == Counter([(name, what) for name in names for what in ("began", "ended")])


def test_what_waits_for_a_failure_is_skipped_and_the_rest_goes_on(tmp_path: Path) -> None:
    graph = {"base": [], "app": ["base"], "web": ["app"], "other": [], "crash": [], "busy": []}
    fleet = Fleet(
        tmp_path,
        graph,
        base=f'print {{"event": "error", "text": "no, {KEY}"}}\nprint {KEY}\nexit 1',
        crash="kill",
        busy="exit 3",
    )
    code, outcomes, last = fleet.run()
    assert code == 1
    assert states(outcomes) == {
        "base": "failed", "app": "skipped", "web": "skipped", "other": "done", "crash": "failed", "busy": "locked",
    }  # fmt: skip
    assert outcomes["app"]["reasons"] == ["it waits for base, which is failed (after)"]
    assert outcomes["web"]["reasons"] == ["it waits for app, which is skipped (after)"]
    assert outcomes["crash"]["reasons"] == ["it was killed by signal 9: the next run recovers what it did"]
    log = Path(outcomes["base"]["log"])
    assert log.read_text() == "error    no, [an API key]\n[an API key]\n"
    assert log.stat().st_mode & 0o077 == 0
    assert KEY not in "".join(path.read_text() for path in (tmp_path / ".fleet").rglob("*") if path.is_file())
    assert last["stacks"] == {"done": 1, "failed": 2, "locked": 1, "skipped": 2}
    # Run again, it does what was not done, and nothing else.
    for stack in ("base", "crash", "busy"):
        fleet.script(stack, "")
    code, outcomes, last = fleet.run()
    assert (code, last["earlier"]) == (0, 1)
    assert fleet.began("other") == 1
    assert fleet.began("base") == 2
    assert not log.exists()
    # All were done: the next run is a new one.
    assert fleet.run()[2]["earlier"] == 0


def test_stop_at_a_failure_begins_no_more_and_waits_for_those_at_work(tmp_path: Path) -> None:
    graph: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    fleet = Fleet(tmp_path, graph, a="exit 1", b="wait go")
    process = fleet.start("stop=yes", "parallel=2")
    assert process.stdout
    assert json.loads(process.stdout.readline())["state"] == "failed"
    fleet.go()
    code, outcomes, _ = fleet.end(process)
    assert code == 1
    assert states(outcomes) == {"a": "failed", "b": "done", "c": "skipped"}
    assert outcomes["c"]["reasons"] == ["not begun, as a was not done (--on-failure stop)"]


def test_locked_alone_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"a": [], "b": ["a"]}, a="exit 3")
    assert fleet.run()[0] == 3


def test_stacks_outlive_a_killed_driver_and_the_next_one_waits_for_them(tmp_path: Path) -> None:
    graph: dict[str, list[str]] = {name: [] for name in ("a", "b", "c", "d", "e")} | {"last": ["b"]}
    fleet = Fleet(tmp_path, graph, b="wait go", c="wait go", d="wait go\nexit 1")
    first = fleet.start("parallel=4")
    assert first.stdout
    assert json.loads(first.stdout.readline())["stack"] == "a"
    while not all(fleet.began(name) for name in "bcd"):
        assert first.poll() is None
    while fleet.ran.count(("e", "ended")) == 0:
        assert first.poll() is None
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    # One of them is killed too.
    os.kill(fleet.pid("c"), signal.SIGKILL)
    # A third driver is refused while the second is at work.
    second = fleet.start("parallel=4")
    while fleet.began("c") < 2:
        assert second.poll() is None
    third = fleet.start()
    third.communicate()
    assert third.returncode == 3
    fleet.script("d", "")
    fleet.go()
    code, outcomes, _ = fleet.end(second)
    assert code == 0
    assert set(states(outcomes).values()) == {"done"}
    # What went on by itself counts; what failed or was killed ran again.
    assert {name: fleet.began(name) for name in graph} == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 1, "last": 1}


@pytest.mark.parametrize("change", ["print=another", "updated=2099-01-01T00:00:00Z", "later=24"])
def test_a_stack_is_run_again_whose_file_or_state_has_changed_since_or_after_a_day(
    tmp_path: Path, change: str
) -> None:
    fleet = Fleet(tmp_path, {"a": [], "b": []}, b="exit 1")
    fleet.run()
    fleet.script("b", "")
    assert fleet.run(change)[2]["earlier"] == 0
    assert fleet.began("a") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_once_and_the_ends_are_awaited(tmp_path: Path, number: signal.Signals) -> None:
    fleet = Fleet(tmp_path, {"a": [], "b": [], "c": []}, a="wait never", b="wait never")
    process = fleet.start("parallel=2")
    while not all(fleet.began(name) for name in "ab"):
        assert process.poll() is None
    process.send_signal(number)
    process.send_signal(number)
    code, outcomes, _ = fleet.end(process)
    assert code == 130
    assert set(states(outcomes).values()) == {"stopped"}
    assert Counter(fleet.ran) == Counter([(name, what) for name in "ab" for what in ("began", "interrupted")])


def test_what_stacks_write_does_not_fill_the_drivers_memory(tmp_path: Path) -> None:
    event = json.dumps({"event": "working", "project": "one", "text": "x" * 400})
    fleet = Fleet(tmp_path, {"a": [], "b": []}, b="\n".join([f"print {event}"] * 5_000), a="")
    code, _, last = fleet.run()
    assert code == 0
    (tmp_path / "little").mkdir()
    little = Fleet(tmp_path / "little", {"a": [], "b": []}).run()[2]
    assert last["memory"] <= little["memory"] + 4_096
