"""Facts from live projects: links, labels, liens, APIs, keys, grants, limits, quotas and budgets.

Key strings are never read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from landing_zone.audit import account_budgets, live_guards
from landing_zone.audit.listing import RESOURCES, Live, ancestry, projects_of
from landing_zone.audit.unread import Unread
from landing_zone.gemini import GEMINI_API, service_name
from landing_zone.gemini.limits import BLOCKED
from landing_zone.gemini.methods import CREATES_CACHES, any_key_calls
from landing_zone.gemini.quotas import Override
from landing_zone.google.quota_overrides import ModelLimit, list_limits
from landing_zone.google.rest import Google
from landing_zone.policies.environments import NO_FILE, Environments, measured
from landing_zone.policies.facts import (
    DELETION,
    KEYS,
    PREFERENCES,
    UNKNOWN,
    Api,
    Facts,
    Grant,
    Key,
    Kind,
    Project,
    Quota,
    Subject,
    names_within,
    project_names,
    serves_gemini,
    users_of,
)
from landing_zone.pricing.exposure import USUAL_DOORS
from landing_zone.settings.limits_in_force import in_force
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

_AT_ONCE: Final = 8
"""Projects that are read at once."""
_MANAGED: Final = ("goog-pulumi-provisioned", "goog-terraform-provisioned")
"""Labels that the providers of Pulumi and Terraform set on their resources."""

_PROJECT_GET: Final = "resourcemanager.projects.get (roles/browser)"
_SERVICES_LIST: Final = "serviceusage.services.list (roles/serviceusage.serviceUsageViewer)"
_GRANTS_GET: Final = "resourcemanager.projects.getIamPolicy (roles/iam.securityReviewer)"
_KEYS_LIST: Final = "apikeys.keys.list (roles/serviceusage.apiKeysViewer)"
_LIMITS_GET: Final = "serviceusage.quotas.get (roles/serviceusage.serviceUsageViewer)"
_QUOTAS_GET: Final = "cloudquotas.quotas.get (roles/cloudquotas.viewer)"


@dataclass(frozen=True)
class Found:
    """Facts from live projects, and gaps in them."""

    facts: Facts
    unread: tuple[str, ...]
    """Lines on data that could not be read, with remedies; it is not judged."""
    without_gemini: int
    """Number of projects without an API that serves Gemini's models, which are not judged."""


@dataclass(frozen=True)
class _Seen:
    """Facts from one project."""

    gemini: bool | None
    """False if no API is enabled that serves Gemini's models; None if that could not be read."""
    unread: Unread
    project: Project | None = None
    """None if it is not judged."""
    apis: list[Api] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)


def read(
    google: Google,
    parents: Sequence[str],
    projects: Sequence[str],
    day: date,
    progress: Callable[[str], None],
    environments: Environments = NO_FILE,
) -> Found:
    """Read the facts of every project that is named, or has an API enabled that serves Gemini's models, by project id.

    If the read ends early, the client is stopped.

    Args:
        google: the client.
        parents: folders and organizations, as `folders/123`, whose projects are read.
        projects: ids of further projects.
        day: the day for which policies judge.
        progress: called with the progress as text.
        environments: what the owner of the policies says of accounts and folders.

    Raises:
        GoogleError: a parent cannot be listed, or Resource Manager does not answer.
        StoppedError: the user interrupted.
        CredentialsError: there are no credentials.
    """
    unread = Unread()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        try:
            listed = projects_of(google, pool, parents, projects, unread)
            seen = _all(google, pool, listed, frozenset(projects), progress)
            folders = ancestry(google, listed, unread) if environments.maps_parents else {}
            judged = [each.project for each in seen if each.project]
            accounts = sorted({each.account for each in judged if isinstance(each.account, str)})
            paid = list(
                pool.map(lambda account: account_budgets.of_account(google, account, judged), accounts)
            )
            keys = [key for each in seen for key in each.keys]
            guards, unread_guards = live_guards.of_hosts(google, environments, judged, keys)
        except BaseException:
            # Ends the waits of other threads, and calls that have not begun.
            google.stop.set()
            raise
    budgets = tuple(budget for own, _, _ in paid for budget in own)
    caps = tuple(cap for _, own, _ in paid for cap in own)
    facts = Facts(
        day,
        projects=tuple(measured(each, (*budgets, *caps), environments) for each in judged),
        budgets=budgets,
        caps=caps,
        guards=tuple(guards),
        keys=tuple(keys),
        apis=tuple(api for each in seen for api in each.apis),
        quotas=tuple(quota for each in seen for quota in each.quotas),
        grants=tuple(grant for each in seen for grant in each.grants),
        folders=folders,
        not_for_gemini=frozenset(environments.not_for_gemini),
        guard_hosts=frozenset(environments.guard_hosts),
    )
    for own in (*(each.unread for each in seen), *(own for _, _, own in paid), unread_guards):
        unread += own
    return Found(facts, tuple(unread), sum(each.gemini is False for each in seen))


