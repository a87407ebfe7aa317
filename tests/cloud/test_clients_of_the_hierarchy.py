"""Google's Python client on what no other test drives of the hierarchy: round trips, and the usual mistakes."""

from typing import Any

import pytest

from tests.cloud.googles_client import check_policy, client, refusal, result
from tests.cloud.local_cloud import ACCOUNT, FOLDER, ORGANIZATION, LocalCloud

PROJECT = "gem-hierarchy"


@pytest.fixture(scope="module")
def number(cloud: LocalCloud) -> str:
    made = cloud.create_project(PROJECT, account=ACCOUNT)
    for api in ("essentialcontacts", "orgpolicy"):
        cloud.call("serviceusage", "POST", f"v1/projects/{PROJECT}/services/{api}.googleapis.com:enable", {})
    return made


@pytest.mark.parametrize(
    ("version", "kind", "name"),
    [
        ("v1", "organizations", ORGANIZATION),
        ("v2", "folders", FOLDER),
        ("v3", "organizations", ORGANIZATION),
        ("v3", "folders", FOLDER),
    ],
)
def test_policies_of_nodes(cloud: LocalCloud, version: str, kind: str, name: str) -> None:
    resource = getattr(client(cloud, "cloudresourcemanager", version), kind)()
    permission = f"resourcemanager.{kind}.get"
    check_policy(resource, name, f"roles/resourcemanager.{kind[:-1]}Viewer", permission)
    assert (
        refusal(resource.testIamPermissions(resource=f"{kind}/1", body={"permissions": [permission]})) == 403
    )


def test_liens_and_projects_that_come_back(cloud: LocalCloud, number: str) -> None:
    v1, v3 = (client(cloud, "cloudresourcemanager", version) for version in ("v1", "v3"))
    lien = {
        "parent": f"projects/{number}",
        "restrictions": ["resourcemanager.projects.delete"],
        "reason": "in use",
        "origin": "tests",
    }
    made = v1.liens().create(body=lien).execute()
    assert made["name"].startswith("liens/p")
    assert v3.liens().get(name=made["name"]).execute() == made
    assert v3.liens().list(parent=f"projects/{number}").execute() == {"liens": [made]}
    assert refusal(v3.projects().delete(name=f"projects/{number}")) == 400
    v3.liens().delete(name=made["name"]).execute()
    assert refusal(v3.liens().get(name=made["name"])) == 404
    deleted = result(v3, v3.projects().delete(name=f"projects/{number}"))
    assert deleted["state"] == "DELETE_REQUESTED"
    restored = result(v3, v3.projects().undelete(name=f"projects/{number}", body={}))
    assert restored["state"] == "ACTIVE"
    assert refusal(v3.projects().undelete(name=f"projects/{number}", body={})) == 400
    organization = v3.organizations().get(name=ORGANIZATION).execute()
    assert organization["displayName"] == "example.com"
    cloud.call(
        "cloudbilling",
        "PUT",
        f"v1/projects/{PROJECT}/billingInfo",
        {"billingAccountName": f"billingAccounts/{ACCOUNT}"},
    )


def test_a_folders_life(cloud: LocalCloud) -> None:
    older, newer = (client(cloud, "cloudresourcemanager", version) for version in ("v2", "v3"))
    v2, v3 = older.folders(), newer.folders()
    name = result(newer, v3.create(body={"parent": FOLDER, "displayName": "team-a"}))["name"]
    other = result(older, v2.create(parent=FOLDER, body={"displayName": "team-b"}))
    assert (v3.get(name=name).execute()["displayName"], other["lifecycleState"]) == ("team-a", "ACTIVE")
    assert [each["name"] for each in v2.list(parent=FOLDER).execute()["folders"]] == [name, other["name"]]
    taken = {"displayName": "team-b"}
    assert refusal(v3.create(body={"parent": FOLDER, **taken})) == 400
    assert refusal(v3.patch(name=name, body=taken, updateMask="displayName")) == 400
    renamed = v2.patch(name=name, body={"displayName": "team-c"}, updateMask="displayName").execute()
    assert renamed["displayName"] == "team-c"
    found = v3.search(query="displayName=team-c").execute()["folders"]
    assert [each["name"] for each in found] == [name]
    moved = result(newer, v3.move(name=name, body={"destinationParent": other["name"]}))
    assert moved["parent"] == other["name"]
    assert refusal(v2.move(name=other["name"], body={"destinationParent": name})) == 400  # into itself
    assert refusal(v3.delete(name=other["name"])) == 400  # not empty
    assert result(newer, v3.delete(name=name))["state"] == "DELETE_REQUESTED"
    assert refusal(v3.delete(name=name)) == 400
    assert v2.delete(name=other["name"]).execute()["lifecycleState"] == "DELETE_REQUESTED"
    assert refusal(v3.undelete(name=name, body={})) == 403  # its parent is in deletion
    assert v2.undelete(name=other["name"], body={}).execute()["lifecycleState"] == "ACTIVE"
    assert result(newer, v3.undelete(name=name, body={}))["parent"] == other["name"]
    away = result(older, v2.move(name=name, body={"destinationParent": ORGANIZATION}))
    assert away["parent"] == ORGANIZATION
    last = result(newer, v3.patch(name=name, body={"displayName": "team-d"}, updateMask="displayName"))
    assert last["displayName"] == "team-d"


