"""The judged does not set the measure: levels, terms, exceptions and delays of the author's choosing change nothing."""

import json
from pathlib import Path

from tests.lifecycle.policies.judged import (
    ACCOUNT,
    changed,
    golden,
    judged,
    made,
    pack_on_a_day,
    pack_with,
    plain,
)
from tests.workspace import Workspace

OF_ANOTHER = f"""\
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/1
  gemini-landing-zone:accountTerms:
    {ACCOUNT}: {{discount: 0.99, tierLimits: {{gemini-4-argon: {{requestsPerDay: 1}}}}}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-own-chat
      tier: paid
      searchesPerRequest: 0
      keys: {{backend: {{allowedIps: [203.0.113.7], methods: [generate]}}}}
      budget: {{amount: 1, currency: USD, spendCap: true, thresholds: [0.5, 1, {{forecast: 1}}]}}
      limits: {{gemini-4-argon: {{requestsPerDay: 1}}, others: deny}}
    acme-legacy:
      projectId: acme-own-other
      tier: free
      keys: {{widget: {{methods: [generate]}}}}
"""
EXEMPT = {"owner": "web@example.com", "reason": "moves", "expires": "2099-12-31"}
PRODUCTION = {
    "all": "mandatory",
    "exposure-within-allowance": {"maxOvershoot": 1000},
    "key-clients": {"exceptions": [{"resource": "acme-legacy/widget", **EXEMPT}]},
    "labels": {"exceptions": [{"resource": "acme-legacy", **EXEMPT}]},
}


def test_levels_terms_exceptions_and_delays_are_not_the_authors(workspace: Workspace, tmp_path: Path) -> None:
    plain(workspace, "measure.py", OF_ANOTHER)
    mapping = {"environments": ["own", "production"], "folders": {"folders/987654321098": "production"}}
    pack = pack_with(tmp_path / "pack", {"all": "advisory"}, mapping)
    (pack / "config" / "production.json").write_text(json.dumps(PRODUCTION))
    found = judged(workspace, "preview", {"protected": "advisory"}, pack=pack)
    assert found.code
    mandatory = [violation for violation in found.violations if violation.level == "mandatory"]
    golden("measure.py", mandatory)
    assert "judged as own (stack somebody-elses/test), configuration " in found.printed
    assert "judged as production (projects of stack somebody-elses/test that are in it)" in found.printed
    assert "exception unmatched until 2099-12-31: acme-legacy/widget from key-clients" in found.printed

    # A stack of which nobody has said what it is, is production.
    (pack / "config" / "environments.json").write_text('{"environments": ["own", "production"]}')
    unknown = judged(workspace, "preview", {}, pack=pack)
    assert {violation.level for violation in unknown.violations} == {"mandatory"}
    assert {(each.policy, each.resource) for each in mandatory} <= unknown.pairs
    assert (
        "judged as production (stack somebody-elses/test, which is in no environment: the strictest)"
        in unknown.printed
    )
    assert (changed(workspace), made(workspace)) == ([], {})


def test_limits_and_links_that_come_late_are_the_worst_that_they_can_be(
    workspace: Workspace, tmp_path: Path
) -> None:
    plain(workspace, "delayed.py")
    adoption = {"enforcementLevel": "mandatory", "projects": []}
    only = {"all": "disabled", "models-limited": "mandatory", "adoption": adoption}
    found = judged(workspace, "preview", only, pack=pack_on_a_day(tmp_path / "pack"))
    assert found.code
    golden("delayed.py", found.violations)
    assert (changed(workspace), made(workspace)) == ([], {})
