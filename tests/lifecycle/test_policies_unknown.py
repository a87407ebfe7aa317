"""The policy pack on values that a preview does not know, and on programs as people write them."""

from pathlib import Path

from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.policy import Scope
from tests.lifecycle.policies.judged import EUROS, arguments, golden, judged, made, pack_on_a_day, plain
from tests.provider.program import make_project
from tests.workspace import Workspace

BROKEN_LATER = {
    ("budget-below-maximum", "Budget parts"),
    ("budget-counts-credits", "Budget parts"),
    ("budget-counts-credits", "Budget whole"),
    ("budget-not-account-wide", "Budget whole"),
    ("budget-thresholds", "Budget parts"),
    ("budget-thresholds", "Budget whole"),
    ("budgets-within-envelope", "Budget parts"),
    ("currency-matches", "Budget parts"),
    ("currency-matches", "Budget whole"),
    ("currency-matches", "Budget year"),
    ("deletion-policy", "Project chat"),
    ("exposure-within-allowance", "Project dear"),
    ("free-tier-private-data", "Project chat"),
    ("free-tier-users", "Project chat"),
    ("gemini-in-managed-projects", "ApiKey abroad"),
    *(("key-bound", f"ApiKey {name}") for name in ("abroad", "parts", "whole")),
    ("key-clients", "ApiKey parts"),
    ("key-clients", "ApiKey whole"),
    ("key-gemini-only", "ApiKey parts"),
    *(("key-methods", f"ApiKey {name}") for name in ("abroad", "parts", "whole")),
    ("labels", "Project chat"),
    ("models-limited", "Project dear"),
    ("paid-project-has-budget", "Project dear"),
    ("private-data-stored", "Project dear"),
    ("quota-raise-justified", "SQuotaPreference images"),
    ("price-step-up", "Project dear"),
    ("regions", "Project chat"),
    ("regions", "Topic prompts"),
    ("spend-stops", "Project dear"),
}
"""What of later.py is bad once it is known."""


UNFORESEEN = {
    ("free-tier-private-data", "Project random"),
    *(
        ("paid-project-has-budget", f"Project {name}")
        for name in ("of-provider", "random", "by-id", "by-number")
    ),
}
"""What of odd.py cannot be known to be right before the update."""
EACH = {policy.id for policy in POLICIES if policy.scope is Scope.EACH}


def test_what_is_not_known_is_judged_as_the_worst_or_before_its_resource_is_made(
    workspace: Workspace, tmp_path: Path
) -> None:
    pack = pack_on_a_day(tmp_path / "pack")
    plain(workspace, "later.py")
    foreseen = judged(workspace, "preview", EUROS, pack=pack)
    assert foreseen.code
    # What only the whole stack shows is foreseen, and says what is not known and what to do.
    assert {policy for policy, _ in foreseen.pairs}.isdisjoint(EACH)
    assert {pair for pair in BROKEN_LATER if pair[0] not in EACH} <= foreseen.pairs
    golden("later.py", foreseen.violations)

    # A policy on each resource stops the update at what has become known, before that resource.
    each = {**EUROS, **{policy.id: "disabled" for policy in POLICIES if policy.scope is Scope.WHOLE}}
    stopped = workspace.pulumi("up", "--yes", *arguments(workspace, each, pack), check=False)
    assert stopped.returncode
    assert "Project first" in made(workspace)
    assert not {"Project chat", "Budget whole"} & made(workspace).keys()

    known = judged(workspace, "up", {"all": "advisory", **EUROS}, pack=pack)
    assert known.code == 0, known.printed
    assert known.pairs == BROKEN_LATER


def test_a_program_as_people_write_them(workspace: Workspace) -> None:
    """Components, links, an import, an alias, providers: the same violations before, during and after."""
    make_project(workspace, "acme-odd-there")
    make_project(workspace, "acme-odd-imported")
    plain(workspace, "odd.py")
    off = (
        "spend-stops",
        "models-limited",
        "exposure-within-allowance",
        "price-step-up",
        "key-bound",
        "key-methods",
        "private-data-stored",
    )
    configuration = {"all": "advisory", **dict.fromkeys(off, "disabled")}
    for operation in ("preview", "up", "preview"):
        found = judged(workspace, operation, configuration)
        assert found.code == 0, found.printed
        more = found.pairs - {
            # Not protected: the component around them is not.
            ("protected", "Project project"),
            ("labels", "Project imported"),
            # What the provider says for all that it makes.
            ("deletion-policy", "Project of-provider"),
            ("gemini-in-managed-projects", "Service of-provider"),
            # Nothing in the program says that the number in its budget is its own.
            ("paid-project-has-budget", "ProjectInfo there"),
        }
        # Which project the link of an unknown one is of, and what the budget of unknown ones counts.
        assert more == (UNFORESEEN if operation == "preview" and not made(workspace) else set())
        # What has the same name in another component is another.
        assert [
            violation.message.count("acme-odd-careless")
            for violation in found.violations
            if violation.policy == "protected"
        ] == [1]
