"""A person takes back what the guard did: everything that is in force, and no less."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from landing_zone.guarding.record import Record, period_of


def release(record: Record, now: datetime) -> Record:
    """The record from which what is held is to be restored.

    The acts of this month are acknowledged: no step up to their level acts again in it. Of an act of an earlier month,
    what this month has cost so far is: no step that is reached by now follows the release at once. What is held stays
    until it is restored, so that a run that is killed in between leaves something to carry on with.
    """
    released = [replace(act, status="released", released=now) for act in record.in_force]
    ours = [act for act in released if act.period == record.period]
    month = [act.level for act in ours if act.step != "rate"]
    if len(ours) < len(released) and record.seen and period_of(record.seen.at) == record.period:
        month.append(record.seen.estimate)
    rate = [act.level for act in ours if act.step == "rate"]
    return replace(
        record.with_acts(released),
        acknowledged=_highest(record.acknowledged, month),
        acknowledged_rate=_highest(record.acknowledged_rate, rate),
        claim=None,
    )


def needs_restoring(record: Record) -> bool:
    """True if something is held of acts that were all released."""
    return bool(record.held) and not record.in_force


def _highest(before: Decimal | None, levels: list[Decimal]) -> Decimal | None:
    return max([*levels, *([] if before is None else [before])], default=None)
