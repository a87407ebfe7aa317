"""How often Google is called, by method: for one project, for a preview in which nothing changed, and for a refresh."""

import re
from collections import Counter

from tests.drift.stack import drift
from tests.workspace import Cloud, Workspace

STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gcp:batching: {enableBatching: true, sendAfter: 50ms}
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-calls-chat
      tier: paid
      deletionPolicy: DELETE
      keys: {backend: {allowedIps: [203.0.113.7]}}
      budget: {amount: 100, currency: USD}
      limits: {gemini-3.8-flash: {requestsPerMinute: 5}, others: deny}
"""
OWN = {"tier", "quota metrics", "overrides set", "override operations", "link read by us"}
KINDS = (
    ("quota metrics", r"GET .*/consumerQuotaMetrics\?"),
    ("overrides set", r"POST .*:importConsumerOverrides"),
    ("override operations", r"GET .*/operations/quf"),
    ("tier", r"GET .*/quotaInfos\?"),
    # The gcp plugin's Go client names the form of the answer.
    ("link read by us", r"GET .*/billingInfo$"),
    ("link", r"\w+ .*/billingInfo\?"),
    ("permission", r"POST .*:testIamPermissions"),
    ("project", r"(POST /v1/projects|GET /v1/projects/[^/]+|GET /v1/operations/cp)(\?|$|\.)"),
    ("APIs", r"(GET|POST) (.*/services(\?|:)|/v1/operations/ac)"),
    ("service account", r"(GET|POST) .*/serviceAccounts"),
    ("budget", r"(GET|POST) .*/budgets"),
    ("key", r"(GET|POST) (.*/keys|/v2/operations/akmf)"),
)


def counted(cloud: Cloud, after: int) -> Counter[str]:
    """The calls since one of number `after`, by kind."""
    found: Counter[str] = Counter()
    for request in cloud.requests(after):
        call = f"{request['method']} {request['path']}"
        found[next((kind for kind, pattern in KINDS if re.match(pattern, call)), call)] += 1
    return found


def test_a_paid_project_takes_forty_calls_and_a_preview_of_it_none(workspace: Workspace) -> None:
    cloud = workspace.cloud
    workspace.write(STACK_FILE)
    workspace.up()
    up = counted(cloud, 0)
    assert up == {
        "quota metrics": 2,
        # One limit is fixed at Google: the first call is refused for it.
        "overrides set": 2,
        "override operations": 2,
        "tier": 1,
        "link read by us": 1,
        # What follows is the gcp plugin's.
        "link": 3,
        "permission": 1,
        "project": up["project"],
        "APIs": up["APIs"],
        "service account": 4,
        "budget": 2,
        "key": up["key"],
    }
    # The plugin asks for an operation until it is done, and may enable APIs one by one.
    assert up.total() <= 40, up
    assert sum(up[kind] for kind in OWN) == 8

    last = cloud.requests()[-1]["n"]
    assert workspace.preview() == []
    assert cloud.requests(last) == []

    # One listing has all limits; the tier takes its listing and the link.
    assert workspace.refresh() == []
    refresh = counted(cloud, last)
    assert {kind: refresh[kind] for kind in OWN if refresh[kind]} == {
        "quota metrics": 1,
        "tier": 1,
        "link read by us": 1,
    }
    assert refresh.total() <= 13, refresh

    # Drift reads each thing once: what our own reading compares as a whole, the plugins do not read.
    last = cloud.requests()[-1]["n"]
    assert drift(workspace, 0)["differences"] == []
    looked = counted(cloud, last)
    assert {kind: looked[kind] for kind in OWN if looked[kind]} == {
        "quota metrics": 1,
        "tier": 1,
        "link read by us": 1,
    }
    assert looked.total() <= 17, looked

    # A changed number needs no look before it is set, in one call.
    last = cloud.requests()[-1]["n"]
    workspace.write(workspace.stack_file.read_text().replace("requestsPerMinute: 5", "requestsPerMinute: 4"))
    assert [change.type.rpartition(":")[2] for change in workspace.preview()] == ["ProjectLimits"]
    assert cloud.requests(last) == []
    workspace.up()
    assert counted(cloud, last) == {"quota metrics": 2, "overrides set": 1, "override operations": 1}
