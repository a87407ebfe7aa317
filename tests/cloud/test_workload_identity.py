"""Workload identity pools and providers: rules, soft deletion and long-running operations."""

from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

POOLS = "v1/projects/sandbox-seed/locations/global/workloadIdentityPools"
GITHUB: dict[str, Any] = {
    "attributeMapping": {
        "google.subject": "assertion.sub",
        "attribute.repository": "assertion.repository",
    },
    "attributeCondition": 'assertion.repository_owner_id == "1234"',
    "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
}


def done(cloud: LocalCloud, operation: dict[str, Any]) -> dict[str, Any]:
    while not operation.get("done"):
        operation = cloud.call("iam", "GET", f"v1/{operation['name']}")
    response: dict[str, Any] = operation["response"]
    return response


def pool(cloud: LocalCloud, identifier: str) -> str:
    operation = cloud.call("iam", "POST", POOLS, {"displayName": "CI"}, workloadIdentityPoolId=identifier)
    assert "done" not in operation
    name = str(done(cloud, operation)["name"])
    assert name.split("/")[1].isdecimal(), "the name has the project's number"
    return f"v1/{name}"


def test_a_pool_and_its_provider(cloud: LocalCloud) -> None:
    path = pool(cloud, "ci-pool")
    made = cloud.call("iam", "POST", f"{path}/providers", GITHUB, workloadIdentityPoolProviderId="github")
    provider = f"v1/{done(cloud, made)['name']}"
    held = cloud.call("iam", "GET", provider)
    assert (held["state"], held["oidc"]) == ("ACTIVE", GITHUB["oidc"])
    changed = {"attributeCondition": 'assertion.repository == "acme/lz"'}
    done(cloud, cloud.call("iam", "PATCH", provider, changed, updateMask="attributeCondition"))
    assert cloud.call("iam", "GET", provider) == {**held, **changed}

    done(cloud, cloud.call("iam", "DELETE", provider))
    deleted = cloud.call("iam", "GET", provider)
    assert (deleted["state"], bool(deleted["expireTime"])) == ("DELETED", True)
    assert "workloadIdentityPoolProviders" not in cloud.call("iam", "GET", f"{path}/providers")
    shown = cloud.call("iam", "GET", f"{path}/providers", showDeleted=True)
    assert shown["workloadIdentityPoolProviders"] == [deleted]
    # Its id is taken until it expires.
    again = f"{path}/providers"
    cloud.call("iam", "POST", again, GITHUB, workloadIdentityPoolProviderId="github", status=409)
    done(cloud, cloud.call("iam", "POST", f"{provider}:undelete", {}))
    assert cloud.call("iam", "GET", provider)["state"] == "ACTIVE"
    done(cloud, cloud.call("iam", "DELETE", path))
    cloud.local("PUT", "clock", {"seconds": 31 * 24 * 3600})
    cloud.call("iam", "GET", path, status=404)
    cloud.local("PUT", "clock", {"seconds": 0})


@pytest.mark.parametrize(
    "body",
    [
        {**GITHUB, "attributeCondition": ""},
        {**GITHUB, "attributeCondition": "true"},
        {**GITHUB, "attributeMapping": {"attribute.repository": "assertion.repository"}},
        {**GITHUB, "attributeMapping": {"google.subject": "assertion.sub", "Bad": "x"}},
        {**GITHUB, "oidc": {"issuerUri": "http://token.example.com"}},
        {**GITHUB, "saml": {"idpMetadataXml": "<x/>"}},
        {**GITHUB, "displayName": "x" * 33},
    ],
)
def test_a_bad_provider_is_refused(cloud: LocalCloud, body: dict[str, Any]) -> None:
    if not cloud.call("iam", "GET", POOLS, showDeleted=True).get("workloadIdentityPools"):
        pool(cloud, "refusals")
    name = cloud.call("iam", "GET", POOLS, showDeleted=True)["workloadIdentityPools"][0]["name"]
    query = {"workloadIdentityPoolProviderId": "refused"}
    cloud.call("iam", "POST", f"v1/{name}/providers", body, status=400, **query)


@pytest.mark.parametrize("identifier", ["abc", "gcp-pool", "Upper", "x" * 33])
def test_a_bad_pool_id_is_refused(cloud: LocalCloud, identifier: str) -> None:
    cloud.call("iam", "POST", POOLS, {}, workloadIdentityPoolId=identifier, status=400)
