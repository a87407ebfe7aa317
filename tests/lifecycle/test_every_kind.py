"""Every setting through the engine: what it makes at Google, what a change of it changes, and what a refresh sees."""

import json
from typing import Any

import pytest

from tests.workspace import STACK, Workspace

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
TOKEN = "xoxb-a-token-of-nobodys"
STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:channels:
    hook: {type: webhook, url: "https://hooks.example.com/x"}
    locked: {type: webhook, url: "https://hooks.example.com/z", username: gemini}
    chatops: {type: slack, channel: "#oncall"}
    pager: {type: pagerduty}
    bus: {type: pubsub, topic: projects/sandbox-seed/topics/incidents}
    desk: {type: email, address: desk@example.com}
  gemini-landing-zone:sharedBudgets:
    both: {projects: [one], lastPeriod: true, period: quarter, email: [finops@example.com]}
    folder: {ancestors: [folders/987654321098], amount: 10, currency: USD, services: all}
    everything: {accountWide: true, amount: 99, currency: USD, ownership: billingAccount}
  gemini-landing-zone:projects:
    one:
      projectId: acme-every-kind
      idSuffix: true
      name: Every kind
      tier: paid
      deletionPolicy: DELETE
      tierWait: 30
      labels: {team: one}
      tags: [TAG]
      contacts: [{email: legal@example.com, categories: [LEGAL], language: de}]
      forbidUnrestrictedKeys: true
      privateData: false
      users: [DE, US]
      dashboard: true
      keys:
        web: {allowedReferrers: ["https://a.example.com/*"], displayName: Web}
        phone: {androidApps: [{packageName: com.example.app, sha1Fingerprint: "FINGERPRINT"}]}
        tablet: {iosBundleIds: [com.example.app]}
        bound: {serviceAccount: app-one@sandbox-seed.iam.gserviceaccount.com}
        honey: {decoy: true}
      budget:
        amount: 120.25
        currency: USD
        period: {start: 2026-01-01, end: 2026-12-31}
        thresholds: [0.5, 1.5]
        name: One budget
        services: [services/AEFD-7695-64FA, services/C7E2-9256-1C43]
        subaccounts: [01A2B3-C4D5E6-F7A8B9]
        label: {team: one}
        credits: [PROMOTION, FREE_TIER]
        iamRecipients: false
        projectRecipients: true
        topic: spend
        ownership: allUsers
        spendCap: {amount: 200}
      alerts:
        email: [oncall@example.com]
        channels: [hook, locked, chatops, pager, bus, desk]
        errorRate: 0.05
        tooManyRequestsPerMinute: 12
        quotaShare: 0.75
        quotaChanges: {deployers: [ci@example.com]}
        inputTokensPerMinute: 500000
        policies:
          latency:
            displayName: Slow calls
            conditions:
              - displayName: slow
                conditionThreshold:
                  filter: >-
                    metric.type="serviceruntime.googleapis.com/api/request_latencies"
                    AND resource.type="consumed_api"
                  comparison: COMPARISON_GT
                  thresholdValue: 5
                  duration: 60s
                  aggregations: [{alignmentPeriod: 60s, perSeriesAligner: ALIGN_PERCENTILE_95}]
      limits:
        gemini-2.5-flash: {requestsPerMinute: 60}
        gemini-2.5-pro: {inputTokensPerMinute: 1000}
        others: deny
      quotas:
        up:
          quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1
          value: 99999
          justification: a lot
          contactEmail: a@example.com
        zero:
          quotaId: GenerateRequestsPerMinutePerProjectPerModel-PaidTier3
          dimensions: {model: gemini-2.5-pro}
          value: 0
          service: generativelanguage.googleapis.com
          ignoreSafetyCheck: tooDeep
        none:
          quotaId: GenerateRequestsPerDayPerProjectPerModel-PaidTier2
          dimensions: {model: gemini-2.5-pro}
          value: -1
          contactEmail: a@example.com
        down:
          metric: generativelanguage.googleapis.com/generate_requests_per_model
          limit: /min/model/project
          dimensions: {model: gemini-2.5-flash-lite}
          value: 7
    two:
      projectId: acme-every-two
      tier: paid
      deletionPolicy: DELETE
      budget: {amount: 50, currency: USD}
      alerts:
        email: [oncall@example.com]
        spendRate: {times: 3, pricePerMillionTokens: 0.6}
