"""On the real engine: a limit and a quota about one model, as the policy pack, the preview and Google have it."""

import json
from typing import Any

import pytest

from sandbox.layout import ROOT
from tests.lifecycle.limit_cases import OVERRIDE, PREFERENCE
from tests.provider.test_native_limits import allowed
from tests.workspace import STACK, Workspace

GEMINI = "generativelanguage.googleapis.com"
PROJECT = "/projects/acme-chat-case"
MODEL = "gemini-3.1-pro-preview"


@pytest.mark.parametrize(
    ("text", "lag", "month", "calls"),
    [
        # The stack file's `searchesPerRequest: 0` counts in the preview's month, and not for the policy: 3 queries.
        (OVERRIDE, "447,557.63 USD", "392,994,823.87 USD", 5),
        pytest.param(PREFERENCE, "89,511.53 USD", "78,598,964.78 USD", 1, marks=pytest.mark.long),
    ],
    ids=["override", "preference"],
)
def test_pack_preview_and_google_agree_on_a_limit_beside_a_quota(
    workspace: Workspace, text: str, lag: str, month: str, calls: int
) -> None:
    options = {"enforcementLevel": "advisory", "maxOvershoot": 1, "currency": "USD", "lag": "24h"}
    config = workspace.layout.program / "pack.json"
    config.write_text(json.dumps({"all": "disabled", "exposure-within-allowance": options}))
    workspace.write(text)
    pack = ("--policy-pack", str(ROOT / "policy"), "--policy-pack-config", str(config))
    printed = " ".join(workspace.pulumi("preview", "--stack", STACK, *pack).stdout.split())
    assert f"can spend {lag} in 24h" in printed
    assert f"at worst in a month: {month}" in printed

    workspace.up()
    assert workspace.refresh() == []
    assert workspace.preview() == []
    keys = f"/apikeys/v2{PROJECT}/locations/global/keys"
    workspace.cloud.call("POST", f"/serviceusage/v1{PROJECT}/services/apikeys.googleapis.com:enable", {})
    restrictions = {"apiTargets": [{"service": GEMINI}]}
    workspace.cloud.call("POST", f"{keys}?keyId=one", {"restrictions": restrictions})
    key: Any = workspace.cloud.call("GET", f"{keys}/one/keyString")["keyString"]
    assert allowed(workspace, MODEL, key) == calls
    assert allowed(workspace, "gemini-3.8-flash", key) == 0
    workspace.destroy()
