"""Live projects as facts: their links, labels, liens, keys, limits, quotas and budgets. Key strings are never read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from landing_zone.audit import account_budgets
from landing_zone.audit.listing import RESOURCES, Live, projects_of
from landing_zone.audit.unread import Unread
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED
from landing_zone.google.inventory import overrides
from landing_zone.google.rest import Google
from landing_zone.policies.facts import (
    DELETION,
    UNKNOWN,
    Api,
    Facts,
    Key,
    Kind,
    Project,
    Quota,
    Subject,
    users_of,
)
from landing_zone.settings.limits_in_force import in_force
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

_AT_ONCE: Final = 8
"""Projects at a time."""
_MANAGED: Final = ("goog-pulumi-provisioned", "goog-terraform-provisioned")
"""Labels that the providers of these programs put on what they make."""

_PROJECT_GET: Final = "resourcemanager.projects.get (roles/browser)"
_SERVICES_GET: Final = "serviceusage.services.get (roles/serviceusage.serviceUsageViewer)"
_KEYS_LIST: Final = "apikeys.keys.list (roles/serviceusage.apiKeysViewer)"
_LIMITS_GET: Final = "serviceusage.quotas.get (roles/serviceusage.serviceUsageViewer)"
_QUOTAS_GET: Final = "cloudquotas.quotas.get (roles/cloudquotas.viewer)"


@dataclass(frozen=True)
class Found:
    """What exists."""

    facts: Facts
    unread: tuple[str, ...]
    """One line each of what could not be read, and what to do: nothing of it is judged."""
    without_gemini: int
    """Projects in which the Gemini API is not enabled: they are not judged."""


@dataclass(frozen=True)
class _Seen:
    """What one project has."""

    gemini: bool | None
    """Whether the Gemini API is enabled; None: that could not be read."""
    unread: Unread
    project: Project | None = None
    """As it is judged; only with the Gemini API."""
    apis: list[Api] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)


def read(
    google: Google,
    parents: Sequence[str],
    projects: Sequence[str],
    day: date,
    progress: Callable[[str], None],
) -> Found:
    """Every project that has the Gemini API enabled, with all that policies judge of it, by project id.

    The client is stopped if the reading ends early.

    Args:
        google: the client.
        parents: folders and organizations, as `folders/123`: all that is below them.
        projects: ids of further projects.
        day: the day on which policies are to judge.
        progress: told how far the reading is, in words.

    Raises:
        GoogleError: one of the parents cannot be listed, or nobody answers who knows of projects.
        StoppedError: the user wants no more.
        CredentialsError: there are no credentials.
    """
    unread = Unread()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        try:
            listed = projects_of(google, pool, parents, projects, unread)
            seen = _all(google, pool, listed, progress)
            judged = [each.project for each in seen if each.project]
            accounts = sorted({each.account for each in judged if isinstance(each.account, str)})
            paid = list(
                pool.map(lambda account: account_budgets.of_account(google, account, judged), accounts)
            )
        except BaseException:
            # What other threads wait for ends now, and what is in line never begins.
            google.stop.set()
            raise
    facts = Facts(
        day,
        projects=tuple(judged),
        budgets=tuple(budget for own, _, _ in paid for budget in own),
        caps=tuple(cap for _, own, _ in paid for cap in own),
        keys=tuple(key for each in seen for key in each.keys),
        apis=tuple(api for each in seen for api in each.apis),
        quotas=tuple(quota for each in seen for quota in each.quotas),
    )
    for own in (*(each.unread for each in seen), *(own for _, _, own in paid)):
        unread += own
    return Found(facts, tuple(unread), sum(each.gemini is False for each in seen))


def _all(google: Google, pool: Executor, listed: list[Live], progress: Callable[[str], None]) -> list[_Seen]:
    """What each of the projects has, in their order."""
    futures = [pool.submit(_see, google, live) for live in listed]
    for done, future in enumerate(as_completed(futures), start=1):
        future.result()
        progress(f"{done} of {len(listed)} projects")
    return [future.result() for future in futures]


def _see(google: Google, live: Live) -> _Seen:
    unread = Unread()
    gemini = unread.attempt(
        f"whether the Gemini API is enabled in {live.id}",
        _SERVICES_GET,
        lambda: _has_gemini(google, live),
        None,
    )
    if not gemini:
        return _Seen(gemini, unread)
    account = unread.attempt(
        f"billing link of {live.id}", _PROJECT_GET, lambda: _account(google, live), UNKNOWN
    )
    protected = unread.attempt(f"liens of {live.id}", _PROJECT_GET, lambda: _protected(google, live), None)
    found = Project(
        Subject(
            "project",
            f"projects/{live.number}",
            f"project {live.id}",
            frozenset({live.id, live.number, f"projects/{live.number}"}),
        ),
        ids=frozenset({live.id, live.number}),
        account=account,
        labels=live.labels,
        protected=protected,
        private_data={"true": True, "false": False}.get(live.labels.get(PRIVATE_DATA_LABEL, "")),
        users=users_of(live.labels.get(USERS_LABEL)),
        managed=any(live.labels.get(name) == "true" for name in _MANAGED),
    )
    return _Seen(
        gemini,
        unread,
        # Without a link only the free tier's limits are there, and nobody pays for what they let through.
        _limited(google, live, found, unread) if found.paid else found,
        [_api(live, found.subject)],
        unread.attempt(f"keys of {live.id}", _KEYS_LIST, lambda: _keys(google, live), []),
        unread.attempt(f"quota preferences of {live.id}", _QUOTAS_GET, lambda: _quotas(google, live), []),
    )


def _has_gemini(google: Google, live: Live) -> bool:
    # By number: v1beta1 knows no ids here.
    path = f"projects/{live.number}/services/{GEMINI_API}"
    return google.call("serviceusage", "GET", path, project=live.id).get("state") == "ENABLED"


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
    found = unread.attempt(
        f"limits of {live.id}", _LIMITS_GET, lambda: list(overrides(google, live.id)), None
    )
    if found is None:
        # That models are open cannot be said: what is not known is not called broken.
        return replace(project, others=BLOCKED)
    limits = in_force(found)
    unread += [
        f"limits of {model} in {live.id}: no model that is known here, so what it can cost is not counted; a newer "
        "gemini-landing-zone may know it"
        for model in limits.unpriced
    ]
    return replace(project, limits=limits.models, others=limits.others)


def _keys(google: Google, live: Live) -> list[Key]:
    path = f"projects/{live.id}/locations/global/keys"
    listed = google.list_all("apikeys", path, "keys", project=live.id)
    return [_key(live, key) for key in sorted(listed, key=_name)]


def _key(live: Live, key: Mapping[str, Any]) -> Key:
    restrictions = key.get("restrictions", {})
    title = key.get("displayName", "")
    return Key(
        _part("key", live, key, title, f"key {title or _id(key)} of {live.id}"),
        live.id,
        tuple(target.get("service", "") for target in restrictions.get("apiTargets", [])),
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
            if target.get("service") == GEMINI_API
            for method in target.get("methods", [])
        ),
    )


def _quotas(google: Google, live: Live) -> list[Quota]:
    path = f"projects/{live.id}/locations/global/quotaPreferences"
    listed = google.list_all("cloudquotas", path, "quotaPreferences", project=live.id)
    # Google filters by their state and time alone.
    return [_quota(live, each) for each in sorted(listed, key=_name) if each.get("service") == GEMINI_API]


def _quota(live: Live, preference: Mapping[str, Any]) -> Quota:
    quota_id = preference.get("quotaId", "")
    return Quota(
        _part("quota", live, preference, quota_id, f"quota {quota_id} of {live.id}"),
        live.id,
        GEMINI_API,
        quota_id,
        int(preference.get("quotaConfig", {}).get("preferredValue", "0")),
        preference.get("justification") or None,
        # Google takes it and never shows it.
        contact=UNKNOWN,
    )


def _api(live: Live, project: Subject) -> Api:
    name = f"{project.name}/services/{GEMINI_API}"
    subject = Subject("api", name, f"API {GEMINI_API} of {live.id}", project.names | {name})
    return Api(subject, live.id, GEMINI_API)


def _part(kind: Kind, live: Live, item: Mapping[str, Any], title: str, label: str) -> Subject:
    """The subject of what is in a project: called by its title or its id, with the project in front."""
    names: Iterable[str] = (item["name"], *(f"{live.id}/{each}" for each in (title, _id(item)) if each))
    return Subject(kind, item["name"], label, frozenset(names))


def _name(item: Mapping[str, Any]) -> str:
    name: str = item["name"]
    return name


def _id(item: Mapping[str, Any]) -> str:
    return _name(item).rpartition("/")[2]
