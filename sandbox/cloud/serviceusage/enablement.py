"""Refusal of calls to an API that the project has not enabled, or has enabled only just now, so that not every server
knows it yet."""

from datetime import datetime
from typing import Final
from urllib.parse import unquote

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, error_info, help_link, localized_message, permission_denied
from sandbox.cloud.core.routing import Match
from sandbox.cloud.core.store import Store
from sandbox.cloud.serviceusage.catalogue import TITLES

#: Services that serve a project only if it has their API enabled, for any caller.
_OF_THE_PROJECT: Final = frozenset(
    {
        "apikeys",
        "cloudfunctions",
        "cloudkms",
        "cloudscheduler",
        "compute",
        "monitoring",
        "pubsub",
        "run",
        "secretmanager",
    }
)
#: Services whose API may be enabled in the caller's project alone; one just enabled in the path's is waited for.
_OF_THE_CALLER: Final = frozenset(
    {"cloudasset", "cloudquotas", "essentialcontacts", "iam", "orgpolicy", "serviceusage"}
)
# IAM: other people's modules create service accounts and roles before the project's APIs are enabled.


def refusal(
    store: Store, service: str, match: Match, raw_path: str, user_project: str, consumer: str, now: datetime
) -> CloudError | None:
    """Google's refusal of a call whose project lacks the API; None if it may go on.

    Args:
        store: the state. What is left to refuse is counted in it, so its transaction must not be undone.
        service: the local cloud's name of the service.
        match: the routed path.
        raw_path: the path as it was sent.
        user_project: the project that the caller lets the call count against, id or number.
        consumer: the number of the project that the service derived from the caller.
        now: the time.
    """
    api = f"{service}.googleapis.com"
    if consumer and not _usable(store, consumer, api, now, required=True):
        return disabled(consumer, api)
    number = projects.require_user_project(store, user_project).number if user_project else ""
    if number and not _usable(store, number, api, now, required=api in TITLES):
        return disabled(number, api)
    named = _named_project(store, raw_path)
    if named in (None, number) or service not in _OF_THE_PROJECT | _OF_THE_CALLER:
        return None
    if service == "serviceusage":
        if "consumerQuotaMetrics" not in match.method.segments:
            return None
        api = match.ids[2]  # the quotas of an API are known when the API is
    required = service in _OF_THE_PROJECT and not number
    return None if _usable(store, named, api, now, required=required) else disabled(named, api)


def disabled(project: str, api: str) -> CloudError:
    """403 PERMISSION_DENIED, SERVICE_DISABLED: what Google says to a project (by number) without an API."""
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={project}"
    message = (
        f"{TITLES[api]} has not been used in project {project} before or it is disabled. Enable it by visiting {url} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems "
        "and retry."
    )
    metadata = {
        "service": api,
        "consumer": f"projects/{project}",
        "serviceTitle": TITLES[api],
        "containerInfo": project,
        "activationUrl": url,
    }
    return permission_denied(
        message,
        [
            error_info("SERVICE_DISABLED", "googleapis.com", metadata),
            localized_message(message),
            help_link("Google developers console API activation", url),
        ],
    )


def _named_project(store: Store, raw_path: str) -> str | None:
    """The number of the active project that a path names."""
    _, found, rest = raw_path.partition("/projects/")
    named, whole, _ = rest.partition("/")
    # At the end of a path, the last colon as it is begins a custom method; others are a domain-scoped project's.
    names = (named,) if whole else (named, named.rpartition(":")[0])
    projects_found = (projects.find(store, unquote(name)) for name in names if found and name)
    project = next((each for each in projects_found if each is not None), None)
    return project.number if project is not None and project.state == projects.ACTIVE else None


def _usable(store: Store, project: str, api: str, now: datetime, *, required: bool) -> bool:
    row = store.row(
        "SELECT refusals_left, usable_from FROM enabled_services WHERE project = ? AND service = ?",
        project,
        api,
    )
    if row is None:
        return not required
    if row["usable_from"] > now.timestamp():
        return False
    if row["refusals_left"] == 0:
        return True
    store.run(
        "UPDATE enabled_services SET refusals_left = refusals_left - 1 WHERE project = ? AND service = ?",
        project,
        api,
    )
    return False
