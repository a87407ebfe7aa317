"""Alert policies fire: their conditions are evaluated by the minute, incidents open and close, channels are notified.

A project's policies are evaluated when something is added to its series (a minute after, and as much later as Cloud
Monitoring is), when one of them changes, and after that only while a condition could change by itself: so months pass
quickly.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import local_state, mails
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.timeline import Delivery, Job
from sandbox.cloud.core.times import rfc3339, seconds
from sandbox.cloud.monitoring import channels, conditions, models, snoozes
from sandbox.cloud.monitoring.conditions import Seen, Series
from sandbox.cloud.monitoring.promql import NotReadError

_SCHEMA: Final = """
CREATE TABLE alert_states (
    project TEXT NOT NULL,
    policy TEXT NOT NULL,
    condition INTEGER NOT NULL,
    series TEXT NOT NULL,
    since REAL,
    last REAL NOT NULL,
    incident INTEGER,
    PRIMARY KEY (project, policy, condition, series)
) WITHOUT ROWID;
CREATE TABLE alert_incidents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    policy TEXT NOT NULL,
    title TEXT NOT NULL,
    condition TEXT NOT NULL,
    series TEXT NOT NULL,
    value REAL,
    opened TEXT NOT NULL,
    closed TEXT
);
"""
_WATERMARK: Final = "alerts"
_MINUTE: Final = timedelta(minutes=1)
_AUTO_CLOSE: Final = "604800s"


@dataclass(slots=True)
class _State:
    """One series of a condition: since when it is met, when it had data last, its open incident."""

    since: datetime | None
    last: datetime
    incident: int | None


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition of a policy, and where its states are kept."""

    project: str
    policy: JsonObject
    number: int
    snoozed_until: datetime | None
    """While it is snoozed, it opens no incident."""

    @property
    def body(self) -> JsonObject:
        """As the policy has it."""
        body: JsonObject = self.policy["conditions"][self.number]
        return body

    @property
    def key(self) -> tuple[str, str, int]:
        """What its states are kept under."""
        return self.project, self.policy["id"], self.number


def due(store: Store) -> datetime | None:
    """When policies are next to be evaluated."""
    at = store.value("SELECT min(at) FROM alert_watch WHERE at < ?", _NEVER)
    planned = datetime.fromtimestamp(at, UTC) if at is not None else None
    if planned is None and store.row("SELECT 1 FROM alert_watch") is None:
        return None
    added = _first_added(store)
    seen = added + _MINUTE + store.metrics_lag if added is not None else None
    return min((each for each in (planned, seen) if each is not None), default=None)


_NEVER: Final = 2**53
"""The time of a project that waits for something to be added."""


def work(store: Store, now: datetime) -> Sequence[Delivery]:
    """Evaluate what is due."""
    until = _last_minute(store, now)
    watched = {row["project"]: row["at"] for row in store.rows("SELECT project, at FROM alert_watch")}
    added = _added_to(store, until)
    for project, at in sorted(watched.items()):
        if at <= now.timestamp() or project in added:
            again = _evaluate(store, project, now)
            store.run(
                "UPDATE alert_watch SET at = ? WHERE project = ?",
                again.timestamp() if again else _NEVER,
                project,
            )
    local_state.put(store, _WATERMARK, until.timestamp())
    return ()


def set_back(store: Store, now: datetime, by: timedelta) -> None:
    """The clock is set back: policies are evaluated from there."""
    store.run("UPDATE alert_watch SET at = at - ? WHERE at < ?", int(by.total_seconds()), _NEVER)
    store.run("UPDATE alert_states SET since = min(since, ?1), last = min(last, ?1)", now.timestamp())
    local_state.put(store, _WATERMARK, _last_minute(store, now).timestamp())


def _last_minute(store: Store, now: datetime) -> datetime:
    """The end of the last whole minute that Cloud Monitoring has."""
    return (now - store.metrics_lag).replace(second=0, microsecond=0)


def _watermark(store: Store) -> float:
    return float(local_state.get(store, _WATERMARK, 0.0))


def _first_added(store: Store) -> datetime | None:
    """The first minute of which the series of any project have something that was not looked at."""
    minute = store.value(
        "SELECT min(minute) FROM (SELECT min(minute) AS minute FROM gemini_requests WHERE minute >= ?1 "
        "UNION ALL SELECT min(minute) FROM gemini_usage WHERE minute >= ?1 "
        "UNION ALL SELECT min(at) FROM custom_points WHERE at >= ?1)",
        _watermark(store),
    )
    if minute is None:
        return None
    return datetime.fromtimestamp(minute, UTC).replace(second=0, microsecond=0)


