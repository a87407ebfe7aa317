"""Service Usage: which APIs a project has enabled, and the quotas of the Gemini API."""

from functools import partial

from sandbox.cloud.core.discovery import methods
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.serviceusage import handlers, identities, models, permissions
from sandbox.cloud.serviceusage.seed import seed

_v1 = partial(methods, "serviceusage", "v1")
_v1beta1 = partial(methods, "serviceusage", "v1beta1")

SERVICE = Service(
    name="serviceusage",
    apis=(
        Api(_v1, handlers.services),
        Api(_v1beta1, handlers.quotas),
        # Terraform's provider asks for overrides below whatever version its endpoint ends with.
        Api(_v1beta1, handlers.quotas, served_as="v1"),
    ),
    schema=models.SCHEMA + identities.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    seed=seed,
    on_project_created=models.enable_at_birth,
)
