"""Recovery of a stack whose last run was killed: what it left behind gets into the state.

1. Operations without a known end are dropped from the state, and so is what was in projects that are gone.
2. A refresh removes from the state what is gone, and reads what was changed.
3. What a preview would create is looked up at Google by its natural name. What exists is added to the state, and read.

So nothing is created twice, and nothing stays behind unknown, also if the state has nothing of the killed run.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.exported_state import project_of, resources_of, type_of
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.projects import is_gone
from landing_zone.google.rest import Google
from landing_zone.names import STACK_LABEL, stack_label
from landing_zone.operations.natural_names import PROJECT, look_up
from landing_zone.operations.planned import Planned, planned
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, CliError, StoppedByUserError
from landing_zone.operations.state import (
    interrupted,
    project_ids,
    repaired,
    with_found,
    without_deleted_roles,
    without_projects,
)
from landing_zone.operations.world import NotKnownError, NotOursError, World

_AT_ONCE: Final = 32
"""Look-ups side by side."""
_PASSES: Final = 5
"""Looks at the plan: the graph is three deep."""
_VIEWS: Final = ("gemini-landing-zone:index:ProjectExit", "gemini-landing-zone:index:StackExit")
"""Types that are nothing at Google, and that the state needs for the order of deletions."""
_MANY: Final = 1_000
"""Targets of a refresh, beyond which the command line would be too long."""


class RecoveryError(Exception):
    """A stack cannot be recovered; the message has each reason and the remedy."""


@dataclass(frozen=True)
class Looked:
    """What was found of a plan."""

    ids: Mapping[str, str]
    """URN → id at Google."""
    is_all: bool
    """False if there are resources whose names are not known yet."""


def recover(cli: Cli, progress: Progress, *, deletes: bool = False) -> int:
    """Bring what an earlier run left behind into the state; returns how many resources were taken into it.

    Args:
        progress: shows each step.
        deletes: the stack is about to be deleted: what is in the way of its creation is left alone.

    Raises:
        RecoveryError: something at Google is in the way, or cannot be read.
        LockedError: another run is at work, or has left its lock.
        CliError: the CLI fails, or the stack file has mistakes.
        StoppedByUserError: Ctrl-C.
    """
    return _Recovery(cli, progress, deletes).run()


def repair(cli: Cli) -> None:
    """Make the state that a failed run has written one that the engine takes, for `pulumi` too. Raises CliError.

    Where operations have no known end it is left to `recover`: an import drops them.
    """
    _rewrite(cli, lambda exported: exported if interrupted(exported) else repaired(exported))


def projects_left(cli: Cli, projects: Mapping[str, str | None], *, deletes: bool) -> bool:
    """True if projects exist that the state does not have, and that a run of this stack created.

    `projects`: id → the stack in its label, None for this one.
    Raises RecoveryError: one exists that the stack did not create, or that is being deleted, unless `deletes`.
    """
    plan = [
        Planned(each, PROJECT, {"inputs": {"projectId": each, "labels": labels}})
        for each, stack in projects.items()
        for labels in [{STACK_LABEL: stack_label(cli.project, stack or cli.stack)}]
    ]
    found = look_ups(World(google_of(cli), cli.project, cli.stack), plan, deletes=deletes).ids
    _refuse_moved(cli, found.values())
    return bool(found)


def _refuse_moved(cli: Cli, found: Iterable[str]) -> None:
    """Raise RecoveryError if a split moved projects to other stacks: they have this one's label. `found`: their ids."""
    ids = {each.removeprefix("projects/") for each in found}
    moved = {
        part.stack: sorted(there)
        for part in (cli.parts() if ids else ())
        if (there := ids & project_ids(json.loads(part.ask("stack", "export"))))
    }
    if moved:
        where = "; ".join(f"{stack} has {', '.join(there)}" for stack, there in moved.items())
        raise RecoveryError(
            f"a split moved projects of the file to other stacks: {where}. The file is from before: pull the stack "
            "files, and run the command again"
        )


