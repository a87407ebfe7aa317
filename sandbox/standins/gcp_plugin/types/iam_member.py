"""One member of one role on a resource: its IAM policy is read, changed and written."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import block, text

_ATTEMPTS = 10

MEMBER_FIELDS = {
    "role": text(required=True, replaces=True, sent=False, read=False),
    "member": text(required=True, replaces=True, sent=False, read=False),
    "condition": block(
        {
            "expression": text(required=True, replaces=True),
            "title": text(required=True, replaces=True),
            "description": text(replaces=True),
        },
        replaces=True,
        sent=False,
        read=False,
    ),
    "etag": text(output=True, sent=False),
}


class MemberLifecycle(Lifecycle):
    """A member of a resource's policy; the change is repeated after a concurrent one."""

    kind: str
    """What the policy is of, in the official plugin's messages."""

    @abstractmethod
    def path(self, properties: Properties) -> str:
        """Path of the resource that has the policy."""

    @abstractmethod
    async def policy(self, context: Context, properties: Properties) -> Json:
        """Read the policy."""

    @abstractmethod
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        """Write the policy."""

    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        """Properties for the id, and those that the official plugin shows."""
        return properties, properties

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        await self._changed(context, plan, lambda members: sorted({*members, plan["member"]}))
        state = await self.read(context, plan)
        if state is None:
            raise ResourceError(
                f"{plan['member']} is not in the policy of {self.path(plan)} after it was added"
            )
        return state

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            policy = await self.policy(context, properties)
        except GoogleError as error:
            if error.code == 404:
                return None
            raise ResourceError(str(error)) from error
        if properties["member"] not in _members(policy, properties["role"]):
            return None
        known, shown = self.shown(properties)
        return State(self.id(known), {**shown, "etag": policy.get("etag", "")})

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            await self._changed(
                context, state, lambda members: [each for each in members if each != state["member"]]
            )
        except ResourceError as error:
            if "404" not in str(error):
                raise

    async def _changed(
        self, context: Context, properties: Properties, change: Callable[[list[str]], list[str]]
    ) -> None:
        async with context.locks[f"iam/{self.path(properties)}"]:
            for _ in range(_ATTEMPTS):
                try:
                    policy = await self.policy(context, properties)
                    role = properties["role"]
                    others = [entry for entry in policy.get("bindings", []) if entry["role"] != role]
                    members = change(_members(policy, role))
                    bindings = [*others, *([{"members": members, "role": role}] if members else [])]
                    kept = {"bindings": bindings} if bindings else {}
                    await self.set_policy(
                        context, properties, {**kept, "etag": policy.get("etag", ""), "version": 3}
                    )
                except GoogleError as error:
                    if error.code != 409:
                        raise ResourceError(f"Error applying IAM policy for {self.kind}: {error}") from error
                    await asyncio.sleep(0.05)
                else:
                    return
        raise ResourceError(f"Error applying IAM policy for {self.kind}: too many concurrent changes")


def _members(policy: Json, role: str) -> list[str]:
    return [
        member
        for entry in policy.get("bindings", [])
        if entry["role"] == role
        for member in entry.get("members", [])
    ]
