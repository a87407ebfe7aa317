"""Organization policies by inheritance over organization, folders and project, and what they forbid."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.local_cloud import FOLDER, ORGANIZATION, LocalCloud

SERVICES = "gcp.restrictServiceUsage"
PUBSUB = "pubsub.googleapis.com"
SEED = "sandbox-seed"
SECRETS = f"v1/projects/{SEED}/secrets"
PUBLISHER = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"


def allowed(*values: str) -> dict[str, Any]:
    return {"rules": [{"values": {"allowedValues": list(values)}}]}


def denied(*values: str) -> dict[str, Any]:
    return {"rules": [{"values": {"deniedValues": list(values)}}]}


INHERIT: dict[str, Any] = {"inheritFromParent": True}


@pytest.fixture(scope="module")
def places(cloud: LocalCloud) -> tuple[str, str, str]:
    """A folder, a folder in it, and a project in that."""
    outer = cloud.call(
        "cloudresourcemanager", "POST", "v3/folders", {"parent": FOLDER, "displayName": "outer"}
    )
    outer_name = cloud.call("cloudresourcemanager", "GET", f"v3/{outer['name']}")["response"]["name"]
    body = {"parent": outer_name, "displayName": "inner"}
    inner = cloud.call("cloudresourcemanager", "POST", "v3/folders", body)
    inner_name = cloud.call("cloudresourcemanager", "GET", f"v3/{inner['name']}")["response"]["name"]
    number = cloud.create_project("gem-policies-1", parent=inner_name)
    return outer_name, inner_name, f"projects/{number}"


@pytest.fixture
def policies(cloud: LocalCloud) -> Iterator[Any]:
    """Sets policies, and removes them after the test."""
    made = []

    def set_policy(parent: str, constraint: str, spec: dict[str, Any], *, status: int = 200) -> None:
        name = f"{parent}/policies/{constraint}"
        cloud.call("orgpolicy", "POST", f"v2/{parent}/policies", {"name": name, "spec": spec}, status=status)
        if status == 200:
            made.append(name)

    yield set_policy
    for name in made:
        cloud.call("orgpolicy", "DELETE", f"v2/{name}")


def effective(cloud: LocalCloud, parent: str, constraint: str = SERVICES) -> list[dict[str, Any]]:
    path = f"v2/{parent}/policies/{constraint}:getEffectivePolicy"
    rules: list[dict[str, Any]] = cloud.call("orgpolicy", "GET", path)["spec"]["rules"]
    return rules


@pytest.mark.parametrize(
    ("organization", "outer", "inner", "expected"),
    [
        (None, None, None, [{"allowAll": True}]),
        (allowed("a", "b"), None, None, allowed("a", "b")["rules"]),
        (allowed("a", "b"), allowed("c"), None, allowed("c")["rules"]),
        (allowed("a"), {**allowed("b"), **INHERIT}, None, allowed("a", "b")["rules"]),
        (
            allowed("a", "b"),
            {**denied("b"), **INHERIT},
            {**allowed("c"), **INHERIT},
            [{"values": {"allowedValues": ["a", "b", "c"], "deniedValues": ["b"]}}],
        ),
        (None, None, {**denied("a"), **INHERIT}, denied("a")["rules"]),
        (denied("a"), {"reset": True}, None, [{"allowAll": True}]),
        (denied("a"), {"reset": True}, {**denied("b"), **INHERIT}, denied("b")["rules"]),
        (allowed("a"), {"rules": [{"denyAll": True}]}, {**allowed("c"), **INHERIT}, [{"denyAll": True}]),
        ({"rules": [{"allowAll": True}]}, {**denied("a"), **INHERIT}, None, denied("a")["rules"]),
    ],
)
def test_lists_are_merged_over_nested_folders(
    cloud: LocalCloud,
    places: tuple[str, str, str],
    policies: Any,
    organization: Any,
    outer: Any,
    inner: Any,
    expected: Any,
) -> None:
    for parent, spec in zip((ORGANIZATION, *places), (organization, outer, inner), strict=False):
        if spec is not None:
            policies(parent, SERVICES, spec)
    assert effective(cloud, places[2]) == expected


def test_the_nearest_policy_decides_what_is_enforced(
    cloud: LocalCloud, places: tuple[str, str, str], policies: Any
) -> None:
    constraint = "iam.managed.disableServiceAccountApiKeyCreation"
    assert effective(cloud, places[2], constraint) == [{"enforce": False}]
    rule = {"enforce": True, "parameters": {"allowedServices": ["generativelanguage.googleapis.com"]}}
    policies(ORGANIZATION, constraint, {"rules": [{"enforce": True}]})
    policies(places[0], constraint, {"rules": [rule]})
    assert effective(cloud, places[2], constraint) == [rule]
    policies(places[1], constraint, {"reset": True})
    assert effective(cloud, places[2], constraint) == [{"enforce": False}]
    assert effective(cloud, FOLDER, constraint) == [{"enforce": True}]


@pytest.mark.parametrize(
    ("constraint", "spec"),
    [
        (SERVICES, {"rules": [{"enforce": True}]}),
        ("iam.managed.allowedPolicyMembers", allowed("a")),
        ("iam.disableServiceAccountKeyCreation", {"rules": [{"enforce": True}], **INHERIT}),
        ("iam.disableServiceAccountKeyCreation", {"rules": [{"enforce": True, "parameters": {"a": 1}}]}),
        ("iam.managed.allowedPolicyMembers", {"rules": [{"enforce": True}, {"enforce": False}]}),
        (SERVICES, {"reset": True, **INHERIT}),
    ],
)
def test_a_policy_that_google_refuses_is_refused(policies: Any, constraint: str, spec: Any) -> None:
    policies(ORGANIZATION, constraint, spec, status=400)


def violated(answer: dict[str, Any]) -> str:
    """The constraint of a refusal."""
    assert answer["error"]["status"] == "FAILED_PRECONDITION"
    return str(answer["error"]["details"][0]["violations"][0]["type"]).removeprefix("constraints/")


def test_a_restricted_service_is_not_enabled(
    cloud: LocalCloud, places: tuple[str, str, str], policies: Any
) -> None:
    policies(places[0], SERVICES, denied(PUBSUB))
    services = f"v1/{places[2]}/services"
    assert (
        violated(cloud.call("serviceusage", "POST", f"{services}/{PUBSUB}:enable", {}, status=400))
        == SERVICES
    )
    batch = {"serviceIds": ["apikeys.googleapis.com", PUBSUB]}
    cloud.call("serviceusage", "POST", f"{services}:batchEnable", batch, status=400)
    cloud.call("serviceusage", "POST", f"{services}/apikeys.googleapis.com:enable", {})


def test_members_of_other_organizations_are_refused(cloud: LocalCloud, policies: Any) -> None:
    path = f"v1/projects/{SEED}/topics/members"
    cloud.call("pubsub", "PUT", path, {})
    email = cloud.call("iam", "POST", f"v1/projects/{SEED}/serviceAccounts", {"accountId": "inside"})["email"]

    def set_members(*members: str, status: int = 200) -> dict[str, Any]:
        policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": list(members)}]}
        return cloud.call("pubsub", "POST", f"{path}:setIamPolicy", {"policy": policy}, status=status)

    set_members(PUBLISHER)
    policies(ORGANIZATION, "iam.allowedPolicyMemberDomains", allowed("is:C01234abc"))
    # A member that the policy had before stays.
    set_members(PUBLISHER, "user:ann@example.com")
    set_members("user:ann@example.com")
    error = set_members(PUBLISHER, "user:ann@example.com", status=400)
    assert violated(error) == "iam.allowedPolicyMemberDomains"
    [detail] = error["error"]["details"]
    assert "billing-budget-alert@system.gserviceaccount.com" in detail["violations"][0]["description"]
    number = cloud.call("cloudresourcemanager", "GET", f"v1/projects/{SEED}")["projectNumber"]
    pool = "locations/global/workloadIdentityPools/ci/attribute.repository/acme/app"
    workload = f"principalSet://iam.googleapis.com/projects/{number}/{pool}"
    set_members("user:ann@example.com", "domain:example.com", f"serviceAccount:{email}", workload)
    set_members("allUsers", status=400)
    set_members("user:ann@other.com", status=400)

    # A new bucket is its project's owners', who belong here.
    cloud.call("storage", "POST", f"storage/v1/b?project={SEED}", {"name": "members"})

    # A managed constraint names members one by one, or organizations.
    set_members("user:ann@example.com")
    members = "iam.managed.allowedPolicyMembers"
    parameters: dict[str, Any] = {"allowedMemberSubjects": ["user:ann@example.com"]}
    policies(ORGANIZATION, members, {"rules": [{"enforce": True, "parameters": parameters}]})
    assert violated(set_members("user:bob@example.com", status=400)) == members
    set_members("user:ann@example.com")
    parameters["allowedPrincipalSets"] = [f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}"]
    spec = {"rules": [{"enforce": True, "parameters": parameters}]}
    cloud.call(
        "orgpolicy", "PATCH", f"v2/{ORGANIZATION}/policies/{members}", {"spec": spec}, updateMask="spec"
    )
    set_members("user:bob@example.com", f"serviceAccount:{email}")


def test_contacts_and_locations_are_restricted(cloud: LocalCloud, policies: Any) -> None:
    policies(FOLDER, "essentialcontacts.allowedContactDomains", allowed("@example.com"))
    contact = {"notificationCategorySubscriptions": ["ALL"], "languageTag": "en", "email": "a@other.com"}
    path = f"v1/{FOLDER}/contacts"
    refused = cloud.call("essentialcontacts", "POST", path, contact, status=400)
    assert violated(refused) == "essentialcontacts.allowedContactDomains"
    cloud.call("essentialcontacts", "POST", path, {**contact, "email": "a@example.com"})

    policies(ORGANIZATION, "gcp.resourceLocations", allowed("in:eu-locations", "us-east1"))

    def secret(name: str, *locations: str, status: int) -> dict[str, Any]:
        replicas = [{"location": location} for location in locations]
        replication = {"userManaged": {"replicas": replicas}} if replicas else {"automatic": {}}
        return cloud.call(
            "secretmanager", "POST", SECRETS, {"replication": replication}, secretId=name, status=status
        )

    assert violated(secret("everywhere", status=400)) == "gcp.resourceLocations"
    secret("west", "us-west1", status=400)
    secret("mixed", "us-east1", "europe-west1", status=200)

    buckets = f"storage/v1/b?project={SEED}"
    refused = cloud.call("storage", "POST", buckets, {"name": "located", "location": "US"}, status=412)
    assert "violates constraint 'constraints/gcp.resourceLocations'" in refused["error"]["message"]
    cloud.call("storage", "POST", buckets, {"name": "located", "location": "EU"})
    rings = f"v1/projects/{SEED}/locations/global/keyRings"
    assert (
        violated(cloud.call("cloudkms", "POST", rings, {}, keyRingId="r", status=400))
        == "gcp.resourceLocations"
    )
