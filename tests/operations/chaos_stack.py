"""A stack of projects that are all alike, each with everything that a project can have, and a guard over them."""

from typing import Any, Final

from landing_zone.google.seed_apis import GUARD_APIS
from tests.lifecycle.test_every_kind import ACCOUNT, TOKEN
from tests.operations.stage import Stage
from tests.workspace import STACK, Cloud

SEED: Final = "sandbox-seed"
_HEAD: Final = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: {SEED}
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:guard: {{email: [oncall@example.com]}}
  gemini-landing-zone:channels:
    hook: {{type: webhook, url: "https://hooks.example.com/x"}}
    chatops: {{type: slack, channel: "#oncall"}}
  gemini-landing-zone:sharedBudgets:
    all: {{projects: [NAMES], email: [finops@example.com], amount: 10, currency: USD}}
  gemini-landing-zone:projects:
"""
_PROJECT: Final = """\
    NAME:
      projectId: acme-chaos-NAME
      name: Chaos
      tier: paid
      deletionPolicy: DELETE
      tierWait: 1
      labels: {team: one}
      tags: [TAG]
      contacts: [{email: legal@example.com, categories: [LEGAL], language: de}]
      forbidUnrestrictedKeys: true
      dashboard: true
      keys:
        web: {allowedReferrers: ["https://a.example.com/*"]}
        bound: {serviceAccount: app-one@sandbox-seed.iam.gserviceaccount.com}
        honey: {decoy: true}
        plain: {standard: true}
      budget: {amount: 120, currency: USD, topic: spend, spendCap: {amount: 200}}
      guard: {amount: 100, throttle: {at: 0.8, to: 0.5}, stop: {at: 1.2, by: both}, rate: false}
      alerts:
        email: [oncall@example.com]
        channels: [hook, chatops]
        errorRate: 0.05
        quotaShare: 0.75
        quotaChanges: {deployers: [ci@example.com]}
      limits:
        gemini-2.5-flash: {requestsPerMinute: 60}
        others: deny
      quotas:
        up:
          quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1
          value: 99999
          justification: a lot
          contactEmail: a@example.com
        down:
          metric: generativelanguage.googleapis.com/generate_requests_per_model
          limit: /min/model/project
          dimensions: {model: gemini-2.5-flash-lite}
          value: 7
"""
_CHANGES: Final = (
    ("name: Chaos", "name: Order"),
    ("labels: {team: one}", "labels: {team: two}"),
    ("language: de", "language: fr"),
    ("web: {allowedReferrers", "site: {allowedReferrers"),
    ("honey: {decoy: true}", "honey: {decoy: true, standard: true}"),
    ("plain: {standard: true}", "plain: {standard: true, allowedIps: [203.0.113.0/24]}"),
    ("budget: {amount: 120", "budget: {amount: 121"),
    ("spendCap: {amount: 200}", "spendCap: {amount: 201}"),
    ("guard: {amount: 100", "guard: {amount: 101"),
    ("email: [oncall@example.com]\n        channels", "email: [night@example.com]\n        channels"),
    ("errorRate: 0.05", "errorRate: 0.06"),
    ("requestsPerMinute: 60", "requestsPerMinute: 61"),
    ("value: 99999", "value: 99998"),
    ("value: 7", "value: 8"),
    ('x"}\n    chatops', 'y"}\n    chatops'),
    ("finops@example.com], amount: 10", "finops@example.com], amount: 11"),
    ("topics: [spend]", "topics: [spend, more]"),
)
"""What an update changes, in each project: all kinds of things, in place, by replacement and by a new name."""


def names(count: int) -> list[str]:
    """The projects' names, of which none is the beginning of another."""
    return [f"p{number:02}" for number in range(count)]


def project_id(name: str) -> str:
    """The id of a project."""
    return f"acme-chaos-{name}"


def settle(cloud: Cloud) -> None:
    """Let operations take a read, and the clock stand: what is due by it is no part of a run."""
    cloud.call("PUT", "/_local/operations", {"polls": 1})
    cloud.call("PUT", "/_local/clock", {"hold": True})


def prepare(stage: Stage, count: int) -> None:
    """Write the stack file of so many projects, and make what it needs at Google and in Pulumi's backend."""
    call = stage.cloud.call
    call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"linkLimit": 100})
    call("POST", f"/serviceusage/v1/projects/{SEED}/services:batchEnable", {"serviceIds": [*GUARD_APIS]})
    call("POST", f"/iam/v1/projects/{SEED}/serviceAccounts", {"accountId": "app-one"})
    organization = "organizations/123456789012"
    key = _made(stage.cloud, "tagKeys", {"parent": organization, "shortName": "env"})
    tag = _made(stage.cloud, "tagValues", {"parent": key, "shortName": "prod"})
    each = [_PROJECT.replace("NAME", name).replace("TAG", tag) for name in names(count)]
    stage.workspace.write(_HEAD.replace("NAMES", ", ".join(names(count))) + "".join(each))
    path = "gemini-landing-zone:channels.chatops.token"
    stage.workspace.pulumi("config", "set", "--secret", "--path", path, TOKEN, "--stack", STACK)


def _made(cloud: Cloud, collection: str, body: dict[str, str]) -> str:
    operation: Any = cloud.call("POST", f"/cloudresourcemanager/v3/{collection}", body)
    while not operation.get("done"):
        operation = cloud.call("GET", f"/cloudresourcemanager/v3/{operation['name']}")
    return str(operation["response"]["name"])


def change(stage: Stage) -> None:
    """Edit the stack file."""
    text = stage.workspace.stack_file.read_text()
    for old, new in _CHANGES:
        assert old in text, old
        text = text.replace(old, new)
    stage.workspace.stack_file.write_text(text)
