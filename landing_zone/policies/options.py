"""Types of options that several policies share."""

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from landing_zone.settings import fields


def _amount(value: Any) -> Decimal:
    # Pulumi passes numbers as doubles, whose shortest text is the number as written.
    text = "" if isinstance(value, bool) else str(value)
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise fields.mistake(
            f"{json.dumps(value)} is not a number",
            "write a number without currency sign or commas, such as 1200.50",
        )
    return found


Amount = Annotated[
    Decimal, BeforeValidator(_amount), Field(gt=0), WithJsonSchema({"type": ["number", "string"]})
]
Currency = fields.Currency
Whole = Annotated[int, Field(ge=0)]
Lag = Annotated[fields.Lag, WithJsonSchema({"type": "string", "pattern": "^[0-9]+(m|h|d)$"})]
