"""What recovery and `settle` add to a state: what the plugin reads a resource by, and nothing that is not known."""

import json
from typing import Any

import pytest

from landing_zone.exported_state import SIGNATURE
from landing_zone.operations.natural_names_alone import id_of, is_in_state_alone
from landing_zone.operations.planned import Planned, _made
from landing_zone.operations.state import repaired, with_found, without_deleted_roles

BUDGET = "gcp:billing/budget:Budget"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
PROJECT = "gcp:organizations/project:Project"
PROVIDER = "urn:pulumi:prod::seed::pulumi:providers:gcp::default"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:y"}


def urn_of(kind: str) -> str:
    return f"urn:pulumi:prod::seed::{kind}::x"


def planned(kind: str, inputs: dict[str, Any], unknown: frozenset[str] = frozenset()) -> Planned:
    entry = {
        "urn": urn_of(kind),
        "type": kind,
        "custom": True,
        "inputs": inputs,
        "provider": f"{PROVIDER}::id",
    }
    return Planned(urn_of(kind), kind, entry, unknown=unknown)


def added(each: Planned, found: str, **provider: Any) -> dict[str, Any]:
    """The outputs with which a resource is added."""
    inputs = {"__internal": {}, **provider}
    of_provider = {
        "urn": PROVIDER,
        "type": "pulumi:providers:gcp",
        "custom": True,
        "inputs": inputs,
        "id": "id",
    }
    exported = {"version": 3, "deployment": {"resources": [of_provider]}}
    resources = with_found(exported, {each.urn: each}, {each.urn: found})["deployment"]["resources"]
    outputs: dict[str, Any] = next(one["outputs"] for one in resources if one["urn"] == each.urn)
    return outputs


def test_what_google_names_has_its_name_and_the_version_of_the_plugins_schema() -> None:
    # Without these, the official plugin reads a listing in place of a budget, or crashes.
    outputs = added(planned(BUDGET, {"billingAccount": "A"}), "billingAccounts/A/budgets/b-1")
    assert outputs["name"] == "b-1"
    assert json.loads(outputs["__meta"]) == {"schema_version": "1"}
    name = "projects/acme/alertPolicies/7"
    assert added(planned(POLICY, {"project": "acme"}), name)["name"] == name


@pytest.mark.parametrize(
    ("provider", "labels"),
    [
        ({}, {"goog-pulumi-provisioned": "true"}),
        ({"addPulumiAttributionLabel": "false"}, {}),
        ({"addPulumiAttributionLabel": "false", "defaultLabels": '{"of": "all"}'}, {"of": "all"}),
    ],
)
def test_the_stack_answers_for_the_labels_of_the_plugin(
    provider: dict[str, Any], labels: dict[str, str]
) -> None:
    outputs = added(
        planned(PROJECT, {"projectId": "acme", "labels": {"a": "b"}}), "projects/acme", **provider
    )
    assert outputs["pulumiLabels"] == {"a": "b", **labels}


def test_a_secret_of_what_is_not_there_yet_is_not_known() -> None:
    urn, other = urn_of(POLICY), urn_of(PROJECT)
    goal = {
        "type": POLICY,
        "custom": True,
        "inputDiff": {"adds": {"content": SECRET, "own": SECRET, "plain": "text"}},
        "propertyDependencies": {"content": [other], "own": [], "plain": [other]},
    }
    plans = {urn: {"goal": goal, "steps": ["create"]}}
    [(_, each)] = _made(plans, {}, {})
    assert each.unknown == frozenset({"content"})
    assert each.inputs == {"own": SECRET, "plain": "text"}
    [(_, each)] = _made(plans, {}, {other: {}})
    assert each.unknown == frozenset()


