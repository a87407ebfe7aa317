"""`python -m sandbox COMMAND`: the commands behind the Makefile's targets; runs in `.venv`.

Exit codes: 0 success; 1 failure; 2 wrong usage, or a missing prerequisite; 3 a server that had to answer did not.
"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sandbox import clock as clock_command
from sandbox import local_cloud, stack
from sandbox.browser import install_browser, report_browser
from sandbox.engine import get_engine
from sandbox.errors import PrerequisiteError, SandboxError
from sandbox.files import only_one, write_atomically
from sandbox.layout import ROOT, SANDBOX
from sandbox.lock import lock
from sandbox.shell import chosen_provider, command_path, sandbox_environment
from sandbox.steps import say, step
from sandbox.venv import POLICY_PACK, make_environment

CHECKS = {
    "Format": ["ruff", "format", "--check"],
    "Lint": ["ruff", "check"],
    "Types": ["mypy", "."],
    "Import rules": ["lint-imports"],
    "Pins": ["python", "-m", "sandbox.supply_chain"],
}
_PLUGINS = {
    "standin": "Using the stand-in for the gcp plugin; GCP_PROVIDER=official make up uses the official one.",
    "official": "Using the official gcp plugin.",
}
BIN = Path(sys.executable).parent
BILL = ROOT / "build" / "sbom.cdx.json"


def setup(_: list[str]) -> None:
    """Set up what is missing: .venv, the Pulumi CLI, the policy pack's own environment."""
    get_engine()
    make_environment(ROOT, POLICY_PACK)


def up(_: list[str]) -> None:
    """Start the local cloud and deploy the stack `sandbox` to it."""
    provider = chosen_provider()
    say(_PLUGINS[provider])
    engine = get_engine()
    make_environment(ROOT, POLICY_PACK)
    with _alone():
        ready = local_cloud.start(SANDBOX)
        local_cloud.forget_deleted_projects(ready)
        environment = sandbox_environment(engine, SANDBOX, ready, provider)
        stack.up(SANDBOX, environment)
    say(
        'Go on with:  eval "$(make -s env)"  and then pulumi, gcloud or terraform;  make down  takes it all away.'
    )


def down(_: list[str]) -> None:
    """Destroy the stack `sandbox` and stop the local cloud."""
    provider = chosen_provider()
    engine = get_engine()
    with _alone():
        ready = local_cloud.start(SANDBOX)
        stack.destroy(SANDBOX, sandbox_environment(engine, SANDBOX, ready, provider))
        local_cloud.stop(SANDBOX)


def env(_: list[str]) -> None:
    """Print the exports that point pulumi, gcloud and terraform at the local cloud, which must be running."""
    provider = chosen_provider()
    ready = local_cloud.running(SANDBOX)
    if ready is None:
        # `eval "$(make -s env)"` only sees the output: this line makes it fail without changing the shell.
        sys.stdout.write("false\n")
        raise PrerequisiteError(
            "The local cloud is not running, so there is no environment. Start it: make up"
        )
    for name, value in sandbox_environment(get_engine(), SANDBOX, ready, provider).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def path(_: list[str]) -> None:
    """Set up what is missing, and print the exports that put `gemini-lz` and the Pulumi CLI on PATH, for any cloud."""
    engine = get_engine()
    make_environment(ROOT, POLICY_PACK)
    for name, value in command_path(engine, SANDBOX).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def clock(arguments: list[str]) -> None:
    """Show the local cloud's clock, or move it: `+2h`, `2026-12-01T00:00Z`, `hold`, `flow`."""
    ready = local_cloud.running(SANDBOX)
    if ready is None:
        raise PrerequisiteError("The local cloud is not running. Start it: make up")
    sys.stdout.write(f"{clock_command.run(ready, arguments)}\n")


def test(arguments: list[str]) -> None:
    """Run the test suite; arguments go to pytest."""
    get_engine()
    make_environment(ROOT, POLICY_PACK)
    report_browser()
    # Tests take from tenths to twenty seconds: an idle worker takes over tests of a busy one.
    parallel = ["--numprocesses=auto", "--dist=worksteal"]
    _become([sys.executable, "-m", "pytest", *(arguments or parallel)])


def bench(arguments: list[str]) -> None:
    """Measure; arguments go to `python -m bench`."""
    get_engine()
    make_environment(ROOT, POLICY_PACK)
    _become([sys.executable, "-m", "bench", *arguments])


def demo(arguments: list[str]) -> None:
    """Run the story of a stolen key, without and with limits and guard, with a page in the browser."""
    from sandbox.demo import command  # not at the top: every command would wait for its libraries

    command.run(arguments)


def check(_: list[str]) -> None:
    """Check format, lint, types, import rules and pins."""
    make_environment(ROOT, POLICY_PACK)  # whose packages are compared with its pins
    failed = []
    # The import rules cover the policy pack's package too, which is in the pack's folder.
    environment = {"PYTHONPATH": "policy"}
    for title, command in CHECKS.items():
        try:
            _run(title, command, environment)
        except SandboxError:
            failed.append(title)
    if failed:
        raise SandboxError(f"Failed: {', '.join(failed)}")


def browser(_: list[str]) -> None:
    """Install a browser for the tests of the page."""
    install_browser(ROOT)


def reformat(_: list[str]) -> None:
    """Format the code, and apply the linter's automatic fixes."""
    _run("Lint", ["ruff", "check", "--fix", "--quiet"], {})
    _run("Format", ["ruff", "format"], {})


def relock(_: list[str]) -> None:
    """Pin the dependencies anew."""
    lock(ROOT)


def audit(_: list[str]) -> None:
    """Check the pins, and ask for published advisories against them."""
    from sandbox.supply_chain import advisories  # as below

    _run("Pins", CHECKS["Pins"], {})
    advisories.audit(ROOT)


def sbom(_: list[str]) -> None:
    """Write the bill of materials of what is pinned."""
    # Not at the top: every command would wait for its libraries.
    from sandbox.supply_chain.sbom import bill

    write_atomically(BILL, bill(ROOT))
    say(f"{BILL.relative_to(ROOT)}: CycloneDX 1.6")


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "setup": setup,
    "up": up,
    "down": down,
    "env": env,
    "path": path,
    "clock": clock,
    "test": test,
    "check": check,
    "browser": browser,
    "format": reformat,
    "lock": relock,
    "audit": audit,
    "sbom": sbom,
    "bench": bench,
    "demo": demo,
}
TAKE_ARGUMENTS = ("clock", "test", "bench", "demo")


def main() -> int:
    """Run the command named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Run the whole of this on one machine."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__)
    chosen, arguments = parser.parse_known_args()
    if arguments and chosen.command not in TAKE_ARGUMENTS:
        parser.error(f"{chosen.command} takes no arguments: {' '.join(arguments)}")
    try:
        COMMANDS[chosen.command](arguments)
    except SandboxError as error:
        say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _alone() -> AbstractContextManager[None]:
    return only_one(SANDBOX.state / "stack.lock", "Wait for another `make up` or `make down` to end")


def _run(title: str, command: list[str], environment: dict[str, str]) -> None:
    with step(title, streams=True):
        code = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=SANDBOX.program,
            env={**os.environ, **environment},
            check=False,
        )
        if code.returncode:
            raise SandboxError(f"`{' '.join(command)}` failed (exit code {code.returncode})")


def _become(command: list[str | Path]) -> None:
    """Replace this process by `command`, which then gets its signals and sets its exit code."""
    os.execv(command[0], [str(part) for part in command])  # noqa: S606 an argument list, no shell


if __name__ == "__main__":
    sys.exit(main())
