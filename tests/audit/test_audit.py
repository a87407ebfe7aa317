"""Live projects are read as they are, and judged as those of a stack are."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from landing_zone.audit.live import Found, read
from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json
from landing_zone.google.retrying import StoppedError
from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.environments import Environments, Placement, split
from landing_zone.policies.facts import KEYS, UNKNOWN, Budget, Threshold, names_within, project_names
from landing_zone.policies.judge import judge
from sandbox.cloud.endpoints import environment
from tests.audit.world import (
    ACCOUNT,
    DAY,
    EURO_ACCOUNT,
    FOLDER,
    LABELS,
    MANAGED,
    MODEL,
    ORGANIZATION,
    VERTEX,
    World,
    audit,
    google,
    verdicts,
)
from tests.workspace import Cloud


@pytest.fixture
def world(cloud: Cloud) -> World:
    return World(cloud)


def test_projects_of_nested_folders_and_of_an_id_are_judged_as_a_stacks_are(world: World) -> None:
    team = world.folder("team chat", FOLDER)
    deep = world.folder("team chat prod", world.folder("team chat all", team))
    elsewhere = world.folder("elsewhere", ORGANIZATION)
    world.good("acme-good", deep)
    world.project("acme-by-hand", team, account=ACCOUNT, labels={})
    world.key("acme-by-hand", "open-1")
    world.key("acme-by-hand", "maps-too", "Maps", restrictions={
        "apiTargets": [{"service": GEMINI_API}, {"service": "storage.googleapis.com"}]
    })  # fmt: skip
    bound = world.account("acme-by-hand", "caller")
    restrictions = {"apiTargets": [{"service": GEMINI_API, "methods": ["*"]}]}
    world.key("acme-by-hand", "bound", "Bound", restrictions=restrictions, serviceAccountEmail=bound)
    # Google moves the account up: what stands on one tier alone does not last.
    world.limit("acme-by-hand", "requestsPerMinute", 0, tiers=("1", "2"))
    labels = {**LABELS, "gemini-private-data": "true", "gemini-users": "de_us"}
    world.project("acme-free", FOLDER, labels={**labels, "goog-terraform-provisioned": "true"})
    world.lien("acme-free")
    world.project("acme-off", deep, gemini=False)
    world.project("acme-gone", deep, account=ACCOUNT)
    world.cloud.call("DELETE", "/cloudresourcemanager/v3/projects/acme-gone")
    world.project("acme-named", elsewhere)
    world.project("acme-not-asked-for", elsewhere)

    found = audit(world.cloud, FOLDER, team, projects=["acme-named", "acme-good", "acme-gone"])

    assert [each.subject.label for each in found.facts.projects] == [
        f"project {project}" for project in ("acme-by-hand", "acme-free", "acme-good", "acme-named")
    ]
    assert found.without_gemini == 1
    assert found.unread == ("project acme-gone: it is being deleted; remove it",)
    assert verdicts(found) == [
        # No request limit, and keys that can call what no limit counts.
        ("exposure-within-allowance", "project acme-by-hand"),
        ("exposure-within-allowance", "project acme-by-hand"),
        ("free-tier-private-data", "project acme-free"),
        ("free-tier-users", "project acme-free"),
        ("gemini-in-managed-projects", f"API {GEMINI_API} of acme-by-hand"),
        ("gemini-in-managed-projects", f"API {GEMINI_API} of acme-named"),
        ("key-bound", "key Maps of acme-by-hand"),
        ("key-clients", "key Bound of acme-by-hand"),
        ("key-clients", "key Maps of acme-by-hand"),
        ("key-clients", "key open-1 of acme-by-hand"),
        ("key-gemini-only", "key Maps of acme-by-hand"),
        ("key-methods", "key Bound of acme-by-hand"),
        ("key-methods", "key Maps of acme-by-hand"),
        ("key-restricted", "key open-1 of acme-by-hand"),
        ("labels", "project acme-by-hand"),
        ("models-limited", "project acme-by-hand"),
        ("paid-project-has-budget", "project acme-by-hand"),
        ("protected", "project acme-by-hand"),
        ("protected", "project acme-named"),
        ("spend-stops", "project acme-by-hand"),
    ]
    # 20 requests of any 24 hours are more than 1 USD.
    allowance = {"exposure-within-allowance": {"maxOvershoot": 1}}
    assert ("exposure-within-allowance", "project acme-good") in verdicts(found, **allowance)
    # No key's string was asked for.
    assert not [each for each in world.cloud.requests() if "keyString" in each["path"]]


def test_exceptions_call_things_by_googles_names_and_not_by_titles(world: World) -> None:
    world.project("acme-one", account=ACCOUNT)
    world.key("acme-one", "open-1", "Open one")
    quiet: dict[str, Any] = {"notificationsRule": {"disableDefaultIamRecipients": True}, "thresholdRules": []}
    name = world.budget("Quiet", "acme-one", **quiet)
    found = audit(world.cloud, FOLDER)
    [key], [budget] = found.facts.keys, found.facts.budgets
    number = world.numbers["acme-one"]
    key_name = f"projects/{number}/locations/global/keys/open-1"
    assert key.subject.name == key_name
    assert key.subject.names == names_within(["acme-one", number], KEYS, "open-1")
    assert budget.subject.name == name
    assert budget.subject.names == {name, *project_names(["acme-one", number])}

    for policy, resource in (
        ("key-restricted", "acme-one/open-1"),
        ("key-restricted", key_name),
        ("budget-notifies", name),
        ("models-limited", "acme-one"),
        ("gemini-in-managed-projects", "acme-one"),
    ):
        exception = {"resource": resource, "owner": "o", "reason": "r", "expires": "2026-12-31"}
        report = judge("a", found.facts, configuration_of({policy: {"exceptions": [exception]}}, "test"))
        states = [each.state for each in report.verdicts if each.policy.id == policy]
        assert states == ["exception"], policy


def test_budgets_and_caps_are_those_of_the_projects_and_of_the_whole_account(world: World) -> None:
    for project in ("acme-one", "acme-two"):
        world.project(project, account=ACCOUNT)
    world.project("acme-euro", account=EURO_ACCOUNT)
    world.project("acme-other", world.folder("others", ORGANIZATION), account=ACCOUNT)
    silent: dict[str, Any] = {
        "notificationsRule": {"disableDefaultIamRecipients": True, "enableProjectLevelRecipients": True}
    }
    world.budget("1 quarter", "acme-one", budgetFilter={"calendarPeriod": "QUARTER"}, **silent)
    days = {"startDate": {"year": 2026, "month": 11, "day": 1}}
    both: dict[str, Any] = {
        "budgetFilter": {"customPeriod": days},
        "thresholdRules": [],
    }
    # Google mails a project's owners only for a budget of that project alone.
    world.budget("2 both", "acme-one", "acme-other", **{**silent, **both})
    last: dict[str, Any] = {
        "amount": {"lastPeriodAmount": {}},
        "budgetFilter": {"labels": {"env": ["prod"]}, "services": []},
    }
    world.budget("3 last", "acme-two", **last)
    world.budget("4 account", budgetFilter={"services": []}, thresholdRules=[])
    world.budget("5 euro", "acme-euro", account=EURO_ACCOUNT)
    # Other people's.
    world.budget("other project", "acme-other")
    world.budget("other API", budgetFilter={"services": ["services/6F81-5844-456A"]})
    world.budget("a folder", budgetFilter={"resourceAncestors": [FOLDER]})
    world.cap("cap one", "acme-one")
    world.cap("cap two", "acme-two", VERTEX)
    world.cap("cap other", "acme-other")
    for state in ("ENFORCED", "AWAITING_NEXT_PERIOD"):
        world.cloud.call("PATCH", "/_local/spendCaps/acme-one", {"outputState": state})

    facts = audit(world.cloud, FOLDER).facts

    one, two, other, euro = ((world.numbers[f"acme-{each}"],) for each in ("one", "two", "other", "euro"))
    gemini, forecast = (GEMINI_BILLING_SERVICE,), Threshold(Decimal("1.0"), forecast=True)
    rules = (*(Threshold(Decimal(share)) for share in ("0.5", "0.8", "1.0")), forecast)
    by_title = {each.subject.label: each for each in facts.budgets}

    def budget(title: str, *values: Any, **named: Any) -> Budget:
        return Budget(by_title[f"budget {title}"].subject, *values, **named)

    # By account, then by title.
    assert [each.subject.label[7:] for each in facts.budgets] == [
        "1 quarter", "2 both", "3 last", "4 account", "5 euro"
    ]  # fmt: skip
    assert facts.budgets == (
        budget("1 quarter", ACCOUNT, Decimal(100), "USD", one, gemini, thresholds=rules, months=Decimal(3)),
        budget("2 both", ACCOUNT, Decimal(100), "USD", one + other, gemini, notifies=False, months=None,
               starts=date(2026, 11, 1)),
        budget("3 last", ACCOUNT, None, None, two, (), narrowed=True, thresholds=rules, labelled=True),
        budget("4 account", ACCOUNT, Decimal(100), "USD", (), ()),
        budget("5 euro", EURO_ACCOUNT, Decimal(100), "EUR", euro, gemini, thresholds=rules),
    )  # fmt: skip
    [cap] = facts.caps
    assert (cap.subject.label, cap.projects, cap.lifted) == ("spend cap cap one", one, True)
    assert (cap.amount, cap.currency, cap.account) == (Decimal(100), "USD", ACCOUNT)
    told = verdicts(Found(facts, (), 0))
    assert ("budget-not-account-wide", "budget 4 account") in told
    assert ("spend-stops", "project acme-one") in told
    assert ("paid-project-has-budget", "project acme-one") not in told
    assert ("paid-project-has-budget", "project acme-two") in told


def test_what_a_closed_account_is_linked_to_is_not_paid(world: World) -> None:
    world.project("acme-closed", account=ACCOUNT)
    world.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"open": False})
    [project] = audit(world.cloud, FOLDER).facts.projects
    assert project.account is None
    assert project.protected is False
    assert (project.private_data, project.users) == (None, None)


def test_quotas_that_google_is_asked_for_are_judged_without_the_contact_that_it_never_shows(
    world: World,
) -> None:
    world.project("acme-quota", account=ACCOUNT)
    path = "/cloudquotas/v1/projects/acme-quota/locations/global/quotaPreferences"
    wish = {
        "service": GEMINI_API,
        "quotaConfig": {"preferredValue": "2200"},
        "contactEmail": "platform@example.com",
    }
    reason = "a launch"
    quota = "GenerateRequestsPerMinutePerProjectPerModel"
    world.cloud.call("POST", f"{path}?quotaPreferenceId=all", {**wish, "quotaId": quota})
    second = {**wish, "quotaId": f"{quota}-PaidTier2", "justification": reason}
    world.cloud.call("POST", f"{path}?quotaPreferenceId=two", second)
    found = audit(world.cloud, FOLDER)
    one, two = found.facts.quotas
    assert (one.value, one.justification, one.contact, one.project) == (2200, None, UNKNOWN, "acme-quota")
    assert (two.quota_id, two.justification) == (f"{quota}-PaidTier2", reason)
    assert "acme-quota/two" in two.subject.names
    assert [each for each in verdicts(found) if each[0] == "quota-raise-justified"] == [
        ("quota-raise-justified", f"quota {quota} of acme-quota")
    ]


def test_what_one_project_refuses_is_told_and_nothing_of_it_is_called_broken(world: World) -> None:
    world.good("acme-good")
    for project in ("acme-hidden", "acme-silent"):
        world.project(project, account=EURO_ACCOUNT, labels=MANAGED)
        world.key(project, "open-1")
    world.project("acme-secret")
    world.project("acme-inner")
    hidden, secret = world.numbers["acme-hidden"], world.numbers["acme-secret"]
    world.faults(
        ("PERMISSION_DENIED", "", "acme-hidden/billingInfo"),
        (
            "PERMISSION_DENIED",
            "",
            "acme-silent/services/generativelanguage.googleapis.com/consumerQuotaMetrics",
        ),
        ("SERVICE_DISABLED", "", "acme-silent/locations/global/keys"),
        ("NOT_FOUND", "", "acme-silent/locations/global/quotaPreferences"),
        ("PERMISSION_DENIED", "", f"{EURO_ACCOUNT}/budgets"),
        ("PERMISSION_DENIED", "", f"projects/{secret}/services"),
        ("PERMISSION_DENIED", "cloudresourcemanager.liens.list", ""),
    )
    found = audit(world.cloud, FOLDER, projects=["acme-nobody-has-it"])
    assert [each.subject.name for each in found.facts.projects if each.account is UNKNOWN] == [
        f"projects/{hidden}"
    ]
    assert all(each.protected is None for each in found.facts.projects)
    lines = {line.partition(": ")[0]: line.partition(": ")[2] for line in found.unread}
    assert len(lines) == len(found.unread)
    assert lines.keys() == {
        "project acme-nobody-has-it",
        "billing link of acme-hidden",
        "limits of acme-silent",
        "keys of acme-silent",
        "quota preferences of acme-silent",
        f"budgets of billing account {EURO_ACCOUNT}",
        "whether the Gemini API is enabled in acme-secret",
        *(f"liens of acme-{each}" for each in ("good", "hidden", "silent", "inner")),
    }
    assert lines["billing link of acme-hidden"] == (
        "403 PERMISSION_DENIED: The caller does not have permission (says cloudbilling.googleapis.com): grant the "
        "caller resourcemanager.projects.get (roles/browser)"
    )
    assert "(says cloudresourcemanager.googleapis.com)" in lines["liens of acme-good"]
    assert "enable it there" in lines["keys of acme-silent"]
    assert "roles/billing.viewer" in lines[f"budgets of billing account {EURO_ACCOUNT}"]
    # The one key that could be read, and that nobody manages the free project.
    assert verdicts(found) == [
        ("gemini-in-managed-projects", f"API {GEMINI_API} of acme-inner"),
        ("key-clients", "key open-1 of acme-hidden"),
        ("key-restricted", "key open-1 of acme-hidden"),
    ]


class _Refusing(Google):
    """A client that may not list the projects of a folder."""

    refused = ""

    def list_all(
        self, service: str, path: str, items: str, *, query: Any = None, **others: Any
    ) -> Iterator[Json]:
        if path == "projects" and query == {"parent": self.refused}:
            raise GoogleError(403, "PERMISSION_DENIED", "The caller does not have permission")
        return super().list_all(service, path, items, query=query, **others)


def test_a_folder_that_cannot_be_listed_is_told_and_one_that_was_asked_for_ends_the_audit(
    world: World,
) -> None:
    inner = world.folder("inner", FOLDER)
    world.project("acme-inner", inner)
    world.project("acme-deeper", world.folder("deeper", inner))
    client = _Refusing(GoogleConfig.read({}, environment(world.cloud.ready)))
    client.refused = inner
    found = read(client, [FOLDER], [], DAY, lambda _: None)
    assert [each.subject.label for each in found.facts.projects] == ["project acme-deeper"]
    assert found.unread == (
        f"projects of {inner}: 403 PERMISSION_DENIED: The caller does not have permission: grant the caller "
        "resourcemanager.projects.list (roles/browser)",
    )
    with pytest.raises(
        GoogleError, match="folders/111 cannot be listed: The caller does not have permission"
    ):
        audit(world.cloud, FOLDER, "folders/111")


def test_every_page_is_read_and_what_is_found_has_an_order(world: World) -> None:
    names = [f"acme-{number:03}" for number in range(105)]
    for name in reversed(names[1:]):
        world.cloud.call("POST", "/cloudresourcemanager/v3/projects", {"projectId": name, "parent": FOLDER})
    world.project(names[0])
    for project in (names[104], names[50]):
        world.cloud.call("POST", f"/serviceusage/v1/projects/{project}/services/{GEMINI_API}:enable", {})
    for number in range(55):
        world.key(names[0], f"key-{number:02}")
    progress: list[str] = []
    found = read(google(world.cloud), [ORGANIZATION], [], DAY, progress.append)
    # With the project that the local cloud begins with.
    projects = [names[0], names[50], names[104], "sandbox-seed"]
    assert progress == [f"project {number} of 106" for number in range(1, 107)]
    assert [each.subject.label[8:] for each in found.facts.projects] == projects
    assert found.without_gemini == 106 - len(projects)
    assert [each.subject.label[4:10] for each in found.facts.keys] == [f"key-{n:02}" for n in range(55)]


def test_limits_are_read_from_googles_listing(world: World) -> None:
    world.good("acme-good")
    world.limit("acme-good", "requestsPerDay", 3, "gemini-9-new")
    found = audit(world.cloud, FOLDER)
    [project] = found.facts.projects
    assert project.limits == {MODEL: Limits(requests_per_minute=5, requests_per_day=10)}
    assert project.others == BLOCKED
    assert found.unread == ()


def test_what_is_interrupted_ends_without_another_call(world: World) -> None:
    for number in range(20):
        world.project(f"acme-{number:02}", gemini=False)
    client = google(world.cloud)
    world.cloud.call("PUT", "/_local/latency", {"ms": 200})
    before = len(world.cloud.requests())

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(client, [FOLDER], [], DAY, interrupt)
    # Two listings, and of twenty projects those that eight threads had begun.
    assert len(world.cloud.requests()) - before <= 2 + 16
    with pytest.raises(StoppedError):
        client.call("serviceusage", "GET", "projects/acme-00/services")


def test_an_environment_is_that_of_the_nearest_folder_and_a_named_project_is_judged_whatever_it_has(
    world: World,
) -> None:
    production = world.folder("production", ORGANIZATION)
    inner = world.folder("inner", world.folder("team", production))
    world.project("acme-deep", inner, account=ACCOUNT)
    world.project("acme-bare", FOLDER, account=ACCOUNT, gemini=False)
    owners = Environments.model_validate(
        {
            "environments": ["dev", "prod"],
            "folders": {production: "prod", FOLDER: "dev"},
            "accountTerms": {ACCOUNT: {"discount": 0.25}},
        }
    )
    found = read(google(world.cloud), [], ["acme-deep", "acme-bare"], DAY, lambda _: None, owners)
    parts = split(found.facts, Placement(owners, folders=found.facts.folders))
    assert {name: [*facts.projects] for name, facts in parts.items()} == {
        "dev": [found.facts.projects[0]],
        "prod": [found.facts.projects[1]],
    }
    assert [project.terms.discount for project in found.facts.projects] == [Decimal("0.25")] * 2
    # It pays for whatever somebody enables in it tomorrow.
    assert ("paid-project-has-budget", "project acme-bare") in verdicts(found)
