"""The kinds of options that several policies have."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr, WithJsonSchema

from landing_zone.settings import fields


def _amount(value: Any) -> Any:
    # Pulumi hands numbers on as doubles: their shortest text is what was written.
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


Amount = Annotated[
    Decimal, BeforeValidator(_amount), Field(gt=0), WithJsonSchema({"type": ["number", "string"]})
]
Currency = Annotated[StrictStr, Field(pattern="^[A-Z]{3}$")]
Whole = Annotated[int, Field(ge=0)]
Lag = Annotated[fields.Lag, WithJsonSchema({"type": "string", "pattern": "^[0-9]+(m|h|d)$"})]