def test_tag_keys_and_values(cloud: LocalCloud) -> None:
    crm = client(cloud, "cloudresourcemanager", "v3")
    keys, values = crm.tagKeys(), crm.tagValues()
    key = result(crm, keys.create(body={"parent": ORGANIZATION, "shortName": "stage"}))
    value = result(crm, values.create(body={"parent": key["name"], "shortName": "prod"}))
    assert keys.get(name=key["name"]).execute() == key
    assert keys.getNamespaced(name=key["namespacedName"]).execute() == key
    assert keys.list(parent=ORGANIZATION).execute() == {"tagKeys": [key]}
    assert values.get(name=value["name"]).execute() == value
    assert values.list(parent=key["name"]).execute() == {"tagValues": [value]}
    for resource, made in ((keys, key), (values, value)):
        change = {"description": "what it is for"}
        patched = result(crm, resource.patch(name=made["name"], body=change, updateMask="description"))
        assert patched["description"] == "what it is for"
        kind = "tagKeys" if resource is keys else "tagValues"
        check_policy(resource, made["name"], "roles/resourcemanager.tagUser", f"resourcemanager.{kind}.get")
    assert refusal(keys.delete(name=key["name"])) == 400  # it has a value
    result(crm, values.delete(name=value["name"]))
    result(crm, keys.delete(name=key["name"]))
    assert refusal(keys.get(name=key["name"])) == 403


@pytest.mark.parametrize("parent", ["project", FOLDER, ORGANIZATION])
def test_contacts(cloud: LocalCloud, number: str, parent: str) -> None:
    name = f"projects/{number}" if parent == "project" else parent
    service = client(cloud, "essentialcontacts", "v1")
    contacts = getattr(service, name.partition("/")[0])().contacts()
    body: dict[str, Any] = {
        "email": "ann@example.com",
        "notificationCategorySubscriptions": ["BILLING"],
        "languageTag": "en",
    }
    made = contacts.create(parent=name, body=body).execute()
    assert contacts.get(name=made["name"]).execute() == made
    assert contacts.list(parent=name).execute() == {"contacts": [made]}
    change = {"notificationCategorySubscriptions": ["SECURITY"]}
    changed = contacts.patch(
        name=made["name"], body=change, updateMask="notificationCategorySubscriptions"
    ).execute()
    assert changed["notificationCategorySubscriptions"] == ["SECURITY"]
    found = contacts.compute(parent=name, notificationCategories=["SECURITY"]).execute()["contacts"]
    assert changed in found
    assert refusal(contacts.create(parent=name, body={**body, "email": "nobody"})) == 400
    contacts.delete(name=made["name"]).execute()
    assert refusal(contacts.get(name=made["name"])) == 404


@pytest.mark.parametrize("parent", ["project", FOLDER, ORGANIZATION])
def test_organization_policies(cloud: LocalCloud, number: str, parent: str) -> None:
    above = f"projects/{number}" if parent == "project" else parent
    node = getattr(client(cloud, "orgpolicy", "v2"), above.partition("/")[0])()
    policies = node.policies()
    name = f"{above}/policies/gcp.resourceLocations"
    rules = [{"values": {"allowedValues": ["in:us-locations"]}}]
    made = policies.create(parent=above, body={"name": name, "spec": {"rules": rules}}).execute()
    assert policies.get(name=name).execute() == made
    assert made in policies.list(parent=above).execute()["policies"]
    assert policies.getEffectivePolicy(name=name).execute()["spec"]["rules"] == rules
    other = [{"values": {"allowedValues": ["in:eu-locations"]}}]
    patched = policies.patch(name=name, body={"name": name, "spec": {"rules": other}}).execute()
    assert patched["spec"]["rules"] == other
    stale = {"name": name, "etag": made["etag"], "spec": {"rules": rules}}
    assert refusal(policies.patch(name=name, body=stale)) == 409
    assert refusal(policies.create(parent=above, body=stale)) == 409
    known = node.constraints().list(parent=above).execute()["constraints"]
    assert f"{above}/constraints/gcp.resourceLocations" in [each["name"] for each in known]
    policies.delete(name=name).execute()
    assert refusal(policies.get(name=name)) == 404


def test_custom_constraints(cloud: LocalCloud) -> None:
    constraints = client(cloud, "orgpolicy", "v2").organizations().customConstraints()
    name = f"{ORGANIZATION}/customConstraints/custom.keys"
    body = {
        "name": name,
        "resourceTypes": ["apikeys.googleapis.com/Key"],
        "methodTypes": ["CREATE", "UPDATE"],
        "condition": "!has(resource.restrictions)",
        "actionType": "DENY",
    }
    made = constraints.create(parent=ORGANIZATION, body=body).execute()
    assert constraints.get(name=name).execute() == made
    assert constraints.list(parent=ORGANIZATION).execute() == {"customConstraints": [made]}
    changed = constraints.patch(name=name, body={**body, "description": "restricted keys"}).execute()
    assert changed["description"] == "restricted keys"
    assert refusal(constraints.patch(name=name, body={**body, "actionType": "ALLOWED"})) == 400
    constraints.delete(name=name).execute()
    assert refusal(constraints.get(name=name)) == 404


@pytest.mark.usefixtures("number")
def test_logs_of_every_node(cloud: LocalCloud) -> None:
    logging = client(cloud, "logging", "v2")
    projects = logging.projects().logs().list(parent=f"projects/{PROJECT}").execute()
    activity = "logs/cloudaudit.googleapis.com%2Factivity"
    assert projects["logNames"] == [f"projects/{PROJECT}/{activity}"]
    assert logging.logs().list(parent=f"projects/{PROJECT}").execute() == projects
    for kind, parent in (
        ("organizations", ORGANIZATION),
        ("folders", FOLDER),
        ("billingAccounts", f"billingAccounts/{ACCOUNT}"),
    ):
        found = getattr(logging, kind)().logs().list(parent=parent).execute()
        assert found.get("logNames", []) in ([], [f"{parent}/{activity}"])
