"""Dashboards in Cloud Monitoring: use of the Gemini API by one project, or by all of an environment."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_gcp import monitoring


def make_dashboard(
    name: str,
    project_id: pulumi.Input[str],
    content: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Create a dashboard in a project. `content`: as Cloud Monitoring's API has it."""
    return monitoring.Dashboard(name, project=project_id, dashboard_json=json.dumps(content), opts=options)
