"""What others do to the resources of every kind: somebody by hand, or a kill in the middle of an update."""

from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.lifecycle.test_every_kind import ACCOUNT, listed, prepare
from tests.workspace import Cloud, Workspace

GEMINI = "generativelanguage.googleapis.com"
PER_MODEL = quote(f"{GEMINI}/generate_requests_per_model", safe="")
PER_MINUTE = quote("/min/model/project", safe="")
VOLATILE = ("etag", "updateTime", "updatedTime", "mutationRecord", "mutationRecords", "reconciling")
TYPES = {
    "budgets": ("Budget", "SpendCap"),
    "notificationChannels": ("NotificationChannel",),
    "alertPolicies": ("AlertPolicy",),
    "dashboards": ("Dashboard",),
    "keys": ("ApiKey",),
    "contacts": ("Contact",),
    "tagBindings": ("TagBinding",),
    "policies": ("Policy",),
    "customConstraints": ("CustomConstraint",),
    "topics": ("Topic",),
    "quotaPreferences": ("SQuotaPreference",),
}
"""What a list of Google's holds → the resource types that make it."""


def lists(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """Everything of every kind that Google lists, less what was there before the stack."""
    projects = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    paths = [
        f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets",
        "/orgpolicy/v2/organizations/123456789012/customConstraints",
    ]
    for project in projects:
        name = f"projects/{project['projectId']}"
        of_number = quote(
            f"//cloudresourcemanager.googleapis.com/projects/{project['projectNumber']}", safe=""
        )
        paths += [
            f"/monitoring/v3/{name}/notificationChannels",
            f"/monitoring/v3/{name}/alertPolicies",
            f"/monitoring/v1/{name}/dashboards",
            f"/pubsub/v1/{name}/topics",
        ]
        if project["projectId"] != "sandbox-seed":
            paths += [
                f"/apikeys/v2/{name}/locations/global/keys",
                f"/essentialcontacts/v1/{name}/contacts",
                f"/cloudresourcemanager/v3/tagBindings?parent={of_number}",
                f"/orgpolicy/v2/{name}/policies",
                f"/cloudquotas/v1/{name}/locations/global/quotaPreferences",
            ]
    found: dict[str, list[dict[str, Any]]] = {items: [] for items in TYPES}
    for path in paths:
        items = path.partition("?")[0].rpartition("/")[2]
        found[items] += listed_of(cloud, path, items)
    found["topics"] = [topic for topic in found["topics"] if not topic["name"].endswith("/incidents")]
    return found


def listed_of(cloud: Cloud, path: str, items: str) -> list[dict[str, Any]]:
    """What Google lists; nothing where the API is off."""
    try:
        answer: list[dict[str, Any]] = cloud.call("GET", path).get(items, [])
    except HTTPError as error:
        if error.code != 403:
            raise
        return []
    return answer


def steady(value: Any) -> Any:
    """What Google shows without what each write changes."""
    if isinstance(value, dict):
        return {name: steady(each) for name, each in value.items() if name not in VOLATILE}
    return value


@pytest.fixture
def deployed(workspace: Workspace) -> Workspace:
    """Everything, made."""
    prepare(workspace)
    workspace.up()
    return workspace


def test_what_somebody_changes_of_any_kind_is_seen_and_undone(deployed: Workspace) -> None:
    call = deployed.cloud.call
    project_id = deployed.outputs()["one"]["projectId"]
    project = f"projects/{project_id}"
    found = lists(deployed.cloud)

    def named(items: str, title: str) -> str:
        [name] = [
            item["name"] for item in found[items] if title in (item.get("displayName"), item.get("email"))
        ]
        return str(name)

    overrides = (
        f"/serviceusage/v1beta1/{project}/services/{GEMINI}/consumerQuotaMetrics/{PER_MODEL}/limits/{PER_MINUTE}"
        "/consumerOverrides"
    )
    [override] = [
        item["name"]
        for item in listed(deployed, overrides, "overrides")
        if item.get("dimensions") == {"model": "gemini-2.5-flash-lite"}
    ]
    patched: list[tuple[str, str, str, Any]] = [
        ("Project", f"/cloudresourcemanager/v3/{project}", "labels", {"labels": {"team": "two"}}),
        ("ApiKey", f"/apikeys/v2/{named('keys', 'Web')}", "displayName", {"displayName": "Somebody's"}),
        (
            "Budget",
            f"/billingbudgets/v1/{named('budgets', 'One budget')}",
            "amount",
            {"amount": {"specifiedAmount": {"currencyCode": "USD", "units": "9000"}}},
        ),
        (
            "SpendCap",
            f"/billingbudgets/v1/{named('budgets', f'{project_id} Gemini API cap')}",
            "amount,spend_cap",
            {
                "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "9000"}},
                "spendCap": {"inputState": "CONFIGURED"},
            },
        ),
        (
            "NotificationChannel",
            f"/monitoring/v3/{named('notificationChannels', 'desk')}",
            "labels",
            {"labels": {"email_address": "somebody@example.com"}},
        ),
        (
            "AlertPolicy",
            f"/monitoring/v3/{named('alertPolicies', 'Slow calls')}",
            "enabled",
            {"enabled": False},
        ),
        (
            "Contact",
            f"/essentialcontacts/v1/{named('contacts', 'legal@example.com')}",
            "languageTag",
            {"languageTag": "it"},
        ),
        (
            "Policy",
            f"/orgpolicy/v2/{project}/policies/custom.geminiRestrictedKeysTest",
            "policy.spec",
            {"spec": {"rules": [{"enforce": False}]}},
        ),
        (
            "CustomConstraint",
            "/orgpolicy/v2/organizations/123456789012/customConstraints/custom.geminiRestrictedKeysTest",
            "description",
            {},
        ),
        ("ConsumerQuotaOverride", f"/serviceusage/v1beta1/{override}", "force", {"overrideValue": "3"}),
    ]
    before = {
        path: steady(call("GET", path)) for kind, path, *_ in patched if kind != "ConsumerQuotaOverride"
    }
    for kind, path, mask, body in patched:
        if kind == "CustomConstraint":
            constraint = call("GET", path)
            call("PATCH", path, {**constraint, "description": "Somebody's"})
        else:
            call("PATCH", f"{path}?{'force=true' if mask == 'force' else f'updateMask={mask}'}", body)
    topic = "/pubsub/v1/projects/sandbox-seed/topics/spend"
    call("POST", f"{topic}:setIamPolicy", {"policy": {"bindings": []}})
    [binding] = found["tagBindings"]
    call("DELETE", f"/cloudresourcemanager/v3/{quote(binding['name'], safe='/')}")
    [dashboard] = [item["name"] for item in found["dashboards"] if project_id in item["displayName"]]
    call("DELETE", f"/monitoring/v1/{dashboard}")

    seen = {change.type.rpartition(":")[2] for change in deployed.refresh()}
    assert seen >= {kind for kind, *_ in patched} | {"TopicIAMMember", "TagBinding", "Dashboard"}
    undone = {(change.op, change.type.rpartition(":")[2]) for change in deployed.up()}
    assert undone == {("update", kind) for kind, *_ in patched} | {
        ("create", "TopicIAMMember"),
        ("create", "TagBinding"),
        ("create", "Dashboard"),
    }
    assert deployed.preview() == []
    assert {path: steady(call("GET", path)) for path in before} == before


def test_an_override_under_quotas_stays_beside_others(workspace: Workspace) -> None:
    workspace.write(f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-own-override
      tier: paid
      deletionPolicy: DELETE
      budget: {{amount: 100, currency: USD}}
      limits: {{others: deny}}
      quotas:
        pro-a-minute:
          metric: {GEMINI}/generate_requests_per_model
          limit: /min/model/project
          dimensions: {{model: gemini-3.1-pro}}
          value: 5
""")
    workspace.up()
    path = f"services/{GEMINI}/consumerQuotaMetrics/{PER_MODEL}/limits/{PER_MINUTE}/consumerOverrides"
    overrides = f"/serviceusage/v1beta1/projects/acme-own-override/{path}"

    def held() -> dict[str, str]:
        listed = workspace.cloud.call("GET", overrides)["overrides"]
        return {
            each.get("dimensions", {}).get("model", ""): each.get("overrideValue", "0") for each in listed
        }

    assert held() == {"": "0", "gemini-3.1-pro": "5"}
    assert workspace.refresh() == []
    body = {"overrideValue": "9", "dimensions": {"model": "gemini-2.5-pro"}}
    workspace.cloud.call("POST", f"{overrides}?force=true", body)
    assert [change.name for change in workspace.refresh()] == ["chat"]
    workspace.up()
    assert held() == {"": "0", "gemini-3.1-pro": "5"}
    assert workspace.preview() == []
