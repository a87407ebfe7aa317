"""API Keys: keys, their restrictions and their strings."""

from functools import partial

from sandbox.cloud.apikeys import models, permissions
from sandbox.cloud.apikeys.handlers import handlers
from sandbox.cloud.core.discovery import methods
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="apikeys",
    apis=(Api(partial(methods, "apikeys", "v2"), handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
    purges={models.KEYS: models.purge},
)
