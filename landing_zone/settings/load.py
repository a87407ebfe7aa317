"""From what a stack file says to EnvironmentSettings, or to every mistake in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from landing_zone.settings.fields import ProjectKey
from landing_zone.settings.merge import project_values
from landing_zone.settings.problems import NAMESPACE, Path, Problem, SettingsError, nearest
from landing_zone.settings.relations import environment_problems, project_problems
from landing_zone.settings.source import StackFile, read_stack_file
from landing_zone.settings.translate import known_keys, model_at, reason_and_remedy, unknown_key
from landing_zone.settings.types import EnvironmentSettings, ProjectSettings

ENVIRONMENT_KEYS: Final = ("projects", "defaults", "parent", "billingAccount", "labels")
_MAPPINGS: Final = ("projects", "defaults", "labels")
_PROJECT_KEY: Final[TypeAdapter[str]] = TypeAdapter(ProjectKey)


def load_file(stack: str, path: FilePath) -> EnvironmentSettings:
    """The settings of a stack file. Raises SettingsError with every mistake in it."""
    return _checked(stack, read_stack_file(path))


def load_engine(stack: str, config: Mapping[str, str], folder: FilePath) -> EnvironmentSettings:
    """The settings as Pulumi's engine hands them to a program.

    `config`: full keys (`gemini-landing-zone:projects`) to text, JSON where the value has structure.
    `folder`: where the stack files are; they only lend the lines for messages. Raises SettingsError.
    """
    values: dict[str, Any] = {}
    for key, text in config.items():
        space, _, name = key.partition(":")
        if space == NAMESPACE:
            values[name] = _decoded(text) if name in _MAPPINGS else text
    path = folder / f"Pulumi.{stack}.yaml"
    file = StackFile(f"Pulumi.{stack}.yaml", values)
    if path.is_file():
        shown = f"{folder.name}/{path.name}"
        file = replace(read_stack_file(path, shown), values=values)
    return _checked(stack, file)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        return text


def _checked(stack: str, file: StackFile) -> EnvironmentSettings:
    values = file.values
    problems = list(_environment(values))
    raw = values.get("projects")
    projects: dict[str, ProjectSettings] = {}
    merged: dict[str, Mapping[str, Any]] = {}
    for name, own in raw.items() if isinstance(raw, Mapping) else ():
        combined = project_values(values, own)
        if isinstance(combined, Mapping):
            merged[name] = combined
        settings, found = _project(name, own, combined)
        problems += [_at_home(problem, values) for problem in found]
        if settings:
            projects[name] = settings
    problems += [replace(p, path=("projects", *p.path)) for p in environment_problems(merged)]
    if problems:
        raise SettingsError(_told_once(replace(p, file=file.file, line=file.line(p.path)) for p in problems))
    return EnvironmentSettings(stack=stack, projects=projects)


def _environment(values: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in values.items():
        if key not in ENVIRONMENT_KEYS:
            yield Problem((key,), *unknown_key(key, ENVIRONMENT_KEYS))
        elif key in _MAPPINGS and not isinstance(value, Mapping):
            yield Problem((key,), f"{key} is not a mapping", "write lines of `name: …` below it")
    defaults = values.get("defaults")
    for key in ("projectId", "adopt"):
        if isinstance(defaults, Mapping) and key in defaults:
            yield Problem(
                ("defaults", key),
                f"{key} has no default: it is each project's own",
                f"move {key} to the projects",
            )
    if "projects" not in values or values["projects"] == {}:
        yield Problem(
            ("projects",), "no project is set", "write projects: {NAME: {projectId: …, tier: free}}"
        )


def _project(name: str, own: Any, combined: Any) -> tuple[ProjectSettings | None, list[Problem]]:
    """The project's settings, if they are right, and its mistakes with paths from `projects` down."""
    at: Path = ("projects", name)
    problems: list[Problem] = []
    try:
        _PROJECT_KEY.validate_python(name)
    except ValidationError as error:
        problems.append(Problem(at, *reason_and_remedy(error.errors()[0], None)))
    if isinstance(combined, Mapping):
        problems += [replace(p, path=(*at, *p.path)) for p in project_problems(own, combined)]
    settings = None
    try:
        settings = ProjectSettings.model_validate(combined)
    except ValidationError as error:
        details = error.errors()
        for detail in details:
            path = tuple(part for part in detail["loc"] if part != "[key]")
            model = model_at(ProjectSettings, path[:-1])
            if detail["type"] != "missing" or not _mistyped(path, model, details):
                problems.append(Problem((*at, *path), *reason_and_remedy(detail, model)))
    return settings, problems


def _mistyped(path: Path, model: type[BaseModel] | None, details: list[ErrorDetails]) -> bool:
    """Whether the missing key stands there under a mistyped name: that is one mistake, not two."""
    return any(
        other["type"] == "extra_forbidden"
        and tuple(other["loc"][:-1]) == path[:-1]
        and nearest(str(other["loc"][-1]), known_keys(model) if model else []) == path[-1]
        for other in details
    )


def _at_home(problem: Problem, values: Mapping[str, Any]) -> Problem:
    """The problem at the place in the file that it was inherited from, if it was."""
    _, name, *below = problem.path
    if not below or _holds(values["projects"][name], below):
        return problem
    if _holds(values.get("defaults"), below):
        return replace(problem, path=("defaults", *below))
    if _holds({key: values.get(key) for key in ENVIRONMENT_KEYS if key in values}, below):
        return replace(problem, path=tuple(below))
    return problem


def _holds(values: Any, path: Iterable[str | int]) -> bool:
    for part in path:
        in_list = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if not in_list and not (isinstance(values, Mapping) and part in values):
            return False
        values = values[part]
    return True


def _told_once(problems: Iterable[Problem]) -> list[Problem]:
    """Without repetition: a mistake in the defaults is one, however many projects inherit it."""
    return list(dict.fromkeys(problems))
