"""What the guard reports: a structured log line an act, and three metrics in its own project."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Act, Held
from landing_zone.pricing.money import Money, plain
from landing_zone.printing import as_json

RUNS: Final = "custom.googleapis.com/gemini_guard/runs"
ACTS: Final = "custom.googleapis.com/gemini_guard/acts"
IGNORED: Final = "custom.googleapis.com/gemini_guard/ignored_messages"
_MOST_CHANGES: Final = 100
_MOST_SERIES: Final = 200
"""Of one call."""

_TOO_OFTEN: Final = "more frequently than"

Severity = Literal["INFO", "NOTICE", "WARNING", "ERROR"]


def line(severity: Severity, message: str, **fields: Any) -> None:
    """A line for Cloud Logging, as JSON on standard output."""
    text = as_json({"severity": severity, "message": message, **fields}, indent=None)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def act_line(policy: Policy, act: Act, before: Held, after: Held) -> None:
    """The line of an act that was carried out, or would have been in a dry run."""
    did = {"dry run": "would have been carried out (dry run)", "done": "was carried out"}.get(
        act.status, act.status
    )
    if act.again and act.status == "done":
        did = "was carried out again, as use went on"
    line(
        "WARNING" if act.does != "notify" else "NOTICE",
        f"{policy.name}: {act.does} {did}: {act.reason}",
        project=policy.project,
        step=act.step,
        does=act.does,
        reason=act.reason,
        estimate=Money(act.estimate, policy.currency).as_json(),
        basis=act.basis,
        level=plain(act.level),
        period=f"{act.period:%Y-%m}",
        decided=act.at.isoformat(),
        changes=list(_changes(before, after)),
        left=list(act.left),
    )


def _changes(before: Held, after: Held) -> Iterable[dict[str, Any]]:
    """What an act changed: each place with what was there and what is there now, as far as a line has room."""
    known = {(limit.place, each.model): each.now for limit in before.limits for each in limit.values}
    changed = [
        {
            "limit": limit.place,
            "model": each.model or "all others",
            "before": known.get((limit.place, each.model), each.before),
            "after": each.now,
        }
        for limit in after.limits
        for each in limit.values
        if known.get((limit.place, each.model), each.before) != each.now
    ]
    yield from changed[:_MOST_CHANGES]
    if len(changed) > _MOST_CHANGES:
        yield {"more": len(changed) - _MOST_CHANGES}
    for email in after.accounts:
        if email not in before.accounts:
            yield {"serviceAccount": email, "before": "enabled", "after": "disabled"}
    if after.link != before.link:
        yield {"billingAccount": after.link, "before": "linked", "after": "unlinked"}


def write_metrics(
    google: Google,
    host: str,
    stack: str,
    now: datetime,
    runs: Mapping[str, bool],
    acts: Iterable[tuple[str, str]],
) -> bool:
    """Write the metrics: a run of each project, and each act. That they cannot be written stops nothing.

    Returns True if the acts are written.

    Args:
        google: the client.
        host: the guard's own project.
        stack: whose guard it is; several may have theirs in one project, and each has alerts of its own.
        now: by Google's clock.
        runs: projects, and whether all of their use was seen and all acts are done: 1 or 0, which alerts look at.
        acts: projects and steps.
    """
    done = [
        _series(host, now, ACTS, 1, {"stack": stack, "project": project, "step": step})
        for project, step in dict.fromkeys(acts)
    ]
    ran = [
        _series(host, now, RUNS, int(seen), {"stack": stack, "project": project})
        for project, seen in runs.items()
    ]
    written = [
        [
            _write(google, host, series[start : start + _MOST_SERIES])
            for start in range(0, len(series), _MOST_SERIES)
        ]
        for series in (done, ran)
    ]
    return all(written[0])


def write_ignored(google: Google, host: str, stack: str, now: datetime, reason: str) -> None:
    """Count a message that changed nothing, whosever it is. That it cannot be written stops nothing."""
    _write(google, host, [_series(host, now, IGNORED, 1, {"stack": stack, "reason": reason})])


def _write(google: Google, host: str, series: list[Json]) -> bool:
    try:
        google.call(
            "monitoring", "POST", f"v3/projects/{host}/timeSeries", body={"timeSeries": series}, project=host
        )
    except (GoogleError, CredentialsError) as error:
        # Of two guards that polled at once, one has written it.
        if not (isinstance(error, GoogleError) and _TOO_OFTEN in error.message):
            line("ERROR", f"the guard's metrics were not written: {error}")
            return False
    return True


def _series(host: str, now: datetime, metric: str, value: int, labels: dict[str, str]) -> Json:
    return {
        "metric": {"type": metric, "labels": labels},
        "resource": {"type": "global", "labels": {"project_id": host}},
        "metricKind": "GAUGE",
        "valueType": "INT64",
        "points": [{"interval": {"endTime": now.isoformat()}, "value": {"int64Value": str(value)}}],
    }
