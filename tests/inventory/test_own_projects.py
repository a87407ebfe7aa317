"""Projects that the stack itself created: their entries say what the stack file said, and need no `existing`."""

from typing import Any

import yaml

from landing_zone.inventory import in_folder
from landing_zone.monitoring.alert_policies import too_many_requests
from landing_zone.names import STACK_LABEL, key_account_id, key_account_title
from tests.audit.world import ACCOUNT, FOLDER, World, google
from tests.inventory.by_hand import EMAIL
from tests.inventory.plan import planned_changes
from tests.inventory.reading import LABEL, entries, read, unlink

GEMINI = {"restrictions": {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}}
OWNED = {STACK_LABEL: LABEL, "goog-pulumi-provisioned": "true"}


def test_name_parent_labels_and_what_policies_read(world: World) -> None:
    labels = {**OWNED, "team": "one", "gemini-private-data": "true", "gemini-users": "de_eea"}
    world.project("acme-owned", labels=labels)
    [found] = read(world, "acme-owned")
    assert found.settings == {
        "projectId": "acme-owned",
        "tier": "free",
        "parent": FOLDER,
        "privateData": True,
        "users": ["DE", "EEA"],
        "labels": {"team": "one"},
    }
    assert planned_changes(world.cloud, entries([found])) == []


def test_keys_and_accounts_of_the_stack_are_its_own_and_others_are_taken_over(world: World) -> None:
    project = "acme-own-keys"
    world.project(project, labels=OWNED)
    account = {
        "accountId": key_account_id(project, "backend"),
        "serviceAccount": {
            "displayName": key_account_title("bot", "backend"),
            "description": "Identity of calls with this API key. It needs no roles. Disabling it stops the key.",
        },
    }
    email = world.cloud.call("POST", f"/iam/v1/projects/{project}/serviceAccounts", account)["email"]
    world.key(project, "backend", f"{project} backend", serviceAccountEmail=email, **GEMINI)
    world.key(project, "web--standard", "The site", **GEMINI)
    world.key(project, "by-hand", "People's", **GEMINI)
    [found] = read(world, project)
    assert found.name == "bot"
    assert found.settings["keys"] == {
        "backend": {},
        "people-s": {"existing": "by-hand", "displayName": "People's", "standard": True},
        "web": {"displayName": "The site", "standard": True},
    }
    assert planned_changes(world.cloud, entries([found])) == []
    # Under another name the account is not as the stack would make it.
    [other] = read(world, project, names={project: "helper"})
    assert other.settings["keys"]["backend"] == {"existing": "backend", "serviceAccount": email}
    assert planned_changes(world.cloud, entries([other])) == []


def test_an_account_that_was_disabled_is_anothers(world: World) -> None:
    project = "acme-stopped-key"
    world.project(project, labels=OWNED)
    account = {
        "accountId": key_account_id(project, "k"),
        "serviceAccount": {"displayName": key_account_title("k-bot", "k")},
    }
    path = f"/iam/v1/projects/{project}/serviceAccounts"
    email = world.cloud.call("POST", path, account)["email"]
    world.cloud.call("POST", f"{path}/{email}:disable", {})
    world.key(project, "k", f"{project} k", serviceAccountEmail=email, **GEMINI)
    [found] = read(world, project)
    assert found.settings["keys"]["k"] == {"existing": "k", "serviceAccount": email}
    assert planned_changes(world.cloud, entries([found])) == []


def test_names_are_each_projects_own(world: World) -> None:
    ids = ["acme-twin-aaaaaaaaaaaaaaaaaa-1", "acme-twin-aaaaaaaaaaaaaaaaaa-2"]
    for each in ids:
        world.project(each, labels={})
    found = read(world, *ids, taken=["acme-twin-aaaaaaaaaaaaaa"])
    assert [each.project_id for each in found] == ids
    assert len({each.name for each in found} | {"acme-twin-aaaaaaaaaaaaaa"}) == 3
    assert all(len(each.name) <= 24 for each in found)


