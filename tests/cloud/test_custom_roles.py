"""Roles of IAM: those of organizations and projects, and Google's own."""

from typing import Any

import pytest

from tests.cloud.local_cloud import ACCOUNT, ORGANIZATION, LocalCloud

ROLES = f"v1/{ORGANIZATION}/roles"
CAPS = ["billing.budgets.configureSpendCap", "billing.budgets.create"]
TOKEN = "token-of-ann"


def made(cloud: LocalCloud, role_id: str, permissions: list[str], *, status: int = 200) -> dict[str, Any]:
    role = {"title": "Spend caps", "stage": "GA", "includedPermissions": permissions}
    return cloud.call("iam", "POST", ROLES, {"roleId": role_id, "role": role}, status=status)


def held(cloud: LocalCloud) -> list[str]:
    """Those of the permissions on the billing account that Ann has."""
    path = f"v1/billingAccounts/{ACCOUNT}:testIamPermissions"
    found = cloud.call("cloudbilling", "POST", path, {"permissions": CAPS}, token=TOKEN)
    return list(found.get("permissions", []))


def test_a_custom_role_grants_until_it_is_deleted(cloud: LocalCloud) -> None:
    cloud.local("PUT", "identities", {"identities": {TOKEN: {"member": "user:ann@example.com"}}})
    role = made(cloud, "geminiSpendCaps", CAPS)
    name, path = role["name"], f"v1/{role['name']}"
    assert name == f"{ORGANIZATION}/roles/geminiSpendCaps"
    account = f"v1/billingAccounts/{ACCOUNT}:setIamPolicy"
    binding = {"role": name, "members": ["user:ann@example.com"]}
    cloud.call("cloudbilling", "POST", account, {"policy": {"bindings": [binding]}})
    assert held(cloud) == CAPS

    fewer = {"includedPermissions": CAPS[:1], "etag": role["etag"]}
    changed = cloud.call("iam", "PATCH", path, fewer, updateMask="includedPermissions")
    assert (changed["title"], changed["includedPermissions"]) == ("Spend caps", CAPS[:1])
    assert held(cloud) == CAPS[:1]
    stale = cloud.call("iam", "PATCH", path, fewer, updateMask="includedPermissions", status=409)
    assert stale["error"]["status"] == "ABORTED"

    assert cloud.call("iam", "DELETE", path)["deleted"] is True
    assert held(cloud) == []
    assert cloud.call("iam", "GET", path)["deleted"] is True
    assert cloud.call("iam", "GET", ROLES) == {}
    [shown] = cloud.call("iam", "GET", ROLES, showDeleted="true")["roles"]
    assert "includedPermissions" not in shown
    assert "deleted state" in made(cloud, "geminiSpendCaps", CAPS, status=400)["error"]["message"]
    cloud.call("iam", "POST", f"{path}:undelete", {})
    assert held(cloud) == CAPS[:1]
    assert made(cloud, "geminiSpendCaps", CAPS, status=409)["error"]["status"] == "ALREADY_EXISTS"
    [whole] = cloud.call("iam", "GET", ROLES, view="FULL")["roles"]
    assert whole["includedPermissions"] == CAPS[:1]
    # A caller who may not make roles is refused in IAM's words.
    body = {"roleId": "mine", "role": {"title": "x"}}
    refused = cloud.call("iam", "POST", ROLES, body, token=TOKEN, project="sandbox-seed", status=403)
    assert refused["error"]["details"][0]["reason"] == "USER_PROJECT_DENIED"
    refused = cloud.call("iam", "POST", ROLES, body, token=TOKEN, status=403)
    assert refused["error"]["message"] == f"You don't have permission to create a role in {ORGANIZATION}."


@pytest.mark.parametrize(
    "permissions", [["billing.budgets.paint"], ["no permission"], ["billing.budgets.create", ""]]
)
def test_a_role_of_unknown_permissions_is_refused(cloud: LocalCloud, permissions: list[str]) -> None:
    assert "is not valid" in made(cloud, "badRole", permissions, status=400)["error"]["message"]


def test_a_role_of_a_project_is_granted_there_alone(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-roles-1")
    cloud.create_project("gem-roles-2")
    cloud.call("serviceusage", "POST", f"v1/projects/{number}/services/iam.googleapis.com:enable", {})
    body = {"roleId": "reader", "role": {"includedPermissions": ["resourcemanager.projects.get"]}}
    role = cloud.call("iam", "POST", f"v1/projects/{number}/roles", body)
    assert (role["name"], role["stage"]) == ("projects/gem-roles-1/roles/reader", "ALPHA")
    policy = {"policy": {"bindings": [{"role": role["name"], "members": ["user:ann@example.com"]}]}}
    path = "v3/projects/gem-roles-{}:setIamPolicy"
    cloud.call("cloudresourcemanager", "POST", path.format(1), policy)
    refused = cloud.call("cloudresourcemanager", "POST", path.format(2), policy, status=400)
    assert "does not exist in the resource's hierarchy" in refused["error"]["message"]
    body["role"] = {"includedPermissions": ["resourcemanager.projects.list"]}
    cloud.call("iam", "POST", f"v1/projects/{number}/roles", {**body, "roleId": "lister"}, status=400)


def test_googles_own_roles_are_read(cloud: LocalCloud) -> None:
    role = cloud.call("iam", "GET", "v1/roles/billing.user")
    assert "billing.resourceAssociations.create" in role["includedPermissions"]
    cloud.call("iam", "GET", "v1/roles/billing.painter", status=404)
    page = cloud.call("iam", "GET", "v1/roles", pageSize="5")
    assert (len(page["roles"]), "includedPermissions" in page["roles"][0]) == (5, False)
    resource = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}"}
    found = cloud.call(
        "iam", "POST", "v1/permissions:queryTestablePermissions", {**resource, "pageSize": 1000}
    )
    assert {"name": "billing.budgets.configureSpendCap", "stage": "GA"} in found["permissions"]
