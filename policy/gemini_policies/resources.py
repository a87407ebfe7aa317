"""Resources of pulumi_gcp, and of this project's own provider, as facts: whoever wrote the program.

Properties are the resource's inputs while it is registered, and its outputs once all are. In a preview, what the update
will tell is UNKNOWN; a reference to a project is then known by the resource that it comes from.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

from gemini_policies.values import at, number, texts
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import QUOTA_LIMITS
from landing_zone.policies.facts import (
    UNKNOWN,
    Api,
    Budget,
    Cap,
    Facts,
    Key,
    Kind,
    Place,
    Project,
    Quota,
    Subject,
    Threshold,
    Unknown,
)
from landing_zone.policies.of_settings import MONTHS
from landing_zone.pricing.exposure import OTHERS, Limits
from landing_zone.settings.costs import LIMIT_FIELDS
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

PROJECT: Final = "gcp:organizations/project:Project"
LINK: Final = "gcp:billing/projectInfo:ProjectInfo"
_PLACES: Final = ("location", "region")
"""Properties that say where a resource is."""
_NANO: Final = Decimal("1e-9")
_PAID: Final = frozenset({"1", "2", "3"})
_MODELS: Final = {name: model for model, name in QUOTA_NAMES.items()}
_BY_METRIC: Final = {
    (limit.metric, limit.limit): (name, limit.tier)
    for name, limits in QUOTA_LIMITS.items()
    for limit in limits
}
_BY_QUOTA: Final = {
    limit.quota_id: (name, limit.tier) for name, limits in QUOTA_LIMITS.items() for limit in limits
}


@dataclass(frozen=True)
class Resource:
    """One resource, as the engine has it."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    comes_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Property -> URNs of the projects that it is made from."""
    default_project: str | Unknown | None = None
    """Its provider's."""


@dataclass(frozen=True)
class _Limit:
    """A limit that a resource sets."""

    project: str | Unknown | None
    model: str
    name: str
    tiers: frozenset[str]
    value: int


def concerns(resource: Any) -> bool:
    """Whether a resource, as the engine sends it, says anything here."""
    kind = resource.type
    if kind in _READERS or kind in _LIMITS or kind == LINK:
        return True
    return kind.startswith("gcp:") and any(name in resource.properties.fields for name in _PLACES)


def facts_of(resources: Iterable[Resource], day: date, known: Mapping[tuple[str, str], Subject]) -> Facts:
    """All that resources say. `known`: subjects of the settings by kind and name, which lend labels and names."""
    found: defaultdict[type, list[Any]] = defaultdict(list)
    links: list[Resource] = []
    limits: list[_Limit] = []
    for resource in resources:
        if resource.type == LINK:
            links.append(resource)
        elif reader := _READERS.get(resource.type):
            entity = reader(resource)
            found[type(entity)].append(_named(entity, known))
        if setter := _LIMITS.get(resource.type):
            limits += setter(resource)
        if (place := _place(resource)) is not None:
            found[Place].append(place)
    projects = _linked(found[Project], links)
    return Facts(
        day,
        tuple(_limited(project, limits) for project in projects),
        tuple(found[Budget]),
        tuple(found[Cap]),
        tuple(found[Key]),
        tuple(found[Api]),
        tuple(found[Quota]),
        tuple(found[Place]),
    )


def _named(entity: Any, known: Mapping[tuple[str, str], Subject]) -> Any:
    subject: Subject = entity.subject
    said = known.get((subject.kind, subject.name))
    if said is None:
        return entity
    names = subject.names | said.names
    return replace(entity, subject=replace(subject, names=names, label=said.label, path=said.path))


def _subject(kind: Kind, resource: Resource, label: str, *names: Any) -> Subject:
    own = {resource.name, resource.urn, *(name for name in names if isinstance(name, str))}
    return Subject(kind, resource.name, label, frozenset(own), urn=resource.urn)


def _reference(resource: Resource, *path: str) -> str | Unknown | None:
    """Which project a property names: an id, a number, or the URN of the project's resource."""
    value = at(resource.props, *path)
    if value is UNKNOWN:
        comes_from = resource.comes_from.get(path[0], ())
        return comes_from[0] if len(comes_from) == 1 else UNKNOWN
    return str(value).removeprefix("projects/") if value else resource.default_project


def _project(resource: Resource) -> Project:
    props = resource.props
    project_id, labels = at(props, "projectId"), at(props, "labels")
    told = project_id if isinstance(project_id, str) else resource.name
    users, private = at(labels, USERS_LABEL), at(labels, PRIVATE_DATA_LABEL)
    return Project(
        _subject("project", resource, f"project {told}", project_id),
        frozenset(
            str(each)
            for each in (project_id, at(props, "number"), resource.urn)
            if each not in (None, UNKNOWN)
        ),
        at(props, "billingAccount"),
        labels=labels,
        deletion=at(props, "deletionPolicy") or "PREVENT",
        protected=resource.protect,
        private_data=UNKNOWN if private is UNKNOWN else private == "true",
        users=UNKNOWN if users is UNKNOWN else tuple(filter(None, (users or "").upper().split("_"))),
    )


