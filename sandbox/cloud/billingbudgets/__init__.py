"""Billing Budgets v1."""

from functools import partial

from sandbox.cloud.billingbudgets import handlers, models, permissions
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="billingbudgets",
    apis=(Api(partial(discovery.methods, "billingbudgets", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
)
