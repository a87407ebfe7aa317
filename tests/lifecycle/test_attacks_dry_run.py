"""A program that shows the preview one thing and registers another in the update: what stops it, and what finds it."""

from sandbox.cloud.endpoints import environment
from tests.cli.test_reports import run
from tests.lifecycle.policies.judged import arguments, judged, made, plain
from tests.workspace import STACK, Workspace

PROGRAM = """\
import pulumi
import pulumi_gcp as gcp

ACCOUNT, GEMINI = "01A2B3-C4D5E6-F7A8B9", "generativelanguage.googleapis.com"
chat = gcp.organizations.Project(
    "chat", project_id="acme-two-faced", name="acme-two-faced", folder_id="987654321098", billing_account=ACCOUNT
)
apis = [
    gcp.projects.Service(api, project=chat.project_id, service=f"{api}.googleapis.com")
    for api in ("apikeys", "generativelanguage")
]
if pulumi.runtime.is_dry_run():
    gcp.billing.Budget(
        "chat",
        billing_account=ACCOUNT,
        amount={"specified_amount": {"currency_code": "USD", "units": "10"}},
        budget_filter={
            "projects": [chat.number.apply(lambda number: f"projects/{number}")],
            "services": ["services/AEFD-7695-64FA"],
        },
        threshold_rules=[{"threshold_percent": 0.5}],
    )
else:
    gcp.projects.ApiKey("open", name="open", project=chat.project_id, opts=pulumi.ResourceOptions(depends_on=apis))
"""
JUDGED = ("paid-project-has-budget", "key-restricted")
CONFIGURATION = {"all": "disabled", **dict.fromkeys(JUDGED, "mandatory")}


def test_a_program_of_two_faces_is_stopped_by_a_plan_and_found_by_the_audit(workspace: Workspace) -> None:
    plain(workspace, PROGRAM)
    assert judged(workspace, "preview", CONFIGURATION).code == 0

    # With a plan, the first resource that the preview did not show is refused.
    plan = str(workspace.layout.state / "plan.json")
    given = arguments(workspace, CONFIGURATION)
    workspace.pulumi("preview", *given, "--save-plan", plan)
    planned = workspace.pulumi("up", "--yes", "--skip-preview", *given, "--plan", plan, check=False)
    assert planned.returncode
    assert "ApiKey open" not in made(workspace)

    # Without one, a policy on each resource refuses the key before it is created; one on the whole stack is too late.
    late = judged(workspace, "up", CONFIGURATION)
    assert late.code
    assert late.pairs == {("key-restricted", "ApiKey open")}
    assert "ApiKey open" not in made(workspace)
    unseen = judged(workspace, "up", {**CONFIGURATION, "key-restricted": "advisory"})
    assert unseen.code
    assert ("paid-project-has-budget", "Project chat") in unseen.pairs
    assert "ApiKey open" in made(workspace)

    # What the update left is found afterwards.
    folder, local = workspace.layout.program, environment(workspace.cloud.ready)
    done = run(folder, "policy", "audit", "--stack", STACK, "--json", **{**workspace.environment, **local})
    assert done.returncode == 1, done.stderr
    assert '"paid-project-has-budget"' in done.stdout
    assert '"key-restricted"' in done.stdout
