"""Pulumi's own files, read without the CLI (CI may have none): the project, its stacks, the backend, the selection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from landing_zone.bounded_yaml import load_bounded

NO_CLI = 'pulumi is not on PATH: install it, or run eval "$(make -s env)" for the local cloud'
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"
_LISTED_AT_ONCE = "PULUMI_DIY_BACKEND_PARALLEL"


class UnreadableError(Exception):
    """A file of Pulumi's cannot be read; the message has the path and the reason."""


@dataclass(frozen=True)
class Project:
    """The contents of Pulumi.yaml."""

    folder: Path
    """The folder of Pulumi.yaml, absolute."""
    name: str
    stacks: Path
    """The folder of the stack files: `stackConfigDir`."""
    backend: str | None
    """The URL of the backend, where the project names one."""
    gcp: Mapping[str, str] = field(default_factory=dict)
    """Inputs of the gcp provider that `config` sets for all stacks."""


def find_project(start: Path) -> Project | None:
    """The project of `start` or of the nearest folder above it, as Pulumi looks for it.

    Raises UnreadableError.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        path = folder / f"Pulumi{_SUFFIX}"
        if path.is_file():
            return _project(path)
    return None


def here(environment: Mapping[str, str]) -> Path:
    """The working directory as the shell and Pulumi name it: symbolic links are not resolved."""
    shown, found = Path(environment.get("PWD", "")), Path.cwd()
    return shown if shown.is_absolute() and shown.is_dir() and shown.samefile(found) else found


def stack_path(folder: Path, stack: str) -> Path:
    """The file of a stack; without the organization of a qualified name (`acme/prod`)."""
    return folder / f"{_PREFIX}{stack.rpartition('/')[2]}{_SUFFIX}"


def stack_names(folder: Path) -> list[str]:
    """The stacks that have a file in the folder."""
    return sorted(
        path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for path in folder.glob(f"{_PREFIX}*{_SUFFIX}")
    )


def selected_stack(project: Project | None, environment: Mapping[str, str]) -> str | None:
    """The stack that `pulumi` uses if none is named, qualified if Pulumi stored it so: PULUMI_STACK, else the one that
    `pulumi stack select` chose for the project and the backend.

    Raises UnreadableError.
    """
    if "PULUMI_STACK" in environment:
        return environment["PULUMI_STACK"] or None
    if project is None:
        return None
    # Pulumi names the file by this hash; it is no security measure.
    digest = sha1(str(project.folder / f"Pulumi{_SUFFIX}").encode(), usedforsecurity=False).hexdigest()
    settings = _json(_home(environment) / "workspaces" / f"{project.name}-{digest}-workspace.json")
    of_backends: dict[str, str] = settings.get("stacks") or {}
    url = backend_url(project, environment) if of_backends else None
    if url is None and len(set(of_backends.values())) == 1:
        # Nobody has logged in, or the credentials are encrypted: all backends share one selection.
        return next(iter(of_backends.values()))
    return of_backends.get(url or "") or settings.get("stack") or None


def backend_url(project: Project | None, environment: Mapping[str, str]) -> str | None:
    """The URL of Pulumi's backend: PULUMI_BACKEND_URL, else the project's, else the one that `pulumi login` chose.

    It may hold a password: print `without_secrets` of it. Raises UnreadableError.
    """
    if environment.get("PULUMI_BACKEND_URL"):
        return environment["PULUMI_BACKEND_URL"]
    if project and project.backend:
        return project.backend
    folder = environment.get("PULUMI_CREDENTIALS_PATH")
    path = Path(folder) if folder else _home(environment)
    current = _json(path / "credentials.json").get("current")
    return str(current) if current else None


def listing_variables(project: Project | None, environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to the environment of `pulumi stack ls`, which may wait for ever on PostgreSQL.

    The CLI reads ten stacks at once by default, through at most two connections a core. Each reader holds one
    while it waits for a second: when readers hold all of them, none goes on. One reader alone always finds a second.
    Raises UnreadableError.
    """
    url = backend_url(project, environment) or ""
    if _LISTED_AT_ONCE in environment or not url.startswith("postgres"):
        return {}
    return {_LISTED_AT_ONCE: "1"}


def without_secrets(url: str) -> str:
    """A backend's URL without user, password and parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


def _project(path: Path) -> Project:
    try:
        values = load_bounded(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableError(f"{path} cannot be read: {_first_line(error)}") from None
    if not isinstance(values, dict) or not isinstance(values.get("name"), str):
        raise UnreadableError(f"{path} has no name: write name: gemini-landing-zone")
    backend = values.get("backend")
    url = backend.get("url") if isinstance(backend, dict) else None
    stacks = path.parent / (values.get("stackConfigDir") or "")
    return Project(path.parent, values["name"], stacks, url, _gcp(values.get("config")))


def _gcp(config: object) -> dict[str, str]:
    """Settings `gcp:NAME` as Pulumi.yaml has them: a value, or a mapping with `value` or `default`."""
    found = {}
    for key, value in config.items() if isinstance(config, dict) else ():
        if isinstance(value, dict):
            value = value.get("value", value.get("default"))
        if str(key).startswith("gcp:") and isinstance(value, str | int | bool):
            found[str(key).removeprefix("gcp:")] = str(value)
    return found


def _home(environment: Mapping[str, str]) -> Path:
    given = environment.get("PULUMI_HOME")
    return Path(given) if given else Path.home() / ".pulumi"


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be read: {_first_line(error)}") from None
    return found if isinstance(found, dict) else {}


def _first_line(error: Exception) -> str:
    # The first line of a JSON or YAML error names the place; the rest could repeat a credential.
    return str(error).partition("\n")[0]
