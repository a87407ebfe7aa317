"""Billing Budgets v1, method by method."""

from sandbox.cloud.billingbudgets import models
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()

_METHOD = "billingbudgets.billingAccounts.budgets"


@handlers(f"{_METHOD}.create")
def create(call: Call) -> JsonObject:
    return models.create(call.store, call.ids[0], call.body)


@handlers(f"{_METHOD}.get")
def get(call: Call) -> JsonObject:
    return models.get(call.store, call.ids[0], call.ids[1])


@handlers(f"{_METHOD}.list")
def list_(call: Call) -> JsonObject:
    budgets = models.list_all(call.store, call.ids[0], call.query.get("scope", ""))
    page, token = paging.requested(call.query, default=100, maximum=100).cut(
        budgets, lambda item: str(item["name"])
    )
    return ({"budgets": page} if page else {}) | token


@handlers(f"{_METHOD}.patch")
def patch(call: Call) -> JsonObject:
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    return models.update(call.store, call.ids[0], call.ids[1], paths, call.body, masked=bool(mask))


@handlers(f"{_METHOD}.delete")
def delete(call: Call) -> JsonObject:
    models.delete(call.store, call.ids[0], call.ids[1])
    return {}
