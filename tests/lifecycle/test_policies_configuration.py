"""How the pack is set: what the engine is given, what an environment's file of the pack says, and mistakes in both."""

from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.policies.judged import arguments, changed, judged, made, pack_with, plain
from tests.workspace import Workspace

PROGRAM = """\
import pulumi_gcp as gcp

gcp.organizations.Project(
    "chat", project_id="acme-configured", name="acme-configured", folder_id="987654321098"
)
"""
MISTAKES: list[tuple[dict[str, Any], str]] = [
    (
        {"labels": {"requird": ["owner"]}},
        "labels.requird\n    unknown key 'requird'\n    did you mean 'required'?",
    ),
    ({"lables": "advisory"}, "lables\n    there is no such policy\n    did you mean 'labels'?"),
    ({"labels": {"required": "owner"}}, "labels: required: Invalid type. Expected: array, given: string"),
    (
        {"budget-below-maximum": {"maximum": -1}},
        "budget-below-maximum.maximum\n    the amount is -1",
    ),
    ({"budget-below-maximum": {"maximum": "1,200"}}, "write a number without currency sign or commas"),
    ({"exposure-within-allowance": {"lag": "24"}}, "exposure-within-allowance: lag: Does not match pattern"),
    ({"labels": {"exceptions": [{"resource": "a"}]}}, "labels: exceptions.0: expires is required"),
    ({"labels": "advsory"}, '"advsory" is not a valid enforcement level'),
    ({"all": {"enforcementLevel": "advisory", "maximum": 1}}, "all.maximum\n    unknown key 'maximum'"),
]


def test_a_mistake_is_reported_before_anything_is_made(workspace: Workspace) -> None:
    plain(workspace, PROGRAM)
    for configuration, said in MISTAKES:
        run = workspace.pulumi(
            "up", "--yes", "--skip-preview", *arguments(workspace, configuration), check=False
        )
        assert run.returncode, configuration
        assert said in run.stdout + run.stderr
    assert (changed(workspace), made(workspace)) == ([], {})


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack, with levels of its own for the environment."""
    labels = {"enforcementLevel": "advisory", "required": ["owner", "team"]}
    return pack_with(tmp_path / "pack", {"all": "disabled", "labels": labels})


def test_an_environment_s_file_stands_beneath_what_the_engine_is_given(
    workspace: Workspace, pack: Path
) -> None:
    plain(workspace, PROGRAM)
    own = judged(workspace, "preview", {}, pack=pack)
    assert (own.code, own.pairs, own.policies) == (0, {("labels", "Project chat")}, {"labels"}), own.printed
    assert [violation.level for violation in own.violations] == ["advisory"]
    assert "has no label owner and no label team" in own.violations[0].message

    given = judged(workspace, "preview", {"labels": "mandatory", "protected": "advisory"}, pack=pack)
    assert given.code
    assert [(violation.policy, violation.level) for violation in given.violations] == [
        ("labels", "mandatory"),
        ("protected", "advisory"),
    ]
    assert "has no label owner and no label team" in given.violations[0].message

    (pack / "config" / "own.json").write_text('{"lables": "advisory"}')
    wrong = judged(workspace, "up", {}, pack=pack)
    assert wrong.code
    assert "there is no such policy\n    did you mean 'labels'?" in wrong.printed
    assert (changed(workspace), made(workspace)) == ([], {})
