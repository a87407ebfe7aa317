"""The Pulumi CLI to use: the user's own, or the pinned one, downloaded or built. No script from the network runs."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sandbox.engine import build, cache, release
from sandbox.errors import PrerequisiteError, SandboxError
from sandbox.files import only_one
from sandbox.steps import say, step

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
    """The Pulumi CLI to use; puts one into the per-user cache when there is none, or the cached one has changed.

    A `pulumi` on PATH is the user's own and is used as it is. Raises PrerequisiteError, saying what to install, when
    there is none and none can be had.
    """
    with step("Find the Pulumi CLI") as current:
        engine, why_not = _on_path()
        if not engine:
            cache.make_private()
            engine, why_not_cached = _cached()
            why_not = "; ".join(filter(None, [why_not, why_not_cached]))
        current.outcome = f"{engine.version}, {engine.pulumi}" if engine else f"none to use ({why_not})"
    return engine or _put_into_cache(why_not)


def pinned_engine() -> Engine:
    """The pinned Pulumi CLI, whatever is on PATH; puts it into the per-user cache first. Raises PrerequisiteError."""
    with step("Find the pinned Pulumi CLI") as current:
        cache.make_private()
        engine, why_not = _cached()
        current.outcome = str(engine.pulumi) if engine else why_not or "not there yet"
    return engine or _put_into_cache(why_not)


def search_path() -> str:
    """PATH without what `make env` put there, so that a second look finds what the first one did."""
    ours = (str(cache.root()), f"{os.sep}.sandbox{os.sep}")
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


def _cached() -> tuple[Engine | None, str]:
    """The CLI in the cache if it is as it was put there, and if not, why."""
    if not _cache().exists():
        return None, ""
    why_not = cache.problem(_cache())
    return (None if why_not else Engine(_cache() / "bin" / "pulumi", build.pinned_version())), why_not


def _put_into_cache(why_not: str) -> Engine:
    lock = _cache().with_name(f"{_cache().name}.lock")
    with only_one(lock, "Wait for another process that gets the Pulumi CLI"):
        engine, _ = _cached()
        return engine or _obtain(why_not)


def _obtain(why_not: str) -> Engine:
    """Fill the cache's folder for the pinned version."""
    version = build.pinned_version()
    say(
        f"  The Pulumi CLI {version} goes to {_cache()}, outside of this folder.\n"
        f"  XDG_CACHE_HOME moves it; a `pulumi` {_dotted(MINIMUM)} or newer on PATH avoids it."
    )
    reasons = [why_not]
    for source in (release.install, build.build):
        try:
            cache.fill(_cache(), partial(source, version))
        except SandboxError as error:
            reasons.append(str(error))
            continue
        return Engine(_cache() / "bin" / "pulumi", version)
    raise PrerequisiteError(
        "There is no Pulumi CLI, and none can be had:\n"
        + "\n".join(f"  - {reason}" for reason in reasons)
        + "\nInstall one of the two, and run this again:\n"
        f"  - the Pulumi CLI {_dotted(MINIMUM)} or newer: https://www.pulumi.com/docs/install/\n"
        f"  - Go {build.pinned_go()} or newer, to build the CLI with: https://go.dev/doc/install"
    )


def _cache() -> Path:
    pins = (build.MODULE / "go.mod", build.MODULE / "go.sum", release.CHECKSUMS)
    return cache.folder(build.pinned_version(), b"".join(path.read_bytes() for path in pins))


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
