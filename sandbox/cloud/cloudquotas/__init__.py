"""Cloud Quotas: the Gemini API's quotas as Google shows them, and quota preferences."""

from functools import partial

from sandbox.cloud.cloudquotas import models
from sandbox.cloud.cloudquotas.handlers import handlers
from sandbox.cloud.core.protobuf import methods
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudquotas",
    apis=(Api(partial(methods, "google.cloud.cloudquotas_v1", "CloudQuotas", "cloudquotas"), handlers),),
    schema=models.SCHEMA,
)
