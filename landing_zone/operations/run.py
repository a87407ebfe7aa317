"""One run on a stack: `up`, `refresh`, `destroy`, each after the recovery that the last run makes necessary.

A run marks the stack, by a tag, before it begins, and takes the mark away when it succeeds. A mark that is there when a
run begins is that of a run that was killed or failed, and says which: its state may lack what it created. So the state
need not be written after each step, which on self-managed backends takes most of the time of a large stack
(docs/adr/0032).
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from landing_zone.bounded_yaml import load_bounded
from landing_zone.exported_state import resources_of
from landing_zone.operations.covered import uncovered
from landing_zone.operations.mark import FAILED, SPLIT, clear_mark, is_of_split, read_mark, set_mark
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, CliError, Ended, LockedError
from landing_zone.operations.recover import drop_deleted_roles, projects_left, recover, refresh, repair
from landing_zone.operations.state import interrupted, project_ids
from landing_zone.workspace import UnreadableError, backend_url, find_project

PARALLEL: Final = 512
"""Operations side by side: they wait for Google. Pulumi's default is 4 per core."""
_WITHOUT_CHECKPOINTS: Final = {"PULUMI_SKIP_CHECKPOINTS": "true"}
_POLL_S: Final = 0.2


@dataclass(frozen=True)
class Options:
    """Options of a run."""

    checkpoints: bool | None = None
    """Write the state after each step; None: only where recovery would not find everything again."""
    parallel: int | None = None
    """Operations side by side; None: PULUMI_PARALLEL, else PARALLEL."""
    policy_packs: tuple[str, ...] = ()
    """The CLI's options for policy packs."""

    @property
    def of_cli(self) -> list[str]:
        """The options of the CLI."""
        most = self.parallel or (None if "PULUMI_PARALLEL" in os.environ else PARALLEL)
        return [*self.policy_packs, *(["--parallel", str(most)] if most else [])]


def run(
    cli: Cli,
    verb: str,
    projects: Mapping[str, str | None],
    options: Options,
    progress: Progress,
) -> Ended:
    """Run `up`, `refresh` or `destroy`.

    Args:
        projects: ids of the projects that the stack file has the stack create → the stack in their label, if it is
            another.
        progress: shows what is done.

    Raises:
        LockedError: another run is at work on the stack.
        RecoveryError, CliError: the recovery fails; nothing else was changed.
        StoppedByUserError: Ctrl-C while nothing was run yet.
    """
    while True:
        try:
            return _run(cli, verb, projects, options, progress)
        except LockedError as error:
            make_way(cli, error, progress)


def _run(
    cli: Cli, verb: str, projects: Mapping[str, str | None], options: Options, progress: Progress
) -> Ended:
    exported = json.loads(cli.ask("stack", "export"))
    mark = read_mark(cli)
    _refuse_in_split(mark)
    progress.learn(resources_of(exported))
    deletes = verb == "destroy"
    there = project_ids(exported)
    new = {each: stack for each, stack in projects.items() if each not in there and verb != "refresh"}
    recovers = bool(mark or interrupted(exported) or (new and projects_left(cli, new, deletes=deletes)))
    if recovers:
        progress.say(_reason(mark))
        recover(cli, progress, deletes=deletes)
    # A project that fails does not stop the others; a refresh has no such option.
    goes_on = [] if verb == "refresh" else ["--continue-on-error"]
    arguments = [verb, "--yes", "--skip-preview", *goes_on, *options.of_cli]
    variables = {} if _writes_checkpoints(cli, exported, options) else _WITHOUT_CHECKPOINTS
    set_mark(cli, verb)
    ended = cli.operate(*arguments, on_event=progress.see, variables=variables)
    if ended.code == 0:
        if verb == "refresh":
            drop_deleted_roles(cli)
        clear_mark(cli)
    elif not recovers and not ended.stopped and progress.has_met_existing():
        # A run that left no sign, such as a plain `pulumi up` whose lock was removed by hand.
        progress.start_again("something exists at Google that the state does not have")
        return _run(cli, verb, projects, options, progress)
    elif ended.code > 0 and not ended.stopped:
        # The backend may be what failed: the mark from before then stays.
        with contextlib.suppress(CliError):
            set_mark(cli, f"{FAILED}{verb}")
            repair(cli)
    return ended