def _linked(projects: Iterable[Project], links: Iterable[Resource]) -> list[Project]:
    """The projects with the accounts that links of their own give them; and those that have a link alone."""
    found = list(projects)
    for link in links:
        reference, account = _reference(link, "project"), at(link.props, "billingAccount")
        for position, project in enumerate(found):
            if reference in project.ids:
                found[position] = replace(project, account=account)
                break
        else:
            told = reference if isinstance(reference, str) else link.name
            subject = _subject("project", link, f"project {told}", reference)
            ids = frozenset({link.urn, *([reference] if isinstance(reference, str) else [])})
            found.append(Project(subject, ids, account, created=False))
    return found


def _budget(resource: Resource) -> Budget:
    props = resource.props
    part, rule = at(props, "budgetFilter"), at(props, "allUpdatesRule")
    amount, currency = _amount(props)
    named = [_without_prefix(each) for each in _items(at(part, "projects"))]
    projects = _projects(named, resource) if part is not UNKNOWN else _projects([UNKNOWN], resource)
    narrowing = (at(part, name) for name in ("resourceAncestors", "subaccounts", "labels"))
    rules = at(props, "thresholdRules")
    return Budget(
        _subject(
            "budget",
            resource,
            f"budget {at(props, 'displayName') or resource.name}",
            at(props, "displayName"),
        ),
        _account(props),
        amount,
        currency,
        projects,
        texts(at(part, "services")),
        any(narrowing),
        UNKNOWN if rules is UNKNOWN else _thresholds(rules or []),
        _told(rule),
        None if at(part, "customPeriod") else MONTHS.get(at(part, "calendarPeriod") or "MONTH", Decimal(1)),
        shared=projects is not UNKNOWN and len(projects) > 1,
    )


def _amount(props: Mapping[str, Any]) -> tuple[Decimal | Unknown | None, str | Unknown | None]:
    money = at(props, "amount", "specifiedAmount")
    units, nanos = at(money, "units"), at(money, "nanos")
    if UNKNOWN in (money, units, nanos):
        return UNKNOWN, at(money, "currencyCode")
    if money is None:
        return None, None
    return Decimal(units or 0) + Decimal(nanos or 0) * _NANO, at(money, "currencyCode") or None


def _account(props: Mapping[str, Any]) -> str | Unknown:
    account = at(props, "billingAccount")
    return UNKNOWN if account is UNKNOWN else str(account or "").removeprefix("billingAccounts/")


def _items(values: Any) -> list[Any]:
    return [UNKNOWN] if values is UNKNOWN else list(values or ())


def _without_prefix(value: Any) -> Any:
    return value if value is UNKNOWN else str(value).removeprefix("projects/")


def _projects(named: list[Any], resource: Resource) -> tuple[str, ...] | Unknown:
    if UNKNOWN not in named:
        return tuple(named)
    comes_from = resource.comes_from.get("budgetFilter", ())
    # As many projects as names that are not known: these are they.
    if len(comes_from) == named.count(UNKNOWN):
        return (*(name for name in named if name is not UNKNOWN), *comes_from)
    return UNKNOWN


def _thresholds(rules: list[Any]) -> tuple[Threshold, ...] | Unknown:
    shares = [(at(rule, "thresholdPercent"), at(rule, "spendBasis")) for rule in rules]
    if any(UNKNOWN in pair for pair in shares):
        return UNKNOWN
    return tuple(Threshold(Decimal(str(share or 0)), basis == "FORECASTED_SPEND") for share, basis in shares)


def _told(rule: Any) -> bool | Unknown:
    off = at(rule, "disableDefaultIamRecipients")
    names = ("monitoringNotificationChannels", "pubsubTopic", "enableProjectLevelRecipients")
    ways = [at(rule, name) for name in names]
    if not off or any(way and way is not UNKNOWN for way in ways):
        return True
    return UNKNOWN if UNKNOWN in (off, *ways) else False


def _cap(resource: Resource) -> Cap:
    props = resource.props
    reference, amount = _reference(resource, "project"), at(props, "amount")
    return Cap(
        _subject("cap", resource, f"spend cap {resource.name}", reference),
        _account(props),
        amount if amount in (None, UNKNOWN) else Decimal(str(amount)),
        at(props, "currency"),
        (reference,) if isinstance(reference, str) else UNKNOWN,
        at(props, "inputState") == "AWAITING_NEXT_PERIOD",
    )


