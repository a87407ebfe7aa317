"""Cloud Billing v1: accounts, links, the price catalogue."""

import re
from decimal import Decimal
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud import billing_v1

from tests.cloud.local_cloud import (
    ACCOUNT,
    CLOSED_ACCOUNT,
    CREDENTIALS,
    EURO_ACCOUNT,
    NEW_ACCOUNT,
    ORGANIZATION,
    LocalCloud,
)

SERVICE = "cloudbilling"
SKUS = "v1/services/AEFD-7695-64FA/skus"


def _link(cloud: LocalCloud, project_id: str, account_name: str, status: int = 200) -> dict[str, Any]:
    body = {"billingAccountName": account_name}
    return cloud.call(SERVICE, "PUT", f"v1/projects/{project_id}/billingInfo", body, status=status)


def test_the_accounts_of_the_first_world(cloud: LocalCloud) -> None:
    accounts = cloud.call(SERVICE, "GET", "v1/billingAccounts")["billingAccounts"]
    assert {
        account["name"].removeprefix("billingAccounts/"): account["currencyCode"] for account in accounts
    } == {
        ACCOUNT: "USD",
        EURO_ACCOUNT: "EUR",
        CLOSED_ACCOUNT: "USD",
        NEW_ACCOUNT: "USD",
    }
    opened = cloud.call(SERVICE, "GET", "v1/billingAccounts", filter="open=true")["billingAccounts"]
    assert len(opened) == 3
    assert cloud.call(SERVICE, "GET", f"v1/{ORGANIZATION}/billingAccounts") == {"billingAccounts": accounts}
    assert cloud.call(SERVICE, "GET", "v1/billingAccounts/AAAAAA-BBBBBB-CCCCCC", status=404)["error"] == {
        "code": 404,
        "message": "Requested entity was not found.",
        "status": "NOT_FOUND",
    }


def test_a_project_is_linked_moved_and_unlinked(cloud: LocalCloud) -> None:
    cloud.create_project("gem-link-1")
    free = {
        "name": "projects/gem-link-1/billingInfo",
        "projectId": "gem-link-1",
        "billingAccountName": "",
        "billingEnabled": False,
    }
    path = "v1/projects/gem-link-1/billingInfo"
    assert cloud.call(SERVICE, "GET", path) == free
    for account in (ACCOUNT, EURO_ACCOUNT):
        linked = _link(cloud, "gem-link-1", f"billingAccounts/{account}")
        assert linked == {**free, "billingAccountName": f"billingAccounts/{account}", "billingEnabled": True}
        assert cloud.call(SERVICE, "GET", path) == linked
        listed = cloud.call(SERVICE, "GET", f"v1/billingAccounts/{account}/projects")["projectBillingInfo"]
        assert linked in listed
    # An empty body unlinks as well as an empty name: it is how the official plugin does it.
    assert cloud.call(SERVICE, "PUT", path, {}) == free
    _link(cloud, "gem-link-1", f"billingAccounts/{ACCOUNT}")
    assert _link(cloud, "gem-link-1", "") == free


def test_a_closed_account_can_be_linked_and_enables_nothing(cloud: LocalCloud) -> None:
    cloud.create_project("gem-closed-1")
    assert _link(cloud, "gem-closed-1", f"billingAccounts/{CLOSED_ACCOUNT}")["billingEnabled"] is False


def test_an_account_that_closes_disables_its_projects(cloud: LocalCloud) -> None:
    cloud.create_project("gem-closing-1", account=EURO_ACCOUNT)
    state = cloud.local("PATCH", f"billingAccounts/{EURO_ACCOUNT}", {"open": False, "tier": 3})
    assert state == {"tier": 3, "open": False, "linkLimit": 25, "master": ""}
    assert cloud.call(SERVICE, "GET", f"v1/billingAccounts/{EURO_ACCOUNT}")["open"] is False
    assert cloud.call(SERVICE, "GET", "v1/projects/gem-closing-1/billingInfo")["billingEnabled"] is False
    cloud.local("PATCH", f"billingAccounts/{EURO_ACCOUNT}", {"open": True})


