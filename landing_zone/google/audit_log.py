"""Who changed a resource last, according to the Admin Activity audit logs, which Google keeps for 400 days.

An entry names a resource in several forms: in `resourceName` (of a resource that is being created, often its parent),
in its request, or in its response, by the project's id or number. All of them are compared.
Source: https://cloud.google.com/logging/docs/audit and the pages on audit logging of each service.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from landing_zone.google.errors import GoogleError
from landing_zone.google.paging import PageTokens
from landing_zone.google.rest import Google, Json

PERMISSION: Final = "logging.logEntries.list"
ROLE: Final = "roles/logging.viewer"
_LOG: Final = "cloudaudit.googleapis.com%2Factivity"
_PAGE: Final = 1000
_MOST_PAGES: Final = 20
"""Pages of one log that are read, from the newest entry: Google allows 60 listings a minute."""
_RETRY_S: Final = 5
"""What the log adds is optional: its outage must hold up nothing."""
_LINKS: Final = frozenset(
    {"AssignResourceToBillingAccount", "AssignProjectToBillingAccount", "DisableResourceBilling"}
)
"""Methods that change a project's billing link. Their entries name the project."""
_GRANTS: Final = re.compile(r"(?:^|\.)SetI(?:am|AM)Policy$|^storage\.setIamPermissions$")
_ADDRESS: Final = re.compile(r"^(?:https?:)?//[^/]+/|^/")
_VERSION: Final = re.compile(r"^v\d+(?:(?:alpha|beta)\d*)?/")
_PROJECT: Final = re.compile(r"^project(?:s|numbers)/[^/]+?(?=/|:setIamPolicy$|$)")
_OVERRIDE: Final = re.compile(r"/(?:consumer|admin)Overrides(?:/.*)?$")
_UNIT: Final = re.compile(r"^1|[{}]")


@dataclass(frozen=True)
class Change:
    """A change that Google made for somebody."""

    at: datetime
    by: str
    """The e-mail address of the caller; of a service account if somebody acted as one."""
    method: str
    """Google's name of the method, such as `google.api.apikeys.v2.ApiKeys.UpdateKey`."""
    behind: str = ""
    """The address of who acted as the service account `by`; empty if nobody did."""


class AuditLog:
    """The changes since a time, by project. Each log is read once, at the first question; for several threads."""

    def __init__(self, google: Google, since: datetime) -> None:
        """Read nothing yet. Of Google's entries, those from `since` on count."""
        self._google = google
        self._since = since.astimezone(UTC)
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._changes: dict[str, Mapping[str, Change]] = {}
        self._unread: dict[str, str] = {}

    @property
    def unread(self) -> list[str]:
        """A sentence for each log that could not be read, with the remedy."""
        with self._lock:
            return [*self._unread.values()]

    def last_change(self, project_id: str, names: Collection[str]) -> Change | None:
        """The last change of any of some resources of a project; None if its log has none, or cannot be read.

        Args:
            project_id: the project whose log is asked.
            names: in any form that Google has for them, by the project's id or number. `projects/P/billingInfo` is the
                billing link, `…:setIamPolicy` the grants on a resource, and what belongs to a billing account
                (`billingAccounts/A/budgets/B`) is looked for in the account's log.

        Raises:
            StoppedError, CredentialsError: as `Google.call`.
        """
        found: list[Change] = []
        for name in names:
            own = _ADDRESS.sub("", name)
            parts = _VERSION.sub("", own).split("/")
            log = "/".join(parts[:2]) if parts[0] == "billingAccounts" else f"projects/{project_id}"
            if change := self._of(log).get(canonical(name)):
                found.append(change)
        return max(found, key=lambda change: change.at, default=None)

    def _of(self, log: str) -> Mapping[str, Change]:
        """The last change of each resource that the log of a project or billing account names."""
        with self._lock:
            own = self._locks[log]
        with own:
            if log not in self._changes:
                self._changes[log] = self._read(log)
            return self._changes[log]

    def _read(self, log: str) -> Mapping[str, Change]:
        found: dict[str, Change] = {}
        try:
            for entry in self._entries(log):
                if change := _change_of(entry):
                    for name in names_in(entry["protoPayload"]):
                        found.setdefault(name, change)
        except GoogleError as error:
            with self._lock:
                self._unread[log] = _reason(log, error)
        return found

    def _entries(self, log: str) -> Iterator[Json]:
        """The entries of a log, the newest first. Raises as `Google.call`."""
        kind, _, name = log.partition("/")
        since = f"{self._since:%Y-%m-%dT%H:%M:%S.%fZ}"
        body: Json = {
            "resourceNames": [log],
            "filter": f'logName="{log}/logs/{_LOG}" AND severity<ERROR AND timestamp>="{since}"',
            "orderBy": "timestamp desc",
            "pageSize": _PAGE,
        }
        tokens = PageTokens(f"entries of {log}")
        for _page in range(_MOST_PAGES):
            answer = self._google.call(
                "logging",
                "POST",
                "entries:list",
                body=body,
                project=name if kind == "projects" else None,
                repeatable=True,
                retry_s=_RETRY_S,
            )
            yield from answer.get("entries", [])
            token = answer.get("nextPageToken", "")
            if not token:
                return
            tokens.add(token)
            body["pageToken"] = token


