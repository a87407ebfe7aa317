"""Programs that passed, all in one stack on the real engine."""

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.layout import ROOT
from tests.lifecycle.policies.judged import Violation, judged
from tests.redteam.programs import PROJECT, Program
from tests.workspace import STACK, Workspace

_PROGRAM: Final = Path(__file__).parent / "registers.py"
_MADE_HERE: Final = frozenset(
    {
        PROJECT,
        "gcp:billing/budget:Budget",
        "gcp:billing/projectInfo:ProjectInfo",
        "gcp:cloudquota/sQuotaPreference:SQuotaPreference",
        "gcp:projects/apiKey:ApiKey",
        "gcp:projects/service:Service",
        "gcp:serviceaccount/account:Account",
        "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride",
        "gemini-landing-zone:index:ProjectLimits",
        "gemini-landing-zone:index:SpendCap",
    }
)


def can_be_made(program: Program) -> bool:
    """True if the stand-in of the gcp plugin makes each of its resources. A project has one `ProjectLimits` at most."""
    kinds = [entry.type for entry in program.entries.values()]
    return _MADE_HERE.issuperset(kinds) and kinds.count("gemini-landing-zone:index:ProjectLimits") < 2


def make(workspace: Workspace, programs: list[Program], pack: Path) -> list[Program]:
    """Preview and make all of them, under the policies; returns those of which everything was made.

    Providers and Google refuse some resources, such as an override above the tier's limit. They are left out, and their
    programs are not returned; whatever else the policies refuse fails.
    """
    refused: set[int] = set()
    for more in (("preview",), *[("up", "--continue-on-error")] * 3):
        _write(workspace, programs)
        run = judged(workspace, more[0], {}, *more[1:], pack=pack)
        names = set(re.findall(r"resource '([^']+)'", run.printed))
        without = [
            (program, entry)
            for program in programs
            for entry in list(program.entries.values())
            if program.name(entry) in names
        ]
        for program, entry in without:
            refused.add(program.number)
            _take_out(program, entry.id)
        allowed = [program for program in programs if program.number not in refused]
        assert [each for each in run.violations if any(_is_about(each, program) for program in allowed)] == []
        if more[0] == "up" and not without:
            break
    made = [program for program in _finished(workspace, programs) if program.number not in refused]
    assert made, run.printed
    return made


def _take_out(program: Program, name: str) -> None:
    """Take out an entry, and what refers to it."""
    program.entries.pop(name, None)
    for each in list(program.entries.values()):
        inputs = json.dumps(each.inputs)
        if each.id in program.entries and (f'"$ref": ["{name}"' in inputs or f'"of": "{name}"' in inputs):
            _take_out(program, each.id)


def _is_about(violation: Violation, program: Program) -> bool:
    names = {program.name(entry) for entry in program.entries.values()}
    return violation.level == "mandatory" and (
        violation.resource.partition(" ")[2] in names or program.project_id in violation.message
    )


def _write(workspace: Workspace, programs: list[Program]) -> None:
    """Make these the workspace's program, of another Pulumi project than this one."""
    folder = workspace.layout.program
    (folder / "__main__.py").write_text(_PROGRAM.read_text())
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text()) | {"name": "somebody-elses"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    resources = [each for program in programs for each in _registered(program)]
    (folder / "resources.json").write_text(json.dumps(resources))
    workspace.write("config:\n  gcp:disableGlobalProjectWarning: true\n")


def _registered(program: Program) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{program.number}/{name}",
            "pulumi": program.name(entry),
            "type": entry.type,
            "inputs": _within(program, entry.inputs),
            "after": [f"{program.number}/{each}" for each in entry.after if each in program.entries],
            "protect": entry.protect,
        }
        for name, entry in program.entries.items()
    ]


def _within(program: Program, value: Any) -> Any:
    """A property, whose references are to resources of its own program."""
    if isinstance(value, list):
        return [_within(program, each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        name, output, prefix = value["$ref"]
        return {"$ref": [f"{program.number}/{name}", output, prefix]}
    if "$later" in value:
        of = f"{program.number}/{value['of']}" if value["of"] else None
        return {"$later": _within(program, value["$later"]), "of": of}
    return {name: _within(program, each) for name, each in value.items()}


def _finished(workspace: Workspace, programs: list[Program]) -> list[Program]:
    """The programs of which every resource was made: Google, or this project's provider, refuses some."""
    exported = json.loads(workspace.pulumi("stack", "export", "--stack", STACK).stdout)["deployment"]
    made = {(each["type"], each["urn"].rpartition("::")[2]) for each in exported.get("resources", [])}
    return [
        program
        for program in programs
        if all((entry.type, program.name(entry)) in made for entry in program.entries.values())
    ]
