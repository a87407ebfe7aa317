"""One member of one role on a resource: its IAM policy is read, changed and written."""

import asyncio
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Value, block, text

_ATTEMPTS = 10
_FETCHES = 3
"""The official plugin reads a changed policy so often, a second apart, before it trusts it. Here it need not wait."""
#: Principals whose case matters; all others are written in lower case.
_CASE_SENSITIVE = re.compile(r"all(Authenticated)?Users|^principal(Set|Hierarchy)?:")
_MEMBER = re.compile(r".+:.+|projectOwners|projectReaders|projectWriters|allUsers|allAuthenticatedUsers")
_OUTLINED = "https://cloud.google.com/billing/docs/reference/rest/v1/Policy#Binding"

Binding = tuple[str, str, str, str]
"""The role, and the title, description and expression of its condition; empty without one."""


def _member_problem(value: Value) -> str | None:
    if value.startswith("deleted"):
        return "invalid value for {name} (Terraform does not support IAM members for deleted principals)"
    if not _MEMBER.search(value):
        wanted = f"(IAM members must have one of the values outlined here: {_OUTLINED})"
        return f'invalid value "{value}" for {{name}} {wanted}'
    return None


def _same_member(old: Value, new: Value) -> bool:
    return normalized_member(old) == normalized_member(new)


def normalized_member(member: str) -> str:
    """A member as the official plugin writes it in a policy."""
    if _CASE_SENSITIVE.search(member):
        return member
    kind, colon, name = member.partition(":")
    return f"{kind}{colon}{name.lower()}"


MEMBER_FIELDS = {
    "role": text(required=True, replaces=True, sent=False, read=False),
    "member": text(
        required=True, replaces=True, sent=False, read=False, check=_member_problem, same=_same_member
    ),
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
#: What `pulumi import` takes after the name of the resource: role, member and the title of a condition.
IMPORTED = r"(?P<role>\S+) (?P<member>\S+)(?: (?P<title>.+))?"


class MemberLifecycle(Lifecycle):
    """A member of a resource's policy; the change is repeated after a concurrent one."""

    @abstractmethod
    def described(self, properties: Properties) -> str:
        """What the policy is of, in the official plugin's messages: `project "acme"`."""

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
    def id(self, properties: Mapping[str, Value]) -> str:
        condition = properties.get("condition")
        whole = super().id({**properties, "member": normalized_member(str(properties.get("member") or ""))})
        return "/".join([whole, *_binding("", condition)[1:]]) if condition else whole

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        found = super().identity(context, resource_id)
        if found is None:
            return None
        title = found.pop("title", None)
        return {**found, **({"condition": {"title": title}} if title else {})}

    @override
    async def imported(self, context: Context, resource_id: str) -> Properties | None:
        # Looked for once, to know its condition, and then read.
        found = self.identity(context, resource_id)
        state = await self.read(context, found) if found else None
        return state.properties if state else None

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        defaults = context.config.defaults
        places = {"project": defaults.project, "location": defaults.region}
        plan |= {name: value for name, value in places.items() if name in plan and not plan[name]}
        member = normalized_member(plan["member"])
        await self._changed(context, plan, lambda members: {*members, member}, version=3)
        return await self._read_back(context, plan)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            policy = await self.policy(context, properties)
        except GoogleError as error:
            if error.code == 404:
                return None
            described = self.described(properties)
            where = f'Resource {json.dumps(described)} with IAM Member: Role "{properties["role"]}"'
            raise ResourceError(
                f'Error when reading or editing {where} Member "{properties["member"]}": '
                f"Error retrieving IAM policy for {described}: {error}"
            ) from error
        wanted = properties.get("condition") or {}
        imported = wanted.keys() == {"title"}
        for binding, members in _bindings(policy).items():
            fits = binding[:2] if imported else binding
            key = _binding(properties["role"], wanted)
            member = normalized_member(properties["member"])
            if fits == (key[:2] if imported else key) and member in members:
                known, shown = self.shown({**properties, "member": member, **_condition(binding)})
                return State(self.id(known), {**shown, "etag": policy.get("etag", "")})
        return None

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        member = normalized_member(state["member"])
        try:
            await self._changed(context, state, lambda members: members - {member})
        except ResourceError as error:
            if "404" not in str(error):
                owner = self.id(state).partition(f"/{state['role']}/")[0]
                who = f'IAM Member (role "{state["member"]}", "{state["role"]}")'
                raise ResourceError(
                    f"Error when reading or editing Resource {owner} for {who}: {error}"
                ) from error
        await self.read(context, state)

    async def _changed(
        self,
        context: Context,
        properties: Properties,
        change: Callable[[set[str]], set[str]],
        version: int | None = None,
    ) -> None:
        described = self.described(properties)
        async with context.locks[f"iam/{described}"]:
            for _ in range(_ATTEMPTS):
                policy = await self._retrieved(context, properties)
                try:
                    bindings = _bindings(policy)
                    binding = _binding(properties["role"], properties.get("condition"))
                    bindings[binding] = change(bindings.get(binding, set()))
                    await self.set_policy(context, properties, _written(policy, bindings, version))
                    for _ in range(_FETCHES):
                        await self.policy(context, properties)
                except GoogleError as error:
                    if error.code != 409:
                        setting = f"Error setting IAM policy for {described}: {error}"
                        raise ResourceError(
                            f"Error applying IAM policy for {described}: {setting}"
                        ) from error
                    await asyncio.sleep(0.05)
                else:
                    return
        raise ResourceError(f"Error applying IAM policy to {described}: Too many conflicts.")

    async def _retrieved(self, context: Context, properties: Properties) -> Json:
        try:
            return await self.policy(context, properties)
        except GoogleError as error:
            raise ResourceError(
                f"Error retrieving IAM policy for {self.described(properties)}: {error}"
            ) from error


def _binding(role: str, condition: Json | None) -> Binding:
    title, description, expression = (
        str((condition or {}).get(name) or "") for name in ("title", "description", "expression")
    )
    return role, title, description, expression


def _condition(binding: Binding) -> Properties:
    """The property `condition` of a binding."""
    _, title, description, expression = binding
    if not (title or description or expression):
        return {"condition": None}
    return {"condition": {"title": title, "description": description, "expression": expression}}


def _bindings(policy: Json) -> dict[Binding, set[str]]:
    found: dict[Binding, set[str]] = {}
    for entry in policy.get("bindings", []):
        members = found.setdefault(_binding(entry["role"], entry.get("condition")), set())
        members.update(map(normalized_member, entry.get("members", [])))
    return found


def _written(policy: Json, bindings: dict[Binding, set[str]], version: int | None) -> Json:
    """The policy with these bindings, in the order in which the official plugin writes them."""
    listed = []
    for binding in sorted(bindings, key=lambda each: each[0] + "/".join(each[1:])):
        condition = {name: value for name, value in (_condition(binding)["condition"] or {}).items() if value}
        if bindings[binding]:
            role = {"role": binding[0]} if binding[0] else {}
            members = {"members": sorted(bindings[binding]), **role}
            listed.append({**members, **({"condition": condition} if condition else {})})
    kept: Json = {name: policy[name] for name in ("auditConfigs", "etag", "version") if name in policy}
    return {
        **kept,
        **({"version": version} if version else {}),
        **({"bindings": listed} if listed else {}),
    }
