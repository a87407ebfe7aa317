"""`gemini-lz` that is killed before its Nth write: `python -m tests.operations.killed_split N fleet split …`.

A write is a file, a command of Pulumi's that writes, or an operation of it. A run with fewer ends by itself.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from landing_zone.cli import main
from landing_zone.operations import split
from landing_zone.operations.pulumi_cli import Cli

WRITES: Final = (("stack", "import"), ("stack", "init"), ("stack", "rm"), ("stack", "tag"), ("config", "set"))
_left = 0


def _counted(work: Callable[..., Any], is_write: Callable[..., bool]) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        global _left
        if is_write(*arguments):
            if _left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            _left -= 1
        return work(*arguments, **options)

    return run


def _is_write(_: Cli, *arguments: str) -> bool:
    return arguments[:2] in WRITES and "ls" not in arguments


if __name__ == "__main__":
    _left = int(sys.argv.pop(1))
    for name, is_write in (("ask", _is_write), ("operate", lambda *_: True)):
        setattr(Cli, name, _counted(getattr(Cli, name), is_write))
    vars(split)["_write"] = _counted(vars(split)["_write"], lambda *_: True)
    main()
