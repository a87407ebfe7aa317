"""`TierCheck` on the real engine: the tier that is in force."""

from typing import Any

import pytest

from tests.provider.program import ACCOUNT, forget, make_project, program, state, take_over, write
from tests.workspace import Workspace

PROJECT = "acme-tiered"
UP = ("up", "--yes", "--skip-preview")


def set_tier(workspace: Workspace, tier: int) -> None:
    """Google moves the account."""
    workspace.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": tier})


@pytest.fixture
def tiered(workspace: Workspace) -> Workspace:
    """A program with nothing yet, and a paid project."""
    make_project(workspace, PROJECT)
    return program(workspace)


def test_the_tier_found_is_told_and_a_missing_link_is_a_warning(tiered: Workspace) -> None:
    outputs = ["tier", "billingEnabled", "inForce"]

    def check(**inputs: Any) -> None:
        write(tiered, tier=("TierCheck", {"project": PROJECT, "expected": "paid", **inputs}, outputs))

    def link(account: str) -> None:
        body = {"billingAccountName": account}
        tiered.cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", body)

    def lag(polls: int) -> None:
        """Link it anew; so many looks see the free tier's limits still."""
        tiered.cloud.call("PUT", "/_local/tierLag", {"polls": polls})
        link("")
        link(f"billingAccounts/{ACCOUNT}")

    lag(1_000)
    check(waitSeconds=0)
    late = tiered.pulumi(*UP).stdout
    assert f"{PROJECT} is linked, and Google still applies the limits of tier free" in late
    assert "unlink and link the project again" in late
    assert tiered.outputs()["tier"] == {"tier": "free", "billingEnabled": True, "inForce": False}
    lag(2)
    check()
    waited = tiered.pulumi(*UP).stdout
    assert "waiting for the paid limits: Google still applies tier free" in waited
    assert tiered.outputs()["tier"] == {"tier": "1", "billingEnabled": True, "inForce": True}
    set_tier(tiered, 2)
    tiered.refresh()
    assert state(tiered)[0]["outputs"]["tier"] == "2"
    assert tiered.preview() == []
    forget(tiered)
    take_over(tiered, "TierCheck", "tier", f"projects/{PROJECT}/tier")
    assert tiered.preview() == []

    # A project that was just created, and that Google does not know everywhere yet.
    forget(tiered)
    unknown = [
        {"error": "PERMISSION_DENIED", "method": method, "times": 2}
        for method in ("cloudbilling.projects.getBillingInfo", "cloudquotas.ListQuotaInfos")
    ]
    tiered.cloud.call("PUT", "/_local/faults", {"faults": unknown})
    check(billingAccount=ACCOUNT)
    assert "cannot be" not in tiered.pulumi(*UP).stdout
    assert tiered.outputs()["tier"] == {"tier": "2", "billingEnabled": True, "inForce": True}
    check()
    tiered.pulumi(*UP)

    link("")
    tiered.refresh()
    assert f"gcloud billing projects link {PROJECT}" in tiered.pulumi(*UP).stdout
    assert tiered.outputs()["tier"] == {"tier": "free", "billingEnabled": False, "inForce": False}
    # It is looked at again until it is right. What cannot be read is a warning too, and stops nothing.
    assert [change.op for change in tiered.preview()] == ["update"]
    denied = {"error": "PERMISSION_DENIED", "method": "cloudquotas.ListQuotaInfos", "times": 9}
    tiered.cloud.call("PUT", "/_local/faults", {"faults": [denied]})
    assert f"the tier of {PROJECT} cannot be read: 403 PERMISSION_DENIED" in tiered.pulumi(*UP).stdout
