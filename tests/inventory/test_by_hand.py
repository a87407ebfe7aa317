"""Projects that people made, taken over as they are: an update by their entries changes nothing."""

from itertools import count

from hypothesis import HealthCheck, given, settings

from tests.audit.world import World
from tests.inventory.by_hand import PROJECTS, Spec, make
from tests.inventory.plan import planned_changes
from tests.inventory.reading import entries, read, unlink

NUMBERS = count(1)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=PROJECTS)
def test_an_update_by_the_entry_of_what_people_made_changes_nothing(world: World, spec: Spec) -> None:
    project = f"acme-by-hand-{next(NUMBERS)}"
    try:
        make(world, project, spec)
        found = read(world, project)
        changes = planned_changes(world.cloud, entries(found))
    finally:
        unlink(world, project)
    assert changes == [], (found[0].settings, found[0].left_out)
