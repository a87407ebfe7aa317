"""Fixes that the pack applies before resources are created, and exceptions and levels that prevent them."""

from typing import Any

from landing_zone.policies.every_policy import POLICIES
from tests.lifecycle.policies.judged import ACCOUNT, changed, judged, made, plain
from tests.workspace import Workspace

REMEDIATE = {
    "all": "disabled",
    "labels": {"enforcementLevel": "remediate", "defaults": {"owner": "nobody", "cost-centre": "cc-0"}},
    "deletion-policy": "remediate",
    "budget-notifies": "remediate",
}
STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-fixed
      tier: free
      deletionPolicy: DELETE
      labels: {owner: chat}
      keys: {notebook: {}}
"""
SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret in the state."""


def labels(workspace: Workspace, name: str) -> dict[str, str]:
    """What Google has, less the plugin's own."""
    project = workspace.cloud.call("GET", f"/cloudresourcemanager/v1/projects/{name}")
    found: dict[str, str] = project["labels"]
    return {label: value for label, value in found.items() if label != "goog-pulumi-provisioned"}


def test_only_violations_are_fixed(workspace: Workspace) -> None:
    plain(workspace, "fixable.py")
    # Secrets are judged and redacted.
    strict = judged(workspace, "preview", {"all": "disabled", "budget-notifies": "mandatory"})
    assert [violation.message.splitlines()[1] for violation in strict.violations] == [
        "budget [secret] notifies nobody"
    ]

    foreseen = judged(workspace, "preview", REMEDIATE)
    assert (foreseen.code, foreseen.violations) == (0, []), foreseen.printed
    done = judged(workspace, "up", REMEDIATE)
    assert (done.code, done.violations) == (0, []), done.printed
    assert done.remediated == {
        ("labels", "Project chat"),
        ("labels", "Project hidden"),
        ("labels", "Project later"),
        ("labels", "Project of-provider"),
        ("deletion-policy", "Project chat"),
        ("deletion-policy", "Project of-provider"),
        ("budget-notifies", "Budget silent"),
    }
    # Values that a preview does not know are not fixed.
    assert done.remediated - foreseen.remediated == {("labels", "Project later")}

    number = workspace.cloud.call("GET", "/cloudresourcemanager/v1/projects/acme-fixed-first")[
        "projectNumber"
    ]
    added = {"owner": "nobody", "cost-centre": "cc-0"}
    assert labels(workspace, "acme-fixed-chat") == {
        "owner": "chat",
        "cost-centre": "cc-0",
        "codename": "hush-one",
        "beside": number,
    }
    assert labels(workspace, "acme-fixed-hidden") == {"codename": "hush-two", **added}
    assert labels(workspace, "acme-fixed-later") == {"beside": number, **added}
    assert labels(workspace, "acme-fixed-of-provider") == {"owner": "theirs", "cost-centre": "cc-0"}
    [budget] = workspace.cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")["budgets"]
    assert "disableDefaultIamRecipients" not in budget.get("notificationsRule", {})
    assert budget["displayName"] == "hush-three"

    # The state has the fixed inputs, and no secret in plain text.
    inputs = made(workspace)
    assert {inputs[f"Project {name}"]["deletionPolicy"] for name in ("chat", "of-provider")} == {"PREVENT"}
    assert inputs["Project of-provider"]["labels"] == {"cost-centre": "cc-0"}
    assert SECRET in inputs["Project chat"]["labels"]["codename"]
    assert inputs["Project chat"]["labels"]["cost-centre"] == "cc-0"
    assert SECRET in inputs["Project hidden"]["labels"]
    assert SECRET in inputs["Budget silent"]["displayName"]
    assert "hush-" not in f"{inputs}{strict}{foreseen}{done}"

    again = judged(workspace, "up", REMEDIATE, "--expect-no-changes")
    assert (again.code, again.violations, again.remediated) == (0, [], done.remediated), again.printed


