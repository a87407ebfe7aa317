"""What `gemini-lz fleet export deployments` writes, run with the real pulumi_pulumiservice under Pulumi's mocks."""

import asyncio
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config

from sandbox.layout import ROOT
from sandbox.supply_chain import pins
from tests.scaffolding.commands import run
from tests.scaffolding.test_engines_operator import STACK

PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/pulumi/providers/cloud"
RUNNER = "up@acme-gemini-seed.iam.gserviceaccount.com"
EXPORT = (
    *("fleet", "export", "deployments", "--all", "--repository", "acme/gemini", "--organization", "acme"),
    *("--workload-identity-provider", PROVIDER, "--runner-service-account", RUNNER, "--out", "deploy"),
)
STACKS = {"base": [], "team.a": ["base"], "team-b": ["base", "team.a"]}


class Cloud(pulumi.runtime.Mocks):
    """Makes everything, and keeps what was asked for."""

    def __init__(self) -> None:
        self.made: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.made.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program asked for {args.token}")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Name → inputs of the resources of a type."""
        found = [each for each in self.made if each.typ == f"pulumiservice:index:{kind}"]
        return {
            each.name: {key: rpc.unwrap_rpc_secret(value) for key, value in each.inputs.items()}
            for each in found
        }

    @property
    def secrets(self) -> set[tuple[str, str]]:
        """Resource and input of each secret."""
        return {
            (each.name, key)
            for each in self.made
            for key, value in each.inputs.items()
            if rpc.is_rpc_secret(value)
        }


@pytest.fixture
def fleet(project: Path) -> Path:
    """Three stacks in order, one of them by a passphrase."""
    for name, after in STACKS.items():
        text = STACK.format(after=after, project=f"acme-{name.replace('.', '-')}-chat")
        own = "secretsprovider: passphrase\n" if name == "base" else ""
        (project / "stacks" / f"Pulumi.{name}.yaml").write_text(own + text)
    return project


def made_by(folder: Path) -> Cloud:
    """Run the program in the folder to its end."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    cloud = Cloud()
    mocks.set_mocks(cloud, project="gemini-landing-zone-deployments", stack="all", preview=False)
    key = "gemini-landing-zone-deployments:passphrase"
    set_all_config({key: "hunter2"}, [key])
    pulumi.runtime.test(lambda: runpy.run_path(str(folder / "__main__.py")))()
    return cloud


def test_each_stack_has_settings_drift_and_its_order(fleet: Path) -> None:
    assert run(fleet, *EXPORT, "--update-cron", "0 6 * * 1").exit_code == 0
    cloud = made_by(fleet / "deploy")
    settings = cloud.of("DeploymentSettings")
    assert {name: each["vcs"]["deployCommits"] for name, each in settings.items()} == {
        "base": True,
        "team.a": False,
        "team-b": False,
    }
    base = settings["base"]
    assert (base["organization"], base["project"], base["stack"]) == ("acme", "gemini-landing-zone", "base")
    assert base["sourceContext"] == {"git": {"branch": "refs/heads/main", "repoDir": "."}}
    assert base["vcs"]["repository"] == "acme/gemini"
    operation = base["operationContext"]
    assert operation["oidc"] == {
        "gcp": {
            "projectId": "123456789012",
            "workloadPoolId": "pulumi",
            "providerId": "cloud",
            "serviceAccount": RUNNER,
        }
    }
    assert operation["preRunCommands"][-1] == ".venv/bin/gemini-lz validate base"
    assert operation["options"]["skipInstallDependencies"] is True
    drift = cloud.of("DriftSchedule")
    assert {(each["stack"], each["scheduleCron"], each["autoRemediate"]) for each in drift.values()} == {
        (stack, "23 3 * * *", False) for stack in STACKS
    }
    updates = cloud.of("DeploymentSchedule").values()
    assert [(each["stack"], each["scheduleCron"], each["pulumiOperation"]) for each in updates] == [
        ("base", "0 6 * * 1", "update")
    ]
    hooks = cloud.of("Webhook").values()
    assert {(each["stackName"], each["payloadUrl"]) for each in hooks} == {
        ("base", "gemini-landing-zone/team.a"),
        ("base", "gemini-landing-zone/team-b"),
        ("team.a", "gemini-landing-zone/team-b"),
    }
    assert {(each["format"], *each["filters"]) for each in hooks} == {
        ("pulumi_deployments", "update_succeeded")
    }


def test_a_passphrase_comes_from_the_configuration_as_a_secret(fleet: Path) -> None:
    assert run(fleet, *EXPORT).exit_code == 0
    cloud = made_by(fleet / "deploy")
    variables = {
        name: each["operationContext"]["environmentVariables"]
        for name, each in cloud.of("DeploymentSettings").items()
    }
    assert variables["base"].pop("PULUMI_CONFIG_PASSPHRASE") == "hunter2"
    assert cloud.secrets == {("base", "operationContext")}
    plain = {"PULUMI_PARALLEL": "512", "PULUMI_CONTINUE_ON_ERROR": "true"}
    assert variables == dict.fromkeys(STACKS, plain)
    assert cloud.of("DeploymentSchedule") == {}
    assert all("hunter2" not in path.read_text() for path in (fleet / "deploy").iterdir())


def test_a_second_export_changes_nothing_and_a_stack_that_left_is_named(fleet: Path) -> None:
    assert run(fleet, *EXPORT).exit_code == 0
    again = json.loads(run(fleet, *EXPORT, "--json").output)
    assert {each["state"] for each in again["files"]} == {"unchanged"}
    (fleet / "stacks" / "Pulumi.team-b.yaml").unlink()
    left = run(fleet, *EXPORT, "--force")
    assert left.exit_code == 0
    assert re.search(
        r"^team-b: not exported any more: the next pulumi up in deploy takes", left.output, re.MULTILINE
    )
    assert [*json.loads((fleet / "deploy" / "fleet.json").read_text())["stacks"]] == ["base", "team.a"]


def test_all_that_is_missing_is_reported_at_once(fleet: Path) -> None:
    missing = run(fleet, *EXPORT[:4])
    assert missing.exit_code == 2
    assert re.findall(r"^--[\w-]+", missing.stderr, flags=re.MULTILINE) == [
        "--repository",
        "--organization",
        "--workload-identity-provider",
        "--runner-service-account",
    ]


def test_the_program_asks_for_the_version_that_it_is_tested_with(fleet: Path) -> None:
    assert run(fleet, *EXPORT).exit_code == 0
    asked = (fleet / "deploy" / "requirements.txt").read_text().splitlines()
    tested = {each.name: each.version for each in pins.read(ROOT, "requirements-dev.txt").pins}
    assert f"pulumi-pulumiservice=={tested['pulumi-pulumiservice']}" in asked
