"""Each call of an `up`, an update and a `destroy` of a stack with everything fails once, in every way.

The calls are those of a run without a fault. `make chaos` has all of them fail, `make test` a tenth. CHAOS_SEED draws
other rounds.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sandbox.engine import Engine
from tests.operations.chaos import Chaos
from tests.operations.chaos_calls import Case
from tests.workspace import sampled

ALL = "SHARD" in os.environ
SEED = os.environ.get("CHAOS_SEED", "0")
VERBS = ("up", "update", "destroy")
#: A large stack has room for many faults in a run.
PROJECTS = 12
#: Rounds in which a case has a place: its call is not made if another fails before it, or if calls were put together.
PLACES = 4


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Chaos:
    return Chaos(tmp_path_factory.mktemp("chaos"), engine, PROJECTS, VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_chaos_in_any_call_and_the_run_or_the_next_one_converges(
    chaos: Chaos, tmp_path: Path, record_property: Callable[[str, object], None], verb: str
) -> None:
    every = sorted(chaos.snapshot(verb).cases, key=repr)
    drawn = Random(f"{SEED} {verb}")  # noqa: S311 no secret
    drawn.shuffle(every)
    left = sampled(every, 0) if ALL else every
    places: Counter[Case] = Counter()
    met: list[Case] = []
    rounds = 0
    wanted = len(every) if ALL else len(every) / 10
    while left and len(met) < wanted:
        # Every fifth round is that of somebody who uses pulumi, and gemini-lz recover after a failure alone.
        through = "pulumi" if rounds % 5 == 4 else "gemini-lz"
        done = chaos.round(verb, left, tmp_path / str(rounds), through, drawn)
        rounds += 1
        places.update(done.placed)
        met += done.met
        left = [each for each in left if each not in done.met and places[each] < PLACES]
        # Those that had no place yet come first.
        left.sort(key=places.__getitem__)
    # A destroy that was refused makes fewer calls when it goes on: some of those are not made again.
    assert len(met) > (0.5 if verb == "destroy" else 0.8) * len(places)
    tried = (
        f"{len(met)} of {len(every)} faults in the calls of {verb}; rounds, each of which converged: {rounds}"
    )
    record_property("cases", tried)
