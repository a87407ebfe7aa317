"""`gemini-lz adopt` prints settings that take over an existing project without a change to what it has."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.forked import gemini_lz
from tests.workspace import Cloud, Workspace

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
PROJECT = "acme-legacy-one"
GEMINI = "generativelanguage.googleapis.com"


def _legacy(cloud: Cloud) -> None:
    """A project that people have made by hand: a key of the Gemini API's, one of everything's, a budget, a limit."""
    parent = {"type": "folder", "id": "987654321098"}
    cloud.call(
        "POST",
        "/cloudresourcemanager/v1/projects",
        {"projectId": PROJECT, "name": "Legacy", "parent": parent},
    )
    link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", link)
    for service in (GEMINI, "apikeys.googleapis.com"):
        cloud.call("POST", f"/serviceusage/v1/projects/{PROJECT}/services/{service}:enable", {})
    restrictions = {
        "browserKeyRestrictions": {"allowedReferrers": ["https://a.example.com/*"]},
        "apiTargets": [{"service": GEMINI}],
    }
    keys = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys"
    cloud.call("POST", f"{keys}?keyId=widget-1", {"displayName": "Widget Key", "restrictions": restrictions})
    cloud.call("POST", f"{keys}?keyId=open-1", {"displayName": "Opens everything"})
    number = cloud.call("GET", f"/cloudresourcemanager/v1/projects/{PROJECT}")["projectNumber"]
    budget = {
        "displayName": "Old budget",
        "amount": {"specifiedAmount": {"units": "77", "nanos": 500_000_000}},
        "budgetFilter": {
            "projects": [f"projects/{number}"],
            "services": ["services/AEFD-7695-64FA"],
            "creditTypesTreatment": "INCLUDE_ALL_CREDITS",
        },
        "thresholdRules": [
            {"thresholdPercent": 0.9},
            {"thresholdPercent": 1, "spendBasis": "FORECASTED_SPEND"},
        ],
    }
    cloud.call("POST", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", budget)
    metric, limit = f"{GEMINI}%2Fgenerate_requests_per_model", "%2Fmin%2Fmodel%2Fproject"
    path = f"services/{GEMINI}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides?force=true"
    override = {"overrideValue": "50", "dimensions": {"model": "gemini-2.5-flash"}}
    cloud.call("POST", f"/serviceusage/v1beta1/projects/{PROJECT}/{path}", override)


def _adopt(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **workspace.environment}
    return gemini_lz("adopt", *arguments, folder=Path.cwd(), environment=environment)


def _state(cloud: Cloud) -> list[Any]:
    """What people have made there, as Google shows it."""
    keys = cloud.call("GET", f"/apikeys/v2/projects/{PROJECT}/locations/global/keys")["keys"]
    budgets = cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")["budgets"]
    project = cloud.call("GET", f"/cloudresourcemanager/v1/projects/{PROJECT}")
    return [sorted(keys, key=lambda key: str(key["name"])), budgets, project]


def test_what_it_prints_takes_the_project_over_as_it_is(workspace: Workspace) -> None:
    _legacy(workspace.cloud)
    before = _state(workspace.cloud)
    run = _adopt(workspace, PROJECT, "--name", "legacy")
    assert run.returncode == 0, run.stderr
    assert "stays as it is: key Opens everything" in run.stdout
    projects = yaml.safe_load(run.stdout)
    assert projects["legacy"]["budget"]["amount"] == "77.5"
    # On one tier alone: a limit would set it on all.
    [quota] = projects["legacy"]["quotas"].values()
    assert quota == {
        "existing": quota["existing"],
        "metric": f"{GEMINI}/generate_requests_per_model",
        "limit": "/min/model/project",
        "dimensions": {"model": "gemini-2.5-flash"},
        "value": 50,
    }

    config = {"gcp:disableGlobalProjectWarning": "true", "gemini-landing-zone:projects": projects}
    workspace.write(yaml.safe_dump({"config": config}))
    taken = {
        change.op for change in workspace.up() if change.type.split("/")[0] in ("gcp:projects", "gcp:billing")
    }
    assert "import" in taken
    assert "update" not in taken
    assert _state(workspace.cloud) == before
    assert workspace.preview() == []
    workspace.destroy()
    assert _state(workspace.cloud) == before


LOST = f"""\
config:
  gcp:disableGlobalProjectWarning: "true"
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    bot:
      projectId: {PROJECT}
      tier: paid
      tierWait: null
      deletionPolicy: ABANDON
      keys:
        backend:
          allowedIps: [203.0.113.0/24]
          methods: [countTokens, google.ai.generativelanguage.v1beta.CacheService.CreateCachedContent]
        site-2: {{displayName: The site, allowedReferrers: ["https://bot.example.com/*"]}}
        app:
          standard: true
          androidApps: [{{packageName: com.example.app, sha1Fingerprint: {":".join(["AB"] * 20)}}}]
      budget:
        amount: 77.5
        currency: USD
        period: quarter
        services: all
        credits: [PROMOTION]
        ownership: billingAccount
        spendCap: {{amount: 90}}
      limits: {{gemini-3.8-flash: {{requestsPerMinute: 50}}, gemini-3.5-flash: deny, others: deny}}