def create_stack(cli: Cli, file: Path, progress: Progress) -> None:
    """Create the stack of a file in the backend, with the `secretsprovider` that the file names, else Pulumi's default.

    Raises CliError; also for the file of a stack that was created already: it is in another backend, and a second one
    would make everything again.
    """
    written = load_bounded(file)
    used = next((key for key in ("encryptionsalt", "encryptedkey") if key in written), None)
    if used:
        raise CliError(
            f"the backend has no stack {cli.stack}, and {file.name} has the {used} of one that was created: run pulumi "
            f"login with the backend that has it; or take {used} out of the file, and this creates a new stack"
        )
    provider = str(written.get("secretsprovider") or "")
    cli.ask("stack", "init", "--no-select", *(["--secrets-provider", provider] if provider else []))
    how = f"secretsprovider {provider}" if provider else "Pulumi's default for the backend"
    progress.say(
        f"created the stack {cli.stack}, which the backend did not have; its secrets are encrypted by {how}"
    )


def make_way(cli: Cli, error: LockedError, progress: Progress) -> None:
    """Remove the locks of runs on this machine that were killed, and wait for those that are at work.

    Raises LockedError again for those of other machines, of which nobody here can know.
    """
    if not all(lock.is_here for lock in error.locks):
        raise error
    for lock in error.locks:
        if not lock.is_dead:
            progress.say(f"waiting for another run on the stack: {lock.holder}")
            while not lock.is_dead:
                time.sleep(_POLL_S)
            return  # it has removed its lock itself, unless it was killed meanwhile
    progress.say(
        f"removing the lock of a run that was killed: {'; '.join(each.holder for each in error.locks)}"
    )
    cli.ask("cancel", "--yes")


def preview(cli: Cli, verb: str, options: Options, progress: Progress) -> Ended:
    """Preview `up` (as `preview`), `refresh` or `destroy`. Raises LockedError, CliError."""
    if mark := read_mark(cli):
        _refuse_in_split(mark)
        progress.say(
            f"{_reason(mark)}; gemini-lz up recovers what it left, which is not part of this preview"
        )
    if verb in ("up", "preview"):
        return cli.operate("preview", *options.of_cli, on_event=progress.see)
    return cli.operate(verb, "--preview-only", *options.of_cli, on_event=progress.see)


def recover_now(cli: Cli, progress: Progress, *, unlock: bool) -> int:
    """Recover a stack, whatever its mark says; returns how much was taken over. Raises as `recover`.

    Args:
        unlock: remove the locks of other machines' runs.
    """
    _refuse_in_split(read_mark(cli))
    while True:
        try:
            taken = recover(cli, progress)
            break
        except LockedError as error:
            if unlock and not any(lock.is_here and not lock.is_dead for lock in error.locks):
                progress.say(f"removing the lock of {'; '.join(each.holder for each in error.locks)}")
                cli.ask("cancel", "--yes")
            else:
                make_way(cli, error, progress)
    if read_mark(cli):
        clear_mark(cli)
    return taken


def refresh_now(cli: Cli, progress: Progress) -> None:
    """Read all resources of the state, so that the next run changes back what was changed by hand.

    Raises CliError, LockedError, StoppedByUserError.
    """
    while True:
        try:
            progress.say("reading all resources of the state")
            refresh(cli, progress)
            return
        except LockedError as error:
            make_way(cli, error, progress)


def _refuse_in_split(mark: str | None) -> None:
    """Raise CliError if a split is at work on the stack: nothing may act on half of it."""
    if mark and is_of_split(mark):
        source = mark.removeprefix(SPLIT).partition(" ")[0]
        raise CliError(
            f"a split of {source} has begun, and has not ended: {mark}. Run gemini-lz fleet split {source}: it goes on "
            "where it was"
        )


def _reason(mark: str | None) -> str:
    if mark and mark.startswith(FAILED):
        return f"the last run was refused, or failed: {mark.removeprefix(FAILED)}"
    return f"the last run did not end: {mark}" if mark else "the last run did not end"


def _writes_checkpoints(cli: Cli, exported: Mapping[str, Any], options: Options) -> bool:
    if options.checkpoints is not None:
        return options.checkpoints
    return not _is_self_managed(cli) or bool(uncovered(exported, cli.folder))


def _is_self_managed(cli: Cli) -> bool:
    """True if the state is in files or a database of the user's; Pulumi Cloud takes changes one by one."""
    try:
        url = backend_url(find_project(cli.folder), os.environ)
    except UnreadableError:
        return False
    return bool(url) and not str(url).startswith(("https:", "http:"))
