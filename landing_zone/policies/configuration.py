"""Configuration of the policies: levels, options and exceptions, in the form of Pulumi's `--policy-pack-config`.

https://www.pulumi.com/docs/iac/crossguard/configuration/
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from landing_zone.bounded_yaml import MAX_NUMBER
from landing_zone.policies.every_policy import BY_ID, POLICIES
from landing_zone.policies.policy import Options
from landing_zone.settings.base import known_keys
from landing_zone.settings.problems import nearest
from landing_zone.settings.translate import model_at, reason_and_remedy, unknown_key

ALL: Final = "all"
"""Key that applies to every policy without an entry of its own."""
LEVEL: Final = "enforcementLevel"


class Level(Enum):
    """Effect of a violation, in Pulumi's words."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    """Reported."""
    MANDATORY = "mandatory"
    """Stops `pulumi up`."""
    REMEDIATE = "remediate"
    """Fixed where the policy can; otherwise mandatory."""


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
"""pydantic's type of error -> remedy in JSON, where the remedy for stack files does not fit."""


class ConfigurationError(Exception):
    """Mistakes in the configuration; the message lists all of them."""


@dataclass(frozen=True)
class Configuration:
    """Level and options of each policy, by id."""

    levels: Mapping[str, Level]
    options: Mapping[str, Options]

    @property
    def digest(self) -> str:
        """A hash of all levels and options, to compare what two runs judged by; however they are written."""
        whole = {
            name: [level.value, self.options[name].model_dump(mode="json", by_alias=True)]
            for name, level in self.levels.items()
        }
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


DEFAULT: Final = Configuration(
    {policy.id: Level.MANDATORY for policy in POLICIES}, {policy.id: policy.options() for policy in POLICIES}
)
"""Without a file: every policy is mandatory."""


def read_configuration(*paths: Path) -> Configuration:
    """Read files, a later one over an earlier one as Pulumi does: its `all` overrides every earlier level.

    Raises ConfigurationError with every mistake in them.
    """
    return configuration_of(read_entries(*paths), "")


def read_entries(*paths: Path) -> Mapping[str, Mapping[str, Any]]:
    """Level and options of each policy as files set them, a later file over an earlier one.

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
    return _overlaid(layers)


def read_values(path: Path) -> Mapping[str, Any]:
    """The contents of one file. Raises ConfigurationError with every mistake in it."""
    values = load_json(path)
    configuration_of(values, str(path))
    found: Mapping[str, Any] = values
    return found


def load_json(path: Path) -> Any:
    """The contents of a JSON file. Raises ConfigurationError, also for a name that is there twice."""
    try:
        return json.loads(
            path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats, parse_int=_whole_number
        )
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not JSON: {error}") from None


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_NUMBER:
        raise ValueError(f"a number of {len(digits):,} characters: write one of at most {MAX_NUMBER}")
    return int(digits)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object, and refuse repeated names: the json module silently keeps the last one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice: keep one of the two")
    return found


def _overlaid(layers: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    combined: dict[str, dict[str, Any]] = {policy.id: {} for policy in POLICIES}
    for layer in layers:
        if ALL in layer:
            for own in combined.values():
                own |= entry(layer[ALL])
        for name in layer.keys() - {ALL}:
            combined[name] |= entry(layer[name])
    return combined


def entry(value: Any) -> Mapping[str, Any]:
    """An entry as a mapping; it may be a level alone."""
    return value if isinstance(value, Mapping) else {LEVEL: value}


def configuration_of(values: Any, file: str) -> Configuration:
    """Convert the contents of a file. Raises ConfigurationError with every mistake in them."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(f'{file}: not a mapping\n    write {{"all": "mandatory"}}')
    problems = list(_unknown(values))
    # Pulumi takes {"all": {"enforcementLevel": "advisory"}} as well.
    own, usual = entry(values.get(ALL, {})), Level.MANDATORY.value
    problems += [(f"{ALL}.{name}", *unknown_key(name, [LEVEL])) for name in own if name != LEVEL]
    if own.get(LEVEL, usual) in _LEVELS:
        usual = own.get(LEVEL, usual)
    else:
        problems.append((ALL, f"{own[LEVEL]!r} is not a level", f"write one of: {', '.join(_LEVELS)}"))
    levels, options = {}, {}
    for policy in POLICIES:
        own = entry(values.get(policy.id, {}))
        level = own.get(LEVEL, usual)
        if level in _LEVELS:
            levels[policy.id] = Level(level)
        else:
            problems.append(
                (f"{policy.id}.{LEVEL}", f"{level!r} is not a level", f"write one of: {', '.join(_LEVELS)}")
            )
        try:
            options[policy.id] = policy.options.model_validate(
                {name: each for name, each in own.items() if name != LEVEL}
            )
        except ValidationError as error:
            problems += (
                (f"{policy.id}.{where}" if where[:1] != "[" else policy.id + where, reason, remedy)
                for where, reason, remedy in described(policy.options, error, policy.page, [LEVEL])
            )
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
        yield name, "there is no such policy", f"did you mean {near!r}?" if near else "remove it"


def described(
    model: type[Any], error: ValidationError, page: str, further: Iterable[str] = ()
) -> Iterator[tuple[str, str, str]]:
    """Path, reason and remedy of each mistake. `page`: the documentation; `further`: keys besides the model's."""
    for detail in error.errors():
        if detail["type"] == "too_short" and detail["input"]:
            # Each wrong entry is reported; pydantic counts only the valid ones.
            continue
        # pydantic's mark for a mistake in the key itself.
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
        kind, holder = detail["type"], model_at(model, loc[:-1])
        if kind == "extra_forbidden" and len(loc) == 1:
            yield path, *unknown_key(str(loc[0]), [*further, *known_keys(model)])
        elif kind in _REMEDIES:
            # Without the YAML example of a list.
            reason = reason_and_remedy(detail, holder)[0].partition(" (lines of ")[0]
            yield path, reason, _REMEDIES[kind].format(**detail.get("ctx", {}))
        else:
            reason, remedy = reason_and_remedy(detail, holder)
            yield path, reason, remedy.replace("docs/settings.md", page)
