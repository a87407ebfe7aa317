"""Times on request, by the clock: operations, APIs, limits and links that come late, and reads that are stale."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cloud.local_cloud import ACCOUNT, FOLDER, TOKEN, LocalCloud

CREATE = "cloudresourcemanager.projects.create"
ENABLE = "serviceusage.services"
OVERRIDES = "serviceusage.services.consumerQuotaMetrics"
GEMINI = "generativelanguage.googleapis.com"
KEYS = "apikeys.googleapis.com"
METRIC = f"services/{GEMINI}/consumerQuotaMetrics/{GEMINI}%2Fgenerate_requests_per_model"
MINUTE = f"{METRIC}/limits/%2Fmin%2Fmodel%2Fproject"


@pytest.fixture
def held(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The module's local cloud with a clock that is held; nothing takes time once the test is over."""
    cloud.local("PUT", "clock", {"hold": True})
    yield cloud
    cloud.local("PUT", "times", {"times": []})


def _set(cloud: LocalCloud, *times: dict[str, Any]) -> None:
    cloud.local("PUT", "times", {"times": list(times)})


def _pass(cloud: LocalCloud, seconds: int) -> None:
    cloud.local("PUT", "clock", {"advanceSeconds": seconds})


def _create(cloud: LocalCloud, project_id: str, status: int = 200) -> dict[str, Any]:
    body = {"projectId": project_id, "parent": FOLDER}
    return cloud.call("cloudresourcemanager", "POST", "v3/projects", body, status=status)


def _operation(cloud: LocalCloud, operation: dict[str, Any], service: str = "cloudresourcemanager") -> Any:
    version = {"cloudresourcemanager": "v3", "apikeys": "v2", "serviceusage": "v1"}[service]
    return cloud.call(service, "GET", f"{version}/{operation['name']}")


def _enable(cloud: LocalCloud, project: str, *apis: str) -> dict[str, Any]:
    path = f"v1/projects/{project}/services:batchEnable"
    return cloud.call("serviceusage", "POST", path, {"serviceIds": list(apis)})


def _effective(cloud: LocalCloud, project: str, model: str = "gemini-3.8-flash") -> int:
    """The requests per minute of a model that Service Usage says are in force on tier 1."""
    limit = cloud.call("serviceusage", "GET", f"v1beta1/projects/{project}/{MINUTE}")
    buckets = {each.get("dimensions", {}).get("model"): each for each in limit["quotaBuckets"]}
    return int(buckets.get(model, buckets[None]).get("effectiveLimit", "0"))


def test_what_an_operation_makes_is_there_when_the_operation_is_done(held: LocalCloud) -> None:
    _set(held, {"operationSeconds": 3})
    operation = _create(held, "gem-slow-birth")
    assert "done" not in operation
    _pass(held, 2)
    assert "done" not in _operation(held, operation)
    held.call("cloudresourcemanager", "GET", "v3/projects/gem-slow-birth", status=403)
    held.call("serviceusage", "POST", "v1/projects/gem-slow-birth/services:batchEnable", {}, status=403)
    _create(held, "gem-slow-birth", status=409)
    _pass(held, 1)
    done = _operation(held, operation)
    assert done["response"]["projectId"] == "gem-slow-birth"
    assert done["name"] == operation["name"]
    number = held.call("cloudresourcemanager", "GET", "v3/projects/gem-slow-birth")["name"]
    assert done["response"]["name"] == number

    on = _enable(held, "gem-slow-birth", KEYS)
    keys = "v2/projects/gem-slow-birth/locations/global/keys"
    held.call("apikeys", "GET", keys, status=403)
    _pass(held, 3)
    assert [each["state"] for each in _operation(held, on, "serviceusage")["response"]["services"]] == [
        "ENABLED"
    ]
    made = held.call("apikeys", "POST", keys, {"displayName": "late"}, keyId="late")
    assert held.call("apikeys", "GET", keys) == {}
    _pass(held, 3)
    key = _operation(held, made, "apikeys")["response"]
    assert held.call("apikeys", "GET", f"{keys}/late/keyString")["keyString"] == key["keyString"]


