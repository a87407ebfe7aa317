"""Taking back what the guard did in a project: by a person, by a new month, or to finish what a killed run began.

The record says first that the acts are released, and holds what was there before until all of it is restored. While
somebody carries an act out or restores, which its claim says, nobody else does.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from landing_zone.google import guard_acts, guard_record
from landing_zone.google.guard_record import Stored
from landing_zone.google.objects import ChangedError
from landing_zone.google.rest import Google
from landing_zone.guarding import release as guarding
from landing_zone.guarding.record import Act, Record

CLAIM: Final = timedelta(minutes=3)
"""How long nobody else carries an act out; longer than one takes."""
_ATTEMPTS: Final = 8


class BusyError(Exception):
    """The guard is carrying an act out right now, or another release restores."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            f"the guard is acting right now, or another release is: try again after {until:%H:%M:%S} UTC, when it is "
            "done or was killed"
        )


@dataclass(frozen=True)
class Released:
    """What became of a release."""

    acts: tuple[Act, ...] = ()
    """Those that were released; none: nothing was in force."""
    restored: int = 0
    """Overrides, service accounts and billing links that are as before."""
    left: tuple[str, ...] = ()
    """What stays as it is, with the reason."""


def release(google: Google, bucket: str, number: str) -> Released:
    """Release every act that is in force in a project (number), and restore what was there before.

    Raises:
        BusyError: an act is being carried out.
        ChangedError: the record is written by others all the time.
        LimitError, GoogleError: as `Google.call`; what is left to restore, the guard's next run does.
    """
    holder = uuid4().hex
    for _ in range(_ATTEMPTS):
        stored = guard_record.read(google, bucket, number)
        record, now = stored.record, google.now
        if record is None or not (record.in_force or record.held):
            return Released()
        if record.claim and record.is_claimed(holder, now):
            raise BusyError(record.claim.until)
        try:
            released = guarding.release(record, now).claimed(holder, now, CLAIM)
            stored = guard_record.write(google, bucket, released, stored.generation)
        except ChangedError:
            continue
        return replace(restore(google, bucket, stored), acts=record.in_force)
    raise ChangedError("the guard's record is written by others all the time: try again")


def restore(google: Google, bucket: str, stored: Stored) -> Released:
    """Restore what a record holds, which this caller has claimed, and write that down. Raises as `release`.

    What cannot be restored stays held, for the next run, and is raised after the rest is written down.
    """
    record = stored.record
    if record is None:
        return Released()
    found = guard_acts.restore(google, record.project, record.held)

    def done(newest: Record) -> Record:
        return replace(newest, held=found.rest, claim=None) if newest.held == record.held else newest

    guard_record.update(google, bucket, record.number, done)
    if found.error:
        raise found.error
    return Released((), found.restored, found.left)
