"""Organization Policy v2: custom constraints, and policies that enforce them; those on API keys are enforced."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.orgpolicy import handlers, models

SERVICE = Service(
    name="orgpolicy",
    apis=(Api(partial(discovery.methods, "orgpolicy", "v2"), handlers.handlers),),
    schema=models.SCHEMA,
)