def test_a_channel_of_an_address_and_one_of_the_environment(world: World) -> None:
    project = "acme-own-alerts"
    world.project(project, labels=OWNED)
    world.cloud.call(
        "POST", f"/serviceusage/v1/projects/{project}/services/monitoring.googleapis.com:enable", {}
    )
    base = f"/monitoring/v3/projects/{project}"

    def channel(**body: Any) -> str:
        made = world.cloud.call(
            "POST", f"{base}/notificationChannels", {**body, "userLabels": {STACK_LABEL: LABEL}}
        )
        return str(made["name"])

    mail = channel(**EMAIL, displayName="oncall@example.com")
    bus = channel(type="pubsub", displayName="bus", labels={"topic": "projects/sandbox-seed/topics/one"})
    policy = {
        **too_many_requests(7),
        "notificationChannels": [mail, bus],
        "userLabels": {STACK_LABEL: LABEL},
    }
    world.cloud.call("POST", f"{base}/alertPolicies", policy)
    environment = yaml.safe_load("channels: {bus: {type: pubsub, topic: projects/sandbox-seed/topics/one}}")
    [found] = read(world, project, environment=environment)
    assert found.settings["alerts"] == {
        "email": ["oncall@example.com"],
        "channels": ["bus"],
        "errorRate": None,
        "tooManyRequestsPerMinute": 7,
        "quotaShare": None,
    }
    assert planned_changes(world.cloud, {**environment, **entries([found])}) == []
    # A threshold that somebody changed is no longer what its name says.
    changed = {**policy, "conditions": [{**policy["conditions"][0]}]}
    changed["conditions"][0]["conditionThreshold"] = {
        **policy["conditions"][0]["conditionThreshold"],
        "thresholdValue": 9,
    }
    [listed] = world.cloud.call("GET", f"{base}/alertPolicies")["alertPolicies"]
    world.cloud.call("PATCH", f"/monitoring/v3/{listed['name']}", changed)
    [found] = read(world, project, environment=environment)
    assert "tooManyRequestsPerMinute" not in found.settings["alerts"]
    [own] = found.settings["alerts"]["policies"].values()
    assert own["conditions"][0]["conditionThreshold"]["thresholdValue"] == 9
    assert planned_changes(world.cloud, {**environment, **entries([found])}) == []


def test_projects_of_a_folder_and_of_those_below_it(world: World) -> None:
    team = world.folder("team", FOLDER)
    deep = world.folder("deep", world.folder("middle", team))
    for project, parent in (("acme-top-1", team), ("acme-deep-1", deep), ("acme-deep-gone", deep)):
        world.project(project, parent, gemini=False)
    world.cloud.call("DELETE", "/cloudresourcemanager/v1/projects/acme-deep-gone")
    left_out: list[str] = []
    assert in_folder(google(world.cloud), team, left_out) == ["acme-deep-1", "acme-top-1"]
    assert left_out == ["project acme-deep-gone: it is being deleted"]
    assert in_folder(google(world.cloud), deep) == ["acme-deep-1"]


def test_a_guard_of_the_defaults_holds_where_one_acts_and_nowhere_else(world: World) -> None:
    environment = {"notificationProject": "sandbox-seed", "defaults": {"guard": {"stop": 1.0}}}
    world.cloud.call("PUT", "/pubsub/v1/projects/sandbox-seed/topics/gemini-guard-test", {})
    for project in ("acme-guarded", "acme-unguarded"):
        world.project(project, account=ACCOUNT, labels=OWNED)
        world.budget(
            f"{project} Gemini API",
            project,
            notificationsRule={
                "pubsubTopic": "projects/sandbox-seed/topics/gemini-guard-test",
                "schemaVersion": "1.0",
            },
        )
    role = "projects/acme-guarded/roles/geminiGuard_test_123456"
    policy = {"policy": {"bindings": [{"role": role, "members": ["user:guard@example.com"]}]}}
    path = "/cloudresourcemanager/v1/projects/acme-guarded"
    world.cloud.call(
        "POST",
        "/iam/v1/projects/acme-guarded/roles",
        {"roleId": role.rpartition("/")[2], "role": {"title": "Guard"}},
    )
    world.cloud.call("POST", f"{path}:setIamPolicy", policy)
    guarded, other = read(world, "acme-guarded", "acme-unguarded", environment=environment)
    unlink(world, "acme-guarded", "acme-unguarded")
    assert "guard" not in guarded.settings
    assert "topic" not in guarded.settings["budget"]
    assert other.settings["guard"] is False
    assert other.settings["budget"]["topic"] == "projects/sandbox-seed/topics/gemini-guard-test"
    assert not [line for line in guarded.left_out if line.startswith("IAM")]
