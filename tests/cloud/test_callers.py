"""Callers with roles: who they are, what they may do, and how Google's services refuse the rest."""

import signal
from typing import Any

import pytest

from sandbox.cloud.core import predefined
from sandbox.cloud.endpoints import ACCESS_TOKEN
from sandbox.cloud.services import SERVICES
from tests.cloud.local_cloud import ACCOUNT, EURO_ACCOUNT, FOLDER, ORGANIZATION, LocalCloud

RESOURCES = "cloudresourcemanager"
ANN, BOB = "token-of-ann", "token-of-bob"
SEED = "sandbox-seed"


@pytest.fixture(scope="module", autouse=True)
def _callers(cloud: LocalCloud) -> None:
    known = {ANN: {"member": "user:ann@example.com"}, BOB: {"member": "user:bob@example.com"}}
    answer = cloud.local("PUT", "identities", {"identities": known})
    assert answer == {"members": ["user:ann@example.com", "user:bob@example.com"]}


def policy_path(resource: str) -> tuple[str, str]:
    """Service and path of a resource's IAM policy."""
    service = "cloudbilling" if resource.startswith("billingAccounts/") else RESOURCES
    version = "v1" if service == "cloudbilling" else "v3"
    return service, f"{version}/{resource}"


def grant(
    cloud: LocalCloud, resource: str, role: str, member: str = "user:ann@example.com", **more: Any
) -> None:
    """Add a binding to a policy, as the operator."""
    service, path = policy_path(resource)
    if service == "cloudbilling":
        version: dict[str, Any] = {"options.requestedPolicyVersion": 3}
        policy = cloud.call(service, "GET", f"{path}:getIamPolicy", **version)
    else:
        body = {"options": {"requestedPolicyVersion": 3}}
        policy = cloud.call(service, "POST", f"{path}:getIamPolicy", body)
    bindings = [*policy.get("bindings", []), {"role": role, "members": [member], **more}]
    policy |= {"bindings": bindings, "version": 3}
    cloud.call(service, "POST", f"{path}:setIamPolicy", {"policy": policy})


def revoke(cloud: LocalCloud, *resources: str) -> None:
    """Empty the policies of resources."""
    for resource in resources:
        service, path = policy_path(resource)
        cloud.call(service, "POST", f"{path}:setIamPolicy", {"policy": {}})


def refusal(
    cloud: LocalCloud, service: str, method: str, path: str, body: Any = None, **named: Any
) -> dict[str, Any]:
    """Google's error for Ann's call."""
    error: dict[str, Any] = cloud.call(service, method, path, body, status=403, token=ANN, **named)["error"]
    assert error["status"] == "PERMISSION_DENIED"
    return error


def test_every_method_that_is_served_says_what_it_needs() -> None:
    for service in SERVICES:
        served = {method.id for method, handler in service.handlers.items() if handler is not None}
        assert served == service.permissions.keys(), service.name