def _key(resource: Resource) -> Key:
    props = resource.props
    restrictions = at(props, "restrictions")
    targets = at(restrictions, "apiTargets")
    services = UNKNOWN if targets is UNKNOWN else texts([at(target, "service") for target in targets or ()])
    project = _reference(resource, "project")
    shown = at(props, "displayName")
    return Key(
        _subject(
            "key",
            resource,
            f"key {shown if isinstance(shown, str) else resource.name}",
            shown,
            f"{project}/{resource.name}",
        ),
        project,
        services,
        texts(at(restrictions, "serverKeyRestrictions", "allowedIps")),
        at(props, "serviceAccountEmail"),
        resource.protect,
    )


def _api(resource: Resource) -> Api:
    props = resource.props
    service = at(props, "service")
    told = service if isinstance(service, str) else resource.name
    return Api(
        _subject("api", resource, f"API {told} ({resource.name})"),
        _reference(resource, "project"),
        service if service is UNKNOWN else str(service),
        at(props, "disableOnDestroy") or False,
    )


def _quota(resource: Resource) -> Quota:
    props = resource.props
    value = number(at(props, "quotaConfig", "preferredValue"))
    return Quota(
        _subject("quota", resource, f"quota preference {resource.name}"),
        _reference(resource, "parent"),
        at(props, "service") or "",
        at(props, "quotaId") or "",
        0 if value is None else value,
        at(props, "justification"),
        at(props, "contactEmail"),
    )


def _place(resource: Resource) -> Place | None:
    location = next((at(resource.props, name) for name in _PLACES if at(resource.props, name)), None)
    if not resource.type.startswith("gcp:") or not location:
        return None
    told = resource.type.partition(":")[2].rpartition(":")[2]
    return Place(
        _subject("place", resource, f"{told} {resource.name}"),
        location if location is UNKNOWN else str(location),
    )


def _by_model(resource: Resource) -> Iterator[_Limit]:
    model = at(resource.props, "model")
    for name in LIMIT_FIELDS:
        value = number(at(resource.props, name))
        if value is not None:
            yield _Limit(_reference(resource, "project"), model or OTHERS, name, _PAID, _limit_value(value))


def _by_override(resource: Resource) -> Iterator[_Limit]:
    props = resource.props
    key = (unquote(str(at(props, "metric"))), unquote(str(at(props, "limit"))))
    value = number(at(props, "overrideValue"))
    yield from _on_a_tier(resource, _BY_METRIC.get(key), value, _reference(resource, "project"))


def _by_preference(resource: Resource) -> Iterator[_Limit]:
    value = number(at(resource.props, "quotaConfig", "preferredValue"))
    found = _BY_QUOTA.get(str(at(resource.props, "quotaId")))
    yield from _on_a_tier(resource, found, value, _reference(resource, "parent"))


def _on_a_tier(
    resource: Resource,
    found: tuple[str, str] | None,
    value: int | Unknown | None,
    project: str | Unknown | None,
) -> Iterator[_Limit]:
    if found is None or value is None or at(resource.props, "service") != GEMINI_API or value == -1:
        return
    quota_model = at(resource.props, "dimensions", "model") or OTHERS
    name, tier = found
    yield _Limit(project, _MODELS.get(quota_model, quota_model), name, frozenset({tier}), _limit_value(value))


def _limit_value(value: int | Unknown) -> int:
    # A limit whose number is not known yet is one: what it is, is judged at the update.
    return 0 if value is UNKNOWN else value


def _limited(project: Project, limits: Iterable[_Limit]) -> Project:
    """The project with those of its limits that last: they stand on the metrics of every paid tier."""
    by_tier: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for limit in limits:
        # One that may be any project's may be this one's.
        if limit.project is UNKNOWN or limit.project in project.ids:
            for tier in limit.tiers:
                by_tier[limit.model, limit.name][tier] = limit.value
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (model, name), values in by_tier.items():
        if values.keys() >= _PAID and (model == OTHERS or model in QUOTA_NAMES):
            found[model][LIMIT_FIELDS[name]] = max(values[tier] for tier in _PAID)  # type: ignore[index]
    models = {model: Limits(**values) for model, values in found.items()}
    others = models.pop(OTHERS, None)
    if others is not None and others.requests_per_minute == 0:
        others = Limits(requests_per_minute=0)
    return replace(project, limits=models, others=others)


_READERS: Final[Mapping[str, Callable[[Resource], Any]]] = {
    PROJECT: _project,
    "gcp:billing/budget:Budget": _budget,
    "gemini-landing-zone:index:SpendCap": _cap,
    "gcp:projects/apiKey:ApiKey": _key,
    "gcp:projects/service:Service": _api,
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": _quota,
}
_LIMITS: Final[Mapping[str, Callable[[Resource], Iterator[_Limit]]]] = {
    "gemini-landing-zone:index:ModelLimit": _by_model,
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": _by_override,
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": _by_preference,
}
