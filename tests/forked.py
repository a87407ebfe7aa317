"""Processes that have their modules from the start: forked off a process of each test worker that has imported them.

The command `gemini-lz` takes a second to start and a local cloud half of one, nearly all of it to import, and the tests
start hundreds. All else is as in a process of its own: arguments, folder, environment, output, exit code, signals. The
installed command and `python -m sandbox.cloud` are started in tests/engine/ and by whatever kills them.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

import pytest

from landing_zone.cli import main as gemini_lz_main
from sandbox.cloud.__main__ import main as cloud_main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class Command:
    """`gemini-lz` with arguments, under way; like `subprocess.run`, it gets this environment and no other."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._arguments = ["gemini-lz", *arguments]
        self._printed = tempfile.TemporaryDirectory()
        self._files = [Path(self._printed.name, name) for name in ("stdout", "stderr")]
        self._process = _start(gemini_lz_main, self._arguments, folder, environment, self._files)

    def wait(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end; returns what it has printed."""
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        with self._printed:
            stdout, stderr = (file.read_text(encoding="utf-8") for file in self._files)
        return subprocess.CompletedProcess(self._arguments, code, stdout, stderr)


def gemini_lz(
    *arguments: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `gemini-lz` to its end."""
    return Command(arguments, folder, environment).wait()


def local_cloud(arguments: Sequence[str], folder: Path, log: Path) -> BaseProcess:
    """Start a local cloud; a terminal's Ctrl-C does not reach it."""
    return _start(_cloud, ["local-gcloud", *arguments], folder, os.environ, [log, log])


def _cloud() -> int:
    os.setsid()
    os.umask(0o077)
    return cloud_main()


def _start(
    main: Callable[[], int | None],
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    output: Sequence[Path],
) -> BaseProcess:
    given = (main, list(arguments), folder, dict(environment), output)
    # A daemon in the word of that module: it ends at the latest when the tests do, which do not wait for it.
    process = _FORKS.Process(target=_run, args=given, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        # The process would import the main module of this one too: pytest.
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        process.start()
    return process


def _run(
    main: Callable[[], int | None],
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str],
    output: Sequence[Path],
) -> None:
    for stream, path in zip((1, 2), output, strict=True):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, stream)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    sys.exit(main())
