"""Dependencies on resources of which some may fail while the engine continues with the others.

With `--continue-on-error` the engine skips a resource that depends on a failed one, and leaves its old dependencies in
the state. If one of these is deleted in the same update, the state is invalid and the engine stops (with 3.259). A
resource that depends on a changing set therefore depends only on those that did not fail.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pulumi
from pulumi.runtime.settings import is_dry_run

_OWN = ("urn", "id")


def without_failed(resources: Sequence[pulumi.Resource]) -> pulumi.Output[list[pulumi.Resource]]:
    """The resources, with components' children, that did not fail in this update; for `depends_on`."""
    return _later(_chosen(resources, failed=False))


def failed_of(resources: Sequence[pulumi.Resource]) -> pulumi.Output[list[pulumi.Resource]]:
    """The resources, with components' children, that failed in this update; for `depends_on`."""
    return _later(_chosen(resources, failed=True))


def ids_if_all_are_there(resources: Sequence[pulumi.CustomResource]) -> pulumi.Output[list[str] | None]:
    """The ids of the resources; None if one of them failed in this update."""

    async def found() -> list[pulumi.Output[str]] | None:
        return None if await _chosen(resources, failed=True) else [each.id for each in resources]

    return _later(found())


def _later(work: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(asyncio.ensure_future(work))


async def _chosen(resources: Iterable[pulumi.Resource], *, failed: bool) -> list[pulumi.Resource]:
    found = []
    for resource in resources:
        if isinstance(resource, pulumi.ComponentResource):
            # The SDK keeps them for `depends_on` of a component, which takes all of them.
            found += await _chosen(list(resource._childResources), failed=failed)
        elif await _has_failed(resource) == failed:
            found.append(resource)
    return found


async def _has_failed(resource: pulumi.Resource) -> bool:
    """True if the resource failed: the SDK then resolves all its outputs as unknown. Always False in a preview."""
    if is_dry_run():
        return False
    answers = [
        value
        for name, value in vars(resource).items()
        if isinstance(value, pulumi.Output) and name not in _OWN
    ]
    for value in answers:
        if await value.is_known():
            return False
    return bool(answers)
