"""What was deleted comes back for a while; then the clock deletes it for good."""

from typing import Any

import pytest

from tests.cloud.local_cloud import FOLDER, ORGANIZATION, LocalCloud

DAY = 86_400


@pytest.fixture
def held(cloud: LocalCloud) -> LocalCloud:
    """The module's local cloud, with a clock that is held."""
    cloud.local("PUT", "clock", {"hold": True})
    return cloud


def _pass(cloud: LocalCloud, days: int) -> None:
    cloud.local("PUT", "clock", {"advanceSeconds": days * DAY})


def _projects(cloud: LocalCloud) -> set[str]:
    shown = cloud.call("cloudresourcemanager", "GET", "v3/projects", parent=FOLDER, showDeleted="true")
    return {each["projectId"] for each in shown.get("projects", [])}


def test_a_project_comes_back_within_30_days_and_its_id_never_does(held: LocalCloud) -> None:
    path = "v3/projects/gem-purged"
    held.create_project("gem-purged")
    held.call("cloudresourcemanager", "DELETE", path)
    _pass(held, 29)
    held.call("cloudresourcemanager", "POST", f"{path}:undelete", {})
    _pass(held, 2)
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "ACTIVE"
    held.call("cloudresourcemanager", "DELETE", path)
    _pass(held, 29)
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "DELETE_REQUESTED"
    assert "gem-purged" in _projects(held)
    _pass(held, 1)
    held.call("cloudresourcemanager", "GET", path, status=403)
    held.call("cloudresourcemanager", "POST", f"{path}:undelete", {}, status=403)
    assert "gem-purged" not in _projects(held)
    body = {"projectId": "gem-purged", "parent": FOLDER}
    held.call("cloudresourcemanager", "POST", "v3/projects", body, status=409)
    # Only the local cloud's own surface frees it.
    assert "gem-purged" in held.local("DELETE", "deletedProjects")["forgotten"]
    held.call("cloudresourcemanager", "POST", "v3/projects", body)


def test_a_key_comes_back_with_its_string_within_30_days_and_then_its_id_is_free(held: LocalCloud) -> None:
    held.create_project("gem-key-purge")
    body = {"serviceIds": ["apikeys.googleapis.com"]}
    held.call("serviceusage", "POST", "v1/projects/gem-key-purge/services:batchEnable", body)
    keys = "v2/projects/gem-key-purge/locations/global/keys"
    held.call("apikeys", "POST", keys, {}, keyId="app")
    string = held.call("apikeys", "GET", f"{keys}/app/keyString")
    held.call("apikeys", "DELETE", f"{keys}/app")
    _pass(held, 29)
    held.call("apikeys", "POST", keys, {}, keyId="app", status=409)
    held.call("apikeys", "POST", f"{keys}/app:undelete", {})
    assert held.call("apikeys", "GET", f"{keys}/app/keyString") == string
    held.call("apikeys", "DELETE", f"{keys}/app")
    _pass(held, 30)
    held.call("apikeys", "POST", f"{keys}/app:undelete", {}, status=404)
    assert held.call("apikeys", "GET", keys, showDeleted="true") == {}
    held.call("apikeys", "POST", keys, {}, keyId="app")
    assert held.call("apikeys", "GET", f"{keys}/app/keyString") != string


def test_a_service_account_comes_back_within_30_days(held: LocalCloud) -> None:
    accounts = "v1/projects/sandbox-seed/serviceAccounts"
    made = [
        held.call("iam", "POST", accounts, {"accountId": f"purged-{number}"}) for number in ("one", "two")
    ]
    for each in made:
        held.call("iam", "DELETE", f"{accounts}/{each['email']}")
    _pass(held, 29)
    held.call("iam", "POST", f"{accounts}/{made[0]['uniqueId']}:undelete", {})
    _pass(held, 1)
    held.call("iam", "POST", f"{accounts}/{made[1]['uniqueId']}:undelete", {}, status=404)
    held.call("iam", "GET", f"{accounts}/{made[0]['email']}")


