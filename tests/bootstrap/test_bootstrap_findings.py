"""Findings before a bootstrap, on the local cloud: all at once, each with its command."""

from typing import Any

import pytest

from landing_zone.cli import bootstrap_next
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.preflight import bootstrap as preflight
from landing_zone.preflight.findings import Finding, Level
from landing_zone.settings.bootstrap import BootstrapSettings, load_bootstrap
from landing_zone.workspace import find_project
from sandbox.cloud.endpoints import environment
from sandbox.layout import ROOT
from tests.bootstrap.organization import ACCOUNT, FOLDER, ORGANIZATION, SEED
from tests.workspace import Cloud

VALUES = {"seed": SEED, "parent": FOLDER, "organization": ORGANIZATION, "billingAccount": ACCOUNT}
RUNNER = f"gemini-lz@{SEED}.iam.gserviceaccount.com"
OUTPUTS = {"runner": RUNNER}


def findings(cloud: Cloud, token: str = "", **values: Any) -> dict[str, Finding]:
    """The findings by id, and by id and resource where an id comes more than once."""
    variables = environment(cloud.ready) | ({"GOOGLE_OAUTH_ACCESS_TOKEN": token} if token else {})
    google = Google(GoogleConfig.read({}, variables))
    found = preflight.check(google, load_bootstrap(VALUES | values), exists=False)
    return {f"{each.id} {each.command.partition(' add-iam')[0]}".strip(): each for each in found}


def policy(cloud: Cloud, constraint: str, rule: dict[str, Any]) -> None:
    body = {"name": f"{FOLDER}/policies/{constraint}", "spec": {"rules": [rule]}}
    cloud.call("POST", f"/orgpolicy/v2/{FOLDER}/policies", body)


def test_nothing_is_in_the_way_of_an_administrator(cloud: Cloud) -> None:
    assert not findings(cloud)
    assert not findings(cloud, parent="organizations/123456789012", tags=True, forbidUnrestrictedKeys=True)


def test_a_closed_account_and_policies_are_found(cloud: Cloud) -> None:
    cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"open": False})
    policy(cloud, "gcp.resourceLocations", {"values": {"allowedValues": ["in:eu-locations", "us-east1"]}})
    policy(cloud, "iam.disableServiceAccountCreation", {"enforce": True})
    found = {each.id: each for each in findings(cloud).values()}
    assert found.keys() == {"account-closed", "policy-locations", "policy-accounts"}
    assert all(each.level is Level.ERROR for each in found.values())
    assert f"billing account {ACCOUNT} is closed" in found["account-closed"].text
    assert "--location of those that it allows: in:eu-locations, us-east1" in found["policy-locations"].remedy
    assert found["policy-locations"].command == (
        "gcloud org-policies describe gcp.resourceLocations --effective --folder=987654321098"
    )
    for location in ("EU", "us-east1", "europe-west6"):
        assert "policy-locations" not in {each.id for each in findings(cloud, location=location).values()}
    assert "policy-locations" in {each.id for each in findings(cloud, location="us-west1").values()}


def test_what_the_caller_lacks_is_found_with_the_commands_that_grant_it(cloud: Cloud) -> None:
    cloud.call("PUT", "/_local/identities", {"identities": {"eve": {"member": "user:eve@example.com"}}})
    bindings = [{"role": "roles/resourcemanager.projectCreator", "members": ["user:eve@example.com"]}]
    cloud.call("POST", f"/cloudresourcemanager/v3/{FOLDER}:setIamPolicy", {"policy": {"bindings": bindings}})
    found = list(findings(cloud, "eve", billingAccount="0FFFFF-FFFFFF-FFFFFF").values())
    errors = [each for each in found if each.level is Level.ERROR]
    text = "\n".join(f"{each.text}: {each.remedy}\n{each.command}" for each in errors)
    assert "the billing account 0FFFFF-FFFFFF-FFFFFF does not exist, or you may not see it" in text
    assert "correct --billing-account" in text
    for command in (
        "gcloud billing accounts add-iam-policy-binding 0FFFFF-FFFFFF-FFFFFF",
        "gcloud resource-manager folders add-iam-policy-binding 987654321098",
        "gcloud organizations add-iam-policy-binding 123456789012",
    ):
        assert command in text
    assert "roles/resourcemanager.projectCreator" not in text
    # A person's calls count against no project yet, which only some APIs accept.
    [note] = [each for each in found if each.level is Level.NOTE]
    assert f"the organization policies in force on {FOLDER}: not checked" in note.text
    assert note.command == "gcloud auth application-default set-quota-project PROJECT_ID"


def settings(**values: Any) -> BootstrapSettings:
    return load_bootstrap(VALUES | values)


def test_the_next_commands_are_those_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", raising=False)
    operated = settings(operators=["user:ann@example.com"])
    login = f"gcloud auth application-default login --impersonate-service-account={RUNNER}"
    steps = bootstrap_next.steps(operated, OUTPUTS)
    assert steps[0] == login
    assert f"--secrets-provider {operated.secrets_provider}" in steps[1]
    # Without operators nobody may make tokens of the account yet.
    assert bootstrap_next.steps(settings(), OUTPUTS)[:2] == [
        f"gemini-lz bootstrap --seed {SEED} --operators user:$(gcloud config get account)",
        login,
    ]
    monkeypatch.setenv("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", "http://127.0.0.1:8080/v1/")
    assert not any("gcpkms" in each or "login" in each for each in bootstrap_next.steps(operated, OUTPUTS))


def test_the_notes_name_what_would_go_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    project = find_project(ROOT)
    assert project
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///tmp/elsewhere")
    notes = "\n".join(bootstrap_next.notes(settings(), OUTPUTS, project, written=True))
    assert f"warning: no person may act as {RUNNER}" in notes
    assert f"Pulumi.yaml names the backend gs://{SEED}-state now" in notes
    assert "PULUMI_BACKEND_URL has precedence over Pulumi.yaml: unset it" in notes
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"gs://{SEED}-state")
    notes = "\n".join(
        bootstrap_next.notes(settings(operators=["user:ann@example.com"]), OUTPUTS, project, written=False)
    )
    assert "warning" not in notes
    assert "PULUMI_BACKEND_URL" not in notes
