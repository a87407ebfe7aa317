"""The Pulumi CLI from Pulumi's release archive, unpacked only if its SHA-256 is the one in `archives.sha256`."""

import hashlib
import platform
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath

from sandbox.engine.cache import read_sums
from sandbox.errors import SandboxError
from sandbox.steps import Step, step

RELEASES = "https://github.com/pulumi/pulumi/releases/download"
CHECKSUMS = Path(__file__).with_name("archives.sha256")
SILENCE_S = 10
"""How long the server may send nothing."""
CHUNK = 1 << 20
LARGEST = 1 << 30
"""Bytes to read of an archive at most; it is not known to be Pulumi's before its end."""
SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def install(version: str, folder: Path) -> None:
    """Download the archive of `version` for this machine, and unpack its commands into `folder`/bin.

    Raises SandboxError when no checksum is pinned for this machine, the archive cannot be downloaded, or it has
    another checksum.
    """
    machine = f"{platform.system()} on {platform.machine()}"
    name = f"pulumi-v{version}-{SYSTEMS.get(platform.system())}-{PROCESSORS.get(platform.machine())}.tar.gz"
    pinned = checksums().get(name)
    if not pinned:
        raise SandboxError(f"{CHECKSUMS.name} has no checksum of the Pulumi CLI {version} for {machine}")
    archive = folder / name
    try:
        with step(f"Download the Pulumi CLI {version}") as current:
            try:
                digest = _download(f"{RELEASES}/v{version}/{name}", archive, current)
                if digest != pinned:
                    raise SandboxError(f"{name} has SHA-256 {digest}, and {CHECKSUMS.name} pins {pinned}")
                current.outcome = "its SHA-256 is the pinned one"
                _unpack(archive, folder / "bin")
            except SandboxError as error:
                current.outcome = f"not used: {error}"
                raise
    finally:
        archive.unlink(missing_ok=True)


def checksums() -> dict[str, str]:
    """The pinned SHA-256 of each archive, in hex, by its name."""
    return read_sums(CHECKSUMS)


def _download(url: str, target: Path, current: Step) -> str:
    """Download a file, through the environment's proxies; return its SHA-256 in hex."""
    digest, size = hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(url, timeout=SILENCE_S) as answer, target.open("wb") as file:  # noqa: S310 -- RELEASES is https
            while chunk := answer.read(CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    raise SandboxError(f"{url} is larger than {LARGEST >> 20} MiB")
                digest.update(chunk)
                file.write(chunk)
                current.detail = f"{size >> 20} MiB"
    except urllib.error.URLError as error:
        raise SandboxError(f"{url} cannot be downloaded: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise SandboxError(f"{url} cannot be downloaded: {error}") from None
    return digest.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Copy the archive's commands (`pulumi`, `pulumi-language-python`, …) into one folder."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            content = tar.extractfile(member) if member.isfile() and name.startswith("pulumi") else None
            if content:
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
    if not (folder / "pulumi").exists():
        raise SandboxError(f"{archive.name} has no `pulumi` in it")
