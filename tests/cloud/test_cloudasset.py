"""Cloud Asset Inventory: what audits ask it, and what it refuses."""

from typing import Any

import pytest
from googleapiclient.discovery import build

from sandbox.cloud.cloudasset import queries
from sandbox.cloud.core.errors import CloudError
from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, ORGANIZATION, LocalCloud

PROJECT = "asset-chat-1"
TYPES = {
    "apikeys.googleapis.com/Key",
    "cloudbilling.googleapis.com/ProjectBillingInfo",
    "cloudresourcemanager.googleapis.com/Project",
    "iam.googleapis.com/ServiceAccount",
    "logging.googleapis.com/LogMetric",
    "logging.googleapis.com/LogSink",
    "monitoring.googleapis.com/AlertPolicy",
    "pubsub.googleapis.com/Subscription",
    "pubsub.googleapis.com/Topic",
    "secretmanager.googleapis.com/Secret",
    "serviceusage.googleapis.com/Service",
    "storage.googleapis.com/Bucket",
}
THRESHOLD = {
    "filter": 'metric.type="a.googleapis.com/b" resource.type="global"',
    "comparison": "COMPARISON_GT",
}


@pytest.fixture(scope="module")
def number(cloud: LocalCloud) -> str:
    """A project with one of everything that is an asset."""
    number = cloud.create_project(PROJECT, account=ACCOUNT)
    own = f"projects/{PROJECT}"
    apis = [f"{api}.googleapis.com" for api in ("apikeys", "cloudasset", "iam", "pubsub", "secretmanager")]
    apis.append("monitoring.googleapis.com")
    cloud.call("serviceusage", "POST", f"v1/{own}/services:batchEnable", {"serviceIds": apis})
    labels = {"labels": {"env": "prod"}}
    cloud.call("cloudresourcemanager", "PATCH", f"v3/{own}", labels, updateMask="labels")
    cloud.call(
        "apikeys", "POST", f"v2/{own}/locations/global/keys", {"displayName": "backend key"}, keyId="backend"
    )
    cloud.call("iam", "POST", f"v1/{own}/serviceAccounts", {"accountId": "backend"})
    sink = {"name": "all", "destination": f"logging.googleapis.com/{own}"}
    cloud.call("logging", "POST", f"v2/{own}/sinks", sink)
    cloud.call("logging", "POST", f"v2/{own}/metrics", {"name": "errors", "filter": "severity>=ERROR"})
    policy = {
        "displayName": "calls fail",
        "combiner": "OR",
        "conditions": [{"displayName": "any", "conditionThreshold": THRESHOLD | {"duration": "0s"}}],
    }
    cloud.call("monitoring", "POST", f"v3/{own}/alertPolicies", policy)
    cloud.call("pubsub", "PUT", f"v1/{own}/topics/budgets", labels)
    cloud.call("pubsub", "PUT", f"v1/{own}/subscriptions/reader", {"topic": f"{own}/topics/budgets"})
    secret: dict[str, Any] = {"replication": {"automatic": {}}}
    cloud.call("secretmanager", "POST", f"v1/{own}/secrets", secret, secretId="token")
    cloud.call("storage", "POST", f"storage/v1/b?project={PROJECT}", {"name": "asset-state-1"})
    bindings = [
        {"role": "roles/viewer", "members": ["user:ann@example.com", "group:team@example.com"]},
        {"role": "roles/pubsub.admin", "members": ["serviceAccount:bot@example.iam.gserviceaccount.com"]},
    ]
    cloud.call("cloudresourcemanager", "POST", f"v3/{own}:setIamPolicy", {"policy": {"bindings": bindings}})
    publisher = [{"role": "roles/pubsub.publisher", "members": ["user:ann@example.com"]}]
    cloud.call("pubsub", "POST", f"v1/{own}/topics/budgets:setIamPolicy", {"policy": {"bindings": publisher}})
    return number


