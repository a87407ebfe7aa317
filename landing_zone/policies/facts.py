"""Facts that policies judge: projects, budgets, keys and more, read from settings, Pulumi resources or Google.

A value that is not known yet, as in a preview, is UNKNOWN; None is a value that is not set. A policy of one resource
leaves UNKNOWN alone, as the update judges its value before the resource is created. A policy of the whole stack would
judge it only after that, so it takes UNKNOWN for the worst that it can be.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Final, Literal

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE, OTHER_DOORS
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.pricing.exposure import USUAL_DOORS, Doors
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings.problems import Path


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that only the update will know."""

DELETION: Final = "resourcemanager.projects.delete"
"""Restriction of a lien that protects a project from deletion."""

MONTHS: Final[Mapping[str, Decimal]] = {"MONTH": Decimal(1), "QUARTER": Decimal(3), "YEAR": Decimal(12)}
"""Calendar period of a budget -> its length in months."""

Kind = Literal[
    "project", "budget", "cap", "guard", "key", "api", "quota", "location", "grant", "resource", "exception"
]


@dataclass(frozen=True)
class Subject:
    """The thing that a finding is about."""

    kind: Kind
    name: str
    """Name of the Pulumi resource, or Google's name where there is none; unique within the kind."""
    label: str
    """Name in messages, such as `key backend of acme-chat-prod`."""
    names: frozenset[str] = frozenset()
    """Google's names for it, by which an exception refers to it: never one that a program or a stack file gives."""
    identified: bool = field(default=True, kw_only=True)
    """False if `names` may lack one, because its project is known only by number, or not yet."""
    path: Path = ()
    """Path in the stack file; empty if it is in none."""
    urn: str = ""

    def at(self, *setting: str) -> Path:
        """Path in the stack file of one of its settings; empty if it is in none."""
        return (*self.path, *setting) if self.path else ()


def project_names(ids: Iterable[str]) -> frozenset[str]:
    """Google's names of a project, and of what there is one of in it. `ids`: its id and number, as far as known."""
    return frozenset(name for each in ids for name in (each, f"projects/{each}"))


def names_within(ids: Iterable[str], collection: str, own_id: str) -> frozenset[str]:
    """Google's names of a thing in a project: `acme-chat/backend`, `projects/acme-chat/locations/global/keys/backend`.

    Args:
        ids: the project's id and number, as far as known.
        collection: `locations/global/keys`.
        own_id: the thing's id in it.
    """
    return frozenset(
        name for each in ids for name in (f"{each}/{own_id}", f"projects/{each}/{collection}/{own_id}")
    )


KEYS: Final = "locations/global/keys"
PREFERENCES: Final = "locations/global/quotaPreferences"


@dataclass(frozen=True)
class Project:
    """A Google Cloud project."""

    subject: Subject
    ids: frozenset[str]
    """References to it: id, number, URN of its resource."""
    account: str | Unknown | None
    """Billing account; None on the free tier."""
    parent: str | Unknown | None = field(default=None, kw_only=True)
    """`folders/…` or `organizations/…`; None without one, or if the program does not say."""
    created: bool = True
    """True if the program creates it; False if the program adopts it."""
    labels: Mapping[str, str] | Unknown | None = None
    deletion: str | Unknown | None = None
    """`PREVENT`, `UNLINK`, `ABANDON` or `DELETE`."""
    protected: bool | None = None
    """True if Pulumi's `protect` or a lien protects it from deletion; None if unknown."""
    private_data: bool | Unknown | None = None
    users: tuple[str, ...] | Unknown | None = None
    """Countries of its users: ISO 3166 codes, or EEA."""
    limits: Mapping[str, Limits] = field(default_factory=dict)
    """Limits on every paid tier, by the model's id in the API."""
    others: Limits | None = None
    """Limits of every other model; None if unlimited."""
    terms: Terms = LIST_PRICES
    """Prices that policies count with: list prices, unless the policies' configuration has the account's."""
    stated: Terms = field(default=LIST_PRICES, kw_only=True)
    """Prices that its stack file states."""
    doors: Doors = USUAL_DOORS
    """What its callers can spend on besides tokens."""
    planned: tuple[str, ...] = ()
    """Models of its workload, as far as settings name them."""
    allowance: Money | None = None
    """Allowed overshoot from `limits.derive` in the stack file."""
    tier_limits: Mapping[str, Limits] = field(default_factory=dict)
    """Google's limits of the account's tier, by model, from the policies' configuration."""
    unpriced: tuple[str, ...] = ()
    """Models that can be called and have no known price; their cost is not counted."""
    managed: bool = True
    """True if a program manages it, this one or another."""
    open_questions: tuple[tuple[Kind, str], ...] = ()
    """What only the update will know of it and of what guards it, one phrase each; taken for the worst until then."""
    unread: bool = False
    """True if an audit could not read its billing account: then it is judged neither as free nor as paid."""

    @property
    def free(self) -> bool:
        """True if it has no billing account, or may have none."""
        return not self.unread and (not self.account or self.account is UNKNOWN)

    @property
    def paid(self) -> bool:
        """True if it has a billing account, or may have one."""
        return not self.unread and bool(self.account)

    @property
    def opens_every_model(self) -> bool:
        """True if models without limits of their own can be called."""
        return self.others != BLOCKED


