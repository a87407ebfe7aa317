"""`SpendCap` on the real engine: its states, what Google refuses, and what a killed run leaves."""

import json
from typing import Any

import pytest

from tests.provider.program import ACCOUNT, make_project, program, said, write
from tests.workspace import Workspace

BUDGETS = f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets"
OUTPUTS = ["name", "outputState", "currency", "displayName"]
UP = ("up", "--yes", "--skip-preview")


def cap(**inputs: Any) -> tuple[str, dict[str, Any], list[str]]:
    """A cap on the project, with these inputs besides."""
    return (
        "SpendCap",
        {"billingAccount": ACCOUNT, "project": "acme-capped", "amount": "100.50", **inputs},
        OUTPUTS,
    )


def caps(workspace: Workspace) -> list[dict[str, Any]]:
    """The budgets of the account that are caps."""
    budgets: list[dict[str, Any]] = workspace.cloud.call("GET", BUDGETS).get("budgets", [])
    return [budget for budget in budgets if "spendCap" in budget]


def state(workspace: Workspace) -> str:
    """The cap's state as Pulumi has it."""
    exported = json.loads(workspace.pulumi("stack", "export").stdout)["deployment"]["resources"]
    return str(next(entry["outputs"]["outputState"] for entry in exported if "SpendCap" in entry["type"]))


def move(workspace: Workspace, **changes: Any) -> None:
    """What only Google does to the cap."""
    workspace.cloud.call("PATCH", "/_local/spendCaps/acme-capped", changes)


@pytest.fixture
def capped(workspace: Workspace) -> Workspace:
    """A program with nothing yet, and a paid project."""
    make_project(workspace, "acme-capped")
    return program(workspace)


def test_a_cap_through_all_its_states(capped: Workspace) -> None:
    write(capped, cap=cap())
    before = capped.cloud.requests()[-1]["n"]
    capped.preview()
    assert {request["method"] for request in capped.cloud.requests(before)} <= {"GET"}
    capped.up()
    [made] = caps(capped)
    assert made["spendCap"] == {"inputState": "CONFIGURED", "outputState": "CONFIGURED"}
    assert made["amount"]["specifiedAmount"] == {"units": "100", "nanos": 500_000_000, "currencyCode": "USD"}
    assert capped.outputs()["cap"]["currency"] == "USD"
    assert capped.preview() == []
    assert capped.refresh() == []

    # The same amount written otherwise is no change; another is one in place.
    write(capped, cap=cap(amount="100.5"))
    assert capped.preview() == []
    write(capped, cap=cap(amount="150", displayName="Chat cap"))
    assert [change.op for change in capped.up()] == ["update"]
    [raised] = caps(capped)
    assert (raised["name"], raised["amount"]["specifiedAmount"]["units"]) == (made["name"], "150")

    # Enforced: refresh shows it, and nothing but the lift goes, which the preview says already.
    move(capped, outputState="ENFORCED")
    capped.refresh()
    assert state(capped) == "ENFORCED"
    write(capped, cap=cap(amount="200", displayName="Chat cap"))
    assert "lift it alone first (inputState: AWAITING_NEXT_PERIOD)" in said(capped, "preview")
    lifted = cap(amount="150", displayName="Chat cap", inputState="AWAITING_NEXT_PERIOD")
    write(capped, cap=lifted)
    assert [change.op for change in capped.up()] == ["update"]
    assert capped.outputs()["cap"]["outputState"] == "AWAITING_NEXT_PERIOD"
    assert capped.preview() == []
    write(capped, cap=cap(amount="150", displayName="Chat cap"))
    capped.up()
    assert capped.outputs()["cap"]["outputState"] == "CONFIGURED"
    write(capped, cap=lifted)
    assert "only an ENFORCED cap can be lifted" in said(capped, *UP)

    # Changed by hand: seen, and put back.
    body = {"amount": {"specifiedAmount": {"units": "999"}}, "spendCap": {"inputState": "CONFIGURED"}}
    capped.cloud.call("PATCH", f"/billingbudgets/v1/{made['name']}?updateMask=amount,spend_cap", body)
    write(capped, cap=cap(amount="150", displayName="Chat cap"))
    assert [change.op for change in capped.refresh()] == ["update"]
    assert [change.op for change in capped.up()] == ["update"]

    # Google's DELETE may say yes while the cap goes on: it is read back, and deleted again.
    move(capped, survivesDeletes=1, unlisted=True)
    capped.destroy()
    assert caps(capped) == []


