"""A change of the policies' configuration itself: levels, options and environments, before and after."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.changes.files import Files
from landing_zone.changes.row import NOTHING, Row
from landing_zone.policies.configuration import LEVEL, Configuration, ConfigurationError
from landing_zone.policies.environments import FILE
from landing_zone.policies.policy import Options
from landing_zone.policies.rulebook import Rulebook
from landing_zone.printing import listed

_MOST_NAMED: Final = 3
"""Policies that a row names; of more, it says how many."""


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """A level, an option or an entry of environments.json that differs."""

    file: str
    setting: str
    before: Any
    """As JSON; None: it is not set."""
    after: Any

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"file": self.file, "setting": self.setting, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Configurations:
    """The policies' configuration on both sides."""

    base: Rulebook
    own: Rulebook
    changes: tuple[ConfigurationChange, ...] = ()
    mistakes: tuple[str, ...] = ()
    """In the change's configuration: stacks are then judged by that of the base alone."""
    mistakes_before: tuple[str, ...] = ()
    """In that of the base: stacks are then judged by the change's alone."""

    @property
    def rows(self) -> list[Row]:
        """For tables: one row for a level that changes in the same way for several policies."""
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for each in self.changes:
            policy, _, name = (
                each.setting.rpartition(".") if each.setting.endswith(f".{LEVEL}") else ("", "", "")
            )
            place = (each.file, name or each.setting, _text(each.before), _text(each.after))
            found.setdefault(place, []).append(policy)
        return [
            Row(
                "",
                f"{file}: {f'{listed(policies, _MOST_NAMED)}: ' if all(policies) else ''}{name}",
                before,
                after,
            )
            for (file, name, before, after), policies in found.items()
        ]

    @property
    def differ(self) -> bool:
        """True if any stack may be judged otherwise than before."""
        return bool(self.changes or self.mistakes or self.mistakes_before)


def read_configurations(before: Files, after: Files) -> Configurations:
    """Both configurations, and how they differ."""
    base, own = Rulebook(before.configuration), Rulebook(after.configuration)
    mistakes_before, mistakes = _mistakes(base, before), _mistakes(own, after)
    if mistakes or mistakes_before:
        usable = base if mistakes else own
        return Configurations(usable, usable, (), mistakes, mistakes_before)
    changes = tuple(_changes(base, own))
    return Configurations(base, own if changes else base, changes)


def _mistakes(rules: Rulebook, files: Files) -> tuple[str, ...]:
    found = []
    try:
        for environment in rules.environments.environments:
            try:
                rules.configuration(environment)
            except ConfigurationError as error:
                found.append(files.shown(str(error)))
    except ConfigurationError as error:
        return (files.shown(str(error)),)
    return tuple(found)


def _changes(base: Rulebook, own: Rulebook) -> Iterator[ConfigurationChange]:
    one, other = (each.environments.model_dump(mode="json", by_alias=True) for each in (base, own))
    yield from _differences(FILE, one, other)
    names = dict.fromkeys([*base.environments.environments, *own.environments.environments])
    for name in names:
        old, new = (
            _whole(each.configuration(name)) if name in each.environments.environments else {}
            for each in (base, own)
        )
        # A new environment, or one that is gone, is an entry of environments.json.
        if old and new:
            yield from _differences(f"{name}.json", old, new)


def _whole(configuration: Configuration) -> dict[str, Any]:
    return {
        policy: {LEVEL: level.value, **_options(configuration.options[policy])}
        for policy, level in configuration.levels.items()
    }


def _options(options: Options) -> dict[str, Any]:
    return options.model_dump(mode="json", by_alias=True)


def _differences(
    file: str, before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[ConfigurationChange]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        setting = f"{path}.{name}" if path else name
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(file, old, new, setting)
        elif old != new:
            yield ConfigurationChange(file, setting, old, new)


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