"""


def test_what_a_lost_stack_made_is_taken_over_under_its_own_names(workspace: Workspace) -> None:
    workspace.write(LOST)
    workspace.up()
    people = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys?keyId=desk"
    workspace.cloud.call(
        "POST", people, {"displayName": "Backend", "restrictions": {"apiTargets": [{"service": GEMINI}]}}
    )
    workspace.pulumi("stack", "rm", "--yes", "--force", "--preserve-config", "test")
    before = _state(workspace.cloud)

    run = _adopt(workspace, PROJECT)
    assert run.returncode == 0, run.stderr
    left = [line for line in run.stdout.splitlines() if "stays as it is" in line]
    assert [line.split()[5] for line in left] == ["label"], left
    [(name, printed)] = yaml.safe_load(run.stdout).items()
    assert name == "bot"
    assert yaml.safe_load(_adopt(workspace, PROJECT, "--name", "helper").stdout) == {"helper": printed}
    keys = printed["keys"]
    assert keys.keys() == {"backend", "site-2", "app", "backend-2"}
    assert keys["backend"] == {
        "existing": "backend",
        "allowedIps": ["203.0.113.0/24"],
        "methods": ["countTokens", "google.ai.generativelanguage.v1beta.CacheService.CreateCachedContent"],
        "serviceAccount": f"gemini-backend@{PROJECT}.iam.gserviceaccount.com",
    }
    assert keys["app"]["standard"] is True
    assert keys["site-2"]["displayName"] == "The site"
    assert keys["backend-2"] == {"existing": "desk", "displayName": "Backend", "standard": True}
    assert "name" not in printed["budget"]
    assert printed["budget"]["spendCap"] == {"amount": "90"}
    assert printed["limits"] == {
        "gemini-3.8-flash": {"requestsPerMinute": 50},
        "gemini-3.5-flash": "deny",
        "others": "deny",
    }

    config = {"gcp:disableGlobalProjectWarning": "true", "gemini-landing-zone:projects": {name: printed}}
    workspace.write(yaml.safe_dump({"config": config}))
    planned = {(change.op, change.type.rpartition(":")[2]) for change in workspace.preview()}
    assert {op for op, kind in planned if kind in ("ApiKey", "Budget")} == {"import"}
    workspace.up()
    assert _state(workspace.cloud) == before
    assert workspace.preview() == []


def test_a_project_that_is_not_there_is_told_with_what_to_do(workspace: Workspace) -> None:
    run = _adopt(workspace, "acme-nobody-made-it")
    assert run.returncode == 2
    assert "403 PERMISSION_DENIED" in run.stderr
    assert "roles/browser" in run.stderr
    assert _adopt(workspace).returncode == 2


def test_a_mistyped_id_and_one_that_is_deleted_are_refused_together(workspace: Workspace) -> None:
    _legacy(workspace.cloud)
    body = {"projectId": "acme-deleted-one", "parent": {"type": "folder", "id": "987654321098"}}
    workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", body)
    workspace.cloud.call("DELETE", "/cloudresourcemanager/v1/projects/acme-deleted-one")
    run = _adopt(workspace, "acme-legacy-noe", "acme-deleted-one", PROJECT)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"did you mean {PROJECT}?" in run.stderr
    assert "acme-deleted-one: project: it is being deleted" in run.stderr
    printed = _adopt(workspace, "--folder", "folders/987654321098", "--json")
    found = json.loads(printed.stdout)
    assert list(found["projects"]) == [PROJECT]
    assert any("acme-deleted-one" in line for line in found["leftOut"])
