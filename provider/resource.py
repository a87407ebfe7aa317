"""Base class of this provider's resource types: their properties, checks and operations."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import LimitError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import StoppedError
from landing_zone.google.spend_caps import SpendCapError
from landing_zone.names import ANY_PROJECT_ID

_T = TypeVar("_T")

Values = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's placeholder for a value that is not known before the update."""


@dataclass(frozen=True)
class Property:
    """A property of a resource."""

    type: Mapping[str, Any]
    """In the form of Pulumi's package schema."""
    description: str
    required: bool = False
    replaces: bool = False
    """A change replaces the resource."""
    output: bool = False
    """An output: programs read it and cannot set it."""
    paths: bool = False
    """A diff shows the path of the part that changed."""
    check: Callable[[Any], str] = lambda _: ""
    """Returns the mistake in a value of the right type; empty if there is none."""
    same: Callable[[Any, Any], bool] = lambda old, new: bool(old == new)


@dataclass(frozen=True)
class Failure:
    """One mistake in the inputs."""

    property: str
    reason: str


@dataclass(frozen=True)
class State:
    """A resource as found at Google; `inputs` are those with which a program would produce it."""

    id: str
    inputs: Values
    outputs: Values = field(default_factory=dict)

    @property
    def properties(self) -> Values:
        """Inputs and outputs together, without those that are unset."""
        return {name: value for name, value in {**self.inputs, **self.outputs}.items() if value is not None}


class ResourceError(Exception):
    """An operation failed; the message has the reason and the remedy. `state`: what was created before it failed."""

    def __init__(self, message: str, state: State | None = None) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Context:
    """Google's client, and the ways for an operation to report to the user."""

    google: Google
    reader: Google
    """For what may be missing: it does not wait for an API to be enabled."""
    progress: Callable[[str], None]
    """Show progress on the resource's line."""
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
        """Every mistake in the inputs; values that are not known yet pass."""
        for name in inputs:
            known = self.properties.get(name)
            if known is None or known.output:
                wanted = ", ".join(each for each, entry in self.properties.items() if not entry.output)
                yield Failure(name, f"unknown property; {self.name} has {wanted}")
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
        """A property and the object at Google that its value claims; two resources with the same claim are refused."""
        return None

    @abstractmethod
    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        """The outputs that are known before the update. Only reads.

        Raises:
            ResourceError: the operation would fail. This and every other operation may raise the library's errors too.
        """

    @abstractmethod
    def create(self, context: Context, inputs: Values) -> State:
        """Create the resource, or take over the one that a killed run created.

        Raises:
            ResourceError: with `state` if a part was created.
        """

    @abstractmethod
    def read(self, context: Context, old: State) -> State | None:
        """The resource as found at Google; None if it is gone. For an import, `old` has only an id.

        Raises:
            ResourceError: it cannot be read, or the id has the wrong form.
        """

    @abstractmethod
    def update(self, context: Context, old: State, inputs: Values) -> State:
        """Change the resource to match the inputs. Raises as `create`."""

    @abstractmethod
    def delete(self, context: Context, old: State) -> None:
        """Delete the resource; no error if it is gone.

        Raises:
            ResourceError: it cannot be deleted.
        """

    def stale(self, _: Values) -> list[str]:
        """Outputs that an update should read again although no input has changed."""
        return []


def is_unknown(value: Any) -> bool:
    """True if a value, or a part of it, is not known before the update."""
    if isinstance(value, dict):
        return any(is_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(is_unknown(each) for each in value)
    return bool(value == UNKNOWN)


def as_resource_error(work: Callable[[], _T]) -> _T:
    """Run `work`, and raise the library's errors as ResourceError, with the remedy in the message."""
    try:
        return work()
    except StoppedError:
        raise ResourceError("stopped before it was finished: run pulumi up again to continue") from None
    except GoogleError as error:
        raise ResourceError(error.with_remedy) from error
    except (SpendCapError, LimitError, CredentialsError) as error:
        raise ResourceError(str(error)) from error


def _project_problem(text: str) -> str:
    if re.fullmatch(f"[0-9]+|{ANY_PROJECT_ID}", text):
        return ""
    return f"{text!r} is not a project: write its number or its id, without projects/ before it"


PROJECT: Final = Property(
    {"type": "string"}, "The project's id or number.", required=True, replaces=True, check=_project_problem
)
"""The project that a resource is in."""


def _wrong_type(schema: Mapping[str, Any], value: Any) -> str:
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "string" and not isinstance(value, str):
        return f"{value!r} is not a text"
    if kind == "boolean" and not isinstance(value, bool):
        return f"{value!r} is neither true nor false"
    if kind == "integer" and not (number and value == int(value)):
        return f"{value!r} is not a whole number"
    if kind == "object" and not isinstance(value, dict):
        return f"{value!r} is not a mapping"
    of = {"string": (str, "texts"), "object": (dict, "mappings")}
    item, words = of[schema["items"]["type"]] if kind == "array" else of["string"]
    if kind == "array" and not (isinstance(value, list) and all(isinstance(each, item) for each in value)):
        return f"{value!r} is not a list of {words}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{value!r} is not one of {', '.join(schema['enum'])}"
    return ""
