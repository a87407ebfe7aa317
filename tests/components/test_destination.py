"""The line that says where an update goes, and the warnings where cloud, stack and state disagree."""

from pathlib import Path

import pytest

from components.destination import LOCAL_STATE, Destination, destination
from landing_zone.settings import EnvironmentSettings, load_file
from sandbox.cloud.endpoints import environment
from tests.workspace import Workspace

READY = {"port": 8440, "services": {}}
LOCAL = environment(READY)
STACK = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: PARENT
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-x, tier: paid, budget: {amount: 1, currency: USD}}
    open: {projectId: acme-open-x, tier: free}
"""


def settings(folder: Path, parent: str | None) -> EnvironmentSettings:
    text = (
        STACK.replace("PARENT", parent)
        if parent
        else STACK.replace("  gemini-landing-zone:parent: PARENT\n", "")
    )
    (folder / "Pulumi.x.yaml").write_text(text)
    return load_file("x", folder / "Pulumi.x.yaml")


@pytest.fixture
def local_state(tmp_path: Path) -> str:
    """A backend that the sandbox has made."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / LOCAL_STATE).touch()
    return f"file://{tmp_path}/state?metadata=skip"


def found(folder: Path, parent: str | None, variables: dict[str, str], **config: str) -> Destination:
    given = {"PULUMI_HOME": str(folder), **variables}
    return destination(settings(folder, parent), {f"gcp:{k}": v for k, v in config.items()}, given, folder)


def test_google_with_an_account_to_impersonate_and_a_backend_with_a_password(tmp_path: Path) -> None:
    backend = {"PULUMI_BACKEND_URL": "postgres://me:hunter2@db.example.com/pulumi"}
    goes = found(tmp_path, "folders/1", backend, impersonateServiceAccount="lz@acme.iam.gserviceaccount.com")
    assert goes.line() == (
        "this goes to Google Cloud, billing account 01A2B3-C4D5E6-F7A8B9, as lz@acme.iam.gserviceaccount.com; "
        "state in postgres://db.example.com/pulumi"
    )
    assert list(goes.warnings()) == []
    private = found(
        tmp_path, "folders/1", backend, cloudBillingCustomEndpoint="https://billing.p.example.com/v1/"
    )
    assert "Google Cloud by billing.p.example.com, " in private.line()
    assert list(private.warnings()) == []


def test_a_bucket_is_where_the_storage_clients_are_pointed(tmp_path: Path) -> None:
    bucket = {**LOCAL, "PULUMI_BACKEND_URL": "gs://acme-state"}
    assert not found(tmp_path, None, bucket).state_is_local
    local = {**bucket, "STORAGE_EMULATOR_HOST": "127.0.0.1:8454"}
    assert found(tmp_path, None, local).state_is_local
    assert list(found(tmp_path, None, local).warnings()) == []


def test_the_local_cloud(tmp_path: Path, local_state: str) -> None:
    goes = found(tmp_path, "folders/987654321098", {**LOCAL, "PULUMI_BACKEND_URL": local_state})
    assert goes.line() == (
        "this goes to the local cloud at http://127.0.0.1:8440, billing account 01A2B3-C4D5E6-F7A8B9; "
        f"state in file://{tmp_path}/state"
    )
    assert list(goes.warnings()) == []


@pytest.mark.parametrize(
    ("parent", "local", "state_is_local", "warning"),
    [
        (
            "folders/333",
            True,
            True,
            "this shell is for the local cloud, and the stack is not: folders/333 is at",
        ),
        ("folders/333", True, False, "this shell is for the local cloud, and the stack is not"),
        (None, True, False, "this shell is for the local cloud, and the state is not"),
        (
            "folders/987654321098",
            False,
            False,
            "the stack is for the local cloud, and this goes to Google itself",
        ),
        ("folders/333", False, True, "the state is the local cloud's, and this goes to Google itself"),
        # One's own stack on the local cloud, deliberately.
        (None, True, True, ""),
        ("organizations/123456789012", True, False, ""),
        ("folders/333", False, False, ""),
        (None, False, False, ""),
    ],
)
def test_what_disagrees_is_warned_of(
    tmp_path: Path, local_state: str, parent: str | None, local: bool, state_is_local: bool, warning: str
) -> None:
    state = local_state if state_is_local else "gs://acme-state"
    goes = found(tmp_path, parent, {**(LOCAL if local else {}), "PULUMI_BACKEND_URL": state})
    warnings = list(goes.warnings())
    assert len(warnings) == bool(warning)
    assert warning in "".join(warnings)


def test_half_a_shell_is_warned_of(tmp_path: Path, local_state: str) -> None:
    half = {name: value for name, value in LOCAL.items() if "BUDGETS" in name}
    goes = found(tmp_path, "folders/987654321098", {**half, "PULUMI_BACKEND_URL": local_state})
    [warning] = goes.warnings()
    assert "part of this goes to the local cloud (billingbudgets) and part to Google (apikeys, " in warning
    assert " and Google Cloud, " in goes.line()


def test_the_engine_shows_the_line_and_the_warning_before_anything_is_made(workspace: Workspace) -> None:
    workspace.write(STACK.replace("PARENT", "folders/987654321098"))
    line = (
        f"this goes to the local cloud at http://127.0.0.1:{workspace.cloud.ready['port']}, billing account"
    )
    shown = workspace.pulumi("preview", "--stack", "test").stdout
    assert line in shown
    assert "warning" not in shown
    workspace.write(STACK.replace("PARENT", "folders/333"))
    assert (
        "warning: this shell is for the local cloud" in workspace.pulumi("preview", "--stack", "test").stdout
    )
    workspace.environment |= dict.fromkeys((name for name in LOCAL if "ENDPOINT" in name), "")
    workspace.write(STACK.replace("PARENT", "folders/987654321098"))
    shown = workspace.pulumi("preview", "--stack", "test", check=False).stdout
    assert "this goes to Google Cloud, billing account" in shown
    assert "warning: the stack is for the local cloud, and this goes to Google itself" in shown
