"""Organization policies by Resource Manager's v1, which is another door to those of Organization Policy v2."""

from typing import Any

import pytest

from tests.cloud.googles_client import client, refusal
from tests.cloud.local_cloud import FOLDER, ORGANIZATION, LocalCloud

PROJECT = "projects/gem-old-policies"
SWITCH = "constraints/iam.disableServiceAccountKeyCreation"
VALUES = "constraints/gcp.resourceLocations"


@pytest.fixture(scope="module")
def manager(cloud: LocalCloud) -> Any:
    cloud.create_project(PROJECT.removeprefix("projects/"))
    return client(cloud, "cloudresourcemanager", "v1")


def _set(of: Any, name: str, constraint: str, **policy: Any) -> Any:
    return of.setOrgPolicy(resource=name, body={"policy": {"constraint": constraint, **policy}})


@pytest.mark.parametrize("name", [PROJECT, FOLDER, ORGANIZATION])
def test_a_policy_lives_on_every_resource(manager: Any, name: str) -> None:
    of = getattr(manager, name.partition("/")[0])()
    empty = of.getOrgPolicy(resource=name, body={"constraint": SWITCH}).execute()
    assert empty == {"constraint": SWITCH, "etag": empty["etag"]}
    made = _set(of, name, SWITCH, booleanPolicy={"enforced": True}, etag=empty["etag"]).execute()
    assert made["booleanPolicy"] == {"enforced": True}
    assert refusal(_set(of, name, SWITCH, booleanPolicy={}, etag=empty["etag"])) == 409
    assert of.getOrgPolicy(resource=name, body={"constraint": SWITCH}).execute() == made
    assert of.listOrgPolicies(resource=name, body={}).execute() == {"policies": [made]}
    found = of.getEffectiveOrgPolicy(resource=name, body={"constraint": SWITCH}).execute()
    assert found["booleanPolicy"] == {"enforced": True}
    known = of.listAvailableOrgPolicyConstraints(resource=name, body={}).execute()["constraints"]
    kinds = {each["name"]: "listConstraint" in each for each in known}
    assert (kinds[SWITCH], kinds[VALUES]) == (False, True)
    stale = {"constraint": SWITCH, "etag": empty["etag"]}
    assert refusal(of.clearOrgPolicy(resource=name, body=stale)) == 409
    for _ in range(2):
        assert of.clearOrgPolicy(resource=name, body={"constraint": SWITCH}).execute() == {}
    assert of.getOrgPolicy(resource=name, body={"constraint": SWITCH}).execute() == empty
    assert of.listOrgPolicies(resource=name, body={}).execute() == {}


def test_lists_are_inherited_and_shown_in_both_versions(cloud: LocalCloud, manager: Any) -> None:
    projects, folders = manager.projects(), manager.folders()
    _set(folders, FOLDER, VALUES, listPolicy={"allowedValues": ["in:eu-locations"]}).execute()
    own = {"deniedValues": ["europe-west1"], "inheritFromParent": True}
    assert _set(projects, PROJECT, VALUES, listPolicy=own).execute()["listPolicy"] == own
    found = projects.getEffectiveOrgPolicy(resource=PROJECT, body={"constraint": VALUES}).execute()
    assert found["listPolicy"] == {"allowedValues": ["in:eu-locations"], "deniedValues": ["europe-west1"]}
    newer = cloud.call("orgpolicy", "GET", f"v2/{PROJECT}/policies/gcp.resourceLocations")
    assert newer["spec"]["rules"] == [{"values": {"deniedValues": ["europe-west1"]}}]
    assert newer["spec"]["inheritFromParent"] is True
    for word in ("ALLOW", "DENY"):
        _set(projects, PROJECT, VALUES, listPolicy={"allValues": word}).execute()
        found = projects.getEffectiveOrgPolicy(resource=PROJECT, body={"constraint": VALUES}).execute()
        assert found["listPolicy"] == {"allValues": word}
    restored = _set(projects, PROJECT, VALUES, restoreDefault={}).execute()
    assert restored["restoreDefault"] == {}
    found = projects.getEffectiveOrgPolicy(resource=PROJECT, body={"constraint": VALUES}).execute()
    assert found["listPolicy"] == {"allValues": "ALLOW"}


def test_what_v1_does_not_know_stays(cloud: LocalCloud, manager: Any) -> None:
    policy = {
        "name": f"{PROJECT}/policies/iam.disableServiceAccountKeyUpload",
        "dryRunSpec": {"rules": [{"enforce": True}]},
    }
    made = cloud.call("orgpolicy", "POST", f"v2/{PROJECT}/policies", policy)
    constraint = "constraints/iam.disableServiceAccountKeyUpload"
    body = {"constraint": constraint}
    read = manager.projects().getOrgPolicy(resource=PROJECT, body=body).execute()
    assert read.keys() == {"constraint", "etag"}
    _set(manager.projects(), PROJECT, constraint, booleanPolicy={}, etag=read["etag"]).execute()
    kept = cloud.call("orgpolicy", "GET", f"v2/{made['name']}")
    assert kept["spec"]["rules"] == [{"enforce": False}]
    assert kept["dryRunSpec"]["rules"] == [{"enforce": True}]
    for _ in range(2):
        manager.projects().clearOrgPolicy(resource=PROJECT, body=body).execute()
        kept = cloud.call("orgpolicy", "GET", f"v2/{made['name']}")
        assert kept["dryRunSpec"]["rules"] == [{"enforce": True}]
        assert "spec" not in kept


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ({"constraint": SWITCH}, 400),
        ({"constraint": SWITCH, "booleanPolicy": {}, "restoreDefault": {}}, 400),
        ({"constraint": SWITCH, "listPolicy": {"allValues": "DENY"}}, 400),
        ({"constraint": VALUES, "booleanPolicy": {"enforced": True}}, 400),
        ({"constraint": VALUES, "listPolicy": {"allValues": "DENY", "allowedValues": ["a"]}}, 400),
        ({"constraint": "iam.disableServiceAccountKeyCreation", "booleanPolicy": {}}, 400),
        ({"constraint": "constraints/nobodys.constraint", "booleanPolicy": {}}, 404),
        ({}, 400),
    ],
)
def test_a_bad_policy_is_refused(manager: Any, policy: dict[str, Any], status: int) -> None:
    assert refusal(manager.projects().setOrgPolicy(resource=PROJECT, body={"policy": policy})) == status
