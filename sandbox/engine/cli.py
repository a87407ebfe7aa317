"""The Pulumi CLI to use: found, installed or built."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine import build, installer
from sandbox.errors import PrerequisiteError, SandboxError
from sandbox.files import only_one
from sandbox.steps import step

MINIMUM = (3, 219, 0)
"""The first CLI with error hooks, which wait for an API that is not ready and name the setting of a refusal. All else
that is used here is older: `stackConfigDir` (3.27.0), `toolchain` in the runtime's options (3.119.0),
PULUMI_PARALLEL (3.154.0)."""

LANGUAGE_HOST = "pulumi-language-python"
PROGRAM_RUNNER = "pulumi-language-python-exec"
VERSION_TIMEOUT_S = 20


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI, and what came with it."""

    pulumi: Path
    version: str
    """Without the `v`."""

    @property
    def directory(self) -> Path:
        """The folder to put on PATH."""
        return self.pulumi.parent

    @property
    def has_language_host(self) -> bool:
        """True if Pulumi's own Python language host is installed; a CLI built from modules has none."""
        return _has_language_host(self.pulumi)

    @property
    def program_runner(self) -> Path:
        """The script with which Pulumi's language host runs a program; the stand-in runs the same one."""
        return self.directory / PROGRAM_RUNNER


def get_engine() -> Engine:
    """The Pulumi CLI to use; installs or builds one into the per-user cache when there is none.

    Raises PrerequisiteError, saying what to install, when there is none and none can be had.
    """
    with step("Find the Pulumi CLI") as current:
        on_path, why_not = _on_path()
        engine = on_path or _cached()
        current.outcome = f"{engine.version}, {engine.pulumi}" if engine else f"none yet ({why_not})"
    if engine:
        return engine
    with only_one(_beside_cache("lock"), "Wait for another process that gets the Pulumi CLI"):
        return _cached() or _obtain(why_not)


def search_path() -> str:
    """PATH without what `make env` put there, so that a second look finds what the first one did."""
    ours = (str(_cache().parent), f"{os.sep}.sandbox{os.sep}")
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not any(part in folder for part in ours))


def _on_path() -> tuple[Engine | None, str]:
    """The CLI on PATH if it can be used, and if not, why."""
    found = shutil.which("pulumi", path=search_path())
    if not found:
        return None, "no `pulumi` on PATH"
    pulumi = Path(found)
    version = _version(pulumi)
    if version is None:
        return None, f"`{pulumi} version` fails"
    if version < MINIMUM:
        return None, f"{pulumi} is {_dotted(version)}, older than {_dotted(MINIMUM)}"
    if not _has_language_host(pulumi):
        return None, f"{pulumi} has no {LANGUAGE_HOST} beside it or on PATH"
    return Engine(pulumi, _dotted(version)), ""


def _cached() -> Engine | None:
    pulumi = _cache() / "bin" / "pulumi"
    return Engine(pulumi, build.pinned_version()) if pulumi.exists() else None


def _obtain(why_not: str) -> Engine:
    """Fill the cache's folder for the pinned version, in one move at the end."""
    reasons = [why_not]
    partial = _beside_cache("partial")
    for source in (installer.install, build.build):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            source(build.pinned_version(), partial)
        except SandboxError as error:
            reasons.append(str(error))
            continue
        partial.rename(_cache())
        return Engine(_cache() / "bin" / "pulumi", build.pinned_version())
    shutil.rmtree(partial, ignore_errors=True)
    raise PrerequisiteError(
        "There is no Pulumi CLI, and none can be had:\n"
        + "\n".join(f"  - {reason}" for reason in reasons)
        + "\nInstall one of the two, and run this again:\n"
        f"  - the Pulumi CLI {_dotted(MINIMUM)} or newer: https://www.pulumi.com/docs/install/\n"
        f"  - Go {build.pinned_go()} or newer, to build the CLI with: https://go.dev/doc/install"
    )


def _cache() -> Path:
    """The per-user folder of the pinned version; outside the work tree, so that it is filled once a machine."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gemini-landing-zone" / "pulumi" / f"v{build.pinned_version()}"


def _beside_cache(kind: str) -> Path:
    return _cache().with_name(f"{_cache().name}.{kind}")


def _version(pulumi: Path) -> tuple[int, ...] | None:
    try:
        answer = subprocess.run(
            [pulumi, "version"],
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT_S,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", answer)
    return tuple(map(int, match.groups())) if match else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _has_language_host(pulumi: Path) -> bool:
    beside = os.pathsep.join([str(pulumi.resolve().parent), search_path()])
    return shutil.which(LANGUAGE_HOST, path=beside) is not None
