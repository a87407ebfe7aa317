"""`TierCheck`: whether the tier that a project should have is the one that Google applies."""

import re
import time
from collections.abc import Mapping
from typing import ClassVar, Final

from landing_zone.google import tiers
from landing_zone.google.errors import GoogleError
from landing_zone.google.tiers import FREE, UNREADABLE, FoundTier
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

_DEFAULT_WAIT_S: Final = 600
_ID: Final = re.compile(r"projects/([^/]+)/tier")


class TierCheck(ResourceType):
    """See `description`."""

    name = "TierCheck"
    description = (
        "Waits until the limits of the tier that a project should have are in force, and tells which tier that is. "
        "After a link to a billing account the free tier's limits may stay for a while, or for good. It makes nothing, "
        "but for a link that somebody took away, which it makes again. "
        "It never fails an update: what is not in force after the wait is a warning, and is looked at again next time."
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
            "The billing account's id. A paid project whose link somebody took away is linked to it again.",
        ),
        "waitSeconds": Property(
            {"type": "integer"},
            f"How long to wait for the paid limits; {_DEFAULT_WAIT_S} by default, 0 not at all.",
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
            "Whether the project is linked to an open billing account.",
            output=True,
            required=True,
        ),
        "inForce": Property(
            {"type": "boolean"}, "Whether the tier found is the one expected.", output=True, required=True
        ),
    }

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {"tier": UNKNOWN, "billingEnabled": UNKNOWN, "inForce": UNKNOWN}

    def create(self, context: Context, inputs: Values) -> State:
        return _waited(context, inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return _waited(context, inputs)

    def read(self, context: Context, old: State) -> State | None:
        resource_id, inputs = old.id, old.inputs
        match = _ID.fullmatch(resource_id)
        if not match:
            raise ResourceError(f"{resource_id!r} is no tier check: import it as projects/PROJECT/tier")
        project = match[1]
        try:
            found = tiers.find(context.google, project)
        except GoogleError:
            # Not readable is no reason to fail the refresh of a whole stack.
            found = FoundTier(UNREADABLE, billing_enabled=False)
        return _state(inputs or {"project": project, "expected": "paid" if found.is_paid else "free"}, found)

    def delete(self, context: Context, old: State) -> None:
        """There is nothing to take away."""

    def stale(self, outputs: Values) -> list[str]:
        return [] if outputs.get("inForce") else ["inForce"]


def _waited(context: Context, inputs: Values) -> State:
    project, expected = inputs["project"], inputs["expected"]
    seconds = inputs.get("waitSeconds")
    deadline = time.monotonic() + (_DEFAULT_WAIT_S if seconds is None else int(seconds))
    waits = context.google.backoff()
    try:
        _link_again(context, inputs)
    except GoogleError as error:
        context.warn(f"{project} cannot be linked to billing again: {error.with_remedy}")
    while True:
        try:
            found = tiers.find(context.google, project)
        except GoogleError as error:
            context.warn(f"the tier of {project} cannot be read: {error.with_remedy}")
            return _state(inputs, FoundTier(UNREADABLE, billing_enabled=False))
        state = _state(inputs, found)
        # Nothing but the link makes limits paid: without one there is nothing to wait for.
        if state.outputs["inForce"] or expected == "free" or not found.billing_enabled:
            break
        if time.monotonic() > deadline:
            break
        context.say(f"waiting for the paid limits: Google still applies tier {found.tier}")
        next(waits)
    if not state.outputs["inForce"]:
        context.warn(_advice(project, expected, found))
    return state


def _link_again(context: Context, inputs: Values) -> None:
    """Link a paid project that has no link: the gcp plugin does not see that one is gone."""
    account, project = inputs.get("billingAccount"), inputs["project"]
    if inputs["expected"] == "paid" and account and not tiers.link_of(context.google, project).account:
        context.say(f"linking {project} to {account} again")
        body = {"billingAccountName": f"billingAccounts/{account}"}
        context.google.call(
            "cloudbilling", "PUT", f"projects/{project}/billingInfo", body=body, project=project
        )


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
            f"{' with billing on: calls cost money' if found.billing_enabled else ''}. Somebody linked it, or the "
            "unlinking is not through yet; pulumi refresh tells"
        )
    if not found.billing_enabled:
        return (
            f"{project} should be paid, and its billing is off: somebody unlinked it, or its account is closed. "
            f"Open that, or link it again (gcloud billing projects link {project} --billing-account=ID: the gcp "
            "plugin does not see that a link is gone); then run pulumi up"
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
