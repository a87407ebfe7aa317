"""Cloud Quotas: the Gemini API's quotas as Google shows them, and quota preferences."""

from functools import partial

from sandbox.cloud.cloudquotas import models, permissions
from sandbox.cloud.cloudquotas.handlers import handlers
from sandbox.cloud.core.protobuf import methods
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudquotas",
    apis=tuple(
        # gcloud asks the beta version.
        Api(partial(methods, f"google.cloud.cloudquotas_{version}", "CloudQuotas", "cloudquotas"), handlers)
        for version in ("v1", "v1beta")
    ),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
)