def _added_to(store: Store, until: datetime) -> set[str]:
    rows = store.rows(
        "SELECT project FROM gemini_requests WHERE minute >= ?1 AND minute < ?2 "
        "UNION SELECT project FROM gemini_usage WHERE minute >= ?1 AND minute < ?2 "
        "UNION SELECT project FROM custom_points WHERE at >= ?1 AND at < ?2",
        _watermark(store),
        until.timestamp(),
    )
    return {row["project"] for row in rows}


def _evaluate(store: Store, number: str, now: datetime) -> datetime | None:
    """Evaluate a project's policies; returns when they must be again if nothing is added."""
    project = projects.find(store, number)
    if project is None or project.state != projects.ACTIVE:
        return None
    policies = [each for each in _policies(store, number) if each.get("enabled", True)]
    _forget_gone(store, number, {policy["id"]: len(policy["conditions"]) for policy in policies}, now)
    series, known = Series(store, project, now), _states(store, number)
    snoozed = snoozes.active_until(store, number, now)
    again: list[datetime] = []
    for policy in policies:
        for index in range(len(policy["conditions"])):
            condition = _Condition(number, policy, index, snoozed.get(policy["id"]))
            try:
                seen = conditions.look(condition.body, series)
            except NotReadError:
                continue
            states = known.get((policy["id"], index), {})
            if "conditionAbsent" in condition.body:
                again += _absent(store, condition, states, seen, series)
            else:
                again += _settle(store, condition, states, seen, now)
    return min(again, default=None)


def _policies(store: Store, project: str) -> list[JsonObject]:
    rows = store.rows(
        "SELECT id, body FROM monitoring WHERE project = ? AND kind = ? ORDER BY id", project, models.POLICIES
    )
    return [_parsed(row["id"], row["body"]) for row in rows]


@lru_cache(maxsize=4096)
def _parsed(identifier: str, text: str) -> JsonObject:
    """A policy with its id; nobody changes it."""
    return {"id": identifier, **json.loads(text)}


def _settle(
    store: Store, condition: _Condition, states: dict[str, _State], seen: Seen, now: datetime
) -> list[datetime]:
    """Open and close incidents by what is met; returns when to look again."""
    duration = conditions.duration_of(condition.body)
    again = [seen.next_look] if seen.next_look else []
    for key in sorted(seen.values.keys() | states.keys()):
        state = states.get(key) or _State(None, now, None)
        if key in seen.values:
            state.last = now
        if key in seen.met:
            state.since = state.since or now
            holds = now - state.since >= duration
            if state.incident is None and holds and condition.snoozed_until is None:
                state.incident = _open(store, condition, key, seen.values[key], now)
            if state.incident is None and holds and condition.snoozed_until is not None:
                again.append(condition.snoozed_until)
            elif state.incident is None or not seen.stays_met:
                again.append(now + _MINUTE)
        elif key in seen.values or not seen.open_without_data:
            state.since = None
            _close(store, condition, state, now)
        elif state.incident is not None:
            ends = state.last + _auto_close(condition.policy)
            if now >= ends:
                state.since = None
                _close(store, condition, state, now)
            else:
                again.append(ends)
        else:
            state.since = None
        if key in states or state.since is not None:
            _keep(store, condition, key, state)
    return again


def _absent(
    store: Store, condition: _Condition, states: dict[str, _State], seen: Seen, series: Series
) -> list[datetime]:
    """Open an incident for each series that was there and has had no point for the duration."""
    duration = timedelta(seconds=seconds(condition.body["conditionAbsent"]["duration"]))
    again = []
    for key in sorted(seen.last.keys() | states.keys()):
        state = states.get(key) or _State(None, seen.last.get(key, series.now), None)
        state.last = max(state.last, seen.last.get(key, state.last))
        if series.until - state.last < duration:
            _close(store, condition, state, series.now)
            again.append(state.last + duration + (series.now - series.until))
        elif state.incident is None and condition.snoozed_until is not None:
            again.append(condition.snoozed_until)
        elif state.incident is None:
            state.incident = _open(store, condition, key, None, series.now)
        # There until it comes back, or the incident closes by itself.
        if state.incident is not None:
            ends = state.last + duration + _auto_close(condition.policy)
            if series.now >= ends:
                _close(store, condition, state, series.now)
                _forget(store, condition.key, key)
                continue
            again.append(ends)
        _keep(store, condition, key, state, always=True)
    return again


def _auto_close(policy: JsonObject) -> timedelta:
    return timedelta(seconds=seconds(policy.get("alertStrategy", {}).get("autoClose", _AUTO_CLOSE)))


