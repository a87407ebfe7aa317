"""The table of permissions is enough for a stack with everything, and has nothing that is not needed."""

import os
from collections.abc import Iterator

import pytest

from landing_zone.google.permissions import PERMISSIONS, Permission, Place, Use
from landing_zone.preflight.check import preflight
from tests.forked import gemini_lz
from tests.preflight import everything
from tests.preflight.subjects import subject_on
from tests.workspace import STACK, Workspace, redact, sampled

AFTER_THE_END = {"iam.roles.undelete"}
"""A stack that is made again within a week of its end takes its roles back."""
KEPT = {"essentialcontacts.contacts.delete", "resourcemanager.hierarchyNodes.deleteTagBinding"}
"""What an adopted project that leaves by ABANDON, as this stack's does, keeps; UNLINK takes it away."""
OF_THE_STACK = [each for each in PERMISSIONS if each.use is not Use.DRIFT]
"""`gemini-lz drift` does without its own, and says so."""


def run(workspace: Workspace, *arguments: str) -> tuple[int, str]:
    """Run a command as the runner."""
    environment = {
        **os.environ,
        **workspace.environment,
        "GOOGLE_OAUTH_ACCESS_TOKEN": everything.RUNNER,
    }
    done = gemini_lz(*arguments, folder=workspace.layout.program, environment=environment)
    return done.returncode, redact(done.stdout + done.stderr)


def lifecycle(workspace: Workspace, *options: str) -> Iterator[tuple[int, str]]:
    """Make everything, change everything, repair what somebody else has changed, and delete everything."""
    yield run(workspace, "up", STACK, "--yes", *options)
    text = workspace.stack_file.read_text()
    for old, new in everything.CHANGES:
        assert old in text
        text = text.replace(old, new)
    workspace.stack_file.write_text(text)
    everything.change_by_hand(workspace.cloud)
    yield run(workspace, "refresh", STACK, "--yes")
    yield run(workspace, "up", STACK, "--yes", *options)
    yield run(workspace, "destroy", STACK, "--yes")


def named(permission: Permission) -> str:
    """Place and name."""
    return f"{permission.place.name}-{permission.name}"


def test_exactly_the_table_is_enough_and_every_permission_of_it_is_needed(workspace: Workspace) -> None:
    tag = everything.prepare(workspace)
    code, printed = run(workspace, "preflight", STACK)
    assert (code, "0 errors" in printed) == (0, True), printed
    for code, printed in lifecycle(workspace):
        assert code == 0, printed
    found = workspace.cloud.call("GET", "/_local/permissions")["permissions"]
    numbers = {
        str(project["projectNumber"]): project["projectId"]
        for project in workspace.cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    }
    needed = set()
    for each in found:
        if each["member"] != everything.MEMBER:
            # The guard runs each minute, by rights of its own.
            assert each["member"].startswith("serviceAccount:gemini-guard-")
            continue
        kind, name, *_ = each["resource"].split("/")
        needed.add((each["permission"], f"{kind}/{numbers.get(name, name)}"))
    unneeded = [
        named(permission)
        for permission in OF_THE_STACK
        if permission.name not in AFTER_THE_END
        and not (permission.place is Place.ADOPTED and permission.name in KEPT)
        # In the projects that the stack creates, the organization's and the folder's count.
        and not any(
            (permission.name, resource) in needed
            or (resource.startswith(("organizations/", "folders/")) and permission.name in dict(needed))
            for resource in everything.resources_of(permission.place, tag)
        )
    ]
    assert unneeded == []


def test_each_permission_that_is_taken_away_is_found(workspace: Workspace) -> None:
    tag = everything.prepare(workspace)
    for permission in sampled(OF_THE_STACK, 8):
        everything.grant_all(workspace.cloud, tag, [(permission.place, permission.name)])
        report = preflight(subject_on(workspace.cloud, workspace.stack_file, everything.RUNNER))
        about = [each for each in report.findings if permission.name in each.text]
        assert about, named(permission)
        assert all(each.command for each in about)


OF_AN_UPDATE = [
    permission
    for permission in OF_THE_STACK
    if permission.use is not Use.PREFLIGHT and permission.name not in AFTER_THE_END
]


@pytest.mark.parametrize("permission", sampled(OF_AN_UPDATE, 1), ids=named)
def test_what_is_taken_away_is_what_then_fails(workspace: Workspace, permission: Permission) -> None:
    tag = everything.prepare(workspace)
    everything.grant_all(workspace.cloud, tag, [(permission.place, permission.name)])
    ended = next((printed for code, printed in lifecycle(workspace, "--no-preflight") if code), "")
    assert "lacks a role" in ended or permission.name in ended
