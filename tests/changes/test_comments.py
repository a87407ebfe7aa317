"""Comments on pull requests with ten changes, word for word."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.changes.markdown import MARKER
from landing_zone.cli.app import app
from tests.changes.repository import AT, PROD, RULES, SEARCH, STACK, Repository
from tests.golden import compare

GOLDEN = Path(__file__).parent / "golden"
PROJECT = """\
    draft:
      projectId: acme-draft-prod
      tier: paid
      keys:
        draft: {allowedIps: [198.51.100.7], methods: [generate]}
      budget: {amount: 50, currency: USD, spendCap: true}
      limits:
        gemini-3.5-flash-lite: {requestsPerMinute: 2, requestsPerDay: 100, inputTokensPerMinute: 5000}
        others: deny
"""


def edited(*changes: tuple[str, str]) -> Callable[[Repository], None]:
    return lambda repository: repository.edit(*changes)


def cured(repository: Repository) -> None:
    """Above the maximum before, and below it now."""
    repository.edit(("amount: 300,", "amount: 950,"))
    repository.commit()
    repository.edit(("amount: 950,", "amount: 400,"))


def loosened(repository: Repository) -> None:
    """The rule is loosened with the change that breaks it; and one that was broken before is no longer reported."""
    repository.edit(("cost-centre: cc-1", "team: a"))
    repository.commit()
    repository.edit(("amount: 300,", "amount: 950,"))
    rules = {**RULES, "budget-below-maximum": {"maximum": 1000, "currency": "USD"}, "labels": "disabled"}
    repository.write({"policy/config/prod.json": json.dumps(rules)})


CHANGES = {
    "number-up": (0, edited(("requestsPerDay: 4000", "requestsPerDay: 5000"))),
    "limit-removed": (1, edited(("requestsPerMinute: 10, requestsPerDay: 2000, ", ""))),
    "key-opened": (1, edited(("{allowedIps: [203.0.113.64/26], methods", "{methods"))),
    "key-closed": (
        0,
        edited(("203.0.113.0/24], methods: [generate, countTokens]", "203.0.113.7], methods: [generate]")),
    ),
    "project-added": (0, edited((SEARCH, SEARCH + PROJECT))),
    "project-removed": (0, edited((SEARCH, ""))),
    "tier-change": (
        0,
        edited(
            ("acme-search-prod\n      tier: paid", "acme-search-prod\n      tier: free"),
            ("      budget: {amount: 300, currency: USD, spendCap: true}\n", ""),
        ),
    ),
    "guard-added": (
        0,
        edited(
            (
                "  gemini-landing-zone:labels:",
                "  gemini-landing-zone:notificationProject: acme-seed\n  gemini-landing-zone:labels:",
            ),
            (
                "{amount: 900}}\n",
                "{amount: 900}}\n      guard: {throttle: {at: 0.7, to: 0.1}}\n      searchesPerRequest: 1\n",
            ),
        ),
    ),
    "cap-removed": (1, edited((", spendCap: {amount: 900}", ""))),
    "violation-cured": (0, cured),
    "rule-loosened": (1, loosened),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_comment_on_a_change(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path)
    code, make = CHANGES[name]
    make(repository)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["diff", "--format", "markdown", *AT])
    label = repository.git("rev-parse", "HEAD")[:10]
    assert done.exit_code == code, done.output
    assert done.stdout.startswith(f"{MARKER}\n**prod**: ")
    compare({GOLDEN / f"{name}.md": done.stdout.replace(label, "1a2b3c4d5e")})


def test_the_stack_of_these_changes_keeps_to_its_policies(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    done = repository.diff()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("no change in money or policy\n")
    # A comment in the file is no change of its figures, and the file is named all the same.
    repository.write({STACK: f"# Production.\n{PROD}"})
    assert repository.diff().stdout.startswith("prod: no change in money or policy\n")
