"""`gemini-lz policy check` and `audit`, as people and a CI run them."""

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from landing_zone.policies.configuration import DEFAULT
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.rulebook import Rulebook
from sandbox.cloud.endpoints import environment
from tests.audit.world import ACCOUNT, FOLDER, World
from tests.cli.test_reports import run
from tests.conftest import StartCloud
from tests.workspace import Cloud

STACK = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:labels: {owner: platform}
  gemini-landing-zone:defaults: {protect: true}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-x
      tier: paid
      keys:
        widget: {methods: [generate, countTokens]}
        backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}
      budget: {amount: 1000, currency: USD, spendCap: true}
      limits: {gemini-3.5-flash-lite: {requestsPerMinute: 2, inputTokensPerMinute: 900}, others: deny}
"""
EXEMPT = {
    "resource": "acme-chat-x/widget",
    "owner": "web@example.com",
    "reason": "The page calls the API <itself>.",
    "expires": "2027-01-31",
}
AT = ("--as-of", "2026-11-24")
ALL = len(POLICIES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK)
    return tmp_path


def configure(folder: Path, name: str = "policy/config/prod.json", /, **values: Any) -> None:
    """Write a configuration; by default the one that holds for the stack, as for all that nothing else is said of."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "environments.json").write_text('{"environments": ["prod"]}')
    path.write_text(json.dumps({name.replace("_", "-"): value for name, value in values.items()}))


def junit(done: subprocess.CompletedProcess[str]) -> ElementTree.Element:
    """What the command wrote as JUnit XML."""
    # S314 is about XML of strangers; this was written a moment ago, by what is tested.
    return ElementTree.fromstring(done.stdout)  # noqa: S314


def test_without_a_configuration_every_policy_is_mandatory(folder: Path) -> None:
    done = run(folder, "policy", "check", "prod", *AT)
    digest = Rulebook(folder / "policy" / "config").digest(DEFAULT)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "stacks/Pulumi.prod.yaml:3: gemini-landing-zone:labels\n"
        "    project acme-chat-x has no label cost-centre\n"
        "    write labels: {cost-centre: …}\n"
        "    mandatory labels (low): docs/policies/labels.md\n"
        "stacks/Pulumi.prod.yaml:10: gemini-landing-zone:projects.chat.keys.widget\n"
        "    key widget of acme-chat-x can be used from anywhere\n"
        "    write allowedIps: [203.0.113.0/24]\n"
        "    mandatory key-clients (critical): docs/policies/key-clients.md\n"
        "prod: all policies (no configuration: all mandatory, with their defaults)\n"
        f"    judged as default (stack prod; no policy/config/environments.json), configuration {digest}\n"
        "    not judged, as their options are not set: budget-below-maximum, budgets-within-envelope, price-step-up, "
        "regions, adoption, billing-accounts, parents\n"
        "    2 mandatory\n"
    )


def test_levels_are_the_environments_and_a_file_given_goes_over_them(folder: Path) -> None:
    configure(folder, all="advisory", protected="disabled")
    done = run(folder, "policy", "check", "prod", *AT)
    assert done.returncode == 0
    assert f"prod: {ALL - 1} of {ALL} policies (policy/config/prod.json)\n" in done.stdout
    assert done.stdout.endswith("\n    2 advisory\n")
    configure(folder, "strict.json", labels="mandatory")
    done = run(folder, "policy", "check", "prod", *AT, "--config", "strict.json")
    assert done.returncode == 1
    assert f"prod: {ALL - 1} of {ALL} policies (policy/config/prod.json, strict.json)\n" in done.stdout
    assert done.stdout.endswith("\n    1 mandatory, 1 advisory\n")
    # As Pulumi has it: what a later file says of all goes over what an earlier one says of one.
    configure(folder, "off.json", all="disabled", labels="advisory")
    done = run(folder, "policy", "check", "prod", *AT, "--config", "strict.json", "--config", "off.json")
    assert f"prod: 1 of {ALL} policies (policy/config/prod.json, strict.json, off.json)\n" in done.stdout
    # The folder of the stack files says where the configuration is, wherever one is.
    (folder / "elsewhere").mkdir()
    done = run(folder / "elsewhere", "policy", "check", "prod", *AT, "--stacks", str(folder / "stacks"))
    assert f"prod: {ALL - 1} of {ALL} policies ({folder}/policy/config/prod.json)\n" in done.stdout


