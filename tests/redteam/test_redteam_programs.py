"""Red team: programs by a grammar of evasions. What the production policies allow spends no more than they say."""

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from tests.redteam import realised
from tests.redteam.doors import strangers, try_doors
from tests.redteam.judge import Judge
from tests.redteam.production import TOGETHER, audited, production_pack
from tests.redteam.program_evasions import PAID, Op, program_of, programs
from tests.redteam.programs import Program
from tests.workspace import Workspace, sampled

EXAMPLES = int(os.environ.get("REDTEAM_EXAMPLES", "300"))


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    found = Judge(production_pack(tmp_path_factory.mktemp("judge") / "policy"))
    yield found
    found.close()


@settings(derandomize=True, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@example((("models", "gemini-4-argon", {}), ("later", ("limits", ("limits",)), None)))
@example(
    (("overrides", "gemini-2.5-pro", "requestsPerMinute", 400_000, PAID, False), ("last later", 0, 5, None))
)
@example((("link", "seed", "01A2B3-C4D5E6-F7A8B9"), ("last later", 0, 1, None)))
@given(programs(None))
def test_a_preview_takes_what_comes_late_for_the_worst(judge: Judge, ops: tuple[Op, ...]) -> None:
    foreseen, done = judge(program_of(ops))
    # Policies on one resource judge it again before it is made; those on the whole stack only when all is made.
    late = [violation for violation in done.violations if violation[1] == "whole"]
    assert foreseen.violations or not late
    assert done.violations or all(done.bounds.values())


def passing(judge: Judge, number: int) -> list[tuple[Program, Decimal]]:
    """Programs that production allows, in a preview and after the update, with the most that each can spend."""
    found: dict[str, tuple[tuple[Op, ...], Decimal]] = {}

    @seed(number)
    @settings(
        max_examples=600, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(programs(None, None, "project", "free"))
    def collect(ops: tuple[Op, ...]) -> None:
        program = program_of(ops)
        foreseen, done = judge(program)
        if realised.can_be_made(program) and not foreseen.violations and not done.violations:
            found[str(ops)] = ops, Decimal(done.bounds[program.project_id] or "NaN")

    collect()
    # The more kinds of evasions, and the less like the others in what can be spent, the better.
    usual = Counter(bound for _, bound in found.values())
    chosen: list[tuple[Program, Decimal]] = []
    taken: set[str] = set()
    for ops, bound in sorted(
        found.values(), key=lambda each: (usual[each[1]], -len({op[0] for op in each[0]}))
    ):
        program = program_of(ops, 50 * number + len(chosen))
        claims = {program.name(entry) for entry in program.entries.values() if entry.name}
        if len(chosen) < TOGETHER and not claims & taken:
            chosen.append((program, bound))
            taken |= claims
    return chosen


@pytest.mark.parametrize("number", sampled(range(16), 1))
def test_what_production_allows_never_spends_above_its_bound(
    judge: Judge, workspace: Workspace, number: int
) -> None:
    batch = passing(judge, number)
    pack = production_pack(workspace.layout.program / "policy")
    made = realised.make(workspace, [program for program, _ in batch], pack)
    unfinished = {program.project_id for program, _ in batch if program not in made}
    assert [each for each in audited(workspace) if not any(name in str(each) for name in unfinished)] == []

    tried = try_doors(workspace.cloud)
    assert strangers(workspace.cloud) == []
    bounds = {program.project_id: bound for program, bound in batch if program in made}
    for tier, spent in tried.by_tier.items():
        above = {name: (spent[name], bound) for name, bound in bounds.items() if spent.get(name, 0) > bound}
        assert above == {}, (tier, [program for program in made if program.project_id in above])
    assert tried.served.total()
