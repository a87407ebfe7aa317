"""`python -m sandbox.engine`: print the folder of the pinned Pulumi CLI, for PATH. Gets the CLI if it is missing.

For CI, whose machines may bring a CLI of another version.
"""

import sys

from sandbox.engine import pinned_engine
from sandbox.errors import SandboxError
from sandbox.steps import say

try:
    sys.stdout.write(f"{pinned_engine().directory}\n")
except SandboxError as error:
    say(f"error: {error}")
    raise SystemExit(error.exit_code) from None
