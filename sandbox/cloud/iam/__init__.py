"""IAM v1: service accounts of projects, to which API keys are bound, roles, pools of
federated identities, and the callers that the cloud knows."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.iam import (
    custom_roles,
    handlers,
    handlers_keys,
    handlers_pools,
    handlers_queries,
    handlers_roles,
    id_tokens,
    identities,
    models,
    pools,
)
from sandbox.cloud.iam.permissions import PERMISSIONS, denied

handlers.handlers.by_id.update(
    handlers_roles.handlers.by_id
    | handlers_queries.handlers.by_id
    | handlers_pools.handlers.by_id
    | handlers_keys.handlers.by_id
)

SERVICE = Service(
    name="iam",
    apis=(Api(partial(discovery.methods, "iam", "v1"), handlers.handlers),),
    schema=models.SCHEMA + custom_roles.SCHEMA + identities.SCHEMA + pools.SCHEMA + id_tokens.SCHEMA,
    on_project_deleted=pools.forget_project,
    purges={models.ACCOUNTS: models.purge, custom_roles.ROLES: custom_roles.purge},
    permissions=PERMISSIONS,
    denied=denied,
    on_policy_set=custom_roles.require_known,
)
