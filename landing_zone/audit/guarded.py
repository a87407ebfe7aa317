"""The spend guard of a stack as it stands: what it sees, what it would do next, and what it did."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini.models import MODELS
from landing_zone.gemini.quotas import BY_METRIC
from landing_zone.google import guard_record
from landing_zone.google.errors import GoogleError
from landing_zone.google.guard_signals import signals_of
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.decision import decide, rate_level
from landing_zone.guarding.estimate import metered
from landing_zone.guarding.outlook import Next, outlook
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Act, Held, Record
from landing_zone.pricing.money import Money, plain
from landing_zone.printing import counted

_AT_ONCE: Final = 8


@dataclass(frozen=True)
class GuardedProject:
    """The guard in one project."""

    name: str
    project_id: str
    now: datetime
    policy: Policy | None = None
    """None: the guard does not know the project yet."""
    record: Record | None = None
    """As of now: what the guard would write if it ran."""
    metered: Decimal = Decimal(0)
    """In the month."""
    last_run: datetime | None = None
    """None: it has not run yet."""
    due: tuple[Act, ...] = ()
    """What it does at its next run."""
    following: Next | None = None
    remarks: tuple[str, ...] = ()
    blind: str = ""
    """Why not all that was used is known: there is this, or more."""
    unread: str = ""
    """Why nothing is known of it."""

    @property
    def silent(self) -> bool:
        """True if the guard has not run for ten minutes or three of its polls, or never."""
        if self.unread or self.policy is None:
            return False
        return self.last_run is None or self.now - self.last_run > self.policy.delays.silence

    @property
    def in_force(self) -> tuple[Act, ...]:
        """The acts in force, the strongest last."""
        return self.record.in_force if self.record else ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        found: dict[str, Any] = {"name": self.name, "projectId": self.project_id}
        policy, record = self.policy, self.record
        if self.unread or policy is None or record is None or record.seen is None:
            return {**found, "unread": self.unread or None, "silent": self.silent}
        rate = rate_level(policy)
        return {
            **found,
            "unread": None,
            "blind": self.blind or None,
            "number": policy.number,
            "dryRun": policy.dry_run,
            "amount": Money(policy.amount, policy.currency).as_json(),
            "estimate": plain(record.seen.estimate),
            "basis": record.seen.basis,
            "metered": plain(self.metered),
            "billed": record.billed
            and {
                "amount": plain(record.billed.amount),
                "published": record.billed.published.isoformat(),
            },
            "tenMinutes": {
                "amount": plain(record.seen.ten_minutes),
                "actsAbove": None if rate is None else plain(rate),
            },
            "due": [_act(act) for act in self.due],
            "next": self.following and _next(self.following),
            "acts": [_act(act) for act in record.acts],
            "inForce": bool(self.in_force),
            "held": held_json(record.held),
            "ignoredMessages": dict(record.ignored),
            "lastRun": self.last_run and self.last_run.isoformat(),
            "silent": self.silent,
            "remarks": list(self.remarks),
        }


def read(google: Google, bucket: str, projects: Mapping[str, str]) -> Iterator[GuardedProject]:
    """The guard in each project: name in the stack file → id. What cannot be read says why."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda each: _attempted(google, bucket, *each), projects.items())


def _attempted(google: Google, bucket: str, name: str, project_id: str) -> GuardedProject:
    try:
        return _read(google, bucket, name, project_id)
    except GoogleError as error:
        unread = error.with_remedy
        if error.code == 404 and "bucket does not exist" in error.message:
            unread = f"the guard's bucket {bucket} does not exist: run gemini-lz up, which deploys the guard"
        return GuardedProject(name, project_id, google.now, unread=unread)
    except UnreadableError as error:
        return GuardedProject(name, project_id, google.now, unread=str(error))


