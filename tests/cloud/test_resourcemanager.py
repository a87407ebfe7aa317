"""Resource Manager v1 and v3: two versions over the same projects."""

from typing import Any

import pytest

from tests.cloud.local_cloud import ACCOUNT, FOLDER, ORGANIZATION, LocalCloud

SERVICE = "cloudresourcemanager"
PARENT = {"type": "folder", "id": FOLDER.removeprefix("folders/")}


def test_a_project_made_in_v1_is_an_operation_and_then_the_same_in_v3(cloud: LocalCloud) -> None:
    body = {"projectId": "gem-dev-1", "name": "gem dev", "parent": PARENT, "labels": {"team": "chat"}}
    operation = cloud.call(SERVICE, "POST", "v1/projects", body)
    assert operation["name"].startswith("operations/cp.")
    assert "done" not in operation

    done = cloud.call(SERVICE, "GET", f"v1/{operation['name']}")
    project = cloud.call(SERVICE, "GET", "v1/projects/gem-dev-1")
    assert done["done"] is True
    assert done["response"] == {
        "@type": "type.googleapis.com/google.cloudresourcemanager.v1.Project",
        **project,
    }
    assert project == {
        "projectNumber": project["projectNumber"],
        "projectId": "gem-dev-1",
        "lifecycleState": "ACTIVE",
        "name": "gem dev",
        "createTime": project["createTime"],
        "labels": {"team": "chat"},
        "parent": PARENT,
    }
    assert len(project["projectNumber"]) == 12

    newer = cloud.call(SERVICE, "GET", f"v3/projects/{project['projectNumber']}")
    assert newer["name"] == f"projects/{project['projectNumber']}"
    assert (newer["projectId"], newer["parent"], newer["displayName"]) == ("gem-dev-1", FOLDER, "gem dev")


def test_an_operation_takes_as_many_polls_as_asked_for(cloud: LocalCloud) -> None:
    cloud.local("PUT", "operations", {"polls": 3})
    operation = cloud.call(SERVICE, "POST", "v3/projects", {"projectId": "gem-slow-1", "parent": FOLDER})
    polls = [cloud.call(SERVICE, "GET", f"v3/{operation['name']}") for _ in range(4)]
    cloud.local("PUT", "operations", {"polls": 1})
    assert ["done" in poll for poll in polls] == [False, False, True, True]
    assert polls[2] == polls[3]


@pytest.mark.parametrize(
    "project_id",
    [
        "short",
        "a" * 31,
        "1-begins-with-digit",
        "Upper-Case",
        "trailing-hyphen-",
        "under_score",
        "my-google-app",
        "ssl-app",
    ],
)
def test_a_bad_project_id_is_refused(cloud: LocalCloud, project_id: str) -> None:
    error = cloud.call(
        SERVICE, "POST", "v1/projects", {"projectId": project_id, "parent": PARENT}, status=400
    )
    assert error["error"]["status"] == "INVALID_ARGUMENT"
    assert error["error"]["message"].startswith("field [project_id] has issue [")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "abc"}, "display_name"),
        ({"name": "x" * 31}, "display_name"),
        ({"name": "under_score"}, "display_name"),
        ({"labels": {"Upper": "x"}}, "labels"),
        ({"labels": {"1st": "x"}}, "labels"),
        ({"labels": {"ok": "No"}}, "labels"),
        ({"labels": {"ok": "x" * 64}}, "labels"),
        ({"labels": {f"l{number}": "" for number in range(65)}}, "labels"),
        ({"parent": {"type": "team", "id": "1"}}, "parent"),
        ({"parent": {"type": "folder", "id": "mine"}}, "parent"),
    ],
)
def test_a_bad_name_label_or_parent_is_refused(
    cloud: LocalCloud, changes: dict[str, Any], field: str
) -> None:
    body = {"projectId": "gem-bad-part", "parent": PARENT, **changes}
    error = cloud.call(SERVICE, "POST", "v1/projects", body, status=400)["error"]
    assert error["details"][0]["fieldViolations"][0]["field"] == field
    cloud.call(SERVICE, "GET", "v1/projects/gem-bad-part", status=403)