def test_what_stands_in_the_way_by_then_is_the_operations_error(held: LocalCloud) -> None:
    held.create_project("gem-overtaken")
    _enable(held, "gem-overtaken", KEYS)
    keys = "v2/projects/gem-overtaken/locations/global/keys"
    held.call("apikeys", "POST", keys, {}, keyId="one")
    _set(held, {"operationSeconds": 60, "method": "apikeys.projects.locations.keys.patch"})
    change = {"displayName": "changed"}
    operation = held.call("apikeys", "PATCH", f"{keys}/one", change, updateMask="displayName")
    held.call("apikeys", "DELETE", f"{keys}/one")
    _pass(held, 60)
    assert _operation(held, operation, "apikeys")["error"]["code"] == 5
    entries = held.call("logging", "POST", "v2/entries:list", {"resourceNames": ["projects/gem-overtaken"]})
    methods = [each["protoPayload"]["methodName"].rpartition(".")[2] for each in entries["entries"]]
    assert methods.count("UpdateKey") == 1


def test_operations_are_finished_after_a_restart(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path)
    times = tmp_path / "times.json"
    times.write_text(json.dumps({"times": [{"operationSeconds": [100, 200], "method": CREATE}]}))
    cloud.start("--times", str(times))
    cloud.local("PUT", "clock", {"hold": True})
    operation = _create(cloud, "gem-over-restart")
    assert cloud.end() == 0
    cloud.start()
    _pass(cloud, 99)
    assert "done" not in _operation(cloud, operation)
    _pass(cloud, 101)
    assert _operation(cloud, operation)["response"]["projectId"] == "gem-over-restart"
    assert cloud.end() == 0


def test_where_time_flows_an_operation_ends_by_itself(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path)
    cloud.start()
    _set(cloud, {"operationSeconds": [0.05, 0.2], "method": CREATE})
    begun = cloud.local("GET", "clock")["now"]
    operation = _create(cloud, "gem-flowing")
    while "done" not in (polled := _operation(cloud, operation)):
        pass
    assert polled["response"]["createTime"] > begun
    assert cloud.end() == 0


def test_an_api_is_refused_until_its_enablement_has_got_around(held: LocalCloud) -> None:
    number = held.create_project("gem-slow-api")
    _set(held, {"effectSeconds": 20, "method": ENABLE, "about": KEYS})
    _enable(held, "gem-slow-api", KEYS)
    assert held.call("serviceusage", "GET", f"v1/projects/{number}/services/{KEYS}")["state"] == "ENABLED"
    keys = "v2/projects/gem-slow-api/locations/global/keys"
    _pass(held, 19)
    refused = held.call("apikeys", "GET", keys, status=403)["error"]
    assert "If you enabled this API recently, wait a few minutes" in refused["message"]
    assert "SERVICE_DISABLED" in {each.get("reason") for each in refused["details"]}
    _enable(held, "gem-slow-api", KEYS)  # makes it no later
    _pass(held, 1)
    held.call("apikeys", "GET", keys)


def test_an_override_is_listed_and_binds_late_or_never(held: LocalCloud) -> None:
    held.create_project("gem-slow-limit", account=ACCOUNT)
    _enable(held, "gem-slow-limit", GEMINI)
    own = _effective(held, "gem-slow-limit")
    path = f"v1beta1/projects/gem-slow-limit/{MINUTE}/consumerOverrides"
    body = {"overrideValue": "5", "dimensions": {"model": "gemini-3.8-flash"}}
    _set(held, {"effectSeconds": 300, "method": OVERRIDES})
    held.call("serviceusage", "POST", path, body, force="true")
    override = held.call("serviceusage", "GET", path)["overrides"][0]
    assert (override["overrideValue"], _effective(held, "gem-slow-limit")) == ("5", own)
    _pass(held, 299)
    assert _effective(held, "gem-slow-limit") == own
    _pass(held, 1)
    assert _effective(held, "gem-slow-limit") == 5
    # Removed, it binds on for as long.
    held.call("serviceusage", "DELETE", f"v1beta1/{override['name']}", force="true")
    assert held.call("serviceusage", "GET", path) == {}
    assert _effective(held, "gem-slow-limit") == 5
    _pass(held, 300)
    assert _effective(held, "gem-slow-limit") == own

    _set(held, {"effectSeconds": "never", "method": OVERRIDES})
    held.call("serviceusage", "POST", path, body, force="true")
    _pass(held, 10**8)
    assert held.call("serviceusage", "GET", path)["overrides"][0]["overrideValue"] == "5"
    assert _effective(held, "gem-slow-limit") == own


