"""What the settings refuse of an entry is taken out of it, with the reason: people may have made anything."""

import json
from pathlib import Path
from typing import Final

from landing_zone.gemini import API_KEYS_API, GEMINI_API, MONITORING_API
from landing_zone.inventory.draft import Draft, Resource
from landing_zone.settings import ProjectSettings, SettingsError, load_engine
from landing_zone.settings.problems import NAMESPACE, Problem

_NEEDED: Final = ("channels", "topics", "notificationProject", "organization")
"""Settings of the environment that those of a project may refer to."""
_BY_NAME: Final = ("keys", "quotas", "limits")
_LISTS: Final = ("contacts", "tags")
_ENTRY: Final = "projects"


def check(draft: Draft, enabled: frozenset[str] | None) -> None:
    """Take out of the settings what they refuse; all of them, if what is left is not the project as it is.

    `enabled`: the services that are enabled in the project; None if they cannot be read.
    """
    settings = None
    while draft.settings and settings is None:
        problems, settings = _problems(draft)
        if problems:
            _take_out(draft, problems[0])
    if settings and enabled is not None:
        _without_disabled(draft, settings, enabled)


def _problems(draft: Draft) -> tuple[tuple[Problem, ...], ProjectSettings | None]:
    values: dict[str, object] = {
        name: draft.environment[name] for name in _NEEDED if name in draft.environment
    }
    values[_ENTRY] = {draft.name: draft.settings}
    handed = {
        f"{NAMESPACE}:{name}": value if isinstance(value, str) else json.dumps(value, default=str)
        for name, value in values.items()
    }
    try:
        found = load_engine("inventory", handed, Path("nowhere"))
    except SettingsError as error:
        own = tuple(each for each in error.problems if each.path[:2] == (_ENTRY, draft.name))
        return own or error.problems, None
    return (), found.projects[draft.name]


def _take_out(draft: Draft, problem: Problem) -> None:
    settings, below = draft.settings, problem.path[2:]
    reason = f"{problem.reason}. {problem.remedy}"
    match below:
        case (str(group), str(name), *_) if group in _BY_NAME and name in settings.get(group, {}):
            del settings[group][name]
            _line(draft, f"{group}.{name}", reason)
        case (str(group), int(position), *_) if group in _LISTS:
            del settings[group][position]
            own = [each for each in draft.resources if each.setting == group]
            draft.resources.remove(own[position])
            draft.left_out.append(f"{group}[{position}]: {reason}")
        case ("alerts", "policies", str(name), *_) if name in settings["alerts"].get("policies", {}):
            del settings["alerts"]["policies"][name]
            _line(draft, f"alerts.policies.{name}", reason)
        case ("alerts", str(name), *_) if settings["alerts"].get(name) is not None:
            settings["alerts"][name] = None
            _line(draft, f"alerts.{name}", reason)
        case ("budget", *_) if settings.get("budget") and settings.get("adopt"):
            settings["budget"] = False
            _line(draft, "budget", reason)
        case ("dashboard" | "forbidUnrestrictedKeys" as name, *_):
            del settings[name]
            _line(draft, name, reason)
        case _:
            path = ".".join(map(str, below)) or "project"
            _leave(draft, f"{path}: {reason}")
    for group in (*_BY_NAME, *_LISTS):
        if not settings.get(group, True):
            del settings[group]


def _line(draft: Draft, setting: str, reason: str) -> None:
    """Note that a setting was taken out, with what it describes."""
    gone = [each for each in draft.resources if _is_in(each, setting)]
    draft.resources[:] = [each for each in draft.resources if each not in gone]
    draft.left_out.append(f"{setting}: {reason}")


def _is_in(resource: Resource, setting: str) -> bool:
    return resource.setting == setting or resource.setting.startswith(f"{setting}.")


def _leave(draft: Draft, line: str) -> None:
    """Leave the whole project as it is."""
    draft.settings.clear()
    draft.resources.clear()
    draft.left_out.insert(0, line)


def _without_disabled(draft: Draft, settings: ProjectSettings, enabled: frozenset[str]) -> None:
    """Take out what needs a service that is not enabled: the stack would enable it."""
    missing = [service for service in settings.services if service not in enabled]
    if GEMINI_API in missing:
        _leave(
            draft,
            f"project: {GEMINI_API} is not enabled in it, and a stack enables it. To take the project over: gcloud "
            f"services enable {GEMINI_API} --project={draft.id}",
        )
        return
    if MONITORING_API in missing:
        draft.settings.pop("alerts", None)
        draft.settings.pop("dashboard", None)
        for part in ("alerts", "dashboard"):
            _line(
                draft,
                part,
                f"{MONITORING_API} is not enabled in the project, and a stack enables it for them",
            )
    if API_KEYS_API in missing:
        del draft.settings["keys"]
        _line(draft, "keys", f"{API_KEYS_API} is not enabled in the project, and a stack enables it for them")
    for service in settings.services:
        if service in enabled:
            draft.found("Service", "", f"{draft.id}/{service}")