def test_what_is_not_there_looks_like_what_may_not_be_seen(cloud: LocalCloud) -> None:
    expected = {
        "error": {
            "code": 403,
            "message": "The caller does not have permission",
            "status": "PERMISSION_DENIED",
        }
    }
    assert cloud.call(SERVICE, "GET", "v1/projects/nobody-has-it", status=403) == expected
    assert cloud.call(SERVICE, "GET", "v3/projects/nobody-has-it", status=403) == expected
    assert cloud.call(SERVICE, "GET", "v3/folders/111", status=403) == expected
    assert cloud.call(SERVICE, "GET", "v3/organizations/111", status=403) == expected
    body = {"projectId": "gem-no-parent", "parent": {"type": "folder", "id": "111"}}
    assert cloud.call(SERVICE, "POST", "v1/projects", body, status=403) == expected


def test_deletion_keeps_the_project_readable_takes_its_link_and_its_id_for_ever(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-delete-1", account=ACCOUNT)
    assert cloud.call(SERVICE, "DELETE", "v1/projects/gem-delete-1") == {}

    assert cloud.call(SERVICE, "GET", "v1/projects/gem-delete-1")["lifecycleState"] == "DELETE_REQUESTED"
    assert cloud.call(SERVICE, "GET", f"v3/projects/{number}")["state"] == "DELETE_REQUESTED"
    listed = cloud.call(SERVICE, "GET", "v1/projects", filter="lifecycleState:DELETE_REQUESTED")
    assert "gem-delete-1" in [project["projectId"] for project in listed["projects"]]
    links = cloud.call("cloudbilling", "GET", f"v1/billingAccounts/{ACCOUNT}/projects")
    assert "gem-delete-1" not in [link["projectId"] for link in links["projectBillingInfo"]]

    cloud.call("cloudbilling", "GET", "v1/projects/gem-delete-1/billingInfo", status=403)
    cloud.call(SERVICE, "PUT", "v1/projects/gem-delete-1", {"name": "late"}, status=400)
    cloud.call(SERVICE, "DELETE", "v1/projects/gem-delete-1", status=400)
    taken = cloud.call(
        SERVICE, "POST", "v1/projects", {"projectId": "gem-delete-1", "parent": PARENT}, status=409
    )
    assert taken["error"] == {
        "code": 409,
        "message": "Requested entity already exists",
        "status": "ALREADY_EXISTS",
    }

    assert cloud.call(SERVICE, "POST", "v1/projects/gem-delete-1:undelete", {}) == {}
    assert cloud.call(SERVICE, "GET", "v1/projects/gem-delete-1")["projectNumber"] == number
    assert (
        cloud.call("cloudbilling", "GET", "v1/projects/gem-delete-1/billingInfo")["billingEnabled"] is False
    )


def test_an_update_replaces_in_v1_and_follows_the_mask_in_v3(cloud: LocalCloud) -> None:
    cloud.create_project("gem-update-1")
    updated = cloud.call(
        SERVICE, "PUT", "v1/projects/gem-update-1", {"name": "new name", "labels": {"a": "1"}}
    )
    assert (updated["name"], updated["labels"], updated["parent"]) == ("new name", {"a": "1"}, PARENT)

    patch = {"displayName": "not this", "labels": {"b": "2"}}
    cloud.call(SERVICE, "PATCH", "v3/projects/gem-update-1", patch, updateMask="labels")
    project = cloud.call(SERVICE, "GET", "v3/projects/gem-update-1")
    assert (project["displayName"], project["labels"]) == ("new name", {"b": "2"})
    cloud.call(SERVICE, "PATCH", "v3/projects/gem-update-1", patch, updateMask="parent", status=400)


def test_a_project_moves_between_folders(cloud: LocalCloud) -> None:
    cloud.create_project("gem-move-1", parent=ORGANIZATION)
    made = cloud.call(SERVICE, "POST", "v3/folders", {"parent": FOLDER, "displayName": "team-a"})
    folder = cloud.call(SERVICE, "GET", f"v3/{made['name']}")["response"]["name"]
    cloud.call(SERVICE, "POST", "v3/projects/gem-move-1:move", {"destinationParent": folder})

    ancestors = cloud.call(SERVICE, "POST", "v1/projects/gem-move-1:getAncestry", {})["ancestor"]
    assert [ancestor["resourceId"]["type"] for ancestor in ancestors] == [
        "project",
        "folder",
        "folder",
        "organization",
    ]
    below = cloud.call(SERVICE, "GET", "v3/projects", parent=folder)["projects"]
    assert [project["projectId"] for project in below] == ["gem-move-1"]
    assert cloud.call(SERVICE, "GET", "v3/folders", parent=FOLDER)["folders"][0]["name"] == folder
    older = cloud.call(SERVICE, "GET", f"v2/{folder}")
    assert (older["parent"], older["lifecycleState"]) == (FOLDER, "ACTIVE")
    assert cloud.call(SERVICE, "GET", "v2/folders", parent=FOLDER) == {"folders": [older]}
    assert cloud.call(SERVICE, "POST", "v2/folders:search", {"query": "displayName=team-a"}) == {
        "folders": [older]
    }
    cloud.call(SERVICE, "POST", "v3/folders", {"parent": FOLDER, "displayName": "team-a"}, status=400)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("labels.color:red", ["gem-red-1", "gem-red-2"]),
        ("labels.color:RED name:gem-red-1", ["gem-red-1"]),
        ("labels.color:red AND NOT id:gem-red-1", ["gem-red-2"]),
        ("id=gem-red-1 OR id=gem-blue-1", ["gem-red-1", "gem-blue-1"]),
        ('labels.color:* (projectId:"gem-b*" OR labels.size:*)', ["gem-red-2", "gem-blue-1"]),
        ("labels.color:green", []),
    ],
)
def test_listings_are_filtered(cloud: LocalCloud, text: str, found: list[str]) -> None:
    labels = {
        "gem-red-1": {"color": "red"},
        "gem-red-2": {"color": "red", "size": "l"},
        "gem-blue-1": {"color": "blue"},
    }
    for project_id, its_labels in labels.items():
        if cloud.request(SERVICE, "GET", f"v1/projects/{project_id}").status_code != 200:
            cloud.call(SERVICE, "POST", "v1/projects", {"projectId": project_id, "labels": its_labels})
    for path, parameter in (("v1/projects", "filter"), ("v3/projects:search", "query")):
        query: dict[str, Any] = {parameter: text}
        listed = cloud.call(SERVICE, "GET", path, **query)
        assert [project["projectId"] for project in listed.get("projects", [])] == found


