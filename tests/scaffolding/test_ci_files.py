"""What `gemini-lz ci` writes: valid by the schemas, actions pinned, and jobs with no more rights than they need."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from landing_zone.scaffolding.ci_files import Host, Identity, ci_files
from sandbox.layout import ROOT
from tests.scaffolding.commands import run

ACTIONS: dict[str, tuple[set[str], set[str]]] = {
    "actions/checkout": (set(), {"fetch-depth", "persist-credentials"}),
    "actions/setup-python": (set(), {"python-version", "cache", "cache-dependency-path"}),
    "github/codeql-action/upload-sarif": (set(), {"sarif_file", "checkout_path"}),
    "google-github-actions/auth": (set(), {"workload_identity_provider", "service_account"}),
}
"""Action -> the inputs that it needs, and others that it has, as read in its action.yml on 2026-11-27."""
GIVEN = Identity(
    "projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github",
    "up@acme-gemini-seed.iam.gserviceaccount.com",
    "look@acme-gemini-seed.iam.gserviceaccount.com",
)


OWN = "github.event.pull_request.head.repo.full_name == github.repository"


class _Loader(yaml.SafeLoader):
    """YAML as CI reads it: `on` is a word, and GitLab's `!reference` a list."""


def _list(loader: Any, node: Any) -> Any:
    return loader.construct_sequence(node)


_Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:bool" or first not in "oOnNyY"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("!reference", _list)


def read(text: str) -> dict[str, Any]:
    """A CI file."""
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 a safe loader
    return found


def workflows(*stacks: str, identity: Identity = GIVEN) -> dict[str, dict[str, Any]]:
    """GitHub's files."""
    return {str(path): read(text) for path, text in ci_files("github", stacks, identity).items()}


