"""Google's quotas on writes, as the local cloud enforces them when asked; the clock is moved, nothing waits."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import TooManyRequests
from google.cloud.billing import budgets_v1

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, LocalCloud

PROJECTS = "v3/projects"
HOUR = 3600
LIMITED = {"writes": 3, "seconds": HOUR}


@pytest.fixture
def limited(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """A cloud that allows three writes of each kind an hour."""
    cloud.local("PUT", "writeQuotas", {"projects": LIMITED, "keys": LIMITED, "budgets": LIMITED})
    yield cloud
    cloud.local("DELETE", "writeQuotas")
    cloud.local("PUT", "clock", {"seconds": 0})


def create(cloud: LocalCloud, project_id: str, status: int = 200) -> dict[str, Any]:
    body = {"projectId": project_id, "parent": FOLDER}
    return cloud.call("cloudresourcemanager", "POST", PROJECTS, body, status=status)


def test_a_write_above_the_quota_is_refused_until_the_window_has_passed(limited: LocalCloud) -> None:
    for number in range(3):
        create(limited, f"wq-window-{number}")
    seed = limited.call("cloudresourcemanager", "GET", f"{PROJECTS}/sandbox-seed")["name"]
    refused = create(limited, "wq-window-3", status=429)["error"]
    assert refused["status"] == "RESOURCE_EXHAUSTED"
    assert refused["message"] == (
        "Quota exceeded for quota metric 'Project write requests' and limit 'Project write requests per minute' of "
        f"service 'cloudresourcemanager.googleapis.com' for consumer 'project_number:{seed.removeprefix('projects/')}'."
    )
    info, retry, _ = refused["details"]
    assert info["reason"] == "RATE_LIMIT_EXCEEDED"
    assert info["metadata"] | {"quota_limit_value": ""} == {
        "service": "cloudresourcemanager.googleapis.com",
        "consumer": seed,
        "quota_metric": "cloudresourcemanager.googleapis.com/project_write_requests",
        "quota_limit": "ProjectWriteRequestsPerMinutePerProject",
        "quota_limit_value": "",
        "quota_location": "global",
        "quota_unit": "1/min/{project}",
    }
    assert HOUR - 60 < float(retry["retryDelay"].removesuffix("s")) <= HOUR
    # A refused write does not count, and the next is taken as soon as the first is an hour old.
    limited.local("PUT", "clock", {"seconds": HOUR})
    create(limited, "wq-window-3")
    requests = limited.local("GET", "requests?after=0")["requests"]
    creates = [each["status"] for each in requests if each["id"] == "cloudresourcemanager.projects.create"]
    assert creates == [200, 200, 200, 429, 200]


def test_reads_and_checks_are_no_writes_and_updates_and_deletes_are(limited: LocalCloud) -> None:
    create(limited, "wq-kinds")
    path = f"{PROJECTS}/wq-kinds"
    for _ in range(3):
        limited.call("cloudresourcemanager", "GET", path)
        limited.call("cloudresourcemanager", "POST", f"{path}:testIamPermissions", {"permissions": []})
    name = {"displayName": "renamed"}
    limited.call("cloudresourcemanager", "PATCH", path, name, updateMask="displayName")
    limited.call("cloudresourcemanager", "DELETE", path)
    limited.call("cloudresourcemanager", "POST", f"{path}:undelete", {}, status=429)


def test_each_calling_project_has_a_quota_of_its_own(limited: LocalCloud) -> None:
    number = limited.create_project("wq-caller")
    for each in range(2):
        create(limited, f"wq-seeds-{each}")
    create(limited, "wq-seeds-2", status=429)
    headers = {"x-goog-user-project": "wq-caller"}
    limited.call(
        "serviceusage", "POST", "v1/projects/wq-caller/services/cloudresourcemanager.googleapis.com:enable"
    )
    answers = [
        limited.request(
            "cloudresourcemanager",
            "POST",
            PROJECTS,
            json={"projectId": f"wq-own-{each}", "parent": FOLDER},
            headers=headers,
        )
        for each in range(4)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["error"]["details"][0]["metadata"]["consumer"] == f"projects/{number}"


def test_googles_own_values_count_keys_and_budgets_by_the_minute(cloud: LocalCloud) -> None:
    cloud.create_project("wq-keys", account=ACCOUNT)
    cloud.call("serviceusage", "POST", "v1/projects/wq-keys/services/apikeys.googleapis.com:enable")
    cloud.local("PUT", "writeQuotas", {})
    keys = "v2/projects/wq-keys/locations/global/keys"
    codes = [cloud.request("apikeys", "POST", keys, json={}).status_code for _ in range(121)]
    assert codes == [200] * 120 + [429]
    client = budgets_v1.BudgetServiceClient(
        transport="rest",
        client_options=ClientOptions(api_endpoint=cloud.url("billingbudgets")),
        credentials=CREDENTIALS,
    )
    account = f"billingAccounts/{ACCOUNT}"
    budget = budgets_v1.Budget(
        amount=budgets_v1.BudgetAmount(last_period_amount=budgets_v1.LastPeriodAmount())
    )
    for _ in range(100):
        client.create_budget(parent=account, budget=budget)
    with pytest.raises(TooManyRequests) as refused:
        client.create_budget(parent=account, budget=budget)
    assert refused.value.reason == "RATE_LIMIT_EXCEEDED"
    assert refused.value.metadata["quota_limit_value"] == "100"
    cloud.local("PUT", "clock", {"seconds": 60})
    cloud.call("apikeys", "POST", keys, {})
    client.create_budget(parent=account, budget=budget)
    cloud.local("DELETE", "writeQuotas")
    cloud.local("PUT", "clock", {"seconds": 0})