@pytest.mark.parametrize("text", ["labels.color", "(id:a", "id:a)", "id<5", "weather:fine"])
def test_a_filter_that_makes_no_sense_is_refused(cloud: LocalCloud, text: str) -> None:
    error = cloud.call(SERVICE, "GET", "v1/projects", filter=text, status=400)
    assert error["error"]["details"][0]["fieldViolations"][0]["field"] == "filter"


def test_pages_are_complete_though_projects_are_made_in_between(cloud: LocalCloud) -> None:
    for number in range(5):
        cloud.create_project(f"gem-page-{number}")
    first = cloud.call(SERVICE, "GET", "v1/projects", filter="id:gem-page-*", pageSize="3")
    cloud.create_project("gem-page-late")
    second = cloud.call(
        SERVICE, "GET", "v1/projects", filter="id:gem-page-*", pageSize="3", pageToken=first["nextPageToken"]
    )
    ids = [project["projectId"] for page in (first, second) for project in page["projects"]]
    assert ids == [*(f"gem-page-{number}" for number in range(5)), "gem-page-late"]
    assert "nextPageToken" not in second
    cloud.call(SERVICE, "GET", "v1/projects", pageToken="never given out", status=400)
    cloud.call(SERVICE, "GET", "v1/projects", pageSize="-1", status=400)