def test_a_fixable_violation_stops_nothing_and_any_other_does(folder: Path) -> None:
    level = {"enforcementLevel": "remediate"}
    configure(folder, all="disabled", labels={**level, "defaults": {"cost-centre": "cc-1"}})
    assert run(folder, "policy", "check", "prod", *AT).returncode == 0
    configure(folder, all="disabled", labels=level)
    done = run(folder, "policy", "check", "prod", *AT)
    assert done.returncode == 1
    assert "mandatory labels" in done.stdout


def test_exceptions_are_listed_and_one_that_has_expired_fails(folder: Path) -> None:
    unused = {**EXEMPT, "resource": "acme-chat-x/widgit"}
    configure(
        folder, all="disabled", key_clients={"enforcementLevel": "mandatory", "exceptions": [EXEMPT, unused]}
    )
    done = run(folder, "policy", "check", "prod", *AT)
    assert done.returncode == 0
    assert "exception key-clients (critical)" in done.stdout
    about = "(web@example.com: The page calls the API <itself>.)"
    assert [line for line in done.stdout.splitlines() if line.startswith("exception")] == [
        f"exception in force until 2027-01-31: acme-chat-x/widget from key-clients {about}",
        f"exception unmatched until 2027-01-31: acme-chat-x/widgit from key-clients {about}; "
        "did you mean 'acme-chat-x/widget'?",
    ]
    done = run(folder, "policy", "check", "prod", "--as-of", "2027-02-01", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    expired = [each for each in found["verdicts"] if "expired" in each["message"]]
    assert [(each["file"], each["path"]) for each in expired] == [
        ("policy/config/prod.json", "acme-chat-x/widget"),
        ("policy/config/prod.json", "acme-chat-x/widgit"),
    ]
    assert {each["state"] for each in found["exceptions"]} == {"expired"}
    # Those from policies that are disabled are listed as well.
    configure(
        folder, "off.json", all="disabled", labels={"exceptions": [{**EXEMPT, "expires": "2099-12-31"}]}
    )
    done = run(folder, "policy", "check", "prod", *AT, "--config", "off.json")
    assert "exception not judged until 2099-12-31: acme-chat-x/widget from labels" in done.stdout
    # The key itself is reported again as well.
    assert "can be used from anywhere" in {each["message"] for each in found["verdicts"]}


def test_sarif_for_code_scanning(folder: Path) -> None:
    configure(folder, labels="advisory", key_clients={"exceptions": [EXEMPT]})
    done = run(folder, "policy", "check", "prod", *AT, "--format", "sarif")
    assert done.returncode == 0
    log = json.loads(done.stdout)
    [found] = log["runs"]
    rules = found["tool"]["driver"]["rules"]
    assert (log["version"], len(rules)) == ("2.1.0", ALL)
    exempt, labels = found["results"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in found["results"])
    assert (exempt["ruleId"], exempt["level"]) == ("key-clients", "error")
    [suppression] = exempt["suppressions"]
    assert (
        suppression["justification"] == "web@example.com, until 2027-01-31: The page calls the API <itself>."
    )
    assert (labels["ruleId"], labels["level"], labels["suppressions"]) == ("labels", "warning", [])
    [location] = labels["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/Pulumi.prod.yaml"},
        "region": {"startLine": 3},
    }
    assert labels["message"]["text"].startswith("project acme-chat-x has no label cost-centre: ")


def test_junit_for_a_page_of_tests(folder: Path) -> None:
    configure(folder, spend_stops="disabled", labels="advisory", key_clients={"exceptions": [EXEMPT]})
    done = run(folder, "policy", "check", "prod", *AT, "--format", "junit")
    suite = junit(done).find("testsuite")
    assert suite is not None
    cases = {case.get("classname"): case for case in suite.iter("testcase")}
    assert (len(cases), suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
        ALL - 1,
        str(ALL - 1),
        "0",
        "1",
    )
    skipped = cases["key-clients"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "exception until 2027-01-31: The page calls the API <itself>."
    assert cases["labels"].find("failure") is None
    assert "advisory: stacks/Pulumi.prod.yaml:3: " in (cases["labels"].findtext("system-out") or "")
    assert len(cases["models-limited"]) == 0

    configure(folder)
    done = run(folder, "policy", "check", "prod", *AT, "--format", "junit")
    assert done.returncode == 1
    suite = junit(done).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "2"
    assert [failure.get("type") for failure in suite.iter("failure")] == ["critical", "low"]


SHARED = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:defaults:
    tier: paid
    deletionPolicy: DELETE
    budget: {amount: 2000, currency: USD, thresholds: [1.0]}
    limits: {others: deny}
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-x, keys: {backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}}}
    bot: {projectId: acme-bot-x, protect: true, budget: {spendCap: true}}
    lab: {projectId: acme-lab-x, protect: true, budget: {amount: 1500}, deletionPolicy: PREVENT}
