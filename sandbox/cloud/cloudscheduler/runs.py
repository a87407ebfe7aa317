"""Runs of jobs by the clock: attempts, and those after an attempt that failed."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sandbox.cloud.cloudscheduler import models
from sandbox.cloud.cloudscheduler.models import Job
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Delivery
from sandbox.cloud.core.times import rfc3339, seconds
from sandbox.cloud.pubsub import messages
from sandbox.cloud.reach import addressed

_OK: Final = 200
#: HTTP status → google.rpc.Code, as a job's status has it.
_CODES: Final[Mapping[int, int]] = {
    400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4,
}  # fmt: skip
_INTERNAL: Final = 13
_UNKNOWN: Final = 2
_DEADLINE_EXCEEDED: Final = 4


def work(store: Store, now: datetime) -> list[Delivery]:
    """Begin an attempt of every job that is due."""
    return [
        delivery for job in models.due_by(store, now) if (delivery := _attempt(store, job, now)) is not None
    ]


def _attempt(store: Store, job: Job, now: datetime) -> Delivery | None:
    """The attempt's call; None if it is over at once."""
    first = job.retries == 0
    scheduled = job.due if first and job.due is not None else job.scheduled
    limit = seconds(job.body["attemptDeadline"])
    begun = replace(
        job,
        attempt=job.attempt + 1,
        scheduled=scheduled,
        began=now if first else job.began,
        # Given up by then, should nothing come back.
        due=now + timedelta(seconds=limit + 1),
    )
    models.save(store, begun)
    done = _settle(begun)
    if "pubsubTarget" in job.body:
        done(store, now, _published(store, job.body["pubsubTarget"], now))
        return None
    target = job.body["httpTarget"]
    sent = addressed(store, target["uri"], target.get("oidcToken"), job.name, now)
    if sent is None:
        done(store, now, None)
        return None
    url, own = sent
    headers = {
        **target["headers"],
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": job.name.rpartition("/")[2],
        "X-CloudScheduler-ScheduleTime": rfc3339(scheduled),
        **own,
    }
    return Delivery(url, headers, b64decode(target.get("body", "")), limit, done)


def _published(store: Store, target: JsonObject, now: datetime) -> int:
    message: JsonObject = {key: target[key] for key in ("data", "attributes") if key in target}
    try:
        messages.publish(store, target["topicName"], [message], now)
    except CloudError as error:
        return error.code
    return _OK


def _settle(begun: Job) -> Callable[[Store, datetime, int | None], None]:
    """What the answer to an attempt does to the job: its next run, or the same once more."""

    def done(store: Store, now: datetime, status: int | None) -> None:
        job = models.find(store, begun.name)
        if job is None or job.attempt != begun.attempt:
            return
        body = {**job.body, "lastAttemptTime": rfc3339(now), "status": _status(status)}
        again = None if status is not None and 200 <= status < 300 else _retry(begun, now)
        if again is not None:
            models.save(store, replace(job, body=body, due=again, retries=job.retries + 1))
            return
        following = job.next(now) if body["state"] == "ENABLED" else None
        models.save(store, replace(job, body=body, due=following, retries=0))

    return done


def _retry(job: Job, now: datetime) -> datetime | None:
    """When an attempt that failed is repeated; None if it is not."""
    policy = {**models.RETRIES, **job.body.get("retryConfig", {})}
    if job.retries >= policy.get("retryCount", 0):
        return None
    least, most = seconds(policy["minBackoffDuration"]), seconds(policy["maxBackoffDuration"])
    doublings = policy["maxDoublings"]
    # Doubled so often, then ever longer by the same.
    wait = least * 2 ** min(job.retries, doublings) * max(1, job.retries - doublings + 1)
    again = now + timedelta(seconds=min(wait, most))
    longest = seconds(policy["maxRetryDuration"])
    return None if longest and again > job.began + timedelta(seconds=longest) else again


def _status(status: int | None) -> JsonObject:
    """The outcome as google.rpc.Status."""
    if status is None:
        return {"code": _DEADLINE_EXCEEDED}
    if 200 <= status < 300:
        return {}
    return {"code": _CODES.get(status, _INTERNAL if status >= 500 else _UNKNOWN)}