def steps(files_: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for workflow in files_.values():
        for job in workflow["jobs"].values():
            yield from job["steps"]


@pytest.mark.parametrize(("host", "schema"), [("github", "github-workflows"), ("gitlab", "gitlab-ci")])
@pytest.mark.parametrize("stacks", [("prod",), ("dev", "prod"), ("on", "1e5", "EU_1.prod")])
@pytest.mark.parametrize("identity", [GIVEN, Identity()])
def test_the_files_are_valid(host: Host, schema: str, stacks: tuple[str, ...], identity: Identity) -> None:
    vendored = files("check_jsonschema").joinpath("builtin_schemas", "vendor", f"{schema}.json")
    validator = jsonschema.Draft7Validator(json.loads(vendored.read_text()))
    for text in ci_files(host, stacks, identity).values():
        assert [error.message for error in validator.iter_errors(read(text))] == []
        assert not re.search("@[A-Z_]+@", text)


def test_actions_are_pinned_by_commit_and_get_inputs_that_they_have() -> None:
    texts = ci_files("github", ["dev", "prod"], GIVEN).values()
    used = set()
    for step in steps(workflows("dev", "prod")):
        if action := step.get("uses", "").partition("@")[0]:
            needed, others = ACTIONS[action]
            inputs = set(step.get("with", {}))
            assert needed <= inputs <= needed | others, action
            used.add(action)
    assert used == ACTIONS.keys()
    pins = [line for text in texts for line in text.splitlines() if "uses:" in line]
    assert [line for line in pins if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    versions = {line.partition("uses: ")[2] for line in pins}
    assert len(versions) == len({each.partition("@")[0] for each in versions})


def test_jobs_have_the_rights_they_need_and_no_code_of_a_fork_gets_any() -> None:
    found = workflows("dev", "prod")
    rights = {
        (name, job): content["permissions"]
        for name, workflow in found.items()
        for job, content in workflow["jobs"].items()
    }
    reads = {"contents": "read"}
    assert rights == {
        ("gemini-lz-check.yml", "check"): {**reads, "pull-requests": "write", "security-events": "write"},
        ("gemini-lz-check.yml", "preview"): {**reads, "id-token": "write"},
        ("gemini-lz-drift.yml", "drift"): {**reads, "id-token": "write", "issues": "write"},
        ("gemini-lz-up.yml", "up"): {**reads, "id-token": "write"},
    }
    assert all(workflow["permissions"] == {} for workflow in found.values())
    assert [workflow["on"] for workflow in found.values()] == [
        "pull_request",
        {"schedule": [{"cron": "23 3 * * *"}], "workflow_dispatch": None},
        {"push": {"branches": ["main"]}, "workflow_dispatch": None},
    ]
    check = found["gemini-lz-check.yml"]["jobs"]
    own = f"{OWN} && github.actor != 'dependabot[bot]'"
    assert check["preview"]["if"] == own
    assert check["check"]["env"]["OWN"] == f"${{{{ {own} }}}}"
    for job in check.values():
        # From here on, all code is that of the branch which the change is for.
        first, second, *_ = (step for step in job["steps"] if step.get("name") or "checkout" in step["uses"])
        assert first["with"]["persist-credentials"] is False
        assert second["run"].splitlines()[-1] == "git checkout --detach 'HEAD^1'"
    for step in steps(found):
        # What the author of a change writes, such as a branch's name, is never part of a script.
        assert "${{" not in step.get("run", "")
    up = found["gemini-lz-up.yml"]["jobs"]["up"]
    assert up["environment"] == "${{ matrix.stack }}"
    assert up["concurrency"] == {"group": "gemini-lz-${{ matrix.stack }}", "cancel-in-progress": False}
    assert up["strategy"] == {"max-parallel": 1, "matrix": {"stack": ["dev", "prod"]}}
    logins = {
        (name, step["with"]["service_account"])
        for name, workflow in found.items()
        for step in steps({name: workflow})
        if "google-github-actions/auth" in step.get("uses", "")
    }
    assert logins == {
        ("gemini-lz-check.yml", GIVEN.preview_account),
        ("gemini-lz-drift.yml", GIVEN.preview_account),
        ("gemini-lz-up.yml", GIVEN.account),
    }


def test_gitlab_updates_stacks_one_after_the_other_and_a_person_starts_all_but_the_first() -> None:
    [text] = ci_files("gitlab", ["dev", "on"], GIVEN).values()
    found = read(text)
    first, second = found["up:dev"], found["up:on"]
    assert (first["resource_group"], second["resource_group"]) == ("gemini-lz-dev", "gemini-lz-on")
    assert (first.get("needs"), second["needs"]) == (None, ["up:dev"])
    assert [rule.get("when") for rule in first["rules"]] == ["never", None]
    assert [rule.get("when") for rule in second["rules"]] == ["never", "manual"]
    assert second["variables"]["STACK"] == second["environment"] == "on"
    accounts = {name: found[name]["variables"]["SERVICE_ACCOUNT"] for name in ("preview", ".up", "drift")}
    assert accounts == {
        "preview": GIVEN.preview_account,
        ".up": GIVEN.account,
        "drift": GIVEN.preview_account,
    }
    for job in ("preview", "comment"):
        [own] = found[job]["rules"]
        assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in own["if"]
    assert first["rules"][1]["if"].endswith('&& $CI_COMMIT_REF_PROTECTED == "true"')
    assert re.fullmatch(r"python:3\.12-\w+@sha256:[0-9a-f]{64}", found["default"]["image"])
    # The token comments from a job that checks nothing out, and is in the scope of no other.
    assert [name for name, job in found.items() if "GEMINI_LZ_COMMENT_TOKEN" in str(job)] == ["comment"]
    assert found["comment"]["variables"] == {"GIT_STRATEGY": "none"}
    assert found["comment"]["environment"]["name"] == "gemini-lz/comment"
    for job in ("check", "preview"):
        assert found[job]["before_script"][:2] == [[".change", "script"], [".setup", "script"]]


def test_the_page_shows_what_is_printed(project: Path) -> None:
    for stack in ("dev", "prod"):
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    [shown] = re.findall(
        r"```console\n\$ gemini-lz (.*)\n((?:.*\n)*?)```", (ROOT / "docs" / "ci.md").read_text()
    )
    assert run(project, *shown[0].split()).stdout == shown[1]


@pytest.mark.parametrize(
    ("host", "place"), [("github", ".github/workflows/gemini-lz-up.yml"), ("gitlab", ".gitlab-ci.yml")]
)
def test_a_file_that_is_there_is_compared_and_left(project: Path, host: str, place: str) -> None:
    for stack in ("prod", "dev", "sandbox"):
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    below = project / "docs"
    below.mkdir()
    several = run(below, "ci", host)
    assert (several.exit_code, several.stdout) == (2, "")
    # The strictest environment comes last; the local cloud's stack is not CI's.
    assert "has several stacks" in several.stderr
    assert several.stderr.endswith("in order: --stack dev --stack prod\n")
    (project / "stacks" / "Pulumi.dev.yaml").unlink()
    first = run(below, "ci", host)
    assert first.exit_code == 0
    assert "set the" in first.stdout
    assert "GEMINI_LZ_PREVIEW_SERVICE_ACCOUNT" in first.stdout
    with (project / "Pulumi.yaml").open("a") as settings:
        settings.write("backend: {url: gs://acme-gemini-state}\n")
    assert "PULUMI_BACKEND_URL" in first.stdout
    assert "PULUMI_BACKEND_URL" not in run(project, "ci", host).stdout
    path = project / place
    written = path.read_text()
    assert "[prod]" in written
    again = json.loads(run(project, "ci", host, "--json").stdout)
    assert again["written"] is True
    assert {each["state"] for each in again["files"]} == {"unchanged"}

    path.write_text(written.replace("docs/ci.md", "my own notes"))
    differs = run(project, "ci", host)
    assert differs.exit_code == 1
    assert "-# Written by `gemini-lz ci" in differs.stdout
    assert "my own notes" in path.read_text()
    assert run(project, "ci", host, "--force").exit_code == 0
    assert path.read_text() == written

    wrong = run(
        project, "ci", host, "--workload-identity-provider", "github", "--runner-service-account", "me"
    )
    assert wrong.exit_code == 2
    assert "'github' is not a Workload Identity provider" in wrong.stderr
    assert "'me' is not a service account" in wrong.stderr
    assert "did you mean 'prod'?" in run(project, "ci", host, "--stack", "prdo").stderr
    for name in Identity().variables:
        assert name in run(project, "ci", host, "--help").stdout
