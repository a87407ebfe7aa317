"""What the guard did, in one sentence: the provider, the commands and the log say the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from landing_zone.guarding.record import Act, Deed, Record

_DID: Final[Mapping[Deed, str]] = {
    "notify": "notified about",
    "throttle": "throttled",
    "stop": "stopped",
    "unlink": "unlinked billing of",
}


def moment(at: datetime) -> str:
    """A time to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def act_in_words(act: Act, project: str) -> str:
    """An act, when and why: `the guard stopped acme-chat on 2026-11-27 10:02 UTC: metered …`."""
    did = f"the guard {_DID[act.does]} {project} on {moment(act.done or act.at)}"
    if act.status == "intended":
        did = f"the guard is to act on {project} ({act.does}) since {moment(act.at)}"
    return f"{did}: {act.reason}"


def act_in_force(record: Record) -> str:
    """The strongest act in force; empty if there is none."""
    return act_in_words(record.in_force[-1], record.project) if record.in_force else ""