class _Recovery:
    def __init__(self, cli: Cli, progress: Progress, deletes: bool) -> None:
        self._cli = cli
        self._progress = progress
        self._deletes = deletes
        self._plan: dict[str, Planned] = {}
        """All that was planned in a pass: what was taken into the state is planned no more."""
        self._google = google_of(cli)

    def run(self) -> int:
        exported = repaired(self._export())
        left = interrupted(exported)
        if left:
            self._progress.say(f"{len(left)} operations of the last run have no known end")
        begun = [_planned(operation) for operation in left if operation["type"] == "creating"]
        # The same state again: this asks for the lock before anything is done.
        self._load(exported)
        if resources_of(exported):
            self._progress.say("reading all resources of the state")
            self._drop_gone(exported)
            refresh(self._cli, self._progress)
        taken = 0
        if begun:
            exported = self._export()
            taken = self._take(exported, begun, self._look(exported, begun))
        self._progress.say("looking for resources that the state does not have")
        # The names of some depend on others: a budget's on its project's number.
        for _ in range(_PASSES):
            exported = self._export()
            plan = planned(self._cli, exported)
            looked = self._look(exported, plan)
            found = {urn: each for urn, each in looked.ids.items() if type_of(urn) not in _VIEWS}
            if self._export() != exported:
                continue  # another run ended meanwhile: its state counts
            taken += self._take(exported, plan, Looked(found, looked.is_all))
            if looked.is_all or not found:
                self._add_views(looked)
                break
        return taken

    def _look(self, exported: Mapping[str, Any], plan: list[Planned]) -> Looked:
        """Look the resources up that the state does not have; projects first, as others are in them."""
        self._plan.update((each.urn, each) for each in plan)
        present = {each["urn"] for each in resources_of(exported) if not each.get("delete")}
        custom = [
            each
            for each in plan
            if each.is_custom and not each.is_provider and (each.replaces or each.urn not in present)
        ]
        world = World(
            self._google,
            self._cli.project,
            self._cli.stack,
            taken={str(each.get("id", "")) for each in resources_of(exported)},
        )
        projects = [each for each in custom if each.type == PROJECT]
        found = look_ups(world, projects, deletes=self._deletes)
        _refuse_moved(self._cli, found.ids.values())
        world.missing.update(project_of(each.inputs) for each in projects if each.urn not in found.ids)
        others = look_ups(world, [each for each in custom if each.type != PROJECT], deletes=self._deletes)
        return Looked({**found.ids, **others.ids}, others.is_all)

    def _take(self, exported: Mapping[str, Any], plan: list[Planned], looked: Looked) -> int:
        """Add what was found to the state, and read it; returns how much is in the state then."""
        if not looked.ids:
            return 0
        self._load(with_found(exported, self._plan, looked.ids))
        refresh(self._cli, self._progress, list(looked.ids))
        present = {each["urn"] for each in resources_of(self._export())}
        taken = [each for each in plan if each.urn in looked.ids and each.urn in present]
        for each in taken:
            self._progress.took(each.urn, each.type, looked.ids[each.urn])
        return len(taken)

    def _add_views(self, looked: Looked) -> None:
        """Add what exists in the state alone: keys are deleted before it, and all that guards them after it."""
        exported = self._export()
        views = {urn: each for urn, each in looked.ids.items() if type_of(urn) in _VIEWS}
        if views and any(each["custom"] and not _is_provider(each) for each in resources_of(exported)):
            self._load(with_found(exported, self._plan, views))

    def _drop_gone(self, exported: Mapping[str, Any]) -> None:
        """Drop what was in projects that are gone: in these, Google refuses to say that it is gone."""
        ids = sorted(project_ids(exported))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            gone = [each for each, is_so in zip(ids, pool.map(self._is_gone, ids), strict=True) if is_so]
        if gone:
            self._load(without_projects(exported, gone))

    def _is_gone(self, project_id: str) -> bool:
        try:
            return is_gone(self._google, project_id)
        except (GoogleError, CredentialsError) as error:
            raise RecoveryError(f"project {project_id} cannot be read: {_reason(error)}") from None

    def _export(self) -> Mapping[str, Any]:
        exported: Mapping[str, Any] = json.loads(self._cli.ask("stack", "export"))
        return exported

    def _load(self, exported: Mapping[str, Any]) -> None:
        # The CLI drops operations without a known end.
        self._cli.ask("stack", "import", text=json.dumps(exported))


def refresh(cli: Cli, progress: Progress, urns: Sequence[str] = ()) -> None:
    """Read the resources, or all of the state.

    Raises CliError if one cannot be read, LockedError, StoppedByUserError.
    """
    targets = [option for urn in urns for option in ("--target", urn)] if len(urns) < _MANY else []
    ended = cli.operate("refresh", "--yes", "--skip-preview", *targets, on_event=progress.see_errors)
    if ended.stopped:
        raise StoppedByUserError
    if ended.code:
        raise CliError(f"the state cannot be brought up to date:\n{ended.output}".rstrip())
    if not urns:
        drop_deleted_roles(cli)


def drop_deleted_roles(cli: Cli) -> None:
    """Drop custom roles from a refreshed state that were deleted. Raises CliError."""
    _rewrite(cli, without_deleted_roles)


def _rewrite(cli: Cli, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Change the state, if that makes it another one. Raises CliError."""
    exported = json.loads(cli.ask("stack", "export"))
    if (changed := change(exported)) != exported:
        cli.ask("stack", "import", text=json.dumps(changed))


def look_ups(world: World, plan: list[Planned], *, deletes: bool) -> Looked:
    """Look planned resources up, side by side. Raises RecoveryError with all that is in the way."""
    problems: list[str] = []
    unknown: list[str] = []

    def find(each: Planned) -> str | None:
        try:
            return look_up(world, each)
        except NotKnownError:
            unknown.append(each.urn)
        except NotOursError as error:
            if not deletes:
                problems.append(str(error))
        except (GoogleError, CredentialsError) as error:
            problems.append(f"{each.name}: whether it exists cannot be read: {_reason(error)}")
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ids = dict(zip([each.urn for each in plan], pool.map(find, plan), strict=True))
    if problems:
        raise RecoveryError("\n".join(dict.fromkeys(sorted(problems))))
    return Looked({urn: each for urn, each in ids.items() if each}, not unknown)


def google_of(cli: Cli) -> Google:
    """A client with the stack's configuration of the gcp provider. Raises CliError."""
    config = json.loads(cli.ask("config", "--json", "--show-secrets"))
    inputs = {
        key.removeprefix("gcp:"): entry.get("value", entry.get("objectValue"))
        for key, entry in config.items()
        if key.startswith("gcp:")
    }
    try:
        return Google(GoogleConfig.read(inputs, os.environ))
    except ValueError:
        raise CliError("gcp:impersonateServiceAccountDelegates is no list in JSON") from None


def _planned(operation: Mapping[str, Any]) -> Planned:
    resource = operation["resource"]
    entry = {name: value for name, value in resource.items() if name not in ("id", "outputs")}
    return Planned(resource["urn"], resource["type"], entry)


def _is_provider(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:providers:")


def _reason(error: Exception) -> str:
    return error.with_remedy if isinstance(error, GoogleError) else str(error)
