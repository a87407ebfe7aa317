"""Recovery of a stack whose last run was killed: what it left behind gets into the state.

1. Operations without a known end are dropped from the state.
2. A refresh removes from the state what is gone, and reads what was changed.
3. What a preview would create is looked up at Google by its natural name. What exists is added to the state, and read.

So nothing is created twice, and nothing stays behind unknown, also if the state has nothing of the killed run.
"""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.operations.natural_names import (
    PROJECT,
    NotKnownError,
    NotOursError,
    World,
    look_up,
    project_of,
)
from landing_zone.operations.planned import Planned, planned
from landing_zone.operations.progress import Progress, title
from landing_zone.operations.pulumi_cli import Cli, CliError
from landing_zone.operations.state import (
    interrupted,
    resources_of,
    with_found,
    without_interrupted,
)

_AT_ONCE: Final = 32
"""Look-ups side by side."""
_PASSES: Final = 4
"""Looks at the plan: the graph is three deep."""
_VIEWS: Final = ("gemini-landing-zone:index:ProjectExit", "gemini-landing-zone:index:StackExit")
"""Types that are nothing at Google, and that the state needs for the order of deletions."""


class RecoveryError(Exception):
    """A stack cannot be recovered; the message has each reason and the remedy."""


@dataclass(frozen=True)
class Taken:
    """A resource that was found and is in the state now."""

    type: str
    name: str
    id: str


def recover(cli: Cli, progress: Progress, *, creates: bool = True) -> list[Taken]:
    """Bring what an earlier run left behind into the state; returns what was taken into it.

    Args:
        progress: shows each step.
        creates: False if the last run was a `destroy`, which creates nothing.

    Raises:
        RecoveryError: something at Google is in the way, or cannot be read.
        LockedError: another run is at work, or has left its lock.
        CliError: the CLI fails, or the stack file has mistakes.
    """
    exported = json.loads(cli.ask("stack", "export"))
    left = interrupted(exported)
    if left:
        progress.say(f"{len(left)} operations of the last run have no known end")
    begun = [_planned(operation) for operation in left if operation["type"] == "creating"]
    # The same state again: this asks for the lock before anything is done.
    _load(cli, exported)
    google = Google(GoogleConfig.read(gcp_config(cli), os.environ))
    if resources_of(exported):
        progress.say("reading all resources of the state")
        _refreshed(cli, progress, [])
        exported = json.loads(cli.ask("stack", "export"))
    taken, _ = _take(cli, google, exported, begun, progress)
    if not creates:
        return taken
    progress.say("looking for resources that the state does not have")
    # The names of some depend on others: a budget's on its project's number.
    for _ in range(_PASSES):
        exported = json.loads(cli.ask("stack", "export"))
        found, is_all = _take(cli, google, exported, planned(cli), progress)
        taken += found
        if is_all or not found:
            break
    return taken


def projects_left(google: Google, stack: str, ids: Iterable[str]) -> list[str]:
    """Of the projects that the state does not have, those that a run of this stack created. Raises RecoveryError."""
    world = World(google, stack)
    return list(_found(world, [Planned(each, PROJECT, {"inputs": {"projectId": each}}) for each in ids])[0])


def _take(
    cli: Cli,
    google: Google,
    exported: Mapping[str, Any],
    plan: list[Planned],
    progress: Progress,
) -> tuple[list[Taken], bool]:
    """Take over what exists of a plan. False: there are resources whose names are not known yet."""
    present = {each["urn"] for each in resources_of(exported) if not each.get("delete")}
    custom = [
        each
        for each in plan
        if each.is_custom and not each.is_provider and (each.replaces or each.urn not in present)
    ]
    ids, is_all = _look_ups(google, cli.stack, exported, custom)
    found = [each for each in custom if each.urn in ids and each.type not in _VIEWS]
    if not found:
        return [], is_all
    _load(cli, with_found(exported, plan, ids))
    _refreshed(cli, progress, [each.urn for each in found])
    for each in found:
        progress.say(f"took over {title(each.type, each.name)}: {ids[each.urn]}")
    return [Taken(each.type, each.name, ids[each.urn]) for each in found], is_all


def _look_ups(
    google: Google, stack: str, exported: Mapping[str, Any], plan: list[Planned]
) -> tuple[dict[str, str], bool]:
    """URN → id of the planned resources that exist; projects first, as others are in them. False: as `_take`."""
    world = World(google, stack, taken={str(each.get("id", "")) for each in resources_of(exported)})
    projects = [each for each in plan if each.type == PROJECT]
    ids, _ = _found(world, projects)
    world.missing.update(project_of(each) for each in projects if each.urn not in ids)
    others, is_all = _found(world, [each for each in plan if each.type != PROJECT])
    return ids | others, is_all


def _found(world: World, plan: list[Planned]) -> tuple[dict[str, str], bool]:
    problems: list[str] = []
    unknown: list[str] = []

    def find(each: Planned) -> str | None:
        try:
            return look_up(world, each)
        except NotKnownError:
            unknown.append(each.urn)
        except NotOursError as error:
            problems.append(str(error))
        except (GoogleError, CredentialsError) as error:
            reason = error.with_remedy if isinstance(error, GoogleError) else str(error)
            problems.append(f"{each.name}: whether it exists cannot be read: {reason}")
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ids = dict(zip([each.urn for each in plan], pool.map(find, plan), strict=True))
    if problems:
        raise RecoveryError("\n".join(dict.fromkeys(sorted(problems))))
    return {urn: each for urn, each in ids.items() if each}, not unknown


def _planned(operation: Mapping[str, Any]) -> Planned:
    resource = operation["resource"]
    entry = {name: value for name, value in resource.items() if name not in ("id", "outputs")}
    return Planned(resource["urn"], resource["type"], entry)


def _load(cli: Cli, exported: Mapping[str, Any]) -> None:
    # The CLI drops operations of unknown end by itself, with a warning for each.
    cli.ask("stack", "import", text=json.dumps(without_interrupted(exported)))


def _refreshed(cli: Cli, progress: Progress, urns: list[str]) -> None:
    """Read the resources, or all of the state; raises CliError if one cannot be read."""
    targets = [option for urn in urns for option in ("--target", urn)]
    ended = cli.operate("refresh", "--yes", "--skip-preview", *targets, on_event=progress.see_errors)
    if ended.code:
        raise CliError(f"the state cannot be brought up to date:\n{ended.output}")


def gcp_config(cli: Cli) -> dict[str, Any]:
    """The stack's configuration of the gcp provider."""
    config = json.loads(cli.ask("config", "--json", "--show-secrets"))
    return {
        key.removeprefix("gcp:"): entry.get("value", entry.get("objectValue"))
        for key, entry in config.items()
        if key.startswith("gcp:")
    }
