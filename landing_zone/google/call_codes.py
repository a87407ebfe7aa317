"""How calls of the Gemini API were answered, by HTTP code, as far as Cloud Monitoring has it: some minutes late."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from landing_zone.gemini.metrics import CALLS
from landing_zone.google.rest import Google
from landing_zone.google.time_series import sums


def call_codes(
    google: Google, project: str, since: datetime, until: datetime, retry_s: float | None = None
) -> Mapping[int, int]:
    """HTTP code → calls of a project (id) in some time, refused ones included. Raises as `Google.call`."""
    found: Counter[int] = Counter()
    by = "metric.labels.response_code"
    for each in sums(google, project, CALLS, since, until, by, retry_s=retry_s):
        code = int(each.get("metric", {}).get("labels", {}).get("response_code") or 0)
        found[code] += sum(int(point["value"].get("int64Value") or 0) for point in each.get("points", []))
    return {code: calls for code, calls in sorted(found.items()) if calls}