@dataclass(frozen=True)
class Threshold:
    """A threshold rule: a share of a budget's amount, of the current or of the forecasted spend."""

    share: Decimal
    forecast: bool = False


@dataclass(frozen=True)
class Budget:
    """A budget at Cloud Billing. It notifies and stops nothing."""

    subject: Subject
    account: str | Unknown
    amount: Decimal | Unknown | None
    """Amount per period; None: the cost of the last period."""
    currency: str | Unknown | None
    projects: tuple[str, ...] | Unknown
    """Ids, numbers or URNs of the projects that it counts; empty: all of the billing account."""
    services: tuple[str, ...] | Unknown
    """Billing services that it counts, as services/XXXX-XXXX-XXXX; empty: all."""
    narrowed: bool | Unknown = False
    """True if it counts only some folders, subaccounts or labels of the account."""
    subaccounts: tuple[str, ...] | Unknown = field(default=(), kw_only=True)
    """Subaccounts that it counts, or the account itself; empty: all of the account."""
    ancestors: tuple[str, ...] | Unknown = field(default=(), kw_only=True)
    """`folders/…` that it counts, of the projects that it names; empty: all."""
    thresholds: tuple[Threshold, ...] | Unknown = ()
    notifies: bool | Unknown = True
    """True if it has recipients."""
    months: Decimal | None = Decimal(1)
    """Length of a period; None: a range of days, which does not repeat."""
    starts: date | Unknown | None = field(default=None, kw_only=True)
    """First day of a range of days; None: it counts already."""
    ends: date | Unknown | None = None
    """Last day of a range of days; None: no end."""
    topic: str | Unknown | None = None
    """Pub/Sub topic that it publishes to, as projects/…/topics/…."""
    labelled: bool | Unknown = False
    """True if it counts only resources with a label."""
    credits: tuple[str, ...] | Unknown = ()
    """Types of credits that it subtracts from the cost; `ALL` for all of them."""
    unread: bool = False
    """True if it stands for the budgets of an account that an audit could not read, which are not judged."""

    def counts(self, project: Project, day: date) -> bool:
        """True if it is known to count all spend of the project on the Gemini API on this day.

        A budget that an audit could not read counts as well: what could not be read is not judged.
        """
        if isinstance(self.projects, Unknown) or project.ids.isdisjoint(self.projects):
            return False
        return self.unread or (
            self._runs(day)
            and self._pays(project)
            and self.labelled is False
            and self.services is not UNKNOWN
            and GEMINI_BILLING_SERVICE in self.services
        )

    def _runs(self, day: date) -> bool:
        if isinstance(self.starts, Unknown) or isinstance(self.ends, Unknown):
            return False
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)

    def _pays(self, project: Project) -> bool:
        """True if it counts the project's billing account, and its folder."""
        if isinstance(self.subaccounts, Unknown) or isinstance(self.ancestors, Unknown):
            return False
        paying = self.subaccounts or (self.account,)
        within = not self.ancestors or project.parent in self.ancestors
        return within and project.account is not UNKNOWN and project.account in paying


def serves_gemini(service: str) -> bool:
    """True for the Gemini API and for other APIs that serve its models."""
    return service == GEMINI_API or service in OTHER_DOORS


def subtracted(treatment: str | None, kinds: Iterable[str]) -> tuple[str, ...]:
    """The types of credits that a budget subtracts, as Google's API has them: all where nothing is set."""
    if treatment == "EXCLUDE_ALL_CREDITS":
        return ()
    return tuple(kinds) if treatment == "INCLUDE_SPECIFIED_CREDITS" else ("ALL",)


