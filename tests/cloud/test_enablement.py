"""APIs that are off, and those that were turned on a moment ago."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

GEMINI = "generativelanguage.googleapis.com"
KEYS = "apikeys.googleapis.com"


@pytest.fixture
def slow(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """A cloud whose APIs take two refused calls until they are known to be enabled."""
    cloud.local("PUT", "enablement", {"polls": 2})
    yield cloud
    cloud.local("PUT", "enablement", {"polls": 0})


def enable(cloud: LocalCloud, project: str, *apis: str) -> None:
    path = f"v1/projects/{project}/services:batchEnable"
    cloud.call("serviceusage", "POST", path, {"serviceIds": list(apis)})


def reason(answer: dict[str, Any]) -> str:
    return next(
        f"{found['reason']} {found['metadata']['service']} {found['metadata']['consumer']}"
        for found in answer["error"]["details"]
        if "reason" in found
    )


def test_keys_need_the_api_of_keys(cloud: LocalCloud) -> None:
    number = cloud.create_project("api-off")
    keys = "v2/projects/api-off/locations/global/keys"
    refused = cloud.call("apikeys", "POST", keys, {}, status=403)
    assert reason(refused) == f"SERVICE_DISABLED {KEYS} projects/{number}"
    assert f"has not been used in project {number} before or it is disabled" in refused["error"]["message"]
    # A project for the quota is asked in the other's place.
    for project, status in (("sandbox-seed", 200), ("api-off", 403)):
        headers = {"X-Goog-User-Project": project}
        assert cloud.request("apikeys", "GET", keys, headers=headers).status_code == status
    enable(cloud, "api-off", KEYS)
    cloud.call("apikeys", "POST", keys, {})


def test_an_api_is_usable_some_calls_after_it_was_enabled(slow: LocalCloud) -> None:
    number = slow.create_project("api-slow")
    enable(slow, "api-slow", KEYS, GEMINI, "cloudquotas.googleapis.com")
    for service, api, path in (
        ("apikeys", KEYS, "v2/projects/api-slow/locations/global/keys"),
        (
            "cloudquotas",
            "cloudquotas.googleapis.com",
            f"v1/projects/{number}/locations/global/quotaPreferences",
        ),
        ("serviceusage", GEMINI, f"v1beta1/projects/api-slow/services/{GEMINI}/consumerQuotaMetrics"),
    ):
        for _ in range(2):
            refused = slow.call(service, "GET", path, status=403)
            assert reason(refused) == f"SERVICE_DISABLED {api} projects/{number}"
        slow.call(service, "GET", path)
    # What is on from the start is usable from the start, and what is on stays so.
    slow.call("monitoring", "GET", "v3/projects/api-slow/alertPolicies")
    enable(slow, "api-slow", KEYS)
    slow.call("apikeys", "GET", "v2/projects/api-slow/locations/global/keys")
