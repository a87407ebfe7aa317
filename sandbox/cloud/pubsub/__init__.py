"""Pub/Sub v1: topics with their policies, and pull subscriptions to see what was published."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.pubsub import handlers, models

SERVICE = Service(
    name="pubsub",
    apis=(Api(partial(discovery.methods, "pubsub", "v1"), handlers.handlers),),
    schema=models.SCHEMA,
    on_project_deleted=models.forget_project,
)
