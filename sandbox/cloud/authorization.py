"""Whether a caller whom the local cloud knows may make a call; its operator may make any."""

from dataclasses import replace
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.permissions import Need, decisive, missing
from sandbox.cloud.core.quota_project import without_quota_project
from sandbox.cloud.core.service import Call, Caller, Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import grants

USE: Final = "serviceusage.services.use"
"""Letting a call count against a project."""
_OF_THE_RESOURCE: Final = frozenset(
    {
        "cloudfunctions",
        "cloudkms",
        "cloudscheduler",
        "compute",
        "logging",
        "monitoring",
        "pubsub",
        "run",
        "secretmanager",
        "storage",
    }
)
"""Services whose calls count against the project of the resource."""


def counted(store: Store, service: Service, caller: Caller) -> Caller:
    """The caller with the project that its call counts against.

    Raises:
        CloudError: 403 for a project that the caller may not use, and for a person who names none where one is needed.
    """
    if caller.user_project:
        project = projects.require_user_project(store, caller.user_project)
        if not grants.holds(store, caller.member, USE, f"projects/{project.number}"):
            raise projects.user_project_denied(caller.user_project)
        return caller
    if service.name in _OF_THE_RESOURCE:
        return replace(caller, own_project="")
    if service.needs_quota_project and not caller.own_project:
        raise without_quota_project(f"{service.name}.googleapis.com")
    return caller


def require(service: Service, call: Call) -> set[Need]:
    """Refuse a call for which the caller lacks a permission; returns those without any one of which it would be.

    Raises:
        CloudError: 403, as the service writes it.
    """
    rule = service.permissions[call.method.id]
    need = missing(call, rule)
    if need is not None:
        raise service.denied(call, need)
    return decisive(call, rule)
