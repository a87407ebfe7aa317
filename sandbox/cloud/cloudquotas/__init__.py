"""Cloud Quotas: the Gemini API's quotas as Google shows them, quota preferences, and the Quota Adjuster's settings."""

from functools import partial

from sandbox.cloud.cloudquotas import adjuster, models, permissions
from sandbox.cloud.cloudquotas.handlers import handlers
from sandbox.cloud.core.protobuf import methods
from sandbox.cloud.core.service import Api, Service

_adjuster = partial(methods, "google.cloud.cloudquotas_v1beta", "QuotaAdjusterSettingsManager", "cloudquotas")

SERVICE = Service(
    name="cloudquotas",
    # gcloud asks the beta version, which alone has the Quota Adjuster; Terraform's provider asks for that below
    # whatever version its endpoint ends with.
    apis=(
        *(
            Api(
                partial(methods, f"google.cloud.cloudquotas_{version}", "CloudQuotas", "cloudquotas"),
                handlers,
            )
            for version in ("v1", "v1beta")
        ),
        Api(_adjuster, adjuster.handlers),
        Api(_adjuster, adjuster.handlers, served_as="v1"),
    ),
    schema=models.SCHEMA + adjuster.SCHEMA,
    permissions=permissions.PERMISSIONS,
    needs_quota_project=True,
)
