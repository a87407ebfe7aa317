"""The resource types that the components use, one a file."""

from sandbox.standins.gcp.resource import ResourceType
from sandbox.standins.gcp.types import (
    alert_policy,
    api_key,
    budget,
    notification_channel,
    project,
    project_info,
    quota_override,
    quota_preference,
    service,
)

RESOURCE_TYPES: dict[str, ResourceType] = {
    kind.pulumi_type: kind
    for kind in (
        alert_policy.TYPE,
        api_key.TYPE,
        budget.TYPE,
        notification_channel.TYPE,
        project.TYPE,
        project_info.TYPE,
        quota_override.TYPE,
        quota_preference.TYPE,
        service.TYPE,
    )
}
