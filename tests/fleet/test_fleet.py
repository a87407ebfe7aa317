"""`gemini-lz fleet` on the real engine: a few stacks from the first update to the end."""

import json
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.fleet.stage import FleetStage, fleet_stage, outcomes
from tests.operations.databases import postgres_url
from tests.operations.stage import census
from tests.workspace import sampled

HOST = "  gemini-landing-zone:notificationProject: acme-base-one\n"


@pytest.mark.parametrize("backend", sampled(["postgres", "file"], 1))
def test_a_fleet_from_its_first_update_to_its_end(tmp_path: Path, engine: Engine, backend: str) -> None:
    with (
        postgres_url(tmp_path / "postgres", backend) as url,
        fleet_stage(tmp_path / "fleet", engine, url) as fleet,
    ):
        lives(fleet, tmp_path / "fleet.html")


def lives(fleet: FleetStage, page: Path) -> None:
    """Update, look at, let another hand change, and destroy: an application, its base, and a file with a mistake."""
    fleet.write("base", "one")
    fleet.write("app", "one", more=HOST)
    wrong = fleet.write("wrong", "one")
    wrong.write_text(wrong.read_text().replace("keys:", "kyes:"))

    events = fleet.events("up", "--all", "--yes", "--report", str(page), code=1)
    assert outcomes(events) == {"app": "done", "base": "done", "wrong": "failed"}, events[-1]
    ends = [each["stack"] for each in events if each["event"] == "ended"]
    assert ends.index("base") < ends.index("app"), (
        "the application's notifications go through the base's project"
    )
    [failed] = [each for each in events[-1]["outcomes"] if each["stack"] == "wrong"]
    assert "did you mean 'keys'?" in failed["reasons"][0]
    assert Path(failed["log"]).stat().st_mode & 0o077 == 0
    summary = events[-1]
    assert summary["resources"]["project"] == {"create": 2}
    month, planned = summary["worstMonth"][0], summary["planned"][0]
    assert month["before"] == "0"
    assert (month["currency"], planned["currency"]) == ("USD", "USD")
    assert float(month["after"]) > float(planned["expected"]) > 0
    assert "Fleet: up of 3 stacks" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0

    code, printed = fleet.run("status", "--all", "--json")
    found = {each["stack"]: each for each in json.loads(printed)}
    assert code == 0
    assert (found["wrong"]["file"], found["wrong"]["state"]) == (True, False)
    assert (found["base"]["projects"], found["base"]["run"], found["base"]["pendingOperations"]) == (
        1,
        None,
        0,
    )
    assert found["base"]["worstMonth"].endswith(" USD")

    # Run again, what is done is not done again.
    writes = fleet.stage.writes()
    code, printed = fleet.run("up", "--all", "--yes")
    assert (code, fleet.stage.writes()) == (1, writes)
    assert "2 stacks done by an earlier run" in printed
    wrong.unlink()

    fleet.cloud.call("DELETE", f"/billingbudgets/v1/{budget_of(fleet, 'base')}")
    (fleet.program / "stacks" / "Pulumi.app.yaml").rename(fleet.program / "app.yaml")
    code, printed = fleet.run("status", "a*")
    assert code == 0
    assert "a state and no file: app" in printed
    (fleet.program / "app.yaml").rename(fleet.program / "stacks" / "Pulumi.app.yaml")
    events = fleet.events("drift", "--all", code=1)
    assert {(each["stack"], each["kind"]) for each in events[-1]["differences"]} == {("base", "budget")}
    assert outcomes(events) == {"app": "done", "base": "done"}

    events = fleet.events("destroy", "--all", "--yes")
    assert [each["stack"] for each in events if each["event"] == "ended"] == ["app", "base"]
    assert census(fleet.cloud) == {"projects": ["sandbox-seed"]}


def test_stacks_side_by_side_keep_to_googles_quota_together(tmp_path: Path, engine: Engine) -> None:
    with fleet_stage(tmp_path, engine) as fleet:
        # Each of the two stacks alone would keep to it: five in ten seconds, and they have three each.
        fleet.cloud.call("PUT", "/_local/writeQuotas", {"projects": {"writes": 5, "seconds": 10}})
        for stack in ("one", "two"):
            fleet.write_free(
                stack, "a", "b", "c", more="  gemini-landing-zone:writeRates: {projectsPerSecond: 0.5}\n"
            )
        code, printed = fleet.run("up", "--all", "--yes", "--parallel", "2", "--no-preflight")
        assert code == 0, printed
        asked = [
            each["status"] for each in fleet.cloud.requests() if str(each["id"]).endswith(".projects.create")
        ]
        assert asked == [200] * 6


def budget_of(fleet: FleetStage, stack: str) -> str:
    """The name of the budget of a stack's project at Google."""
    listed = fleet.cloud.call("GET", "/billingbudgets/v1/billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets")[
        "budgets"
    ]
    number = fleet.cloud.call("GET", f"/cloudresourcemanager/v1/projects/acme-{stack}-one")["projectNumber"]
    return next(
        str(each["name"]) for each in listed if each["budgetFilter"].get("projects") == [f"projects/{number}"]
    )
