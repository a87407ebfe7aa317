"""`SpendCap` on the real engine: its states, what Google refuses, and what a killed run leaves."""

from typing import Any

import pytest

from tests.provider.program import (
    ACCOUNT,
    forget,
    make_project,
    output_of_failure,
    program,
    state,
    take_over,
    write,
)
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
    assert state(capped)[0]["outputs"]["outputState"] == "ENFORCED"
    write(capped, cap=cap(amount="200", displayName="Chat cap"))
    assert "lift it first (inputState: AWAITING_NEXT_PERIOD)" in output_of_failure(capped, "preview")
    lifted = cap(amount="150", displayName="Chat cap", inputState="AWAITING_NEXT_PERIOD")
    write(capped, cap=lifted)
    assert [change.op for change in capped.up()] == ["update"]
    assert capped.outputs()["cap"]["outputState"] == "AWAITING_NEXT_PERIOD"
    write(capped, cap=cap(amount="150", displayName="Chat cap"))
    capped.up()
    assert capped.outputs()["cap"]["outputState"] == "CONFIGURED"
    write(capped, cap=lifted)
    assert "only an ENFORCED cap can be lifted" in output_of_failure(capped, "preview")

    # Lifted or changed by hand: seen, and put back.
    write(capped, cap=cap(amount="150", displayName="Chat cap"))
    move(capped, outputState="AWAITING_NEXT_PERIOD")
    capped.refresh()
    assert [change.properties for change in capped.preview()] == [("inputState",)]
    body = {"amount": {"specifiedAmount": {"units": "999"}}, "spendCap": {"inputState": "CONFIGURED"}}
    capped.cloud.call("PATCH", f"/billingbudgets/v1/{made['name']}?updateMask=amount,spend_cap", body)
    assert [change.op for change in capped.refresh()] == ["update"]
    assert [change.op for change in capped.up()] == ["update"]
    [again] = caps(capped)
    assert again["amount"]["specifiedAmount"]["units"] == "150"
    assert again["spendCap"]["outputState"] == "CONFIGURED"

    # Google's DELETE may say yes while the cap goes on: it is read back, and deleted again.
    move(capped, survivesDeletes=1, unlisted=True)
    capped.destroy()
    assert caps(capped) == []


@pytest.mark.long
def test_what_replaces_a_cap_and_what_is_taken_over(capped: Workspace) -> None:
    make_project(capped, "acme-other-cap")
    write(capped, cap=cap())
    capped.up()
    [made] = caps(capped)
    number = made["budgetFilter"]["projects"][0].removeprefix("projects/")
    write(capped, cap=cap(project=number, displayName="acme-capped Gemini API cap"))
    assert [change.properties for change in capped.preview()] == [("displayName",)]
    write(capped, cap=cap(project="acme-other-cap"))
    [change] = [change for change in capped.preview() if change.op == "replace"]
    assert change.properties == ("project",)
    write(capped, cap=cap())

    # A run that was killed after Google had made the cap: the next one finds it by its name.
    forget(capped)
    capped.up()
    assert [each["name"] for each in caps(capped)] == [made["name"]]

    # One of another name is somebody else's, unless it is output_of_failure to be taken over.
    forget(capped)
    write(capped, cap=cap(displayName="Mine"))
    refusal = output_of_failure(capped, *UP)
    assert (
        "already has a spend cap, and Google allows one: 'acme-capped Gemini API cap' of 100.5 USD" in refusal
    )
    assert made["name"] in refusal
    assert "Traceback" not in refusal
    write(capped, cap=cap(displayName="Mine", adopt=True))
    capped.up()
    assert [(each["name"], each["displayName"]) for each in caps(capped)] == [(made["name"], "Mine")]

    # Imported by its name; Google tells the project's number, which is the same project.
    forget(capped)
    take_over(capped, "SpendCap", "cap", made["name"])
    write(capped, cap=cap(displayName="Mine"))
    assert capped.preview() == []


