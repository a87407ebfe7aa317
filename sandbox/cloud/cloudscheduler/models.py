"""Jobs: state and Google's rules for them."""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudscheduler import cron
from sandbox.cloud.core.errors import (
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
    unimplemented,
)
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import from_micros, micros, rfc3339, seconds
from sandbox.cloud.iam.acting import require_account
from sandbox.cloud.pubsub.subscriptions import named_topic

SCHEMA: Final = """
CREATE TABLE scheduler_jobs (
    name TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    body TEXT NOT NULL,
    due INTEGER,
    scheduled INTEGER NOT NULL,
    began INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    attempt INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX scheduler_jobs_due ON scheduler_jobs (due);
"""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")
_LOCATION: Final = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
_DEADLINE_S: Final = (15, 30 * 60)
_MOST_RETRIES: Final = 5
RETRIES: Final[JsonObject] = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}
_TARGETS: Final = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        body: what Google shows of it, without the time at which it is due.
        due: when it runs next, or when an attempt under way is given up; None while it is paused.
        scheduled: the time of the schedule that this is for.
        began: when its first attempt began.
        retries: how often it was tried again.
        attempt: counts all its attempts, so that the answer to one that was given up changes nothing.
    """

    body: JsonObject
    due: datetime | None
    scheduled: datetime
    began: datetime
    retries: int = 0
    attempt: int = 0

    @property
    def name(self) -> str:
        """`projects/P/locations/L/jobs/J`."""
        return str(self.body["name"])

    def next(self, now: datetime) -> datetime | None:
        """When its schedule comes round next."""
        return cron.parse(self.body["schedule"]).after(now, ZoneInfo(self.body["timeZone"]))

    def as_json(self) -> JsonObject:
        """The job as Google shows it."""
        return {**self.body, **({"scheduleTime": rfc3339(self.due)} if self.due is not None else {})}


def parent(store: Store, project: str, location: str) -> str:
    """`projects/P/locations/L`, with the project by its id.

    Raises:
        CloudError: 403 for a project that is not there, 404 for what is no location.
    """
    if not _LOCATION.fullmatch(location):
        raise not_found(f"Location {location} is not found or access is unauthorized.")
    return f"projects/{projects.require_active(store, project).project_id}/locations/{location}"


def create(store: Store, above: str, body: JsonObject, now: datetime) -> Job:
    """Create a job.

    Raises:
        CloudError: 409 for a name in use, 400 for a bad value.
    """
    name = body.get("name") or f"{above}/jobs/{store.next_value('scheduler-job'):020}"
    head, _, identifier = name.rpartition("/jobs/")
    if head.split("/")[2:] != above.split("/")[2:] or not _ID.fullmatch(identifier):
        raise invalid_argument(f"Job name must be {above}/jobs/JOB_ID, not {name}.", "job.name")
    name = f"{above}/jobs/{identifier}"
    if find(store, name) is not None:
        raise already_exists(f"Job {name} already exists.")
    complete = _complete(store, {"state": "ENABLED", **body, "name": name}, now)
    job = Job(complete, None, now, now)
    return save(store, replace(job, due=job.next(now)))


def find(store: Store, name: str) -> Job | None:
    """A job."""
    row = store.row("SELECT * FROM scheduler_jobs WHERE name = ?", name)
    return None if row is None else _read(row)


def require(store: Store, name: str) -> Job:
    """A job.

    Raises:
        CloudError: 404.
    """
    found = find(store, name)
    if found is None:
        raise not_found("Job not found.")
    return found


def of_parent(store: Store, above: str) -> list[Job]:
    """The jobs of a location, by name."""
    rows = store.rows(
        "SELECT * FROM scheduler_jobs WHERE substr(name, 1, ?) = ? ORDER BY name",
        len(above) + 1,
        f"{above}/",
    )
    return [_read(row) for row in rows]


def change(store: Store, job: Job, body: JsonObject, now: datetime) -> Job:
    """Give a job other settings: all of them.

    Raises:
        CloudError: 400 for a bad value.
    """
    changed = replace(job, body=_complete(store, body, now), retries=0, attempt=job.attempt + 1)
    return save(store, replace(changed, due=changed.next(now) if _is_enabled(changed) else None))


def pause(store: Store, job: Job, now: datetime) -> Job:
    """Stop a job until it is resumed.

    Raises:
        CloudError: 400 for a job that does not run.
    """
    if not _is_enabled(job):
        raise failed_precondition("Job is not enabled.")
    body = {**job.body, "state": "PAUSED", "userUpdateTime": rfc3339(now)}
    return save(store, replace(job, body=body, due=None, retries=0, attempt=job.attempt + 1))


def resume(store: Store, job: Job, now: datetime) -> Job:
    """Let a job run again. One that runs is left as it is: Terraform's provider resumes each job that it creates."""
    if _is_enabled(job):
        return job
    resumed = replace(job, body={**job.body, "state": "ENABLED", "userUpdateTime": rfc3339(now)})
    return save(store, replace(resumed, due=resumed.next(now)))


def run_now(store: Store, job: Job, now: datetime) -> Job:
    """Let a job run at once, whatever its schedule."""
    return save(store, replace(job, due=now, scheduled=now, retries=0, attempt=job.attempt + 1))


