"""IAM v1: the service accounts of projects, which API keys are bound to."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.iam import handlers, models

SERVICE = Service(
    name="iam",
    apis=(Api(partial(discovery.methods, "iam", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
)
