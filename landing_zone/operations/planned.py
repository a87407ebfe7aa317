"""What a preview would create or change, in the form in which Pulumi's state has it.

A preview's JSON has each resource's options, with secrets left out; a saved plan has the inputs, with secrets encrypted
as in the state, and the default providers. Source: apitype.ResourceV3 and apitype.ResourcePlanV1 of Pulumi's SDK.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from landing_zone.exported_state import SIGNATURE, name_of, resources_of, type_of
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
_IMPORT: Final = "import"
_HIDDEN: Final = '"[secret]"'
"""A secret in the JSON of a preview."""
_UNCHANGED: Final = ("same", "read", "refresh")
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
    op: str = "create"
    """The engine's word for what it would do."""
    existing: str = ""
    """The id of what the program imports."""
    differs: tuple[str, ...] = ()
    """Paths of the properties that an update would change."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

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
    return [each for each in changes(cli, exported) if each.op in _MADE]


def changes(cli: Cli, exported: Json, saved: Path | None = None) -> list[Planned]:
    """All that a preview of the stack would create, import, change or delete. Raises CliError.

    `exported`: the state. `saved`: a file for the plan, which an update can be held to.
    """
    with TemporaryDirectory(prefix="gemini-lz-") as folder:
        plan = saved or Path(folder, "plan.json")
        try:
            printed = cli.ask("preview", "--json", "--save-plan", str(plan))
        except CliError as error:
            raise CliError(_errors_in(str(error))) from None
        plans: Json = json.loads(plan.read_text(encoding="utf-8"))["resourcePlans"]
    steps: Json = {step["urn"]: step for step in json.loads(printed)["steps"]}
    olds = {
        each["urn"]: each.get("inputs") or {} for each in resources_of(exported) if not each.get("delete")
    }
    made = dict(_made(plans, steps, olds))
    root_first = sorted(made.values(), key=lambda each: each.type != _ROOT)
    return [made[urn] for urn in in_order({each.urn: each.entry for each in root_first})]


def _made(plans: Json, steps: Json, olds: Json) -> Iterator[tuple[str, Planned]]:
    # What a program reads, a preview reads too.
    there = {*olds, *(urn for urn, step in steps.items() if _is_read(step))}
    for urn, plan in plans.items():
        goal, shown = plan.get("goal"), steps.get(urn, {})
        new = shown.get("newState") or {}
        # The plan of an import has no steps, or that of an update if the program would change what it imports.
        ops = [_IMPORT] if new.get("importID") and urn not in olds else plan.get("steps") or ()
        ops = [each for each in ops if each not in _UNCHANGED]
        if not ops:
            continue
        if not goal:  # it leaves the program
            yield urn, Planned(urn, type_of(urn), {}, op=ops[0])
            continue
        inputs = dict(new["inputs"]) if ops == [_IMPORT] else _inputs(goal["inputDiff"], olds.get(urn) or {})
        hidden = {name for name in inputs if _may_hide_unknown(inputs[name], goal, name, there)}
        entry = {
            **{name: value for name, value in new.items() if name not in _LEFT_OUT},
            "urn": urn,
            "custom": goal["custom"],
            "type": goal["type"],
            "inputs": known({name: value for name, value in inputs.items() if name not in hidden}),
            **{name: goal[name] for name in _OPTIONS if goal.get(name)},
        }
        unknown = hidden | {name for name, value in inputs.items() if known({name: value}) != {name: value}}
        made = [each for each in ops if each in _MADE]
        yield (
            urn,
            Planned(
                urn,
                goal["type"],
                entry,
                replaces=made == ["create-replacement"],
                unknown=frozenset(unknown),
                op=made[0] if made else ops[0],
                existing=_imported(new) if ops == [_IMPORT] else "",
                differs=tuple(sorted(shown.get("detailedDiff") or ())),
            ),
        )


def _imported(new: Json) -> str:
    """The id of an import; empty if a preview, which shows no secrets, does not show all of its inputs."""
    return "" if _HIDDEN in json.dumps(new["inputs"]) else str(new.get("importID") or "")


def _is_read(step: Json) -> bool:
    found = (step.get("newState") or {}).get("id")
    return step["op"] == "read" and bool(found) and not _is_unknown(found)


def _may_hide_unknown(value: Any, goal: Json, name: str, there: Collection[str]) -> bool:
    """True for a secret that depends on a resource that is not `there` yet: what is encrypted may be unknown."""
    of = (goal.get("propertyDependencies") or {}).get(name) or ()
    return isinstance(value, dict) and SIGNATURE in value and any(urn not in there for urn in of)


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


def in_order(entries: Mapping[str, Json]) -> list[str]:
    """The URNs of resources, each after what it needs in the state, as the engine requires; else in their order."""
    found: dict[str, None] = {}

    def add(urn: str) -> None:
        if urn in entries and urn not in found:
            for other in before(entries[urn]):
                add(other)
            found[urn] = None

    for urn in entries:
        add(urn)
    return list(found)


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