def _states(store: Store, project: str) -> dict[tuple[str, int], dict[str, _State]]:
    """The states of a project's conditions, by policy and condition, and by series."""
    found: dict[tuple[str, int], dict[str, _State]] = {}
    for row in store.rows("SELECT * FROM alert_states WHERE project = ?", project):
        found.setdefault((row["policy"], row["condition"]), {})[row["series"]] = _State(
            datetime.fromtimestamp(row["since"], UTC) if row["since"] is not None else None,
            datetime.fromtimestamp(row["last"], UTC),
            row["incident"],
        )
    return found


def _forget(store: Store, key: tuple[str, str, int], series: str) -> None:
    store.run(
        "DELETE FROM alert_states WHERE project = ? AND policy = ? AND condition = ? AND series = ?",
        *(*key, series),
    )


def _keep(store: Store, condition: _Condition, series: str, state: _State, *, always: bool = False) -> None:
    if not always and state.since is None and state.incident is None:
        _forget(store, condition.key, series)
        return
    store.run(
        "INSERT OR REPLACE INTO alert_states VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(*condition.key, series),
        state.since.timestamp() if state.since is not None else None,
        state.last.timestamp(),
        state.incident,
    )


def _open(store: Store, condition: _Condition, series: str, value: float | None, now: datetime) -> int:
    policy = condition.policy
    title = policy.get("displayName", "")
    number: int = store.value(
        "INSERT INTO alert_incidents (project, policy, title, condition, series, value, opened) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number",
        *(condition.project, policy["name"], title, condition.body.get("displayName", ""), series, value),
        rfc3339(now),
    )
    _notify(store, policy, "open", series, value, now)
    return number


def _close(store: Store, condition: _Condition, state: _State, now: datetime) -> None:
    if state.incident is None:
        return
    row = store.row("SELECT series FROM alert_incidents WHERE number = ?", state.incident)
    store.run("UPDATE alert_incidents SET closed = ? WHERE number = ?", rfc3339(now), state.incident)
    state.incident = None
    _notify(store, condition.policy, "closed", row["series"] if row is not None else "", None, now)


def _notify(
    store: Store, policy: JsonObject, state: str, series: str, value: float | None, now: datetime
) -> None:
    severity = f" - {policy['severity']}" if policy.get("severity") else ""
    mark = f"[ALERT{severity}]" if state == "open" else f"[RESOLVED{severity}]"
    why: dict[str, Any] = {"kind": "alert", "policy": policy["name"], "state": state, "series": _read(series)}
    mails.send(
        store,
        now,
        channels.addresses(store, policy.get("notificationChannels", [])),
        f"{mark} {policy.get('displayName', '')}",
        why | ({"value": value} if value is not None else {}),
    )


def _forget_gone(store: Store, project: str, kept: dict[str, int], now: datetime) -> None:
    """Close what policies have opened that are gone, off or have fewer conditions; nobody is notified."""
    for row in store.rows(
        "SELECT policy, condition, series, incident FROM alert_states WHERE project = ?", project
    ):
        if row["condition"] < kept.get(row["policy"], 0):
            continue
        store.run("UPDATE alert_incidents SET closed = ? WHERE number = ?", rfc3339(now), row["incident"])
        _forget(store, (project, row["policy"], row["condition"]), row["series"])


def shown(store: Store) -> dict[str, Any]:
    """The incidents, oldest first, and the conditions that the local cloud does not evaluate."""
    rows = store.rows("SELECT * FROM alert_incidents ORDER BY number")
    return {"incidents": [_incident(row) for row in rows], "notEvaluated": _not_evaluated(store)}


def _incident(row: Row) -> dict[str, Any]:
    return {
        "policy": row["policy"],
        "displayName": row["title"],
        "condition": row["condition"],
        "series": _read(row["series"]),
        "value": row["value"],
        "opened": row["opened"],
        "closed": row["closed"],
    }


def _read(series: str) -> Any:
    return json.loads(series) if series else None


def _not_evaluated(store: Store) -> list[dict[str, str]]:
    found = []
    for row in store.rows("SELECT project FROM alert_watch ORDER BY project"):
        project = projects.find(store, row["project"])
        if project is None:
            continue
        series = Series(store, project, datetime.fromtimestamp(0, UTC))
        for policy in models.listed(store, row["project"], models.POLICIES):
            for condition in policy["conditions"]:
                try:
                    conditions.look(condition, series)
                except NotReadError as error:
                    found.append(
                        {"policy": policy["name"], "condition": condition["displayName"], "why": str(error)}
                    )
    return found


ALERTING: Final = Service(name="alerting", apis=(), schema=_SCHEMA, job=Job(due, work, set_back))
"""What Cloud Monitoring does by itself."""
