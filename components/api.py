"""The APIs of a project: Gemini's, and those its guardrails need."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import projects

from components.base import Component
from landing_zone.gemini import GEMINI_API

API_KEYS_API = "apikeys.googleapis.com"
MONITORING_API = "monitoring.googleapis.com"


class ProjectApisArgs(TypedDict):
    """Which APIs, where."""

    projectId: pulumi.Input[str]
    """The project's id."""
    services: Sequence[str]
    """Service names besides the Gemini API's."""


class ProjectApis(Component):
    """Enabled APIs. They stay enabled when the stack goes: others may have come to use them."""

    enabled: dict[str, pulumi.Resource]
    """By service name."""

    def __init__(self, name: str, args: ProjectApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.enabled = {
            service: projects.Service(
                f"{name}-{service.partition('.')[0]}",
                project=args["projectId"],
                service=service,
                disable_on_destroy=False,
                opts=self.child(),
            )
            for service in (GEMINI_API, *args["services"])
        }
        self.register_outputs({})
