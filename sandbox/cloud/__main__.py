"""`python -m sandbox.cloud`: run the local Google Cloud."""

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.cloud.core import faults, timings
from sandbox.cloud.core.store import StoreUnusableError
from sandbox.cloud.server import PortTakenError, serve
from sandbox.cloud.services import BEHIND, SERVICES
from sandbox.gcloud import tools_environment

if TYPE_CHECKING:  # see sandbox.cloud.core.faults
    from sandbox.cloud.core.fault_fields import Fault
    from sandbox.cloud.core.time_fields import Time

_EXAMPLE = """\
example:
  local-gcloud &
  eval "$(local-gcloud --env)"
  curl -H 'Authorization: Bearer any' $LOCAL_CLOUD/cloudbilling/v1/billingAccounts
"""
_START_S = 20.0
_POLL_S = 0.05
_FOLDER = Path(".local-gcloud")


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _faults(path: str) -> "list[Fault]":
    try:
        return faults.read(json.loads(Path(path).read_bytes())["faults"], SERVICES)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None


def _times(path: str) -> "list[Time]":
    try:
        return timings.read(json.loads(Path(path).read_bytes())["times"], SERVICES)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None


def _running(ready_file: Path) -> dict[str, Any] | None:
    """What the ready file says, if the process that wrote it has not ended."""
    try:
        ready: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
        os.kill(ready["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return ready


def _print_environment(ready_file: Path) -> int:
    """Wait for the ready file, as `local-gcloud & eval "$(local-gcloud --env)"` is ahead of it."""
    deadline = time.monotonic() + _START_S
    while (ready := _running(ready_file)) is None:
        if time.monotonic() > deadline:
            sys.stderr.write(
                f"local cloud: none runs by {ready_file}: run local-gcloud beside this command\n"
            )
            return 3
        time.sleep(_POLL_S)
    variables = tools_environment(ready, ready_file.absolute().parent / "gcloud")
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    sys.stdout.write("".join(lines))
    return 0


def main() -> int:
    """Returns the exit status: 0 after SIGINT or SIGTERM, 3 if a port, the database or the cloud is not available."""
    parser = argparse.ArgumentParser(
        prog="local-gcloud",
        description="A local Google Cloud on 127.0.0.1: the APIs that Gemini projects need, with state in one file.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db",
        type=Path,
        default=_FOLDER / "cloud.sqlite",
        metavar="FILE",
        help="the state; made if it is not there (default %(default)s)",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        default=_FOLDER / "cloud.json",
        metavar="FILE",
        help="written, as JSON with the ports, once it serves (default %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=_whole_number,
        default=8440,
        metavar="N",
        help="main port (default 8440); each service also has one of the ports after it; 0 takes free ports",
    )
    parser.add_argument(
        "--latency-ms", type=_whole_number, default=0, metavar="N", help="let every API call wait this long"
    )
    parser.add_argument(
        "--write-quotas",
        action="store_true",
        help="enforce Google's quotas on writes: projects 10 in 10 s, API keys 120 and budgets 100 in a minute",
    )
    parser.add_argument(
        "--faults",
        type=_faults,
        default=[],
        metavar="FILE",
        help='faults from the start: {"faults": […]} in JSON, as PUT /_local/faults takes them',
    )
    parser.add_argument(
        "--times",
        type=_times,
        default=[],
        metavar="FILE",
        help='times from the start: {"times": […]} in JSON, as PUT /_local/times takes them',
    )
    parser.add_argument(
        "--env",
        action="store_true",
        help="print the environment for clients of the one that runs, once it serves, and end",
    )
    arguments = parser.parse_args()
    if arguments.env:
        return _print_environment(arguments.ready_file)
    if _FOLDER in (arguments.db.parent, arguments.ready_file.parent):
        _FOLDER.mkdir(mode=0o700, exist_ok=True)
    try:
        serve(
            SERVICES,
            BEHIND,
            arguments.db.absolute(),  # functions run in folders of their own beside it
            arguments.ready_file,
            arguments.port,
            latency=arguments.latency_ms / 1000,
            write_quotas=arguments.write_quotas,
            faults=arguments.faults,
            times=arguments.times,
        )
    except (PortTakenError, StoreUnusableError) as error:
        sys.stderr.write(f"local cloud: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
