"""Snoozes: while one is active, its alert policies open no incidents."""

from datetime import datetime
from typing import Final

from sandbox.cloud.core import masks
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.monitoring import models
from sandbox.cloud.monitoring.fields import check_display_name, invalid, missing
from sandbox.cloud.monitoring.listing import page, project_of

handlers = Handlers()

_SNOOZES: Final = "monitoring.projects.snoozes"
_MOST_POLICIES: Final = 16
_START: Final = ("interval", "startTime")
_CHANGEABLE: Final = (("displayName",), _START, ("interval", "endTime"))


@handlers(f"{_SNOOZES}.create")
def create(call: Call) -> JsonObject:
    """Create a snooze, which cannot be deleted: it is ended."""
    project = project_of(call)
    identifier = models.new_id(call.store)
    snooze = {**call.body, "name": f"projects/{project.project_id}/{models.SNOOZES}/{identifier}"}
    _check(call, project.number, snooze)
    if _time(snooze, "endTime") <= call.now:
        raise invalid("snooze.interval.end_time", snooze["interval"]["endTime"], "must be in the future.")
    models.save(call.store, project.number, models.SNOOZES, identifier, snooze)
    return snooze


@handlers(f"{_SNOOZES}.get")
def get(call: Call) -> JsonObject:
    """A snooze."""
    return models.find(call.store, project_of(call).number, models.SNOOZES, call.ids[1])


@handlers(f"{_SNOOZES}.list")
def list_(call: Call) -> JsonObject:
    """The snoozes of a project, also those that are over."""
    if call.query.get("filter"):
        raise invalid_argument("The local cloud lists snoozes without filter.", "filter")
    return page(call, models.SNOOZES, models.listed(call.store, project_of(call).number, models.SNOOZES))


@handlers(f"{_SNOOZES}.patch")
def patch(call: Call) -> JsonObject:
    """Change a snooze: its begin until it has begun, its end and its name until it is over."""
    project = project_of(call)
    current = models.find(call.store, project.number, models.SNOOZES, call.ids[1])
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    paths = [each for path in paths for each in ([path] if path != ("interval",) else _CHANGEABLE[1:])]
    if not paths or any(path not in _CHANGEABLE for path in paths):
        raise invalid_argument("The name, the begin and the end of a snooze can be changed.", "update_mask")
    changed = masks.apply(paths, current, call.body)
    _check(call, project.number, changed)
    if _time(current, "endTime") <= call.now:
        raise invalid_argument("A snooze that is over cannot be changed.")
    if (
        _time(current, "startTime") <= call.now
        and changed["interval"]["startTime"] != current["interval"]["startTime"]
    ):
        raise invalid_argument("The begin of a snooze that has begun cannot be changed.", "update_mask")
    models.save(call.store, project.number, models.SNOOZES, call.ids[1], changed)
    return changed


def active_until(store: Store, project: str, now: datetime) -> dict[str, datetime]:
    """When the snoozes end that are active now, by the id of the alert policy."""
    found: dict[str, datetime] = {}
    for snooze in models.listed(store, project, models.SNOOZES):
        end = _time(snooze, "endTime")
        if _time(snooze, "startTime") <= now < end:
            for name in snooze["criteria"]["policies"]:
                policy = name.rpartition("/")[2]
                found[policy] = max(end, found.get(policy, end))
    return found


def _time(snooze: JsonObject, name: str) -> datetime:
    return datetime.fromisoformat(snooze["interval"][name])


def _check(call: Call, project: str, snooze: JsonObject) -> None:
    if not snooze.get("displayName"):
        raise missing("snooze.display_name")
    check_display_name(snooze, "snooze.display_name")
    interval = snooze.get("interval", {})
    for name, field in (("startTime", "start_time"), ("endTime", "end_time")):
        if name not in interval:
            raise missing(f"snooze.interval.{field}")
    if _time(snooze, "endTime") <= _time(snooze, "startTime"):
        raise invalid("snooze.interval.end_time", interval["endTime"], "must be after the start time.")
    policies = snooze.get("criteria", {}).get("policies", [])
    if not 0 < len(policies) <= _MOST_POLICIES or "filter" in snooze["criteria"]:
        raise invalid_argument(
            f"A snooze is of 1 to {_MOST_POLICIES} alert policies, here without a filter.", "snooze.criteria"
        )
    for name in policies:
        try:
            models.find(call.store, project, models.POLICIES, name.rpartition("/")[2])
        except CloudError:
            raise invalid("snooze.criteria.policies", name, "there is no such alert policy.") from None
