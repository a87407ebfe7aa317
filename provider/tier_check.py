"""`TierCheck`: compares the tier that a project should have with the one that Google applies."""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, Final, TypeVar

from landing_zone.google import tiers
from landing_zone.google.errors import GoogleError
from landing_zone.google.tiers import FREE, UNREADABLE, FoundTier, Link
from provider.guard_acts import GUARD, acts_if_readable
from provider.resource import (
    PROJECT,
    UNKNOWN,
    Context,
    Property,
    ResourceError,
    ResourceType,
    State,
    Values,
)

_T = TypeVar("_T")

_DEFAULT_WAIT_S: Final = 600
_NEW_PROJECT_S: Final = 60.0
"""How long a project that was just created may be refused, as Google does not know it everywhere yet."""
_ID: Final = re.compile(r"projects/([^/]+)/tier")


class TierCheck(ResourceType):
    """Waits for the limits of a project's tier, and reports the tier in force."""

    name = "TierCheck"
    description = (
        "Waits until the limits of the expected tier are in force, and reports the tier that is. After a project is "
        "linked to a billing account, the free tier's limits may stay for a while, or for good. It creates nothing, "
        "except that it restores a billing link that was removed by hand. It never fails an update: if the limits are "
        "not in force after the wait, it prints a warning, and the next update checks again. A link that the guard "
        "removed stays removed until its release."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "expected": Property(
            {"type": "string", "enum": ["free", "paid"]},
            "The tier that the project should have.",
            required=True,
        ),
        "billingAccount": Property(
            {"type": "string"},
            "The billing account's id. A paid project whose billing link was removed is linked to it again.",
        ),
        "guard": GUARD,
        "waitSeconds": Property(
            {"type": "integer"},
            f"Seconds to wait for the paid limits; {_DEFAULT_WAIT_S} by default, 0 does not wait.",
            check=lambda value: "" if value >= 0 else "must be >= 0",
        ),
        "tier": Property(
            {"type": "string"},
            "The tier found: `free`, `1`, `2`, `3`, or `unknown` if it cannot be read.",
            output=True,
            required=True,
        ),
        "billingEnabled": Property(
            {"type": "boolean"},
            "True if the project is linked to an open billing account.",
            output=True,
            required=True,
        ),
        "inForce": Property(
            {"type": "boolean"}, "True if the tier found is the expected one.", output=True, required=True
        ),
    }

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {"tier": UNKNOWN, "billingEnabled": UNKNOWN, "inForce": UNKNOWN}

    def create(self, context: Context, inputs: Values) -> State:
        return _waited(context, inputs, {})

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return _waited(context, inputs, old.outputs)

    def read(self, context: Context, old: State) -> State | None:
        resource_id, inputs = old.id, old.inputs
        match = _ID.fullmatch(resource_id)
        if not match:
            raise ResourceError(
                f"{resource_id!r} is not the id of a TierCheck: import it as projects/PROJECT/tier"
            )
        project = match[1]
        try:
            found = tiers.find(context.google, project)
        except GoogleError:
            # A tier that cannot be read must not fail the refresh of a whole stack.
            found = FoundTier(UNREADABLE, billing_enabled=False)
        else:
            if found.tier == UNREADABLE and old.outputs and _stopped(context, inputs):
                # No tier has a limit above 0 while the guard stops the project: that says nothing of the tier.
                return State(resource_id, inputs, old.outputs)
        return _state(inputs or {"project": project, "expected": "paid" if found.is_paid else "free"}, found)

    def delete(self, context: Context, old: State) -> None:
        """There is nothing to delete at Google."""

    def stale(self, outputs: Values) -> list[str]:
        return [] if outputs.get("inForce") else ["inForce"]