def test_an_override_that_never_came_into_force_is_removed_without_a_trace(held: LocalCloud) -> None:
    held.create_project("gem-never-limit", account=ACCOUNT)
    _enable(held, "gem-never-limit", GEMINI)
    own = _effective(held, "gem-never-limit")
    path = f"v1beta1/projects/gem-never-limit/{MINUTE}/consumerOverrides"
    body = {"overrideValue": "5", "dimensions": {"model": "gemini-3.8-flash"}}

    def remove() -> None:
        (found,) = held.call("serviceusage", "GET", path)["overrides"]
        held.call("serviceusage", "DELETE", f"v1beta1/{found['name']}", force="true")

    for late, removal in (("never", 0), ("never", 60), (300, 0), (300, 600), (300, "never")):
        _set(held, {"effectSeconds": late, "method": OVERRIDES})
        held.call("serviceusage", "POST", path, body, force="true")
        _set(held, {"effectSeconds": removal, "method": OVERRIDES})
        remove()
        for seconds in (0, 301, 300):
            _pass(held, seconds)
            assert _effective(held, "gem-never-limit") == own
    # Once it is gone, another one binds as any.
    _set(held)
    held.call("serviceusage", "POST", path, body, force="true")
    assert _effective(held, "gem-never-limit") == 5


def test_what_is_granted_and_revoked_is_so_late_or_never(held: LocalCloud) -> None:
    held.create_project("gem-slow-grant")
    held.local("PUT", "identities", {"identities": {"ann": {"member": "user:ann@example.com"}}})
    path = "v3/projects/gem-slow-grant"
    viewer = [{"role": "roles/viewer", "members": ["user:ann@example.com"]}]

    def grant(bindings: list[dict[str, Any]]) -> None:
        held.call("cloudresourcemanager", "POST", f"{path}:setIamPolicy", {"policy": {"bindings": bindings}})
        shown = held.call("cloudresourcemanager", "POST", f"{path}:getIamPolicy", {})
        assert shown.get("bindings", []) == bindings

    def may() -> bool:
        headers = {"Authorization": "Bearer ann"}
        return held.request("cloudresourcemanager", "GET", path, headers=headers).status_code == 200

    _set(held, {"effectSeconds": 60, "method": "cloudresourcemanager.projects.setIamPolicy"})
    grant(viewer)
    _pass(held, 59)
    assert not may()
    asked = {"permissions": ["resourcemanager.projects.get"]}
    headers = {"Authorization": "Bearer ann"}
    held_by_ann = held.request(
        "cloudresourcemanager", "POST", f"{path}:testIamPermissions", json=asked, headers=headers
    )
    assert held_by_ann.json() == {}
    _pass(held, 1)
    assert may()
    grant([])
    _pass(held, 59)
    assert may()
    # Granted anew before the revocation is in force: nothing is lost in between.
    grant(viewer)
    _pass(held, 1)
    assert may()
    _set(held, {"effectSeconds": "never", "method": "*.setIamPolicy"})
    grant([])
    _pass(held, 10**7)
    assert may()
    _set(held)
    grant([])
    assert not may()


