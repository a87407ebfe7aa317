"""Cloud Logging v2: the audit logs of administrative writes at every service, what callers write, and what others have
configured: metrics, which are counted, and sinks, exclusions, buckets and views, which are kept.
"""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.logging import (
    buckets,
    explorer,
    handlers,
    kept,
    log_metrics,
    models,
    permissions,
    sinks,
    views,
    written,
)

for _more in (buckets, explorer, log_metrics, sinks, views, written):
    handlers.handlers.by_id.update(_more.handlers.by_id)

SERVICE = Service(
    name="logging",
    apis=(Api(partial(discovery.methods, "logging", "v2"), handlers.handlers),),
    schema=models.SCHEMA + kept.SCHEMA + written.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    purges={buckets.BUCKETS: buckets.purge},
    operations=buckets.shown,
    on_project_created=kept.forget_namesake,
)
