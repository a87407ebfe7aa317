"""What policies judge: projects, budgets, keys and the rest, whether from settings, from resources or from Google.

A value that is not known yet, as in a preview, is UNKNOWN: no policy calls it broken. None is nothing said or nothing
to say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final, Literal

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.pricing.exposure import EVERY_DOOR, Doors
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings.problems import Path


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for what only the update will tell."""

DELETION: Final = "resourcemanager.projects.delete"
"""What a lien restricts that keeps a project from being deleted."""

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

    def at(self, *setting: str) -> Path:
        """Where the stack file has one of its settings; empty if no stack file has it."""
        return (*self.path, *setting) if self.path else ()


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
    """`PREVENT`, `UNLINK`, `ABANDON` or `DELETE`."""
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
    doors: Doors = EVERY_DOOR
    """What its callers can spend on besides tokens."""
    allowance: Money | None = None
    """What `limits.derive` of the stack file allows over its lag."""
    tier_limits: Mapping[str, Limits] = field(default_factory=dict)
    """Google's own of the account's tier, by model, as `accountTerms` has them; `limits` are no wider."""
    unpriced: tuple[str, ...] = ()
    """Models that can be called and are not known here: what they cost is not counted."""
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
    narrowed: bool | Unknown = False
    """Whether it counts only some folders, subaccounts or labels of the account."""
    thresholds: tuple[Threshold, ...] | Unknown = ()
    told: bool | Unknown = True
    """Whether anybody is told."""
    months: Decimal | None = Decimal(1)
    """How long a period is; None: days that do not come again."""
    ends: date | None = None
    """The last of days that do not come again; None: it does not end, or that is not known."""
    shared: bool = False
    """Whether it is over several projects."""
    topic: str | Unknown | None = None
    """Where it tells programs: a Pub/Sub topic, as projects/…/topics/…."""
    labelled: bool | Unknown = False
    """Whether it counts only what has a label."""

    def counts(self, project: Project, day: date) -> bool:
        """Whether it names the project and the Gemini API, and counts all that the project spends there; or may."""
        if self.labelled is True or (self.ends and self.ends < day):
            return False
        named = self.projects is UNKNOWN or bool(project.ids & set(self.projects))
        # A budget counts what its own account pays for, or what subaccounts do that it names.
        pays = UNKNOWN in (self.account, self.narrowed) or self.narrowed or self.account == project.account
        return named and pays and (self.services is UNKNOWN or GEMINI_BILLING_SERVICE in self.services)


@dataclass(frozen=True)
class Cap:
    """Google's spend cap: it stops the Gemini API in a project."""

    subject: Subject
    account: str | Unknown
    amount: Decimal | Unknown | None
    currency: str | Unknown | None
    projects: tuple[str, ...] | Unknown
    lifted: bool = False

    def stops(self, project: Project) -> bool:
        """Whether it is the project's, or may be."""
        named = self.projects is UNKNOWN or bool(project.ids & set(self.projects))
        return named and (self.account is UNKNOWN or self.account == project.account)


@dataclass(frozen=True)
class Key:
    """An API key."""

    subject: Subject
    project: str | Unknown | None
    """Id, number or URN."""
    targets: tuple[str, ...] | Unknown
    """The APIs that it opens; none: every one that is enabled."""
    methods: tuple[str, ...] | Unknown = field(default=(), kw_only=True)
    """Methods of the Gemini API that it is narrowed to, by full name; none: all."""
    addresses: tuple[str, ...] | Unknown = ()
    """IP addresses and CIDR blocks that may use it."""
    service_account: str | Unknown | None = None
    claimed: Literal["browser", "app"] | None = None
    """What its clients have to say that they are, where that is all it asks of them: web pages, or apps."""


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
    automatic: bool | Unknown = False
    """Whether it stands for Google's raising quotas by itself."""


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
    liens: tuple[str | Unknown | None, ...] = ()
    """Projects that a lien keeps from being deleted."""
    listeners: tuple[str | Unknown | None, ...] = ()
    """Topics that something listens to: a function, or a subscription that calls one."""

    def paid(self) -> Iterable[Project]:
        """The projects of which it is known that somebody pays, and where the Gemini API may be called."""
        return (project for project in self.projects if project.paid and self._may_call(project))

    def _may_call(self, project: Project) -> bool:
        """No if a program enables APIs in the project, and nothing says that the Gemini API is one of them."""
        apis = [api for api in self.apis if api.project is UNKNOWN or api.project in project.ids]
        if not apis or any(api.service == GEMINI_API and api.project is not UNKNOWN for api in apis):
            return True
        return (
            bool(project.limits or project.others)
            or any(
                key.project in project.ids and key.targets is not UNKNOWN and GEMINI_API in key.targets
                for key in self.keys
            )
            or any(
                budget.projects is not UNKNOWN
                and budget.services is not UNKNOWN
                and budget.counts(project, self.day)
                for budget in self.budgets
            )
        )

    def subjects(self) -> Iterator[Subject]:
        """Of all that is judged."""
        groups = (self.projects, self.budgets, self.caps, self.keys, self.apis, self.quotas, self.places)
        return (each.subject for group in groups for each in group)

    def project_of(self, reference: str | Unknown | None) -> Project | None:
        """The project that a key or an API refers to."""
        return next((project for project in self.projects if reference in project.ids), None)


_ALSO: Final = {"UK": "GB", "EU": "EEA", "EL": "GR"}
"""Codes that people write -> ISO 3166's, or EEA."""


def users_of(label: object) -> tuple[str, ...] | None:
    """Where a project's users are, by its label `gemini-users: de_fr`, which Google has in small letters."""
    codes = [code for code in re.split("[_-]+", str(label or "").upper()) if code]
    return tuple(_ALSO.get(code, code) for code in codes) or None
