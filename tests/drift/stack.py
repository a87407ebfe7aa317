"""A stack of every kind of guardrail whose month is bounded, and calls by other hands, as gcloud sends them."""

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sandbox.layout import ROOT
from tests.workspace import STACK, Workspace, redact

GEMINI = "generativelanguage.googleapis.com"
ACCOUNT, OTHER_ACCOUNT = "01A2B3-C4D5E6-F7A8B9", "0ABCDE-F01234-567890"
SEED = "sandbox-seed"
MODEL = "gemini-3.8-flash"
PRINCIPAL = "operator@local-cloud.example"
"""Who calls the local cloud without credentials of a service account."""
STACK_FILE = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: {SEED}
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:guard: {{email: [oncall@example.com]}}
  gemini-landing-zone:defaults:
    deletionPolicy: DELETE
    searchesPerRequest: 0
    alerts: {{email: [oncall@example.com]}}
    limits: {{{MODEL}: {{requestsPerMinute: 6, requestsPerDay: 1000, inputTokensPerMinute: 10000}}, others: deny}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-drift-chat
      tier: paid
      keys: {{backend: {{allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}}}}
      budget: {{amount: 120, currency: USD, topic: spend}}
      guard: {{throttle: {{at: 0.5, to: 0.5}}, stop: {{at: 0.75, by: both}}, rate: false}}
    lab:
      projectId: acme-drift-lab
      tier: paid
      labels: {{team: lab}}
      tags: [TAG]
      contacts: [{{email: security@example.com, categories: [SECURITY]}}]
      forbidUnrestrictedKeys: true
      dashboard: true
      keys:
        web: {{allowedReferrers: ["https://a.example.com/*"], methods: [generate]}}
        app: {{methods: [generate]}}
      budget: {{amount: 50, currency: USD, spendCap: true}}
      alerts: {{errorRate: 0.05, quotaShare: 0.75, tooManyRequestsPerMinute: 12}}
      limits:
        gemini-3.8-flash: {{requestsPerMinute: 6, requestsPerDay: 1000, inputTokensPerMinute: 10000}}
        gemini-2.5-flash: {{requestsPerMinute: 5, requestsPerDay: 500}}
        gemini-2.5-pro: {{requestsPerMinute: 2, requestsPerDay: 100}}
        others: deny
      quotas:
        more: {{quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1, value: 99999, contactEmail: a@example.com}}
    shop:
      projectId: acme-drift-shop
      tier: paid
      keys: {{till: {{methods: [generate]}}}}
      budget: {{amount: 40, currency: USD, spendCap: true}}
    desk:
      projectId: acme-drift-desk
      tier: paid
      keys: {{app: {{methods: [generate]}}}}
      budget: {{amount: 30, currency: USD, spendCap: true}}
      guard: {{throttle: false, stop: 0.75, rate: false}}
    play:
      projectId: acme-drift-play
      tier: free
      keys: {{app: {{methods: [generate]}}}}
"""


def prepare(workspace: Workspace, text: str = STACK_FILE, stack: str = STACK) -> None:
    """Make a stack of the stack file, and what it needs at Google."""
    call = workspace.cloud.call
    base = "/cloudresourcemanager/v3"
    if "TAG" in text:
        key = call("POST", f"{base}/tagKeys", {"parent": "organizations/123456789012", "shortName": "env"})
        parent = call("GET", f"{base}/{key['name']}")["response"]["name"]
        value = call("POST", f"{base}/tagValues", {"parent": parent, "shortName": "prod"})
        text = text.replace("TAG", call("GET", f"{base}/{value['name']}")["response"]["name"])
    workspace.stack_file.with_name(f"Pulumi.{stack}.yaml").write_text(text)
    workspace.pulumi("stack", "select", "--create", stack)


def command(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run gemini-lz in the program's folder; keys are taken out of its output."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{workspace.environment['PATH']}"
    done = subprocess.run(
        ["gemini-lz", *arguments],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment, "PATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    done.stdout, done.stderr = redact(done.stdout), redact(done.stderr)
    return done


def drift(workspace: Workspace, code: int, stack: str = STACK) -> dict[str, Any]:
    """What `gemini-lz drift STACK --json` prints; it must end with `code`."""
    done = command(workspace, "drift", stack, "--json")
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@dataclass
class OtherHands:
    """Calls to Google's REST API by somebody else."""

    workspace: Workspace
    expected: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    """What was changed → project, kind, name, and property of the difference to report."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call."""
        return self.workspace.cloud.call(method, path, body)

    def expect(self, change: str, project: str, kind: str, name: str, what: str) -> None:
        """Note what is to be reported of a change."""
        assert change not in self.expected
        self.expected[change] = (project, kind, name, what)

    def overrides(
        self, project: str, metric: str = "generate_requests_per_model", limit: str = "/min/model/project"
    ) -> str:
        """The path of the overrides of a limit."""
        return (
            f"/serviceusage/v1beta1/projects/{project}/services/{GEMINI}/consumerQuotaMetrics/"
            f"{quote(f'{GEMINI}/{metric}', safe='')}/limits/{quote(limit, safe='')}/consumerOverrides"
        )

    def override(
        self,
        project: str,
        model: str,
        metric: str = "generate_requests_per_model",
        limit: str = "/min/model/project",
    ) -> str:
        """The path of a model's override; without a model, that of all others."""
        listed = self.call("GET", self.overrides(project, metric, limit))["overrides"]
        [found] = [each["name"] for each in listed if each.get("dimensions", {}).get("model", "") == model]
        return f"/serviceusage/v1beta1/{found}"

    def keys(self, project: str) -> dict[str, dict[str, Any]]:
        """The keys of a project, by the last word of their titles."""
        listed = self.call("GET", f"/apikeys/v2/projects/{project}/locations/global/keys").get("keys", [])
        return {each["displayName"].split()[-1]: each for each in listed}

    def budgets(self) -> dict[str, str]:
        """The paths of budgets and caps, by title."""
        listed = self.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")["budgets"]
        return {each["displayName"]: f"/billingbudgets/v1/{each['name']}" for each in listed}

    def link(self, project: str, account: str) -> None:
        """Link a project to a billing account, or to none."""
        name = f"billingAccounts/{account}" if account else ""
        self.call("PUT", f"/cloudbilling/v1/projects/{project}/billingInfo", {"billingAccountName": name})

    def stored(self, name: str, content: bytes | None = None) -> bytes:
        """An object of the guard's bucket; with `content`, after it was replaced."""
        port, bucket = self.workspace.cloud.ready["port"], f"{SEED}-guard-{STACK}"
        where = f"http://127.0.0.1:{port}/storage"
        address = f"{where}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        if content is not None:
            address = f"{where}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
        request = urllib.request.Request(  # noqa: S310 the address is built above
            address,
            data=content,
            headers={"Authorization": "Bearer test", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 the address is built above
            found: bytes = answer.read()
        return found

    def first(self, path: str, items: str, title: str = "") -> str:
        """The path of the first thing in a listing whose display name has these words."""
        service = "/".join(path.split("/")[:3])
        listed = self.call("GET", path)[items]
        return f"{service}/{next(each['name'] for each in listed if title in str(each))}"
