"""On the real engine: limits that a budget derives, and what a preview says a change costs at worst."""

from decimal import Decimal
from typing import Any

from landing_zone.pricing.days import today
from landing_zone.reports.environment_exposure import environment_exposure
from landing_zone.settings import load_file
from tests.workspace import Workspace

LIMIT = "gemini-landing-zone:index:ProjectLimits"
STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults: {deletionPolicy: DELETE, tierWait: 0}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-derived-x
      tier: paid
      budget: {amount: 40, currency: USD}
      limits: {derive: {maxOvershoot: 300, lag: 24h}}
      keys: {backend: {methods: [generate, caches]}}
      workload:
        - {model: gemini-3.5-flash-lite, requestsPerDay: 200, inputTokens: 1000, outputTokens: 100}
    open:
      projectId: acme-open-x
      tier: paid
      budget: {amount: 10, currency: USD}
      workload:
        - {model: gemini-2.0-flash, requestsPerDay: 1, inputTokens: 1}
"""


def exposure(workspace: Workspace) -> dict[str, Any]:
    """What `gemini-lz exposure` says of the stack file's projects."""
    settings = load_file("test", workspace.stack_file)
    projects: dict[str, Any] = environment_exposure(settings, today()).as_json()["projects"]
    return projects


def worst_month(workspace: Workspace) -> str:
    """The worst month as `gemini-lz exposure` prints it."""
    [found] = environment_exposure(load_file("test", workspace.stack_file), today()).months
    assert found.amount
    return found.amount.as_bound


def test_limits_are_derived_and_a_preview_tells_the_new_worst_case(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    found = exposure(workspace)
    assert 299 < Decimal(found["chat"]["overshoot"]) <= 300
    derived = found["chat"]["models"]["gemini-3.5-flash-lite"]["limits"]["requestsPerDay"]
    assert derived >= 200
    # What Google has is what was derived.
    metric = "generativelanguage.googleapis.com%2Fgenerate_requests_per_model_per_day"
    path = (
        "/serviceusage/v1beta1/projects/acme-derived-x/services/generativelanguage.googleapis.com"
        f"/consumerQuotaMetrics/{metric}/limits/%2Fd%2Fmodel%2Fproject/consumerOverrides"
    )
    overrides = workspace.cloud.call("GET", path)["overrides"]
    held = {each.get("dimensions", {}).get("model", ""): each["overrideValue"] for each in overrides}
    assert held == {"": "0", "gemini-3.5-flash-lite": str(derived)}
    assert workspace.preview() == []

    workspace.write(STACK_FILE.replace("maxOvershoot: 300", "maxOvershoot: 600"))
    printed = workspace.pulumi("preview", "--stack", "test").stdout
    # A project without limits: the worst month stays what it is, and the line says why.
    assert "at worst in a month: not bounded, as before: open: every other model" in printed
    assert "gemini-2.0-flash was shut down on 2026-06-01" in printed
    assert {(change.op, change.type, change.name) for change in workspace.up()} == {("update", LIMIT, "chat")}
    assert 599 < Decimal(exposure(workspace)["chat"]["overshoot"]) <= 600

    bounded = STACK_FILE.partition("    open:")[0]
    workspace.write(bounded)
    workspace.up()
    before = worst_month(workspace)
    workspace.write(bounded.replace("maxOvershoot: 300", "maxOvershoot: 600"))
    after = worst_month(workspace)
    printed = workspace.pulumi("preview", "--stack", "test").stdout
    assert (
        f"at worst in a month: {before} before, {after} after, bounded by chat: what its limits allow"
        in printed
    )


def test_a_plan_that_does_not_fit_is_refused_before_anything_is_made(workspace: Workspace) -> None:
    workspace.write(STACK_FILE.replace("maxOvershoot: 300", "maxOvershoot: 30"))
    done = workspace.pulumi("up", "--yes", "--stack", "test", check=False)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "stacks/Pulumi.test.yaml:11: gemini-landing-zone:projects.chat.limits.derive" in printed
    assert "the workload does not fit: over 24h gemini-3.5-flash-lite needs" in printed
    assert "write maxOvershoot: " in printed
    assert not [each for each in workspace.cloud.requests() if each["method"] != "GET"]
