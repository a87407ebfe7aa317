"""Secret Manager v1: secrets with automatic or user-managed replication, their versions and who may read them."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.secretmanager import handlers, models, permissions

SERVICE = Service(
    name="secretmanager",
    apis=(Api(partial(discovery.methods, "secretmanager", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=models.forget_project,
)
