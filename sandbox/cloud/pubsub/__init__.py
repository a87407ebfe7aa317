"""Pub/Sub v1: topics and subscriptions with their policies; messages that are pulled, or pushed by the clock."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.core.timeline import Job
from sandbox.cloud.pubsub import handlers, messages, models, permissions, push

SERVICE = Service(
    name="pubsub",
    apis=(Api(partial(discovery.methods, "pubsub", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=models.forget_project,
    job=Job(push.due, push.work, messages.set_back),
)
