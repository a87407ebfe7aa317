"""Cloud Monitoring: notification channels, alert policies, time series, dashboards."""

from functools import partial

from sandbox.cloud.core.discovery import methods
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.monitoring import custom, descriptors, handlers, models, permissions

handlers.v3.by_id.update(descriptors.handlers.by_id)

SERVICE = Service(
    name="monitoring",
    apis=(
        Api(partial(methods, "monitoring", "v3"), handlers.v3),
        Api(partial(methods, "monitoring", "v1"), handlers.v1),
    ),
    schema=models.SCHEMA + custom.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
)
