"""What a setting of times is: its fields, as `PUT /_local/times` takes them, and the calls that it is for."""

from collections.abc import Collection
from typing import Annotated, Any, Final, Self

from pydantic import PlainValidator, TypeAdapter, model_validator

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.setting_lists import CallSetting, read_list

NEVER: Final = "never"
_KINDS: Final = ("operationSeconds", "effectSeconds", "staleSeconds")
_MOST_SECONDS: Final = 10**8


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_SECONDS


def _spread(value: Any) -> Any:
    if _is_seconds(value):
        return value
    if isinstance(value, list) and len(value) == 2 and all(map(_is_seconds, value)) and value[0] <= value[1]:
        return value
    raise ValueError("a number of seconds, or the least and the most, such as [2, 5]")


def _spread_or_never(value: Any) -> Any:
    if value == NEVER:
        return value
    try:
        return _spread(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "{NEVER}"') from None


Spread = float | list[float]
"""Seconds; of two numbers, at least the first and at most the second, drawn from the seed of the run."""


class Time(CallSetting):
    """How long something takes for calls that match, of one kind: the field of those in `_KINDS` that is set."""

    operation_seconds: Annotated[Spread | None, PlainValidator(_spread)] = None
    """An operation takes so long, and what it does is done at its end."""
    effect_seconds: Annotated[Spread | str | None, PlainValidator(_spread_or_never)] = None
    """What the call sets is listed at once, and in force only after so long, or never."""
    stale_seconds: Annotated[Spread | None, PlainValidator(_spread)] = None
    """A read sees the state as it was so long ago."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        set_fields = self.as_json()
        given = [name for name in _KINDS if name in set_fields]
        if len(given) != 1:
            raise ValueError(
                f"a time has one of {', '.join(_KINDS)}; this one has {' and '.join(given) or 'none'}"
            )
        return self

    @property
    def kind(self) -> tuple[str, Spread | str]:
        """The field that is set, and its value."""
        fields = ("operation_seconds", self.operation_seconds), ("effect_seconds", self.effect_seconds)
        return next(
            ((name, value) for name, value in fields if value is not None),
            ("stale_seconds", self.stale_seconds or 0.0),
        )

    def as_json(self) -> JsonObject:
        """The setting as it was given."""
        return self.model_dump(by_alias=True, exclude_defaults=True, warnings=False)


def read(entries: list[JsonObject], services: Collection[Service]) -> list[Time]:
    """Times as JSON has them; `services`: those of the local cloud.

    Raises:
        ValueError: an entry has an unknown key, a value that cannot be, or names no method.
    """
    return read_list("times", TypeAdapter(list[Time]), entries, services)
