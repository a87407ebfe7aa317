"""What `gemini-lz fleet export operator` writes: valid by the operator's schema, in order, without secrets."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from landing_zone.scaffolding.engines.fleet import PULUMI, Member, Source
from landing_zone.scaffolding.engines.names import DRIFT, resource_name
from landing_zone.scaffolding.engines.operator import Cluster, secret_keys, stack_resources
from sandbox.engine.build import pinned_version
from tests.scaffolding.commands import run
from tests.scaffolding.operator_schema import by_crd, written_here

SSH = "git@example.com:acme/gemini.git"
KEY = "gcpkms://projects/acme-seed/locations/eu/keyRings/pulumi/cryptoKeys/state"
MEMBERS = (
    Member("base"),
    Member("prod", ("base",), KEY),
    Member("EU_team.2", ("base", "prod"), "passphrase"),
)
CLUSTERS = [
    Cluster(Source(SSH, "main", ""), "gs://acme-state", False, "gemini"),
    Cluster(Source("https://example.com/acme/gemini", "main", "iac"), "s3://acme?region=eu", False, "gemini"),
    Cluster(Source(SSH, "main", ""), "azblob://acme", False, "gemini", private=False),
    Cluster(Source(SSH, "main", ""), "postgres://user:hunter2@db/state", True, "gemini"),
    Cluster(Source(SSH, "main", ""), "https://pulumi.example.com", False, "gemini", "acme"),
]
STACK = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:after: {after}
  gemini-landing-zone:projects:
    chat: {{projectId: {project}, tier: paid, budget: {{amount: 10, currency: USD}}}}
"""
EXPORT = ("fleet", "export", "operator", "--repository", SSH, "--backend", "gs://acme-state")


@pytest.fixture
def fleet(project: Path) -> Path:
    """Three stacks: base, and two after it."""
    for name, after in {"base": [], "team-a": ["base"], "team-b": ["base"]}.items():
        text = STACK.format(after=after, project=f"acme-{name}-chat")
        (project / "stacks" / f"Pulumi.{name}.yaml").write_text(text)
    return project


def resources(cluster: Cluster) -> list[dict[str, Any]]:
    return [each for member in MEMBERS for each in stack_resources(member, cluster)]


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda each: each.backend.partition(":")[0])
def test_the_resources_are_valid_and_name_secrets_alone(cluster: Cluster) -> None:
    found = resources(cluster)
    assert [error for each in found for error in written_here(each)] == []
    assert "hunter2" not in json.dumps(found)
    taken = {key for each in found for key in re.findall(r'"key": "(\w+)"', json.dumps(each))}
    assert taken == set(secret_keys(MEMBERS, cluster))


@pytest.mark.skipif(
    "OPERATOR_CRD" not in os.environ, reason="OPERATOR_CRD names no deploy/crds/pulumi.com_stacks.yaml"
)
@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda each: each.backend.partition(":")[0])
def test_the_resources_are_valid_by_the_operators_own_definition(cluster: Cluster) -> None:
    crd = yaml.load(Path(os.environ["OPERATOR_CRD"]).read_text(), yaml.CSafeLoader)
    for each in resources(cluster):
        assert by_crd(crd, {**each, "metadata": {}}) == []
    invented = {**resources(cluster)[0], "metadata": {}}
    invented["spec"]["prerequisite"] = []
    assert by_crd(crd, invented) != []


def test_a_stack_waits_for_those_before_it_and_drift_for_the_stack() -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in resources(CLUSTERS[0])}
    last = resource_name("EU_team.2")
    assert [*found] == ["base", "base-drift", "prod", "prod-drift", last, f"{last}-drift"]
    names = {name: [each["name"] for each in spec.get("prerequisites", ())] for name, spec in found.items()}
    assert names == {
        "base": [],
        "prod": ["base"],
        last: ["base", "prod"],
        **{f"{name}-drift": [name] for name in ("base", "prod", last)},
    }
    # Without a time, a stack before counts as done by what it was updated to for an earlier commit.
    assert {json.dumps(each["requirement"]) for each in found[last]["prerequisites"]} == {
        '{"succeededWithinDuration": "30m"}'
    }
    assert all(spec.get("preview", False) == name.endswith("-drift") for name, spec in found.items())
    assert found["base"]["envRefs"].keys() == {"PULUMI_CONFIG_PASSPHRASE"}
    assert "envRefs" not in found["prod"]
    assert found["prod"]["secretsProvider"] == KEY


