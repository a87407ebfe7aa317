"""Facts from resources of pulumi_gcp and of this project's provider, in any program."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from gemini_policies import guard_facts, limit_facts
from gemini_policies.access_facts import grants, grants_access
from gemini_policies.budget_facts import budget, cap
from gemini_policies.declared import FOLDER, PROJECT, Resource, certain
from gemini_policies.declared_types import is_unlisted, unlisted
from gemini_policies.project_facts import EXIT, LINK, projects_of, with_keys
from gemini_policies.values import at, number, texts
from landing_zone.gemini import GEMINI_API, service_name
from landing_zone.policies.environments import NO_FILE, Environments, measured
from landing_zone.policies.facts import (
    DELETION,
    KEYS,
    PREFERENCES,
    UNKNOWN,
    Api,
    Budget,
    Cap,
    Declared,
    Facts,
    Grant,
    Guard,
    Key,
    Kind,
    Location,
    Project,
    Quota,
    Subject,
    Unknown,
    names_within,
    project_names,
)
from landing_zone.policies.known_types import package_of

_LIEN: Final = "gcp:resourcemanager/lien:Lien"
_TOPIC: Final = "gcp:pubsub/topic:Topic"
_RULES: Final = "gcp:serviceusage/v2ConsumerPolicy:V2ConsumerPolicy"
_VAULT: Final = "gcp:secretmanager/secret:Secret"
_LOCATIONS: Final = ("location", "region", "zone", "locationId")
"""Properties with the location of a resource."""
_LISTENERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    # A subscription without a push endpoint calls nothing.
    "gcp:pubsub/subscription:Subscription": lambda props: (
        at(props, "pushConfig", "pushEndpoint") and at(props, "topic")
    ),
    # The resource of a storage trigger is a bucket.
    "gcp:cloudfunctions/function:Function": lambda props: (
        "storage" not in str(at(props, "eventTrigger", "eventType")) and at(props, "eventTrigger", "resource")
    ),
    "gcp:cloudfunctionsv2/function:Function": lambda props: at(props, "eventTrigger", "pubsubTopic"),
    "gcp:eventarc/trigger:Trigger": lambda props: at(props, "transport", "pubsub", "topic"),
}
"""Type -> the topic that the resource listens to, if any."""
Known = Mapping[tuple[str, str], Any]
"""Facts from the settings of this project's own program, by kind and name."""


def concerns(resource: Any) -> bool:
    """True if a resource, as the engine sends it, yields facts."""
    kind = resource.type
    if is_unlisted(resource):
        return True
    # With --target the engine sends new resources that are no targets without properties.
    if not resource.properties.fields:
        return False
    if (
        kind in _READERS
        or grants_access(kind)
        or kind in _SERVICE_OF
        or kind in _LIMITS
        or kind in _LISTENERS
        or kind in guard_facts.TYPES
        or kind in (PROJECT, LINK, FOLDER, EXIT, _LIEN, _TOPIC, _RULES, _VAULT)
    ):
        return True
    return kind.startswith("gcp:") and any(name in resource.properties.fields for name in _LOCATIONS)


def facts_of(
    resources: Iterable[Resource], day: date, known: Known, environments: Environments = NO_FILE
) -> Facts:
    """All facts from the resources, on a day. `environments`: what the owner of the policies says of accounts."""
    given = list(resources)
    # A component makes nothing, whatever its type; nor does another provider make what the type says.
    every = list(certain(each for each in given if each.package == package_of(each.type)))
    projects = projects_of(every)
    ids = {reference: _googles(project.ids) for project in projects for reference in project.ids}
    found: defaultdict[type, list[Any]] = defaultdict(list)
    limiting: list[limit_facts.Limit] = []
    liens: list[str | Unknown | None] = []
    listeners: list[str | Unknown | None] = []
    for each in every:
        resource = replace(each, projects=ids)
        if reader := _READERS.get(resource.type):
            entity = reader(resource)
            found[type(entity)].append(_with_settings(entity, known))
        if setter := _LIMITS.get(resource.type):
            limiting += setter(resource)
        found[Location] += _locations(resource)
        found[Api] += _apis(resource)
        found[Grant] += grants(resource)
        liens += _liens(resource)
        listeners += _listeners(resource)
    found[Declared] = [each for resource in given for each in unlisted(resource)]
    placed = (replace(each, projects=ids) for each in every)
    for entity in guard_facts.guards(placed, found[Key], environments.guard_hosts):
        found[Guard].append(_with_settings(entity, known))
    amounts = [*found[Budget], *found[Cap]]
    # Programs register their resources in any order.
    unknown = sorted(_unknown(found, limiting))
    return Facts(
        day,
        tuple(
            replace(each, open_questions=(*_unknown_account(each), *unknown))
            for project in projects
            for own in (with_keys(measured(project, amounts, environments), found[Key]),)
            for each in (limit_facts.limited(_with_settings(own, known), limiting),)
        ),
        tuple(found[Budget]),
        tuple(found[Cap]),
        tuple(found[Key]),
        tuple(found[Api]),
        tuple(found[Quota]),
        tuple(found[Location]),
        tuple(liens),
        tuple(listeners),
        tuple(found[Grant]),
        tuple(found[Declared]),
        folders={
            name: each.folder("parent")
            for each in every
            if each.type == FOLDER
            for name in (each.urn, at(each.props, "name"))
            if isinstance(name, str)
        },
        not_for_gemini=frozenset(environments.not_for_gemini),
        guard_hosts=frozenset(environments.guard_hosts),
        guards=tuple(found[Guard]),
    )


