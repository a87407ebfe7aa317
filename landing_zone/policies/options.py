"""Types of options that several policies share."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from landing_zone.settings import fields

Whole = Annotated[int, Field(ge=0)]
Lag = Annotated[fields.Lag, WithJsonSchema({"type": "string", "pattern": "^[0-9]+(m|h|d)$"})]
