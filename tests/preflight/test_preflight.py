"""What stands in the way of a stack is found before anything is made, all at once, each with its remedy."""

import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

from landing_zone.google.caller import Caller
from landing_zone.preflight.check import preflight
from sandbox.cloud.endpoints import environment
from tests.forked import gemini_lz
from tests.preflight import broken
from tests.preflight.broken import CLOSED
from tests.preflight.subjects import LABEL, subject_on
from tests.workspace import STACK, Cloud

SITUATIONS = [
    line.split(" | ")
    for line in (Path(__file__).parent / "situations.txt").read_text().splitlines()
    if not line.startswith("#")
]


def run(
    cloud: Cloud, folder: Path, *arguments: str, token: str = "", stack: str = STACK
) -> "subprocess.CompletedProcess[str]":
    """Run the command on the stack file in a folder."""
    variables = {
        **os.environ,
        **environment(cloud.ready),
        **({"GOOGLE_OAUTH_ACCESS_TOKEN": token} if token else {}),
    }
    command = ("preflight", stack, "--stacks", "stacks", *arguments)
    return gemini_lz(*command, folder=folder, environment=variables)


def written(folder: Path, text: str) -> Path:
    """A stack file below a folder."""
    path = folder / "stacks" / f"Pulumi.{STACK}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_all_that_stands_in_the_way_is_found_in_one_run(cloud: Cloud, tmp_path: Path) -> None:
    written(tmp_path, broken.break_all(cloud, LABEL))
    before = cloud.requests()[-1]["n"]
    done = run(cloud, tmp_path, "--json", "--as-of", "2026-11-27", token=broken.TOKEN)
    assert done.returncode == 1, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not found["ready"]
    missed = [
        (kind, words, remedy, path)
        for kind, words, remedy, path in SITUATIONS
        if not any(
            each["id"] == kind
            and words in each["text"]
            and remedy in f"{each['remedy']}\n{each['command']}"
            and each["path"].endswith(path)
            and each["line"]
            for each in found["findings"]
        )
    ]
    assert not missed
    texts = [(each["id"], each["text"], each["path"]) for each in found["findings"]]
    assert len(set(texts)) == len(texts)
    assert all(each["remedy"] and each["id"] != "refused" for each in found["findings"])
    reasons = {each["project"]: each["reasons"] for each in found["paidTier"]}
    assert all(reasons.values())
    assert any("is closed" in reason for reason in reasons["closed"])
    states = {each["project"]: each["inForce"] for each in found["paidTier"]}
    assert (states["running"], states["waiting"], states["closed"]) == (True, False, None)
    assert all(
        request["method"] == "GET" or "testIam" in request["path"] for request in cloud.requests(before)
    )


TWENTY = """\
config:
  gcp:userProjectOverride: true
  gcp:billingProject: sandbox-seed
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:defaults:
    tier: paid
    keys: {backend: {methods: [generate]}}
    budget: {amount: 100, currency: USD, topic: spend, spendCap: true}
    alerts: {email: [oncall@example.com]}
    contacts: [{email: legal@example.com, categories: [LEGAL]}]
    forbidUnrestrictedKeys: true
    limits: {gemini-3.8-flash: {requestsPerMinute: 60}, others: deny}
  gemini-landing-zone:projects:
""" + "".join(f"    p{number}: {{projectId: acme-sound-{number:02}}}\n" for number in range(20))


def test_a_sound_stack_of_twenty_projects_is_silent_after_few_calls(cloud: Cloud, tmp_path: Path) -> None:
    written(tmp_path, TWENTY)
    done = run(cloud, tmp_path, "--json")
    calls = cloud.requests()
    found = json.loads(done.stdout)
    assert (done.returncode, found["ready"], found["findings"]) == (0, True, [])
    assert all(each["eligible"] for each in found["paidTier"])
    assert len(found["paidTier"]) == 20
    # One for each resource on which permissions are asked for, and nothing for each project.
    assert len(calls) <= 25, [call["path"] for call in calls]
    # Few wait for another: with all others at once, that is the time that it takes.
    assert run(cloud, tmp_path).stdout.splitlines()[-1] == (
        f"{STACK}: nothing in the way; 20 of 20 eligible for the paid tier"
    )


def test_a_seed_project_that_is_not_the_callers_is_one_finding_beside_all_others(
    cloud: Cloud, tmp_path: Path
) -> None:
    path = written(tmp_path, TWENTY.replace("billingProject: sandbox-seed", "billingProject: nobodys-seed"))
    path.write_text(path.read_text().replace("01A2B3-C4D5E6-F7A8B9", CLOSED))
    report = preflight(subject_on(cloud, path))
    assert [finding.id for finding in report.findings][:2] == ["seed-denied", "account-closed"]
    [denied] = [finding for finding in report.findings if finding.id == "seed-denied"]
    assert "gcloud projects add-iam-policy-binding nobodys-seed" in denied.command
    assert len(report.eligibility[0].reasons) == 2


def test_a_persons_credentials_need_a_quota_project(cloud: Cloud, tmp_path: Path) -> None:
    text = TWENTY.replace("  gcp:userProjectOverride: true\n  gcp:billingProject: sandbox-seed\n", "")
    path = written(tmp_path, text)
    [finding] = preflight(subject_on(cloud, path, caller=Caller(is_user=True))).findings
    assert (finding.id, "gcp:billingProject SEED_PROJECT" in finding.command) == ("no-quota-project", True)
    robot = Caller("gemini-lz@acme-seed.iam.gserviceaccount.com")
    assert not preflight(subject_on(cloud, path, caller=robot)).findings


