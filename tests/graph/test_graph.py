"""The graph that the engine records: no chain is longer than it must be, and no project waits for another."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workspace import Workspace

STACKS = Path(__file__).parents[2] / "stacks"
ORDER = tuple(f"gemini-landing-zone:index:{name}" for name in ("Roster", "ProjectExit", "StackExit"))
KEY = "gcp:projects/apiKey:ApiKey"
BUDGETS = ("gcp:billing/budget:Budget", "gemini-landing-zone:index:SpendCap")


def resources(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """URN → resource, of those that Google has and those that only order them."""
    exported = json.loads(workspace.pulumi("stack", "export").stdout)
    return {
        entry["urn"]: entry
        for entry in exported["deployment"]["resources"]
        if entry.get("custom") and not entry["type"].startswith("pulumi:")
    }


def needs(entry: dict[str, Any], known: dict[str, dict[str, Any]]) -> set[str]:
    """The resources that one waits for, by dependency or by a property."""
    by_property = [urn for urns in (entry.get("propertyDependencies") or {}).values() for urn in urns or []]
    return {urn for urn in [*(entry.get("dependencies") or []), *by_property] if urn in known}


def depth(urn: str, known: dict[str, dict[str, Any]]) -> int:
    """How many resources of Google's stand in the longest chain that ends with this one."""
    return (known[urn]["type"] not in ORDER) + max(
        (depth(other, known) for other in needs(known[urn], known)), default=0
    )


def deployed(workspace: Workspace, stack: str) -> dict[str, dict[str, Any]]:
    """A stack file of the project's, on the local cloud: what is there differs, the projects do not."""
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text().partition("encryptionsalt")[0]
    for number in ("111111111111", "222222222222", "333333333333"):
        text = text.replace(f"folders/{number}", "folders/987654321098")
    text = text.replace("acme-gemini-seed", "sandbox-seed")
    if stack == "prod":
        workspace.cloud.call(
            "POST", "/cloudresourcemanager/v1/projects", {"projectId": "acme-support-legacy"}
        )
    workspace.write(text)
    workspace.up()
    return resources(workspace)


# Keys of a guarded project wait for what calls its guard: a schedule comes after a function, and that after its source.
@pytest.mark.parametrize(("stack", "deepest"), [("sandbox", 4), ("staging", 6), ("prod", 6)])
def test_a_budget_comes_second_and_keys_alone_after_the_third(
    workspace: Workspace, stack: str, deepest: int
) -> None:
    known = deployed(workspace, stack)
    depths = {urn: depth(urn, known) for urn in known if known[urn]["type"] not in ORDER}
    keys = {urn for urn, entry in known.items() if entry["type"] == KEY}
    guard = {urn for urn in known if "guard" in urn.rpartition("::")[2]}
    assert {urn for urn, each in depths.items() if each > 3} <= keys | guard
    assert {depths[urn] for urn in keys} == {deepest}
    assert {depths[urn] for urn, entry in known.items() if entry["type"] in BUDGETS} == {2}


def test_no_project_waits_for_another(workspace: Workspace) -> None:
    known = deployed(workspace, "sandbox")
    owner = {
        urn: next(name for name in ("playground", "chat", "batch", "") if _belongs(urn, name))
        for urn in known
    }
    crossing = {
        (owner[urn], owner[other])
        for urn, entry in known.items()
        for other in needs(entry, known)
        if owner[urn] and owner[other] and owner[urn] != owner[other]
    }
    assert crossing == set()


def _belongs(urn: str, project: str) -> bool:
    name = urn.rpartition("::")[2]
    return "GeminiProject" in urn and (name == project or name.startswith(f"{project}-")) if project else True


def test_the_alert_on_a_decoy_key_comes_after_the_key(workspace: Workspace) -> None:
    workspace.write("""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:projects:
    one:
      projectId: acme-decoy-one
      tier: paid
      deletionPolicy: DELETE
      keys: {app: {}, honey: {decoy: true}}
      budget: {amount: 10, currency: USD}
      alerts: {email: [oncall@example.com]}
      limits: {gemini-2.5-flash: {requestsPerMinute: 2}, others: deny}
""")
    workspace.up()
    known = resources(workspace)
    deepest = [
        urn.rpartition("::")[2]
        for urn, entry in known.items()
        if depth(urn, known) > 4 and entry["type"] not in ORDER
    ]
    assert deepest == ["one-decoy-honey"]
