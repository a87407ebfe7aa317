"""The APIs of a project: the Gemini API, and those that keys and alerts need."""

from collections.abc import Iterable

import pulumi
from pulumi_gcp import projects

from components.base import Component


def enable_apis(
    owner: Component, name: str, project_id: str, services: Iterable[str], ready: pulumi.Resource
) -> dict[str, pulumi.Resource]:
    """Enable services; returns them by name. They stay enabled after the stack is destroyed, as others may use them."""
    made: dict[str, pulumi.Resource] = {}
    for service in services:
        own = f"{name}-{service.partition('.')[0]}"
        made[service] = projects.Service(
            own,
            project=project_id,
            service=service,
            disable_on_destroy=False,
            opts=owner.child(own, "", after=[ready]),
        )
    return made