def delete(store: Store, job: Job) -> None:
    """Delete a job."""
    store.run("DELETE FROM scheduler_jobs WHERE name = ?", job.name)


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its jobs."""
    project = projects.find(store, number)
    if project is not None:
        store.run("DELETE FROM scheduler_jobs WHERE project = ?", project.project_id)


def next_due(store: Store) -> datetime | None:
    """When the next job is due."""
    row = store.row("SELECT min(due) AS due FROM scheduler_jobs")
    return from_micros(row["due"]) if row is not None and row["due"] is not None else None


def due_by(store: Store, now: datetime) -> list[Job]:
    """The jobs that are due, the earliest first."""
    rows = store.rows("SELECT * FROM scheduler_jobs WHERE due <= ? ORDER BY due, name", micros(now))
    return [_read(row) for row in rows]


def set_back(store: Store, now: datetime, _: timedelta) -> None:
    """The clock is set back: schedules come round from there."""
    for row in store.rows("SELECT * FROM scheduler_jobs WHERE due IS NOT NULL ORDER BY name"):
        job = _read(row)
        save(store, replace(job, due=job.next(now) if _is_enabled(job) else now, retries=0))


def save(store: Store, job: Job) -> Job:
    """Store a job."""
    store.run(
        "INSERT OR REPLACE INTO scheduler_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        job.name,
        job.name.split("/")[1],
        json.dumps(job.body),
        micros(job.due) if job.due is not None else None,
        micros(job.scheduled),
        micros(job.began),
        job.retries,
        job.attempt,
    )
    return job


def _read(row: Row) -> Job:
    return Job(
        json.loads(row["body"]),
        from_micros(row["due"]) if row["due"] is not None else None,
        from_micros(row["scheduled"]),
        from_micros(row["began"]),
        row["retries"],
        row["attempt"],
    )


def _is_enabled(job: Job) -> bool:
    return bool(job.body["state"] == "ENABLED")


def _complete(store: Store, body: JsonObject, now: datetime) -> JsonObject:
    """The settings with what Google adds.

    Raises:
        CloudError: 400 for a bad value, 501 for what the local cloud does not serve.
    """
    zone = body.get("timeZone") or "Etc/UTC"
    try:
        cron.parse(body.get("schedule", ""))
        ZoneInfo(zone)
    except cron.ScheduleError as error:
        raise invalid_argument(f"Schedule or time zone is invalid: {error}.", "job.schedule") from None
    except (ValueError, OSError, LookupError):
        raise invalid_argument("Schedule or time zone is invalid.", "job.time_zone") from None
    deadline = body.get("attemptDeadline", "180s")
    if not _DEADLINE_S[0] <= seconds(deadline) <= _DEADLINE_S[1]:
        raise invalid_argument("Attempt deadline must be from 15s to 1800s.", "job.attempt_deadline")
    given = body.get("retryConfig", {})
    if not 0 <= given.get("retryCount", 0) <= _MOST_RETRIES:
        raise invalid_argument("Retry count must be from 0 to 5.", "job.retry_config.retry_count")
    targets = [name for name in _TARGETS if name in body]
    if len(targets) != 1:
        raise invalid_argument("Job must have exactly one target.", "job.target")
    target = _target(store, targets[0], body)
    return {
        **{key: value for key, value in body.items() if value not in ("", {})},
        targets[0]: target,
        "timeZone": zone,
        "attemptDeadline": deadline,
        # Google shows the defaults of the rest beside what is given, and of a job without retries none.
        **({"retryConfig": {**RETRIES, **given}} if given else {}),
        "userUpdateTime": rfc3339(now),
    }


def _target(store: Store, kind: str, body: JsonObject) -> JsonObject:
    target: JsonObject = body[kind]
    if kind == "appEngineHttpTarget":
        raise unimplemented("jobs that call App Engine")
    if kind == "pubsubTarget":
        if not target.get("data") and not target.get("attributes"):
            raise invalid_argument("PubsubTarget must have data or attributes.", "job.pubsub_target")
        return {**target, "topicName": named_topic(store, target.get("topicName", ""))}
    address = urlsplit(target.get("uri", ""))
    if address.scheme not in ("http", "https") or not address.hostname:
        raise invalid_argument(
            "HttpTarget.url must start with 'http://' or 'https://'.", "job.http_target.uri"
        )
    if target.get("httpMethod", "POST") not in ("POST", "HTTP_METHOD_UNSPECIFIED"):
        raise unimplemented(f"jobs that call with {target['httpMethod']}")
    if "oauthToken" in target:
        raise unimplemented("jobs with an OAuth token; write oidcToken")
    headers = {"User-Agent": "Google-Cloud-Scheduler", **target.get("headers", {})}
    if target.get("body"):
        headers.setdefault("Content-Type", "application/octet-stream")
    complete = {**target, "httpMethod": "POST", "headers": headers}
    if "oidcToken" in target:
        token = target["oidcToken"]
        email = token.get("serviceAccountEmail", "")
        require_account(store, email, body["name"].split("/")[1], "job.http_target.oidc_token")
        complete["oidcToken"] = {"audience": target["uri"], **token}
    return complete