def _googles(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in ids if not each.startswith("urn:"))


def _with_settings(entity: Any, known: Known) -> Any:
    """Add its place in the stack file, and what the stack file plans for it.

    Nothing that lowers what policies count: the program need not be this project's own, and its resources may have no
    more than the names of this project's.
    """
    subject = entity.subject
    settings = known.get((subject.kind, subject.name))
    if settings is None or (subject.identified and subject.names.isdisjoint(settings.subject.names)):
        return entity
    found = replace(
        entity, subject=replace(subject, label=settings.subject.label, path=settings.subject.path)
    )
    if isinstance(entity, Project):
        queries = max(entity.doors.queries, settings.doors.queries)
        return replace(
            found,
            planned=settings.planned,
            allowance=settings.allowance,
            stated=settings.stated,
            doors=replace(entity.doors, queries=queries),
        )
    return found


def _unknown_account(project: Project) -> Iterator[tuple[Kind, str]]:
    if project.account is UNKNOWN:
        yield "project", "its billing account is not known before the update, and taken for one that pays"


def _unknown(
    found: Mapping[type, Sequence[Any]], limiting: Iterable[limit_facts.Limit]
) -> Iterator[tuple[Kind, str]]:
    """What may be about any project, and is not counted until it is known."""
    for each in (*found.get(Budget, ()), *found.get(Cap, ())):
        if UNKNOWN in (each.account, each.projects, getattr(each, "services", None)):
            yield each.subject.kind, f"what {each.subject.label} counts is not known before the update"
    if any(each.project is UNKNOWN or each.override is UNKNOWN for each in limiting):
        yield "quota", "a limit is not known before the update, and not counted"


def _key(resource: Resource) -> Key:
    props = resource.props
    restrictions = at(props, "restrictions")
    targets = at(restrictions, "apiTargets")
    services = UNKNOWN if targets is UNKNOWN else texts([_service(target) for target in targets or ()])
    project = resource.reference("project")
    return Key(
        _subject_within(resource, "key", f"key {resource.text('displayName')}", project, KEYS),
        project,
        services,
        texts(at(restrictions, "serverKeyRestrictions", "allowedIps")),
        at(props, "serviceAccountEmail"),
        "browser"
        if texts(at(restrictions, "browserKeyRestrictions", "allowedReferrers"))
        else "app"
        if at(restrictions, "androidKeyRestrictions") or at(restrictions, "iosKeyRestrictions")
        else None,
        methods=UNKNOWN if targets is UNKNOWN else _methods(targets),
    )


def _methods(targets: Any) -> tuple[str, ...] | Unknown:
    """The methods of the Gemini API that a key is narrowed to."""
    found: list[str] = []
    for target in targets or ():
        methods = texts(at(target, "methods")) if _service(target) == GEMINI_API else ()
        if methods is UNKNOWN:
            return UNKNOWN
        found += methods
    return tuple(found)


def _subject_within(
    resource: Resource, kind: Kind, label: str, project: str | Unknown | None, collection: str
) -> Subject:
    """The subject of a thing in a project, which Google calls by its id there: the property `name`."""
    ids, identified = resource.ids_of(project)
    own_id = at(resource.props, "name")
    names = names_within(ids, collection, own_id.rpartition("/")[2]) if isinstance(own_id, str) else ()
    return resource.subject(kind, label, names, identified=identified and own_id is not UNKNOWN)


def _subject_of(resource: Resource, kind: Kind, label: str, project: str | Unknown | None) -> Subject:
    """The subject of what an exception calls by its project."""
    ids, identified = resource.ids_of(project)
    return resource.subject(kind, label, project_names(ids), identified=identified)


def _api(resource: Resource) -> Api:
    service, project = _service(resource.props), resource.reference("project")
    return Api(
        _subject_of(resource, "api", f"API {resource.text('service')} ({resource.name})", project),
        project,
        service,
        at(resource.props, "disableOnDestroy") or False,
    )


def _service(values: Any) -> str | Unknown:
    """The property `service`, as Google compares it."""
    service = at(values, "service")
    return UNKNOWN if isinstance(service, Unknown) else service_name(str(service or ""))