"""


def test_findings_that_one_edit_fixes_are_one_in_every_format(folder: Path) -> None:
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(SHARED)
    configure(folder, labels="disabled", exposure_within_allowance="disabled")
    found = json.loads(run(folder, "policy", "check", "prod", *AT, "--json").stdout)
    assert [
        (each["policy"], each["line"], each["path"].partition(":")[2], each["resources"])
        for each in found["verdicts"]
    ] == [
        (
            "budget-thresholds",
            6,
            "defaults.budget.thresholds",
            ["budget of acme-chat-x", "budget of acme-bot-x", "budget of acme-lab-x"],
        ),
        # One project takes it over as it is, the other with an amount of its own.
        ("spend-stops", 6, "defaults.budget.spendCap", ["project acme-chat-x"]),
        ("spend-stops", 11, "projects.lab", ["project acme-lab-x"]),
        ("deletion-policy", 5, "defaults.deletionPolicy", ["project acme-chat-x", "project acme-bot-x"]),
        ("protected", 9, "projects.chat", ["project acme-chat-x"]),
    ]
    assert found["stops"] == 5
    done = run(folder, "policy", "check", "prod", *AT)
    assert (
        "stacks/Pulumi.prod.yaml:5: gemini-landing-zone:defaults.deletionPolicy\n"
        "    project acme-chat-x has the deletion policy DELETE; the same holds for project acme-bot-x\n"
        "    write deletionPolicy: PREVENT"
    ) in done.stdout
    assert done.stdout.endswith("\n    5 mandatory\n")
    sarif = json.loads(run(folder, "policy", "check", "prod", *AT, "--format", "sarif").stdout)
    results = {each["ruleId"]: each for each in sarif["runs"][0]["results"]}
    [location] = results["budget-thresholds"]["locations"]
    assert len(location["logicalLocations"]) == 3
    assert "acme-lab-x" in results["budget-thresholds"]["message"]["text"]
    suite = junit(run(folder, "policy", "check", "prod", *AT, "--format", "junit")).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "5"
    assert "project acme-chat-x, project acme-bot-x" in {case.get("name") for case in suite}

    # What is exempt is not among them.
    configure(folder, all="disabled", deletion_policy={"exceptions": [{**EXEMPT, "resource": "acme-bot-x"}]})
    configure(folder, "on.json", deletion_policy="mandatory")
    found = json.loads(run(folder, "policy", "check", "prod", *AT, "--config", "on.json", "--json").stdout)
    assert [(each["state"], each["resources"]) for each in found["verdicts"]] == [
        ("exception", ["project acme-bot-x"]),
        ("mandatory", ["project acme-chat-x"]),
    ]


@pytest.mark.parametrize(
    ("maximum", "envelope", "shared", "own"),
    [
        # Two budgets have the shared amount, and one its own: all three are to fit.
        (1000, 2500, 750, 1000),
        (1000, 4000, 1000, 1000),
        (1800, 5000, 1750, None),
    ],
)
def test_a_budget_over_its_maximum_and_the_envelope_has_one_amount_that_keeps_to_both(
    folder: Path, maximum: int, envelope: int, shared: int, own: int | None
) -> None:
    path = folder / "stacks" / "Pulumi.prod.yaml"
    path.write_text(SHARED)
    level = {"enforcementLevel": "mandatory"}
    configure(
        folder,
        all="disabled",
        budget_below_maximum={**level, "maximum": maximum},
        budgets_within_envelope={"enforcementLevel": "advisory", "envelope": envelope},
    )
    found = json.loads(run(folder, "policy", "check", "prod", *AT, "--json").stdout)
    found_remedies = [(each["path"].rpartition(":")[2], each["remedy"]) for each in found["verdicts"]]
    assert found_remedies == [
        ("defaults.budget.amount", f"write at most {shared}"),
        *([("projects.lab.budget", f"write at most {own}")] if own else []),
    ]
    assert found["verdicts"][0]["policies"] == ["budget-below-maximum", "budgets-within-envelope"]
    fixed = SHARED.replace("amount: 2000", f"amount: {shared}").replace(
        "amount: 1500", f"amount: {own or 1500}"
    )
    path.write_text(fixed)
    assert json.loads(run(folder, "policy", "check", "prod", *AT, "--json").stdout)["verdicts"] == []
    # It is the largest such amount.
    path.write_text(fixed.replace(f"amount: {shared}", f"amount: {shared + 1}"))
    assert json.loads(run(folder, "policy", "check", "prod", *AT, "--json").stdout)["verdicts"]


def test_a_budget_that_cannot_come_down_so_far_alone_says_what_the_others_have_to(folder: Path) -> None:
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(SHARED)
    configure(
        folder,
        all="disabled",
        budget_below_maximum={"enforcementLevel": "advisory", "maximum": 1000},
        budgets_within_envelope={"enforcementLevel": "mandatory", "envelope": 300},
    )
    done = run(folder, "policy", "check", "prod", *AT)
    # 1,000 each are 3,000 altogether.
    assert "    write at most 1000, and take another 2700 a month off the budgets\n" in done.stdout
    assert "    mandatory budget-below-maximum, budgets-within-envelope (high): " in done.stdout
    assert done.returncode == 1


def test_mistakes_are_reported_before_anything_is_judged(folder: Path) -> None:
    configure(folder, key_client="advisory", labels={"requierd": ["team"]})
    done = run(folder, "policy", "check", "prod", *AT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "2 mistakes" in done.stderr
    assert "did you mean 'key-clients'?" in done.stderr
    assert "did you mean 'required'?" in done.stderr
    assert run(folder, "policy", "check", "nobody").returncode == 2
    configure(folder)
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(STACK.replace("tier: paid", "tier: payed"))
    done = run(folder, "policy", "check", "prod", *AT)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean paid?" in done.stderr
    # What reads the file finds the mistake in it.
    done = run(folder, "policy", "check", "prod", *AT, "--format", "junit")
    assert done.returncode == 1
    [wrong] = junit(done).iter("error")
    assert "projects.chat.tier" in (wrong.get("message") or "")
    done = run(folder, "policy", "check", "prod", *AT, "--format", "sarif")
    assert json.loads(done.stdout)["runs"][0]["invocations"][0]["executionSuccessful"] is False
    (folder / "policy" / "config" / "prod.json").write_text('{"all": "mandatory", "all": "advisory"}')
    done = run(folder, "policy", "check", "prod", *AT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'all' is there twice" in done.stderr
    assert run(folder, "policy", "check", "prod", "--json", "--format", "sarif").returncode == 2


def audited(cloud: Cloud, folder: Path, *arguments: str) -> Any:
    return run(folder, "policy", "audit", *arguments, *AT, **environment(cloud.ready))


def test_an_audit_of_a_folder_that_no_stack_manages(start_cloud: StartCloud, folder: Path) -> None:
    cloud = start_cloud()
    world = World(cloud)
    below = world.folder("apps", FOLDER)
    world.project("acme-loose-1", below, account=ACCOUNT, labels={})
    world.project("acme-quiet-1", below, gemini=False)
    made = cloud.requests()[-1]["n"]
    configure(folder, "audit.json", labels="advisory")
    done = audited(cloud, folder, "--folder", below.removeprefix("folders/"), "--config", "audit.json")
    assert done.returncode == 1
    assert done.stderr == (
        "projects judged: 1; without an API that serves Gemini's models, and not judged: 1\n"
    )
    assert (
        "project acme-loose-1 is paid, and no budget of its billing account is known to name it and the Gemini API"
        in done.stdout
    )
    assert "advisory labels (low): docs/policies/labels.md" in done.stdout
    found = json.loads(audited(cloud, folder, "--project", "acme-loose-1", "--json").stdout)
    assert found["name"] == "acme-loose-1"
    assert {"models-limited", "gemini-in-managed-projects", "protected"} <= {
        each["policy"] for each in found["verdicts"]
    }
    # It only reads: what was sent after the making of all this.
    # A policy of IAM is read by a POST.
    others = [each["path"] for each in cloud.requests(made) if each["method"] != "GET"]
    assert others
    assert all(":getIamPolicy" in path for path in others)


def test_an_audit_that_cannot_read_all_does_not_say_that_all_is_well(
    start_cloud: StartCloud, folder: Path
) -> None:
    cloud = start_cloud()
    done = audited(cloud, folder, "--project", "acme-nobody-1")
    assert done.returncode == 2
    assert "not judged: project acme-nobody-1" in done.stdout
    assert "no violations" not in done.stdout
    assert done.stderr == "acme-nobody-1: nothing was audited\n"
    # What can be read is judged, and that it is not all is said.
    World(cloud).project("acme-seen-1")
    seen = audited(cloud, folder, "--project", "acme-nobody-1", "--project", "acme-seen-1", "--json")
    assert json.loads(seen.stdout)["coverage"] == "part"
    shown = audited(cloud, folder, "--project", "acme-nobody-1", "--project", "acme-seen-1")
    assert shown.stdout.endswith("    not all was judged: some of it could not be read\n")
    [test] = junit(audited(cloud, folder, "--project", "acme-nobody-1", "--format", "junit")).iter("error")
    assert (test.get("message") or "").startswith("project acme-nobody-1")
    done = audited(cloud, folder, "--folder", "1")
    assert done.returncode == 2
    assert done.stdout.startswith("not judged: ")
    assert "folders/1 cannot be listed" in done.stdout
    assert done.stderr == "folders/1: nothing was audited\n"
    done = audited(cloud, folder)
    assert done.returncode == 2
    assert "name what to audit" in done.stderr


def test_policies_that_pass_on_a_project_that_is_not_bounded_say_so(folder: Path) -> None:
    wide = STACK.replace(
        "backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}", "backend: {}"
    )
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(wide)
    # Those that were judged: price-step-up lacks its option.
    passed = ["models-limited", "models-served", "other-doors", "quota-raise-justified", "spend-stops"]
    why = "and is not bounded: calls of the Batch API, live sessions and methods that are not known here"
    failed = run(folder, "policy", "check", "prod", *AT)
    assert "project acme-chat-x is not bounded: calls of the Batch API" in failed.stdout
    assert f"project acme-chat-x passes {', '.join(passed)}, {why}" in failed.stdout
    # Without the policy that fails, the remark is what says it, to programs too.
    off = dict.fromkeys(
        ("exposure_within_allowance", "key_methods", "key_clients", "labels", "budget_notifies"), "disabled"
    )
    configure(folder, **off)
    assert f"passes {', '.join(passed)}, {why}" in run(folder, "policy", "check", "prod", *AT).stdout
    [shown] = json.loads(run(folder, "policy", "check", "prod", *AT, "--json").stdout)["notBounded"]
    assert (shown["resource"], shown["passes"]) == ("project acme-chat-x", passed)
    cases = junit(run(folder, "policy", "check", "prod", *AT, "--format", "junit")).iter("testcase")
    said = {case.get("classname") for case in cases if why in (case.findtext("system-out") or "")}
    assert said == set(passed)


def test_an_address_on_this_machine_is_for_the_owner_of_the_policies_to_allow(folder: Path) -> None:
    stack = folder / "stacks" / "Pulumi.prod.yaml"
    stack.write_text(f"{STACK}  gcp:billingCustomEndpoint: http://127.0.0.1:9/\n")
    configure(folder, all="disabled", known_resources="mandatory")
    done = run(folder, "policy", "check", "prod", *AT)
    assert done.returncode == 1
    assert (
        "stacks/Pulumi.prod.yaml:14: gcp:billingCustomEndpoint\n"
        "    provider gcp has billingCustomEndpoint 'http://127.0.0.1:9/', which is no address of Google\n"
        "    remove billingCustomEndpoint, or have the owners of the policies allow its host\n"
        "    mandatory known-resources (high)"
    ) in done.stdout
    configure(folder, all="disabled", known_resources={"endpoints": ["127.0.0.1"]})
    assert run(folder, "policy", "check", "prod", *AT).returncode == 0
