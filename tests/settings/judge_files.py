"""A child process that validates stack files, one a line of stdin, under a limit of memory: `python -m … FOLDER`.

For each it prints a line of JSON: the exit code, what the command printed, and the seconds of CPU that it took.
"""

import json
import resource
import sys
import time
from pathlib import Path

from typer.testing import CliRunner

from landing_zone.cli.app import app

MEMORY = 512 << 20
"""Bytes of address space above what the loaded program has."""


def main() -> None:
    """Validate what is named on stdin, until it ends."""
    runner = CliRunner()
    runner.invoke(app, ["schema"])
    loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (loaded + MEMORY, loaded + MEMORY))
    for line in sys.stdin:
        begin = time.process_time()
        run = runner.invoke(app, line.split())
        text = run.stdout + (run.stderr or "")
        crash = "" if run.exception is None or isinstance(run.exception, SystemExit) else repr(run.exception)
        answer = {"code": run.exit_code, "text": text, "crash": crash, "seconds": time.process_time() - begin}
        print(json.dumps(answer), flush=True)  # noqa: T201 the answer to the process that asks


if __name__ == "__main__":
    main()
