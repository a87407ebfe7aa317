"""Limits on one model of one project: the one type of them, from the stack file to Google's API."""

from collections.abc import Mapping
from dataclasses import dataclass as std_dataclass
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, WithJsonSchema
from pydantic.alias_generators import to_camel, to_snake
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName

LIMIT_NAMES: Final[tuple[LimitName, ...]] = get_args(LimitName)
OTHERS: Final = "others"
"""Stands for every model without limits of its own."""
DENY: Final = "deny"
"""In place of limits: no call at all."""
UNLIMITED: Final = 2**63 - 1
"""Google's number for no limit."""


def count(value: int) -> int:
    """Check a limit. Raises what the stack file's reader reports as reason and remedy."""
    reason = remedy = ""
    if value < 0:
        reason = f"the limit is {value}"
        remedy = "write 0 to block the model, a number to limit it, such as 60, or leave the limit out"
    elif value > UNLIMITED:
        reason = "the limit is beyond what Google can hold"
        remedy = "write a smaller number, such as 9000000, or leave the limit out"
    if reason:
        raise PydanticCustomError("mistake", "{reason}", {"reason": reason, "remedy": remedy})
    return value


Count = Annotated[StrictInt, AfterValidator(count), WithJsonSchema({"type": "integer", "minimum": 0})]
"""A limit's number."""


# Not a pydantic model: derived limits are searched for over many of them.
@dataclass(frozen=True, config=ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid"))
class Limits:
    """Limits of one model, as quotas count them; what is left out is not limited. 0 blocks."""

    requests_per_minute: Annotated[Count | None, Field(description="Calls a minute.", examples=["60"])] = None
    requests_per_day: Annotated[
        Count | None, Field(description="Calls a day; days are Pacific.", examples=["8000"])
    ] = None
    input_tokens_per_minute: Annotated[
        Count | None, Field(description="Input tokens a minute.", examples=["200000"])
    ] = None

    @classmethod
    def of(cls, values: Mapping[LimitName, int]) -> "Limits":
        """The limits of a mapping by the stack file's names."""
        named: dict[str, Any] = {to_snake(name): value for name, value in values.items()}
        return cls(**named)

    def get(self, name: LimitName) -> int | None:
        """One of them; None if it is not limited."""
        value: int | None = getattr(self, to_snake(name))
        return value

    def items(self) -> list[tuple[LimitName, int]]:
        """The limits that are set, by the stack file's name."""
        return [(name, value) for name in LIMIT_NAMES if (value := self.get(name)) is not None]

    @property
    def bounds_requests(self) -> bool:
        """True if the number of requests, and with it the output, is bounded."""
        return self.requests_per_minute is not None or self.requests_per_day is not None

    @property
    def blocks(self) -> bool:
        """True if no request is allowed."""
        return 0 in (self.requests_per_minute, self.requests_per_day)

    def tightened(self, other: "Limits") -> "Limits":
        """The lower of each limit of the two."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Limits(*(min((x for x in pair if x is not None), default=None) for pair in pairs))

    def loosened(self, other: "Limits") -> "Limits":
        """The higher of each limit of the two; none where one of them has none."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Limits(*(None if None in pair else max(pair) for pair in pairs))


BLOCKED: Final = Limits(requests_per_minute=0)
"""The limits that `deny` stands for."""


@std_dataclass(frozen=True)
class WantedLimits:
    """The limits that a project is to have, by the quotas' names of models."""

    models: Mapping[str, Limits]
    others: Limits | None
    """Limits of every other model; None: no limit. If it blocks, every metric that counts models is shut."""
    opened: frozenset[str] = frozenset()
    """Models whose requests a minute something else sets: they can be called although all others are denied."""

    @classmethod
    def of(cls, limits: Mapping[str, Limits], opened: frozenset[str] = frozenset()) -> "WantedLimits":
        """From limits by the API's model ids, with `others` among them."""
        models = {QUOTA_NAMES.get(model, model): each for model, each in limits.items() if model != OTHERS}
        return cls(models, limits.get(OTHERS), opened)

    @property
    def denies(self) -> bool:
        """True if all models are denied that are not named."""
        return self.others is not None and self.others.blocks

    def on(self, name: LimitName | None) -> dict[str, int | None]:
        """The overrides on one limit of any tier; `name` is None for a metric that counts models otherwise.

        Returns:
            The quota's name of a model, or empty text for all others → the value; None: as much as the tier allows,
            which is set all the same, or the override of all others would hold.
        """
        found: dict[str, int | None] = {}
        for model, limits in self.models.items():
            value = limits.get(name) if name else None
            if value is not None:
                found[model] = value
            elif self.denies and not limits.blocks:
                found[model] = None
        if self.denies:
            if name in ("requestsPerDay", "inputTokensPerMinute"):
                found |= dict.fromkeys(self.opened - self.models.keys())
            found[""] = 0
        elif name and self.others and (value := self.others.get(name)) is not None:
            found[""] = value
        return found
