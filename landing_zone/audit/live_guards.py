"""Spend guards that act: their policies and what they saw last, in the buckets of the projects that they run in."""

from dataclasses import replace
from functools import partial
from typing import Final

from landing_zone.audit.unread import Unread
from landing_zone.google import guard_record
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.policy import Policy
from landing_zone.names import guard_bucket
from landing_zone.policies.environments import Environments
from landing_zone.policies.facts import Guard, Key, Project, Subject, project_names
from landing_zone.policies.guards import guard_of, unstopped

_BUCKETS: Final = "storage.buckets.list (roles/storage.bucketViewer)"
_OBJECTS: Final = "storage.objects.get (roles/storage.objectViewer)"


def of_hosts(
    google: Google, environments: Environments, projects: list[Project], keys: list[Key]
) -> tuple[list[Guard], Unread]:
    """The guards that run in the projects that the owner of the policies names, and act in judged projects."""
    unread = Unread()
    judged = {each for project in projects for each in project.ids}
    found: list[Guard] = []
    for host in environments.guard_hosts:
        for bucket in unread.attempt(f"buckets of {host}", _BUCKETS, partial(_buckets, google, host), []):
            read = partial(_guards, google, bucket, host, environments, judged, keys)
            found += unread.attempt(f"guard in {bucket}", _OBJECTS, read, [])
    return found, unread


def _buckets(google: Google, host: str) -> list[str]:
    """The buckets of guards of any stack: their names begin with the host's and end with the stack's."""
    begin = guard_bucket(host, "x")[:-1]
    names = (str(each["name"]) for each in google.list_all("storage", "b", "items", query={"project": host}))
    return [name for name in names if name.startswith(begin)]


def _guards(
    google: Google, bucket: str, host: str, environments: Environments, judged: set[str], keys: list[Key]
) -> list[Guard]:
    guards = []
    for project, _ in guard_record.policies(google, bucket):
        if project not in judged:
            continue
        try:
            policy = guard_record.policy_of(google, bucket, project)
        except UnreadableError:
            # It cannot be read by the guard either.
            continue
        if policy is None:
            continue
        subject = Subject("guard", f"{bucket}/{project}", f"guard of {project}", project_names([project]))
        found = guard_of(policy, subject, host, environments.guard_hosts)
        why = found.idle or _silent(google, bucket, policy)
        why = why or unstopped(policy, keys, {policy.project, policy.number})
        guards.append(replace(found, idle=why))
    return guards


def _silent(google: Google, bucket: str, policy: Policy) -> str:
    """That a guard does not run; empty if it does."""
    try:
        record = guard_record.read(google, bucket, policy.number).record
    except UnreadableError:
        record = None
    seen = record.seen.at if record and record.seen else None
    if seen is None:
        return "has not run yet"
    if google.now - seen > policy.delays.silence:
        return f"has not run since {seen:%Y-%m-%d %H:%M} UTC"
    return ""