def test_bad_inputs_are_told_by_property_before_any_request(capped: Workspace) -> None:
    wrong = {
        "amount": "1,200",
        "billingAccount": "x",
        "project": "X!",
        "displayName": "n" * 61,
        "inputState": "ENFORCED",
        "ammount": "1",
    }
    write(capped, cap=cap(**wrong))
    before = capped.cloud.requests()[-1]["n"]
    refusal = output_of_failure(capped, "preview")
    assert [name for name in wrong if f"property {name} value" not in refusal] == []
    for words in ("write a decimal such as 1200.50", "has 61 characters", "CONFIGURED, AWAITING_NEXT_PERIOD"):
        assert words in refusal
    assert capped.cloud.requests(before) == []


def test_twelve_refusals_each_with_its_remedy(capped: Workspace) -> None:
    make_project(capped, "acme-other-cap")

    def faults(*errors: tuple[str, str, str]) -> None:
        entries = [
            {"error": error, "method": f"billingbudgets.billingAccounts.budgets.{method}", "path": path}
            for error, method, path in errors
        ]
        capped.cloud.call("PUT", "/_local/faults", {"faults": entries})

    def elsewhere(number: int) -> str:
        return f"AAAAAA-00000{number}-AAAAAA"

    words = {
        "Denied": "docs/organization.md lists the roles",
        "Bare": "Google gives no reason",
        "Precondition": "FAILED_PRECONDITION",
        "Unauthenticated": "Google does not accept the credentials",
    }
    errors = ("PERMISSION_DENIED", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNAUTHENTICATED")
    faults(*((error, "create", elsewhere(number)) for number, error in enumerate(errors, 1)))
    reseller = "0ABCDE-F01234-567890"
    master = {"master": f"billingAccounts/{ACCOUNT}"}
    capped.cloud.call("PATCH", f"/_local/billingAccounts/{reseller}", master)
    write(
        capped,
        Currency=cap(currency="EUR"),
        Lifted=cap(project="acme-other-cap", inputState="AWAITING_NEXT_PERIOD"),
        Nowhere=cap(project="acme-nowhere"),
        Unknown=cap(billingAccount=elsewhere(0)),
        Reseller=cap(billingAccount=reseller),
        **{name: cap(billingAccount=elsewhere(number)) for number, name in enumerate(words, 1)},
    )
    refusal = output_of_failure(capped, *UP, "--continue-on-error")
    for name, wanted in {
        **words,
        "Currency": "a budget has its billing account's currency",
        "Lifted": "a new cap cannot be lifted: write inputState: CONFIGURED",
        "Nowhere": "Project not found or not accessible",
        "Unknown": "it does not exist: check the name",
        "Reseller": "accounts that are Google's direct customers",
    }.items():
        told = refusal.partition(f"SpendCap ({name}):")[2].partition("SpendCap (")[0]
        assert wanted in told, name
    assert caps(capped) == []

    # Transient errors are retried.
    faults(("UNAVAILABLE", "create", ""), ("RATE_LIMIT_EXCEEDED", "create", ""), ("ABORTED", "patch", ""))
    write(capped, cap=cap())
    capped.up()
    write(capped, cap=cap(amount="7"))
    assert [change.op for change in capped.up()] == ["update"]
    write(capped, cap=cap(amount="7", currency="EUR"))
    assert "currency: write currency: USD" in output_of_failure(capped, "preview")

    # A second cap of the project, be it listed or not: Google answers a bare 400.
    write(capped, second=cap(displayName="Second"))
    forget(capped)
    assert "already has a spend cap" in output_of_failure(capped, "preview")
    move(capped, unlisted=True)
    assert "already has a cap that is not listed yet" in output_of_failure(capped, *UP)
    move(capped, unlisted=False, outputState="ENFORCED")
    write(capped, second=cap(adopt=True, amount="8"))
    assert "the cap is ENFORCED" in output_of_failure(capped, *UP)
    write(capped, second=cap(adopt=True, amount="7"))
    capped.up()

    # However often Google says yes to the DELETE of a cap: made a plain budget, it goes.
    move(capped, outputState="CONFIGURED", survivesDeletes=50)
    capped.destroy()
    assert caps(capped) == []
