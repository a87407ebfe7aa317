"""Existing projects taken into the state of a stack, by its stack file; nothing at Google is changed."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from landing_zone.exported_state import owner_of, resources_of
from landing_zone.operations.mark import clear_mark, set_mark
from landing_zone.operations.natural_names_alone import is_made_up
from landing_zone.operations.planned import Planned
from landing_zone.operations.progress import Progress, title
from landing_zone.operations.pulumi_cli import Cli, LockedError, NoStackError
from landing_zone.operations.recover import recover
from landing_zone.operations.run import create_stack, make_way
from landing_zone.operations.settle import unsettled
from landing_zone.operations.state import project_ids

_AT_ONCE: Final = 4
"""Stacks whose state is read side by side: each is a process of Pulumi's."""
_API: Final = "gcp:projects/service:Service"


@dataclass(frozen=True)
class Adopted:
    """What the state has, and what a preview would still change."""

    resources: Mapping[str, int]
    """Name of a project in the stack file, empty for what belongs to none → its resources at Google."""
    left: list[Planned]
    """What a preview would change; empty if the adoption is complete."""


def adopt(cli: Cli, path: Path, write: Callable[[], None], progress: Progress) -> Adopted:
    """Take all that a stack file describes into the stack's state. Makes no write call to Google.

    Killed at any moment, and run again, it goes on; and so does a `gemini-lz up`.

    Args:
        path: the stack file.
        write: puts the stack file in place.
        progress: shows each step.

    Raises:
        RecoveryError: something at Google is in the way, or cannot be read.
        LockedError: a run on another machine is at work, or has left its lock.
        CliError: the CLI fails, or the program does.
        StoppedByUserError: Ctrl-C.
    """
    while True:
        try:
            return _adopt(cli, path, write, progress)
        except LockedError as error:
            make_way(cli, error, progress)


def _adopt(cli: Cli, path: Path, write: Callable[[], None], progress: Progress) -> Adopted:
    # The mark comes first: an update by the new file that follows a kill recovers before it creates anything.
    try:
        set_mark(cli, "adopt")
        write()
    except NoStackError:
        write()
        create_stack(cli, path, progress)
        set_mark(cli, "adopt")
    recover(cli, progress)
    progress.say("looking for what an update would still change")
    left = unsettled(cli, progress)
    clear_mark(cli)
    return Adopted(_counted(json.loads(cli.ask("stack", "export"))), left)


def _counted(exported: Mapping[str, Any]) -> Counter[str]:
    resources = resources_of(exported)
    parents = {each["urn"]: each.get("parent", "") for each in resources}
    return Counter(owner_of(each["urn"], parents) for each in resources if _is_at_google(each))


def _is_at_google(resource: Mapping[str, Any]) -> bool:
    provider = str(resource["type"]).startswith("pulumi:")
    return bool(resource.get("custom")) and not provider and not is_made_up(resource["type"])


def reason(left: Planned) -> str:
    """What an update would do with a resource, and why, in words."""
    what = title(left.type, left.name)
    if left.type == _API and left.op == "create":
        return f"{what}: it is off, and an update turns it on"
    if left.op == "create":
        return f"{what}: there is none at Google, and an update creates it"
    if left.op == "update":
        return f"{what}: it differs in {', '.join(left.differs) or 'its inputs'}, and an update changes that"
    return f"{what}: an update would do: {left.op}"


def in_other_stacks(cli: Cli, ids: Collection[str]) -> dict[str, str]:
    """Project id → the other stack of the backend, and of this Pulumi project, that has it in its state.

    Raises CliError: the stacks cannot be listed, or read.
    """
    names = [each["name"] for each in cli.stacks()]
    others = [name for name in names if name.rpartition("/")[2] != cli.stack.rpartition("/")[2]]

    def read(name: str) -> set[str]:
        exported = json.loads(Cli(cli.folder, cli.project, name).ask("stack", "export"))
        return project_ids(exported) & set(ids)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {
            each: name for name, found in zip(others, pool.map(read, others), strict=True) for each in found
        }
