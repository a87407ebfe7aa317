"""Facts from the resources of a spend guard: what it reads, and what runs it."""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from gemini_policies.declared import Resource
from gemini_policies.values import at
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.policy import Policy
from landing_zone.names import GUARD_POLICIES
from landing_zone.policies.facts import UNKNOWN, Guard, Key, project_names
from landing_zone.policies.guards import guard_of, unknown_guard, unstopped

OBJECT: Final = "gcp:storage/bucketObject:BucketObject"
_FUNCTION: Final = "gcp:cloudfunctionsv2/function:Function"
_SCHEDULE: Final = "gcp:cloudscheduler/job:Job"
TYPES: Final = (OBJECT, _FUNCTION, _SCHEDULE)
"""Types of which a guard is made."""
_BUCKET: Final = ("serviceConfig", "environmentVariables", "GUARD_BUCKET")
_JSON: Final = ".json"


def guards(resources: Iterable[Resource], keys: Sequence[Key], hosts: Container[str]) -> Iterator[Guard]:
    """The guards of a program: a policy for each project, in the bucket of a function that a schedule is beside."""
    given = [each for each in resources if each.type in TYPES]
    scheduled = {each.reference("project") for each in given if each.type == _SCHEDULE}
    running = {
        bucket: each.reference("project")
        for each in given
        if each.type == _FUNCTION
        and each.reference("project") in scheduled
        and isinstance(bucket := at(each.props, *_BUCKET), str)
    }
    for each in given:
        name, host = at(each.props, "name"), running.get(at(each.props, "bucket"))
        if each.type == OBJECT and isinstance(name, str) and isinstance(host, str):
            project = name.removeprefix(GUARD_POLICIES).removesuffix(_JSON)
            if name == f"{GUARD_POLICIES}{project}{_JSON}":
                yield from _guard(each, project, host, keys, hosts)


def _guard(
    resource: Resource, project: str, host: str, keys: Sequence[Key], hosts: Container[str]
) -> Iterator[Guard]:
    subject = resource.subject("guard", f"guard of {project}", project_names([project]))
    content = at(resource.props, "content")
    if content is UNKNOWN:
        yield unknown_guard(subject, project, host, hosts)
        return
    try:
        policy = Policy.from_json(json.loads(str(content)))
    except (ValueError, UnreadableError):
        # The guard cannot read it either.
        return
    if policy.project != project:
        return
    found = guard_of(policy, subject, host, hosts)
    ids = resource.ids_of(project)[0] | {project}
    yield replace(found, idle=found.idle or unstopped(policy, keys, ids))
