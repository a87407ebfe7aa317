"""Cloud Logging v2: the audit logs of administrative writes at every service of the local cloud."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.logging import handlers, models, permissions

SERVICE = Service(
    name="logging",
    apis=(Api(partial(discovery.methods, "logging", "v2"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
)