def _all(
    google: Google,
    pool: Executor,
    listed: list[Live],
    named: frozenset[str],
    progress: Callable[[str], None],
) -> list[_Seen]:
    """Read each project, in order. `named`: ids and numbers of those that are read whatever APIs they have."""
    futures = [
        pool.submit(_see, google, live, whole=not named.isdisjoint((live.id, live.number))) for live in listed
    ]
    for done, future in enumerate(as_completed(futures), start=1):
        future.result()
        progress(f"project {done} of {len(listed)}")
    return [future.result() for future in futures]


def _see(google: Google, live: Live, *, whole: bool) -> _Seen:
    """Read a project; without an API that serves Gemini's models, only if `whole`."""
    unread = Unread()
    services = unread.attempt(
        f"whether the Gemini API is enabled in {live.id}",
        _SERVICES_LIST,
        lambda: _services(google, live),
        None,
    )
    if services is None or not (whole or any(map(serves_gemini, services))):
        return _Seen(None if services is None else False, unread)
    account = unread.attempt(
        f"billing link of {live.id}", _PROJECT_GET, lambda: _account(google, live), UNKNOWN
    )
    keys = unread.attempt(f"keys of {live.id}", _KEYS_LIST, lambda: _keys(google, live), None)
    protected = unread.attempt(f"liens of {live.id}", _PROJECT_GET, lambda: _protected(google, live), None)
    found = Project(
        Subject(
            "project", f"projects/{live.number}", f"project {live.id}", project_names([live.id, live.number])
        ),
        ids=frozenset({live.id, live.number}),
        account=account,
        parent=live.parent,
        unread=account is UNKNOWN,
        labels=live.labels,
        protected=protected,
        private_data={"true": True, "false": False}.get(live.labels.get(PRIVATE_DATA_LABEL, "")),
        users=users_of(live.labels.get(USERS_LABEL)),
        managed=any(live.labels.get(name) == "true" for name in _MANAGED),
        doors=replace(USUAL_DOORS, caches=keys is None or _make_caches(keys)),
    )
    return _Seen(
        True,
        unread,
        # Without a billing link, only the limits of the free tier apply, and calls cost nothing.
        _limited(google, live, found, unread) if found.paid else found,
        [_api(live, found.subject, service) for service in services if serves_gemini(service)],
        keys or [],
        unread.attempt(f"quota preferences of {live.id}", _QUOTAS_GET, lambda: _quotas(google, live), []),
        unread.attempt(f"grants on {live.id}", _GRANTS_GET, lambda: _grants(google, live), []),
    )


def _make_caches(keys: Iterable[Key]) -> bool:
    """True if a key can make explicit caches. Callers with rights in the project are assumed not to abuse them."""
    methods = [
        () if key.methods is UNKNOWN else key.methods for key in keys if not key.targets or key.names_gemini
    ]
    return bool(methods) and any_key_calls(methods, CREATES_CACHES)


def _services(google: Google, live: Live) -> list[str]:
    """Names of the enabled APIs."""
    # v1beta1 requires the number here.
    path = f"projects/{live.number}/services"
    query = {"filter": "state:ENABLED", "pageSize": "200"}
    listed = google.list_all("serviceusage", path, "services", query=query, project=live.id)
    return sorted(service_name(each["name"]) for each in listed)


def _grants(google: Google, live: Live) -> list[Grant]:
    """Roles on the project itself; those on its folders and organization are not read."""
    body = {"options": {"requestedPolicyVersion": 3}}
    path = f"projects/{live.id}:getIamPolicy"
    policy = google.call(RESOURCES, "POST", path, body=body, project=live.id, repeatable=True)
    members: dict[str, set[str]] = {}
    for binding in policy.get("bindings", []):
        # Bindings with other conditions repeat a role.
        members.setdefault(binding["role"], set()).update(binding.get("members", []))
    return [_grant(live, role, found) for role, found in sorted(members.items())]


