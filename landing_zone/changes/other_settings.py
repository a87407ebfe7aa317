"""Other settings that a change reaches, such as budgets, spend caps, alerts and tiers: as merged, of each project."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from landing_zone.changes.row import NOTHING, Row
from landing_zone.changes.state import Figures
from landing_zone.printing import listed
from landing_zone.settings import format_lag
from landing_zone.settings.base import fields_of
from landing_zone.settings.budgets import Period, Threshold
from landing_zone.settings.workload import RangeSettings, WorkloadSettings

_SHOWN_ELSEWHERE: Final = frozenset({"keys", "limits"})
_NOT_SETTINGS: Final = frozenset({"stack", "projects", "derivations", "unfit"})
_WHOLE: Final = (Threshold, Period, RangeSettings)
"""Settings of several parts that are one value."""
_MOST_NAMED: Final = 3
"""Projects that a row names; of more, it says how many."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: Any
    usual: bool
    """True if it is what holds where nothing is written."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that differs in the same way in one or more projects."""

    projects: tuple[str, ...]
    """Empty: a setting of the environment."""
    setting: str
    """Its path below the project, such as `budget.spendCap.amount`."""
    before: str | None
    after: str | None

    @property
    def row(self) -> Row:
        """For tables."""
        sides = (NOTHING if each is None else each for each in (self.before, self.after))
        return Row(listed(list(self.projects), _MOST_NAMED), self.setting, *sides)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "projects": list(self.projects),
            "setting": self.setting,
            "before": self.before,
            "after": self.after,
        }


def setting_changes(before: Figures, after: Figures) -> list[SettingChange]:
    """Settings that differ: the environment's, and those of projects that are on both sides."""
    found: dict[tuple[str, str | None, str | None], list[str]] = {}
    names = before.settings.projects.keys() & after.settings.projects.keys()
    pairs = [
        ("", _environment(before), _environment(after)),
        *((name, _project(before, name), _project(after, name)) for name in names),
    ]
    for project, old, new in sorted(pairs, key=lambda pair: pair[0]):
        for path in dict.fromkeys([*old, *new]):
            one, other = old.get(path), new.get(path)
            # What is usual needs no row, where the whole around it is new or gone.
            left_out = (one is None and other and other.usual) or (other is None and one and one.usual)
            if not left_out and (one and one.value) != (other and other.value):
                old_text, new_text = (shown(each.value) if each else None for each in (one, other))
                found.setdefault((path, old_text, new_text), []).append(project)
    return [
        SettingChange(tuple(filter(None, projects)), path, old_text, new_text)
        for (path, old_text, new_text), projects in found.items()
    ]


def _environment(side: Figures) -> dict[str, _Leaf]:
    settings = side.settings
    known = {name: value for name, value in settings if name not in _NOT_SETTINGS}
    plugin = {key: _Leaf(text, usual=False) for key, text in side.source.gcp.items()}
    return plugin | {
        path: leaf
        for name, value in known.items()
        for path, leaf in _leaves(value, (fields_of(type(settings))[name].alias or name,), usual=False)
    }


def _project(side: Figures, name: str) -> dict[str, _Leaf]:
    settings = side.settings.projects[name]
    found = dict(_leaves(settings, (), usual=False))
    derivation = side.settings.derivations.get(name)
    if derivation:
        found |= dict(_leaves(derivation.settings, ("limits", "derive"), usual=False))
    return found


def _leaves(value: Any, path: tuple[str, ...], *, usual: bool) -> Iterator[tuple[str, _Leaf]]:
    """Each single value below a setting, by its path as the stack file spells it."""
    if isinstance(value, BaseModel) and not isinstance(value, _WHOLE):
        if path:
            # Also one that has nothing but what is usual, as of `spendCap: true`.
            yield ".".join(path), _Leaf("set", usual=False)
        for name, field in fields_of(type(value)).items():
            alias, own = field.alias or name, getattr(value, name)
            if path or alias not in _SHOWN_ELSEWHERE:
                yield from _leaves(own, (*path, alias), usual=own == field.default)
    elif isinstance(value, Mapping) and value:
        for name, own in value.items():
            yield from _leaves(own, (*path, str(name)), usual=False)
    elif isinstance(value, tuple) and any(isinstance(own, WorkloadSettings) for own in value):
        *around, last = path
        for position, own in enumerate(value):
            yield from _leaves(own, (*around, f"{last}[{position}]"), usual=False)
    elif value not in (None, (), {}, []):
        yield ".".join(path), _Leaf(value, usual)


def shown(value: Any) -> str:
    """A value as the stack file would have it; of a secret, that it is one."""
    if isinstance(value, SecretStr):
        return "a secret"
    if isinstance(value, Threshold):
        share = shown(value.share)
        return f"{{forecast: {share}}}" if value.basis == "FORECASTED_SPEND" else share
    if isinstance(value, Period):
        return value.calendar.lower() if value.calendar else f"{value.start} to {value.end or 'no end'}"
    if isinstance(value, RangeSettings) and value.low == value.high:
        return shown(value.expected)
    if isinstance(value, BaseModel):
        names = {field.alias or name: getattr(value, name) for name, field in fields_of(type(value)).items()}
        return shown({name: own for name, own in names.items() if own is not None})
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {shown(own)}' for name, own in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return format_lag(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