@dataclass(frozen=True)
class Cap:
    """Google's spend cap: it pauses the Gemini API in a project."""

    subject: Subject
    account: str | Unknown
    amount: Decimal | Unknown | None
    currency: str | Unknown | None
    projects: tuple[str, ...] | Unknown
    lifted: bool = False
    unread: bool = False
    """True if it stands for the caps of an account that an audit could not read, which are not judged."""

    def stops(self, project: Project) -> bool:
        """True if it is known to be the project's cap."""
        if isinstance(self.projects, Unknown) or self.account is UNKNOWN:
            return False
        return bool(project.ids & set(self.projects)) and self.account == project.account


@dataclass(frozen=True)
class Guard:
    """The spend guard of this project in a Google Cloud project: a function elsewhere stops it within minutes."""

    subject: Subject
    project: str | Unknown
    """Id of the project that it stops."""
    host: str
    """Id of the project that it runs in."""
    amount: Decimal | Unknown | None
    """The spending in a calendar month at which it stops the project; None if it never does."""
    currency: str | Unknown
    lag: timedelta
    """Until what it does is enforced, as its settings assume."""
    billing: timedelta = timedelta(hours=24)
    """Until it sees what no metric shows, likewise."""
    queries: int = 0
    """Queries to Google Search or Maps that it counts with each request."""
    idle: str = ""
    """Why it stops nothing, whatever its amount; empty if it does."""
    tested: bool = True
    """True if the owner of the policies says that the guard in that project acts."""

    def stops(self, project: Project) -> bool:
        """True if it is known to be the project's guard."""
        return self.project in project.ids


@dataclass(frozen=True)
class Key:
    """An API key."""

    subject: Subject
    project: str | Unknown | None
    """Id, number or URN."""
    targets: tuple[str, ...] | Unknown
    """APIs that it opens, as `service_name` writes them; empty: every enabled one."""
    methods: tuple[str, ...] | Unknown = field(default=(), kw_only=True)
    """Methods of the Gemini API that it is narrowed to, by full name; empty: all."""
    addresses: tuple[str, ...] | Unknown = ()
    """Allowed IP addresses and CIDR blocks."""
    service_account: str | Unknown | None = None
    claimed: Literal["browser", "app"] | None = None
    """Kind of client that it is restricted to, by a header that any client can send: web pages, or apps."""

    @property
    def names_gemini(self) -> bool:
        """True if the Gemini API is known to be among the APIs that it is restricted to."""
        return self.targets is not UNKNOWN and GEMINI_API in self.targets

    @property
    def opens_gemini(self) -> bool:
        """True if it is known to open Gemini's models, by the Gemini API or another one that serves them."""
        if self.targets is UNKNOWN:
            return False
        return not self.targets or any(map(serves_gemini, self.targets))


@dataclass(frozen=True)
class Api:
    """An API that a program enables in a project."""

    subject: Subject
    project: str | Unknown | None
    service: str | Unknown
    """As `service_name` writes it."""
    disable_on_destroy: bool | Unknown = False


@dataclass(frozen=True)
class Quota:
    """A quota preference: a request to Google for a quota value."""

    subject: Subject
    project: str | Unknown | None
    service: str | Unknown
    quota_id: str | Unknown
    value: int | Unknown
    """-1 is no limit."""
    justification: str | Unknown | None = None
    contact: str | Unknown | None = None
    automatic: bool | Unknown = False
    """True for Google's quota adjuster, which raises quotas by itself."""


@dataclass(frozen=True)
class Location:
    """Location of a resource, such as the region of a bucket."""

    subject: Subject
    name: str | Unknown


@dataclass(frozen=True)
class Grant:
    """A role that is granted to members, or another way to act as an account of Google Cloud."""

    subject: Subject
    on: str | Unknown | None
    """A project by id, number or URN; `folders/…`, `organizations/…` or `billingAccounts/…`; or a service account."""
    role: str | Unknown
    """`roles/owner`, or the full name of a custom role; its id alone where it is defined; empty if it is no role."""
    members: tuple[str, ...] | Unknown
    """`user:ada@example.com`; empty for the definition of a custom role, which grants nothing yet."""
    permissions: tuple[str, ...] | Unknown = ()
    """Permissions of a custom role, where it is defined."""
    credential: bool = False
    """True for a key of a service account: whoever has it acts as the account."""
    unreadable: str = ""
    """Why an IAM policy in JSON cannot be read, as `that is not JSON`; empty if it can."""


@dataclass(frozen=True)
class Declared:
    """A resource of any type, or a provider of resources."""

    subject: Subject
    type: str
    """Type token: `gcp:projects/apiKey:ApiKey`, or `pulumi:providers:gcp` for a provider."""
    package: str
    """Package that makes it: `gcp`."""
    endpoints: Mapping[str, str | Unknown] = field(default_factory=dict)
    """Addresses that a provider is configured with, by property: endpoints and the URL of its plugin."""