def test_what_replaces_a_cap_and_what_is_taken_over(capped: Workspace) -> None:
    make_project(capped, "acme-other-cap")
    write(capped, cap=cap())
    capped.up()
    [made] = caps(capped)
    write(capped, cap=cap(project="acme-other-cap"))
    [change] = [change for change in capped.preview() if change.op == "replace"]
    assert change.properties == ("project",)
    write(capped, cap=cap())

    # A run that was killed after Google had made the cap: the next one finds it by its name.
    exported = json.loads(capped.pulumi("stack", "export").stdout)
    exported["deployment"]["resources"] = [
        entry for entry in exported["deployment"]["resources"] if "SpendCap" not in entry["type"]
    ]
    forgotten = capped.layout.program / "forgotten.json"
    forgotten.write_text(json.dumps(exported))
    capped.pulumi("stack", "import", "--file", str(forgotten))
    capped.up()
    assert [each["name"] for each in caps(capped)] == [made["name"]]

    # One of another name is somebody else's, unless it is said to be taken over.
    capped.pulumi("stack", "import", "--file", str(forgotten))
    write(capped, cap=cap(displayName="Mine"))
    refusal = said(capped, *UP)
    assert (
        "has a spend cap already, and Google allows one: 'acme-capped Gemini API cap' of 100.5 USD" in refusal
    )
    assert made["name"] in refusal
    assert "Traceback" not in refusal
    write(capped, cap=cap(displayName="Mine", adopt=True))
    capped.up()
    assert [(each["name"], each["displayName"]) for each in caps(capped)] == [(made["name"], "Mine")]

    capped.pulumi("stack", "import", "--file", str(forgotten))
    write(capped)
    capped.pulumi(
        "import", "gemini-landing-zone:index:SpendCap", "cap", made["name"], "--yes", "--generate-code=false"
    )
    write(
        capped,
        cap=cap(displayName="Mine", project=made["budgetFilter"]["projects"][0].removeprefix("projects/")),
    )
    assert [change.op for change in capped.preview() if change.op != "update"] == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"amount": "-5"}, ["property amount value {-5} has a problem: must be >= 0"]),
        ({"amount": "1,200"}, ["property amount", "write it such as 1200.50"]),
        ({"amount": "1.0000000001"}, ["more than 9 decimals"]),
        ({"billingAccount": "x", "project": "X!"}, ["property billingAccount", "property project"]),
        ({"displayName": "n" * 61}, ["property displayName", "has 61 characters"]),
        ({"inputState": "ENFORCED"}, ["property inputState", "CONFIGURED, AWAITING_NEXT_PERIOD"]),
        ({"ammount": "1"}, ["property ammount", "there is no such property"]),
    ],
)
def test_bad_inputs_are_told_by_property_before_any_request(
    capped: Workspace, inputs: dict[str, Any], words: list[str]
) -> None:
    write(capped, cap=cap(**inputs))
    before = capped.cloud.requests()[-1]["n"]
    refusal = said(capped, "preview")
    assert [word for word in words if word not in refusal] == []
    assert capped.cloud.requests(before) == []


def test_twelve_refusals_each_with_its_remedy(capped: Workspace) -> None:
    create = "billingbudgets.billingAccounts.budgets.create"

    def faults(error: str, times: int = 1, method: str = create) -> None:
        capped.cloud.call(
            "PUT", "/_local/faults", {"faults": [{"error": error, "method": method, "times": times}]}
        )

    def refusal(error: str = "", **inputs: Any) -> str:
        if error:
            faults(error)
        write(capped, cap=cap(**inputs))
        return said(capped, *UP)

    assert "a budget is in its billing account's currency" in refusal(currency="EUR")
    assert "docs/organization.md lists the roles" in refusal("PERMISSION_DENIED")
    assert "it is not there: check the name" in refusal(billingAccount="AAAAAA-BBBBBB-CCCCCC")
    assert "Project not found or not accessible" in refusal(project="acme-nowhere")
    assert "Google does not say what is wrong" in refusal("INVALID_ARGUMENT")
    assert "FAILED_PRECONDITION" in refusal("FAILED_PRECONDITION")
    assert "Google does not take the credentials" in refusal("UNAUTHENTICATED")
    reseller = {"master": "billingAccounts/0FEDCB-A98765-432100"}
    capped.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", reseller)
    assert "accounts that are Google's direct customers" in refusal()
    capped.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"master": ""})

    # What is only a bad moment is tried again.
    for error in ("UNAVAILABLE", "RATE_LIMIT_EXCEEDED"):
        faults(error)
        write(capped, cap=cap())
        capped.up()
        capped.destroy()

    capped.up()
    patch = "billingbudgets.billingAccounts.budgets.patch"
    faults("ABORTED", 1, patch)
    write(capped, cap=cap(amount="7"))
    assert [change.op for change in capped.up()] == ["update"]
    move(capped, outputState="ENFORCED")
    write(capped, cap=cap(amount="8"))
    assert "the cap is ENFORCED" in said(capped, *UP)
    write(capped, cap=cap(amount="7"), second=cap(displayName="Second"))
    assert "has a spend cap already" in said(capped, *UP)
    move(capped, outputState="CONFIGURED", survivesDeletes=50)
    write(capped)
    # However often Google says yes to the DELETE of a cap: made a plain budget, it goes.
    capped.up()
    assert caps(capped) == []