def _read(google: Google, bucket: str, name: str, project_id: str) -> GuardedProject:
    policy = guard_record.policy_of(google, bucket, project_id)
    if policy is None:
        reason = "the guard does not know it: run gemini-lz up"
        return GuardedProject(name, project_id, google.now, unread=reason)
    stored = guard_record.read(google, bucket, policy.number).record
    now = google.now
    # By the guard's own decision, on the signals that it would see now; nothing is written.
    signals = signals_of(google, policy, stored, None, now)
    decision = decide(policy, stored, signals, now)
    before = {(act.key, act.at) for act in stored.acts} if stored else set()
    due = tuple(act for act in decision.acts if (act.key, act.at) not in before)
    kept = tuple(act for act in decision.record.acts if act not in due)
    blind = "; ".join(signals.remarks) if signals.read_until is None else ""
    fresh = [each for each in signals.spends if each.start >= decision.record.meter.watermark]
    return GuardedProject(
        name,
        project_id,
        now,
        policy,
        replace(decision.record, acts=kept),
        metered(decision.record.meter, fresh),
        stored.seen.at if stored and stored.seen else None,
        due,
        outlook(policy, decision.record, now),
        tuple(each for each in decision.remarks if not (blind and each in signals.remarks)),
        blind,
    )


@dataclass(frozen=True)
class HeldValue:
    """One limit that a release restores."""

    model: str
    """The API's id, or `all other models`."""
    name: str
    """As in a stack file, or Google's."""
    tier: str
    before: int | None
    """None: no limit of its own."""
    now: int | None


def held_values(held: Held) -> Iterator[HeldValue]:
    """The limits that the guard changed, by model."""
    found = []
    for limit in held.limits:
        name, tier = BY_METRIC.get((limit.metric, limit.limit), (limit.place.partition("/")[2], ""))
        for each in limit.values:
            model = MODELS.get(each.model, each.model) or "all other models"
            found.append(HeldValue(model, name, tier, each.before, each.now))
    yield from sorted(
        found, key=lambda each: (not each.model.startswith("gemini"), each.model, each.name, each.tier)
    )


def held_lines(held: Held) -> Iterator[str]:
    """What the guard changed, in words: the tiers of a limit together, and last the limits that no setting names."""
    tiers: dict[tuple[str, str, int | None, int | None], list[str]] = {}
    unnamed = 0
    for each in held_values(held):
        if each.tier:
            tiers.setdefault((each.name, each.model, each.now, each.before), []).append(each.tier)
        else:
            unnamed += 1
    for (name, model, now, before), of in tiers.items():
        where = f"tier{'s' if len(of) > 1 else ''} {', '.join(of)}"
        yield f"{name} of {model}: {_number(now)}, before {_number(before)} ({where})"
    if unnamed:
        yield f"{counted(unnamed, 'limit')} of metrics that no setting names: embeddings, images, videos, Priority"
    for email in held.accounts:
        yield f"{email}: disabled, before enabled"
    if held.link:
        yield f"billing: unlinked, before linked to {held.link}"


def held_json(held: Held) -> dict[str, Any]:
    """What a release restores, for programs."""
    return {
        "limits": [vars(each) for each in held_values(held)],
        "serviceAccounts": list(held.accounts),
        "billingAccount": held.link or None,
    }


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"


def _act(act: Act) -> dict[str, Any]:
    return {
        "step": act.step,
        "does": act.does,
        "status": act.status,
        "reason": act.reason,
        "estimate": plain(act.estimate),
        "basis": act.basis,
        "level": plain(act.level),
        "period": f"{act.period:%Y-%m}",
        "at": act.at.isoformat(),
        "done": act.done and act.done.isoformat(),
        "released": act.released and act.released.isoformat(),
        "to": None if act.to is None else f"{act.to:f}",
        "by": act.by,
        "left": list(act.left),
    }


def _next(found: Next) -> dict[str, Any]:
    return {
        "does": found.deed,
        "at": plain(found.level),
        "reached": found.at and found.at.isoformat(),
        "inForceBy": found.in_force and found.in_force.isoformat(),
    }
