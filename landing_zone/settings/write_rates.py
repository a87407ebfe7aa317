"""Rates at which the program writes to Google, whose quotas count the writes of the calling project."""

from typing import Annotated

from pydantic import Field, StrictInt

from landing_zone.settings import fields
from landing_zone.settings.base import Settings

_LOCAL = "on a local cloud no limit, until it refuses a write for its rate"
_PerMinute = Annotated[StrictInt, Field(ge=1)]


class WriteRatesSettings(Settings):
    """Most writes in a time, for a calling project whose quotas Google changed, or that others use too."""

    projects_per_second: fields.Positive | None = Field(
        default=None,
        description=f"Projects created or changed in a second. Default: 1; {_LOCAL}.",
        examples=["4"],
    )
    keys_per_minute: _PerMinute | None = Field(
        default=None,
        description=f"API keys created or changed in a minute. Default: 120; {_LOCAL}.",
        examples=["600"],
    )
    budgets_per_minute: _PerMinute | None = Field(
        default=None,
        description=f"Budgets and spend caps created or changed in a minute. Default: 100; {_LOCAL}.",
        examples=["300"],
    )