"""


def prepare(workspace: Workspace, stack: str = STACK, text: str = STACK_FILE) -> None:
    """Make a stack of a stack file, what it needs at Google, and the secrets in it."""
    call = workspace.cloud.call
    organization = "organizations/123456789012"
    base = "/cloudresourcemanager/v3"
    key = call("POST", f"{base}/tagKeys", {"parent": organization, "shortName": "env"})
    parent = call("GET", f"{base}/{key['name']}")["response"]["name"]
    value = call("POST", f"{base}/tagValues", {"parent": parent, "shortName": "prod"})
    tag = call("GET", f"{base}/{value['name']}")["response"]["name"]
    call("PUT", "/pubsub/v1/projects/sandbox-seed/topics/incidents", {})
    for account in ("app-one", "app-two"):
        call("POST", "/iam/v1/projects/sandbox-seed/serviceAccounts", {"accountId": account})
    fingerprint = ":".join(["AB"] * 20)
    file = workspace.stack_file.with_name(f"Pulumi.{stack}.yaml")
    file.write_text(text.replace("TAG", tag).replace("FINGERPRINT", fingerprint))
    workspace.pulumi("stack", "select", "--create", stack)
    for secret in ("chatops.token", "pager.serviceKey", "locked.password"):
        path = f"gemini-landing-zone:channels.{secret}"
        workspace.pulumi("config", "set", "--secret", "--path", path, TOKEN, "--stack", stack)


@pytest.fixture
def deployed(workspace: Workspace) -> Workspace:
    """Everything, made."""
    prepare(workspace)
    workspace.up()
    return workspace


def listed(workspace: Workspace, path: str, items: str) -> list[dict[str, Any]]:
    """What Google lists."""
    found: list[dict[str, Any]] = workspace.cloud.call("GET", path).get(items, [])
    return found


def by_title(workspace: Workspace, path: str, items: str) -> dict[str, dict[str, Any]]:
    """What Google lists, by display name."""
    return {item["displayName"]: item for item in listed(workspace, path, items)}


def edit(workspace: Workspace, *changes: tuple[str, str]) -> None:
    """Change the stack file, which by now holds the encrypted token as well."""
    text = workspace.stack_file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    workspace.stack_file.write_text(text)


def test_every_setting_reaches_google(deployed: Workspace) -> None:
    project_id = deployed.outputs()["one"]["projectId"]
    assert project_id.startswith("acme-every-kind-")
    assert len(project_id) == len("acme-every-kind-") + 4
    project = deployed.cloud.call("GET", f"/cloudresourcemanager/v1/projects/{project_id}")
    assert (project["name"], project["labels"]["team"]) == ("Every kind", "one")
    assert (project["labels"]["gemini-private-data"], project["labels"]["gemini-users"]) == ("false", "de_us")
    tagged = f"//cloudresourcemanager.googleapis.com/projects/{project['projectNumber']}"
    [binding] = listed(deployed, f"/cloudresourcemanager/v3/tagBindings?parent={tagged}", "tagBindings")
    assert binding["tagValueNamespacedName"] == "123456789012/env/prod"
    [contact] = listed(deployed, f"/essentialcontacts/v1/projects/{project_id}/contacts", "contacts")
    assert (contact["email"], contact["languageTag"]) == ("legal@example.com", "de")
    [policy] = listed(deployed, f"/orgpolicy/v2/projects/{project_id}/policies", "policies")
    assert policy["spec"]["rules"] == [{"enforce": True}]

    keys = listed(deployed, f"/apikeys/v2/projects/{project_id}/locations/global/keys", "keys")
    kinds = {kind for key in keys for kind in key["restrictions"] if kind != "apiTargets"}
    assert kinds == {"browserKeyRestrictions", "androidKeyRestrictions", "iosKeyRestrictions"}
    assert "Web" in {key["displayName"] for key in keys}
    assert any(key.get("serviceAccountEmail", "").startswith("app-one@") for key in keys)

    budgets = by_title(deployed, f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", "budgets")
    one = budgets["One budget"]
    assert one["budgetFilter"] == {
        "projects": [f"projects/{project['projectNumber']}"],
        "services": ["services/AEFD-7695-64FA", "services/C7E2-9256-1C43"],
        "subaccounts": [f"billingAccounts/{ACCOUNT}"],
        "labels": {"team": ["one"]},
        "creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS",
        "creditTypes": ["PROMOTION", "FREE_TIER"],
        "customPeriod": {
            "startDate": {"year": 2026, "month": 1, "day": 1},
            "endDate": {"year": 2026, "month": 12, "day": 31},
        },
    }
    rule = one["notificationsRule"]
    assert rule["pubsubTopic"] == "projects/sandbox-seed/topics/spend"
    assert (rule["disableDefaultIamRecipients"], rule["enableProjectLevelRecipients"]) == (True, True)
    assert len(rule["monitoringNotificationChannels"]) == 1
    assert one["ownershipScope"] == "ALL_USERS"
    assert budgets[f"{project_id} Gemini API cap"]["spendCap"]["outputState"] == "CONFIGURED"
    assert budgets["test both Gemini API"]["amount"] == {"lastPeriodAmount": {}}
    assert budgets["test both Gemini API"]["budgetFilter"]["calendarPeriod"] == "QUARTER"
    assert budgets["test folder Gemini API"]["budgetFilter"]["resourceAncestors"] == ["folders/987654321098"]
    assert "services" not in budgets["test folder Gemini API"]["budgetFilter"]
    assert "projects" not in budgets["test everything Gemini API"]["budgetFilter"]
    publishers = deployed.cloud.call("GET", "/pubsub/v1/projects/sandbox-seed/topics/spend:getIamPolicy")[
        "bindings"
    ]
    assert publishers[0]["members"] == ["serviceAccount:billing-budget-alert@system.gserviceaccount.com"]

    monitoring = f"/monitoring/v3/projects/{project_id}"
    channels = listed(deployed, f"{monitoring}/notificationChannels", "notificationChannels")
    assert {channel["type"]: channel["labels"].keys() for channel in channels} == {
        "email": {"email_address"},
        "slack": {"channel_name", "auth_token"},
        "pagerduty": {"service_key"},
        "webhook_tokenauth": {"url"},
        "webhook_basicauth": {"url", "username", "password"},
        "pubsub": {"topic"},
    }
    policies = by_title(deployed, f"{monitoring}/alertPolicies", "alertPolicies")
    assert len(policies) == 7
    assert all(len(policy["notificationChannels"]) == 7 for policy in policies.values())
    assert "Slow calls" in policies
    assert {"more than 12 calls a minute", "more than 75% of a limit"} <= {
        title.removeprefix("Gemini API: ").partition(" are refused")[0].partition(" is used")[0]
        for title in policies
    }
    assert any("500,000 input tokens" in title for title in policies)
    [silent] = [policy for title, policy in policies.items() if "honey" in title]
    assert 'credential_id="apikey:' in silent["conditions"][0]["conditionThreshold"]["filter"]
    [changes] = [policy for title, policy in policies.items() if "changed a quota" in title]
    wanted = changes["conditions"][0]["conditionMatchedLog"]["filter"]
    assert wanted.endswith('NOT protoPayload.authenticationInfo.principalEmail=("ci@example.com")')
    paces = by_title(deployed, "/monitoring/v3/projects/acme-every-two/alertPolicies", "alertPolicies")
    [pace] = [policy for title, policy in paces.items() if "pace" in title]
    # 3 times 50 USD a month of 43,200 minutes, at 0.60 a million tokens, in tokens a minute.
    assert pace["conditions"][0]["conditionPrometheusQueryLanguage"]["query"].endswith("> 5787")
    assert len(listed(deployed, f"/monitoring/v1/projects/{project_id}/dashboards", "dashboards")) == 1
    assert len(listed(deployed, "/monitoring/v1/projects/sandbox-seed/dashboards", "dashboards")) == 1

    state = deployed.pulumi("stack", "export").stdout
    assert "hooks.example.com" not in state  # a webhook's URL mostly has a token in it
    exported = json.loads(state)["deployment"]["resources"]
    quotas = {entry["urn"].rpartition("::")[2]: entry["outputs"] for entry in exported if "outputs" in entry}
    # What Google still decides holds as before; nothing of it, nor a wish for 0, is a change for ever.
    assert quotas["one--up"]["quotaConfig"]["preferredValue"] == "99999"
    assert quotas["one--up"]["reconciling"] is True
    assert quotas["one--down"]["overrideValue"] == "7"
    assert deployed.preview() == []
    deployed.refresh()
    assert deployed.preview() == []

    state = deployed.pulumi("stack", "export").stdout
    resources = json.loads(state)["deployment"]["resources"]
    waits = [entry["inputs"]["waitSeconds"] for entry in resources if entry["type"].endswith(":TierCheck")]
    assert sorted(waits) == [30, 600]
    assert TOKEN not in state
    assert TOKEN not in json.dumps(deployed.cloud.requests())
    for path in (deployed.stack_file, *deployed.layout.state.rglob("*")):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes(), path.name
    deployed.destroy()
    assert listed(deployed, f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", "budgets") == []


def test_every_change_is_made_in_place(deployed: Workspace) -> None:
    edit(
        deployed,
        ("name: Every kind", "name: Every sort"),
        ("labels: {team: one}\n", "labels: {team: two}\n"),
        ("categories: [LEGAL]", "categories: [LEGAL, BILLING]"),
        ("language: de", "language: fr"),
        ("displayName: Web", "displayName: Web pages"),
        ("name: One budget", "name: First budget"),
        ("amount: 120.25", "amount: 121"),
        ("thresholds: [0.5, 1.5]", "thresholds: [0.5, 1.6]"),
        ("credits: [PROMOTION, FREE_TIER]", "credits: include"),
        ("spendCap: {amount: 200}", "spendCap: {amount: 201}"),
        ("errorRate: 0.05", "errorRate: 0.06"),
        ("tooManyRequestsPerMinute: 12", "tooManyRequestsPerMinute: 11"),
        ("quotaShare: 0.75", "quotaShare: 0.7"),
        ("ci@example.com", "cd@example.com"),
        ("inputTokensPerMinute: 500000", "inputTokensPerMinute: 600000"),
        ("hooks.example.com/x", "hooks.example.com/y"),
        ("thresholdValue: 5", "thresholdValue: 6"),
        ("value: 7", "value: 8"),
        ("requestsPerMinute: 60", "requestsPerMinute: 61"),
        ("value: 99999", "value: 99998"),
    )
    # A new token is an update that shows neither of the two.
    path = "gemini-landing-zone:channels.chatops.token"
    deployed.pulumi("config", "set", "--secret", "--path", path, f"{TOKEN}-2", "--stack", "test")
    shown = deployed.pulumi("preview", "--diff", "--show-config", "--show-sames", "--show-reads")
    assert "[secret]" in shown.stdout
    assert TOKEN not in shown.stdout + shown.stderr
    foreseen = deployed.preview()
    assert {change.name for change in foreseen} > {"one--hook", "one--chatops"}
    assert {change.op for change in foreseen} == {"update"}
    changed = {change.type.rpartition(":")[2] for change in foreseen}
    assert changed == {
        "Project",
        "Contact",
        "ApiKey",
        "Budget",
        "SpendCap",
        "AlertPolicy",
        "NotificationChannel",
        "ConsumerQuotaOverride",
        "SQuotaPreference",
        "ProjectLimits",
    }
    assert {(change.op, change.type, change.name) for change in deployed.up()} >= {
        (change.op, change.type, change.name) for change in foreseen
    }
    assert deployed.preview() == []


def test_what_google_cannot_change_is_replaced_and_nothing_else(deployed: Workspace) -> None:
    edit(
        deployed,
        ("legal@example.com", "law@example.com"),
        ("bound: {serviceAccount: app-one@", "bound: {serviceAccount: app-two@"),
        ("dimensions: {model: gemini-2.5-flash-lite}", "dimensions: {model: gemini-3.5-flash}"),
    )
    replaced = {
        change.type.rpartition(":")[2] for change in deployed.preview() if change.op in ("replace", "create")
    }
    assert replaced == {"Contact", "ApiKey", "ConsumerQuotaOverride"}
    deployed.up()
    assert deployed.preview() == []


def test_an_api_that_is_not_ready_is_waited_for(workspace: Workspace) -> None:
    workspace.cloud.call("PUT", "/_local/enablement", {"polls": 2})
    workspace.write("""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    one:
      projectId: acme-not-ready
      tier: free
      deletionPolicy: DELETE
      keys: {app: {}}
      limits: {gemini-2.5-flash: {requestsPerMinute: 2}}
