"""Cloud Billing v1: accounts, the links of projects to them, and the price catalogue of the Gemini API."""

from functools import partial

from sandbox.cloud.cloudbilling import handlers, models, permissions, seed
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudbilling",
    apis=(Api(partial(discovery.methods, "cloudbilling", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    parents={"billingAccounts": models.parent_of},
    seed=seed.seed,
    on_project_deleted=models.unlink,
    key_paths=("/v1/services",),  # the price catalogue
)
