"""docs/preflight.md: what it shows is printed, and its table has what the preflight finds."""

import re
from pathlib import Path

from sandbox.layout import ROOT
from tests.preflight.broken import CLOSED, FOLDER, ORGANIZATION, allow
from tests.preflight.test_preflight import run
from tests.workspace import Cloud

PAGE = (ROOT / "docs" / "preflight.md").read_text()
STACK_FILE = f"""\
config:
  gcp:userProjectOverride: true
  gcp:billingProject: sandbox-seed
  gemini-landing-zone:billingAccount: {CLOSED}
  gemini-landing-zone:parent: {FOLDER}
  gemini-landing-zone:projects:
    chat: {{projectId: acme-chat-prod, tier: paid, budget: {{amount: 9, currency: USD, iamRecipients: true}}}}
"""
TOKEN, MEMBER = "token-of-ann", "user:ann@example.com"


def test_the_command_prints_what_the_page_shows(cloud: Cloud, tmp_path: Path) -> None:
    [shown] = re.findall(r"```console\n\$ gemini-lz preflight prod\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK_FILE)
    cloud.call("PUT", "/_local/identities", {"identities": {TOKEN: {"member": MEMBER}}})
    allow(cloud, ORGANIZATION, {"roles/orgpolicy.policyViewer": MEMBER})
    allow(cloud, f"billingAccounts/{CLOSED}", {"roles/billing.admin": MEMBER})
    allow(cloud, "projects/sandbox-seed", {"roles/serviceusage.serviceUsageConsumer": MEMBER})
    done = run(cloud, tmp_path, "--as-of", "2026-11-27", token=TOKEN, stack="prod")
    assert (done.returncode, done.stdout) == (1, shown)


def test_the_table_has_every_finding() -> None:
    in_code = {
        name
        for path in (ROOT / "landing_zone" / "preflight").glob("*.py")
        for name in re.findall(r"Finding\(\s*\"([a-z-]+)\"", path.read_text())
    }
    in_table = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert in_table == in_code
