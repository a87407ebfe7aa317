"""Recovery of a stack whose last run was killed: what it left behind gets into the state.

1. The lock of a dead process is removed, and operations without a known end are dropped from the state.
2. A refresh removes from the state what is gone, and reads what was changed.
3. What a preview would create is looked up at Google by its natural name. What exists is added to the state, and read.

So nothing is created twice, and nothing stays behind unknown, also if the state has nothing of the killed run.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.operations.natural_names import PROJECT, NotOursError, World, look_up, project_of
from landing_zone.operations.planned import Planned, planned
from landing_zone.operations.pulumi_cli import Cli, CliError, LockedError, OnEvent
from landing_zone.operations.state import (
    interrupted,
    resources_of,
    with_found,
    without_interrupted,
)

Report = Callable[[str], None]

_AT_ONCE: Final = 32
"""Look-ups side by side."""
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


def recover(cli: Cli, report: Report, on_event: OnEvent, *, creates: bool = True) -> list[Taken]:
    """Bring what an earlier run left behind into the state; returns what was taken into it.

    Args:
        report: gets each step, in words.
        creates: False if the last run was a `destroy`, which creates nothing.

    Raises:
        RecoveryError: something at Google is in the way, or cannot be read.
        LockedError: another run is at work.
        CliError: the CLI fails, or the stack file has mistakes.
    """
    exported = json.loads(cli.ask("stack", "export"))
    left = interrupted(exported)
    if left:
        report(f"{len(left)} operations of the last run have no known end")
    begun = [_planned(operation) for operation in left if operation["type"] == "creating"]
    _load_first(cli, exported, report)
    google = Google(GoogleConfig.read(gcp_config(cli), os.environ))
    if resources_of(exported):
        report("reading all resources of the state")
        _refreshed(cli, on_event, [])
        exported = json.loads(cli.ask("stack", "export"))
    taken = _take(cli, google, exported, begun, report, on_event)
    if creates:
        report("looking for resources that the state does not have")
        exported = json.loads(cli.ask("stack", "export"))
        taken += _take(cli, google, exported, planned(cli), report, on_event)
    return taken


def projects_left(google: Google, stack: str, ids: Iterable[str]) -> list[str]:
    """Of the projects that the state does not have, those that a run of this stack created. Raises RecoveryError."""
    world = World(google, stack)
    plan = [Planned(each, PROJECT, {"inputs": {"projectId": each}}, replaces=False) for each in ids]
    return [each.urn for each in plan if each.urn in _found(world, plan)]


def _take(
    cli: Cli,
    google: Google,
    exported: Mapping[str, Any],
    plan: list[Planned],
    report: Report,
    on_event: OnEvent,
) -> list[Taken]:
    present = {each["urn"] for each in resources_of(exported) if not each.get("delete")}
    custom = [
        each
        for each in plan
        if each.is_custom and not each.is_provider and (each.replaces or each.urn not in present)
    ]
    ids = _look_ups(google, cli.stack, exported, custom)
    found = [each for each in custom if each.urn in ids and each.type not in _VIEWS]
    if not found:
        return []
    report(f"taking {len(found)} resources over, which the last run created")
    _load(cli, with_found(exported, plan, ids))
    _refreshed(cli, on_event, [each.urn for each in found])
    return [Taken(each.type, each.name, ids[each.urn]) for each in found]


def _look_ups(google: Google, stack: str, exported: Mapping[str, Any], plan: list[Planned]) -> dict[str, str]:
    """URN → id of the planned resources that exist, the projects first, as others are in them."""
    world = World(google, stack)
    for each in resources_of(exported):
        world.taken.add(str(each.get("id", "")))
        if each["type"] == PROJECT:
            world.numbers[each["urn"]] = str((each.get("outputs") or {}).get("number", ""))
    projects = [each for each in plan if each.type == PROJECT]
    ids = _found(world, projects)
    world.missing.update(project_of(each) for each in projects if each.urn not in ids)
    return ids | _found(world, [each for each in plan if each.type != PROJECT])


def _found(world: World, plan: list[Planned]) -> dict[str, str]:
    problems: list[str] = []

    def find(each: Planned) -> str:
        try:
            found = look_up(world, each)
        except NotOursError as error:
            problems.append(str(error))
            return ""
        except (GoogleError, CredentialsError) as error:
            reason = error.with_remedy if isinstance(error, GoogleError) else str(error)
            problems.append(f"{each.name}: whether it exists cannot be read: {reason}")
            return ""
        if found and found.number:
            world.numbers[each.urn] = found.number
        return found.id if found else ""

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ids = dict(zip([each.urn for each in plan], pool.map(find, plan), strict=True))
    if problems:
        raise RecoveryError("\n".join(dict.fromkeys(sorted(problems))))
    return {urn: each for urn, each in ids.items() if each}


def _planned(operation: Mapping[str, Any]) -> Planned:
    resource = operation["resource"]
    entry = {name: value for name, value in resource.items() if name not in ("id", "outputs")}
    return Planned(resource["urn"], resource["type"], entry, replaces=False)


def _load_first(cli: Cli, exported: Mapping[str, Any], report: Report) -> None:
    """Import the state as it is, without operations of unknown end: this asks for the lock before anything is done.

    The lock of a run on this machine that has ended is removed. Raises LockedError for any other.
    """
    try:
        _load(cli, exported)
    except LockedError as error:
        if not all(lock.is_dead for lock in error.locks):
            raise
        report(
            f"removing the lock of a run that was killed: {'; '.join(each.holder for each in error.locks)}"
        )
        cli.ask("cancel", "--yes")
        _load(cli, exported)


def _load(cli: Cli, exported: Mapping[str, Any]) -> None:
    # The CLI drops operations of unknown end by itself, with a warning for each.
    cli.ask("stack", "import", text=json.dumps(without_interrupted(exported)))


def _refreshed(cli: Cli, on_event: OnEvent, urns: list[str]) -> None:
    """Read the resources, or all of the state; raises CliError if one cannot be read."""
    targets = [option for urn in urns for option in ("--target", urn)]
    ended = cli.operate("refresh", "--yes", "--skip-preview", *targets, on_event=on_event)
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
