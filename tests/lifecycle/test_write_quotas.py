"""Google's quotas on writes, on the real engine: a stack of several projects is made, and keeps to its rates."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from tests.conftest import StartCloud
from tests.workspace import Cloud, Workspace

PROJECTS = 7
SERVICES = ("cloudresourcemanager", "apikeys", "billingbudgets")
STACK_FILE = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults:
    tier: paid
    deletionPolicy: DELETE
    tierWait: 0
    keys: {backend: {allowedIps: [203.0.113.0/24]}}
    budget: {amount: 100, currency: USD, spendCap: true}
    limits: {gemini-3.8-flash: {requestsPerMinute: 60}, others: deny}
    alerts: {email: [oncall@example.com]}
  gemini-landing-zone:projects:
""" + "".join(f"    p{number}: {{projectId: acme-writes-{number}}}\n" for number in range(PROJECTS))


def made(workspace: Workspace, more: str = "") -> list[dict[str, Any]]:
    """Update the stack, of which nothing may fail; returns the engine's events."""
    workspace.write(STACK_FILE + more)
    run = workspace.pulumi("up", "--yes", "--skip-preview", "--json", "--stack", "test")
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def writes(cloud: Cloud) -> Counter[tuple[str, int]]:
    """Method and status of each write that a quota counts → number."""
    counted = ("projects.create", "keys.create", "budgets.create")
    requests = [each for each in cloud.requests() if str(each["id"]).endswith(counted)]
    return Counter((str(each["id"]).split(".")[0], each["status"]) for each in requests)


def test_a_stack_is_made_although_google_refuses_writes_for_their_rate(
    tmp_path: Path, engine: Engine, start_cloud: StartCloud
) -> None:
    cloud = start_cloud()
    quotas = {"writes": 3, "seconds": 1.5}
    cloud.call("PUT", "/_local/writeQuotas", {"projects": quotas, "keys": quotas, "budgets": quotas})
    # The plugin takes a refusal of this one for an answer, so that the program has to try again.
    fault = {"error": "RATE_LIMIT_EXCEEDED", "method": "monitoring.projects.alertPolicies.create", "times": 2}
    cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    made(Workspace(tmp_path, engine, cloud))
    answers = writes(cloud)
    assert [answers[service, 200] for service in SERVICES] == [PROJECTS, PROJECTS, 2 * PROJECTS]
    assert sum(answers.values()) > 4 * PROJECTS
    policies = [each["status"] for each in cloud.requests() if each["id"] == fault["method"]]
    assert policies.count(429) == 2


def test_with_the_quotas_as_rates_no_write_is_refused_and_the_wait_is_shown(
    tmp_path: Path, engine: Engine, start_cloud: StartCloud
) -> None:
    cloud = start_cloud()
    quotas = {
        "projects": {"writes": 4, "seconds": 10},
        "keys": {"writes": PROJECTS, "seconds": 60},
        "budgets": {"writes": 2 * PROJECTS, "seconds": 60},
    }
    cloud.call("PUT", "/_local/writeQuotas", quotas)
    workspace = Workspace(tmp_path, engine, cloud)
    rates = f"{{projectsPerSecond: 0.4, keysPerMinute: {PROJECTS}, budgetsPerMinute: {2 * PROJECTS}}}"
    events = made(workspace, f"  gemini-landing-zone:writeRates: {rates}\n")
    assert writes(cloud) == dict(
        zip([(service, 200) for service in SERVICES], [PROJECTS, PROJECTS, 2 * PROJECTS], strict=True)
    )
    messages = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    shown = [each for each in messages if "writeRates.projectsPerSecond" in each["message"]]
    assert len({each["urn"] for each in shown}) == len(shown) == PROJECTS - 4
    assert all(each["ephemeral"] for each in shown)
