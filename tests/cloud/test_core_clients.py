"""Google's own Python clients against the local cloud."""

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Forbidden
from google.cloud import billing_v1
from google.cloud.billing import budgets_v1
from google.protobuf.field_mask_pb2 import FieldMask
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, LocalCloud


def _options(cloud: LocalCloud, service: str) -> ClientOptions:
    return ClientOptions(api_endpoint=cloud.url(service))


def test_google_cloud_billing_lists_links_and_prices(cloud: LocalCloud) -> None:
    cloud.create_project("gem-client-1")
    client = billing_v1.CloudBillingClient(
        transport="rest", client_options=_options(cloud, "cloudbilling"), credentials=CREDENTIALS
    )
    assert {account.display_name for account in client.list_billing_accounts()} >= {"Gemini", "Gemini EU"}
    info = client.update_project_billing_info(
        name="projects/gem-client-1",
        project_billing_info=billing_v1.ProjectBillingInfo(billing_account_name=f"billingAccounts/{ACCOUNT}"),
    )
    assert info.billing_enabled
    linked = client.list_project_billing_info(name=f"billingAccounts/{ACCOUNT}")
    assert "gem-client-1" in [item.project_id for item in linked]
    with pytest.raises(BadRequest):
        client.update_project_billing_info(
            name="projects/gem-client-1",
            project_billing_info=billing_v1.ProjectBillingInfo(billing_account_name="mine"),
        )
    with pytest.raises(Forbidden):
        client.get_project_billing_info(name="projects/not-there-1")

    catalog = billing_v1.CloudCatalogClient(
        transport="rest", client_options=_options(cloud, "cloudbilling"), credentials=CREDENTIALS
    )
    request = billing_v1.ListSkusRequest(parent="services/AEFD-7695-64FA", page_size=10)
    skus = list(catalog.list_skus(request=request))
    assert len(skus) > 40
    assert all(sku.pricing_info[0].pricing_expression.tiered_rates[0].unit_price.nanos > 0 for sku in skus)


def test_google_cloud_billing_budgets_makes_reads_and_changes_a_budget(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-client-2", account=ACCOUNT)
    client = budgets_v1.BudgetServiceClient(
        transport="rest", client_options=_options(cloud, "billingbudgets"), credentials=CREDENTIALS
    )
    parent = f"billingAccounts/{ACCOUNT}"
    budget = budgets_v1.Budget(
        display_name="from the client",
        amount=budgets_v1.BudgetAmount(specified_amount={"units": 100}),
        budget_filter=budgets_v1.Filter(
            projects=[f"projects/{number}"],
            credit_types_treatment=budgets_v1.Filter.CreditTypesTreatment.EXCLUDE_ALL_CREDITS,
        ),
        threshold_rules=[
            budgets_v1.ThresholdRule(
                threshold_percent=0.9, spend_basis=budgets_v1.ThresholdRule.Basis.FORECASTED_SPEND
            )
        ],
    )
    made = client.create_budget(parent=parent, budget=budget)
    assert made.amount.specified_amount.currency_code == "USD"
    assert made.budget_filter.credit_types_treatment == budget.budget_filter.credit_types_treatment
    assert made.threshold_rules[0].spend_basis == budget.threshold_rules[0].spend_basis

    made.display_name = "renamed"
    made.amount.specified_amount.units = 5
    request = budgets_v1.UpdateBudgetRequest(budget=made, update_mask=FieldMask(paths=["display_name"]))
    changed = client.update_budget(request=request)
    assert (changed.display_name, changed.amount.specified_amount.units) == ("renamed", 100)
    assert made.name in [item.name for item in client.list_budgets(parent=parent)]
    client.delete_budget(name=made.name)
    assert made.name not in [item.name for item in client.list_budgets(parent=parent)]


def test_google_api_python_client_creates_a_project_and_waits_for_it(cloud: LocalCloud) -> None:
    # The bundled discovery document, so that nothing is fetched.
    manager = build(
        "cloudresourcemanager",
        "v3",
        credentials=CREDENTIALS,
        client_options=_options(cloud, "cloudresourcemanager"),
        static_discovery=True,
    )
    operation = manager.projects().create(body={"projectId": "gem-client-3", "parent": FOLDER}).execute()
    while not operation.get("done"):
        operation = manager.operations().get(name=operation["name"]).execute()
    project = manager.projects().get(name="projects/gem-client-3").execute()
    assert operation["response"]["name"] == project["name"]

    with pytest.raises(HttpError) as refused:
        manager.projects().create(body={"projectId": "gem-client-3", "parent": FOLDER}).execute()
    assert (refused.value.status_code, refused.value.reason) == (409, "Requested entity already exists")
    request = manager.projects().search(query="parent:folders/*", pageSize=1)
    found: list[str] = []
    while request is not None:
        page = request.execute()
        found += [item["projectId"] for item in page["projects"]]
        request = manager.projects().search_next(request, page)
    assert "gem-client-3" in found