def test_the_sixth_project_of_a_new_account_is_refused_as_google_refuses_it(cloud: LocalCloud) -> None:
    for number in range(6):
        cloud.create_project(f"gem-limit-{number}")
    name = f"billingAccounts/{NEW_ACCOUNT}"
    for number in range(5):
        _link(cloud, f"gem-limit-{number}", name)
    error = _link(cloud, "gem-limit-5", name, status=400)["error"]
    assert (error["status"], error["message"]) == ("FAILED_PRECONDITION", "Precondition check failed.")
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.QuotaFailure"
    assert detail["violations"][0]["subject"] == name
    assert detail["violations"][0]["description"].startswith("Cloud billing quota exceeded: ")

    _link(cloud, "gem-limit-0", name)  # a link that is there already takes no second place
    _link(cloud, "gem-limit-0", "")
    _link(cloud, "gem-limit-5", name)


@pytest.mark.parametrize(
    ("account_name", "status"),
    [
        (ACCOUNT, 400),
        ("billingAccounts/123", 400),
        (f"billingAccounts/{ACCOUNT.lower()}", 400),
        ("billingAccounts/AAAAAA-BBBBBB-CCCCCC", 403),
    ],
)
def test_a_link_to_no_account_is_refused(cloud: LocalCloud, account_name: str, status: int) -> None:
    _link(cloud, "sandbox-seed", account_name, status=status)
    assert cloud.call(SERVICE, "GET", "v1/projects/sandbox-seed/billingInfo")["billingEnabled"] is True


def test_an_account_is_renamed_and_nothing_else_of_it(cloud: LocalCloud) -> None:
    path = f"v1/billingAccounts/{CLOSED_ACCOUNT}"
    renamed = cloud.call(
        SERVICE, "PATCH", path, {"displayName": "Old", "currencyCode": "EUR"}, updateMask="display_name"
    )
    assert (renamed["displayName"], renamed["currencyCode"]) == ("Old", "USD")
    cloud.call(SERVICE, "PATCH", path, {"currencyCode": "EUR"}, updateMask="currencyCode", status=400)
    asked = ["billing.resourceAssociations.create"]
    assert cloud.call(SERVICE, "POST", f"{path}:testIamPermissions", {"permissions": asked}) == {
        "permissions": asked
    }
    version: dict[str, Any] = {"options.requestedPolicyVersion": "3"}
    assert cloud.call(SERVICE, "GET", f"{path}:getIamPolicy", **version)["version"] == 1
    cloud.call(SERVICE, "PATCH", path, {"displayName": " "}, updateMask="displayName", status=400)


