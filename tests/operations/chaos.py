"""Rounds of chaos: a run in which many calls fail, each in its own way, and what must hold after one that ends well.

A round has a few faults in each of the stack's projects, which are all alike, and a few in what they share. A run may
fail only if it has met a fault; the last is without. Then all that Google has must be what a run without a fault makes:
each project's resources, with their values, none twice and none missing, and the state must name just these.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from landing_zone.exported_state import resources_of
from sandbox.engine import Engine
from tests.operations import chaos_stack
from tests.operations.chaos_calls import Case, cases_of
from tests.operations.chaos_contents import contents, key_strings
from tests.operations.stage import SECRETS, Stage, empty_stage
from tests.workspace import STACK, redact

_IN_A_PROJECT: Final = 6
"""Faults of a round in each project."""
_IN_ANY: Final = 2
"""The same of calls that do not say which project they are about: so many times the number of projects."""
_SHARED: Final = 24
"""Faults of a round in what the projects share, and in what is looked at before."""
_RUNS: Final = 4
"""Runs with the faults that are left, before one without."""


@dataclass(frozen=True)
class Snapshot:
    """A stack before a run, and what that run comes to without a fault.

    Attributes:
        folder: of the stage that it is in.
        named: what each project is named by before the run.
        cases: what can happen to each of the run's calls.
        contents: what there is at Google after it, by kind.
        urns: what is in the state after it.
    """

    folder: Path
    named: Sequence[Sequence[str]]
    cases: Sequence[Case]
    contents: Mapping[str, Sequence[str]]
    urns: Sequence[str]


@dataclass(frozen=True)
class Round:
    """What a round came to: the cases that had a place, those whose call was made and met its fault, and the runs."""

    placed: Sequence[Case]
    met: Sequence[Case]
    runs: int


class Chaos:
    """A stack of so many projects, as it is before each of some runs, and rounds that begin with a copy of that.

    `verbs`: the runs, of `up`, `update` and `destroy`, each after the one before.
    """

    def __init__(self, folder: Path, engine: Engine, count: int, verbs: Sequence[str]) -> None:
        self._folder, self._engine, self._count, self._verbs = folder, engine, count, verbs
        self._snapshots: dict[str, Snapshot] = {}
        with empty_stage(folder / "nothing", engine) as stage:
            chaos_stack.settle(stage.cloud)
            chaos_stack.prepare(stage, count)

    def snapshot(self, verb: str) -> Snapshot:
        """The stack before a run; those before it are made once, when they are needed."""
        if verb not in self._snapshots:
            before = self._verbs[: self._verbs.index(verb)]
            for each in before:
                self.snapshot(each)
            self._snapshots[verb] = self._snapshot(verb, self._folder / (before[-1] if before else "nothing"))
        return self._snapshots[verb]

    def _snapshot(self, verb: str, origin: Path) -> Snapshot:
        """Run once without a fault, and leave what comes of it in a folder."""
        with copied(origin, self._folder / verb, self._engine) as stage:
            named = names_of(stage, self._ids())
            edit(stage, verb)
            begin = last_request(stage)
            code, printed = stage.run(*command(verb, "gemini-lz"))
            assert code == 0, printed
            cases = cases_of(verb, stage.cloud.requests(begin), named)
            return Snapshot(origin, named, cases, contents(stage.cloud, self._ids()), urns_of(stage))

    def _ids(self) -> list[str]:
        return [chaos_stack.project_id(name) for name in chaos_stack.names(self._count)]

    def round(self, verb: str, cases: Sequence[Case], folder: Path, through: str, drawn: Random) -> Round:
        """Have as many of the cases happen as a round has room for, in runs until one ends well; check what there is.

        `through`: `gemini-lz` or `pulumi`. `drawn`: which project meets what.
        """
        snapshot = self.snapshot(verb)
        placed = self._placed(cases)
        faults = [
            case.fault(str(label), snapshot.named[project], drawn.randrange(self._count))
            for label, (case, project) in enumerate(placed)
        ]
        with copied(snapshot.folder, folder, self._engine) as stage:
            edit(stage, verb)
            keys = key_strings(stage.cloud, self._ids())
            stage.cloud.call("PUT", "/_local/faults", {"faults": faults})
            ended = _converge(stage, verb, through, drawn)
            stage.cloud.call("PUT", "/_local/faults", {"faults": []})
            met = [case for label, (case, _) in enumerate(placed) if str(label) not in ended.waiting]
            try:
                self._check(stage, snapshot, verb, ended.printed, keys)
            except AssertionError as error:
                shown = "\n".join(f"{each.kind}: {each.call}" for each in met)
                raise AssertionError(f"{error}\nafter {verb} by {through}, with\n{shown}") from None
        shutil.rmtree(folder)
        return Round([case for case, _ in placed], met, ended.runs)

    def _placed(self, cases: Sequence[Case]) -> list[tuple[Case, int]]:
        """The first cases for which there is room, and the number of the project that each is in."""
        found: list[tuple[Case, int]] = []
        room = {0: _IN_A_PROJECT * self._count, 1: _SHARED, self._count: _IN_ANY * self._count}
        for case in cases:
            if room[case.call.spread]:
                room[case.call.spread] -= 1
                found.append((case, room[case.call.spread] % self._count))
        return found

    def _check(self, stage: Stage, snapshot: Snapshot, verb: str, printed: str, keys: set[str]) -> None:
        found = contents(stage.cloud, self._ids())
        wrong = {
            what: (sorted({*made} - {*here}), sorted({*here} - {*made}), len(here) - len(made))
            for what in found.keys() | snapshot.contents.keys()
            if (made := snapshot.contents.get(what, ())) != (here := found.get(what, ()))
        }
        assert not wrong, f"missing, too much, more than should be: {json.dumps(wrong, indent=1)}"
        assert urns_of(stage) == snapshot.urns
        keys = keys | key_strings(stage.cloud, self._ids())
        texts = {
            "output": printed,
            "state": stage.state(),
            "journal": json.dumps(stage.cloud.requests()),
            "log": stage.layout.cloud_log.read_text(),
        }
        for what, text in texts.items():
            assert not any(secret in text for secret in {*keys, *SECRETS}), f"a secret in the {what}"
        assert redact(printed) == printed, "what looks like a secret in the output"
        if verb != "destroy":
            assert stage.workspace.preview() == []


def command(verb: str, through: str) -> tuple[str, ...]:
    """The command that does it, by `gemini-lz` or by `pulumi`."""
    does = "destroy" if verb == "destroy" else "up"
    if through == "gemini-lz":
        return ("gemini-lz", does, STACK, "--yes")
    return ("pulumi", does, "--yes", "--skip-preview", "--non-interactive", "--stack", STACK)


@dataclass(frozen=True)
class _Ended:
    """What a round's runs have printed, how many there were, and the labels of the faults that none has met."""

    printed: str
    runs: int
    waiting: set[str]


