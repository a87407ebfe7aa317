"""The program of an instance: loads a function with functions-framework and serves it on a port of loopback.

It runs in the function's own interpreter, which may lack all of this project: standard library, functions-framework and
what that brings. The first line of standard input says what to run; the rest of it never comes, and when it ends, the
local cloud has ended, and so does this process with all that it has started.
"""

import importlib.machinery
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_HEADER = "HTTP_X_LOCAL_CLOUD_INSTANCE"


class _OnlyRequired(MetaPathFinder):
    """Hides what the interpreter has and the function's requirements do not name: at Google it would not be there."""

    def __init__(self, hidden: Iterable[str], source: str) -> None:
        self._hidden = frozenset(hidden)
        self._source = Path(source)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Refuse a hidden module; any other is found as ever."""
        del path, target
        if name in self._hidden and not self._brings(name):
            raise ModuleNotFoundError(
                f"No module named {name!r}: the archive has none, and its requirements.txt brings none",
                name=name,
            )
        return None

    def _brings(self, name: str) -> bool:
        return (self._source / name).is_dir() or (self._source / f"{name}.py").is_file()


def _end_with_the_cloud(lifeline: int) -> None:
    while os.read(lifeline, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def _guarded(app: Callable[..., Any], secret: str) -> Callable[..., Any]:
    """Only the local cloud may call: whoever else finds the port would pass by IAM."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ.pop(_HEADER, "") != secret:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        return app(environ, start_response)

    return guarded


def main() -> None:
    """Serve until killed; a function that cannot be loaded ends the process with its traceback."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1) or b"\n"
    if line == b"\n":
        return  # the local cloud has ended before it said anything
    what = json.loads(line)
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    threading.Thread(target=_end_with_the_cloud, args=(lifeline,), daemon=True).start()
    source = what["source"]
    os.chdir(source)
    sys.path.insert(0, source)
    sys.meta_path.insert(0, _OnlyRequired(what["hidden"], source))
    ready = int(sys.argv[1])

    import functions_framework
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request; the journal has them
    create_app: Callable[..., Any] = functions_framework.create_app  # the function has no annotations
    app = create_app(what["target"], f"{source}/main.py", "http")
    server = make_server("127.0.0.1", 0, _guarded(app, what["secret"]), threaded=True)
    os.write(ready, f"{server.server_port}\n".encode())
    os.close(ready)
    server.serve_forever()


if __name__ == "__main__":
    main()
