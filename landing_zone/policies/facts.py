"""What policies judge: projects, budgets, keys and the rest, whether from settings, from resources or from Google.

A value that is not known yet, as in a preview, is UNKNOWN: no policy calls it broken. None is nothing said or nothing
to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final, Literal

from landing_zone.gemini import GEMINI_API
from landing_zone.pricing.exposure import BLOCKED, Limits
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings.problems import Path


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for what only the update will tell."""

Kind = Literal["project", "budget", "cap", "key", "api", "quota", "place", "exception"]


@dataclass(frozen=True)
class Subject:
    """Who or what a finding is about."""

    kind: Kind
    name: str
    """Pulumi's name of the resource, or Google's of what no stack made: one of its kind has it."""
    label: str
    """For people: `key backend of acme-chat-prod`."""
    names: frozenset[str] = frozenset()
    """What an exception may call it."""
    path: Path = ()
    """Where the stack file has it."""
    urn: str = ""


@dataclass(frozen=True)
class Project:
    """A Google Cloud project."""

    subject: Subject
    ids: frozenset[str]
    """How others refer to it: its id, its number, the URN of its resource."""
    account: str | Unknown | None
    """The billing account that pays; None on the free tier."""
    created: bool = True
    """Whether it is the program's own to create and to label; no if it was there and is adopted."""
    labels: Mapping[str, str] | Unknown | None = None
    deletion: str | Unknown | None = None
    """`PREVENT`, `ABANDON` or `DELETE`."""
    protected: bool | None = None
    """Whether deleting it is refused: Pulumi's `protect`, or a lien. None: that cannot be said."""
    private_data: bool | Unknown | None = None
    users: tuple[str, ...] | Unknown | None = None
    """Where its users are: ISO 3166 codes, or EEA."""
    limits: Mapping[str, Limits] = field(default_factory=dict)
    """By the API's model id; what holds on every paid tier."""
    others: Limits | None = None
    """Of every model without limits of its own; None is no limit."""
    terms: Terms = LIST_PRICES
    allowance: Money | None = None
    """What `limits.derive` of the stack file allows over its lag."""
    managed: bool = True
    """Whether a program manages it, this one or another."""

    @property
    def free(self) -> bool:
        """Whether nobody pays."""
        return not self.account

    @property
    def paid(self) -> bool:
        """Whether it is known that somebody pays."""
        return bool(self.account) and self.account is not UNKNOWN

    @property
    def opens_every_model(self) -> bool:
        """Whether models without limits of their own can be called."""
        return self.others != BLOCKED


@dataclass(frozen=True)
class Threshold:
    """When a budget tells: at a share of its amount."""

    share: Decimal
    forecast: bool = False


@dataclass(frozen=True)
class Budget:
    """A budget at Cloud Billing that tells."""

    subject: Subject
    account: str | Unknown
    amount: Decimal | Unknown | None
    """A period's; None: what the last one cost."""
    currency: str | Unknown | None
    projects: tuple[str, ...] | Unknown
    """Ids, numbers or URNs of those it counts; none: all that its account pays for."""
    services: tuple[str, ...] | Unknown
    """Billing services it counts, as services/XXXX-XXXX-XXXX; none: all."""
    narrowed: bool = False
    """Whether it counts only some folders, subaccounts or labels."""
    thresholds: tuple[Threshold, ...] | Unknown = ()
    told: bool | Unknown = True
    """Whether anybody is told."""
    months: Decimal | None = Decimal(1)
    """How long a period is; None: days that do not come again."""
    shared: bool = False
    """Whether it is over several projects."""


@dataclass(frozen=True)
class Cap:
    """Google's spend cap: it stops the Gemini API in a project."""

    subject: Subject
    account: str | Unknown
    amount: Decimal | Unknown | None
    currency: str | Unknown | None
    projects: tuple[str, ...] | Unknown
    lifted: bool = False


@dataclass(frozen=True)
class Key:
    """An API key."""

    subject: Subject
    project: str | Unknown | None
    """Id, number or URN."""
    targets: tuple[str, ...] | Unknown
    """The APIs that it opens; none: every one that is enabled."""
    addresses: tuple[str, ...] | Unknown = ()
    """IP addresses and CIDR blocks that may use it."""
    service_account: str | Unknown | None = None
    protected: bool | None = None


@dataclass(frozen=True)
class Api:
    """An API that a program enables in a project."""

    subject: Subject
    project: str | Unknown | None
    service: str | Unknown
    off_on_destroy: bool | Unknown = False


@dataclass(frozen=True)
class Quota:
    """A quota that Google is asked for."""

    subject: Subject
    project: str | Unknown | None
    service: str | Unknown
    quota_id: str | Unknown
    value: int | Unknown
    """-1 is no limit."""
    justification: str | Unknown | None = None
    contact: str | Unknown | None = None


@dataclass(frozen=True)
class Place:
    """Where a resource is, such as a topic's or a bucket's region."""

    subject: Subject
    location: str | Unknown


@dataclass(frozen=True)
class Facts:
    """All there is to judge, on a day."""

    day: date
    projects: tuple[Project, ...] = ()
    budgets: tuple[Budget, ...] = ()
    caps: tuple[Cap, ...] = ()
    keys: tuple[Key, ...] = ()
    apis: tuple[Api, ...] = ()
    quotas: tuple[Quota, ...] = ()
    places: tuple[Place, ...] = ()

    def paid(self) -> Iterable[Project]:
        """The projects of which it is known that somebody pays, and where the Gemini API can be called."""
        return (project for project in self.projects if project.paid)

    def project_of(self, reference: str | Unknown | None) -> Project | None:
        """The project that a key or an API refers to."""
        return next((project for project in self.projects if reference in project.ids), None)


def gemini(targets: tuple[str, ...]) -> bool:
    """Whether they are the Gemini API alone."""
    return set(targets) == {GEMINI_API}