def test_a_role_comes_back_within_7_days_and_its_id_is_free_after_37(held: LocalCloud) -> None:
    roles, role = f"v1/{ORGANIZATION}/roles", f"v1/{ORGANIZATION}/roles/purged"
    body: dict[str, Any] = {"roleId": "purged", "role": {"title": "Purged"}}
    held.call("iam", "POST", roles, body)
    held.call("iam", "DELETE", role)
    _pass(held, 6)
    held.call("iam", "POST", f"{role}:undelete", {})
    held.call("iam", "DELETE", role)
    _pass(held, 7)
    held.call("iam", "POST", f"{role}:undelete", {}, status=400)
    _pass(held, 29)
    held.call("iam", "POST", roles, body, status=400)
    _pass(held, 1)
    held.call("iam", "POST", roles, body)


def test_a_folder_comes_back_within_30_days_and_then_its_name_is_free(held: LocalCloud) -> None:
    made = held.call(
        "cloudresourcemanager", "POST", "v3/folders", {"parent": FOLDER, "displayName": "purged"}
    )
    folder = held.call("cloudresourcemanager", "GET", f"v3/{made['name']}")["response"]["name"]
    path = f"v3/{folder}"
    body = {"projectId": "gem-in-purged", "parent": folder}
    held.call("cloudresourcemanager", "POST", "v3/projects", body)
    held.call("cloudresourcemanager", "DELETE", "v3/projects/gem-in-purged")
    held.call("cloudresourcemanager", "DELETE", path)
    # What was in it comes back after it, and not before.
    held.call("cloudresourcemanager", "POST", "v3/projects/gem-in-purged:undelete", {}, status=403)
    _pass(held, 29)
    held.call("cloudresourcemanager", "POST", f"{path}:undelete", {})
    held.call("cloudresourcemanager", "POST", "v3/projects/gem-in-purged:undelete", {})
    _pass(held, 2)
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "ACTIVE"
    held.call("cloudresourcemanager", "DELETE", "v3/projects/gem-in-purged")
    held.call("cloudresourcemanager", "DELETE", path)
    _pass(held, 29)
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "DELETE_REQUESTED"
    _pass(held, 1)
    held.call("cloudresourcemanager", "GET", path, status=403)
    held.call("cloudresourcemanager", "POST", f"{path}:undelete", {}, status=403)
    shown = held.call("cloudresourcemanager", "GET", "v3/folders", parent=FOLDER, showDeleted="true")
    assert folder not in [each["name"] for each in shown.get("folders", [])]
    held.call("cloudresourcemanager", "POST", "v3/folders", {"parent": FOLDER, "displayName": "purged"})


def test_a_log_bucket_comes_back_within_7_days_and_then_its_id_is_free(held: LocalCloud) -> None:
    held.create_project("gem-log-purge")
    buckets = "v2/projects/gem-log-purge/locations/global/buckets"
    held.call("logging", "POST", buckets, {}, bucketId="kept")
    held.call("logging", "POST", f"{buckets}/kept/views", {}, viewId="mine")
    granted = {"bindings": [{"role": "roles/logging.viewAccessor", "members": ["user:ann@example.com"]}]}
    views = [f"{buckets}/kept/views/{view}" for view in ("_AllLogs", "mine")]
    for view in views:
        held.call("logging", "POST", f"{view}:setIamPolicy", {"policy": granted})
    held.call("logging", "DELETE", f"{buckets}/kept")
    _pass(held, 6)
    held.call("logging", "POST", f"{buckets}/kept:undelete", {})
    _pass(held, 2)
    held.call("logging", "GET", f"{buckets}/kept/views/mine")
    held.call("logging", "DELETE", f"{buckets}/kept")
    _pass(held, 7)
    held.call("logging", "GET", f"{buckets}/kept", status=404)
    held.call("logging", "POST", buckets, {}, bucketId="kept")
    held.call("logging", "GET", f"{buckets}/kept/views/mine", status=404)
    held.call("logging", "POST", f"{buckets}/kept/views", {}, viewId="mine")
    for view in views:
        assert "bindings" not in held.call("logging", "POST", f"{view}:getIamPolicy", {})
