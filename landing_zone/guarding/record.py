"""What the guard knows and did in one project: an object of its bucket, written with generation preconditions.

An act is written as intended, with what was there before, then carried out, then written as done. What it changed is
`held` until it is restored; a later act that changes the same place keeps what was there before the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from landing_zone.guarding.as_json import dumped, loaded
from landing_zone.guarding.policy import Policy, StopBy
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.metered import Spend

Step = Literal["notify", "throttle", "stop", "unlink", "rate"]
"""What triggers an act: a share of the month's amount, or the rate."""
Deed = Literal["notify", "throttle", "stop", "unlink"]
"""What an act does."""
Status = Literal["intended", "done", "released", "dry run"]
_ZERO: Final = Decimal(0)
STRENGTH: Final[Mapping[Deed, int]] = {"notify": 0, "throttle": 1, "stop": 2, "unlink": 3}


def period_of(now: datetime) -> date:
    """The first day of the calendar month that a moment is in, where Google's billing is."""
    return now.astimezone(PACIFIC).date().replace(day=1)


def start_of(period: date) -> datetime:
    """The moment at which a month begins."""
    return datetime(period.year, period.month, 1, tzinfo=PACIFIC).astimezone(UTC)


@dataclass(frozen=True)
class Meter:
    """What was metered in the month, as far as Cloud Monitoring adds nothing to it any more."""

    watermark: datetime
    """Everything before counts as settled; what is later is read at each poll."""
    settled: Decimal = _ZERO
    """From the month's beginning to the watermark."""
    recent: tuple[Spend, ...] = ()
    """The last of it in pieces, oldest first: for what billing does not have yet."""
    kept_from: datetime | None = None
    """Since when pieces are all of it; None: since the month's beginning."""


@dataclass(frozen=True)
class Billed:
    """The last budget message of the month that was taken."""

    amount: Decimal
    published: datetime
    metered: Decimal
    """Metered up to its publication."""


@dataclass(frozen=True)
class Value:
    """An override that the guard set."""

    model: str
    """The quota's name; empty: all others."""
    before: int | None
    """None: there was none."""
    now: int | None
    """None: the guard set none, and an update of the stack asked for one meanwhile, which a release sets."""
    earlier: int | None = None
    """What an earlier act of the guard's set, as a throttle before a stop."""

    def is_ours(self, value: int | None) -> bool:
        """True if an override is as the guard left it; otherwise somebody changed it."""
        return value == self.now or (self.earlier is not None and value == self.earlier)


@dataclass(frozen=True)
class HeldLimit:
    """The overrides of one limit that the guard set."""

    metric: str
    limit: str
    unit: str
    values: tuple[Value, ...]
    imposed: bool = False
    """True once an act that set them was done: what differs since, somebody changed."""

    @property
    def place(self) -> str:
        """As `ModelLimit.place`."""
        return f"{self.metric}{self.limit}"


@dataclass(frozen=True)
class Held:
    """What the guard changed and did not restore yet."""

    limits: tuple[HeldLimit, ...] = ()
    accounts: tuple[str, ...] = ()
    """Service accounts that were enabled and that it disabled."""
    link: str = ""
    """The billing account that it unlinked; empty: none."""

    def __bool__(self) -> bool:
        return bool(self.limits or self.accounts or self.link)

    def value(self, place: str, model: str) -> Value | None:
        """What it set at a place, and what was there before; None if it set nothing."""
        return next(
            (
                each
                for limit in self.limits
                if limit.place == place
                for each in limit.values
                if each.model == model
            ),
            None,
        )


NOTHING_HELD: Final = Held()


