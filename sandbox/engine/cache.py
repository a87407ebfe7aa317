"""The per-user cache of the Pulumi CLI. Digests beside the files are checked at each use.

They find a file that was damaged, half written, changed or added by another program or user. Who can write as this
user can change the digests too, as well as everything else that the user runs.
"""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from sandbox.errors import PrerequisiteError

MANIFEST = "SHA256SUMS"
"""In the format of sha256sum, so that `sha256sum --check SHA256SUMS` reads it too."""
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def root() -> Path:
    """The user's folder of this project; outside of the work tree, so that it is filled once a machine."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gemini-landing-zone"


def folder(version: str, pins: bytes) -> Path:
    """The folder of one version of the CLI, made from these pins: `bin` and the manifest."""
    return root() / "cli" / f"v{version}-{hashlib.sha256(pins).hexdigest()[:12]}"


def make_private() -> None:
    """Create the user's folder, or take the others' right to write from it.

    Raises PrerequisiteError when it is somebody else's, or cannot be made.
    """
    for each in (root(), root() / "cli"):
        try:
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            if each.is_symlink() or each.stat().st_uid != os.geteuid():
                raise PermissionError("it is a link or another user's, so nothing in it can be trusted")
            each.chmod(0o700)
        except OSError as error:
            raise PrerequisiteError(
                f"The Pulumi CLI cannot be kept in {each}: {error}\n"
                "Delete it, or set XDG_CACHE_HOME to a folder of your own."
            ) from None


def problem(cached: Path) -> str:
    """The reason why the CLI in `cached` must not be run; empty if there is none."""
    try:
        return _problem(cached)
    except (OSError, ValueError) as error:
        # Another process may be replacing it, or the manifest is no text.
        return f"{cached} cannot be read: {error}"


def read_sums(file: Path) -> dict[str, str]:
    """The SHA-256 of each file that a list in sha256sum's format names, in hex, by name."""
    return {
        name: digest
        for digest, name in re.findall(r"^([0-9a-f]{64})  (.+)$", file.read_text(), flags=re.MULTILINE)
    }


def _problem(cached: Path) -> str:
    manifest = cached / MANIFEST
    for each in (cached, *sorted(cached.rglob("*"))):
        found = each.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & OTHERS_WRITE:
            return f"{each} is a link, another user's, or others can write to it"
    if not manifest.exists():
        return f"{cached} has no {MANIFEST}"
    pinned = read_sums(manifest)
    found_files = _digests(cached)
    for name in sorted(pinned.keys() | found_files.keys()):
        if pinned.get(name) != found_files.get(name):
            change = "added" if name not in pinned else "changed" if name in found_files else "removed"
            return f"{cached / name} was {change} since it was installed"
    return "" if "bin/pulumi" in pinned else f"{manifest} does not name bin/pulumi"


def fill(cached: Path, source: Callable[[Path], None]) -> None:
    """Let `source` put files into a folder, and make that the folder `cached`, in one move at the end."""
    partial = cached.with_name(f"{cached.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        source(partial)
        for each in partial.rglob("*"):
            each.chmod(0o700)
        lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(partial).items())]
        (partial / MANIFEST).write_text("".join(lines))
        (partial / MANIFEST).chmod(0o600)
        shutil.rmtree(cached, ignore_errors=True)
        partial.rename(cached)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _digests(cached: Path) -> dict[str, str]:
    """SHA-256 in hex of each file, by its path in the folder; without the manifest's."""
    digests = {}
    for path in cached.rglob("*"):
        if path.is_file() and path != cached / MANIFEST:
            with path.open("rb") as file:
                digests[path.relative_to(cached).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests
