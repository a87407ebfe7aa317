"""Cloud Asset Inventory v1: what there is in the local cloud, and who may do what with it."""

from functools import partial

from sandbox.cloud.cloudasset import handlers, permissions
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudasset",
    apis=(Api(partial(discovery.methods, "cloudasset", "v1"), handlers.handlers),),
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
)
