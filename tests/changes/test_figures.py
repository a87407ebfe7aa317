"""A change has the figures of `estimate`, `exposure` and `policy check`."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from landing_zone.cli.app import app
from sandbox.layout import ROOT
from tests.changes.repository import AT, STACK, Repository

FILES = {
    name: (ROOT / name).read_text()
    for name in (
        "Pulumi.yaml",
        STACK,
        *(f"policy/config/{each.name}" for each in (ROOT / "policy" / "config").iterdir()),
    )
}
MONTH = ("--from", "2026-11-01", "--to", "2026-11-30")
FLASH = "gemini-3.5-flash-lite"
CHANGES = (
    ("requestsPerDay: 10000,", "requestsPerDay: 12000,"),
    ("expected: 8000", "expected: 9000"),
    ("budget: {amount: 500}", "budget: {amount: 1600}"),
    ("methods: [generate]}", "methods: [generate, caches]}"),
    # Derived limits: they are of the day.
    (
        f"        {FLASH}: {{requestsPerMinute: 30, requestsPerDay: 20000, inputTokensPerMinute: 100000}}\n"
        "        others: deny\n",
        "        derive: {maxOvershoot: 900, lag: 24h}\n"
        f"      workload: [{{model: {FLASH}, requestsPerDay: 10, inputTokens: 10, outputTokens: 10}}]\n",
    ),
)


def printed(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(app, [*arguments, *AT, "--json"]).stdout)


def figures() -> tuple[Any, Any]:
    return printed("exposure", "prod"), printed("estimate", "prod", *MONTH)


def test_every_figure_is_that_of_the_command_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    exposure_before, estimate_before = figures()
    repository.edit(*CHANGES)
    exposure, estimate = figures()
    [stack] = printed("diff")["stacks"]

    [month] = stack["worstMonth"]
    [before], [after] = exposure_before["worstMonth"], exposure["worstMonth"]
    assert (month["before"], month["boundByBefore"]) == (before["amount"], before["boundBy"])
    assert (month["after"], month["boundByAfter"]) == (after["amount"], after["boundBy"])
    assert Decimal(month["growth"]) == Decimal(after["amount"]) - Decimal(before["amount"])
    [planned] = stack["planned"]
    assert [{"currency": "USD", **planned["before"]}] == estimate_before["total"]
    assert [{"currency": "USD", **planned["after"]}] == estimate["total"]

    assert stack["projects"].keys() == {"chat", "search", "support-bot"}
    for name, own in stack["projects"].items():
        pairs = {kind: [(each["before"], each["after"]) for each in changes] for kind, changes in own.items()}
        old, new = exposure_before["projects"][name], exposure["projects"][name]
        months = (old["worstMonth"]["amount"], new["worstMonth"]["amount"])
        overshoots = (old["overshoot"], new["overshoot"])
        costs = (estimate_before["projects"][name]["cost"], estimate["projects"][name]["cost"])
        assert pairs == {
            kind: [pair]
            for kind, pair in (("worstMonth", months), ("overshoot", overshoots), ("planned", costs))
            if pair[0] != pair[1]
        }
    for each in stack["limits"]:
        for side, found in (("before", exposure_before), ("after", exposure)):
            limits = found["projects"][each["project"]]["models"][each["model"]]["limits"]
            assert each[side] == {name: value for name, value in limits.items() if value is not None}
    assert [each["model"] for each in stack["limits"] if each["derived"]] == [FLASH]


def test_violations_are_those_of_policy_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)

    def violated() -> set[tuple[str, str]]:
        return {
            (policy, resource)
            for each in printed("policy", "check", "prod")["verdicts"]
            for policy in each["policies"]
            for resource in each["resources"]
            if each["state"] != "exception"
        }

    before = violated()
    repository.edit(*CHANGES)
    change = printed("diff")
    new = {(each["policy"], each["resource"]) for each in change["stacks"][0]["policies"]["new"]}
    # Two violations that one edit fixes are one verdict there, and two here.
    assert {policy for policy, _ in new} == {policy for policy, _ in violated() - before}
    assert new <= violated() - before
    assert change["failures"] == [
        "prod: 2 new mandatory violations: budget-below-maximum, budgets-within-envelope"
    ]
