"""The state after a change, as the official plugin gives it to the engine."""

from collections.abc import Coroutine
from typing import Any

from sandbox.standins.gcp_plugin.empties import emptied, filled_in, reconciled
from sandbox.standins.gcp_plugin.errors import GoneError, NotWholeError, PluginError
from sandbox.standins.gcp_plugin.lifecycle import State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Resource, without_unknown


async def created(change: Coroutine[Any, Any, State], resource: Resource, plan: Properties) -> State:
    """Carry out a creation.

    Raises:
        NotWholeError: it was created, and something after that failed.
        PluginError: nothing was created.
    """
    try:
        state = await change
    except NotWholeError as error:
        raise NotWholeError(str(error), error.id, _applied(resource, error.properties, plan, {})) from error
    return State(state.id, _applied(resource, state.properties, plan, {}))


async def updated(
    change: Coroutine[Any, Any, State],
    resource: Resource,
    resource_id: str,
    plan: Properties,
    old: Properties,
) -> State:
    """Carry out an update.

    Raises:
        NotWholeError: it failed; the state is then as planned.
        GoneError: the resource is not there any more.
    """
    try:
        state = await change
    except GoneError:
        raise
    except PluginError as error:
        kept = _applied(resource, without_unknown(plan), plan, old)
        raise NotWholeError(str(error), resource_id, kept) from error
    return State(state.id, _applied(resource, state.properties, plan, old))


def refreshed(state: State, resource: Resource, known: Properties) -> State:
    """A state that was read, from the one that was known."""
    found = filled_in(resource.fields, state.properties)
    return State(state.id, reconciled(resource.fields, found, known, applied=False))


def _applied(resource: Resource, found: Properties, plan: Properties, old: Properties) -> Properties:
    whole = filled_in(resource.fields, emptied(resource.fields, found, old))
    return reconciled(resource.fields, whole, plan, applied=True)
