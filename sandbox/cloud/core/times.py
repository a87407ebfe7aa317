"""Timestamps as Google writes them."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """An aware UTC datetime as `2026-11-23T16:00:00.123456Z`, without the fraction when it is zero."""
    return moment.isoformat().replace("+00:00", "Z")
