"""Base of all settings."""

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema


class Settings(BaseModel):
    """Unknown keys are refused, values never change.

    A field carries all that is known of a setting: its description, an example of its value as YAML (`examples`), and
    what `markers` says of it. Messages, merging, the schema and the reference are derived from that.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Whole(Settings):
    """Settings that no defaults complete: what is required of them is written where they are."""


def fields_of(model: type[Any]) -> dict[str, FieldInfo]:
    """The fields of a pydantic model or dataclass; none of any other type."""
    found: dict[str, FieldInfo] = getattr(model, "__pydantic_fields__", {})
    return found


def known_keys(model: type[Any]) -> list[str]:
    """The keys a mapping of this type takes, as the stack file spells them."""
    return [field.alias or name for name, field in fields_of(model).items()]


def plain_type(kind: Any) -> Any:
    """A type without Annotated and `| None`."""
    if get_origin(kind) is Annotated:
        return plain_type(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return plain_type(next(part for part in get_args(kind) if part is not type(None)))
    return kind


@dataclass(frozen=True)
class Shorthand:
    """In an annotation: what may stand for a value in short, for the JSON Schema."""

    schema: dict[str, Any]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Either the shorthand or the whole."""
        return {"anyOf": [self.schema, handler(core)]}

    def __hash__(self) -> int:
        return hash(repr(self.schema))