def test_a_policy_is_read_modified_and_written(cloud: LocalCloud) -> None:
    cloud.create_project("gem-iam-1")
    path = "v1/projects/gem-iam-1"
    policy = cloud.call(SERVICE, "POST", f"{path}:getIamPolicy", {})
    bindings = [{"role": "roles/viewer", "members": ["user:a@example.com"]}]
    stored = cloud.call(SERVICE, "POST", f"{path}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})
    assert stored["bindings"] == bindings
    assert cloud.call(SERVICE, "POST", "v3/projects/gem-iam-1:getIamPolicy", {}) == stored
    stale = cloud.call(SERVICE, "POST", f"{path}:setIamPolicy", {"policy": policy}, status=409)
    assert stale["error"]["status"] == "ABORTED"
    for bad in ({"role": "owner", "members": []}, {"role": "roles/viewer", "members": ["a@example.com"]}):
        cloud.call(SERVICE, "POST", f"{path}:setIamPolicy", {"policy": {"bindings": [bad]}}, status=400)

    asked = ["resourcemanager.projects.get", "billing.resourceAssociations.create"]
    granted = cloud.call(SERVICE, "POST", f"{path}:testIamPermissions", {"permissions": asked})
    assert granted == {"permissions": asked}
    cloud.call(SERVICE, "POST", f"{path}:testIamPermissions", {"permissions": ["everything"]}, status=400)


def test_the_organization_is_found_in_both_versions(cloud: LocalCloud) -> None:
    by_domain = cloud.call(SERVICE, "POST", "v1/organizations:search", {"filter": "domain:example.com"})
    assert [found["name"] for found in by_domain["organizations"]] == [ORGANIZATION]
    newer = cloud.call(SERVICE, "GET", "v3/organizations:search", query="domain:example.com")
    assert [found["name"] for found in newer["organizations"]] == [ORGANIZATION]
    assert cloud.call(SERVICE, "GET", f"v1/{ORGANIZATION}")["displayName"] == "example.com"
    assert cloud.call(SERVICE, "POST", "v1/organizations:search", {"filter": "domain:other.com"}) == {}


def test_a_lien_keeps_a_project_from_being_deleted(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-lien-1")
    assert cloud.call(SERVICE, "GET", "v3/liens", parent=f"projects/{number}") == {}
    lien = {
        "parent": "projects/gem-lien-1",
        "restrictions": ["resourcemanager.projects.delete"],
        "origin": "platform",
        "reason": "in production",
    }
    made = cloud.call(SERVICE, "POST", "v3/liens", lien)
    assert made["name"].startswith(f"liens/p{number}-l")
    assert made["parent"] == f"projects/{number}"
    for version in ("v1", "v3"):
        assert cloud.call(SERVICE, "GET", f"{version}/{made['name']}") == made
        assert cloud.call(SERVICE, "GET", f"{version}/liens", parent=f"projects/{number}") == {
            "liens": [made]
        }
        error = cloud.call(SERVICE, "DELETE", f"{version}/projects/gem-lien-1", status=400)["error"]
        assert error["status"] == "FAILED_PRECONDITION"
        assert "by [platform]" in error["message"]
    mistakes: tuple[dict[str, Any], ...] = (
        {"restrictions": []},
        {"restrictions": ["a.b.c"]},
        {"parent": FOLDER},
        {"origin": "x" * 201},
    )
    for wrong in mistakes:
        cloud.call(SERVICE, "POST", "v1/liens", {**lien, **wrong}, status=400)
    cloud.call(SERVICE, "GET", "v3/liens", parent="projects/nobody-has-it", status=403)

    assert cloud.call(SERVICE, "DELETE", f"v1/{made['name']}") == {}
    cloud.call(SERVICE, "DELETE", f"v3/{made['name']}", status=404)
    assert cloud.call(SERVICE, "DELETE", "v1/projects/gem-lien-1") == {}
