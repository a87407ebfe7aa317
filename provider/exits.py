"""`ProjectExit` and `StackExit`: the deletion order that stops spending before it removes budgets and limits.

Pulumi deletes in the reverse order of dependencies. `StackExit` depends on everything, so it is deleted first and can
refuse the deletion of the stack. A project's keys depend on its `ProjectExit`, which depends on the project's budgets
and limits. So the keys are deleted first, then the exit unlinks billing, and only then budgets and limits are deleted,
also when the run is killed and started again.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from landing_zone.google import spend_caps, tiers
from landing_zone.google.errors import GoogleError
from landing_zone.google.projects import is_gone, is_same
from provider.guard_acts import GUARD, keeps_guard
from provider.project_limits import ID as LIMITS_ID
from provider.project_limits import remove_limits
from provider.resource import (
    PROJECT,
    Context,
    Failure,
    Property,
    ResourceError,
    ResourceType,
    State,
    Values,
    as_resource_error,
)

_ID: Final = re.compile(r"projects/([^/]+)/exit")


class ProjectExit(ResourceType):
    """Ordering resource between a project's keys and its budgets and limits."""

    name = "ProjectExit"
    description = (
        "Keeps a project's budgets and limits until nothing can be spent. Keys depend on it, and it depends on the "
        "budgets and limits. Deleting it is refused (`PREVENT`), unlinks the project from billing (`DELETE`, "
        "`UNLINK`), or does nothing (`ABANDON`). Creating it creates nothing at Google."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "deletionPolicy": Property(
            {"type": "string", "enum": ["PREVENT", "DELETE", "UNLINK", "ABANDON"]},
            "What happens to the project when it leaves the stack.",
            required=True,
        ),
        "guardrails": Property(
            {"type": "array", "items": {"type": "string"}},
            "The ids of the project's budgets, spend cap and limits. With `ABANDON`, Pulumi keeps them at Google when "
            "they leave the program; this resource deletes those that are removed from this list while the project "
            "stays.",
            same=lambda old, new: set(old) == set(new),
        ),
        "limited": Property(
            {"type": "array", "items": {"type": "string"}},
            "The models that have limits, and `others`: used to find the limits when they are deleted.",
            same=lambda old, new: set(old) == set(new),
        ),
        "number": Property(
            {"type": "string"},
            "The number of a project that the program does not create; compared with Google's. Budgets name a project "
            "by its number and all else by its id, so this is how policies know a budget to be the project's.",
        ),
        "guard": GUARD,
    }

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        # When a project is renamed in the program, the old name's exit must not unlink its billing.
        return "project", inputs["project"]

    def transition(self, context: Context, olds: Values, inputs: Values) -> Iterator[Failure]:
        # The engine deletes a project's limits without asking: only what names them can refuse it beforehand.
        if olds.get("limited") and not inputs.get("limited"):
            yield from as_resource_error(lambda: list(keeps_guard(context.google, olds, inputs, limits=True)))

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {}

    def create(self, context: Context, inputs: Values) -> State:
        _compare_number(context, inputs)
        return State(f"projects/{inputs['project']}/exit", inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        if inputs.get("number") != old.inputs.get("number"):
            _compare_number(context, inputs)
        listed = inputs.get("guardrails")
        # The list is unset if one of them failed; the next update then deletes those that were removed.
        if old.inputs["deletionPolicy"] == "ABANDON" and listed is not None:
            for guardrail in old.inputs.get("guardrails") or []:
                if guardrail in listed:
                    continue
                if match := LIMITS_ID.fullmatch(guardrail):
                    remove_limits(context, match[1], old.inputs.get("limited") or [], listed)
                else:
                    _delete_guardrail(context, guardrail)
        return State(old.id, inputs)

    def read(self, context: Context, old: State) -> State | None:
        match = _ID.fullmatch(old.id)
        if not match:
            raise ResourceError(
                f"{old.id!r} is not the id of a ProjectExit: import it as projects/PROJECT/exit"
            )
        return State(old.id, old.inputs or {"project": match[1], "deletionPolicy": "PREVENT"})

    def delete(self, context: Context, old: State) -> None:
        project, policy = old.inputs["project"], old.inputs["deletionPolicy"]
        if policy == "PREVENT":
            raise ResourceError(
                f"deletionPolicy: PREVENT keeps {project} in the stack: its limits and budget stay. Write "
                "deletionPolicy: DELETE, UNLINK or ABANDON, run pulumi up, then delete it"
            )
        if policy == "ABANDON":
            return
        try:
            _unlink(context, project)
        except GoogleError as error:
            if error.code not in (403, 404) or not is_gone(context.google, project):
                raise


def _compare_number(context: Context, inputs: Values) -> None:
    """Refuse a number that is another project's."""
    project, number = inputs["project"], inputs.get("number")
    if number and not is_same(context.google, project, number):
        raise ResourceError(
            f"{number} is not the number of {project}: write the project's own number, or none"
        )


def _unlink(context: Context, project: str) -> None:
    if tiers.link_of(context.google, project).account:
        context.progress(f"unlinking {project} from billing")
        tiers.set_link(context.google, project, "")


def _delete_guardrail(context: Context, guardrail: str) -> None:
    """Delete a budget, spend cap or limit by its id; no error if it does not exist."""
    if guardrail.startswith("billingAccounts/"):
        # A spend cap is a budget: both are deleted in the same way.
        spend_caps.delete(context.google, guardrail)
        return
    try:
        context.google.wait_for_operation(
            "serviceusage", context.google.call("serviceusage", "DELETE", guardrail)
        )
    except GoogleError as error:
        if error.code != 404:
            raise


class StackExit(ResourceType):
    """Resource that is deleted first, so that it can refuse before anything else is deleted."""

    name = "StackExit"
    description = (
        "Depends on everything in a stack, so that it is deleted first. While a project must not leave the stack, "
        "deleting it is refused, so nothing else is deleted either. It creates nothing at Google."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "held": Property(
            {"type": "array", "items": {"type": "string"}},
            "The projects that must not leave the stack, each with the setting that keeps it.",
            required=True,
        ),
    }

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {}

    def create(self, context: Context, inputs: Values) -> State:
        return State("exit", inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return State(old.id, inputs)

    def read(self, context: Context, old: State) -> State | None:
        return State(old.id, old.inputs or {"held": []})

    def delete(self, context: Context, old: State) -> None:
        if old.inputs["held"]:
            raise ResourceError(
                f"nothing was deleted: {'; '.join(old.inputs['held'])}. Write protect: false and deletionPolicy: "
                "DELETE, UNLINK or ABANDON there, run pulumi up, then pulumi destroy"
            )