def _grant(live: Live, role: str, members: Iterable[str]) -> Grant:
    name = f"projects/{live.number}/{role}"
    subject = Subject(
        "grant", name, f"grant of {role} on {live.id}", frozenset({name, f"projects/{live.id}/{role}"})
    )
    return Grant(subject, live.id, role, tuple(sorted(members)))


def _account(google: Google, live: Live) -> str | None:
    link = google.call("cloudbilling", "GET", f"projects/{live.id}/billingInfo", project=live.id)
    account: str = link.get("billingAccountName", "").removeprefix("billingAccounts/")
    # A closed account pays for nothing.
    return account if account and link.get("billingEnabled") else None


def _protected(google: Google, live: Live) -> bool | None:
    query = {"parent": f"projects/{live.number}"}
    liens = google.list_all(RESOURCES, "liens", "liens", query=query, project=live.id)
    return any(DELETION in lien.get("restrictions", []) for lien in liens)


def _limited(google: Google, live: Live, project: Project, unread: Unread) -> Project:
    found = unread.attempt(f"limits of {live.id}", _LIMITS_GET, lambda: list_limits(google, live.id), None)
    if found is None:
        # The limits are unknown, and unknown values violate no policy.
        return replace(project, others=BLOCKED)
    limits = in_force(_overrides(found))
    # A metric without a setting's name counts Priority, embeddings or videos; some Google lets nobody change.
    open_metrics = [
        each for each in found if not each.known and each.bucket("").value != 0 and not each.fixed
    ]
    doors = replace(project.doors, priority=bool(open_metrics), content_only=bool(open_metrics))
    return replace(project, limits=limits.models, others=limits.others, unpriced=limits.unpriced, doors=doors)


def _keys(google: Google, live: Live) -> list[Key]:
    path = f"projects/{live.id}/locations/global/keys"
    listed = google.list_all("apikeys", path, "keys", project=live.id)
    return [_key(live, key) for key in sorted(listed, key=_name)]


def _key(live: Live, key: Mapping[str, Any]) -> Key:
    restrictions = key.get("restrictions", {})
    return Key(
        _part("key", live, key, KEYS, f"key {key.get('displayName') or _id(key)} of {live.id}"),
        live.id,
        tuple(service_name(target.get("service", "")) for target in restrictions.get("apiTargets", [])),
        addresses=tuple(restrictions.get("serverKeyRestrictions", {}).get("allowedIps", [])),
        service_account=key.get("serviceAccountEmail") or None,
        claimed="browser"
        if "browserKeyRestrictions" in restrictions
        else "app"
        if {"androidKeyRestrictions", "iosKeyRestrictions"} & restrictions.keys()
        else None,
        methods=tuple(
            method
            for target in restrictions.get("apiTargets", [])
            if service_name(target.get("service", "")) == GEMINI_API
            for method in target.get("methods", [])
        ),
    )


def _quotas(google: Google, live: Live) -> list[Quota]:
    path = f"projects/{live.id}/locations/global/quotaPreferences"
    listed = google.list_all("cloudquotas", path, "quotaPreferences", project=live.id)
    # Google cannot filter them by service.
    return [_quota(live, each) for each in sorted(listed, key=_name) if each.get("service") == GEMINI_API]


def _quota(live: Live, preference: Mapping[str, Any]) -> Quota:
    quota_id = preference.get("quotaId", "")
    return Quota(
        _part("quota", live, preference, PREFERENCES, f"quota {quota_id} of {live.id}"),
        live.id,
        GEMINI_API,
        quota_id,
        int(preference.get("quotaConfig", {}).get("preferredValue", "0")),
        preference.get("justification") or None,
        # Google never returns it.
        contact=UNKNOWN,
    )


def _api(live: Live, project: Subject, service: str) -> Api:
    name = f"{project.name}/services/{service}"
    subject = Subject("api", name, f"API {service} of {live.id}", project.names | {name})
    return Api(subject, live.id, service)


def _part(kind: Kind, live: Live, item: Mapping[str, Any], collection: str, label: str) -> Subject:
    """The subject of a thing in a project, by its id there."""
    return Subject(kind, item["name"], label, names_within([live.id, live.number], collection, _id(item)))


def _name(item: Mapping[str, Any]) -> str:
    name: str = item["name"]
    return name


def _id(item: Mapping[str, Any]) -> str:
    return _name(item).rpartition("/")[2]


def _overrides(listed: Iterable[ModelLimit]) -> Iterator[Override]:
    """The overrides of a project's limits on models."""
    for limit in listed:
        for model, bucket in limit.buckets.items():
            if limit.known and bucket.value is not None:
                yield Override(*limit.known, model, bucket.value)
