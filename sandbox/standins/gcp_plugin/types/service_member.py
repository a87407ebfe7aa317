"""Members of the policies of Cloud Run services and of Cloud Run functions."""

from collections.abc import Mapping

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    last_segment,
    project,
    same_name,
    text,
)
from sandbox.standins.gcp_plugin.types.iam_member import IMPORTED, MEMBER_FIELDS, MemberLifecycle


class _ServiceMember(MemberLifecycle):
    """The program may name the service by its name alone; the state has its full name."""

    def __init__(self, urn_type: str, service: str, owner: str, collection: str, described: str) -> None:
        """`owner` is the property that names what has the policy, `collection` where that is."""
        path = f"projects/{{project}}/locations/{{location}}/{collection}/{{{owner}}}"
        super().__init__(
            Resource(
                urn_type=urn_type,
                service=service,
                title="IAM member",
                long_title="IAM member",
                fields={
                    "project": project(),
                    "location": text(computed=True, replaces=True, sent=False, read=False),
                    owner: text(required=True, replaces=True, same=same_name, sent=False, read=False),
                    **MEMBER_FIELDS,
                },
                id=f"{path}/{{role}}/{{member}}",
                import_ids=(
                    rf"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/{collection}/(?P<{owner}>[^/ ]+) "
                    + IMPORTED,
                ),
                read=Call("GET", f"{path}:getIamPolicy"),
                create=Call("POST", f"{path}:setIamPolicy"),
                autonames=(Autoname(property=owner),) if owner == "name" else (),
                timeouts_min={},
                placed_late=True,
            )
        )
        self._owner, self._collection, self._described = owner, collection, described

    def _short(self, properties: Mapping[str, Value]) -> Properties:
        return {**properties, self._owner: last_segment(properties[self._owner])}

    def _full(self, properties: Properties) -> str:
        where = f"projects/{properties['project']}/locations/{properties['location']}"
        return f"{where}/{self._collection}/{last_segment(properties[self._owner])}"

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        return super().id(self._short(properties))

    @override
    def described(self, properties: Properties) -> str:
        return f'{self._described} "{self._full(properties)}"'

    @override
    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        return properties, {**properties, self._owner: self._full(properties)}

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await self._call(context, self.resource.read, self._short(properties))

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        await self._call(context, self.resource.create, self._short(properties), {"policy": policy})


LIFECYCLES = (
    _ServiceMember(
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        "cloudrun",
        "name",
        "services",
        "cloudrunv2 service",
    ),
    _ServiceMember(
        "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
        "cloudfunctions2",
        "cloudFunction",
        "functions",
        "cloudfunctions2 function",
    ),
)
