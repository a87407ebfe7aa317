"""Base of all settings."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema


class Settings(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


@dataclass(frozen=True)
class Shorthand:
    """In an annotation: what may stand for a value in short, for the JSON Schema."""

    schema: dict[str, Any]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Either the shorthand or the whole."""
        return {"anyOf": [self.schema, handler(core)]}

    def __hash__(self) -> int:
        return hash(repr(self.schema))
