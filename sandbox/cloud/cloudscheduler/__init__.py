"""Cloud Scheduler v1: jobs that call an address, or publish, by the clock."""

from functools import partial

from sandbox.cloud.cloudscheduler import handlers, models, permissions, runs
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.core.timeline import Job

SERVICE = Service(
    name="cloudscheduler",
    apis=(Api(partial(discovery.methods, "cloudscheduler", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=models.forget_project,
    job=Job(models.next_due, runs.work, models.set_back),
)
