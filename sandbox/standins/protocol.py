"""The engine's protocol without the rest of Pulumi's SDK."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def load_without_sdk() -> None:
    """Have `pulumi.runtime.proto` imported by itself: with the SDK, which imports all of it, a plugin starts in twice
    the time. For a process that nothing else of the SDK is imported in.
    """
    spec = find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pulumi is not installed")
    folder = Path(spec.origin).parent
    for name, path in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        package = ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
