"""What a preview would create, in the form in which Pulumi's state has it.

A preview's JSON has each resource's options, with secrets left out; a saved plan has the inputs, with secrets encrypted
as in the state, and the default providers. Source: apitype.ResourceV3 and apitype.ResourcePlanV1 of Pulumi's SDK.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from landing_zone.operations.pulumi_cli import Cli, CliError
from landing_zone.printing import in_lines

Json = Mapping[str, Any]

UNKNOWN_ID: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's placeholder for a text that is not known before the update, such as a provider's id."""
_UNKNOWN: Final = frozenset(
    {
        UNKNOWN_ID,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""The same for booleans, numbers, lists and mappings."""
_MADE: Final = ("create", "create-replacement")
_ROOT: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Planned:
    """A resource that a preview would create."""

    urn: str
    type: str
    entry: Json
    """As in the state, without id and outputs."""
    replaces: bool = False
    """True if it takes the place of one that is deleted after it."""
    unknown: frozenset[str] = frozenset()
    """Inputs of which a part depends on a resource that the state does not have yet."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def inputs(self) -> Json:
        """Its inputs; what is not known yet is left out."""
        return self.entry.get("inputs") or {}

    @property
    def is_custom(self) -> bool:
        """False for a component."""
        return bool(self.entry.get("custom"))

    @property
    def is_provider(self) -> bool:
        """True for a provider."""
        return self.type.startswith("pulumi:providers:")


def planned(cli: Cli, exported: Json) -> list[Planned]:
    """What a preview of the stack would create, each after what it depends on. Raises CliError.

    `exported`: the state, which has the secrets of a replaced resource's inputs, encrypted.
    """
    with TemporaryDirectory(prefix="gemini-lz-") as folder:
        plan = Path(folder, "plan.json")
        try:
            printed = cli.ask("preview", "--json", "--save-plan", str(plan))
        except CliError as error:
            raise CliError(_errors_in(str(error))) from None
        plans: Json = json.loads(plan.read_text(encoding="utf-8"))["resourcePlans"]
    steps: Json = {step["urn"]: step for step in json.loads(printed)["steps"]}
    resources = (exported.get("deployment") or {}).get("resources") or ()
    olds = {each["urn"]: each.get("inputs") or {} for each in resources if not each.get("delete")}
    return _ordered(dict(_made(plans, steps, olds)))


def _made(plans: Json, steps: Json, olds: Json) -> Iterator[tuple[str, Planned]]:
    for urn, plan in plans.items():
        made = [step for step in plan["steps"] if step in _MADE]
        goal = plan.get("goal")
        if not made or not goal:
            continue
        shown = steps.get(urn, {})
        inputs = _inputs(goal["inputDiff"], olds.get(urn) or {})
        entry = {
            **{name: value for name, value in (shown.get("newState") or {}).items() if name not in _LEFT_OUT},
            "urn": urn,
            "custom": goal["custom"],
            "type": goal["type"],
            "inputs": known(inputs),
            **{name: goal[name] for name in _OPTIONS if goal.get(name)},
        }
        unknown = frozenset(name for name, value in inputs.items() if known({name: value}) != {name: value})
        yield urn, Planned(urn, goal["type"], entry, made == ["create-replacement"], unknown)


_LEFT_OUT: Final = ("id", "inputs", "outputs", "sourcePosition", "stackTrace", "created", "modified")
_OPTIONS: Final = (
    *("parent", "protect", "dependencies", "provider", "propertyDependencies"),
    "additionalSecretOutputs",
)


def _inputs(difference: Json, old: Json) -> dict[str, Any]:
    """The inputs of a goal, which has their difference from the old ones."""
    removed = difference.get("deletes") or ()
    kept = {name: value for name, value in old.items() if name not in removed}
    return {**kept, **(difference.get("adds") or {}), **(difference.get("updates") or {})}


def known(value: Any) -> Any:
    """A value without the parts that are not known before the update."""
    if isinstance(value, dict):
        return {name: known(each) for name, each in value.items() if not _is_unknown(each)}
    return [known(each) for each in value if not _is_unknown(each)] if isinstance(value, list) else value


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value in _UNKNOWN


def _ordered(made: dict[str, Planned]) -> list[Planned]:
    """Sorted so that each comes after its parent, its provider and its dependencies."""
    found: dict[str, Planned] = {}

    def add(urn: str) -> None:
        each = made.get(urn)
        if each is None or urn in found:
            return
        for other in before(each.entry):
            add(other)
        found[urn] = each

    for urn in sorted(made, key=lambda urn: made[urn].type != _ROOT):
        add(urn)
    return list(found.values())


def before(entry: Json) -> Iterator[str]:
    """The URNs of what a resource needs in the state: its parent, its provider, its dependencies."""
    if entry.get("parent"):
        yield entry["parent"]
    if entry.get("provider"):
        yield entry["provider"].rpartition("::")[0]
    yield from entry.get("dependencies") or ()
    for urns in (entry.get("propertyDependencies") or {}).values():
        yield from urns or ()


def _errors_in(output: str) -> str:
    """The errors of a preview that failed, from its JSON; else the whole of what it printed."""
    start = output.find("{")
    try:
        document = json.loads(output[start:].partition("\nerror:")[0]) if start >= 0 else {}
    except ValueError:
        document = {}
    errors = [
        each["message"].strip() for each in document.get("diagnostics") or () if each["severity"] == "error"
    ]
    return in_lines("\n".join(errors) or output)
