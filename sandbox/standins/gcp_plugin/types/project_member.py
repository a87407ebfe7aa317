"""One member of one role on a project."""

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, text
from sandbox.standins.gcp_plugin.types.iam_member import MEMBER_FIELDS, MemberLifecycle
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

PROJECT_MEMBER = Resource(
    urn_type="gcp:projects/iAMMember:IAMMember",
    service="resourcemanager",
    title="project IAM member",
    long_title="project IAM member",
    fields={
        "project": text(required=True, replaces=True, sent=False, read=False),
        **MEMBER_FIELDS,
    },
    id="{project}/{role}/{member}",
    import_ids=(r"(?P<project>[^/ ]+) (?P<role>\S+) (?P<member>\S+)",),
    create=Call("POST", "projects/{project}:setIamPolicy", GO_CLIENT),
    read=Call("POST", "projects/{project}:getIamPolicy", GO_CLIENT),
)


class _ProjectMemberLifecycle(MemberLifecycle):
    """A member of a project's policy."""

    kind = "project"

    @override
    def path(self, properties: Properties) -> str:
        return f"projects/{properties['project']}"

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await self._send(
            context, properties, "getIamPolicy", {"options": {"requestedPolicyVersion": 3}}
        )

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
        await self._send(context, properties, "setIamPolicy", body)

    async def _send(self, context: Context, properties: Properties, verb: str, body: Json) -> Json:
        return await context.google.send(
            "resourcemanager",
            "POST",
            f"{self.path(properties)}:{verb}",
            query=GO_CLIENT,
            body=body,
            user_project=context.config.user_project(properties.get("project")),
        )


LIFECYCLE = _ProjectMemberLifecycle(PROJECT_MEMBER)
