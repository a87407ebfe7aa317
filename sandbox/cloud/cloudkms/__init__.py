"""Cloud KMS v1: key rings, symmetric keys with their versions, encryption by them, and who may use them."""

from functools import partial

from sandbox.cloud.cloudkms import handlers, models, permissions
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudkms",
    apis=(Api(partial(discovery.methods, "cloudkms", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=models.forget_project,
)
