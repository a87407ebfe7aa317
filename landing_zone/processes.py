"""Processes of this machine."""

import os
from pathlib import Path


def is_running(pid: int, program: str = "") -> bool:
    """True if the process has not ended and, where the system shows its command line, `program` is part of that.

    Without `program`, a reused id is one that has not ended.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    return program in command.read_text() if program and command.exists() else True