@pytest.fixture(scope="module")
def client(cloud: LocalCloud) -> Any:
    return build(
        "cloudasset",
        "v1",
        client_options={"api_endpoint": cloud.url("cloudasset")},
        credentials=CREDENTIALS,
        static_discovery=True,
    ).v1()


def _search(client: Any, scope: str, query: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        client.searchAllResources(scope=scope, query=query, **more).execute().get("results", [])
    )
    return found


def test_everything_of_a_project_is_found_with_where_it_is(client: Any, number: str) -> None:
    found = _search(client, f"projects/{PROJECT}", "")
    assert {each["assetType"] for each in found} == TYPES
    above = (f"projects/{number}", [FOLDER], ORGANIZATION)
    assert {(each["project"], tuple(each["folders"]), each["organization"]) for each in found} == {
        (above[0], tuple(above[1]), above[2])
    }
    [project] = [each for each in found if each["assetType"].endswith("/Project")]
    assert project["name"] == f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"
    assert project["parentFullResourceName"] == f"//cloudresourcemanager.googleapis.com/{FOLDER}"
    assert project["additionalAttributes"] == {"projectId": PROJECT}
    [bucket] = [each for each in found if each["assetType"].endswith("/Bucket")]
    assert bucket["parentAssetType"] == project["assetType"]
    assert "AIza" not in str(found)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name:backend", {"Key"}),
        ("displayName:BACK*", {"Key"}),
        ('displayName:"backend key"', {"Key"}),
        ("displayName=backend", set()),
        ("labels.env:prod", {"Project", "Topic"}),
        ("labels:prod NOT name=//pubsub.googleapis.com/projects/asset-chat-1/topics/budgets", {"Project"}),
        ("state:(ACTIVE OR DISABLED) createTime>2020-01-01", {"Project"}),
        ("createTime<1000000000", set()),
        ("calls", {"AlertPolicy"}),
        ("parentAssetType:Folder", {"Project"}),
        ('"calls fail" OR displayName:reader', {"AlertPolicy", "Subscription"}),
    ],
)
def test_queries(client: Any, number: str, query: str, names: set[str]) -> None:
    found = _search(client, f"projects/{number}", query)
    assert {each["assetType"].rpartition("/")[2] for each in found} == names


def test_a_search_is_ordered_masked_and_cut_into_pages(cloud: LocalCloud, client: Any, number: str) -> None:
    services = {
        "assetTypes": [".*/(Service|Topic)"],
        "orderBy": "assetType DESC, name",
        "readMask": "name,asset_type",
    }
    scope, token = f"projects/{number}", ""
    names: list[str] = []
    while True:
        answer = client.searchAllResources(scope=scope, pageSize=3, pageToken=token, **services).execute()
        assert all(each.keys() == {"name", "assetType"} for each in answer["results"])
        names += [each["name"] for each in answer["results"]]
        token = answer.get("nextPageToken", "")
        if not token:
            break
    assert names[-1] == f"//pubsub.googleapis.com/projects/{PROJECT}/topics/budgets"
    assert names[:-1] == sorted(names[:-1])
    assert len(names) > 6

    everywhere = {each["assetType"] for each in _search(client, ORGANIZATION, "", pageSize=500)}
    assert {
        "cloudbilling.googleapis.com/BillingAccount",
        "cloudresourcemanager.googleapis.com/Folder",
    } <= everywhere
    for query in ("name:", "foo:bar", "(a", "state>ACTIVE", "createTime>soon", " ".join("abcdefghijk")):
        cloud.call("cloudasset", "GET", f"v1/{scope}:searchAllResources", status=400, query=query)
    cloud.call("cloudasset", "GET", f"v1/{scope}:searchAllResources", status=400, assetTypes="compute.*Disk")
    cloud.call("cloudasset", "GET", f"v1/{scope}:searchAllResources", status=400, orderBy="labels")
    cloud.call("cloudasset", "GET", f"v1/{scope}:searchAllResources", status=400, readMask="nothing")
    cloud.call("cloudasset", "GET", "v1/folders/1:searchAllResources", status=403)
    cloud.call("cloudasset", "GET", f"v1/billingAccounts/{ACCOUNT}:searchAllResources", status=400)