def test_subaccounts_of_a_reseller(cloud: LocalCloud) -> None:
    client = billing_v1.CloudBillingClient(
        transport="rest",
        client_options=ClientOptions(api_endpoint=cloud.url(SERVICE)),
        credentials=CREDENTIALS,
    )
    master = f"billingAccounts/{EURO_ACCOUNT}"
    wanted = billing_v1.BillingAccount(display_name="Customer 1", master_billing_account=master)
    made = client.create_billing_account(billing_account=wanted)
    assert (made.master_billing_account, made.parent, made.currency_code, made.open_) == (
        master,
        master,
        "EUR",
        True,
    )
    other = cloud.call(SERVICE, "POST", f"v1/{master}/subAccounts", {"displayName": "Customer 2"})
    names = {made.name, other["name"]}
    assert all(re.fullmatch(r"billingAccounts/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", name) for name in names)
    filtered = billing_v1.ListBillingAccountsRequest(filter=f"master_billing_account={master}")
    assert {each.name for each in client.list_billing_accounts(request=filtered)} == names
    below = billing_v1.ListBillingAccountsRequest(parent=master)
    assert {each.name for each in client.list_billing_accounts(request=below)} == names
    listed = cloud.call(SERVICE, "GET", f"v1/{master}/subAccounts")["billingAccounts"]
    assert {each["name"] for each in listed} == names
    third = {"displayName": "Customer 3", "masterBillingAccount": master}
    cloud.call(SERVICE, "POST", f"v1/{ORGANIZATION}/billingAccounts", third)
    cloud.create_project("gem-sub-1", account=made.name.removeprefix("billingAccounts/"))
    renamed = cloud.call(
        SERVICE, "PATCH", f"v1/{made.name}", {"displayName": "Gone"}, updateMask="displayName"
    )
    assert (renamed["displayName"], renamed["masterBillingAccount"]) == ("Gone", master)
    for body, status in (
        ({"displayName": "x"}, 400),
        ({"displayName": "", "masterBillingAccount": master}, 400),
        ({"displayName": "x", "masterBillingAccount": made.name}, 400),
        ({"displayName": "x", "masterBillingAccount": f"billingAccounts/{CLOSED_ACCOUNT}"}, 400),
        ({"displayName": "x", "masterBillingAccount": "billingAccounts/AAAAAA-BBBBBB-CCCCCC"}, 403),
    ):
        cloud.call(SERVICE, "POST", "v1/billingAccounts", body, status=status)
    # Who administers the reseller's account does its subaccounts, too; a subaccount stays where it is.
    cloud.local("PUT", "identities", {"identities": {"anns": {"member": "user:ann@example.com"}}})
    cloud.call(SERVICE, "GET", f"v1/{made.name}", token="anns", status=403)
    binding = {"role": "roles/billing.admin", "members": ["user:ann@example.com"]}
    cloud.call(SERVICE, "POST", f"v1/{master}:setIamPolicy", {"policy": {"bindings": [binding]}})
    cloud.call(SERVICE, "GET", f"v1/{made.name}", token="anns")
    cloud.local("DELETE", "identities")
    destination = {"destinationParent": ORGANIZATION}
    cloud.call(SERVICE, "POST", f"v1/{made.name}:move", destination, status=400)
    assert cloud.call(SERVICE, "POST", f"v1/{master}:move", destination)["parent"] == ORGANIZATION
    assert cloud.call(SERVICE, "GET", f"v1/{ORGANIZATION}/{master}:move")["parent"] == ORGANIZATION


def _per_million(cloud: LocalCloud, description: str, **query: Any) -> list[Decimal]:
    skus = cloud.call(SERVICE, "GET", SKUS, **query)["skus"]
    (sku,) = [sku for sku in skus if sku["description"] == description]
    prices = []
    for pricing in sku["pricingInfo"]:
        (rate,) = pricing["pricingExpression"]["tieredRates"]
        assert pricing["pricingExpression"]["usageUnit"] == "count"
        prices.append(Decimal(rate["unitPrice"]["nanos"]) / 1000)
    return prices


def test_prices_change_on_their_dates(cloud: LocalCloud) -> None:
    description = "Generate content input token count Gemini 3.6 Flash text"
    around_new_year = {"startTime": "2026-12-01T00:00:00Z", "endTime": "2027-02-01T00:00:00Z"}
    assert _per_million(cloud, description, **around_new_year) == [Decimal("0.75"), Decimal("1.5")]
    after = {"startTime": "2027-02-01T00:00:00Z", "endTime": "2027-03-01T00:00:00Z"}
    assert _per_million(cloud, description, **after) == [Decimal("1.5")]
    assert _per_million(cloud, "Long context generate content output token count Gemini 2.5 Pro") == [
        Decimal(15)
    ]


def test_the_catalogue_comes_in_pages_without_loss(cloud: LocalCloud) -> None:
    everything = cloud.call(SERVICE, "GET", SKUS)["skus"]
    collected: list[dict[str, Any]] = []
    token = ""
    while True:
        page = cloud.call(SERVICE, "GET", SKUS, pageSize="10", pageToken=token)
        collected += page["skus"]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert collected == everything
    assert len({sku["skuId"] for sku in everything}) == len(everything) > 40


def test_the_catalogue_refuses_what_it_does_not_have(cloud: LocalCloud) -> None:
    cloud.call(SERVICE, "GET", "v1/services/0000-0000-0000/skus", status=404)
    cloud.call(SERVICE, "GET", SKUS, currencyCode="XXX", status=400)
    cloud.call(SERVICE, "GET", SKUS, startTime="yesterday", status=400)
    assert len(cloud.call(SERVICE, "GET", "v1/services")["services"]) == 2
