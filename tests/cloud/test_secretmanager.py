"""Secret Manager: versions, their states, who may read them, and Google's own client."""

from base64 import b64encode
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.cloud.local_cloud import CREDENTIALS, LocalCloud

SECRETS = "v1/projects/sandbox-seed/secrets"
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
READER = {"role": "roles/secretmanager.secretAccessor", "members": ["user:ann@example.com"]}


def payload(text: str, **more: str) -> dict[str, Any]:
    return {"payload": {"data": b64encode(text.encode()).decode(), **more}}


def test_a_secrets_versions_and_their_states(cloud: LocalCloud) -> None:
    made = cloud.call("secretmanager", "POST", SECRETS, AUTOMATIC, secretId="one")
    number = made["name"].split("/")[1]
    assert number.isdecimal()
    secret = f"{SECRETS}/one"
    cloud.call("secretmanager", "POST", SECRETS, AUTOMATIC, secretId="one", status=409)
    error = cloud.call("secretmanager", "GET", f"{secret}/versions/latest", status=404)["error"]
    assert error["message"] == f"Secret [projects/{number}/secrets/one] not found or has no versions."
    for text in ("first", "second"):
        cloud.call("secretmanager", "POST", f"{secret}:addVersion", payload(text))
    listed = cloud.call("secretmanager", "GET", f"{secret}/versions")
    assert [version["name"].rpartition("/")[2] for version in listed["versions"]] == ["2", "1"]
    page = cloud.call("secretmanager", "GET", f"{secret}/versions", pageSize=1)
    page = cloud.call("secretmanager", "GET", f"{secret}/versions", pageToken=page["nextPageToken"])
    assert [version["name"].rpartition("/")[2] for version in page["versions"]] == ["1"]

    data = cloud.call("secretmanager", "GET", f"{secret}/versions/latest:access")["payload"]
    assert data["data"] == payload("second")["payload"]["data"]
    cloud.call("secretmanager", "POST", f"{secret}/versions/2:disable", {})
    refused = cloud.call("secretmanager", "GET", f"{secret}/versions/latest:access", status=400)["error"]
    assert refused["message"].endswith("is in DISABLED state.")
    cloud.call("secretmanager", "POST", f"{secret}/versions/2:enable", {})
    cloud.call("secretmanager", "GET", f"{secret}/versions/2:access")
    destroyed = cloud.call("secretmanager", "POST", f"{secret}/versions/2:destroy", {})
    assert destroyed["state"] == "DESTROYED"
    assert destroyed["destroyTime"]
    cloud.call("secretmanager", "POST", f"{secret}/versions/2:enable", {}, status=400)
    cloud.call("secretmanager", "GET", f"{secret}/versions/1:access")
    # What was a secret is not in the journal.
    assert payload("first")["payload"]["data"] not in str(cloud.local("GET", "requests"))

    cloud.call("secretmanager", "DELETE", secret)
    cloud.call("secretmanager", "GET", f"{secret}/versions/1", status=404)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (payload(""), "cannot be empty"),
        (payload("x" * 65_537), "at most 65536"),
        # RFC 3720 gives this checksum for 32 zeros, not for these.
        (payload("123456789", dataCrc32c=str(0x8A9136AA)), "checksum"),
    ],
)
def test_a_bad_payload_is_refused(cloud: LocalCloud, body: dict[str, Any], said: str) -> None:
    name = f"bad-{said.split()[0]}"
    cloud.call("secretmanager", "POST", SECRETS, AUTOMATIC, secretId=name)
    error = cloud.call("secretmanager", "POST", f"{SECRETS}/{name}:addVersion", body, status=400)["error"]
    assert said in error["message"]
    # The check value of CRC-32C.
    right = payload("123456789", dataCrc32c=str(0xE3069283))
    cloud.call("secretmanager", "POST", f"{SECRETS}/{name}:addVersion", right)


@pytest.mark.parametrize(("name", "body"), [("a b", AUTOMATIC), ("ok", {}), ("", AUTOMATIC)])
def test_a_bad_secret_is_refused(cloud: LocalCloud, name: str, body: dict[str, Any]) -> None:
    cloud.call("secretmanager", "POST", SECRETS, body, secretId=name, status=400)


def test_conditions_are_for_who_asks_for_version_3(cloud: LocalCloud) -> None:
    cloud.call("secretmanager", "POST", SECRETS, AUTOMATIC, secretId="shared")
    condition = {"title": "till June", "expression": 'request.time < timestamp("2027-07-01T00:00:00Z")'}
    policy = {"version": 1, "bindings": [{**READER, "condition": condition}]}
    path = f"{SECRETS}/shared:setIamPolicy"
    cloud.call("secretmanager", "POST", path, {"policy": policy}, status=400)
    held = cloud.call("secretmanager", "POST", path, {"policy": {**policy, "version": 3}})
    assert held["bindings"][0]["condition"] == condition
    read = f"{SECRETS}/shared:getIamPolicy"
    [plain] = cloud.call("secretmanager", "GET", read)["bindings"]
    assert plain["role"].startswith(f"{READER['role']}_withcond_")
    version: dict[str, Any] = {"options.requestedPolicyVersion": 3}
    [whole] = cloud.call("secretmanager", "GET", read, **version)["bindings"]
    assert whole["condition"] == condition
    cloud.call("secretmanager", "POST", path, {"policy": {"version": 3}})
    assert "bindings" not in cloud.call("secretmanager", "GET", read)
    project = "v1/projects/sandbox-seed"
    body = {"policy": {"version": 3, "bindings": [{**READER, "condition": condition}]}}
    cloud.call("cloudresourcemanager", "POST", f"{project}:setIamPolicy", body)
    options = {"options": {"requestedPolicyVersion": 3}}
    [above] = cloud.call("cloudresourcemanager", "POST", f"{project}:getIamPolicy", options)["bindings"]
    assert above["condition"] == condition


def test_a_project_without_the_api_has_no_secrets(cloud: LocalCloud) -> None:
    cloud.create_project("gem-no-secrets")
    error = cloud.call("secretmanager", "GET", "v1/projects/gem-no-secrets/secrets", status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"


def test_google_api_python_client_keeps_a_secret(cloud: LocalCloud) -> None:
    client = build(
        "secretmanager",
        "v1",
        credentials=CREDENTIALS,
        client_options=ClientOptions(api_endpoint=cloud.url("secretmanager")),
        static_discovery=True,
    )
    secrets = client.projects().secrets()
    made = secrets.create(parent="projects/sandbox-seed", secretId="client", body=AUTOMATIC).execute()
    secrets.addVersion(parent=made["name"], body=payload("hello")).execute()
    held = secrets.versions().access(name=f"{made['name']}/versions/latest").execute()
    assert held["payload"]["data"] == payload("hello")["payload"]["data"]
    assert made["name"] in [
        secret["name"] for secret in secrets.list(parent="projects/sandbox-seed").execute()["secrets"]
    ]
    secrets.delete(name=made["name"]).execute()
    with pytest.raises(HttpError, match="not found"):
        secrets.get(name=made["name"]).execute()
