"""Files of the bootstrap: the stack file of `bootstrap/`, which has the settings, and the backend in Pulumi.yaml."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from landing_zone.bounded_yaml import load_bounded
from landing_zone.names import BOOTSTRAP_PROJECT
from landing_zone.workspace import UnreadableError, stack_names, stack_path

FOLDER: Final = "bootstrap"
_PREFIX: Final = f"{BOOTSTRAP_PROJECT}:"
_HEAD: Final = (
    "# Settings of `gemini-lz bootstrap`, as its flags said. Commit this file: the next run needs it.\n"
)
_OWN: Final = {
    # Calls count against the seed project, also those with a person's credentials.
    "gcp:userProjectOverride": "true",
}


def seeds(folder: Path) -> list[str]:
    """The seed projects that have a file."""
    return stack_names(folder)


def read_values(folder: Path, seed: str) -> dict[str, Any]:
    """The settings in the file of a seed project; none without a file. Raises UnreadableError."""
    config = _read(stack_path(folder, seed)).get("config") or {}
    return {
        key.removeprefix(_PREFIX): value for key, value in dict(config).items() if key.startswith(_PREFIX)
    }


def write_values(folder: Path, seed: str, values: Mapping[str, Any]) -> bool:
    """Write the settings; what else the file has stays. Returns False if it says so already. Raises UnreadableError."""
    path = stack_path(folder, seed)
    before = _read(path)
    others = {
        key: value for key, value in dict(before.get("config") or {}).items() if not key.startswith(_PREFIX)
    }
    config = {**_OWN, **others, **{f"{_PREFIX}{key}": _as_pulumi(value) for key, value in values.items()}}
    after = {**before, "config": config}
    if after == before:
        return False
    text = _HEAD + yaml.safe_dump(after, sort_keys=False, allow_unicode=True, width=110)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return True


def write_backend(project: Path, url: str) -> bool:
    """Name the state's backend in Pulumi.yaml, for everybody who works on it. Returns False if it names one.

    `project`: the folder of Pulumi.yaml. Raises UnreadableError.
    """
    path = project / "Pulumi.yaml"
    if "backend" in _read(path):
        return False
    text = path.read_text(encoding="utf-8")
    end = "" if text.endswith("\n") else "\n"
    temporary = path.with_name(".Pulumi.yaml.new")
    temporary.write_text(f"{text}{end}backend:\n  url: {url}\n", encoding="utf-8")
    temporary.replace(path)
    return True


def _as_pulumi(value: Any) -> Any:
    """A value as Pulumi writes it when it adds to the file."""
    return json.dumps(value) if isinstance(value, bool | int) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        found = load_bounded(path) if path.exists() else {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableError(f"{path} cannot be read: {str(error).partition(chr(10))[0]}") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"{path} is no mapping: delete it, and run the command again with its flags")
    return found