@given(
    some.lists(
        some.from_regex(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}", fullmatch=True), unique=True, max_size=20
    )
)
def test_names_are_labels_of_42_characters_at_most_and_differ(stacks: list[str]) -> None:
    names = [each for stack in stacks for each in (resource_name(stack), f"{resource_name(stack)}{DRIFT}")]
    assert len({*names}) == len(names)
    for name in names:
        # Of a Service, too, which the operator names by it: RFC 1035.
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?", name)


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        ("prod", "prod"),
        ("a" * 36, "a" * 36),
        ("a" * 37, f"{'a' * 27}-21ec055b"),
        ("Prod", "prod-5f56359e"),
        ("prod.eu", "prod-eu-2740657d"),
        ("2026", "stack-2026-158a323a"),
        ("x-drift", "x-drift-403ecbfe"),
    ],
)
def test_names_stay_as_they_are(stack: str, name: str) -> None:
    assert resource_name(stack) == name


def test_engines_run_the_cli_that_is_pinned() -> None:
    assert pinned_version() == PULUMI


def test_a_second_export_changes_nothing_and_a_stack_that_left_is_named(fleet: Path) -> None:
    first = run(fleet, *EXPORT, "--all", "--out", "deploy")
    assert first.exit_code == 0, first.output
    assert "make the Secret gemini-lz in it, with PULUMI_CONFIG_PASSPHRASE, sshPrivateKey" in first.output
    written = {path.name: path.read_text() for path in (fleet / "deploy").iterdir()}
    listed = yaml.safe_load(written["kustomization.yaml"])["resources"]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(written)
    again = json.loads(run(fleet, *EXPORT, "--all", "--out", "deploy", "--json").output)
    assert {each["state"] for each in again["files"]} == {"unchanged"}
    (fleet / "stacks" / "Pulumi.team-b.yaml").unlink()
    left = run(fleet, *EXPORT, "--all", "--out", "deploy")
    assert left.exit_code == 1
    assert "-- stack-team-b.yaml" in left.output
    assert "kubectl delete --namespace gemini-lz stacks.pulumi.com team-b team-b-drift" in left.output
    assert run(fleet, *EXPORT, "--all", "--out", "deploy", "--force").exit_code == 0
    kept = yaml.safe_load((fleet / "deploy" / "kustomization.yaml").read_text())["resources"]
    assert kept == ["accounts.yaml", "stack-base.yaml", "stack-team-a.yaml"]


def test_without_a_folder_it_is_one_stream(fleet: Path) -> None:
    (fleet / ".git").mkdir()
    printed = run(fleet, *EXPORT, "base", "team-*").output
    found = [*yaml.safe_load_all(printed)]
    kinds = ["ServiceAccount", "ServiceAccount", "ClusterRoleBinding", *["Stack"] * 6]
    assert [each["kind"] for each in found] == kinds
    assert found == json.loads(run(fleet, *EXPORT, "base", "team-*", "--json").output)


def test_all_that_is_wrong_is_reported_at_once(fleet: Path) -> None:
    wrong = run(
        fleet, *EXPORT[:3], "--all", "--repository", "https://me:hunter2@example.com/x", "--backend", "file:///x",
        "--namespace", "A", "--preview-service-account", "me",
    )  # fmt: skip
    assert wrong.exit_code == 2
    assert re.findall(r"^--[\w-]+", wrong.stderr, flags=re.MULTILINE) == [
        "--repository",
        "--backend",
        "--namespace",
        "--preview-service-account",
    ]
    assert "hunter2" not in wrong.output
    path = fleet / "stacks" / "Pulumi.base.yaml"
    path.write_text(path.read_text().replace("after: []", "after: [team-a]"))
    circle = run(fleet, *EXPORT, "--all")
    assert circle.exit_code == 2
    assert "the stacks wait for each other: " in circle.stderr
    for name in ("team-a", "team-b"):
        (fleet / "stacks" / f"Pulumi.{name}.yaml").write_text("config: {gemini-landing-zone:project: {}}\n")
    broken = run(fleet, *EXPORT, "--all")
    assert all(f"Pulumi.{name}.yaml" in broken.stderr for name in ("team-a", "team-b"))
