"""All that a stack can have made at Google, with its values, in a form that two clouds can be compared by."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.error import HTTPError

from tests.lifecycle.test_every_kind import ACCOUNT
from tests.operations.chaos_stack import SEED
from tests.workspace import Cloud

_OF_A_PROJECT: Final = (
    ("/apikeys/v2/projects/{}/locations/global/keys", "keys"),
    ("/iam/v1/projects/{}/serviceAccounts", "accounts"),
    ("/monitoring/v3/projects/{}/notificationChannels", "notificationChannels"),
    ("/monitoring/v3/projects/{}/alertPolicies", "alertPolicies"),
    ("/monitoring/v1/projects/{}/dashboards", "dashboards"),
    ("/essentialcontacts/v1/projects/{}/contacts", "contacts"),
    ("/orgpolicy/v2/projects/{}/policies", "policies"),
    ("/pubsub/v1/projects/{}/topics", "topics"),
    ("/pubsub/v1/projects/{}/subscriptions", "subscriptions"),
    ("/cloudquotas/v1/projects/{}/locations/global/quotaPreferences", "quotaPreferences"),
    ("/cloudfunctions/v2/projects/{}/locations/us-central1/functions", "functions"),
    ("/cloudscheduler/v1/projects/{}/locations/us-central1/jobs", "jobs"),
    ("/serviceusage/v1/projects/{}/services?filter=state:ENABLED", "services"),
)
_ASSIGNED: Final = frozenset(
    {
        "name",
        "uid",
        "etag",
        "createTime",
        "updateTime",
        "deleteTime",
        "creationRecord",
        "mutationRecord",
        "parent",
    }
    | {"uniqueId", "projectNumber", "lifecycleState", "traceId", "grantedValue"}
)
"""Fields that Google fills in; names stay where the caller chooses them. What a preference was granted depends on the
tier at that moment."""
_NUMBERS: Final = re.compile(r"(?<![0-9a-f-])\d{10,}(?![0-9a-f-])|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
_TIMES: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_HERE: Final = re.compile(r"127\.0\.0\.1:\d+")


def contents(cloud: Cloud, ids: Sequence[str]) -> dict[str, list[str]]:
    """Kind → what there is of it, as JSON, sorted: what exists twice is there twice. `ids`: the stack's projects."""
    listed = _all(cloud, "/cloudresourcemanager/v1/projects?pageSize=500", "projects")
    projects = [each for each in listed if each["lifecycleState"] == "ACTIVE"]
    found = {"projects": _plain(projects)}
    account = f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets"
    found["budgets"] = _plain(_all(cloud, account, "budgets"), projects)
    constraints = "/orgpolicy/v2/organizations/123456789012/customConstraints"
    found["constraints"] = _plain(_all(cloud, constraints, "customConstraints"))
    found["buckets"] = _plain(_all(cloud, f"/storage/storage/v1/b?project={SEED}", "items"))
    for project in projects:
        own = project["projectId"]
        if own != SEED and own not in ids:
            continue
        for path, items in _OF_A_PROJECT:
            found[f"{own} {items}"] = _plain(_all(cloud, path.format(own), items), projects)
        number = project["projectNumber"]
        tags = f"/cloudresourcemanager/v3/tagBindings?parent=//cloudresourcemanager.googleapis.com/projects/{number}"
        found[f"{own} tags"] = _plain(_all(cloud, tags, "tagBindings"))
        found[f"{own} overrides"] = _overrides(cloud, own)
        if own != SEED:
            billing = cloud.call("GET", f"/cloudbilling/v1/projects/{own}/billingInfo")
            found[f"{own} link"] = [str(billing.get("billingAccountName"))]
        policy = cloud.call("POST", f"/cloudresourcemanager/v1/projects/{own}:getIamPolicy", {})
        found[f"{own} members"] = sorted(
            f"{binding['role']} {_general(member)}"
            for binding in policy.get("bindings", [])
            for member in binding["members"]
        )
    return {kind: names for kind, names in found.items() if names}


def key_strings(cloud: Cloud, ids: Sequence[str]) -> set[str]:
    """The strings of all API keys."""
    return {
        cloud.call("GET", f"/apikeys/v2/{key['name']}/keyString")["keyString"]
        for each in ids
        for key in _all(cloud, f"/apikeys/v2/projects/{each}/locations/global/keys", "keys")
    }


def _all(cloud: Cloud, path: str, items: str) -> list[dict[str, Any]]:
    """A listing; empty where the API is off, or the project is not there."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        more = f"{'&' if '?' in path else '?'}pageToken={token}" if token else ""
        try:
            page = cloud.call("GET", f"{path}{more}")
        except HTTPError as error:
            if error.code not in (403, 404):
                raise
            return found
        found += page.get(items, [])
        token = page.get("nextPageToken", "")
        if not token:
            return found


def _plain(items: Sequence[dict[str, Any]], projects: Sequence[dict[str, Any]] = ()) -> list[str]:
    numbers = {each["projectNumber"]: each["projectId"] for each in projects}
    return sorted(_one(item, numbers) for item in items)


def _one(item: dict[str, Any], numbers: dict[str, str]) -> str:
    text = json.dumps(_kept(item), sort_keys=True)
    for number, project in numbers.items():
        text = text.replace(number, project)
    name = str(item.get("name", "")).rpartition("/")[2]
    return _general(f"{'#' if name.isdecimal() else name} {text}")


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kept(each) for name, each in value.items() if name not in _ASSIGNED}
    return [_kept(each) for each in value] if isinstance(value, list) else value


def _general(text: str) -> str:
    return _HERE.sub("HERE", _TIMES.sub("TIME", _NUMBERS.sub("#", text)))


def _overrides(cloud: Cloud, project: str) -> list[str]:
    path = f"/serviceusage/v1beta1/projects/{project}/services/generativelanguage.googleapis.com/consumerQuotaMetrics"
    return sorted(
        f"{metric['metric']} {limit['unit']} {bucket.get('dimensions', {})} "
        f"{bucket['consumerOverride'].get('overrideValue', '0')}"
        for metric in _all(cloud, f"{path}?view=FULL&pageSize=200", "metrics")
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
        if "consumerOverride" in bucket
    )