@dataclass(frozen=True)
class Facts:
    """All facts to judge, on a day."""

    day: date
    projects: tuple[Project, ...] = ()
    budgets: tuple[Budget, ...] = ()
    caps: tuple[Cap, ...] = ()
    guards: tuple[Guard, ...] = field(default=(), kw_only=True)
    keys: tuple[Key, ...] = ()
    apis: tuple[Api, ...] = ()
    quotas: tuple[Quota, ...] = ()
    locations: tuple[Location, ...] = ()
    liens: tuple[str | Unknown | None, ...] = ()
    """Projects that a lien protects from deletion."""
    listeners: tuple[str | Unknown | None, ...] = ()
    """Topics with a listener: a function, or a subscription that calls something."""
    grants: tuple[Grant, ...] = ()
    resources: tuple[Declared, ...] = ()
    """Resources and providers that are on no list of this package."""
    folders: Mapping[str, str | Unknown | None] = field(default_factory=dict)
    """Parents of folders, by name or URN."""
    not_for_gemini: frozenset[str] = frozenset()
    """Ids of projects that the owner of the policies says to have nothing to do with the Gemini API."""
    guard_hosts: frozenset[str] = frozenset()
    """Projects in which a spend guard runs that the owners of the policies name."""

    def excludes(self, reference: str | Unknown | None) -> bool:
        """True if the owner of the policies says that the project, by id, number or URN, is not for Gemini."""
        project = self.project_of(reference)
        return reference in self.not_for_gemini or bool(project and project.ids & self.not_for_gemini)

    def paid(self) -> Iterable[Project]:
        """Projects that are or may be paid, whatever APIs they enable: whoever has rights in one enables another."""
        return (
            project for project in self.projects if project.paid and not project.ids & self.not_for_gemini
        )

    def subjects(self) -> Iterator[Subject]:
        """Subjects of all facts."""
        groups = (
            self.projects,
            self.budgets,
            self.caps,
            self.guards,
            self.keys,
            self.apis,
            self.quotas,
            self.locations,
            self.grants,
            self.resources,
        )
        return (each.subject for group in groups for each in group)

    @cached_property
    def open_questions(self) -> Mapping[str, tuple[tuple[Kind, str], ...]]:
        """What only the update will know of each project, by the name of its subject."""
        return {project.subject.name: project.open_questions for project in self.projects}

    def project_of(self, reference: str | Unknown | None) -> Project | None:
        """The project that a key or an API refers to."""
        return next((project for project in self.projects if reference in project.ids), None)


def number_unknown(project: Project) -> str:
    """Advice for a project that a program knows by its id alone; empty if its number is known, or will be.

    Budgets and spend caps count a project by its number, and nothing in a stack connects that to an id.
    """
    if project.created or any(each.isdecimal() for each in project.ids):
        return ""
    return (
        "; write the project's number, and not its id, in gcp.billing.ProjectInfo as well, or import the project as a "
        "gcp.organizations.Project: a number that nothing connects to the project does not count"
    )


_ALSO: Final = {"UK": "GB", "EU": "EEA", "EL": "GR"}
"""Common codes -> ISO 3166 codes, or EEA."""


def users_of(label: object) -> tuple[str, ...] | None:
    """Countries of a project's users, from its label `gemini-users: de_fr`; labels are in lowercase."""
    codes = [code for code in re.split("[_-]+", str(label or "").upper()) if code]
    return tuple(_ALSO.get(code, code) for code in codes) or None


def narrows(label: bool, ancestors: Iterable[str], subaccounts: Iterable[str], account: str) -> bool:
    """True if a budget's filter excludes a part of its account. An organization or the account itself excludes none."""
    return (
        label
        or any(not each.startswith("organizations/") for each in ancestors)
        or any(each.removeprefix("billingAccounts/") != account for each in subaccounts)
    )


def notifies(
    no_administrators: object, others: Iterable[object], owners: object, projects: tuple[str, ...] | Unknown
) -> bool | Unknown:
    """True if a budget has recipients, UNKNOWN if it may have some.

    Args:
        no_administrators: whether Google's mail to the billing account's administrators is off.
        others: channels, and the topic.
        owners: whether the project's owners are recipients. Google mails them for a budget of one project alone.
        projects: the projects that the budget counts.
    """
    ways = [*others, *([owners] if projects is UNKNOWN or len(projects) == 1 else ())]
    if not no_administrators or any(way and way is not UNKNOWN for way in ways):
        return True
    return UNKNOWN if UNKNOWN in (no_administrators, *ways) else False
