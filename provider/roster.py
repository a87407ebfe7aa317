"""`Roster`: the projects of an environment; refuses changes that would leave one without limits or budget."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from provider.leaving_keys import leaving_keys, warn_of_used_keys
from provider.resource import Context, Failure, Property, ResourceType, State, Values

_ABANDON: Final = "ABANDON"
_FREE: Final = "free"
_UNBOUNDED: Final = "not bounded"


class Roster(ResourceType):
    """The projects as of the last update. Creates nothing at Google; everything else in a stack depends on it."""

    name = "Roster"
    description = (
        "The projects of an environment as of the last update. It refuses a change that would remove limits or budgets "
        "from a project that remains and can spend, warns of a key that leaves and was used in the last 30 days, and "
        "prints the worst month before and after each change. It creates nothing at Google."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "projects": Property(
            {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
            "By name in the stack file: `projectId`, `tier` (`free` or `paid`), `adopt`, `deletionPolicy`, `held` (the "
            "setting that keeps the project in the stack, empty if none), `aliases` (former names) and `keys` (name → "
            "id, without those that stay at Google when they leave the stack).",
            required=True,
        ),
        "sharedBudgets": Property(
            {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
            "Shared budgets by name, each with the projects that it counts.",
        ),
        "worstMonth": Property(
            {"type": "string"}, "The most that a month can cost, such as `8,116.58 USD`; or `not bounded`."
        ),
        "boundBy": Property({"type": "string"}, "What bounds that amount, or why nothing does."),
    }

    def transition(self, context: Context, olds: Values, inputs: Values) -> Iterator[Failure]:
        """Refuse a change that leaves a project without limits or budget; print its effect on cost and terms.

        Asks Google nothing: the engine checks one resource after the other.
        """
        after: Mapping[str, Values] = inputs["projects"]
        for name, before, now in _followed(olds, inputs):
            if now is None:
                failure = _leaves(name, before, olds, inputs)
            else:
                failure = _stays(now, before, after[now], olds, inputs)
            if failure:
                yield Failure(
                    f"projects.{now or name}", f"gemini-landing-zone:projects.{now or name}: {failure}"
                )
            elif now and before["tier"] != _FREE and after[now]["tier"] == _FREE:
                context.warn(_to_free(now))
        if inputs.get("worstMonth"):
            context.note(_worst_month(olds.get("worstMonth"), inputs))

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        _warn_of_leaving_keys(context, old, inputs)
        return {}

    def create(self, context: Context, inputs: Values) -> State:
        return State("roster", inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        # Everything else depends on the roster, so this comes before any key is deleted.
        _warn_of_leaving_keys(context, old, inputs)
        return State(old.id, inputs)

    def read(self, context: Context, old: State) -> State | None:
        return State(old.id, old.inputs)

    def delete(self, context: Context, old: State) -> None:
        """There is nothing to delete at Google."""


def _followed(olds: Values, inputs: Values) -> Iterator[tuple[str, Values, str | None]]:
    """The projects of the last update: name, entry, and the name that each has now; None if it leaves."""
    after: Mapping[str, Values] = inputs["projects"]
    former = {alias: name for name, entry in after.items() for alias in entry.get("aliases") or ()}
    for name, before in (olds.get("projects") or {}).items():
        yield name, before, name if name in after else former.get(name)


def _warn_of_leaving_keys(context: Context, old: State | None, inputs: Values) -> None:
    if old:
        leaving = (
            leaving_keys(now or name, before, inputs["projects"].get(now) if now else None)
            for name, before, now in _followed(old.inputs, inputs)
        )
        warn_of_used_keys(context, [each for each in leaving if each])


def _leaves(name: str, before: Values, olds: Values, inputs: Values) -> str:
    """The reason to refuse that a project is removed from the stack; empty if it is allowed."""
    project_id = before["projectId"]
    renamed = next(
        (new for new, entry in inputs["projects"].items() if entry["projectId"] == project_id), None
    )
    if renamed:
        return (
            f"{project_id} is now called {renamed}, which would delete its keys, budget and limits under the old name. "
            f"Write aliases: [{name}] below {renamed}: then nothing of it changes"
        )
    if before.get("held"):
        return (
            f"taken out, and {before['held']} keeps {project_id} in the stack: it would stay linked to billing, with "
            f"no limit and no budget. Put {name} back with {_remedy(before)}, run pulumi up, then take it out"
        )
    shared = _counted_by(name, olds)
    kept = [budget for budget in shared if budget in (inputs.get("sharedBudgets") or {})]
    if before["tier"] != _FREE and (kept or (shared and before.get("deletionPolicy") == _ABANDON)):
        return (
            f"taken out while sharedBudgets.{(kept or shared)[0]} counts it, which would stop counting before "
            f"{project_id} stops spending. Put {name} back with tier: free, run pulumi up, then take it out of both"
        )
    return ""


def _remedy(before: Values) -> str:
    free = "protect: false and " if before["held"].startswith("protect") else ""
    words = "UNLINK (it stays, without billing) or ABANDON (it stays with link and guardrails)"
    # A stack never deletes a project that existed before it.
    return f"{free}deletionPolicy: {words if before.get('adopt') else f'DELETE, {words}'}"


def _stays(name: str, before: Values, after: Values, olds: Values, inputs: Values) -> str:
    """The reason to refuse a change of a project that stays; empty if it is allowed."""
    if before["projectId"] != after["projectId"]:
        return (
            f"its id was {before['projectId']} and would be {after['projectId']}, another project: limits and budget "
            f"would move there before the old one stops spending. Keep the id, and write the new project below another "
            f"name; then take {name} out in a change of its own"
        )
    if bool(before.get("adopt")) != bool(after.get("adopt")):
        was = "true" if before.get("adopt") else "false"
        return (
            f"adopt was {was}: Pulumi would delete {before['projectId']}, or create it again. Write adopt: {was}, "
            "or take the project out and adopt it in a later change"
        )
    if before["tier"] != _FREE and after["tier"] == _FREE:
        left = set(_counted_by(name, olds)) - set(_counted_by(name, inputs))
        if left & set(inputs.get("sharedBudgets") or {}):
            return (
                f"goes to the free tier and out of sharedBudgets.{min(left)} at once, which would stop counting before "
                "billing is off. Leave it in that budget, run pulumi up, then take it out"
            )
    return ""


def _counted_by(name: str, inputs: Values) -> list[str]:
    return [budget for budget, names in (inputs.get("sharedBudgets") or {}).items() if name in names]


def _to_free(name: str) -> str:
    return (
        f"{name} goes from paid to free: billing is unlinked, so that every other billed service in the project stops; "
        "its budget and spend cap go, as nothing is spent; calls are as few as the free tier allows (about 20 a day of "
        "a flash model were seen in 2026), and Google may use prompts and answers to improve its products"
    )


def _worst_month(before: Any, inputs: Values) -> str:
    now, bound = inputs["worstMonth"], inputs.get("boundBy") or "the limits"
    reason = f": {bound}" if now == _UNBOUNDED else f", bounded by {bound}"
    if before is None:
        return f"at worst in a month: {now}{reason}"
    if before == now:
        return f"at worst in a month: {now}, as before{reason}"
    return f"at worst in a month: {before} before, {now} after{reason}"