@pytest.mark.parametrize("steps", [None, ["update"]])
def test_an_import_is_known_by_what_the_preview_shows(steps: list[str] | None) -> None:
    goal = {"type": BUDGET, "custom": True, "inputDiff": {"adds": {"force": True}}}
    new: dict[str, Any] = {"importID": "billingAccounts/A/budgets/b", "inputs": {"amount": 1}}
    shown = {"op": "import", "newState": new}
    plans = {urn_of(BUDGET): {"goal": goal, "steps": steps}}
    [(_, each)] = _made(plans, {urn_of(BUDGET): shown}, {})
    assert (each.op, each.existing, each.inputs) == ("import", "billingAccounts/A/budgets/b", {"amount": 1})
    # In the state already, it is what the plan says; a preview that hides a secret is not enough.
    assert [found.op for _, found in _made(plans, {urn_of(BUDGET): shown}, {urn_of(BUDGET): {}})] == (
        steps or []
    )
    new["inputs"] = {"url": "[secret]"}
    [(_, each)] = _made(plans, {urn_of(BUDGET): shown}, {})
    assert each.existing == ""


@pytest.mark.parametrize(
    ("kind", "inputs", "found"),
    [
        (
            "gcp:projects/service:Service",
            {"project": "acme", "service": "iam.googleapis.com"},
            "acme/iam.googleapis.com",
        ),
        (
            "gcp:projects/iAMMember:IAMMember",
            {
                "project": "acme",
                "role": "roles/viewer",
                "member": "user:a@example.com",
                "condition": {"title": "t", "expression": "e"},
            },
            "acme/roles/viewer/user:a@example.com/t//e",
        ),
        (
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            {"bucket": "b", "role": "r", "member": "m"},
            "b/b/r/m",
        ),
        ("gemini-landing-zone:index:ProjectExit", {"project": "acme"}, "projects/acme/exit"),
        ("gemini-landing-zone:index:TierCheck", {"project": "acme"}, "projects/acme/tier"),
        ("gcp:projects/service:Service", {"project": "acme"}, ""),
        (PROJECT, {"projectId": "acme"}, ""),
    ],
)
def test_ids_of_what_needs_no_look_up(kind: str, inputs: dict[str, Any], found: str) -> None:
    assert id_of(planned(kind, inputs)) == found
    assert id_of(planned(kind, inputs, frozenset({"project"}))) == ""
    assert is_in_state_alone(kind) == (kind == "gemini-landing-zone:index:ProjectExit")


def test_a_role_that_was_deleted_is_created_anew_and_nothing_depends_on_it_meanwhile() -> None:
    def entry(kind: str, name: str, dependencies: list[str], **outputs: Any) -> dict[str, Any]:
        urn = f"urn:pulumi:s::p::gcp:{kind}::{name}"
        by_property = {"role": [each for each in dependencies if "Role" in each]}
        return {
            "urn": urn,
            "type": f"gcp:{kind}",
            "custom": True,
            "outputs": outputs,
            "dependencies": dependencies,
            "propertyDependencies": by_property,
        }

    role = entry("projects/iAMCustomRole:IAMCustomRole", "guard", [], deleted=False)
    gone = entry("projects/iAMCustomRole:IAMCustomRole", "other", [], deleted=True)
    member = entry("projects/iAMMember:IAMMember", "guard", [role["urn"], gone["urn"]])
    # The one before a role that was replaced has its URN.
    before = entry("projects/iAMCustomRole:IAMCustomRole", "guard", [], deleted=True)
    exported = {"version": 3, "deployment": {"resources": [role, gone, member, {**before, "delete": True}]}}
    kept = without_deleted_roles(exported)["deployment"]["resources"]
    assert [each["urn"] for each in kept] == [role["urn"], member["urn"]]
    assert (kept[1]["dependencies"], kept[1]["propertyDependencies"]) == (
        [role["urn"]],
        {"role": [role["urn"]]},
    )

    # The engine leaves links to what it has deleted.
    broken = {**exported, "deployment": {"resources": [role, member]}}
    assert repaired(broken)["deployment"]["resources"] == kept
    assert repaired(exported) is exported
