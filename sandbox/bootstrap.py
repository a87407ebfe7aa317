"""Entry point: any Python of the system → `.venv` (sandbox/venv.py) → `.venv/bin/python -m sandbox COMMAND`.

Older Pythons must be able to parse this file, so that they print the message below.
"""

import runpy
import sys

if sys.version_info < (3, 11):  # noqa: UP036 the one file that an older Python gets to read
    found = ".".join(str(part) for part in sys.version_info[:2])
    sys.stderr.write("error: Python 3.11 or newer is needed, and " + sys.executable + " is " + found + ".\n")
    sys.stderr.write(
        "       Install one (https://www.python.org/downloads/), or name one: make up PYTHON=python3.12\n"
    )
    sys.exit(2)

runpy.run_module("sandbox.venv", run_name="__main__")
