"""What no setting can say stays as it is, and is listed with the reason; what may not be read, with what to grant."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from landing_zone.gemini import GEMINI_API
from landing_zone.inventory import Inventory
from landing_zone.names import STACK_LABEL
from tests.audit.world import ACCOUNT, World
from tests.inventory.by_hand import EMAIL, THRESHOLD, override, preferred
from tests.inventory.plan import planned_changes
from tests.inventory.reading import LABEL, entries, read, unlink

CONDITION = {"displayName": "slow", "conditionThreshold": {**THRESHOLD, "thresholdValue": 5}}
Make = Callable[[World, str], Any]


def on(path: str, body: dict[str, Any]) -> Make:
    """A call with the project's id in its path."""
    return lambda world, project: world.cloud.call("POST", path.replace("PROJECT", project), body)


def key(name: str, title: str = "", **body: Any) -> Make:
    return lambda world, project: world.key(project, name, title, **body)


def budget(title: str, **body: Any) -> Make:
    return lambda world, project: world.budget(title, project, **body)


def both(*makes: Make) -> Make:
    return lambda world, project: [each(world, project) for each in makes]


def several(world: World, project: str) -> None:
    """A budget over two projects."""
    other = f"{project}-b"
    world.project(other)
    world.budget("Both", project, other)


#: What people made → the line about it.
LINES: dict[str, tuple[Make, str]] = {
    "a key of every API": (
        key("open-1", "Opens all"),
        "key Opens all: it is not restricted to the Gemini API alone",
    ),
    "a key without a name": (key("open-2"), "key open-2: it is not restricted"),
    "a method of no group": (
        key("star", restrictions={"apiTargets": [{"service": GEMINI_API, "methods": ["*"]}]}),
        "key star: it opens \\*, which no setting can express",
    ),
    "every address": (
        key(
            "all",
            restrictions={
                "apiTargets": [{"service": GEMINI_API}],
                "serverKeyRestrictions": {"allowedIps": ["0.0.0.0/0"]},
            },
        ),
        r"keys\.key: 0\.0\.0\.0/0 allows every address",
    ),
    "a second budget": (
        both(budget("One"), budget("Two")),
        "budget Two: another budget of the project is taken over",
    ),
    "a budget over several projects": (
        several,
        "budget Both: it counts several projects, which sharedBudgets can say",
    ),
    "a cap without a budget": (
        lambda world, project: world.cap("Cap", project),
        "spend cap Cap: it stands below budget in a stack file, and no budget",
    ),
    "thresholds twice": (
        budget("Twice", thresholdRules=[{"thresholdPercent": 0.5}, {"thresholdPercent": 0.5}]),
        r"budget: 0\.5 stands here twice",
    ),
    "a channel that nothing names": (
        on("/monitoring/v3/projects/PROJECT/notificationChannels", {**EMAIL, "displayName": "Idle"}),
        "notification channel Idle: no alert policy and no budget of the project names it",
    ),
    "a dashboard": (
        on("/monitoring/v1/projects/PROJECT/dashboards", {"displayName": "Mine", "gridLayout": {}}),
        "dashboard Mine: people made it",
    ),
    "a dashboard as a stack's": (
        on(
            "/monitoring/v1/projects/PROJECT/dashboards",
            {"displayName": "Gemini API: PROJECT", "gridLayout": {}},
        ),
        "dashboard Gemini API: PROJECT: (people made it|it is not as a stack makes it)",
    ),
    "an override on an id": (
        lambda world, project: override(
            world,
            project,
            f"{GEMINI_API}/generate_requests_per_model",
            "/min/model/project",
            1,
            {"model": "gemini-embedding-001"},
        ),
        "override of .*: it is on gemini-embedding-001, which Google counts as .*: it binds nothing",
    ),
    "an organization policy": (
        lambda world, project: world.cloud.call(
            "POST",
            f"/orgpolicy/v2/projects/{project}/policies",
            {
                "name": f"projects/{project}/policies/gcp.resourceLocations",
                "spec": {"rules": [{"allowAll": True}]},
            },
        ),
        "organization policy gcp.resourceLocations: no setting makes it",
    ),
    "IAM": (
        on(
            "/cloudresourcemanager/v1/projects/PROJECT:setIamPolicy",
            {"policy": {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}]}},
        ),
        "IAM members of roles/viewer: a stack grants nobody a role in a project",
    ),
}


@pytest.mark.parametrize("what", LINES)
def test_a_thing_that_no_setting_can_say(world: World, what: str) -> None:
    make, line = LINES[what]
    project = f"acme-left-{[*LINES].index(what)}"
    world.project(project, account=ACCOUNT, labels={})
    enable(world, project)
    make(world, project)
    [found] = read(world, project)
    changes = planned_changes(world.cloud, entries([found]))
    unlink(world, project)
    assert [each for each in found.left_out if re.match(line.replace("PROJECT", ".*"), each)], found.left_out
    assert changes == []


def enable(world: World, project: str) -> None:
    for api in ("monitoring", "essentialcontacts"):
        world.cloud.call(
            "POST", f"/serviceusage/v1/projects/{project}/services/{api}.googleapis.com:enable", {}
        )


