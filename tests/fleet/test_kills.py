"""A fleet of which stacks fail at random, and whose driver is killed, converges, and nothing is made twice.

`make fleet` has 200 stacks of 2 projects and kills the driver twice, with states in files and in a real PostgreSQL. The
driver alone is killed: the stacks at work go on, and the next run waits for them.
"""

import json
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.fleet.stage import FleetStage, fleet_stage
from tests.lifecycle.test_every_kind import ACCOUNT
from tests.operations.databases import postgres_url
from tests.operations.stage import census
from tests.workspace import sampled

STACKS = int(os.environ.get("FLEET_STACKS", "3"))
PROJECTS = ("one", "two") if STACKS > 3 else ("one",)
PARALLEL = 8 if STACKS > 3 else 2
KILLS = 2 if STACKS > 3 else 1
FAILING = 1 / 20
"""Share of the stacks of which something is refused, in each run."""
MOST_RUNS = 12
MORE_MIB = 6
"""More memory of the driver late in a run than early in it, at most: what it keeps of each stack is little."""


@pytest.mark.parametrize("backend", sampled(["postgres", "file"], 1))
def test_a_fleet_converges_although_its_driver_is_killed(
    tmp_path: Path, engine: Engine, backend: str
) -> None:
    dice = random.Random(20)  # noqa: S311 no secret
    with (
        postgres_url(tmp_path / "postgres", backend) as url,
        fleet_stage(tmp_path / "fleet", engine, url) as fleet,
    ):
        for number in range(STACKS):
            fleet.write(f"s{number:03}", *PROJECTS)
        fleet.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"linkLimit": 9_999})
        fleet.cloud.call("PUT", "/_local/faults", {"faults": [refusals()]})
        if STACKS <= 3:  # of few, chance alone might not meet one
            fault = {"error": "PERMISSION_DENIED", "method": "billingbudgets.billingAccounts.budgets.create"}
            fleet.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
        memory = [killed(fleet, dice, (kill + 1) / (KILLS + 1)) for kill in range(KILLS)]
        ends = list[int]()
        while not ends or ends[-1] == 1:
            code, printed = fleet.run("up", "--all", "--yes", "--parallel", str(PARALLEL))
            ends.append(code)
            assert code in (0, 1), printed
            assert len(ends) < MOST_RUNS, printed
        assert f"{STACKS} stacks: {STACKS} done" in printed
        for sizes in memory:
            assert sizes[-1] - sizes[len(sizes) // 4] < MORE_MIB * 1024, sizes
        made_once(fleet)
        assert not list((fleet.records / "running").iterdir())
        if STACKS > 3:  # a preview finds nothing left to do, in any stack
            events = fleet.events("preview", "--all", "--parallel", str(PARALLEL))
            assert set(events[-1]["changes"]) == {"unchanged"}


def refusals() -> dict[str, object]:
    """Refusals that one stack in twenty meets: of its budgets, each of which is written once."""
    return {
        "error": "PERMISSION_DENIED",
        "method": "billingbudgets.billingAccounts.budgets.create",
        "share": FAILING / len(PROJECTS),
        "times": None,
    }


def killed(fleet: FleetStage, dice: random.Random, share: float) -> list[int]:
    """Run until about a share of the stacks has ended, and kill the driver; returns its memory on the way, in KiB."""
    until = min(max(1, int(share * STACKS) + dice.randrange(-2, 3)), STACKS - 1)
    driver = fleet.start("up", "--all", "--yes", "--parallel", str(PARALLEL), "--json")
    assert driver.stdout
    memory = []
    for line in driver.stdout:
        memory.append(resident(driver.pid))
        until -= json.loads(line)["event"] == "ended"
        if not until:
            break
    os.kill(driver.pid, signal.SIGKILL)
    assert driver.wait() == -signal.SIGKILL
    driver.stdout.close()
    return memory


def made_once(fleet: FleetStage) -> None:
    """Everything is there, once, and the cloud was asked no more often."""
    found = census(fleet.cloud)
    ids = [f"acme-s{number:03}-{name}" for number in range(STACKS) for name in PROJECTS]
    assert found["projects"] == sorted([*ids, "sandbox-seed"])
    assert len(found["budgets"]) == len(ids)
    for project in ids:
        assert len(found[f"{project} keys"]) == 1
    created = Counter(method.split(" ")[0].rpartition(".")[0] for method in fleet.created())
    assert {method.rpartition(".")[2]: count for method, count in created.items()} == {
        "projects": len(ids), "keys": len(ids), "budgets": len(ids),
    }  # fmt: skip


def resident(pid: int) -> int:
    """Memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
