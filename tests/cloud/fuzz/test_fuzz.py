"""Tens of thousands of malformed requests: none ends in a 500, none that is refused changes anything.

`make fuzz` sends all of them; the suite sends a seeded part. An input that is found goes to test_fuzz_found.py.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.cloud.fuzz.furnished import Furnished, furnish
from tests.cloud.fuzz.requests import Case, made_of, seeds
from tests.cloud.fuzz.undoing import UndoingStore
from tests.cloud.inside import check_shape
from tests.workspace import sampled

IN_THE_SUITE = 4_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A local cloud with one of each thing in it."""
    made = furnish(tmp_path_factory.mktemp("fuzz") / "state.db")
    yield made
    made.cloud.close()


def test_fuzz(world: Furnished, record_property: Callable[[str, object], None]) -> None:
    """Every malformed request is answered in Google's shape, and one that is refused leaves the state as it was."""
    store = world.cloud.store
    assert isinstance(store, UndoingStore)
    before = store.digest()
    found: list[str] = []
    chosen = sampled(seeds(), IN_THE_SUITE)
    for seed in chosen:
        case = made_of(world, seed)
        try:
            with store.undone():
                _check(world, case, before)
        except Exception as error:
            found.append(f"{seed[2]} {case.mutations}: {error!r:.300}\n  {case.request!r:.600}")
    assert not found, f"{len(found)} of {len(chosen)}:\n" + "\n".join(found[:20])
    record_property("cases", f"{len(chosen)} malformed requests")


def _check(world: Furnished, case: Case, before: str) -> None:
    store = world.cloud.store
    assert isinstance(store, UndoingStore)
    written = store.writes
    answer = world.cloud.send(case.request)
    assert answer.status < 500 or answer.status == 501, answer.status
    check_shape(case.request, answer)
    if case.refused:
        assert answer.status >= 400, answer.status
    if answer.status >= 400 and store.writes != written:
        assert store.digest() == before, "the state has changed"
    if case.violates and answer.status == 400 and case.request.service != "storage":
        kinds = [detail["@type"].rpartition(".")[2] for detail in answer.json["error"]["details"]]
        assert kinds == ["BadRequest"], kinds


def test_what_is_made_is_the_same_in_every_run(world: Furnished) -> None:
    """A seed names a request, so that a failure can be had again."""
    for seed in sampled(seeds(), 50)[:50]:
        assert made_of(world, seed) == made_of(world, seed)