def test_a_stack_file_is_fixed_at_its_resources(workspace: Workspace) -> None:
    """A fixable violation does not stop the stack at its settings; any other does."""
    workspace.write(STACK_FILE)
    stopped = judged(workspace, "up", {**REMEDIATE, "labels": "remediate"})
    assert stopped.code
    assert stopped.pairs == {("labels", "Stack gemini-landing-zone-test")}
    assert (changed(workspace), made(workspace)) == ([], {})

    done = judged(workspace, "up", REMEDIATE)
    assert (done.code, done.violations) == (0, []), done.printed
    assert done.remediated == {("labels", "Project chat"), ("deletion-policy", "Project chat")}
    found = labels(workspace, "acme-fixed")
    assert found.pop("gemini-lz-stack").startswith("test-")
    assert found == {"owner": "chat", "cost-centre": "cc-0"}
    assert made(workspace)["Project chat"]["deletionPolicy"] == "PREVENT"
    assert judged(workspace, "up", REMEDIATE, "--expect-no-changes").code == 0


# What is left alone.


def excepted(resource: str, expires: str = "2099-12-31") -> dict[str, Any]:
    """A policy with an exception."""
    exception = {
        "resource": resource,
        "owner": "chat-team@example.com",
        "reason": "Until its server calls it.",
        "expires": expires,
    }
    return {"exceptions": [exception]}


OPEN = """\
import pulumi
import pulumi_gcp as gcp

chat = gcp.organizations.Project(
    "chat",
    project_id="acme-excepted",
    name="acme-excepted",
    folder_id="987654321098",
    deletion_policy="DELETE",
)
api = gcp.projects.Service("keys", project=chat.project_id, service="apikeys.googleapis.com")
gcp.projects.ApiKey(
    "website",
    project=chat.project_id,
    name="website",
    display_name="Website",
    opts=pulumi.ResourceOptions(depends_on=[api]),
)
"""
KEY = "projects/acme-excepted/locations/global/keys/website"
EXCEPTIONS = {
    "key-restricted": excepted("acme-excepted/website"),
    "key-clients": excepted(KEY),
    "protected": "disabled",
    "labels": excepted("projects/acme-excepted"),
    "deletion-policy": {"enforcementLevel": "remediate", **excepted("acme-excepted")},
}


def test_exceptions_and_levels(workspace: Workspace) -> None:
    plain(workspace, OPEN)
    done = judged(workspace, "up", EXCEPTIONS)
    assert (done.code, done.violations, done.remediated) == (0, [], set()), done.printed
    assert done.policies == {policy.id for policy in POLICIES} - {"protected"}
    for policy, resource in (
        ("key-restricted", "acme-excepted/website"),
        ("deletion-policy", "acme-excepted"),
    ):
        line = f"policy exception in force until 2099-12-31: {resource} from {policy}"
        assert f"{line} (chat-team@example.com: Until its server calls it.)" in done.printed
    assert made(workspace)["Project chat"]["deletionPolicy"] == "DELETE"

    # One that has run out covers nothing, and has to go.
    late = judged(workspace, "preview", {**EXCEPTIONS, "key-clients": excepted(KEY, "2026-01-31")})
    assert late.code
    assert late.pairs == {
        ("key-clients", "ApiKey website"),
        ("key-clients", "Stack somebody-elses-test"),
    }
    assert f"{KEY} from key-clients" not in late.printed
    said = "that expired on 2026-01-31 (chat-team@example.com: Until its server calls it.)"
    assert [said in violation.message for violation in late.violations] == [False, True]

    # With nothing said, every policy is mandatory.
    strict = judged(workspace, "preview", {})
    assert strict.code
    assert {violation.level for violation in strict.violations} == {"mandatory"}
    assert {policy for policy, _ in strict.pairs} == EXCEPTIONS.keys()
    assert strict.policies == {policy.id for policy in POLICIES}


def test_an_exception_is_by_googles_name_and_by_none_that_the_author_chooses(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    level = {"enforcementLevel": "mandatory"}
    configuration = {
        "all": "disabled",
        "deletion-policy": level | excepted("acme-fixed"),
        "labels": level | excepted("acme-fixed"),
        "key-clients": level | excepted("acme-fixed/notebook"),
    }
    by_path = {
        **configuration,
        "deletion-policy": level | excepted("projects.chat"),
        "key-clients": level | excepted("chat/notebook"),
    }
    stopped = judged(workspace, "preview", by_path)
    assert {policy for policy, _ in stopped.pairs} == {"deletion-policy", "key-clients"}
    assert (
        "policy exception unmatched until 2099-12-31: projects.chat from deletion-policy" in stopped.printed
    )

    done = judged(workspace, "up", configuration)
    assert (done.code, done.violations) == (0, []), done.printed
    assert "ApiKey chat--notebook" in made(workspace)
