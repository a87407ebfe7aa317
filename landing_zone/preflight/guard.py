"""Acts of the spend guard that are in force: what an update cannot change, and what it must not undo."""

from collections.abc import Iterator

from landing_zone.google import guard_record
from landing_zone.google.errors import GoogleError
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.record import Record
from landing_zone.guarding.words import act_in_force
from landing_zone.names import guard_bucket
from landing_zone.preflight import project_ids
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject


def acted(subject: Subject, name: str) -> Record | None:
    """The guard's record of a project in which an act of it is in force. Raises GoogleError."""
    return subject.once(f"guard's record of {name}", lambda: _acted(subject, name))


def _acted(subject: Subject, name: str) -> Record | None:
    settings = subject.settings
    project, host = settings.projects[name], settings.notification_project
    live = project_ids.seen(subject).get(project.project_id, {})
    if not project.is_guarded or host is None or not live:
        return None
    try:
        bucket = guard_bucket(host, settings.name_at_google)
        record = guard_record.read(subject.google, bucket, str(live.get("projectNumber"))).record
    except UnreadableError:
        return None  # the guard, and its status, report it
    except GoogleError as error:
        if error.code in (403, 404):
            return None  # there is no guard yet, or the caller may not see what it did
        raise
    return record if record and record.in_force else None


def check(subject: Subject, name: str) -> Iterator[Finding]:
    """Findings about the guard's acts in one project. Raises GoogleError."""
    settings, record = subject.settings, acted(subject, name)
    if record is None:
        return
    command = f"gemini-lz guard release {name} --stack {settings.stack}"
    if record.held.link:
        yield Finding(
            "guard-unlinked",
            Level.ERROR,
            f"{act_in_force(record)}. An update could link it again, and what is spent goes on",
            "release it first, if that is over",
            command,
            subject.at("projects", name, "guard"),
        )
        return
    places = {each.place for each in record.held.limits}
    for key, quota in settings.projects[name].quotas.items():
        if f"{quota.metric}{quota.limit}" in places:
            yield Finding(
                "guard-lowered-quota",
                Level.ERROR,
                f"{act_in_force(record)}. It lowered quotas.{key} too, which an update after a refresh raises again",
                "release it first, if that is over",
                command,
                subject.at("projects", name, "quotas", key),
            )
    yield Finding(
        "guard-acted",
        Level.WARNING,
        f"{act_in_force(record)}. Meanwhile no limit is raised; what is asked for is set by the release",
        "release it, if that is over",
        command,
        subject.at("projects", name, "guard"),
    )