def test_a_caller_has_what_bindings_give_and_no_more(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-callers-1")
    refusal(cloud, RESOURCES, "GET", "v3/projects/gem-callers-1")
    # A project that is not there is refused with the same words.
    assert refusal(cloud, RESOURCES, "GET", "v3/projects/gem-none-1") == refusal(
        cloud, RESOURCES, "GET", "v1/projects/gem-callers-1"
    )
    assert cloud.call(RESOURCES, "GET", "v1/projects", token=ANN) == {}
    grant(cloud, f"projects/{number}", "roles/viewer")
    assert cloud.call(RESOURCES, "GET", "v1/projects/gem-callers-1", token=ANN)["projectNumber"] == number
    seen = cloud.call(RESOURCES, "GET", "v1/projects", token=ANN)["projects"]
    assert [project["projectId"] for project in seen] == ["gem-callers-1"]
    refusal(cloud, RESOURCES, "DELETE", "v3/projects/gem-callers-1")
    cloud.call(RESOURCES, "GET", "v3/projects/gem-callers-1", token=BOB, status=403)
    # The operator's tokens, and unknown ones, may do all as before.
    cloud.call(RESOURCES, "GET", "v3/projects/gem-callers-1", token=ACCESS_TOKEN)
    cloud.call(RESOURCES, "GET", "v3/projects/gem-callers-1", token="whatever")


@pytest.mark.parametrize("above", [FOLDER, ORGANIZATION])
def test_policies_are_inherited_down_to_what_is_in_a_project(cloud: LocalCloud, above: str) -> None:
    inner = cloud.call(RESOURCES, "POST", "v3/folders", {"parent": FOLDER, "displayName": f"in {above[:6]}"})
    while not inner.get("done"):
        inner = cloud.call(RESOURCES, "GET", f"v3/{inner['name']}")
    project = f"gem-inherit-{above[:5]}"
    cloud.create_project(project, parent=inner["response"]["name"])
    cloud.call("serviceusage", "POST", f"v1/projects/{project}/services/pubsub.googleapis.com:enable", {})
    topic = f"v1/projects/{project}/topics/budgets"
    cloud.call("pubsub", "PUT", topic, {})
    error = refusal(cloud, "pubsub", "GET", topic)
    assert error["message"] == "User not authorized to perform this action."
    grant(cloud, above, "roles/pubsub.viewer")
    cloud.call("pubsub", "GET", topic, token=ANN)
    refusal(cloud, "pubsub", "POST", f"{topic}:publish", {"messages": [{"data": "eA=="}]})
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": ["domain:example.com"]}]}
    cloud.call("pubsub", "POST", f"{topic}:setIamPolicy", {"policy": policy})
    cloud.call("pubsub", "POST", f"{topic}:publish", {"messages": [{"data": "eA=="}]}, token=ANN)
    revoke(cloud, above)


def test_the_creator_of_a_project_owns_it(cloud: LocalCloud) -> None:
    body = {"projectId": "gem-owned-1", "parent": FOLDER}
    refusal(cloud, RESOURCES, "POST", "v3/projects", body)
    grant(cloud, FOLDER, "roles/resourcemanager.projectCreator")
    cloud.call(RESOURCES, "POST", "v3/projects", body, token=ANN)
    policy = cloud.call(RESOURCES, "POST", "v3/projects/gem-owned-1:getIamPolicy", {}, token=ANN)
    assert policy["bindings"] == [{"role": "roles/owner", "members": ["user:ann@example.com"]}]
    # A link takes the account as well, its end does not.
    link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    path = "v1/projects/gem-owned-1/billingInfo"
    assert (
        refusal(cloud, "cloudbilling", "PUT", path, link)["message"] == "The caller does not have permission"
    )
    grant(cloud, f"billingAccounts/{ACCOUNT}", "roles/billing.user")
    cloud.call("cloudbilling", "PUT", path, link, token=ANN)
    revoke(cloud, f"billingAccounts/{ACCOUNT}", FOLDER)
    cloud.call("cloudbilling", "PUT", path, {"billingAccountName": ""}, token=ANN)


def test_budgets_take_the_account_or_their_one_project(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-budgets-1", account=ACCOUNT)
    other = cloud.create_project("gem-budgets-2", account=ACCOUNT)
    grant(cloud, f"projects/{number}", "roles/owner")
    path = f"v1/billingAccounts/{ACCOUNT}/budgets"

    def budget(*projects: str) -> dict[str, Any]:
        names = [f"projects/{each}" for each in projects]
        return {
            "displayName": "b",
            "budgetFilter": {"projects": names},
            "amount": {"specifiedAmount": {"units": "5"}},
        }

    quota: dict[str, Any] = {"project": "gem-budgets-1"}
    cloud.call(
        "serviceusage", "POST", f"v1/projects/{number}/services/billingbudgets.googleapis.com:enable", {}
    )
    made = cloud.call("billingbudgets", "POST", path, budget(number), token=ANN, **quota)
    cloud.call("billingbudgets", "GET", f"v1/{made['name']}", token=ANN, **quota)
    refusal(cloud, "billingbudgets", "POST", path, budget(number, other), **quota)
    refusal(cloud, "billingbudgets", "POST", path, budget(other), **quota)
    # Nor may a budget leave its project.
    refusal(cloud, "billingbudgets", "PATCH", f"v1/{made['name']}", budget(other), **quota)
    refusal(cloud, "billingbudgets", "GET", path, **quota)
    cloud.call("billingbudgets", "GET", path, scope=f"projects/{number}", token=ANN, **quota)

    cap = budget(other) | {
        "budgetFilter": {
            "projects": [f"projects/{other}"],
            "services": ["services/AEFD-7695-64FA"],
            "calendarPeriod": "MONTH",
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "thresholdRules": [
            {"thresholdPercent": each, "spendBasis": "CURRENT_SPEND"} for each in (0.5, 0.8, 1.0)
        ],
        "notificationsRule": {"enableProjectLevelRecipients": True},
        "ownershipScope": "ALL_USERS",
        "spendCap": {"inputState": "CONFIGURED"},
    }
    grant(cloud, f"billingAccounts/{ACCOUNT}", "roles/billing.costsManager")
    cloud.call("billingbudgets", "POST", path, budget(other), token=ANN, **quota)
    refusal(cloud, "billingbudgets", "POST", path, cap, **quota)
    grant(cloud, f"billingAccounts/{ACCOUNT}", "roles/billing.admin")
    cloud.call("billingbudgets", "POST", path, cap, token=ANN, **quota)
    revoke(cloud, f"billingAccounts/{ACCOUNT}")


def test_each_service_refuses_in_its_own_words(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-words-1")
    grant(cloud, f"projects/{number}", "roles/serviceusage.serviceUsageConsumer")
    names = ["apikeys", "iam", "monitoring", "orgpolicy", "secretmanager"]
    enable = [f"{name}.googleapis.com" for name in names]
    services = f"v1/projects/{number}/services"
    cloud.call("serviceusage", "POST", f"{services}:batchEnable", {"serviceIds": enable})

    error = refusal(cloud, "serviceusage", "POST", f"{services}/pubsub.googleapis.com:enable", {})
    assert error["message"] == "Permission denied to enable service [pubsub.googleapis.com]"
    assert [detail.get("reason") for detail in error["details"]] == [None, "AUTH_PERMISSION_DENIED"]
    error = refusal(cloud, "iam", "POST", f"v1/projects/{number}/serviceAccounts", {"accountId": "app-none"})
    assert (
        error["message"]
        == "Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist)."
    )
    assert error["details"][0]["metadata"] == {"permission": "iam.serviceAccounts.create"}
    error = refusal(cloud, "monitoring", "POST", f"v3/projects/{number}/alertPolicies", {})
    assert (
        error["message"]
        == "Permission monitoring.alertPolicies.create denied (or the resource may not exist)."
    )
    error = refusal(cloud, "orgpolicy", "GET", f"v2/projects/{number}/policies", project=number)
    assert "'orgpolicy.policies.list' denied on resource '//cloudresourcemanager" in error["message"]
    error = refusal(
        cloud, "apikeys", "POST", f"v2/projects/{number}/locations/global/keys", {}, project=number
    )
    assert error["message"] == "The caller does not have permission"
    error = refusal(cloud, "secretmanager", "GET", f"v1/projects/{number}/secrets/none")
    assert "'secretmanager.secrets.get' denied for resource" in error["message"]


def test_permissions_are_tested_as_the_caller(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-tested-1")
    grant(cloud, f"projects/{number}", "roles/browser")
    path = f"v1/projects/{number}:testIamPermissions"
    asked = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.delete"]}
    held = cloud.call(RESOURCES, "POST", path, asked, token=ANN)
    assert held == {"permissions": ["resourcemanager.projects.get"]}
    assert cloud.call(RESOURCES, "POST", path, asked) == asked
    unknown = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.paint"]}
    cloud.call(RESOURCES, "POST", path, unknown, token=ANN, status=400)
    cloud.call("cloudbilling", "POST", f"v1/billingAccounts/{ACCOUNT}:testIamPermissions", asked, status=400)


def test_an_owner_has_the_objects_of_the_projects_buckets(cloud: LocalCloud) -> None:
    """By the bucket's own policy: the basic role has none of the permissions on objects."""
    number = cloud.create_project("gem-buckets-1", account=ACCOUNT)
    cloud.call("storage", "POST", "storage/v1/b?project=gem-buckets-1", {"name": "gem-state-1"})
    objects = "storage/v1/b/gem-state-1/o"
    refused = cloud.call("storage", "GET", objects, token=ANN, status=403)
    assert "storage.objects.list" in refused["error"]["message"]
    grant(cloud, f"projects/{number}", "roles/owner")
    cloud.call("storage", "GET", objects, token=ANN)
    cloud.call("storage", "GET", objects, token=BOB, status=403)


def test_billing_accounts_are_listed_as_the_caller_may_see_them(cloud: LocalCloud) -> None:
    grant(cloud, f"billingAccounts/{EURO_ACCOUNT}", "roles/billing.viewer")
    seen = cloud.call("cloudbilling", "GET", "v1/billingAccounts", token=ANN)["billingAccounts"]
    assert [account["name"] for account in seen] == [f"billingAccounts/{EURO_ACCOUNT}"]
    revoke(cloud, f"billingAccounts/{EURO_ACCOUNT}")


def test_predefined_roles_name_known_permissions() -> None:
    """Roles that this project's pages ask for, with the permissions that they are asked for."""
    roles, known = predefined.roles(), predefined.permissions()
    assert all(role.permissions <= known for role in roles.values())
    cap = "billing.budgets.configureSpendCap"
    assert cap in roles["roles/billing.admin"].permissions - roles["roles/billing.costsManager"].permissions
    assert "billing.resourcebudgets.configureSpendCap" in roles["roles/owner"].permissions
    assert "iam.serviceAccounts.getAccessToken" not in roles["roles/owner"].permissions


def test_callers_outlive_the_server_and_are_forgotten_on_request(cloud: LocalCloud) -> None:
    cloud.end(signal.SIGKILL)
    cloud.start()
    refusal(cloud, RESOURCES, "GET", f"v3/projects/{SEED}")
    known = {BOB: {"member": "user:bob@example.com"}}
    cloud.local("PUT", "identities", {"identities": known, "strict": True})
    error = cloud.call(RESOURCES, "GET", f"v3/projects/{SEED}", token=ANN, status=401)["error"]
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    cloud.call(RESOURCES, "GET", f"v3/projects/{SEED}", token=ACCESS_TOKEN)
    cloud.local("DELETE", "identities")
    cloud.call(RESOURCES, "GET", f"v3/projects/{SEED}", token=BOB)
    bad = {"identities": {"x": {"member": "ann@example.com"}}}
    with pytest.raises(AssertionError, match="write user:ADDRESS"):
        cloud.local("PUT", "identities", bad)
