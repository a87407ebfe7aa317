"""One run on a stack: `up`, `refresh`, `destroy`, each after the recovery that the last run makes necessary.

A run marks the stack, by a tag, before it begins, and takes the mark away when it succeeds. A mark that is there when a
run begins is that of a run that was killed or failed: its state may lack what it created. So the state need not be
written after each step, which on self-managed backends takes most of the time of a large stack (docs/adr/0032).
"""

import getpass
import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from landing_zone.operations.covered import uncovered
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, Ended, LockedError
from landing_zone.operations.recover import projects_left, recover
from landing_zone.operations.state import interrupted, resources_of
from landing_zone.workspace import UnreadableError, backend_url, find_project

MARK: Final = "gemini-lz-run"
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
    projects: Iterable[str],
    options: Options,
    progress: Progress,
) -> Ended:
    """Run `up`, `refresh` or `destroy`.

    Args:
        projects: ids of the projects that the stack file has the stack create.
        progress: shows what is done.

    Raises:
        LockedError: another run is at work on the stack.
        RecoveryError, CliError: the recovery fails; nothing else was changed.
        StoppedByUserError: Ctrl-C while nothing was run yet.
    """
    while True:
        try:
            return _run(cli, verb, set(projects), options, progress)
        except LockedError as error:
            make_way(cli, error, progress)


def _run(cli: Cli, verb: str, projects: set[str], options: Options, progress: Progress) -> Ended:
    exported = json.loads(cli.ask("stack", "export"))
    mark = read_mark(cli)
    progress.learn(resources_of(exported))
    known = {str(each.get("id", "")).removeprefix("projects/") for each in resources_of(exported)}
    deletes = verb == "destroy"
    new = projects - known if verb != "refresh" else set()
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
        clear_mark(cli)
    elif not recovers and not ended.stopped and progress.has_met_existing():
        # A run that left no sign, such as a plain `pulumi up` whose lock was removed by hand.
        progress.start_again("something exists at Google that the state does not have")
        return _run(cli, verb, projects, options, progress)
    return ended


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


def read_mark(cli: Cli) -> str | None:
    """The mark of a run that has not succeeded: verb, user, machine, process and time; None if there is none."""
    tags: dict[str, str] = json.loads(cli.ask("stack", "tag", "ls", "--json"))
    return tags.get(MARK)


def set_mark(cli: Cli, verb: str) -> None:
    """Mark the stack as being worked on."""
    who = f"{_user()}@{socket.gethostname()} (pid {os.getpid()})"
    cli.ask("stack", "tag", "set", MARK, f"{verb} by {who} at {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def clear_mark(cli: Cli) -> None:
    """Take the mark away: the state has all that the run did."""
    cli.ask("stack", "tag", "rm", MARK)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return str(os.getuid())


def _reason(mark: str | None) -> str:
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
