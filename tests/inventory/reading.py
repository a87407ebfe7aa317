"""Reads projects of a local cloud as the stack `test` does."""

from collections.abc import Sequence
from typing import Any, Final

from landing_zone import inventory
from landing_zone.inventory import Inventory
from landing_zone.names import stack_label
from landing_zone.settings.problems import NAMESPACE
from tests.audit.world import World, google
from tests.inventory.plan import STACK

LABEL: Final = stack_label(NAMESPACE, STACK)


def read(world: World, *ids: str, **more: Any) -> list[Inventory]:
    """The projects as the stack `test` takes them over."""
    return inventory.of_projects(google(world.cloud), ids, LABEL, **more)


def entries(found: Sequence[Inventory]) -> dict[str, Any]:
    """As in a stack file."""
    return {"projects": {each.name: each.settings for each in found if each.settings}}


def unlink(world: World, *ids: str) -> None:
    """Take projects off their billing account, which takes a few alone."""
    for each in ids:
        world.cloud.call("PUT", f"/cloudbilling/v1/projects/{each}/billingInfo", {})
