"""Cloud Billing v1, method by method."""

from dataclasses import replace

from sandbox.cloud.cloudbilling import models, skus
from sandbox.cloud.cloudbilling.models import Account
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import filters, iam, masks, paging
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()


def _view(account: Account) -> JsonObject:
    return {
        "name": f"billingAccounts/{account.id}",
        "open": account.open,
        "displayName": account.display_name,
        "masterBillingAccount": account.master,
        "parent": account.parent,
        "currencyCode": account.currency,
    }


def _billing_info(project: Project, account: Account | None) -> JsonObject:
    return {
        "name": f"projects/{project.project_id}/billingInfo",
        "projectId": project.project_id,
        "billingAccountName": f"billingAccounts/{account.id}" if account is not None else "",
        "billingEnabled": account is not None and account.open,
    }


def _accounts(call: Call, parent: str) -> JsonObject:
    accepts = filters.parse(call.query.get("filter", ""))
    accounts = [
        account
        for account in models.all_accounts(call.store)
        if (not parent or account.parent == parent)
        and accepts({"open": str(account.open).lower(), "master_billing_account": account.master}.get)
        and call.may("billing.accounts.get", f"billingAccounts/{account.id}")
    ]
    page, token = paging.requested(call.query, default=100, maximum=100).cut(accounts, lambda item: item.id)
    return ({"billingAccounts": [_view(account) for account in page]} if page else {}) | token


@handlers("cloudbilling.billingAccounts.list")
def list_accounts(call: Call) -> JsonObject:
    return _accounts(call, call.query.get("parent", ""))


@handlers("cloudbilling.organizations.billingAccounts.list", "cloudbilling.billingAccounts.subAccounts.list")
def list_accounts_below(call: Call) -> JsonObject:
    return _accounts(call, call.path["parent"])


@handlers("cloudbilling.billingAccounts.create", "cloudbilling.billingAccounts.subAccounts.create")
def create_account(call: Call) -> JsonObject:
    made = models.create_subaccount(call.store, master(call), call.body.get("displayName", ""))
    return _view(made)


@handlers("cloudbilling.organizations.billingAccounts.create")
def create_account_of_organization(call: Call) -> JsonObject:
    above = models.find(call.store, master(call).partition("/")[2])
    if above is not None and above.parent != call.path["parent"]:
        raise invalid_argument(f"{master(call)} is not of {call.path['parent']}.", "master_billing_account")
    return create_account(call)


def master(call: Call) -> str:
    """The account that a new one is to be a subaccount of, as path, query or body name it.

    Raises:
        CloudError: 400 for two different ones.
    """
    parent = call.path.get("parent") or call.query.get("parent", "")
    named = {
        call.body.get("masterBillingAccount", ""),
        "" if parent.startswith("organizations/") else parent,
    } - {""}
    if len(named) > 1:
        raise invalid_argument("parent and master_billing_account name different accounts.", "parent")
    return next(iter(named), "")


@handlers("cloudbilling.billingAccounts.move")
def move_account(call: Call) -> JsonObject:
    return _moved(call, call.ids[0], call.body.get("destinationParent", ""))


@handlers("cloudbilling.organizations.billingAccounts.move")
def move_account_to_organization(call: Call) -> JsonObject:
    return _moved(call, call.ids[1], call.path["destinationParent"])


def _moved(call: Call, account_id: str, destination: str) -> JsonObject:
    account = models.require(call.store, account_id)
    if account.master:
        raise failed_precondition(
            "A subaccount belongs to the organization of its parent, and cannot be moved."
        )
    if not destination.startswith("organizations/"):
        raise invalid_argument(f"{destination} is not an organization's name.", "destination_parent")
    projects.require_parent(call.store, destination)
    moved = replace(account, parent=destination)
    models.add(call.store, moved)
    return _view(moved)


@handlers("cloudbilling.billingAccounts.get")
def get_account(call: Call) -> JsonObject:
    return _view(models.require(call.store, call.ids[0]))


@handlers("cloudbilling.billingAccounts.patch")
def patch_account(call: Call) -> JsonObject:
    account = models.require(call.store, call.ids[0])
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    if any(path != ("displayName",) for path in paths):
        raise invalid_argument(None, "update_mask", "Only display_name can be updated.")
    if paths:
        models.check_display_name(call.body.get("displayName", ""))
        account = replace(account, display_name=call.body["displayName"])
        models.add(call.store, account)
    return _view(account)


@handlers("cloudbilling.billingAccounts.getIamPolicy")
def get_iam_policy(call: Call) -> JsonObject:
    account = models.require(call.store, call.ids[0]).id
    version = call.query.get("options.requestedPolicyVersion", 0)
    return iam.get_policy(call.store, f"billingAccounts/{account}", version)


@handlers("cloudbilling.billingAccounts.setIamPolicy")
def set_iam_policy(call: Call) -> JsonObject:
    account = models.require(call.store, call.ids[0])
    return iam.set_requested(call, f"billingAccounts/{account.id}")


@handlers("cloudbilling.billingAccounts.testIamPermissions")
def test_iam_permissions(call: Call) -> JsonObject:
    account = models.require(call.store, call.ids[0])
    return iam.permissions_held(call, f"billingAccounts/{account.id}", "billing.")


@handlers("cloudbilling.billingAccounts.projects.list")
def list_projects(call: Call) -> JsonObject:
    account = models.require(call.store, call.ids[0])
    page, token = paging.requested(call.query, default=100, maximum=100).cut(
        models.linked_projects(call.store, account.id), str
    )
    infos = [_billing_info(projects.require(call.store, number), account) for number in page]
    return ({"projectBillingInfo": infos} if infos else {}) | token


@handlers("cloudbilling.projects.getBillingInfo")
def get_billing_info(call: Call) -> JsonObject:
    project = projects.require_active(call.store, call.ids[0])
    return _billing_info(project, models.account_of(call.store, project.number))


@handlers("cloudbilling.projects.updateBillingInfo")
def update_billing_info(call: Call) -> JsonObject:
    project = projects.require_active(call.store, call.ids[0])
    models.link(call.store, project, call.body.get("billingAccountName", ""), call.when)
    return _billing_info(project, models.account_of(call.store, project.number))


@handlers("cloudbilling.services.list")
def list_services(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=5000, maximum=5000).cut(
        skus.services(), lambda service: str(service["name"])
    )
    return ({"services": page} if page else {}) | token


@handlers("cloudbilling.services.skus.list")
def list_skus(call: Call) -> JsonObject:
    listed = skus.skus(
        call.ids[0],
        call.query.get("currencyCode") or "USD",
        call.query.get("startTime", ""),
        call.query.get("endTime", ""),
        call.now,
    )
    page, token = paging.requested(call.query, default=5000, maximum=5000).cut(
        listed, lambda sku: str(sku["name"])
    )
    return ({"skus": page} if page else {}) | token