def _waited(context: Context, inputs: Values, before: Values) -> State:
    """The tier once it is as expected, or the wait is over; `before`: the outputs of the last update."""
    project, expected = inputs["project"], inputs["expected"]
    seconds = inputs.get("waitSeconds")
    wait = _DEFAULT_WAIT_S if seconds is None else int(seconds)
    deadline = time.monotonic() + wait
    known_by = time.monotonic() + (0 if before else min(wait, _NEW_PROJECT_S))
    delays = context.google.backoff()
    link, unlinked, just_linked = None, "", False
    try:
        link, unlinked = _once_known(context, project, known_by, lambda: _linked(context, inputs))
        just_linked = link is None and expected == "paid"
    except GoogleError as error:
        context.warn(f"{project} cannot be linked to billing again: {error.with_remedy}")
    while True:
        try:
            found = _once_known(
                context, project, known_by, partial(tiers.find, context.google, project, link)
            )
        except GoogleError as error:
            context.warn(f"the tier of {project} cannot be read: {error.with_remedy}")
            return _state(inputs, FoundTier(UNREADABLE, billing_enabled=False))
        state = _state(inputs, found)
        # Limits become paid only through a billing link: without one there is nothing to wait for.
        if state.outputs["inForce"] or expected == "free":
            break
        if not found.billing_enabled and not (just_linked and time.monotonic() < known_by):
            break
        if found.tier == UNREADABLE and (act := _stopped(context, inputs)):
            context.note(f"{act}: which tier Google applies shows after its release")
            return State(state.id, inputs, before or state.outputs)
        if time.monotonic() > deadline:
            break
        context.progress(f"waiting for the paid limits: Google still applies tier {found.tier}")
        next(delays)
        link = None
    if unlinked:
        context.warn(f"{unlinked}: it stays unlinked until gemini-lz guard release {project}")
    elif not state.outputs["inForce"]:
        context.warn(_advice(project, expected, found))
    return state


def _once_known(context: Context, project: str, known_by: float, read: Callable[[], _T]) -> _T:
    """What is read of a project, which Google may not know until `known_by` (monotonic seconds). Raises GoogleError."""
    delays = context.google.backoff()
    while True:
        try:
            return read()
        except GoogleError as error:
            if not error.hides or time.monotonic() > known_by:
                raise
        context.progress(f"waiting until Google shows the tier of {project}")
        next(delays)


def _stopped(context: Context, inputs: Values) -> str:
    """The guard's act if it lowered limits: stopped, no tier has one above 0."""
    acts = acts_if_readable(context, inputs)
    return acts.words if acts.held else ""


def _linked(context: Context, inputs: Values) -> tuple[Link | None, str]:
    """The billing link of a paid project, set again if it is gone: the gcp plugin does not notice that.

    Returns:
        The link; None if it is to be read, as the project is free, or was linked just now. And the guard's act, if it
        removed the link, which then stays as it is.
    """
    account, project = inputs.get("billingAccount"), inputs["project"]
    if inputs["expected"] != "paid" or not account:
        return None, ""
    link = tiers.link_of(context.google, project)
    if link.account:
        return link, ""
    acts = acts_if_readable(context, inputs)
    if acts.unlinked:
        return link, acts.words
    context.progress(f"linking {project} to {account} again")
    tiers.set_link(context.google, project, account)
    return None, ""


def _state(inputs: Values, found: FoundTier) -> State:
    in_force = (
        found.is_paid if inputs["expected"] == "paid" else found.tier == FREE and not found.billing_enabled
    )
    outputs = {"tier": found.tier, "billingEnabled": found.billing_enabled, "inForce": in_force}
    return State(f"projects/{inputs['project']}/tier", inputs, outputs)


def _advice(project: str, expected: str, found: FoundTier) -> str:
    if expected == "free":
        return (
            f"{project} should be free, and Google applies tier {found.tier}"
            f"{' with billing on: calls cost money' if found.billing_enabled else ''}. It was linked by hand, or the "
            "unlinking is not finished: run pulumi refresh to see which"
        )
    if not found.billing_enabled:
        return (
            f"{project} should be paid, and its billing is off: it was unlinked, or its account is closed. Open the "
            f"account, or link the project again (gcloud billing projects link {project} --billing-account=ID: the gcp "
            "plugin does not notice that a link is gone); then run pulumi up"
        )
    if found.tier == UNREADABLE:
        return (
            f"{project} is linked, and Google shows no limits of the Gemini API for it: enable the API in it "
            f"(gcloud services enable generativelanguage.googleapis.com --project={project}); the next pulumi up "
            "looks again"
        )
    return (
        f"{project} is linked, and Google still applies the limits of tier {found.tier}. That can last hours. If it "
        "stays: look at the tier in AI Studio (API keys page), unlink and link the project again, or ask Google's "
        "support; the next pulumi up looks again"
    )