def test_a_project_of_the_state_is_the_stacks_without_its_label(cloud: Cloud, tmp_path: Path) -> None:
    path = written(tmp_path, TWENTY)
    cloud.call(
        "POST", "/cloudresourcemanager/v3/projects", {"projectId": "acme-sound-07", "parent": broken.FOLDER}
    )
    for state, levels in (({"acme-sound-07"}, []), (set(), ["error"]), (None, ["warning"])):
        report = preflight(
            subject_on(cloud, path, in_state=partial(set.copy, state) if state is not None else lambda: None)
        )
        assert [finding.level for finding in report.findings] == levels


def test_what_the_tier_allows_is_known_before_the_first_project_is_linked(
    cloud: Cloud, tmp_path: Path
) -> None:
    limits = "{requestsPerMinute: 70000, requestsPerDay: 9}, others: deny}"
    path = written(tmp_path, TWENTY.replace("{requestsPerMinute: 60}, others: deny}", limits))
    cloud.call("PUT", "/_local/fixedQuotas", {"quotaIds": ["GenerateRequestsPerDayPerProjectPerModel"]})
    report = preflight(subject_on(cloud, path), existing=False)
    found = {(each.id, each.path[-1]) for each in report.findings}
    # From the seed project, which is linked to the same account.
    assert found == {("limit-above-tier", "requestsPerMinute"), ("limit-fixed", "requestsPerDay")}
    # Once, at the place in the file that all projects inherit.
    assert [each.path[0] for each in report.findings] == ["defaults", "defaults"]


ONE = """\
config:
  gcp:userProjectOverride: true
  gcp:billingProject: sandbox-seed
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    one:
      projectId: acme-sound-one
      tier: paid
      keys: {backend: {methods: [generate]}}
      budget: {amount: 100, currency: USD, spendCap: true}
      alerts: {email: [oncall@example.com]}
      limits: {gemini-3.8-flash: {requestsPerMinute: 60}, others: deny}
"""


def test_who_owns_the_projects_and_nothing_above_them_may_change_them(cloud: Cloud, tmp_path: Path) -> None:
    path = written(tmp_path, ONE)
    body = {"projectId": "acme-sound-one", "parent": broken.FOLDER, "labels": {"gemini-lz-stack": LABEL}}
    cloud.call("POST", "/cloudresourcemanager/v3/projects", body)
    link = {"billingAccountName": f"billingAccounts/{broken.USD}"}
    cloud.call("PUT", "/cloudbilling/v1/projects/acme-sound-one/billingInfo", link)
    cloud.call("PUT", "/_local/identities", {"identities": {broken.TOKEN: {"member": broken.MEMBER}}})
    broken.allow(cloud, "projects/acme-sound-one", {"roles/owner": broken.MEMBER})
    broken.allow(cloud, "projects/sandbox-seed", {"roles/serviceusage.serviceUsageConsumer": broken.MEMBER})
    report = preflight(subject_on(cloud, path, broken.TOKEN))
    assert {each.level for each in report.findings} == {"warning"}
    assert {each.path[0] for each in report.findings} == {"parent", "billingAccount"}


def test_a_policy_that_a_tag_may_exempt_from_is_a_warning(cloud: Cloud, tmp_path: Path) -> None:
    path = written(tmp_path, ONE)
    exempt = {"expression": "resource.matchTag('123456789012/gemini', 'yes')"}
    spec = {"rules": [{"enforce": False, "condition": exempt}, {"enforce": True}]}
    name = f"{broken.FOLDER}/policies/iam.managed.disableServiceAccountApiKeyCreation"
    cloud.call("POST", f"/orgpolicy/v2/{broken.FOLDER}/policies", {"name": name, "spec": spec})
    [finding] = preflight(subject_on(cloud, path)).findings
    assert (finding.id, finding.level) == ("policy-bound-keys", "warning")


def test_settings_of_pulumi_yaml_count(cloud: Cloud, tmp_path: Path) -> None:
    written(tmp_path, ONE.replace("  gcp:billingProject: sandbox-seed\n", ""))
    project = (
        "name: gemini-landing-zone\nruntime: python\nstackConfigDir: stacks\nconfig:\n  gcp:billingProject: "
    )
    for value, found in (("nobodys-seed", ["seed-denied"]), ("{value: sandbox-seed}", [])):
        (tmp_path / "Pulumi.yaml").write_text(f"{project}{value}\n")
        done = run(cloud, tmp_path, "--json")
        assert [each["id"] for each in json.loads(done.stdout)["findings"]] == found, done.stderr


def test_more_projects_than_a_new_account_links_are_a_note(cloud: Cloud, tmp_path: Path) -> None:
    path = written(tmp_path, TWENTY)
    report = preflight(subject_on(cloud, path))
    assert [note.id for note in report.notes] == ["many-links"]
    assert "would link 21 projects" in report.notes[0].text


def test_google_that_does_not_answer_is_said_at_once(tmp_path: Path) -> None:
    written(tmp_path, TWENTY)
    gone = Cloud({"port": 9, "services": {}, "pid": 0})
    done = run(gone, tmp_path, token="whatever")
    assert done.returncode == 2
    assert "nothing listens at" in done.stderr
