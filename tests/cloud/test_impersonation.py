"""Tokens of service accounts, for who may have them, and the project that a call counts against."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from google.auth import impersonated_credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials

from tests.cloud.local_cloud import FOLDER, LocalCloud

ANN = "token-of-ann"
SEED = "sandbox-seed"
ACCOUNTS = f"v1/projects/{SEED}/serviceAccounts"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture(scope="module", autouse=True)
def _callers(cloud: LocalCloud) -> None:
    cloud.local("PUT", "identities", {"identities": {ANN: {"member": "user:ann@example.com"}}})


def account(cloud: LocalCloud, name: str, *creators: str) -> str:
    """A new service account, with those who may have its tokens."""
    email = str(cloud.call("iam", "POST", ACCOUNTS, {"accountId": name})["email"])
    binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": list(creators)}
    policy = {"policy": {"bindings": [binding]}}
    cloud.call("iam", "POST", f"{ACCOUNTS}/{email}:setIamPolicy", policy)
    return email


def tokens(email: str) -> str:
    return f"v1/projects/-/serviceAccounts/{email}:generateAccessToken"


def test_an_impersonated_account_makes_a_project_and_owns_it(cloud: LocalCloud) -> None:
    email = account(cloud, "runner", "user:ann@example.com")
    policy = {
        "bindings": [{"role": "roles/resourcemanager.projectCreator", "members": [f"serviceAccount:{email}"]}]
    }
    cloud.call("cloudresourcemanager", "POST", f"v3/{FOLDER}:setIamPolicy", {"policy": policy})
    answer = cloud.call("iamcredentials", "POST", tokens(email), {"scope": [SCOPE]}, token=ANN)
    body = {"projectId": "gem-made-by-it", "parent": FOLDER}
    cloud.call("cloudresourcemanager", "POST", "v3/projects", body, token=answer["accessToken"])
    path = "v3/projects/gem-made-by-it:getIamPolicy"
    owned = cloud.call("cloudresourcemanager", "POST", path, {}, token=answer["accessToken"])
    assert owned["bindings"] == [{"role": "roles/owner", "members": [f"serviceAccount:{email}"]}]
    cloud.call("cloudresourcemanager", "POST", path, {}, token=ANN, status=403)
    # Neither the answer nor the caller's header is in the journal.
    assert answer["accessToken"] not in str(cloud.local("GET", "requests"))


def test_googles_auth_library_impersonates(cloud: LocalCloud) -> None:
    email = account(cloud, "library", "user:ann@example.com")

    def credentials(source: str) -> Any:
        return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # untyped in google-auth
            Credentials(source),  # type: ignore[no-untyped-call]  # untyped in google-auth
            email,
            [SCOPE],
            iam_endpoint_override=f"{cloud.url('iamcredentials')}/{tokens(email)}",
        )

    impersonated = credentials(ANN)
    impersonated.refresh(Request(requests.Session()))
    project = cloud.call(
        "cloudresourcemanager", "GET", "v3/projects:search", token=impersonated.token, status=200
    )
    assert project == {}
    cloud.call("iam", "POST", f"{ACCOUNTS}/{email}:setIamPolicy", {"policy": {}})
    with pytest.raises(RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
        credentials(ANN).refresh(Request(requests.Session()))


def test_delegates_must_each_be_allowed_the_next(cloud: LocalCloud) -> None:
    first = account(cloud, "delegate-1", "user:ann@example.com")
    second = account(cloud, "delegate-2")
    target = account(cloud, "delegated", f"serviceAccount:{second}")
    names = [f"projects/-/serviceAccounts/{email}" for email in (first, second)]
    body = {"scope": [SCOPE], "delegates": names}
    cloud.call("iamcredentials", "POST", tokens(target), body, token=ANN, status=403)
    binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"serviceAccount:{first}"]}
    path = f"{ACCOUNTS}/{second}:setIamPolicy"
    cloud.call("iam", "POST", path, {"policy": {"bindings": [binding]}})
    cloud.call("iamcredentials", "POST", tokens(target), body, token=ANN)
    cloud.call("iamcredentials", "POST", tokens(target), {"scope": [SCOPE]}, token=ANN, status=403)
    cloud.call(
        "iamcredentials", "POST", tokens(target), {**body, "delegates": names[1:]}, token=ANN, status=403
    )


@pytest.mark.parametrize(
    "body", [{}, {"scope": [SCOPE], "lifetime": "3601s"}, {"scope": [SCOPE], "lifetime": "0s"}]
)
def test_a_token_has_a_scope_and_lasts_up_to_an_hour(cloud: LocalCloud, body: dict[str, Any]) -> None:
    email = f"runner@{SEED}.iam.gserviceaccount.com"
    cloud.call("iamcredentials", "POST", tokens(email), body, token=ANN, status=400)


def test_a_token_ends_by_the_clouds_clock_and_with_its_account(cloud: LocalCloud) -> None:
    email = account(cloud, "short-lived", "user:ann@example.com")
    body = {"scope": [SCOPE], "lifetime": "300s"}
    answer = cloud.call("iamcredentials", "POST", tokens(email), body, token=ANN)
    ends = datetime.fromisoformat(answer["expireTime"])
    assert ends.microsecond == 0
    assert ends > datetime.now(UTC)
    use = {"token": answer["accessToken"]}
    cloud.call("cloudresourcemanager", "GET", "v3/projects:search", **use)
    cloud.call("iam", "POST", f"{ACCOUNTS}/{email}:disable", {})
    error = cloud.call("cloudresourcemanager", "GET", "v3/projects:search", status=401, **use)["error"]
    assert error["details"][0]["reason"] == "ACCOUNT_STATE_INVALID"
    cloud.call("iam", "POST", f"{ACCOUNTS}/{email}:enable", {})
    cloud.local("PUT", "clock", {"seconds": 300})
    error = cloud.call("cloudresourcemanager", "GET", "v3/projects:search", status=401, **use)["error"]
    cloud.local("PUT", "clock", {"seconds": 0})
    assert (error["status"], error["details"][0]["reason"]) == ("UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED")


def test_calls_count_against_a_project_that_the_caller_may_use(cloud: LocalCloud) -> None:
    path = f"v2/{FOLDER}/policies"
    error = cloud.call("orgpolicy", "GET", path, token=ANN, status=403)["error"]
    assert "orgpolicy.googleapis.com API requires a quota project" in error["message"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    error = cloud.call("orgpolicy", "GET", path, token=ANN, project=SEED, status=403)["error"]
    assert (error["details"][0]["reason"], error["details"][0]["metadata"]) == (
        "USER_PROJECT_DENIED",
        {"consumer": f"projects/{SEED}"},
    )
    use = {"role": "roles/serviceusage.serviceUsageConsumer", "members": ["user:ann@example.com"]}
    seed = f"v3/projects/{SEED}:setIamPolicy"
    cloud.call("cloudresourcemanager", "POST", seed, {"policy": {"bindings": [use]}})
    error = cloud.call("orgpolicy", "GET", path, token=ANN, project=SEED, status=403)["error"]
    assert "orgpolicy.policies.list" in error["message"]
    cloud.call("generativelanguage", "GET", "v1beta/models", token=ANN, status=403)
    cloud.call("generativelanguage", "GET", "v1beta/models", token=ANN, project=SEED)

    # A service account counts against its own project, which must have the API.
    email = account(cloud, "counted", "user:ann@example.com")
    token = cloud.call("iamcredentials", "POST", tokens(email), {"scope": [SCOPE]}, token=ANN)["accessToken"]
    error = cloud.call("orgpolicy", "GET", path, token=token, status=403)["error"]
    assert "orgpolicy.policies.list" in error["message"]
    service = f"v1/projects/{SEED}/services/orgpolicy.googleapis.com"
    cloud.call("serviceusage", "POST", f"{service}:disable", {})
    error = cloud.call("orgpolicy", "GET", path, token=token, status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    cloud.call("generativelanguage", "GET", "v1beta/models", token=token)
