"""Cloud Monitoring's metric of the Gemini API's calls."""

from typing import Final

from landing_zone.gemini import GEMINI_API

CALLS: Final = (
    'metric.type="serviceruntime.googleapis.com/api/request_count" AND resource.type="consumed_api" '
    f'AND resource.label.service="{GEMINI_API}"'
)
"""Filter of all calls of a project, refused ones included; the label `credential_id` says with which key."""


def credential(uid: str) -> str:
    """An API key, by its uid, as the label `credential_id` has it."""
    return f"apikey:{uid}"
