"""Organization Policy v2: custom constraints, policies, and what they forbid in the local cloud."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.orgpolicy import enforcement, handlers, models, permissions

SERVICE = Service(
    name="orgpolicy",
    apis=(Api(partial(discovery.methods, "orgpolicy", "v2"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_policy_set=enforcement.require_members,
    needs_quota_project=True,
)
