"""A plugin's gRPC server for Pulumi's engine; its port is the first line that the plugin prints."""

import os
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread

#: The engine's own limit on the size of a message.
MAX_MESSAGE = 400 * 1024 * 1024
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
)
_LOOK_S = 0.5


def leave_on_signal(before: Callable[[], None] = lambda: None) -> None:
    """End the process at once and quietly on SIGINT and SIGTERM, and when the engine that started it has gone.

    The engine waits for plugins that linger; and nobody else would end those of an engine that was killed. What has to
    be done first is in `before`.
    """

    def leave() -> None:
        before()
        os._exit(0)

    def leave_with(engine: int) -> None:
        while os.getppid() == engine:
            time.sleep(_LOOK_S)
        leave()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: leave())
    Thread(target=leave_with, args=(os.getppid(),), daemon=True).start()


def announce(port: int) -> None:
    """Print the port of this plugin, which the engine reads."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
