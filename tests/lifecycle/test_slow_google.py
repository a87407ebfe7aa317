"""A stack on the real engine while Google takes its time: operations, new APIs, limits and tiers, and stale reads."""

from typing import Any, Final

from tests.workspace import Workspace

STACK_FILE: Final = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults:
    tier: paid
    deletionPolicy: DELETE
    keys: {app: {allowedIps: [203.0.113.0/24]}}
    budget: {amount: 100, currency: USD, spendCap: true}
    limits: {gemini-3.8-flash: {requestsPerMinute: 60}, others: deny}
  gemini-landing-zone:projects:
    one: {projectId: acme-slow-one}
    two: {projectId: acme-slow-two}
"""
STALE: Final = (
    "*.getIamPolicy",
    "apikeys.*.list",
    "billingbudgets.*.list",
    "cloudquotas",
    "cloudresourcemanager.*.list",
    "serviceusage",
)
TIMES: Final[list[dict[str, Any]]] = [
    {"operationSeconds": [1, 4]},
    {"effectSeconds": 9, "method": "serviceusage.services.enable"},
    {"effectSeconds": 9, "method": "serviceusage.services.batchEnable"},
    {"effectSeconds": 24, "method": "serviceusage.services.consumerQuotaMetrics"},
    {"effectSeconds": 24, "method": "cloudbilling.projects.updateBillingInfo"},
    *({"staleSeconds": 5, "method": method} for method in STALE),
]


def test_one_run_converges_while_google_takes_its_time(workspace: Workspace) -> None:
    cloud = workspace.cloud
    cloud.call("PUT", "/_local/times", {"times": TIMES})
    cloud.call("PUT", "/_local/clock", {"rate": 3})
    workspace.write(STACK_FILE)
    printed = workspace.pulumi("up", "--yes", "--skip-preview").stdout
    assert "not in force" not in printed
    assert workspace.preview() == []
    assert workspace.refresh() == []
    workspace.destroy()
    cloud.call("PUT", "/_local/times", {"times": []})  # what is listed below is not stale
    projects = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    states = {each["lifecycleState"] for each in projects if each["projectId"].startswith("acme-slow-")}
    assert states == {"DELETE_REQUESTED"}
