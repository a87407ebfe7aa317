"""Cloud Monitoring: notification channels, alert policies, snoozes, time series, dashboards, uptime checks."""

from functools import partial

from sandbox.cloud.core.discovery import methods
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.monitoring import (
    custom,
    descriptors,
    handlers,
    models,
    permissions,
    scopes,
    snoozes,
    uptime,
)

for _more in (descriptors, snoozes, uptime):
    handlers.v3.by_id.update(_more.handlers.by_id)
handlers.v1.by_id.update(scopes.handlers.by_id)

SERVICE = Service(
    name="monitoring",
    apis=(
        Api(partial(methods, "monitoring", "v3"), handlers.v3),
        Api(partial(methods, "monitoring", "v1"), handlers.v1),
    ),
    schema=models.SCHEMA + custom.SCHEMA + scopes.SCHEMA,
    operations=scopes.shown,
    on_project_deleted=scopes.forget_project,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
)