def canonical(name: str) -> str:
    """A resource's name as it is compared: without address and version, project, and override of a limit."""
    plain = _VERSION.sub("", _ADDRESS.sub("", name))
    return unquote(_OVERRIDE.sub("", _PROJECT.sub("projects/-", plain)))


def names_in(payload: Mapping[str, Any]) -> set[str]:
    """The resources, as they are compared, that a call changed, from the entry about it."""
    method = str(payload.get("methodName", ""))
    own = canonical(str(payload.get("resourceName", "")))
    if method in _LINKS:
        return {"projects/-/billingInfo"}
    request, response = _object(payload.get("request")), _object(payload.get("response"))
    if _GRANTS.search(method):
        # Of a service account, the one has the unique id and the other the address.
        return {f"{name}:setIamPolicy" for name in (own, canonical(str(request.get("resource", ""))))}
    named = {canonical(name) for name in (*_named(request), *_named(response))}
    if method.endswith("ConsumerOverride"):  # of one that is being created, only the limit is known
        named.add(canonical(str(request.get("parent", ""))))
    service = own.partition("/consumerQuotaMetrics")[0]
    inline = _object(request.get("inlineSource"))
    named |= {_limit(service, each) for each in inline.get("overrides", ()) if isinstance(each, Mapping)}
    named |= {f"projects/-/services/{each}" for each in request.get("serviceIds", ())}
    # The name of what a resource was created in is not the one that changed.
    is_parent = any(each.startswith(f"{own}/") for each in named)
    return named - {""} if is_parent else {own, *named} - {""}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _named(message: Mapping[str, Any]) -> Iterator[str]:
    """Full names of the resources in a request or response, at its top or one level below."""
    for each in (message, *(value for value in message.values() if isinstance(value, Mapping))):
        name = each.get("name")
        if isinstance(name, str) and "/" in name and not name.startswith("operations/"):
            yield name


def _limit(service: str, override: Mapping[str, Any]) -> str:
    """The name of the limit that an override of an import is for. Source: Service Usage, `ConsumerQuotaLimit.name`."""
    metric, unit = str(override.get("metric", "")), str(override.get("unit", ""))
    return canonical(
        f"{service}/consumerQuotaMetrics/{quote(metric, safe='')}/limits/{quote(_UNIT.sub('', unit), safe='')}"
    )


def _change_of(entry: Mapping[str, Any]) -> Change | None:
    """The change that an entry is about; None if it failed, or is no audit entry."""
    payload = _object(entry.get("protoPayload"))
    if _object(payload.get("status")).get("code"):
        return None
    caller = _object(payload.get("authenticationInfo"))
    by = caller.get("principalEmail") or _without_kind(caller.get("principalSubject"))
    try:
        at = datetime.fromisoformat(str(entry.get("timestamp"))).astimezone(UTC)
    except ValueError:
        return None
    return Change(at, by, str(payload.get("methodName", "")), _behind(caller)) if by else None


def _behind(caller: Mapping[str, Any]) -> str:
    """Who acted as a service account, the last of a chain of delegates."""
    for each in reversed(list(_mappings(caller.get("serviceAccountDelegationInfo")))):
        email = _object(each.get("firstPartyPrincipal")).get("principalEmail")
        if found := email or _without_kind(each.get("principalSubject")):
            return str(found)
    return ""


def _mappings(value: Any) -> Iterable[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def _without_kind(subject: Any) -> str:
    """`user:ann@example.com` → `ann@example.com`; the subject of a workload identity pool as it is."""
    text = str(subject or "")
    return text if text.startswith("principal") else text.partition(":")[2] or text


def _reason(log: str, error: GoogleError) -> str:
    """Why a log could not be read, and what to do."""
    kind, _, name = log.partition("/")
    what = f"the audit log of {'project' if kind == 'projects' else 'billing account'} {name}"
    if error.hides:
        return f"{what} is not readable, so who changed what is not known: {ROLE} there includes {PERMISSION}"
    return f"{what} is not readable, so who changed what is not known: {error.with_remedy}"