def test_labels_of_an_adopted_project_stay(world: World) -> None:
    world.project("acme-labelled", labels={"team": "one", STACK_LABEL: "others-123456"})
    [found] = read(world, "acme-labelled")
    assert (
        f"label {STACK_LABEL}: others-123456: another stack created the project, and may still manage it"
        in (found.left_out)
    )
    assert "labels team: those of an adopted project are not managed" in found.left_out
    assert found.settings == {"projectId": "acme-labelled", "adopt": True, "tier": "free"}


def test_a_project_without_the_api_is_left_as_it_is(world: World) -> None:
    world.project("acme-no-gemini", gemini=False, labels={})
    [found] = read(world, "acme-no-gemini")
    assert (found.settings, found.resources) == ({}, [])
    assert found.left_out[0].startswith(f"project: {GEMINI_API} is not enabled in it")
    assert "--project=acme-no-gemini" in found.left_out[0]


def test_a_project_that_is_gone_or_unknown_stops_no_other(world: World) -> None:
    world.project("acme-is-gone")
    world.project("acme-is-there", labels={})
    world.cloud.call("DELETE", "/cloudresourcemanager/v1/projects/acme-is-gone")
    seen: list[tuple[int, int]] = []
    gone, unknown, there = read(
        world,
        *("acme-is-gone", "acme-nobodys", "acme-is-there"),
        progress=lambda done, of: seen.append((done, of)),
    )
    assert gone.left_out == ["project: it is being deleted"]
    assert "grant the caller resourcemanager.projects.get" in unknown.left_out[0]
    assert (gone.settings, unknown.settings) == ({}, {})
    assert there.settings["projectId"] == there.project_id == "acme-is-there"
    assert seen == [(1, 3), (2, 3), (3, 3)]


#: Beginning of a line → part of the path of the calls that Google refuses, and the permission to grant.
REFUSED = {
    "keys": ("/keys", "apikeys.keys.list"),
    "budgets": ("/budgets", "billing.budgets.list"),
    "limits": ("/consumerQuotaMetrics", "serviceusage.quotas.get"),
    "alert policies": ("/alertPolicies", "monitoring.alertPolicies.list"),
    "notification channels": ("/notificationChannels", "monitoring.notificationChannels.list"),
    "quota preferences": ("/quotaPreferences", "cloudquotas.quotas.get"),
    "tags": ("/tagBindings", "resourcemanager"),
    "essential contacts": ("/contacts", "essentialcontacts.contacts.list"),
    "organization policies": ("/policies", "orgpolicy.policies.list"),
    "dashboards": ("/dashboards", "monitoring.dashboards.list"),
    "enabled APIs": ("/services", "serviceusage.services.list"),
    "IAM": (":getIamPolicy", "resourcemanager.projects.getIamPolicy"),
}


def test_a_part_that_may_not_be_read_is_listed_and_the_rest_is_read(world: World) -> None:
    world.project("acme-closed-parts", account=ACCOUNT, labels={})
    world.key("acme-closed-parts", "k", "K", restrictions={"apiTargets": [{"service": GEMINI_API}]})
    world.budget("B", "acme-closed-parts")
    [whole] = read(world, "acme-closed-parts")
    for what, (path, right) in REFUSED.items():
        world.faults(("PERMISSION_DENIED", "", path))
        [found] = read(world, "acme-closed-parts")
        lines = [line for line in found.left_out if line.startswith(f"{what}: not readable")]
        assert len(lines) == 1, (what, found.left_out)
        assert right in lines[0], lines
        assert found.settings.keys() >= whole.settings.keys() - {what}, what
    world.faults()
    unlink(world, "acme-closed-parts")


def test_the_stacks_own_channel_that_the_file_does_not_have_is_named_in_full(world: World) -> None:
    world.project("acme-slack", labels={})
    enable(world, "acme-slack")
    base = "/monitoring/v3/projects/acme-slack"
    channel = {
        "type": "slack",
        "displayName": "chatops",
        "labels": {"channel_name": "#oncall", "auth_token": "xoxb-nobodys"},
        "userLabels": {STACK_LABEL: LABEL},
    }
    name = world.cloud.call("POST", f"{base}/notificationChannels", channel)["name"]
    policy = {
        "displayName": "Slow",
        "combiner": "OR",
        "conditions": [CONDITION],
        "notificationChannels": [name],
    }
    world.cloud.call("POST", f"{base}/alertPolicies", policy)
    [found] = read(world, "acme-slack")
    [line] = [each for each in found.left_out if each.startswith("notification channel chatops")]
    assert "its secrets cannot be read" in line
    assert "xoxb" not in str(found)
    assert found.settings["alerts"]["policies"]["slow"]["notificationChannels"] == [name]


def test_a_preference_that_the_settings_refuse_is_left_out(world: World) -> None:
    world.project("acme-refused", labels={})
    preferred(
        world,
        "acme-refused",
        "a",
        {
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-PaidTier2",
            "dimensions": {"model": "gemini-3.1-pro"},
        },
    )
    world.limit("acme-refused", "requestsPerMinute", 0, "gemini-3.1-pro", ("free", "1", "2", "3"))
    found: list[Inventory] = read(world, "acme-refused")
    assert found[0].settings["limits"] == {"gemini-3.1-pro-preview": "deny"}
    [line] = [each for each in found[0].left_out if each.startswith("quotas.a:")]
    assert "limits denies gemini-3.1-pro" in line
    assert planned_changes(world.cloud, entries(found)) == []
