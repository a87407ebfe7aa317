"""The guard's policies and records in its bucket."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from landing_zone.google import objects
from landing_zone.google.objects import ChangedError
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Record
from landing_zone.names import GUARD_POLICIES, GUARD_STATES, guard_policy_object, guard_state_object

_ATTEMPTS: Final = 8


@dataclass(frozen=True)
class Stored:
    """A record as it was read."""

    record: Record | None
    """None: the guard has not seen the project yet."""
    generation: int
    """To write it back by."""


def policies(google: Google, bucket: str) -> Iterator[tuple[str, int]]:
    """The ids of the projects that the guard watches, and the generations of their policies.

    Raises as `Google.call`.
    """
    for name, generation in objects.listed(google, bucket, GUARD_POLICIES):
        if name.endswith(".json"):
            yield name.removeprefix(GUARD_POLICIES).removesuffix(".json"), generation


def policy_of(google: Google, bucket: str, project: str) -> Policy | None:
    """What the guard is to do in a project (id); None if it is not guarded.

    Raises UnreadableError, and as `Google.call`.
    """
    found = objects.read(google, bucket, guard_policy_object(project))
    return Policy.from_json(found.content) if found.generation else None


def read(google: Google, bucket: str, number: str) -> Stored:
    """The record of a project (number). Raises UnreadableError, and as `Google.call`."""
    found = objects.read(google, bucket, guard_state_object(number))
    return Stored(Record.from_json(found.content) if found.generation else None, found.generation)


def find(google: Google, bucket: str, project: str) -> Record | None:
    """The record of a project (id), also of one that is not guarded any more.

    Raises UnreadableError, and as `Google.call`.
    """
    policy = policy_of(google, bucket, project)
    if policy:
        return read(google, bucket, policy.number).record
    for name, _ in objects.listed(google, bucket, GUARD_STATES):
        with suppress(UnreadableError):
            record = read(google, bucket, name.removeprefix(GUARD_STATES).removesuffix(".json")).record
            if record and record.project == project:
                return record
    return None


def write(google: Google, bucket: str, record: Record, generation: int) -> Stored:
    """Write a record back, if nobody did since it was read.

    Raises:
        ChangedError: somebody did: read it again, and decide again.
        GoogleError: as `Google.call`.
    """
    name = guard_state_object(record.number)
    return Stored(record, objects.write(google, bucket, name, record.as_json(), generation))


def is_unchanged(google: Google, bucket: str, stored: Stored, number: str) -> bool:
    """True if a record is still as it was read. Raises as `Google.call`."""
    return objects.generation_of(google, bucket, guard_state_object(number)) == stored.generation


def update(google: Google, bucket: str, number: str, change: Callable[[Record], Record]) -> Stored:
    """Change a record, whatever was written to it meanwhile.

    Raises:
        ChangedError: others write it all the time.
        GoogleError: as `Google.call`.
    """
    for _ in range(_ATTEMPTS):
        stored = read(google, bucket, number)
        if stored.record is None:
            return stored
        changed = change(stored.record)
        if changed == stored.record:
            return stored
        with suppress(ChangedError):
            return write(google, bucket, changed, stored.generation)
    raise ChangedError(f"{guard_state_object(number)} is written by others all the time")
