"""Essential Contacts v1: whom Google writes to about a project, a folder or an organization."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.essentialcontacts import handlers, models, permissions

SERVICE = Service(
    name="essentialcontacts",
    apis=(Api(partial(discovery.methods, "essentialcontacts", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
)