def _apis(resource: Resource) -> Iterator[Api]:
    """APIs that a consumer policy enables, in a project or below a folder; and the one of a type that needs it."""
    if resource.type in _SERVICE_OF:
        service = _SERVICE_OF[resource.type]
        project = resource.reference("project")
        subject = _subject_of(resource, "api", f"API {service} ({resource.name})", project)
        yield Api(subject, project, service)
    if resource.type != _RULES:
        return
    rules, project = at(resource.props, "enableRules"), resource.reference("parent")
    listed = [UNKNOWN] if rules is UNKNOWN else [at(rule, "services") for rule in rules or ()]
    for services in listed:
        for each in [UNKNOWN] if services is UNKNOWN else services or ():
            name = each if each is UNKNOWN else service_name(str(each))
            shown = "of a consumer policy" if name is UNKNOWN else name
            subject = _subject_of(resource, "api", f"API {shown} ({resource.name})", project)
            yield Api(subject, project, name)


def _quota(resource: Resource) -> Quota:
    props, project = resource.props, resource.reference("parent")
    value = number(at(props, "quotaConfig", "preferredValue"))
    return Quota(
        _subject_within(resource, "quota", f"quota preference {resource.name}", project, PREFERENCES),
        project,
        _service(props),
        at(props, "quotaId") or "",
        0 if value is None else value,
        at(props, "justification"),
        at(props, "contactEmail"),
    )


def _adjuster(resource: Resource) -> Quota:
    """Google's quota adjuster, which raises all quotas of a project, including the Gemini API's."""
    enabled = at(resource.props, "enablement")
    project = resource.reference("parent")
    return Quota(
        _subject_of(resource, "quota", f"quota adjuster {resource.name}", project),
        project,
        GEMINI_API,
        "",
        0,
        automatic=enabled if enabled is UNKNOWN else enabled == "ENABLED",
    )


def _locations(resource: Resource) -> Iterator[Location]:
    if not resource.type.startswith("gcp:"):
        return
    found = [next(filter(None, (at(resource.props, name) for name in _LOCATIONS)), None)]
    if resource.type == _TOPIC:
        # A topic's only location is its message storage policy.
        kept = texts(resource.value("messageStoragePolicy", "allowedPersistenceRegions"))
        found += [] if kept is UNKNOWN else kept
    if resource.type == _VAULT:
        replicas = at(resource.props, "replication", "userManaged", "replicas")
        found += [at(each, "location") for each in ([] if replicas is UNKNOWN else replicas or ())]
    kind = resource.type.rpartition(":")[2]
    label, collection = f"{kind} {resource.name}", f"{kind[:1].lower()}{kind[1:]}s"
    for each in found:
        if each and each is not UNKNOWN:
            # Compute Engine's zones may be URLs.
            subject = _subject_within(resource, "location", label, resource.reference("project"), collection)
            yield Location(subject, str(each).rpartition("/")[2])


def _liens(resource: Resource) -> Iterator[str | Unknown | None]:
    """The project that a lien protects from deletion."""
    if resource.type == _LIEN:
        kept = texts(at(resource.props, "restrictions"))
        if kept is UNKNOWN or DELETION in kept:
            yield resource.reference("parent")


def _listeners(resource: Resource) -> Iterator[str | Unknown | None]:
    """The topic that the resource listens to."""
    if resource.type not in _LISTENERS:
        return
    topic, project = _LISTENERS[resource.type](resource.props), resource.reference("project")
    if topic is UNKNOWN:
        yield UNKNOWN
    elif topic:
        name = str(topic).rpartition("googleapis.com/")[2]
        short = "/" not in name
        yield (
            UNKNOWN
            if short and project is UNKNOWN
            else f"projects/{project}/topics/{name}"
            if short
            else name
        )


_READERS: Final[Mapping[str, Callable[[Resource], Any]]] = {
    "gcp:billing/budget:Budget": budget,
    "gemini-landing-zone:index:SpendCap": cap,
    "gcp:projects/apiKey:ApiKey": _key,
    "gcp:projects/service:Service": _api,
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": _quota,
    "gcp:cloudquota/sQuotaAdjusterSettings:SQuotaAdjusterSettings": _adjuster,
}
_SERVICE_OF: Final[Mapping[str, str]] = {
    f"gcp:firebase/{name[0].lower()}{name[1:]}:{name}": "firebasevertexai.googleapis.com"
    for name in ("AiLogicConfig", "AiLogicPromptTemplate", "AiLogicPromptTemplateLock")
}
"""Types of which each is of no use without an API."""
_LIMITS: Final[Mapping[str, Callable[[Resource], Iterator[limit_facts.Limit]]]] = {
    "gemini-landing-zone:index:ProjectLimits": limit_facts.by_project,
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": limit_facts.by_override,
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": limit_facts.by_preference,
}
