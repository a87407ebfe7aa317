"""Pub/Sub, essential contacts, organization policies and tags against Google's rules."""

from typing import Any

import pytest

from tests.cloud.local_cloud import ACCOUNT, ORGANIZATION, LocalCloud

SEED = "sandbox-seed"
KEY = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
CONSTRAINT = {
    "name": f"{ORGANIZATION}/customConstraints/custom.restrictedKeys",
    "resourceTypes": ["apikeys.googleapis.com/Key"],
    "methodTypes": ["CREATE", "UPDATE"],
    "condition": "!has(resource.restrictions) || !has(resource.restrictions.apiTargets)",
    "actionType": "DENY",
}


def test_a_topic_takes_messages_and_a_policy(cloud: LocalCloud) -> None:
    topic = f"v1/projects/{SEED}/topics/budgets"
    name = topic.removeprefix("v1/")
    assert cloud.call("pubsub", "PUT", topic, {"labels": {"a": "b"}})["name"] == name
    error = cloud.call("pubsub", "PUT", topic, {}, status=409)["error"]
    assert error["message"] == "Resource already exists in the project (resource=budgets)."
    error = cloud.call("pubsub", "GET", f"{topic}x", status=404)["error"]
    assert error["message"] == "Resource not found (resource=budgetsx)."
    cloud.call("pubsub", "PUT", f"v1/projects/{SEED}/topics/goog-x", {}, status=400)

    patch = {"topic": {"name": name, "labels": {"c": "d"}}, "updateMask": "labels"}
    assert cloud.call("pubsub", "PATCH", topic, patch)["labels"] == {"c": "d"}
    cloud.call(
        "pubsub", "PATCH", topic, {"topic": {}, "updateMask": "*"}, status=400
    )  # has fields that are fixed
    assert [
        entry["name"] for entry in cloud.call("pubsub", "GET", f"v1/projects/{SEED}/topics")["topics"]
    ] == [name]

    member = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
    policy = cloud.call("pubsub", "GET", f"{topic}:getIamPolicy")
    bindings = [{"role": "roles/pubsub.publisher", "members": [member]}]
    held = cloud.call("pubsub", "POST", f"{topic}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})
    assert held["bindings"] == bindings
    stale = {"policy": {**policy, "bindings": []}}
    assert (
        cloud.call("pubsub", "POST", f"{topic}:setIamPolicy", stale, status=409)["error"]["status"]
        == "ABORTED"
    )

    subscription = f"v1/projects/{SEED}/subscriptions/reader"
    cloud.call("pubsub", "PUT", subscription, {"topic": name})
    for data in ("b25l", "dHdv"):
        cloud.call(
            "pubsub", "POST", f"{topic}:publish", {"messages": [{"data": data, "attributes": {"n": data}}]}
        )
    received = cloud.call("pubsub", "POST", f"{subscription}:pull", {"maxMessages": 10})["receivedMessages"]
    assert [entry["message"]["data"] for entry in received] == ["b25l", "dHdv"]
    cloud.call("pubsub", "POST", f"{subscription}:acknowledge", {"ackIds": [received[0]["ackId"]]})
    given_back = {"ackIds": [received[1]["ackId"]], "ackDeadlineSeconds": 0}
    cloud.call("pubsub", "POST", f"{subscription}:modifyAckDeadline", given_back)
    [left] = cloud.call("pubsub", "POST", f"{subscription}:pull", {"maxMessages": 10})["receivedMessages"]
    assert left["message"]["data"] == "dHdv"
    cloud.call("pubsub", "DELETE", topic)
    assert cloud.call("pubsub", "GET", subscription)["topic"] == "_deleted-topic_"


def test_a_project_without_pubsub_is_asked_to_enable_it(cloud: LocalCloud) -> None:
    cloud.create_project("gem-no-pubsub")
    error = cloud.call("pubsub", "PUT", "v1/projects/gem-no-pubsub/topics/abc", {}, status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"


CONTACT = {"email": "a@example.com", "languageTag": "en", "notificationCategorySubscriptions": ["BILLING"]}


@pytest.mark.parametrize(
    "changes",
    [{"email": "nobody"}, {"languageTag": "english!"}, {"notificationCategorySubscriptions": []}],
)
def test_a_bad_contact_is_refused(cloud: LocalCloud, changes: dict[str, Any]) -> None:
    cloud.call(
        "essentialcontacts", "POST", f"v1/projects/{SEED}/contacts", {**CONTACT, **changes}, status=400
    )


def test_contacts_of_a_project_and_of_what_is_above_it(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-contacts")
    contacts = "v1/projects/gem-contacts/contacts"
    made = cloud.call("essentialcontacts", "POST", contacts, CONTACT)
    assert made["name"].startswith(f"projects/{number}/contacts/")
    cloud.call("essentialcontacts", "POST", contacts, CONTACT, status=409)
    above = {**CONTACT, "email": "all@example.com", "notificationCategorySubscriptions": ["ALL"]}
    cloud.call("essentialcontacts", "POST", f"v1/{ORGANIZATION}/contacts", above)
    found = cloud.call("essentialcontacts", "GET", f"{contacts}:compute", notificationCategories="BILLING")
    assert {contact["email"] for contact in found["contacts"]} == {"a@example.com", "all@example.com"}

    patch = {"notificationCategorySubscriptions": ["SECURITY"]}
    mask = "notificationCategorySubscriptions"
    changed = cloud.call("essentialcontacts", "PATCH", f"v1/{made['name']}", patch, updateMask=mask)
    assert changed["notificationCategorySubscriptions"] == ["SECURITY"]
    other = {"email": "b@example.com"}
    cloud.call("essentialcontacts", "PATCH", f"v1/{made['name']}", other, updateMask="email", status=400)
    cloud.call("essentialcontacts", "DELETE", f"v1/{made['name']}")
    cloud.call("essentialcontacts", "GET", f"v1/{made['name']}", status=404)


def test_an_enforced_constraint_denies_keys_that_open_everything(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-restricted", account=ACCOUNT)
    enable = "v1/projects/gem-restricted/services/apikeys.googleapis.com:enable"
    cloud.call("serviceusage", "POST", enable, {})
    policies = "v2/projects/gem-restricted/policies"
    policy = {
        "name": "projects/gem-restricted/policies/custom.restrictedKeys",
        "spec": {"rules": [{"enforce": True}]},
    }
    # A policy needs its constraint.
    cloud.call("orgpolicy", "POST", policies, policy, status=400)
    for wrong in (
        {"name": "x"},
        {"actionType": "ACTION_TYPE_UNSPECIFIED"},
        {"condition": ""},
        {"methodTypes": ["UPDATE"]},
    ):
        path = f"v2/{ORGANIZATION}/customConstraints"
        cloud.call("orgpolicy", "POST", path, {**CONSTRAINT, **wrong}, status=400)
    cloud.call("orgpolicy", "POST", f"v2/{ORGANIZATION}/customConstraints", CONSTRAINT)
    keys = "v2/projects/gem-restricted/locations/global/keys"
    cloud.call("apikeys", "POST", keys, {"displayName": "before"}, keyId="before")

    made = cloud.call("orgpolicy", "POST", policies, policy)
    assert made["name"] == f"projects/{number}/policies/custom.restrictedKeys"
    error = cloud.call("apikeys", "POST", keys, {"displayName": "open"}, status=400)["error"]
    assert error["message"] == (
        'Operation denied by custom org policies: ["customConstraints/custom.restrictedKeys"].'
    )
    cloud.call("apikeys", "POST", keys, {"restrictions": KEY}, keyId="closed")
    rename = {"displayName": "renamed"}
    cloud.call("apikeys", "PATCH", f"{keys}/before", rename, updateMask="displayName", status=400)

    # A nearer policy counts before one above; without any, nothing is enforced.
    off = {**policy, "spec": {"rules": [{"enforce": False}]}}
    cloud.call("orgpolicy", "PATCH", f"{policies}/custom.restrictedKeys", off, updateMask="policy.spec")
    cloud.call("apikeys", "POST", keys, {"displayName": "open"}, keyId="open")
    cloud.call("orgpolicy", "DELETE", f"{policies}/custom.restrictedKeys")
    above = {"name": f"{ORGANIZATION}/policies/custom.restrictedKeys", "spec": {"rules": [{"enforce": True}]}}
    cloud.call("orgpolicy", "POST", f"v2/{ORGANIZATION}/policies", above)
    cloud.call("apikeys", "POST", keys, {"displayName": "again"}, status=400)
    held = cloud.call("orgpolicy", "GET", f"{policies}/custom.restrictedKeys:getEffectivePolicy")
    assert held["spec"]["rules"] == [{"enforce": True}]
    cloud.call("orgpolicy", "DELETE", f"v2/{ORGANIZATION}/policies/custom.restrictedKeys")


def _made(cloud: LocalCloud, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a long-running operation of Resource Manager has made."""
    operation = cloud.call("cloudresourcemanager", "POST", path, body)
    done = cloud.call("cloudresourcemanager", "GET", f"v3/{operation['name']}")
    response: dict[str, Any] = done["response"]
    return response


def test_one_value_of_a_tag_key_is_bound_to_a_project(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-tagged")
    key = _made(cloud, "v3/tagKeys", {"parent": ORGANIZATION, "shortName": "env"})
    prod = _made(cloud, "v3/tagValues", {"parent": key["name"], "shortName": "prod"})
    dev = _made(cloud, "v3/tagValues", {"parent": key["name"], "shortName": "dev"})
    assert prod["namespacedName"] == "123456789012/env/prod"
    assert cloud.call(
        "cloudresourcemanager", "GET", "v3/tagValues/namespaced", name="123456789012/env/prod"
    ) == {key: value for key, value in prod.items() if key != "@type"}
    parent = f"//cloudresourcemanager.googleapis.com/projects/{number}"
    bound = _made(cloud, "v3/tagBindings", {"parent": parent, "tagValue": prod["name"]})
    assert bound["tagValueNamespacedName"] == "123456789012/env/prod"
    for value, status in ((prod, 409), (dev, 400)):
        body = {"parent": parent, "tagValue": value["name"]}
        cloud.call("cloudresourcemanager", "POST", "v3/tagBindings", body, status=status)
    [effective] = cloud.call("cloudresourcemanager", "GET", "v3/effectiveTags", parent=parent)[
        "effectiveTags"
    ]
    assert effective["namespacedTagValue"] == "123456789012/env/prod"
    # What is bound cannot go.
    cloud.call("cloudresourcemanager", "DELETE", f"v3/{prod['name']}", status=400)
    cloud.call("cloudresourcemanager", "DELETE", f"v3/{bound['name']}")
    assert cloud.call("cloudresourcemanager", "GET", "v3/tagBindings", parent=parent) == {}
