"""The policy pack on values that a preview does not know, and on programs as people write them."""

from pathlib import Path

from tests.lifecycle.policies.judged import EUROS, arguments, judged, made, pack_on_a_day, plain
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
    ("regions", "Project chat"),
    ("regions", "Topic prompts"),
    ("spend-stops", "Project dear"),
}
"""What of later.py is bad once it is known."""


def test_what_is_not_known_is_judged_by_the_update(workspace: Workspace, tmp_path: Path) -> None:
    pack = pack_on_a_day(tmp_path / "pack")
    plain(workspace, "later.py")
    foreseen = judged(workspace, "preview", EUROS, pack=pack)
    assert (foreseen.code, foreseen.violations) == (0, []), foreseen.printed

    # The preview allows it, and the update stops at what has become known.
    stopped = workspace.pulumi("up", "--yes", *arguments(workspace, EUROS, pack), check=False)
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
        assert found.pairs == {
            # Not protected: the component around them is not.
            ("protected", "Project project"),
            ("labels", "Project imported"),
            # What the provider says for all that it makes.
            ("deletion-policy", "Project of-provider"),
            ("gemini-in-managed-projects", "Service of-provider"),
        }
        # What has the same name in another component is another.
        assert [
            violation.message.count("acme-odd-careless")
            for violation in found.violations
            if violation.policy == "protected"
        ] == [1]
