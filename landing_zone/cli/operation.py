"""A command that runs Pulumi: its screen, its exit codes, and how its failures are printed.

Exit codes: 0 done; 1 refused or failed, in part or whole; 2 wrong usage, or something is missing; 3 another run is at
work on the stack; 130 stopped by Ctrl-C.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from landing_zone.cli.console import err, out, write_json

if TYPE_CHECKING:
    from landing_zone.cli.progress import Screen

REFUSED: Final = 1
USAGE: Final = 2
_LOCKED: Final = 3
STOPPED: Final = 130


class Operation:
    """A command that runs Pulumi."""

    def __init__(self, *, as_json: bool, unlock: str) -> None:
        """`unlock`: the command that removes the lock of a run that was killed on another machine."""
        self._as_json = as_json
        self.unlock = unlock

    def screen(self, *, planned: bool = False) -> "Screen":
        """The screen of a run."""
        from landing_zone.cli.progress import Screen

        return Screen(write_event if self._as_json else None, planned=planned)

    def guarded(self, work: Callable[[], Any]) -> Any:
        """What is returned; exits where Pulumi, or the recovery, refuses."""
        # Not at the top: Pulumi's SDK takes half a second, and the other commands do without.
        from landing_zone.operations.pulumi_cli import CliError, LockedError, StoppedByUserError
        from landing_zone.operations.recover import RecoveryError

        try:
            return work()
        except LockedError as error:
            self.fail(
                f"{error}. Wait until it has ended. If it was killed on another machine: {self.unlock}",
                _LOCKED,
            )
        except (StoppedByUserError, KeyboardInterrupt):
            self.fail("stopped: run the command again to go on", STOPPED)
        except (CliError, RecoveryError) as error:
            self.fail(str(error), REFUSED)

    def require_terminal(self, command: str) -> None:
        """Exit where there is no terminal to ask on. `command`: the one that does not ask."""
        if self._as_json or not (sys.stdin.isatty() and out.is_terminal):
            self.fail(f"no terminal to ask on: write {command}, which does not ask", USAGE)

    def fail(self, text: str, code: int) -> NoReturn:
        """Print the reason and exit."""
        if self._as_json:
            write_event({"event": "failed", "text": text, "exitCode": code})
        else:
            err.print(text, markup=False)
        raise typer.Exit(code)

    def end(self, screen: "Screen", code: int, output: str, *, stopped: bool) -> None:
        """Print the end of a run; exits unless it succeeded."""
        exit_code = 0 if code == 0 else STOPPED if stopped else REFUSED
        if code < 0:
            output = f"pulumi was killed by signal {-code}: run the command again, which recovers what it did"
        screen.summary(exit_code, output)
        if exit_code:
            raise typer.Exit(exit_code)


def write_event(event: dict[str, Any]) -> None:
    """Write an event for programs, on one line."""
    write_json(event, indent=None)
