"""IAM's service accounts, and the API keys that are bound to them."""

import re
from typing import Any

import pytest

from tests.cloud.local_cloud import ORGANIZATION, LocalCloud

SEED = "projects/sandbox-seed"
ACCOUNTS = f"v1/{SEED}/serviceAccounts"
KEYS = f"v2/{SEED}/locations/global/keys"
GEMINI = "generativelanguage.googleapis.com"
PROMPT = {"contents": [{"parts": [{"text": "hello"}]}]}


def made(cloud: LocalCloud, account_id: str, **texts: str) -> dict[str, Any]:
    """A new service account."""
    return cloud.call("iam", "POST", ACCOUNTS, {"accountId": account_id, "serviceAccount": texts})


def bound(cloud: LocalCloud, email: str, *, status: int = 200, **body: Any) -> dict[str, Any]:
    """A new key that is bound to an account: the operation, or the refusal."""
    restrictions = {"apiTargets": [{"service": GEMINI}]}
    body = {"serviceAccountEmail": email, "restrictions": restrictions, **body}
    return cloud.call("apikeys", "POST", KEYS, body, status=status)


def key_string(cloud: LocalCloud, operation: dict[str, Any]) -> str:
    """The string of a key, once it is made."""
    while not operation.get("done"):
        operation = cloud.call("apikeys", "GET", f"v2/{operation['name']}")
    name = operation["response"]["name"]
    return str(cloud.call("apikeys", "GET", f"v2/{name}/keyString")["keyString"])


def ask(cloud: LocalCloud, key: str, status: int) -> dict[str, Any]:
    path = "v1beta/models/gemini-2.5-flash:generateContent"
    return cloud.call("generativelanguage", "POST", path, PROMPT, status=status, key=key)


def test_a_service_account_lives_and_comes_back(cloud: LocalCloud) -> None:
    account = made(cloud, "app-one", displayName="One")
    assert account["email"] == "app-one@sandbox-seed.iam.gserviceaccount.com"
    assert account["name"] == f"{SEED}/serviceAccounts/{account['email']}"
    assert re.fullmatch(r"\d{21}", account["uniqueId"])
    path = f"v1/{account['name']}"
    assert cloud.call("iam", "GET", f"{ACCOUNTS}/{account['uniqueId']}") == account
    assert cloud.call("iam", "GET", f"v1/projects/-/serviceAccounts/{account['email']}") == account
    mask = {"serviceAccount": {"displayName": "Two", "description": "kept out"}, "updateMask": "display_name"}
    changed = cloud.call("iam", "PATCH", path, mask)
    assert (changed["displayName"], "description" in changed) == ("Two", False)
    cloud.call("iam", "POST", f"{path}:disable", {})
    assert cloud.call("iam", "GET", path)["disabled"] is True
    cloud.call("iam", "POST", f"{path}:enable", {})
    cloud.call("iam", "DELETE", path)
    cloud.call("iam", "GET", path, status=404)
    assert account["email"] not in [
        each["email"] for each in cloud.call("iam", "GET", ACCOUNTS).get("accounts", [])
    ]
    restored = cloud.call("iam", "POST", f"{ACCOUNTS}/{account['uniqueId']}:undelete", {})["restoredAccount"]
    assert restored == changed
    # An address is free as soon as its account is deleted, and the old account stays gone then.
    cloud.call("iam", "DELETE", path)
    assert made(cloud, "app-one")["uniqueId"] != account["uniqueId"]
    cloud.call("iam", "POST", f"{ACCOUNTS}/{account['uniqueId']}:undelete", {}, status=400)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"accountId": "short"}, 400),
        ({"accountId": "x" * 31}, 400),
        ({"accountId": "Upper-case"}, 400),
        ({"accountId": "app-texts", "serviceAccount": {"displayName": "ä" * 51}}, 400),
        ({"accountId": "app-twice"}, 409),
    ],
)
def test_an_account_that_google_refuses_is_refused(
    cloud: LocalCloud, body: dict[str, Any], status: int
) -> None:
    if status == 409:
        made(cloud, body["accountId"])
    cloud.call("iam", "POST", ACCOUNTS, body, status=status)


def test_iam_asks_for_its_api_in_the_callers_project_alone(cloud: LocalCloud) -> None:
    cloud.create_project("gemini-no-iam")
    path, body = "v1/projects/gemini-no-iam/serviceAccounts", {"accountId": "app-none"}
    assert cloud.call("iam", "POST", path, body)["projectId"] == "gemini-no-iam"


def test_a_bound_key_works_as_long_as_its_account(cloud: LocalCloud) -> None:
    email = made(cloud, "app-bound")["email"]
    key = key_string(cloud, bound(cloud, email))
    assert re.fullmatch(r"AQ\.[\w-]{40,}", key)
    path = f"{ACCOUNTS}/{email}"
    ask(cloud, key, 200)
    cloud.call("iam", "POST", f"{path}:disable", {})
    refused = ask(cloud, key, 401)["error"]
    assert (refused["status"], refused["details"][0]["reason"]) == (
        "UNAUTHENTICATED",
        "ACCOUNT_STATE_INVALID",
    )
    cloud.call("iam", "POST", f"{path}:enable", {})
    ask(cloud, key, 200)
    cloud.call("iam", "DELETE", path)
    ask(cloud, key, 401)
    assert "does not exist" in bound(cloud, email, status=400)["error"]["message"]


@pytest.mark.parametrize(
    ("parameters", "service", "refused"),
    [
        (None, GEMINI, True),
        ({"allowedServices": ["maps-backend.googleapis.com"]}, GEMINI, True),
        ({"allowedServices": [GEMINI]}, GEMINI, False),
        ({"allowedServices": [GEMINI]}, None, True),
    ],
)
def test_a_managed_constraint_forbids_bound_keys(
    cloud: LocalCloud, parameters: Any, service: str | None, refused: bool
) -> None:
    constraint = "iam.managed.disableServiceAccountApiKeyCreation"
    rule = {"enforce": True, **({"parameters": parameters} if parameters else {})}
    policy = f"{ORGANIZATION}/policies/{constraint}"
    cloud.call(
        "orgpolicy", "POST", f"v2/{ORGANIZATION}/policies", {"name": policy, "spec": {"rules": [rule]}}
    )
    try:
        email = f"app-one@{SEED.partition('/')[2]}.iam.gserviceaccount.com"
        targets = [{"service": service}] if service else []
        answer = bound(cloud, email, status=400 if refused else 200, restrictions={"apiTargets": targets})
        if refused:
            [violation] = answer["error"]["details"][0]["violations"]
            assert violation["type"] == f"constraints/{constraint}"
        # Standard keys are not its concern.
        cloud.call("apikeys", "POST", KEYS, {})
    finally:
        cloud.call("orgpolicy", "DELETE", f"v2/{policy}")
