"""Reads the local cloud's journal: whether a project that can spend lost a limit or a budget that it had."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.workspace import Cloud

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
GEMINI = "generativelanguage.googleapis.com"

_OVERRIDE = re.compile(
    r"/v1(?:beta1)?/projects/([^/]+)/services/[^/]+/consumerQuotaMetrics/.*/consumerOverrides/[^/?]+"
)
_BUDGET = re.compile(r"/v1/(billingAccounts/[^/]+/budgets/[^/?]+)")
_LINK = re.compile(r"/v1/projects/([^/]+)/billingInfo")
_PROJECT = re.compile(r"/v[13]/projects/([^/?:]+)$")


@dataclass
class World:
    """The projects of a local cloud as they are now, as far as guarding is concerned."""

    linked: dict[str, bool]
    """By id: whether billing is on and the Gemini API enabled."""
    ids: dict[str, str]
    """Number → id."""
    budgets: dict[str, set[str]]
    """Budget or cap → numbers that it counts."""
    overrides: dict[str, int]
    """By id: how many."""
    keys: dict[str, list[str]]
    states: dict[str, str] = field(default_factory=dict)
    """By id: its lifecycle."""

    def guarded(self, project_id: str) -> tuple[int, int]:
        """The numbers of a project's overrides and budgets."""
        numbers = {number for number, own in self.ids.items() if own == project_id}
        return self.overrides[project_id], sum(bool(numbers & counted) for counted in self.budgets.values())


def look(cloud: Cloud) -> World:
    """Read the world from the local cloud."""
    projects = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    active = [each["projectId"] for each in projects if each["lifecycleState"] == "ACTIVE"]
    budgets = cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets").get("budgets", [])
    return World(
        linked={each: _spends(cloud, each) for each in active},
        ids={str(each["projectNumber"]): each["projectId"] for each in projects},
        budgets={
            each["name"]: {name.partition("/")[2] for name in each["budgetFilter"].get("projects", [])}
            for each in budgets
        },
        overrides={each: _overrides(cloud, each) for each in active},
        keys={each: _keys(cloud, each) for each in active},
        states={each["projectId"]: each["lifecycleState"] for each in projects},
    )


def _spends(cloud: Cloud, project_id: str) -> bool:
    link = cloud.call("GET", f"/cloudbilling/v1/projects/{project_id}/billingInfo")
    enabled = cloud.call("GET", f"/serviceusage/v1/projects/{project_id}/services?filter=state:ENABLED")
    services = {each["config"]["name"] for each in enabled.get("services", [])}
    return bool(link.get("billingEnabled")) and GEMINI in services


def _overrides(cloud: Cloud, project_id: str) -> int:
    metrics = cloud.call(
        "GET",
        f"/serviceusage/v1beta1/projects/{project_id}/services/{GEMINI}/consumerQuotaMetrics?view=FULL&pageSize=200",
    )
    return sum(
        "consumerOverride" in bucket
        for metric in metrics.get("metrics", [])
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
    )


def _keys(cloud: Cloud, project_id: str) -> list[str]:
    enabled = cloud.call("GET", f"/serviceusage/v1/projects/{project_id}/services?filter=state:ENABLED")
    if not any(each["config"]["name"] == "apikeys.googleapis.com" for each in enabled.get("services", [])):
        return []
    listed = cloud.call("GET", f"/apikeys/v2/projects/{project_id}/locations/global/keys")
    return sorted(each["name"].rpartition("/")[2] for each in listed.get("keys", []))


def losses(before: World, entries: list[dict[str, Any]]) -> Iterator[str]:
    """Calls of the journal after which a project that could spend lacked a guardrail that it had `before`."""
    linked = dict(before.linked)
    for entry in entries:
        path = entry["path"].partition("?")[0]
        if entry["method"] == "GET" or entry["status"] != 200:
            continue
        if (match := _LINK.fullmatch(path)) and entry["method"] == "PUT":
            linked[match[1]] = bool((entry["body"] or {}).get("billingAccountName"))
        elif (match := _PROJECT.fullmatch(path)) and entry["method"] == "DELETE":
            linked[before.ids.get(match[1], match[1])] = False
        elif (match := _OVERRIDE.fullmatch(path)) and entry["method"] == "DELETE":
            if linked.get(before.ids.get(match[1], match[1])):
                yield f"{entry['n']}: DELETE {path}"
        elif (match := _BUDGET.fullmatch(path)) and match[1] in before.budgets:
            left: set[str] = set()
            if entry["method"] == "PATCH":
                filtered = (entry["body"] or {}).get("budgetFilter", {}).get("projects")
                left = (
                    before.budgets[match[1]] if filtered is None else {f.partition("/")[2] for f in filtered}
                )
            for number in before.budgets[match[1]] - left:
                if linked.get(before.ids[number]):
                    yield f"{entry['n']}: {entry['method']} {path} no longer counts {before.ids[number]}"


def writes(entries: list[dict[str, Any]]) -> list[str]:
    """The calls that changed something, as `METHOD path`."""
    return [
        f"{entry['method']} {entry['path'].partition('?')[0]}"
        for entry in entries
        if entry["method"] != "GET" and entry["status"] == 200
    ]
