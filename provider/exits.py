"""`ProjectExit` and `StackExit`: how what spends leaves a stack before what guards it.

Pulumi deletes in the reverse order of dependencies. `StackExit` depends on everything, so that it is deleted first: it
is the place to refuse. A project's keys depend on its `ProjectExit`, and that on the project's budgets and limits: so
the keys go first, then the exit takes billing away, and only then the guardrails go, whoever deletes and however often
it is killed.
"""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from landing_zone.google import spend_caps
from landing_zone.google.errors import GoogleError
from landing_zone.google.projects import is_gone
from provider.project_limits import ID as LIMITS_ID
from provider.project_limits import remove_limits
from provider.resource import PROJECT, Context, Property, ResourceError, ResourceType, State, Values

_ID: Final = re.compile(r"projects/([^/]+)/exit")


class ProjectExit(ResourceType):
    """Stands between the keys of a project and what guards its spending."""

    name = "ProjectExit"
    description = (
        "Keeps a project's budgets and limits until nothing can be spent. Keys depend on it, and it on the budgets and "
        "limits. Deleting it refuses (`PREVENT`), takes billing away from the project (`DELETE`, `UNLINK`), or does "
        "nothing (`ABANDON`). Creating it makes nothing at Google."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "deletionPolicy": Property(
            {"type": "string", "enum": ["PREVENT", "DELETE", "UNLINK", "ABANDON"]},
            "How the project may leave the stack.",
            required=True,
        ),
        "guardrails": Property(
            {"type": "array", "items": {"type": "string"}},
            "The ids of its budgets, spend cap and limits. With `ABANDON`, Pulumi keeps them at Google when they leave "
            "the program: one that is no longer listed here, while the project stays, is deleted.",
            same=lambda old, new: set(old) == set(new),
        ),
        "limited": Property(
            {"type": "array", "items": {"type": "string"}},
            "The models that its limits are on, and `others`: by these the limits are found when they are deleted.",
            same=lambda old, new: set(old) == set(new),
        ),
    }

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        # A project under a new name in the program: the old name's exit must not take its billing away.
        return "project", inputs["project"]

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {}

    def create(self, context: Context, inputs: Values) -> State:
        return State(f"projects/{inputs['project']}/exit", inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        listed = inputs.get("guardrails")
        # Without the list, one of them failed: which are no longer wanted is seen in the next update.
        if old.inputs["deletionPolicy"] == "ABANDON" and listed is not None:
            for guardrail in old.inputs.get("guardrails") or []:
                if guardrail in listed:
                    continue
                if match := LIMITS_ID.fullmatch(guardrail):
                    remove_limits(context, match[1], old.inputs.get("limited") or [], listed)
                else:
                    _take_away(context, guardrail)
        return State(old.id, inputs)

    def read(self, context: Context, old: State) -> State | None:
        match = _ID.fullmatch(old.id)
        if not match:
            raise ResourceError(f"{old.id!r} is no project exit: import it as projects/PROJECT/exit")
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


def _unlink(context: Context, project: str) -> None:
    link = context.google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project)
    if link.get("billingAccountName"):
        context.say(f"taking billing away from {project}")
        context.google.call(
            "cloudbilling",
            "PUT",
            f"projects/{project}/billingInfo",
            body={"billingAccountName": ""},
            project=project,
        )


def _take_away(context: Context, guardrail: str) -> None:
    """Delete a guardrail by its id; one that is gone is no error."""
    if guardrail.startswith("billingAccounts/"):
        # A cap is a budget; a plain one is deleted in the same way.
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
    """The first to be deleted: refuses before anything else is."""

    name = "StackExit"
    description = (
        "Depends on everything in a stack, so that it is deleted first. While a project may not leave the stack, "
        "deleting it refuses, and nothing else is deleted. It makes nothing at Google."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "held": Property(
            {"type": "array", "items": {"type": "string"}},
            "The projects that may not leave the stack, each with the setting that keeps it.",
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
