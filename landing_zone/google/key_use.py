"""Use of API keys in the last days, as far as Cloud Monitoring has it: some minutes late."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from landing_zone.gemini.metrics import CALLS, credential
from landing_zone.google.rest import Google
from landing_zone.google.time_series import sums

DAYS: Final = 30
_RETRY_S: Final = 5
"""A key that has leaked must not stay because Cloud Monitoring is down."""


@dataclass(frozen=True)
class KeyUse:
    """The calls of the Gemini API with a key, refused ones included."""

    calls: int
    last: date
    """The day of the last call, UTC."""


def key_use(google: Google, project: str, key_ids: Collection[str]) -> dict[str, KeyUse]:
    """The use of those of a project's keys that were used, by id.

    Raises:
        GoogleError: the keys or their calls cannot be read. The other errors are those of `Google.call`.
    """
    keys = google.list_all(
        "apikeys",
        f"projects/{project}/locations/global/keys",
        "keys",
        query={"pageSize": "300"},
        project=project,
        retry_s=_RETRY_S,
    )
    ids = {key["name"].rpartition("/")[2]: credential(key["uid"]) for key in keys}
    wanted = {ids[key_id]: key_id for key_id in key_ids if key_id in ids}
    if not wanted:
        return {}
    now = datetime.now(UTC)
    names = ", ".join(f'"{name}"' for name in wanted)
    # By hours, which end at the interval's end: those of a day would not say on which day a call was.
    series = sums(
        google,
        project,
        f"{CALLS} AND resource.label.credential_id=one_of({names})",
        now - timedelta(days=DAYS),
        now,
        "resource.labels.credential_id",
        retry_s=_RETRY_S,
    )
    found: dict[str, KeyUse] = {}
    for each in series:
        key_id = wanted[each["resource"]["labels"]["credential_id"]]
        for point in each["points"]:
            calls = int(point["value"]["int64Value"])
            if calls:
                day = datetime.fromisoformat(point["interval"]["endTime"]).astimezone(UTC).date()
                before = found.get(key_id, KeyUse(0, day))
                found[key_id] = KeyUse(before.calls + calls, max(before.last, day))
    return found