def test_a_late_grant_is_not_of_what_is_made_after_under_the_same_name(held: LocalCloud) -> None:
    held.create_project("gem-late-topic")
    _enable(held, "gem-late-topic", "pubsub.googleapis.com")
    held.local("PUT", "identities", {"identities": {"ann": {"member": "user:ann@example.com"}}})
    topic = "v1/projects/gem-late-topic/topics/events"
    bindings = [{"role": "roles/pubsub.viewer", "members": ["user:ann@example.com"]}]
    held.call("pubsub", "PUT", topic, {})
    held.call("pubsub", "POST", f"{topic}:setIamPolicy", {"policy": {"bindings": bindings}})
    _set(held, {"effectSeconds": "never", "method": "pubsub.projects.topics.setIamPolicy"})
    held.call("pubsub", "POST", f"{topic}:setIamPolicy", {"policy": {}})
    headers = {"Authorization": "Bearer ann"}
    assert held.request("pubsub", "GET", topic, headers=headers).status_code == 200
    held.call("pubsub", "DELETE", topic)
    held.call("pubsub", "PUT", topic, {})
    assert held.request("pubsub", "GET", topic, headers=headers).status_code == 403


def test_calls_are_counted_against_what_is_in_force(held: LocalCloud) -> None:
    number = held.create_project("gem-late-zero", account=ACCOUNT)
    _enable(held, "gem-late-zero", GEMINI, KEYS)
    restrictions = {"apiTargets": [{"service": GEMINI}]}
    keys = f"v2/projects/{number}/locations/global/keys"
    made = held.call("apikeys", "POST", keys, {"restrictions": restrictions})
    key = _operation(held, made, "apikeys")["response"]["keyString"]
    _set(held, {"effectSeconds": 60, "method": OVERRIDES})
    path = f"v1beta1/projects/gem-late-zero/{MINUTE}/consumerOverrides"
    held.call("serviceusage", "POST", path, {"overrideValue": "0"}, force="true")

    def status() -> int:
        url = f"{held.url('generativelanguage')}/v1beta/models/gemini-3.8-flash:generateContent?key={key}"
        return requests.post(url, json={"contents": [{"parts": [{"text": "hi"}]}]}, timeout=20).status_code

    assert status() == 200
    _pass(held, 60)
    assert status() == 429


def test_a_preference_is_reconciled_until_it_is_in_force(held: LocalCloud) -> None:
    number = held.create_project("gem-slow-wish", account=ACCOUNT)
    _enable(held, "gem-slow-wish", GEMINI)
    parent = f"v1/projects/{number}/locations/global"
    info = f"{parent}/services/{GEMINI}/quotaInfos/GenerateRequestsPerMinutePerProjectPerModel"

    def value() -> int:
        infos = held.call("cloudquotas", "GET", info)["dimensionsInfos"]
        (found,) = (each for each in infos if not each.get("dimensions"))
        return int(found["details"]["value"])

    own = value()
    _set(held, {"effectSeconds": 60, "method": "cloudquotas"})
    wish = {
        "service": GEMINI,
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaConfig": {"preferredValue": str(own - 1)},
    }
    made = held.call("cloudquotas", "POST", f"{parent}/quotaPreferences", wish)
    assert (made["reconciling"], made["quotaConfig"]["grantedValue"]) == (True, str(own))
    assert value() == own
    _pass(held, 60)
    made = held.call("cloudquotas", "GET", f"v1/{made['name']}")
    assert ("reconciling" in made, made["quotaConfig"]["grantedValue"]) == (False, str(own - 1))
    assert value() == own - 1