""")
    run = workspace.pulumi("up", "--yes", "--skip-preview")
    assert "retrying create due to on-error hook request" in run.stdout
    assert workspace.preview() == []


def test_one_refused_budget_stops_no_other_project(workspace: Workspace) -> None:
    fault = {
        "error": "INVALID_ARGUMENT",
        "method": "billingbudgets.billingAccounts.budgets.create",
        "times": 1,
    }
    workspace.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    projects = {
        name: {
            "projectId": f"acme-budget-{name}",
            "tier": "paid",
            "deletionPolicy": "DELETE",
            "keys": {"app": {}},
            "budget": {"amount": 10, "currency": "USD"},
        }
        for name in ("one", "two", "three")
    }
    config = {
        "gcp:disableGlobalProjectWarning": "true",
        "gemini-landing-zone:billingAccount": ACCOUNT,
        "gemini-landing-zone:parent": "folders/987654321098",
        "gemini-landing-zone:projects": projects,
    }
    workspace.write(json.dumps({"config": config}))
    run = workspace.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", check=False)
    assert run.returncode != 0
    budgets = listed(workspace, f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", "budgets")
    assert len(budgets) == 2
    [refused] = {f"acme-budget-{name} Gemini API" for name in projects} - {
        item["displayName"] for item in budgets
    }
    name = refused.removeprefix("acme-budget-").partition(" ")[0]
    assert f"gemini-landing-zone:projects.{name}.budget ({name}): " in run.stdout
    assert "compare the setting with docs/settings.md" in run.stdout
    for each in projects:
        path = f"/apikeys/v2/projects/acme-budget-{each}/locations/global/keys"
        # Where the budget is missing no key comes either.
        assert len(listed(workspace, path, "keys")) == (each != name)
    workspace.up()
    assert workspace.preview() == []