@pytest.mark.parametrize(
    ("query", "roles"),
    [
        ("assetType:cloudresourcemanager", {"roles/viewer", "roles/pubsub.admin"}),
        ("policy:ann@example.com", {"roles/viewer", "roles/pubsub.publisher"}),
        ("policy:roles/viewer", {"roles/viewer"}),
        ("memberTypes:serviceAccount", {"roles/pubsub.admin"}),
        ("roles:pubsub*", {"roles/pubsub.admin", "roles/pubsub.publisher"}),
        ("resource:topics policy:ann*", {"roles/pubsub.publisher"}),
        ("policy.role.permissions:pubsub.topics.delete", {"roles/pubsub.admin"}),
    ],
)
def test_policies_are_found_by_who_has_what(client: Any, number: str, query: str, roles: set[str]) -> None:
    found = client.searchAllIamPolicies(scope=f"projects/{PROJECT}", query=query).execute().get("results", [])
    assert {binding["role"] for each in found for binding in each["policy"]["bindings"]} == roles
    assert {each["project"] for each in found} == {f"projects/{number}"}


def test_assets_are_listed_with_their_resources_or_policies(cloud: LocalCloud, number: str) -> None:
    path = f"v1/projects/{number}/assets"
    names = cloud.call("cloudasset", "GET", path)["assets"]
    assert all(each["ancestors"] == [f"projects/{number}", FOLDER, ORGANIZATION] for each in names)
    topic: dict[str, Any] = {"assetTypes": "pubsub.googleapis.com/Topic"}
    [listed] = cloud.call("cloudasset", "GET", path, contentType="RESOURCE", **topic)["assets"]
    assert listed["resource"]["data"]["labels"] == {"env": "prod"}
    [listed] = cloud.call("cloudasset", "GET", path, contentType="IAM_POLICY", **topic)["assets"]
    assert listed["iamPolicy"]["bindings"][0]["role"] == "roles/pubsub.publisher"
    cloud.call("cloudasset", "GET", path, status=501, contentType="ORG_POLICY")


def test_a_caller_takes_the_permission_of_the_search(cloud: LocalCloud, number: str) -> None:
    member = {"member": f"serviceAccount:backend@{PROJECT}.iam.gserviceaccount.com"}
    cloud.local("PUT", "identities", {"identities": {"auditor": member}})
    search = f"v1/projects/{number}:searchAllResources"
    cloud.call("cloudasset", "GET", search, status=403, token="auditor")
    policy = f"v3/projects/{number}:setIamPolicy"
    binding = {"role": "roles/cloudasset.viewer", "members": [member["member"]]}
    cloud.call("cloudresourcemanager", "POST", policy, {"policy": {"bindings": [binding]}})
    assert cloud.call("cloudasset", "GET", search, token="auditor")["results"]
    cloud.local("DELETE", "identities")


@pytest.mark.parametrize(
    ("query", "value", "holds"),
    [
        ("field:amy-2020@GMAIL.com", "amy.2020@gmail.com", True),
        ('field:"2020 amy"', "amy.2020@gmail.com", False),
        ("field:am*", "amy.2020@gmail.com", True),
        ("field:compute&storage", "Compute&Storage", True),
        ("field:compute", "compute&storage", False),
        ("field=amy.2020@gmail.com", "amy.2020@gmail.com", True),
        ("field=amy*", "amy.2020@gmail.com", False),
        ("NOT field:bob", "amy.2020@gmail.com", True),
        ("field:(bob OR amy) AND gmail", "amy.2020@gmail.com", True),
    ],
)
def test_words_are_found_as_google_cuts_them(query: str, value: str, holds: bool) -> None:
    assert queries.parse(query, frozenset({"field"}))({"field": value}) is holds


def test_a_query_without_end_is_refused() -> None:
    for query in ("(" * 100 + "a", "x" * 3000, "field:(a OR", "AND a", '"a'):
        with pytest.raises(CloudError):
            queries.parse(query, frozenset({"field"}))