@pytest.mark.parametrize("late", [90, "never"])
def test_a_link_is_there_at_once_and_its_tier_late_or_never(held: LocalCloud, late: int | str) -> None:
    project = f"gem-slow-link-{late}"
    number = held.create_project(project)
    _enable(held, project, GEMINI)

    def tiers() -> set[str]:
        path = f"v1/projects/{number}/locations/global/services/{GEMINI}/quotaInfos"
        infos = held.call("cloudquotas", "GET", path)["quotaInfos"]
        return {each["quotaId"].rpartition("-")[2] for each in infos}

    _set(held, {"effectSeconds": late, "method": "cloudbilling"})
    link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    linked = held.call("cloudbilling", "PUT", f"v1/projects/{project}/billingInfo", link)
    assert linked["billingEnabled"]
    held.call("cloudbilling", "PUT", f"v1/projects/{project}/billingInfo", link)  # makes it no later
    assert tiers() == {"FreeTier"}
    _pass(held, 90)
    assert (tiers() == {"FreeTier"}) == (late == "never")


def test_stale_reads_see_the_state_of_some_time_ago_and_writes_that_of_now(held: LocalCloud) -> None:
    held.create_project("gem-stale")
    path, policy_path = "v3/projects/gem-stale", "v3/projects/gem-stale:getIamPolicy"
    _set(held, {"staleSeconds": 5, "method": "cloudresourcemanager"})
    before = held.call("cloudresourcemanager", "POST", policy_path, {})
    bindings = [{"role": "roles/viewer", "members": ["user:ann@example.com"]}]
    policy = {"policy": {"etag": before["etag"], "bindings": bindings}}
    held.call("cloudresourcemanager", "POST", "v3/projects/gem-stale:setIamPolicy", policy)
    held.call("cloudresourcemanager", "PATCH", path, {"labels": {"a": "b"}}, updateMask="labels")
    stale = held.call("cloudresourcemanager", "POST", policy_path, {})
    assert stale == before
    held.call("cloudresourcemanager", "POST", "v3/projects/gem-stale:setIamPolicy", policy, status=409)
    assert "labels" not in held.call("cloudresourcemanager", "GET", path)
    # What has been made a moment ago is not there yet, and what is deleted is there still.
    _create(held, "gem-stale-new")
    held.call("cloudresourcemanager", "DELETE", path)
    held.call("cloudresourcemanager", "GET", "v3/projects/gem-stale-new", status=403)
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "ACTIVE"
    held.call("cloudresourcemanager", "DELETE", path, status=400)
    _pass(held, 4)
    assert held.call("cloudresourcemanager", "POST", policy_path, {}) == before
    _pass(held, 1)
    assert (
        held.call("cloudresourcemanager", "GET", "v3/projects/gem-stale-new")["projectId"] == "gem-stale-new"
    )
    assert held.call("cloudresourcemanager", "GET", path)["state"] == "DELETE_REQUESTED"


def test_only_reads_that_are_named_are_stale(held: LocalCloud) -> None:
    held.create_project("gem-partly-stale")
    _enable(held, "gem-partly-stale", KEYS)
    keys = "v2/projects/gem-partly-stale/locations/global/keys"
    _set(held, {"staleSeconds": [4, 8], "method": "apikeys.projects.locations.keys.list"})
    held.call("apikeys", "POST", keys, {}, keyId="fresh")
    held.call("apikeys", "GET", f"{keys}/fresh")
    assert held.call("apikeys", "GET", keys) == {}
    _pass(held, 8)
    assert len(held.call("apikeys", "GET", keys)["keys"]) == 1


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (
            {"method": CREATE},
            "a time has one of operationSeconds, effectSeconds, staleSeconds; this one has none",
        ),
        ({"staleSeconds": 1, "effectSeconds": 1}, "this one has effectSeconds and staleSeconds"),
        (
            {"operationSeconds": "never"},
            "times.0.operationSeconds: a number of seconds, or the least and the most",
        ),
        ({"effectSeconds": [9, 1]}, 'such as [2, 5], or "never"'),
        ({"staleSeconds": 1, "about": "("}, "times.0.about: no regular expression"),
        ({"staleSeconds": 1, "times": 1}, "times.0.times: "),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(held: LocalCloud, time: dict[str, Any], reason: str) -> None:
    response = requests.put(f"{held.main}/_local/times", json={"times": [time]}, headers=TOKEN, timeout=20)
    assert response.status_code == 400
    assert reason in response.json()["error"]["message"]
