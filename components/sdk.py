"""Workarounds for the time that the Pulumi SDK (3.272) spends on a large program.

1. At a program's end, the SDK waits for all outstanding outputs again each time that one of them is done
   (`pulumi.runtime.stack.wait_for_rpcs`), which is quadratic in the resources. `settled` waits for all of them at once,
   so that the SDK finds none left.
2. The SDK sends several debug lines per resource to the engine, each as a blocking call, and the engine drops them
   unless it runs with `--debug`. A program does not know whether it does.

3. Each output is several objects that refer to each other, and Python's collector walks all of them every 700 objects
   that are made. Few are garbage before the program ends.

4. With each resource, the SDK sends the position of every frame of the stack, some 40 of them, for the state to keep:
   half a millisecond a resource. All of them are lines of this package, not of the stack file.

With 100 projects, the first three make more than half of the program's time. The first two are written up for Pulumi in
docs/upstream/pulumi-python-time.md.
"""

import asyncio
import gc
import os
from typing import Any, Final

from pulumi import log
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.settings import SETTINGS

DEBUG_LINES: Final = "GEMINI_LZ_SDK_DEBUG"
"""The environment variable that keeps the SDK's debug lines."""
_MADE_BEFORE_COLLECTING: Final = 50_000
"""Objects, 70 times Python's own number; costs some 10 MiB with 100 projects."""


def spare_time() -> None:
    """Send no positions and, unless DEBUG_LINES is set, no debug lines of the SDK, and collect garbage rarely.

    For the process of a program, which ends when its resources are registered.
    """
    if not os.environ.get(DEBUG_LINES):
        log.debug = _dropped
    gc.set_threshold(_MADE_BEFORE_COLLECTING)
    send_no_positions()


def send_no_positions() -> None:
    """Register resources without the place in the code that does."""
    resource._get_stack_trace = source_pb2.StackTrace


async def settled() -> None:
    """Wait until no output of the program is outstanding; failures are left for the SDK to report."""
    while pending := _outstanding():
        await asyncio.wait(pending)


def _outstanding() -> list[asyncio.Task[Any]]:
    with SETTINGS.lock:
        return [output for output in SETTINGS.outputs if not output.done()]


def _dropped(*_: Any, **__: Any) -> None:
    """Take the place of `pulumi.log.debug`."""