@dataclass(frozen=True)
class Act:
    """Something that the guard did, or is to do."""

    step: Step
    does: Deed
    budget: str
    """The budget's id: an act follows once for a budget, a period and a step."""
    period: date
    level: Decimal
    """The money at which it acts: of the month, or of ten minutes."""
    status: Status
    reason: str
    estimate: Decimal
    """Of the month, when it was decided."""
    basis: str
    """What the estimate rests on, in words."""
    at: datetime
    to: Decimal | None = None
    """Share of the limits that a throttle leaves."""
    by: StopBy | None = None
    done: datetime | None = None
    released: datetime | None = None
    left: tuple[str, ...] = ()
    """What could not be changed, such as a fixed limit, with the reason."""
    again: int = 0
    """How often it was found not to hold, and carried out once more. People are mailed of the first time."""
    reported: bool = False
    """True once it is in the guard's metric, which people are mailed from."""

    @property
    def key(self) -> tuple[str, date, Step]:
        """What it follows once for."""
        return (self.budget, self.period, self.step)

    @property
    def in_force(self) -> bool:
        """True if it changed something, or is about to, that was not restored."""
        return self.status in ("intended", "done") and self.does != "notify"


@dataclass(frozen=True)
class Claim:
    """Who carries an act out, and until when nobody else does."""

    holder: str
    until: datetime


@dataclass(frozen=True)
class Seen:
    """What the guard saw last."""

    at: datetime
    estimate: Decimal
    basis: str
    ten_minutes: Decimal
    """The most that ten minutes cost of late."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """What the guard knows and did in one project."""

    project: str
    number: str
    period: date
    """The first day of the month that it counts, Pacific."""
    meter: Meter
    since: datetime
    """When the guard saw the project first."""
    currency: str = ""
    """Of all its amounts."""
    billed: Billed | None = None
    acts: tuple[Act, ...] = ()
    """Of the period, and those of earlier ones that are still in force."""
    held: Held = NOTHING_HELD
    acknowledged: Decimal | None = None
    """Steps up to this level of the month do not act again: a person released them."""
    acknowledged_rate: Decimal | None = None
    """The same for ten minutes."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Messages that changed nothing, by reason."""
    claim: Claim | None = None
    seen: Seen | None = None

    @classmethod
    def begin(cls, policy: Policy, now: datetime) -> "Record":
        """That of a project which the guard has not seen before."""
        period = period_of(now)
        return cls(policy.project, policy.number, period, Meter(start_of(period)), now, policy.currency)

    def as_json(self) -> dict[str, Any]:
        """For the bucket."""
        return dumped(self)

    @classmethod
    def from_json(cls, content: Any) -> "Record":
        """From the bucket. Raises UnreadableError."""
        return loaded(cls, content)

    @property
    def pending(self) -> tuple[Act, ...]:
        """The acts that are to be carried out, or to be carried out again."""
        return tuple(act for act in self.acts if act.status == "intended")

    def unreported(self, *, refused: bool = False) -> tuple[Act, ...]:
        """The acts that are done, or would be, and that nobody was mailed of yet; those that are `refused` too."""
        statuses = {"done", "dry run", *(("intended",) if refused else ())}
        return tuple(act for act in self.acts if act.status in statuses and not act.reported)

    @property
    def in_force(self) -> tuple[Act, ...]:
        """The acts whose changes were not restored, the strongest last."""
        return tuple(sorted((act for act in self.acts if act.in_force), key=lambda act: STRENGTH[act.does]))

    def with_acts(self, changed: Iterable[Act]) -> "Record":
        """The same, with acts in place of those that they continue."""
        found = {(act.key, act.at): act for act in self.acts}
        found |= {(act.key, act.at): act for act in changed}
        return replace(self, acts=tuple(found.values()))

    def reporting(self, acts: Iterable[Act]) -> "Record":
        """The same, with acts reported; those that changed meanwhile are not."""
        reported = {(act.key, act.at, act.done) for act in acts}
        return replace(
            self,
            acts=tuple(
                replace(act, reported=True) if (act.key, act.at, act.done) in reported else act
                for act in self.acts
            ),
        )

    def is_claimed(self, holder: str, now: datetime) -> bool:
        """True if somebody else carries its acts out."""
        return self.claim is not None and self.claim.holder != holder and now < self.claim.until

    def claimed(self, holder: str, now: datetime, length: timedelta) -> "Record":
        """The same, claimed."""
        return replace(self, claim=Claim(holder, now + length))
