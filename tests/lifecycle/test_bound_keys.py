"""Keys that are bound to service accounts, through the engine, with calls of the Gemini API before and after."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from sandbox.layout import ROOT
from tests.workspace import Change, Workspace

PROJECT = "acme-bound-chat"
ACCOUNT = f"gemini-backend@{PROJECT}.iam.gserviceaccount.com"
ACCOUNTS = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
KEYS = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys"
API_KEY, SERVICE_ACCOUNT = "gcp:projects/apiKey:ApiKey", "gcp:serviceaccount/account:Account"
STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-bound-chat
      tier: paid
      deletionPolicy: DELETE
      budget: {{amount: 10, currency: USD}}
      keys: {keys}
"""


def write(workspace: Workspace, keys: str) -> None:
    workspace.write(STACK_FILE.format(keys=keys))


def of_keys(changes: list[Change]) -> list[tuple[str, str, str]]:
    """What happened to keys and their accounts."""
    kinds = {API_KEY: "key", SERVICE_ACCOUNT: "account"}
    return [(each.op, kinds[each.type], each.name) for each in changes if each.type in kinds]


def strings(workspace: Workspace) -> dict[str, str]:
    """The keys as the stack hands them to programs, by name; not to be printed."""
    found: dict[str, str] = workspace.outputs(secrets=True)["chat"]["keys"]
    return found


def ask(workspace: Workspace, key: str, method: str = "generateContent") -> int:
    """Call the Gemini API with a key; the status of the answer."""
    port = workspace.cloud.ready["port"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/generativelanguage/v1beta/models/gemini-2.5-flash:{method}",
        data=json.dumps({"contents": [{"parts": [{"text": "hello"}]}]}).encode(),
        headers={"Content-Type": "application/json", "X-Goog-Api-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 the address is built above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_key_is_bound_to_an_account_of_its_own_and_stops_with_it(workspace: Workspace) -> None:
    write(workspace, "{backend: {allowedIps: [127.0.0.1]}}")
    assert sorted(of_keys(workspace.up())) == [
        ("create", "account", "chat--backend"),
        ("create", "key", "chat--backend"),
    ]
    key = workspace.cloud.call("GET", f"{KEYS}/backend")
    assert key["serviceAccountEmail"] == ACCOUNT
    assert key["restrictions"]["serverKeyRestrictions"] == {"allowedIps": ["127.0.0.1"]}
    backend = strings(workspace)["backend"]
    assert backend.startswith("AQ.")
    assert ask(workspace, backend) == 200
    assert workspace.preview() == []

    workspace.cloud.call("POST", f"{ACCOUNTS}/{ACCOUNT}:disable", {})
    assert ask(workspace, backend) == 401
    # That somebody disabled it is drift, and an update enables it again.
    assert ("update", "account", "chat--backend") in of_keys(workspace.refresh())
    assert of_keys(workspace.up()) == [("update", "account", "chat--backend")]
    assert ask(workspace, backend) == 200

    write(workspace, "{}")
    assert of_keys(workspace.up()) == [
        ("delete", "key", "chat--backend"),
        ("delete", "account", "chat--backend"),
    ]
    assert ask(workspace, backend) == 400
    workspace.destroy()
