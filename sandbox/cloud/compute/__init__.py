"""Compute Engine v1: the little of it that a project without its default network needs."""

from functools import partial

from sandbox.cloud.compute import (
    errors,
    handlers_networks,
    handlers_projects,
    models,
    networks,
    operations,
    permissions,
)
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

handlers_networks.handlers.by_id.update(handlers_projects.handlers.by_id)

SERVICE = Service(
    name="compute",
    apis=(Api(partial(discovery.methods, "compute", "v1"), handlers_networks.handlers),),
    schema=models.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    refusals=errors.shaped,
    operations=operations.shown,
    on_service_enabled=networks.first_enabled,
)
