"""docs/leaked-key.md: its change and its command, under the production policies."""

import re

from sandbox.layout import ROOT
from tests.docs.production import local_pack
from tests.lifecycle.guardrails import look, losses, writes
from tests.workspace import STACK, Workspace

PAGE = (ROOT / "docs" / "leaked-key.md").read_text()
COMMAND = "pulumi up --stack prod --policy-pack policy"
KEYS = """\
      keys:
        backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}
"""
CHAT = "acme-chat-prod"


def production(workspace: Workspace) -> str:
    """The stack file prod on the local cloud, where its folder, seed and adopted project have other names."""
    workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", {"projectId": "acme-support-legacy"})
    text = (ROOT / "stacks" / "Pulumi.prod.yaml").read_text()
    for own, local in (
        ("folders/333333333333", "folders/987654321098"),
        ("acme-gemini-seed", "sandbox-seed"),
    ):
        text = text.replace(own, local)
    return text


def shown_keys() -> str:
    """The keys as the page writes them, as deep as the stack file has them."""
    found = re.search(r"```yaml\n(   keys:.*?)   ```", PAGE, re.DOTALL)
    assert found
    return "".join(f"   {line}\n" for line in found[1].splitlines())


def test_a_leaked_key_goes_by_one_change_and_one_command_in_production(workspace: Workspace) -> None:
    text = production(workspace)
    assert "protect: true" in text
    assert "deletionPolicy: PREVENT" in text
    assert text.count(KEYS) == 1
    # As the page has it, for the stack of the test: prod's own file says what is mandatory there.
    configuration = ("--policy-pack-config", str(ROOT / "policy" / "config" / "prod.json"))
    assert COMMAND in PAGE
    pack = local_pack(workspace.layout.program / "policy")
    command = [
        *COMMAND.replace("prod", STACK).replace("policy-pack policy", f"policy-pack {pack}").split()[1:],
        *configuration,
    ]
    workspace.write(text)
    workspace.pulumi(*command, "--yes")
    before, last = look(workspace.cloud), workspace.cloud.requests()[-1]["n"]
    [leaked] = before.keys[CHAT]

    workspace.write(text.replace(KEYS, shown_keys()))
    done = workspace.pulumi(*command, "--yes")
    entries = workspace.cloud.requests(last)
    # The guard learns of the new account, and runs each minute besides.
    made = [
        each for each in writes(entries) if "/b/sandbox-seed-guard-" not in each and "/timeSeries" not in each
    ]
    assert [re.sub(r"/keys/.*", "/keys/…", each) for each in made] == [
        f"POST /v1/projects/{CHAT}/serviceAccounts",
        f"POST /v2/projects/{CHAT}/locations/global/keys",
        f"DELETE /v2/projects/{CHAT}/locations/global/keys/…",
        f"DELETE /v1/projects/{CHAT}/serviceAccounts/gemini-backend@{CHAT}.iam.gserviceaccount.com",
    ]
    assert list(losses(before, entries)) == []
    after = look(workspace.cloud)
    assert len(after.keys[CHAT]) == 1
    assert leaked not in after.keys[CHAT]
    assert "2 created" in done.stdout
    assert "2 deleted" in done.stdout


def test_the_page_s_way_to_close_a_project_at_once_denies_every_model(workspace: Workspace) -> None:
    text = production(workspace)
    workspace.write(text)
    workspace.up()
    limits = re.search(r"      limits:\n        gemini-3.8-flash:.*?others: deny\n", text, re.DOTALL)
    assert limits
    assert "limits: {others: deny}" in PAGE
    workspace.write(text.replace(limits[0], "      limits: {others: deny}\n"))
    workspace.up()
    metrics = workspace.cloud.call(
        "GET",
        f"/serviceusage/v1beta1/projects/{CHAT}/services/generativelanguage.googleapis.com/consumerQuotaMetrics"
        "/generativelanguage.googleapis.com%2Fgenerate_requests_per_model?view=FULL",
    )
    buckets = [bucket for limit in metrics["consumerQuotaLimits"] for bucket in limit["quotaBuckets"]]
    # A limit of 0 is left out of Google's answers.
    assert {bucket.get("effectiveLimit", "0") for bucket in buckets} == {"0"}
