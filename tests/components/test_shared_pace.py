"""Writes of several processes that share their turns: together they never exceed the quota, whoever is killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.pace import WAY_S, Rate
from components.shared_pace import SharedPace
from sandbox.layout import ROOT

PROCESSES = 4
RATES = st.builds(Rate, st.integers(1, 6), st.sampled_from([1.0, 10.0, 60.0]))
PAUSES = st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0])
WHO = st.integers(0, PROCESSES - 1)
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "ask", "refused", "killed"]), WHO, PAUSES), max_size=60
)


class Of(SharedPace):
    """The pace of a process that can be said to be dead."""

    dead: frozenset[int] = frozenset()

    @staticmethod
    def is_alive(pid: int) -> bool:
        return pid not in Of.dead

    @staticmethod
    def boot(now: float) -> float:  # noqa: ARG004 the clock of these tests is none of the machine's
        return 0.0


def started(
    folder: Path, rates: list[Rate], steps: list[tuple[str, int, float]], late: list[float]
) -> tuple[list[float], int]:
    """The times at which writes start of processes that ask, wait, wake late, and are killed; and how many must."""
    Of.dead = frozenset()
    paces = [
        Of(folder / "turns.json", rate, chosen=True, enforced=True, pid=number)
        for number, rate in enumerate(rates)
    ]
    now, starts, wanted = 0.0, list[float](), 0
    waiting: list[tuple[float, int]] = []
    lateness = iter(late)

    def ask(at: float, who: int) -> None:
        turn = paces[who].turn(at, sum(other == who for _, other in waiting))
        if paces[who].holds(turn):
            starts.append(at)
        else:
            assert turn.at > at
            # A busy machine wakes it some time after that.
            waiting.append((turn.at + next(lateness, 0.0), who))

    def wake(until: float) -> None:
        while waiting and min(waiting)[0] <= until:
            at, who = min(waiting)
            waiting.remove((at, who))
            ask(at, who)

    for step, who, pause in steps:
        now += pause
        wake(now)
        if who in Of.dead:
            continue
        if step == "ask":
            wanted += 1
            ask(now, who)
        elif step == "refused":
            paces[who].refused(now, pause)
        else:
            Of.dead |= {who}
            wanted -= sum(other == who for _, other in waiting)
            waiting = [each for each in waiting if each[1] != who]
    wake(float("inf"))
    return starts, wanted


@settings(max_examples=80)
@given(
    RATES,
    STEPS,
    st.lists(st.floats(0, 2), max_size=60),
    st.lists(st.floats(0, WAY_S), min_size=60, max_size=60),
)
def test_processes_together_never_exceed_the_quota_and_none_holds_the_others_up(
    tmp_path_factory: pytest.TempPathFactory,
    rate: Rate,
    steps: list[tuple[str, int, float]],
    late: list[float],
    ways: list[float],
) -> None:
    starts, wanted = started(tmp_path_factory.mktemp("turns"), [rate] * PROCESSES, steps, late)
    assert len(starts) == wanted
    arrivals = sorted(at + way for at, way in zip(starts, ways, strict=False))
    for first, beyond in zip(arrivals, arrivals[rate.writes :], strict=False):
        assert beyond - first >= rate.seconds - 1e-6


def test_of_rates_that_stacks_choose_the_lowest_counts_and_a_default_is_none_of_them(tmp_path: Path) -> None:
    def pace(pid: int, writes: int, *, chosen: bool) -> SharedPace:
        return Of(tmp_path / "turns.json", Rate(writes, 10), chosen=chosen, enforced=chosen, pid=pid)

    Of.dead = frozenset()
    default, fast, slow = pace(1, 10, chosen=False), pace(2, 40, chosen=True), pace(3, 2, chosen=True)
    assert [default.turn(0.0).taken for _ in range(50)] == [True] * 50, "as on a local cloud without a rate"
    assert [fast.turn(100.0).taken for _ in range(41)] == [True] * 40 + [False]
    assert default.turn(100.0).at == 110.5, "the rate that somebody chose counts for it too"
    assert [slow.turn(200.0).taken for _ in range(3)] == [True, True, False]
    assert not fast.turn(200.0).taken
    Of.dead = frozenset({3})
    assert fast.turn(200.0).taken


def test_a_refusal_closes_all_processes_and_is_forgotten_with_them(tmp_path: Path) -> None:
    def pace(pid: int) -> SharedPace:
        return Of(tmp_path / "turns.json", Rate(2, 9), chosen=False, enforced=False, pid=pid)

    Of.dead = frozenset()
    one, other = pace(1), pace(2)
    assert one.turn(0.0).taken
    other.refused(1.0, 20.0)
    assert one.turn(2.0).at == 21.0
    # Spaced evenly from then on.
    assert [other.turn(21.0).taken, one.turn(22.0).at] == [True, 25.75]
    Of.dead = frozenset({1, 2})
    assert [pace(3).turn(22.0).taken for _ in range(9)] == [True] * 9


@pytest.mark.parametrize(
    "left", ["", "{", '{"boot": 1, "starts": [99999999], "closedUntil": 9e9, "refusals": 3}']
)
def test_half_a_file_and_one_of_another_start_of_the_machine_hold_nobody_up(
    tmp_path: Path, left: str
) -> None:
    path = tmp_path / "turns.json"
    path.write_text(left)
    assert SharedPace(path, Rate(1, 10), chosen=True, enforced=True).turn(5.0).taken
    assert json.loads(path.read_text())["starts"] == [5.0]


ASKS = """
import sys, time
from pathlib import Path
from components.pace import Rate
from components.shared_pace import SharedPace
pace = SharedPace(Path(sys.argv[1]) / "turns.json", Rate(20, 0.1), chosen=True, enforced=True)
with open(Path(sys.argv[1]) / "starts", "a", buffering=1) as starts:
    for number in range(int(sys.argv[2])):
        while not (turn := pace.turn(time.monotonic())).taken:
            time.sleep(max(0, turn.at - time.monotonic()))
        starts.write(f"{time.monotonic()}\\n")
"""


def test_real_processes_share_their_turns_although_one_is_killed_again_and_again(tmp_path: Path) -> None:
    def start(asks: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", ASKS, str(tmp_path), str(asks)], cwd=ROOT)

    running = [start(20) for _ in range(3)]
    for _ in range(3):
        victim = start(1000)
        before = lines(tmp_path)
        while lines(tmp_path) == before:
            assert victim.poll() is None
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    assert [each.wait() for each in running] == [0, 0, 0]
    starts = sorted(float(each) for each in (tmp_path / "starts").read_text().split())
    assert len(starts) >= 60
    # What is written down comes a little after the turn itself; windows are half a second apart.
    for first, beyond in zip(starts, starts[20:], strict=False):
        assert beyond - first >= 0.1


def lines(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text().split()) if path.exists() else 0
