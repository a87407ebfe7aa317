"""The policy pack on the real engine: what keeps to every policy, what breaks each, and what stops before anything is
made.

Two kinds of programs: plain ones of pulumi_gcp, by anybody, and this project's own with a stack file.
"""

import shutil
from pathlib import Path

import pytest

from landing_zone.policies.every_policy import BY_ID, POLICIES
from landing_zone.policies.policy import Scope
from tests.lifecycle.policies.judged import (
    ACCOUNT,
    EUROS,
    GROUNDED,
    HERE,
    PACK,
    arguments,
    changed,
    golden,
    judged,
    made,
    pack_on_a_day,
    pack_with,
    plain,
    without_level,
)
from tests.provider.program import make_project
from tests.workspace import Workspace

ADVISORY = {"all": "advisory", **EUROS}
BROKEN = {
    "paid-project-has-budget": {"Project chat", "Project dear", "ProjectInfo legacy"},
    "budget-not-account-wide": {"Budget everything"},
    "budget-below-maximum": {"Budget everything"},
    "budgets-within-envelope": {"Budget everything"},
    "budget-counts-credits": {"Budget everything", "Budget of-dear"},
    "budget-thresholds": {"Budget everything"},
    "budget-notifies": {"Budget everything"},
    "currency-matches": {"Budget everything", "Budget of-dear"},
    "spend-stops": {"Project chat", "Project dear", "ProjectInfo legacy"},
    "models-limited": {"Project chat", "ProjectInfo legacy"},
    "other-doors": {"Service chat-agents"},
    "access-without-key": {"IAMMember caller"},
    "known-resources": {"Resource unseen", "pulumi-python default"},
    "billing-accounts": {"ProjectInfo legacy"},
    "parents": {"Project lab"},
    "adoption": {"ProjectInfo legacy"},
    "models-served": {"Project chat"},
    "private-data-stored": {"Project chat"},
    "exposure-within-allowance": {"Project chat", "Project dear", "ProjectInfo legacy"},
    "price-step-up": {"Project chat", "Project dear", "ProjectInfo legacy"},
    "quota-raise-justified": {"SQuotaPreference images"},
    "key-restricted": {"ApiKey found"},
    "key-bound": {"ApiKey both"},
    "key-methods": {"ApiKey both"},
    "key-gemini-only": {"ApiKey both"},
    "key-clients": {"ApiKey found"},
    "gemini-in-managed-projects": {"Service seed-gemini"},
    "free-tier-private-data": {"Project lab"},
    "free-tier-users": {"Project lab"},
    "regions": {"Project chat", "Topic prompts"},
    "protected": {"Project chat"},
    "deletion-policy": {"Project chat"},
    "no-disable-on-destroy": {"Service dear-gemini"},
    "labels": {"Project chat"},
}
"""Policy -> what of bad.py breaks it."""
MORE = """\
    extra:
      projectId: acme-file-extra
      tier: paid
      keys: {backend: {allowedIps: [203.0.113.0/24], methods: [generate]}}
      budget: {amount: 1, currency: USD, spendCap: true, thresholds: [0.5, 1, {forecast: 1}]}
      limits: {others: deny}
"""
NOT_OF_SETTINGS = {
    "budget-notifies",
    "key-restricted",
    "key-gemini-only",
    "gemini-in-managed-projects",
    "no-disable-on-destroy",
    "other-doors",
    "access-without-key",
    "known-resources",
}
"""What no stack file can break: the settings have no way to say it."""
HALF_PRICE = {
    "accountTerms": {ACCOUNT: {"discount": 0.5, "tierLimits": {"gemini-4-argon": {"requestsPerDay": 20}}}}
}
"""What the owner of the policies says of the account in good.yaml; at list price it could cost too much."""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack, on a day before prices change."""
    return pack_on_a_day(tmp_path / "pack")


def test_a_program_that_keeps_to_every_policy_goes_through(workspace: Workspace, pack: Path) -> None:
    plain(workspace, "good.py")
    for operation in ("preview", "up", "preview"):
        found = judged(workspace, operation, GROUNDED, pack=pack)
    assert (found.code, found.violations, found.policies) == (0, [], set(BY_ID)), found.printed
    assert {"Project chat", "Budget chat", "SpendCap chat", "ApiKey backend"} < made(workspace).keys()


def test_a_program_that_violates_every_policy_is_stopped_or_advised(workspace: Workspace, pack: Path) -> None:
    make_project(workspace, "acme-bad-legacy")
    before = changed(workspace)
    plain(workspace, "bad.py")
    foreseen = judged(workspace, "preview", EUROS, pack=pack)
    assert {
        policy: {violation.resource for violation in foreseen.violations if violation.policy == policy}
        for policy in BY_ID
    } == BROKEN
    assert {violation.level for violation in foreseen.violations} == {"mandatory"}
    golden("bad.py", foreseen.violations)

    # The preview that `up` makes stops it.
    stopped = workspace.pulumi("up", "--yes", *arguments(workspace, EUROS, pack), check=False)
    assert min(foreseen.code, stopped.returncode) > 0
    assert (changed(workspace), made(workspace)) == (before, {})
    # Without one, what is wrong by itself is not made.
    unforeseen = judged(workspace, "up", EUROS, pack=pack)
    assert unforeseen.code
    assert unforeseen.violations
    assert not {violation.resource for violation in unforeseen.violations} & made(workspace).keys()

    # What needs the whole stack then comes too late to stop anything; it fails all the same.
    whole = {policy.id: "mandatory" for policy in POLICIES if policy.scope is Scope.WHOLE}
    late = judged(workspace, "up", {"all": "disabled", **whole}, pack=pack)
    assert late.code
    assert {violation.policy for violation in late.violations} <= whole.keys()
    assert ("paid-project-has-budget", "Project chat") in late.pairs
    assert {"Project chat", "ApiKey found", "Budget everything"} < made(workspace).keys()

    # Advice stops nothing, and is the same of what was made as of what was planned.
    advised = judged(workspace, "up", ADVISORY, pack=pack)
    assert advised.code == 0, advised.printed
    assert {violation.level for violation in advised.violations} == {"advisory"}
    assert without_level(advised.violations) == without_level(foreseen.violations)


def test_a_stack_file_that_keeps_to_every_policy_goes_through(workspace: Workspace, tmp_path: Path) -> None:
    """The settings say so, and so do the resources made from them, with terms, tiers and an adopted project."""
    make_project(workspace, "acme-file-there")
    workspace.write((HERE / "good.yaml").read_text())
    pack = pack_on_a_day(tmp_path / "pack", environments=HALF_PRICE)
    for operation in ("preview", "up"):
        found = judged(workspace, operation, GROUNDED, pack=pack)
    assert (found.code, found.violations, found.policies) == (0, [], set(BY_ID)), found.printed
    # The engine shows what is new and no target without anything in it: that breaks nothing.
    workspace.write(workspace.stack_file.read_text().replace(":projects:\n", f":projects:\n{MORE}"))
    found = judged(workspace, "preview", {}, "--target", "**Project::chat", pack=pack)
    assert (found.code, found.violations) == (0, []), found.printed


def test_a_stack_file_that_breaks_policies_is_stopped_before_anything_is_made(
    workspace: Workspace, pack: Path
) -> None:
    make_project(workspace, "acme-bad-legacy")
    before = changed(workspace)
    workspace.write((HERE / "bad.yaml").read_text())
    foreseen = judged(workspace, "preview", EUROS, pack=pack)
    assert {violation.policy for violation in foreseen.violations} == BY_ID.keys() - NOT_OF_SETTINGS
    # All at once, before the first resource, each with the stack file's line.
    assert {violation.resource for violation in foreseen.violations} == {"Stack gemini-landing-zone-test"}
    assert all("\nstacks/Pulumi.test.yaml:" in violation.message for violation in foreseen.violations)
    golden("bad.yaml", foreseen.violations)

    stopped = workspace.pulumi("up", "--yes", *arguments(workspace, EUROS, pack), check=False)
    unforeseen = judged(workspace, "up", EUROS, pack=pack)
    assert min(foreseen.code, stopped.returncode, unforeseen.code) > 0
    assert unforeseen.violations == foreseen.violations
    assert (changed(workspace), made(workspace)) == (before, {})

    # Violation once: the resources, which are made now, say the same.
    advised = judged(workspace, "up", ADVISORY, pack=pack)
    assert advised.code == 0, advised.printed
    assert without_level(advised.violations) == without_level(foreseen.violations)
    assert {"Project chat", "ApiKey chat--notebook"} < made(workspace).keys()


def test_the_pack_that_is_published_needs_nothing_around_it(workspace: Workspace, tmp_path: Path) -> None:
    """`pulumi policy publish` packs the folder, with what its links lead to and without what git ignores."""
    published = tmp_path / "published"
    shutil.copytree(PACK, published, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    assert not [path for path in published.rglob("*") if path.is_symlink()]
    (published / ".venv").symlink_to(PACK / ".venv")
    shutil.rmtree(published / "config")
    shutil.copytree(pack_with(tmp_path / "pack", {"all": "mandatory"}) / "config", published / "config")
    plain(workspace, "bad.py")
    # Whatever the day: without what prices have a part in.
    priced = ("exposure-within-allowance", "price-step-up")
    configuration = {**EUROS, **dict.fromkeys(priced, "disabled")}
    here = judged(workspace, "preview", configuration)
    there = judged(workspace, "preview", configuration, pack=published)
    assert {violation.policy for violation in here.violations} == here.policies == BY_ID.keys() - set(priced)
    assert (there.code, there.violations, there.policies) == (here.code, here.violations, here.policies)
