"""What the guard does next in one project: pure, from its policy, its record and what it sees.

A step acts once for a budget, a month and a step, when the estimate reaches its level. Of throttle and stop only the
stronger acts, and never a weaker one than is in force. What a person released does not act again in the month: no step
up to the level that was released. A step whose level was raised above that may.

An act stays in force when the policy changes or a month ends, until it is released: the guard takes nothing back that
nobody asked it to. A policy decides what acts next, never what was done.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from landing_zone.guarding import messages
from landing_zone.guarding.estimate import Estimate, estimated, metered_until, settled, ten_minutes
from landing_zone.guarding.messages import BudgetMessage
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import (
    STRENGTH,
    Act,
    Billed,
    Deed,
    Meter,
    Record,
    Seen,
    Status,
    Step,
    period_of,
    start_of,
)
from landing_zone.guarding.release import release
from landing_zone.guarding.words import moment
from landing_zone.pricing.metered import LOOK_BACK, Spend
from landing_zone.pricing.money import Money

UNBILLED: Final = timedelta(hours=12)
"""Budget messages come every 20 to 30 minutes: if none counted in so long, people should know."""
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Signals:
    """What the guard sees at one time."""

    spends: tuple[Spend, ...] = ()
    """What was metered since the record's watermark, as far as it could be read."""
    read_until: datetime | None = None
    """The end of what was read; None: not all of Cloud Monitoring could be read."""
    message: BudgetMessage | None = None
    remarks: tuple[str, ...] = ()
    """What people should know of the prices."""


@dataclass(frozen=True)
class Decision:
    """What follows."""

    record: Record
    """To be written before anything is carried out."""
    acts: tuple[Act, ...] = ()
    """Decided now: intended, or done if they only notify."""
    again: tuple[Act, ...] = ()
    """Stops that were carried out, and do not hold: they are intended again."""
    ignored: messages.Reason | None = None
    """Why the message changed nothing."""
    remarks: tuple[str, ...] = ()


def decide(policy: Policy, record: Record | None, signals: Signals, now: datetime) -> Decision:
    """What the guard does next in a project."""
    record = record or Record.begin(policy, now)
    remarks = [*signals.remarks]
    period = period_of(now)
    releases = False
    if policy.currency != record.currency:
        record = _recounted(policy, record)
    if period > record.period:
        record = _begun(record, now)
        releases = policy.release_at_new_period and not policy.dry_run and bool(record.in_force)
        record = release(record, now) if releases else record
    elif period < record.period:
        return Decision(
            record,
            remarks=(f"the clock says {period:%B %Y}, which is over: nothing was decided",),
        )
    fresh = [each for each in signals.spends if each.start >= record.meter.watermark and each.end <= now]
    again = tuple(_leaking(policy, record, fresh))
    remarks += [
        f"use goes on, though the guard stopped the project on {moment(act.done or now)}" for act in again
    ]
    record, ignored = _billed(policy, record, fresh, signals.message, now)
    last = record.billed.published if record.billed else max(record.since, start_of(record.period))
    if now - last > UNBILLED:
        remarks.append(
            f"no budget message has counted since {moment(last)}: look at those that were ignored, and at the "
            "budget's topic"
        )
    found = estimated(record, fresh, policy.delays.billing, policy.currency, now)
    burst = ten_minutes(fresh, signals.read_until or now)
    if signals.read_until is None:
        remarks.append("some of what is newer than the last reading is not counted")
    else:
        meter = settled(record.meter, fresh, signals.read_until, policy.delays.billing)
        record = replace(record, meter=meter)
    record = replace(record, seen=Seen(now, found.amount, found.basis, burst, tuple(remarks)))
    acts = () if releases else tuple(_acts(policy, record, found, burst, now))
    return Decision(record.with_acts((*acts, *again)), acts, again, ignored, tuple(remarks))


def _begun(record: Record, now: datetime) -> Record:
    """The record for a new month: counters begin again, and what is in force stays so."""
    period = period_of(now)
    return replace(
        record,
        period=period,
        meter=Meter(start_of(period)),
        billed=None,
        acts=record.in_force,
        acknowledged=None,
        acknowledged_rate=None,
        ignored={},
    )


def _recounted(policy: Policy, record: Record) -> Record:
    """The record where the project is paid in another currency by now: no amount of before counts."""
    return replace(
        record,
        currency=policy.currency,
        meter=Meter(start_of(record.period)),
        billed=None,
        acknowledged=None,
        acknowledged_rate=None,
    )


def _leaking(policy: Policy, record: Record, fresh: list[Spend]) -> Iterator[Act]:
    """The stops since which there is use that began after they were enforced: of a tier that was not there, for one."""
    for act in record.in_force:
        if act.does == "stop" and act.status == "done" and act.done and not policy.dry_run:
            # What was asked before is counted when its answer ends.
            enforced = act.done + policy.delays.act + LOOK_BACK
            if any(each.start >= enforced for each in fresh):
                yield replace(act, status="intended", again=act.again + 1, reported=act.again > 0)


