"""What a resource type of this provider is: its properties, what is wrong with them, and what is done with them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import LimitError
from landing_zone.google.rest import Google, StoppedError
from landing_zone.google.spend_caps import SpendCapError
from landing_zone.names import ANY_PROJECT_ID

_T = TypeVar("_T")

Values = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's mark for a value that is not known before the update."""


@dataclass(frozen=True)
class Property:
    """A property of a resource."""

    type: Mapping[str, Any]
    """As Pulumi's package schema has it."""
    description: str
    required: bool = False
    replaces: bool = False
    """A change makes another resource."""
    output: bool = False
    """It is told, not set."""
    paths: bool = False
    """A change of a part is shown by the part's path."""
    check: Callable[[Any], str] = lambda _: ""
    """What is wrong with a value of the right type; empty if nothing is."""
    same: Callable[[Any, Any], bool] = lambda old, new: bool(old == new)


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with the inputs."""

    property: str
    reason: str


@dataclass(frozen=True)
class State:
    """A resource as it is at Google: `inputs` are what a program would write to get it."""

    id: str
    inputs: Values
    outputs: Values = field(default_factory=dict)

    @property
    def properties(self) -> Values:
        """Inputs and outputs together, without what is not set."""
        return {name: value for name, value in {**self.inputs, **self.outputs}.items() if value is not None}


class ResourceError(Exception):
    """An operation failed; says why and what to do. `state` is what was made all the same."""

    def __init__(self, message: str, state: State | None = None) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Context:
    """What an operation works with."""

    google: Google
    say: Callable[[str], None]
    """Shows progress on the resource's line."""
    warn: Callable[[str], None]
    """Print a warning that stays on the screen."""
    note: Callable[[str], None]
    """Print a line that stays on the screen."""


class ResourceType(ABC):
    """A resource type. Its operations block: they are run in threads."""

    name: ClassVar[str]
    description: ClassVar[str]
    properties: ClassVar[Mapping[str, Property]]

    def failures(self, inputs: Values) -> Iterator[Failure]:
        """What is wrong with the inputs, all of it; what is not known yet is taken for right."""
        for name in inputs:
            known = self.properties.get(name)
            if known is None or known.output:
                wanted = ", ".join(each for each, entry in self.properties.items() if not entry.output)
                yield Failure(name, f"there is no such property; there are {wanted}")
        for name, entry in self.properties.items():
            value = inputs.get(name)
            if value is None:
                if entry.required and not entry.output:
                    yield Failure(name, "must be set")
            elif not is_unknown(value):
                reason = _wrong_type(entry.type, value) or entry.check(value)
                if reason:
                    yield Failure(name, reason)

    def transition(self, context: Context, olds: Values, inputs: Values) -> Iterator[Failure]:
        """Failures of the change from `olds`, the inputs of the last update (empty before the first), to `inputs`."""
        yield from ()

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        """A property and what it lays claim to at Google: two resources that claim the same would fight over it."""
        return None

    @abstractmethod
    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        """What is known of the outputs before anything is done. Only reads.

        Raises:
            ResourceError: the operation would fail. This and every other operation may raise the library's errors too.
        """

    @abstractmethod
    def create(self, context: Context, inputs: Values) -> State:
        """Make it, or take over what a killed run left of it.

        Raises:
            ResourceError: with `state` if a part was made.
        """

    @abstractmethod
    def read(self, context: Context, old: State) -> State | None:
        """As it is; None if it is gone. `old` is as the state has it, or has only an id: it is imported.

        Raises:
            ResourceError: it cannot be read, or the id is none.
        """

    @abstractmethod
    def update(self, context: Context, old: State, inputs: Values) -> State:
        """Bring it to the inputs. Raises as `create`."""

    @abstractmethod
    def delete(self, context: Context, old: State) -> None:
        """Take it away; one that is gone is no error.

        Raises:
            ResourceError: it cannot be.
        """

    def stale(self, _: Values) -> list[str]:
        """Outputs that an update should ask for again although no input has changed."""
        return []


def is_unknown(value: Any) -> bool:
    """Whether a value, or a part of it, is known only later."""
    if isinstance(value, dict):
        return any(is_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(is_unknown(each) for each in value)
    return bool(value == UNKNOWN)


def told(work: Callable[[], _T]) -> _T:
    """Do the work; the library's errors become one that says what to do. Raises ResourceError."""
    try:
        return work()
    except StoppedError:
        raise ResourceError("stopped before it was done: run pulumi up again to go on") from None
    except GoogleError as error:
        raise ResourceError(error.with_remedy) from error
    except (SpendCapError, LimitError, CredentialsError) as error:
        raise ResourceError(str(error)) from error


def _project_problem(text: str) -> str:
    if re.fullmatch(f"[0-9]+|{ANY_PROJECT_ID}", text):
        return ""
    return f"{text!r} is no project: write its number or its id, without projects/ before it"


PROJECT: Final = Property(
    {"type": "string"}, "The project's id or number.", required=True, replaces=True, check=_project_problem
)
"""The project that a resource is in."""


def _wrong_type(schema: Mapping[str, Any], value: Any) -> str:
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "string" and not isinstance(value, str):
        return f"{value!r} is no text"
    if kind == "boolean" and not isinstance(value, bool):
        return f"{value!r} is neither true nor false"
    if kind == "integer" and not (number and value == int(value)):
        return f"{value!r} is no whole number"
    if kind == "object" and not isinstance(value, dict):
        return f"{value!r} is no mapping"
    of = {"string": (str, "texts"), "object": (dict, "mappings")}
    item, words = of[schema["items"]["type"]] if kind == "array" else of["string"]
    if kind == "array" and not (isinstance(value, list) and all(isinstance(each, item) for each in value)):
        return f"{value!r} is no list of {words}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{value!r} is none of {', '.join(schema['enum'])}"
    return ""
