"""What the guard is to do in one project: written by the stack, read by the function and the commands.

An object of the guard's bucket a project (`landing_zone.names.guard_policy_object`), so that a change of a number in
the stack file changes that object alone, and not the function.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from landing_zone.gemini.prices import QUERIES_A_REQUEST
from landing_zone.guarding.as_json import dumped, loaded
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.metered import COUNTED, Counted
from landing_zone.pricing.rates import LIST_PRICES, Terms

StopBy = Literal["limits", "keys", "both"]
"""limits: 0 for every model. keys: the service accounts of the keys are disabled."""
RateAct = Literal["throttle", "stop"]
_SILENT_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Throttle:
    """Lower the limits of every model to a share."""

    at: Decimal
    """Share of the amount."""
    to: Decimal
    """Share of its limits that each model keeps."""


@dataclass(frozen=True)
class StopStep:
    """Stop all use of the Gemini API."""

    at: Decimal
    """Share of the amount."""
    by: StopBy = "limits"


@dataclass(frozen=True)
class Rate:
    """Act on what ten minutes cost."""

    times: Decimal
    """Times what the plan's peak explains."""
    act: RateAct = "throttle"


@dataclass(frozen=True)
class Budget:
    """The budget whose messages are the billed truth."""

    account: str
    """The billing account's id."""
    id: str
    """Its own id, the last part of its name."""
    display_name: str


@dataclass(frozen=True)
class Delays:
    """How late the guard is assumed to be."""

    poll: timedelta = timedelta(minutes=1)
    series: timedelta = timedelta(minutes=4)
    """Until Cloud Monitoring has a call."""
    act: timedelta = timedelta(minutes=5)
    """Until a lowered limit is enforced."""
    billing: timedelta = timedelta(hours=24)
    """Until a budget's message has a call's cost."""

    @property
    def lag(self) -> timedelta:
        """The longest time from a call to the enforcement of what the guard does about it."""
        return self.poll + self.series + self.act

    @property
    def silence(self) -> timedelta:
        """Without a run for so long, it is taken not to run any more."""
        return max(_SILENT_AFTER, 3 * self.poll)


@dataclass(frozen=True)
class Policy:
    """What the guard is to do in one project."""

    stack: str
    name: str
    """The project's name in the stack file."""
    project: str
    """Its id."""
    number: str
    currency: str
    amount: Decimal
    """Of a calendar month, Pacific, that the steps are shares of."""
    budget: Budget
    subscription: str
    """`projects/P/subscriptions/S`, from which budget messages come."""
    notify: Decimal | None = None
    """Share of the amount; None: no such step."""
    throttle: Throttle | None = None
    stop: StopStep | None = None
    unlink: Decimal | None = None
    """Share of the amount at which billing is unlinked."""
    rate: Rate | None = None
    ten_minutes: Decimal | None = None
    """The most that ten minutes of the plan cost; None: nothing is planned, and `rate` judges nothing."""
    release_at_new_period: bool = False
    accounts: tuple[str, ...] = ()
    """E-mail addresses of the service accounts that keys are bound to."""
    queries: int = QUERIES_A_REQUEST
    """Queries to Google Search or Maps of one request, at most, as the exposure assumes."""
    priority: bool = True
    """False if Priority is shut: its requests cost more and count like others."""
    caches: bool = True
    """False if no caller can make explicit caches, whose storage no metric shows."""
    counted: tuple[Counted, ...] = COUNTED
    """What can be called, and so is read: without images and videos, for one, where all but some models are denied."""
    terms: Terms = LIST_PRICES
    delays: Delays = field(default_factory=Delays)
    dry_run: bool = False
    """Decide and log, and change nothing."""

    def as_json(self) -> dict[str, Any]:
        """For the bucket."""
        return dumped(self)

    @classmethod
    def from_json(cls, content: Any) -> "Policy":
        """From the bucket. Raises UnreadableError."""
        return loaded(cls, content)

    @property
    def doors(self) -> Doors:
        """What the price of use depends on, beside tokens."""
        return Doors(caches=self.caches, queries=self.queries, priority=self.priority)

    def level(self, share: Decimal) -> Decimal:
        """A share of the month's amount."""
        return share * self.amount
