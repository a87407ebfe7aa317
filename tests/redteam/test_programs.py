"""Red team: programs by a grammar of evasions. What the production policies allow spends no more than they say."""

import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from sandbox.layout import ROOT
from tests.redteam import realised
from tests.redteam.doors import strangers, try_doors
from tests.redteam.judge import Judge
from tests.redteam.production import DAY, production_pack
from tests.redteam.programs import Op, Program, program_of, programs
from tests.workspace import STACK, Workspace, sampled

TOGETHER = 10
"""Programs that are made in one stack."""


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    found = Judge(production_pack(tmp_path_factory.mktemp("judge") / "policy"))
    yield found
    found.close()


@settings(derandomize=True, max_examples=int(os.environ.get("REDTEAM_PROGRAMS", "400")), suppress_health_check=list(HealthCheck))
@example((("models", "gemini-4-argon", {}), ("later", ("limits", ("limits",)), None)))
@example((("overrides", "gemini-2.5-pro", "requestsPerMinute", 400_000, ("1", "2", "3"), False), ("last later", 0, 5, None)))
@example((("link", "seed", "01A2B3-C4D5E6-F7A8B9"), ("last later", 0, 1, None)))
@given(programs(None))
def test_a_preview_takes_what_comes_late_for_the_worst(judge: Judge, ops: tuple[Op, ...]) -> None:
    foreseen, done = judge(program_of(ops))
    # Policies on one resource judge it again before it is made; those on the whole stack only when all is made.
    late = [violation for violation in done.violations if violation[1] == "whole"]
    assert foreseen.violations or not late
    assert done.violations or all(done.bounds.values())


def passing(judge: Judge, number: int) -> list[Program]:
    """Programs that production allows, in a preview and after the update, which can be in one stack."""
    found: list[Program] = []
    numbers, taken = count(), set()

    @seed(number)
    @settings(max_examples=400, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(programs(None, None, "project", "free"))
    def collect(ops: tuple[Op, ...]) -> None:
        program = program_of(ops, len(found) + 100 * number % 900)
        if len(found) == TOGETHER or len(ops) < 2 or not realised.can_be_made(program):
            return
        claims = {program.name(entry) for entry in program.entries.values() if entry.name}
        if any(stage.violations for stage in judge(program)) or claims & taken or str(ops) in taken:
            return
        taken.update(claims, {str(ops)})
        found.append(program)

    collect()
    del numbers
    return found


@pytest.mark.parametrize("number", sampled(range(16), 1))
def test_what_production_allows_never_spends_above_its_bound(
    judge: Judge, workspace: Workspace, number: int
) -> None:
    batch = passing(judge, number)
    assert len(batch) == TOGETHER
    pack = production_pack(workspace.layout.program / "policy")
    realised.write(workspace, batch)
    # Google refuses some, such as a second limit on the same model; the others are made all the same.
    run = workspace.pulumi("up", "--yes", "--stack", STACK, "--policy-pack", str(pack), "--continue-on-error", check=False)
    assert "mandatory" not in run.stdout, run.stdout
    made = realised.finished(workspace, batch)
    print(len(made), run.stdout[-6000:])
    assert len(made) > TOGETHER / 2, run.stdout

    tried = try_doors(workspace.cloud)
    assert strangers(workspace.cloud) == []
    for program in made:
        _, done = judge(program)
        bound = Decimal(done.bounds[program.project_id] or "NaN")
        for tier, spent in tried.by_tier.items():
            assert spent.get(program.project_id, 0) <= bound, (tier, program)
    print(tried.by_tier, tried.served)
