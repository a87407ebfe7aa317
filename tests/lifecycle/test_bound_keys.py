"""Keys that are bound to service accounts, through the engine, with calls of the Gemini API before and after."""

import json
import re
import urllib.error
import urllib.request

import pytest

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


def exposes(workspace: Workspace, key: str) -> bool:
    """Whether a key stands in plain text in the state, the journal of requests, or what the engine prints."""
    state = [path.read_text() for path in workspace.layout.backend.rglob("*.json")]
    assert any("chat--backend" in text for text in state)
    printed = workspace.pulumi("up", "--yes", "--refresh", "--diff", "--show-full-output").stdout
    texts = [*state, json.dumps(workspace.cloud.requests())]
    return "[an API key]" in printed or any(key in text for text in texts)


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

    assert not exposes(workspace, backend)
    write(workspace, "{}")
    assert of_keys(workspace.up()) == [
        ("delete", "key", "chat--backend"),
        ("delete", "account", "chat--backend"),
    ]
    assert ask(workspace, backend) == 400
    # Google keeps its id for 30 days.
    write(workspace, "{backend: {}}")
    refused = workspace.pulumi("up", "--yes", "--skip-preview", check=False)
    assert "deleted recently: choose another name" in refused.stdout + refused.stderr


def test_a_rotation_leaves_no_moment_without_a_key(workspace: Workspace) -> None:
    write(workspace, "{backend: {}}")
    workspace.up()
    old = strings(workspace)["backend"]
    write(workspace, "{backend: {}, backend-2: {}}")
    assert sorted(of_keys(workspace.up())) == [
        ("create", "account", "chat--backend-2"),
        ("create", "key", "chat--backend-2"),
    ]
    new = strings(workspace)["backend-2"]
    assert (strings(workspace)["backend"], ask(workspace, old), ask(workspace, new)) == (old, 200, 200)
    write(workspace, "{backend-2: {}}")
    assert of_keys(workspace.up()) == [
        ("delete", "key", "chat--backend"),
        ("delete", "account", "chat--backend"),
    ]
    assert (ask(workspace, old), ask(workspace, new)) == (400, 200)


def test_a_key_calls_the_methods_that_it_is_narrowed_to(workspace: Workspace) -> None:
    write(workspace, "{backend: {methods: [countTokens]}}")
    workspace.up()
    backend = strings(workspace)["backend"]
    assert (ask(workspace, backend, "countTokens"), ask(workspace, backend)) == (200, 403)
    write(workspace, "{backend: {methods: [countTokens, generate]}}")
    assert of_keys(workspace.up()) == [("update", "key", "chat--backend")]
    assert strings(workspace)["backend"] == backend
    assert ask(workspace, backend) == 200


def test_a_key_that_changes_its_kind_is_replaced(workspace: Workspace) -> None:
    workspace.cloud.call("POST", "/iam/v1/projects/sandbox-seed/serviceAccounts", {"accountId": "shared-app"})
    write(workspace, "{backend: {standard: true}}")
    warned = workspace.pulumi("up", "--yes", "--skip-preview")
    assert re.search("key backend of acme-bound-chat is a standard key.*September 2026", warned.stdout)
    standard = strings(workspace)["backend"]
    assert (standard[:4], ask(workspace, standard)) == ("AIza", 200)

    write(workspace, "{backend: {}}")
    # The new key is there before the old one goes.
    assert of_keys(workspace.up()) == [
        ("create", "account", "chat--backend"),
        ("create-replacement", "key", "chat--backend"),
        ("replace", "key", "chat--backend"),
        ("delete-replaced", "key", "chat--backend"),
    ]
    bound = strings(workspace)["backend"]
    assert (ask(workspace, standard), ask(workspace, bound)) == (400, 200)

    write(workspace, "{backend: {serviceAccount: shared-app@sandbox-seed.iam.gserviceaccount.com}}")
    assert of_keys(workspace.up())[-1] == ("delete", "account", "chat--backend")
    named = strings(workspace)["backend"]
    assert (ask(workspace, bound), ask(workspace, named)) == (400, 200)


@pytest.mark.parametrize(
    "allowed", [[], pytest.param(["generativelanguage.googleapis.com"], marks=pytest.mark.long)]
)
def test_an_organization_that_forbids_bound_keys_is_explained(
    workspace: Workspace, allowed: list[str]
) -> None:
    constraint = "iam.managed.disableServiceAccountApiKeyCreation"
    rule = {"enforce": True, "parameters": {"allowedServices": allowed}}
    workspace.cloud.call(
        "POST",
        "/orgpolicy/v2/organizations/123456789012/policies",
        {"name": f"organizations/123456789012/policies/{constraint}", "spec": {"rules": [rule]}},
    )
    write(workspace, "{backend: {}}")
    run = workspace.pulumi("up", "--yes", "--skip-preview", check=bool(allowed))
    said = run.stdout + run.stderr
    if allowed:
        assert ask(workspace, strings(workspace)["backend"]) == 200
        return
    assert run.returncode != 0
    assert (
        "gemini-landing-zone:projects.chat.keys.backend (chat--backend): the organization forbids keys"
        in said
    )
    assert f"the parameter allowedServices of the constraint {constraint} (docs/organization.md)" in said
    write(workspace, "{backend: {standard: true}}")
    workspace.up()
    assert ask(workspace, strings(workspace)["backend"]) == 200