def _billed(
    policy: Policy, record: Record, fresh: list[Spend], message: BudgetMessage | None, now: datetime
) -> tuple[Record, messages.Reason | None]:
    if message is None:
        return record, None
    reason = messages.check(policy, record, message, now)
    if reason:
        return replace(record, ignored=messages.counted(record.ignored, reason)), reason
    known = metered_until(record.meter, fresh, message.published)
    return replace(record, billed=Billed(message.cost, message.published, known)), None


def levels(policy: Policy) -> Iterator[tuple[Step, Deed, Decimal]]:
    """The steps on the month's money that a policy has, with the money at which each acts, in the order of strength."""
    shares: tuple[tuple[Step, Deed, Decimal | None], ...] = (
        ("notify", "notify", policy.notify),
        ("throttle", "throttle", policy.throttle.at if policy.throttle else None),
        ("stop", "stop", policy.stop.at if policy.stop else None),
        ("unlink", "unlink", policy.unlink),
    )
    for step, deed, share in shares:
        if share is not None:
            yield step, deed, policy.level(share)


def rate_level(policy: Policy) -> Decimal | None:
    """The money of ten minutes above which the guard acts; None: it judges no rate."""
    if policy.rate is None or policy.ten_minutes is None:
        return None
    return policy.rate.times * policy.ten_minutes


def _acts(policy: Policy, record: Record, found: Estimate, burst: Decimal, now: datetime) -> Iterator[Act]:
    """The acts that follow."""
    held = max((STRENGTH[act.does] for act in _standing(policy, record)), default=0)
    reached = [
        (step, deed, level)
        for step, deed, level in levels(policy)
        if found.amount > 0 and found.amount >= level and is_due(policy, record, step, level)
    ]
    chosen = max((each for each in reached if each[1] in ("throttle", "stop")), key=_strength, default=None)
    taken = held
    for step, deed, level in reached:
        if (
            deed == "notify"
            or (deed == "unlink" and held < STRENGTH["unlink"])
            or ((step, deed, level) == chosen and STRENGTH[deed] > held)
        ):
            taken = max(taken, STRENGTH[deed])
            reason = (
                f"the month has cost {Money(found.amount, policy.currency)}, and {deed} acts at "
                f"{Money(level, policy.currency)}"
            )
            yield _act(policy, record, step, deed, level, reason, found, now)
    rate = rate_level(policy)
    if policy.rate is None or rate is None or burst <= rate or STRENGTH[policy.rate.act] <= taken:
        return
    if is_due(policy, record, "rate", rate):
        reason = (
            f"ten minutes cost {Money(burst, policy.currency)}, and {policy.rate.act} acts above "
            f"{Money(rate, policy.currency)}, {policy.rate.times:f} times what the plan's peak explains"
        )
        yield _act(policy, record, "rate", policy.rate.act, rate, reason, found, now)


def _strength(each: tuple[Step, Deed, Decimal]) -> int:
    return STRENGTH[each[1]]


def _standing(policy: Policy, record: Record) -> Iterator[Act]:
    """The acts that are in force; in a dry run also those that would be."""
    for act in record.acts:
        dry = policy.dry_run and act.status == "dry run" and act.period == record.period
        if act.in_force or (dry and act.does != "notify"):
            yield act


def is_due(policy: Policy, record: Record, step: Step, level: Decimal) -> bool:
    """True if a step did not act yet for this budget and month, and nobody released what acted at its level."""
    released = record.acknowledged_rate if step == "rate" else record.acknowledged
    if released is not None and level <= released:
        return False
    statuses: set[Status] = {"intended", "done", *(("dry run",) if policy.dry_run else ())}
    key = (policy.budget.id, record.period, step)
    return not any(act.key == key and act.status in statuses for act in record.acts)


def _act(
    policy: Policy,
    record: Record,
    step: Step,
    deed: Deed,
    level: Decimal,
    reason: str,
    found: Estimate,
    now: datetime,
) -> Act:
    status: Status = "dry run" if policy.dry_run else "done" if deed == "notify" else "intended"
    return Act(
        step=step,
        does=deed,
        budget=policy.budget.id,
        period=record.period,
        level=level,
        status=status,
        reason=reason,
        estimate=found.amount,
        basis=found.basis,
        at=now,
        to=policy.throttle.to
        if deed == "throttle" and policy.throttle
        else _USUAL_SHARE
        if deed == "throttle"
        else None,
        by=(policy.stop.by if policy.stop else "limits") if deed == "stop" else None,
        done=now if status == "done" else None,
    )


_USUAL_SHARE: Final = Decimal("0.25")
"""What a throttle leaves that the rate asks for, where the policy has no such step of its own."""
