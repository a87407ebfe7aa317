"""IAM policies as their clients write them: conditions, audit configurations, members; and the roles they can name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from sandbox.cloud.core import conditions
from sandbox.cloud.core.conditions import Facts
from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, ORGANIZATION, LocalCloud

ANN = "user:ann@example.com"
TOKEN = "token-of-ann"
UNTIL = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
FACTS = Facts(
    datetime(2026, 11, 27, 14, 30, tzinfo=UTC),
    "projects/123/secrets/state",
    "secretmanager.googleapis.com/Secret",
    "secretmanager.googleapis.com",
)


def client(cloud: LocalCloud, service: str, version: str) -> Any:
    options = ClientOptions(api_endpoint=cloud.url(service))
    return build(service, version, client_options=options, credentials=CREDENTIALS, static_discovery=True)


class Policies:
    """The policy of a resource, by the client of a version of its API."""

    def __init__(self, api: Any, resource: str, *, in_query: bool = False) -> None:
        self._api, self._resource, self._in_query = api, resource, in_query

    def get(self, version: int = 3) -> dict[str, Any]:
        if self._in_query:
            asked = self._api.getIamPolicy(resource=self._resource, options_requestedPolicyVersion=version)
        else:
            body = {"options": {"requestedPolicyVersion": version}}
            asked = self._api.getIamPolicy(resource=self._resource, body=body)
        return dict(asked.execute())

    def set(self, policy: dict[str, Any], mask: str = "") -> dict[str, Any]:
        body = {"policy": policy, **({"updateMask": mask} if mask else {})}
        return dict(self._api.setIamPolicy(resource=self._resource, body=body).execute())

    def refused(self, policy: dict[str, Any], status: int = 400) -> str:
        with pytest.raises(HttpError) as error:
            self.set(policy)
        assert error.value.resp.status == status
        return str(error.value.reason)


@pytest.mark.parametrize(
    "where", ["project-v1", "project-v3", "folder-v2", "folder-v3", "organization", "account"]
)
def test_conditions_audit_configurations_and_members(cloud: LocalCloud, where: str) -> None:
    kind, _, version = where.partition("-")
    resource = {"folder": FOLDER, "organization": ORGANIZATION, "account": f"billingAccounts/{ACCOUNT}"}.get(
        kind, ""
    )
    if kind == "account":
        policies = Policies(client(cloud, "cloudbilling", "v1").billingAccounts(), resource, in_query=True)
    else:
        api = client(cloud, "cloudresourcemanager", version or "v3")
        if kind == "project":
            cloud.create_project(f"gem-iam-{version}")
            resource = f"gem-iam-{version}" if version == "v1" else f"projects/gem-iam-{version}"
        policies = Policies(getattr(api, f"{kind}s")(), resource)
    role = "roles/billing.viewer" if kind == "account" else "roles/browser"
    plain, conditional = (
        {"role": role, "members": [ANN]},
        {"role": role, "members": [ANN], "condition": UNTIL},
    )
    audit = {
        "service": "allServices",
        "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": [ANN]}],
    }

    assert "version must be 3" in policies.refused({"bindings": [conditional]})
    first = policies.set(
        {"version": 3, "bindings": [plain, conditional], "auditConfigs": [audit]}, "bindings,auditConfigs"
    )
    assert (first["version"], first["bindings"], first["auditConfigs"]) == (3, [plain, conditional], [audit])
    older = policies.get(version=1)
    assert older["version"] == 1
    hashed = older["bindings"][1]["role"]
    assert hashed.startswith(f"{role}_withcond_")
    assert "condition" not in older["bindings"][1]
    # What was read without the conditions cannot take their place.
    assert f"Role {hashed} is not supported" in policies.refused({"bindings": older["bindings"]})
    assert "version must be 3" in policies.refused({"bindings": [plain], "etag": first["etag"]})
    # Without a mask only the bindings are replaced, and bindings of the same role and condition are one.
    group = {"role": role, "members": ["group:team@example.com", ANN]}
    empty = {"role": role, "members": [], "condition": {**UNTIL, "title": "nobody's"}}
    second = policies.set(
        {"version": 3, "etag": first["etag"], "bindings": [plain, conditional, group, empty]}
    )
    assert second["bindings"] == [{"role": role, "members": [ANN, "group:team@example.com"]}, conditional]
    assert second["auditConfigs"] == [audit]
    assert "concurrent policy changes" in policies.refused({"version": 3, "etag": first["etag"]}, status=409)
    third = policies.set({"etag": second["etag"], "auditConfigs": []}, "auditConfigs,etag")
    assert "auditConfigs" not in third
    assert third["bindings"] == second["bindings"]

    for binding, why in (
        ({"role": "roles/owner", "members": [ANN], "condition": UNTIL}, "primitive roles"),
        ({"role": role, "members": [ANN], "condition": {"expression": "true"}}, "must have a title"),
        (
            {"role": role, "members": [ANN], "condition": {"title": "t", "expression": "request.time <"}},
            "Syntax error",
        ),
        (
            {"role": role, "members": [ANN], "condition": {"title": "t", "expression": "now() > 1"}},
            "undeclared reference",
        ),
        ({"role": role, "members": ["ann@example.com"]}, "of an unknown type"),
        ({"role": role, "members": ["user:ann"]}, "Invalid member"),
        ({"role": role, "members": ["allUsers"]}, "cannot be added to this resource"),
        ({"role": role, "members": ["projectOwner:gem-iam-v1"]}, "of an unknown type"),
        ({"role": role, "members": ["deleted:serviceAccount:a@p.iam.gserviceaccount.com"]}, "Invalid member"),
        ({"role": "browser", "members": [ANN]}, "not supported for this resource"),
    ):
        assert why in policies.refused({"version": 3, "bindings": [binding]}), binding
    with pytest.raises(HttpError, match="must be 0, 1 or 3"):
        policies.get(version=2)
    with pytest.raises(HttpError, match="Invalid service"):
        policies.set({"auditConfigs": [{"service": "all"}]}, "auditConfigs")
    deleted = "deleted:serviceAccount:a@p.iam.gserviceaccount.com?uid=123"
    pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*"
    policies.set({"bindings": [{"role": role, "members": [deleted, pool, "domain:example.com"]}]})
    policies.set({})


def test_a_condition_on_time_holds_by_the_clock_alone(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-condition-1")
    cloud.local("PUT", "identities", {"identities": {TOKEN: {"member": ANN}}})
    asked = {"permissions": ["resourcemanager.projects.get"]}

    def held(expression: str) -> bool:
        condition = {"title": "c", "expression": expression}
        binding = {"role": "roles/browser", "members": [ANN], "condition": condition}
        policy = {"version": 3, "bindings": [binding]}
        cloud.call("cloudresourcemanager", "POST", f"v3/projects/{number}:setIamPolicy", {"policy": policy})
        path = f"v3/projects/{number}:testIamPermissions"
        answer = cloud.call("cloudresourcemanager", "POST", path, asked, token=TOKEN)
        cloud.call(
            "cloudresourcemanager", "GET", f"v3/projects/{number}", token=TOKEN, status=200 if answer else 403
        )
        return answer == asked

    expression = 'request.time < timestamp("2027-01-01T00:00:00Z")'
    cloud.local("PUT", "clock", {"now": "2026-12-31T23:00:00Z", "hold": True})
    assert held(expression)
    cloud.local("PUT", "clock", {"advanceSeconds": 3600})
    assert not held(expression)
    assert held(
        f'resource.name == "projects/{number}" && resource.type == "cloudresourcemanager.googleapis.com/Project"'
    )
    assert not held('resource.matchTag("123456789012/env", "prod")')
    assert held(
        'resource.matchTag("123456789012/env", "prod") || request.time > timestamp("2026-01-01T00:00:00Z")'
    )
    cloud.local("DELETE", "identities")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("true", True),
        ("!(1 > 2) && (2 in [1, 2])", True),
        ("request.time.getHours('Europe/Berlin') >= 15 && request.time.getDayOfWeek() == 5", True),
        ("request.time.getHours() > 15 ? true : resource.name.endsWith('state')", True),
        ("request.time - duration('1h30m') > timestamp('2026-11-27T13:00:00Z')", False),
        ("request.time.getMonth('+10:30') == 10 && request.time.getDate('+10:30') == 28", True),
        ("resource.name.extract('projects/{id}/') == '123'", True),
        (
            "resource.service == 'secretmanager.googleapis.com' && resource.name.startsWith('projects/123/')",
            True,
        ),
        ("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/viewer'])", False),
        ("!resource.hasTagKey('1/env')", False),
        ("destination.port == 22 || resource.type != 'x'", True),
        ("resource.name > 5", False),
    ],
)
def test_what_conditions_are_worth(expression: str, expected: bool) -> None:
    assert conditions.mistakes(expression) == []
    assert conditions.holds(expression, FACTS) is expected


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("", 1),
        ("resource.name ==", 17),
        ("resource.nme == 'x'", 10),
        ("request.time < 'x' &", 20),
        ("resource.name.beginsWith('x')", 15),
        ("'yes'", 1),
        (" && ".join(["true"] * 14), 1),
        ("(" * 40 + "true" + ")" * 40, 33),
        ("a" + ".b" * 3000, 501),
    ],
)
def test_what_is_no_condition_says_where(cloud: LocalCloud, expression: str, column: int) -> None:
    body = {"condition": {"title": "t", "expression": expression}}
    found = client(cloud, "iam", "v1").iamPolicies().lintPolicy(body=body).execute()["lintResults"]
    assert (found[0]["severity"], found[0]["fieldName"]) == ("ERROR", "condition.expression")
    assert found[0]["locationOffset"] == column - 1


def test_roles_and_permissions_that_a_resource_can_have(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-grantable-1")
    cloud.call("serviceusage", "POST", f"v1/projects/{number}/services/iam.googleapis.com:enable", {})
    iam = client(cloud, "iam", "v1")
    made = (
        iam.projects()
        .roles()
        .create(
            parent="projects/gem-grantable-1",
            body={
                "roleId": "reader",
                "role": {"title": "Reader", "includedPermissions": ["resourcemanager.projects.get"]},
            },
        )
    )
    role = made.execute()
    project = f"//cloudresourcemanager.googleapis.com/projects/{number}"
    account = f"//cloudbilling.googleapis.com/billingAccounts/{ACCOUNT}"

    def grantable(resource: str) -> set[str]:
        body = {"fullResourceName": resource, "pageSize": 2000}
        return {each["name"] for each in iam.roles().queryGrantableRoles(body=body).execute()["roles"]}

    assert grantable(project) >= {role["name"], "roles/owner", "roles/compute.viewer"}
    assert {"roles/billing.user", "roles/billing.admin"} <= grantable(account)
    assert grantable(account).isdisjoint({"roles/owner", "roles/pubsub.admin", role["name"]})

    def testable(resource: str) -> set[str]:
        body = {"fullResourceName": resource, "pageSize": 1000}
        found: set[str] = set()
        while True:
            page = iam.permissions().queryTestablePermissions(body=body).execute()
            found |= {each["name"] for each in page["permissions"]}
            if "nextPageToken" not in page:
                return found
            body["pageToken"] = page["nextPageToken"]

    assert "resourcemanager.organizations.get" not in testable(project)
    assert "billing.budgets.create" in testable(account)
    with pytest.raises(HttpError, match="Invalid full resource name"):
        grantable("projects/gem-grantable-1")

    # A deleted role stays where it is bound, changes no more, and is given to nobody else.
    policy = {"bindings": [{"role": role["name"], "members": [ANN]}]}
    path = f"v3/projects/{number}:setIamPolicy"
    cloud.call("cloudresourcemanager", "POST", path, {"policy": policy})
    iam.projects().roles().delete(name=role["name"]).execute()
    cloud.call("cloudresourcemanager", "POST", path, {"policy": policy})
    policy["bindings"][0]["members"] = [ANN, "user:bob@example.com"]
    refused = cloud.call("cloudresourcemanager", "POST", path, {"policy": policy}, status=400)["error"]
    assert refused["status"] == "FAILED_PRECONDITION"
    change = iam.projects().roles().patch(name=role["name"], body={"title": "x"}, updateMask="title")
    with pytest.raises(HttpError, match="it is deleted"):
        change.execute()
    iam.projects().roles().undelete(name=role["name"], body={}).execute()
    cloud.call("cloudresourcemanager", "POST", path, {"policy": policy})
