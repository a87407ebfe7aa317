"""Environments for requirements that this interpreter does not meet: made by uv, and kept for the next revision."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from sandbox.cloud.cloudfunctions.processes.build import FRAMEWORK, BuildError, Source

Say = Callable[[str], None]
"""Adds a line to the log of a build."""

_INSTALL_S: Final = 300.0


async def interpreter(environments: Path, source: Source, say: Say) -> Path:
    """An interpreter that has what a source requires.

    Raises:
        BuildError: it cannot be installed.
    """
    if not source.missing:
        say(f"The requirements are met by {sys.executable}")
        return Path(sys.executable)
    say(f"Not met by {sys.executable}: {', '.join(source.missing)}")
    folder = environments / sha256(f"{sys.version}\n{source.requirements}".encode()).hexdigest()[:16]
    python = folder / "bin" / "python"
    if python.exists():
        say(f"The environment of these requirements is there: {folder}")
        return python
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    await _uv(say, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(draft))
    install = ("pip", "install", "--quiet", "--python", str(draft / "bin" / "python"))
    await _uv(say, *install, "-r", str(source.folder / "requirements.txt"))
    if not source.framework:
        await _uv(say, *install, FRAMEWORK)
    draft.replace(folder)
    return python


async def _uv(say: Say, *arguments: str) -> None:
    program = str(Path(sys.executable).with_name("uv"))
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise BuildError(f"uv cannot be run: {error}") from None
    try:
        async with asyncio.timeout(_INSTALL_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise BuildError("installing the requirements took too long") from None
    finally:
        # Also when the local cloud ends meanwhile.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    lines = printed.decode("utf-8", "replace").splitlines()
    for line in lines:
        say(line)
    if process.returncode:
        raise BuildError(
            f"failed to install the requirements: {lines[0] if lines else 'no reason was given'}"
        )
