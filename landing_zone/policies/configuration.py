"""How policies are set for a stack: levels, options and exceptions, in the form that Pulumi takes with
`--policy-pack-config`.

https://www.pulumi.com/docs/iac/crossguard/configuration/
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from landing_zone.policies.catalogue import BY_ID, POLICIES
from landing_zone.policies.policy import Options, Policy
from landing_zone.settings.base import known_keys
from landing_zone.settings.problems import nearest
from landing_zone.settings.translate import model_at, reason_and_remedy, unknown_key

ALL: Final = "all"
"""Stands for every policy that is not named."""
LEVEL: Final = "enforcementLevel"


class Level(Enum):
    """What breaking a policy does, in Pulumi's words."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    """Told."""
    MANDATORY = "mandatory"
    """`pulumi up` stops."""
    REMEDIATE = "remediate"
    """Mended where that is safe, else mandatory."""


_LEVELS: Final = tuple(level.value for level in Level)
_REMEDIES: Final = {
    "greater_than": "write a number above {gt}",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "string_too_short": "write some text",
    "tuple_type": 'write a list: ["…"]',
    "dict_type": 'write a mapping: {{"…": …}}',
    "model_type": 'write a mapping: {{"…": …}}',
}
"""pydantic's kind of error -> what to write in JSON, where the words for stack files do not fit."""


class ConfigurationError(Exception):
    """The configuration is wrong; tells every mistake."""


@dataclass(frozen=True)
class Configuration:
    """What is set for each policy, by its id."""

    levels: Mapping[str, Level]
    options: Mapping[str, Options]


DEFAULT: Final = Configuration(
    {policy.id: Level.MANDATORY for policy in POLICIES}, {policy.id: policy.options() for policy in POLICIES}
)
"""Nothing is set: every policy is mandatory."""


def read_configuration(*paths: Path) -> Configuration:
    """What files set, a later one over an earlier as Pulumi does it: `all` over the levels that were set before.

    Raises ConfigurationError with every mistake in them.
    """
    layers, mistakes = [], []
    for path in paths:
        try:
            layers.append(read_values(path))
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return configuration_of(_over_each_other(layers), "")


def read_values(path: Path) -> Mapping[str, Any]:
    """What one file says, once it has no mistakes. Raises ConfigurationError with every one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: not JSON: {error}") from None
    configuration_of(values, str(path))
    found: Mapping[str, Any] = values
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the file. JSON takes the last of two with the same name, and nobody sees the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice: keep one of the two")
    return found


def _over_each_other(layers: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    combined: dict[str, dict[str, Any]] = {policy.id: {} for policy in POLICIES}
    for layer in layers:
        if ALL in layer:
            for own in combined.values():
                own |= entry(layer[ALL])
        for name in layer.keys() - {ALL}:
            combined[name] |= entry(layer[name])
    return combined


def entry(value: Any) -> Mapping[str, Any]:
    """A policy's entry, which may be its level alone."""
    return value if isinstance(value, Mapping) else {LEVEL: value}


def configuration_of(values: Any, file: str) -> Configuration:
    """What these values set. Raises ConfigurationError."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(f'{file}: not a mapping\n    write {{"all": "mandatory"}}')
    problems = list(_unknown(values))
    # Pulumi takes {"all": {"enforcementLevel": "advisory"}} as well.
    own, usual = entry(values.get(ALL, {})), Level.MANDATORY.value
    problems += [(f"{ALL}.{name}", *unknown_key(name, [LEVEL])) for name in own if name != LEVEL]
    if own.get(LEVEL, usual) in _LEVELS:
        usual = own.get(LEVEL, usual)
    else:
        problems.append((ALL, f"{own[LEVEL]!r} is no level", f"write one of: {', '.join(_LEVELS)}"))
    levels, options = {}, {}
    for policy in POLICIES:
        own = entry(values.get(policy.id, {}))
        level = own.get(LEVEL, usual)
        if level in _LEVELS:
            levels[policy.id] = Level(level)
        else:
            problems.append(
                (f"{policy.id}.{LEVEL}", f"{level!r} is no level", f"write one of: {', '.join(_LEVELS)}")
            )
        try:
            options[policy.id] = policy.options.model_validate(
                {name: each for name, each in own.items() if name != LEVEL}
            )
        except ValidationError as error:
            problems += _translated(policy, error)
    if problems:
        lines = [f"{file}: {path}\n    {reason}\n    {remedy}" for path, reason, remedy in problems]
        count = len(problems)
        raise ConfigurationError(
            "\n".join([f"{count} mistake{'s' * (count != 1)} in the policies' configuration.", *lines])
        )
    return Configuration(levels, options)


def _unknown(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in values:
        if name == ALL or name in BY_ID:
            continue
        near = nearest(name, BY_ID)
        yield name, "there is no such policy", f"did you mean {near!r}?" if near else "take it out"


def _translated(policy: Policy, error: ValidationError) -> Iterator[tuple[str, str, str]]:
    for detail in error.errors():
        if detail["type"] == "too_short" and detail["input"]:
            # Its entries are wrong, which is told of each: pydantic counts those that are right.
            continue
        # pydantic's mark for what is wrong with the key and not with its value.
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        path = policy.id + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
        kind, model = detail["type"], model_at(policy.options, loc[:-1])
        if kind == "extra_forbidden" and len(loc) == 1:
            yield path, *unknown_key(str(loc[0]), [LEVEL, *known_keys(policy.options)])
        elif kind in _REMEDIES:
            # Without what a list looks like in YAML.
            reason = reason_and_remedy(detail, model)[0].partition(" (lines of ")[0]
            yield path, reason, _REMEDIES[kind].format(**detail.get("ctx", {}))
        else:
            reason, remedy = reason_and_remedy(detail, model)
            yield path, reason, remedy.replace("docs/settings.md", policy.page)
