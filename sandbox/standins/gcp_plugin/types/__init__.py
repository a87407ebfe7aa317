"""The resource types and functions, by token."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle
from sandbox.standins.gcp_plugin.types import (
    alert_policy,
    api_key,
    bucket,
    bucket_object,
    budget,
    contact,
    custom_role,
    dashboard,
    function,
    kms,
    members,
    notification_channel,
    org_policy,
    project,
    project_info,
    quota_override,
    quota_preference,
    scheduler_job,
    service,
    service_account,
    service_member,
    subscription,
    tag_binding,
    topic,
    workload_identity,
)

Function = Callable[[Context, Mapping[str, Any]], Awaitable[dict[str, Any]]]

LIFECYCLES: Mapping[str, Lifecycle] = {
    lifecycle.resource.urn_type: lifecycle
    for lifecycle in (
        project.LIFECYCLE,
        *members.LIFECYCLES,
        *custom_role.LIFECYCLES,
        *kms.LIFECYCLES,
        *workload_identity.LIFECYCLES,
        bucket.LIFECYCLE,
        bucket_object.LIFECYCLE,
        function.LIFECYCLE,
        scheduler_job.LIFECYCLE,
        *service_member.LIFECYCLES,
        subscription.LIFECYCLE,
        subscription.MEMBER_LIFECYCLE,
        service.LIFECYCLE,
        service_account.LIFECYCLE,
        api_key.LIFECYCLE,
        dashboard.LIFECYCLE,
        org_policy.POLICY_LIFECYCLE,
        tag_binding.LIFECYCLE,
        topic.TOPIC_LIFECYCLE,
        topic.MEMBER_LIFECYCLE,
        *(
            Lifecycle(resource)
            for resource in (
                alert_policy.ALERT_POLICY,
                budget.BUDGET,
                contact.CONTACT,
                org_policy.CUSTOM_CONSTRAINT,
                notification_channel.NOTIFICATION_CHANNEL,
                project_info.PROJECT_INFO,
                quota_override.QUOTA_OVERRIDE,
                quota_preference.QUOTA_PREFERENCE,
            )
        ),
    )
}

FUNCTIONS: Mapping[str, Function] = {"gcp:organizations/getProject:getProject": project.get_project}
