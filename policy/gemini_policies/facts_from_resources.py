"""Facts from resources of pulumi_gcp and of this project's provider, in any program."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from gemini_policies import limit_facts
from gemini_policies.access_facts import grants, grants_access
from gemini_policies.budget_facts import budget, cap
from gemini_policies.declared import PROJECT, Resource, certain
from gemini_policies.declared_types import is_unlisted, unlisted
from gemini_policies.values import at, number, texts
from landing_zone.gemini import GEMINI_API, service_name
from landing_zone.gemini.methods import CREATES_CACHES, any_key_calls
from landing_zone.policies.facts import (
    DELETION,
    UNKNOWN,
    Api,
    Budget,
    Cap,
    Declared,
    Facts,
    Grant,
    Key,
    Location,
    Project,
    Quota,
    Unknown,
    users_of,
)
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

LINK: Final = "gcp:billing/projectInfo:ProjectInfo"
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
        or kind in (LINK, _LIEN, _TOPIC, _RULES, _VAULT)
    ):
        return True
    return kind.startswith("gcp:") and any(name in resource.properties.fields for name in _LOCATIONS)


def facts_of(resources: Iterable[Resource], day: date, known: Known) -> Facts:
    """All facts from the resources, on a day."""
    found: defaultdict[type, list[Any]] = defaultdict(list)
    links: list[Resource] = []
    limiting: list[limit_facts.Limit] = []
    liens: list[str | Unknown | None] = []
    listeners: list[str | Unknown | None] = []
    for resource in certain(resources):
        if resource.type == LINK:
            links.append(resource)
        elif reader := _READERS.get(resource.type):
            entity = reader(resource)
            found[type(entity)].append(_with_settings(entity, known))
        if setter := _LIMITS.get(resource.type):
            limiting += setter(resource)
        found[Location] += _locations(resource)
        found[Api] += _apis(resource)
        found[Grant] += grants(resource)
        found[Declared] += unlisted(resource)
        liens += _liens(resource)
        listeners += _listeners(resource)
    projects = _linked(found[Project], links, known)
    return Facts(
        day,
        tuple(limit_facts.limited(_with_doors(each, found[Key], known), limiting) for each in projects),
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
    )


def _with_settings(entity: Any, known: Known) -> Any:
    """Add facts that only the settings have, such as its name in the stack file and its prices."""
    subject = entity.subject
    settings = known.get((subject.kind, subject.name))
    if settings is None:
        return entity
    own = settings.subject
    subject = replace(subject, names=subject.names | own.names, label=own.label, path=own.path)
    if isinstance(entity, Budget):
        return replace(entity, subject=subject, shared=settings.shared)
    if isinstance(entity, Project):
        return replace(
            entity,
            subject=subject,
            terms=settings.terms,
            doors=settings.doors,
            planned=settings.planned,
            allowance=settings.allowance,
            tier_limits=settings.tier_limits,
            # With --refresh the engine shows an adopted project like a created one.
            created=settings.created,
        )
    return replace(entity, subject=subject)


def _with_doors(project: Project, keys: list[Key], known: Known) -> Project:
    """With what its keys can do; the settings say it where there are some."""
    if (project.subject.kind, project.subject.name) in known:
        return project
    own = (key.methods for key in keys if key.project in project.ids)
    caches = any_key_calls((() if methods is UNKNOWN else methods for methods in own), CREATES_CACHES)
    return replace(project, doors=replace(project.doors, caches=caches))


def _project(resource: Resource) -> Project:
    props = resource.props
    project_id, labels = at(props, "projectId"), at(props, "labels")
    users, private = at(labels, USERS_LABEL), at(labels, PRIVATE_DATA_LABEL)
    return Project(
        resource.subject("project", f"project {resource.text('projectId')}", project_id),
        frozenset(
            str(each)
            for each in (project_id, at(props, "number"), resource.urn)
            if each not in (None, UNKNOWN)
        ),
        _account(resource),
        parent=_parent(resource),
        labels=labels,
        deletion=at(props, "deletionPolicy") or "PREVENT",
        protected=resource.protect,
        private_data=UNKNOWN if private is UNKNOWN else str(private).lower() == "true",
        users=UNKNOWN if users is UNKNOWN else users_of(users),
    )


def _parent(resource: Resource) -> str | Unknown | None:
    """The folder, or else the organization, of a project."""
    folder, organization = resource.value("folderId"), resource.value("orgId")
    if UNKNOWN in (folder, organization):
        return UNKNOWN
    if folder:
        return f"folders/{str(folder).removeprefix('folders/')}"
    return f"organizations/{str(organization).removeprefix('organizations/')}" if organization else None


def _account(resource: Resource) -> str | Unknown | None:
    account = at(resource.props, "billingAccount")
    return account if account is UNKNOWN or not account else str(account).removeprefix("billingAccounts/")


def _linked(projects: Iterable[Project], links: Iterable[Resource], known: Known) -> list[Project]:
    """Add the accounts from billing links, and the projects that only a link names."""
    found = list(projects)
    # Those of unknown projects come last: they leave alone what is known by then.
    for link in sorted(links, key=lambda link: not isinstance(link.reference("project"), str)):
        reference, account = link.reference("project"), _account(link)
        if not isinstance(reference, str):
            # It may be the link of any project, so none is known to be free.
            found = [replace(project, account=project.account or UNKNOWN) for project in found]
            continue
        for position, project in enumerate(found):
            if reference in project.ids:
                # Of two accounts, nothing says which one is set last.
                own = account if not project.account or project.account == account else UNKNOWN
                found[position] = replace(project, account=own)
                break
        else:
            subject = link.subject("project", f"project {reference}", reference)
            ids = frozenset({link.urn, reference})
            found.append(_with_settings(Project(subject, ids, account, created=False), known))
    return found


def _key(resource: Resource) -> Key:
    props = resource.props
    restrictions = at(props, "restrictions")
    targets = at(restrictions, "apiTargets")
    services = UNKNOWN if targets is UNKNOWN else texts([_service(target) for target in targets or ()])
    project, shown = resource.reference("project"), at(props, "displayName")
    within = _within(project, resource.name, at(props, "name"), shown)
    return Key(
        resource.subject("key", f"key {resource.text('displayName')}", shown, *within),
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


def _within(project: str | Unknown | None, *names: Any) -> list[str]:
    """Names PROJECT/NAME, by which an exception can refer to a thing in a project."""
    return [f"{project}/{name}" for name in names if isinstance(project, str) and isinstance(name, str)]


def _api(resource: Resource) -> Api:
    service, project = _service(resource.props), resource.reference("project")
    return Api(
        resource.subject("api", f"API {resource.text('service')} ({resource.name})", project),
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
        yield Api(resource.subject("api", f"API {service} ({resource.name})", project), project, service)
    if resource.type != _RULES:
        return
    rules, project = at(resource.props, "enableRules"), resource.reference("parent")
    listed = [UNKNOWN] if rules is UNKNOWN else [at(rule, "services") for rule in rules or ()]
    for services in listed:
        for each in [UNKNOWN] if services is UNKNOWN else services or ():
            name = each if each is UNKNOWN else service_name(str(each))
            shown = "of a consumer policy" if name is UNKNOWN else name
            yield Api(resource.subject("api", f"API {shown} ({resource.name})", project), project, name)


def _quota(resource: Resource) -> Quota:
    props, project = resource.props, resource.reference("parent")
    value = number(at(props, "quotaConfig", "preferredValue"))
    return Quota(
        resource.subject(
            "quota", f"quota preference {resource.name}", *_within(project, resource.name, at(props, "name"))
        ),
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
    return Quota(
        resource.subject("quota", f"quota adjuster {resource.name}"),
        resource.reference("parent"),
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
    label = f"{resource.type.rpartition(':')[2]} {resource.name}"
    for each in found:
        if each and each is not UNKNOWN:
            # Compute Engine's zones may be URLs.
            yield Location(resource.subject("location", label), str(each).rpartition("/")[2])


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
    PROJECT: _project,
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