def _converge(stage: Stage, verb: str, through: str, drawn: Random) -> _Ended:
    """Run until a run ends well, which one that meets no fault has to."""
    printed, waiting = "", _waiting(stage)
    for number in range(1, _RUNS + 1):
        before = waiting
        code, text = _run(stage, verb, through, drawn, again=number > 1)
        printed, waiting = printed + text, _waiting(stage)
        if code == 0:
            return _Ended(printed, number, waiting)
        assert waiting != before, f"a run met no fault, and failed:\n{redact(text)}"
    stage.cloud.call("PUT", "/_local/faults", {"faults": []})
    code, text = _run(stage, verb, through, drawn, again=True)
    assert code == 0, f"a run without a fault failed:\n{redact(text)}"
    return _Ended(printed + text, _RUNS + 1, waiting)


def _run(stage: Stage, verb: str, through: str, drawn: Random, *, again: bool) -> tuple[int, str]:
    """Run it once; plain `pulumi` after a recovery, if it is not the first time."""
    if through == "gemini-lz":
        return stage.printed_by(*command(verb, through), *(["--json"] if drawn.random() < 0.5 else []))
    code, printed = stage.printed_by("gemini-lz", "recover", STACK) if again else (0, "")
    if code == 0:
        code, text = stage.printed_by(*command(verb, through))
        printed += text
    return code, printed


def _waiting(stage: Stage) -> set[str]:
    found: list[Mapping[str, Any]] = stage.cloud.call("GET", "/_local/faults")["faults"]
    return {str(each["label"]) for each in found}


def edit(stage: Stage, verb: str) -> None:
    """Change the stack file, if the run is an update."""
    if verb == "update":
        chaos_stack.change(stage)


@contextmanager
def copied(origin: Path, folder: Path, engine: Engine) -> Iterator[Stage]:
    """A stage with the cloud's databases, the state and the stack file of another one's folder."""
    with empty_stage(folder, engine, origin / "cloud") as stage:
        workspace = stage.workspace
        of_origin = origin / "workspace"
        shutil.copytree(
            of_origin / workspace.layout.backend.relative_to(folder / "workspace"),
            workspace.layout.backend,
            dirs_exist_ok=True,
        )
        shutil.copy(of_origin / workspace.stack_file.relative_to(folder / "workspace"), workspace.stack_file)
        workspace.pulumi("stack", "select", STACK)
        chaos_stack.settle(stage.cloud)
        yield stage


def names_of(stage: Stage, ids: Sequence[str]) -> list[list[str]]:
    """What each project is named by in calls: its id, and if it exists, its number and the ids of its budgets."""
    projects = stage.cloud.call("GET", "/cloudresourcemanager/v1/projects?pageSize=500")["projects"]
    numbers = {each["projectId"]: each["projectNumber"] for each in projects}
    named = [[each, *([numbers[each]] if each in numbers else [])] for each in ids]
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    for resource in resources_of(exported):
        found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}$", str(resource.get("id", "")))
        text = json.dumps(resource.get("inputs", {}))
        owners = [each for each in named if any(name in text for name in each[:2])]
        if found and len(owners) == 1:
            owners[0].append(found[0])
    return named


def urns_of(stage: Stage) -> list[str]:
    """The resources in the state, without those that are to be deleted; fails if an operation has no known end."""
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    assert not (exported.get("deployment") or {}).get("pending_operations")
    found = resources_of(exported)
    assert not [each["urn"] for each in found if each.get("delete")]
    return sorted(each["urn"] for each in found)


def last_request(stage: Stage) -> int:
    """The number of the cloud's last request."""
    return int(stage.cloud.call("GET", "/_local/requests?after=0")["last"])
