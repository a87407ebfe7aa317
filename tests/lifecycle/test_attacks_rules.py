"""Ways around the policies on keys, doors, providers, budgets and roles, on the real engine: refused, word for word."""

from pathlib import Path

from tests.lifecycle.policies.judged import changed, golden, judged, made, pack_on_a_day, plain
from tests.workspace import Workspace

POLICIES = (
    "access-without-key",
    "key-clients",
    "known-resources",
    "other-doors",
    "paid-project-has-budget",
    "spend-stops",
)
ONLY = {"all": "disabled", **dict.fromkeys(POLICIES, "mandatory")}


def test_what_looks_like_it_keeps_to_the_policies_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    pack = pack_on_a_day(tmp_path / "pack")
    plain(workspace, "attacks.py")
    foreseen = judged(workspace, "preview", ONLY, pack=pack)
    assert foreseen.code
    assert {violation.policy for violation in foreseen.violations} == set(POLICIES)
    golden("attacks.py", foreseen.violations)

    # Without a preview, none of the resources that are bad by themselves is made.
    each = dict.fromkeys(("access-without-key", "key-clients", "known-resources"), "mandatory")
    refused = judged(workspace, "up", {"all": "disabled", **each}, pack=pack)
    assert refused.code
    assert refused.violations
    assert (
        not {violation.resource for violation in foreseen.violations if violation.policy in each}
        & made(workspace).keys()
    )
    assert not [request for request in changed(workspace) if "/keys" in request or "setIamPolicy" in request]
