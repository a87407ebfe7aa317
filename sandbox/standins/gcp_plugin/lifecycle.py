"""Create, read, update and delete of a resource, as requests to Google that its table describes."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.gcp_plugin.config import Config
from sandbox.standins.gcp_plugin.errors import GoneError, NotWholeError, PluginError, ResourceError
from sandbox.standins.gcp_plugin.google import Google, GoogleError, Json, OperationError, Retries
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, last_segment
from sandbox.standins.gcp_plugin.transfer import from_wire, to_wire

_CREATE_MIN = 20
"""Minutes for the creation of a type that sets no time of its own."""


@dataclass(slots=True)
class Context:
    """A configured provider, at work."""

    config: Config
    google: Google
    locks: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    batches: dict[str, Any] = field(default_factory=dict)
    """Requests that wait for others to be sent with; see `batching`."""


@dataclass(frozen=True, slots=True)
class State:
    """A resource as it is at Google."""

    id: str
    properties: Properties


class Lifecycle:
    """The requests of one resource type. Types that need more than their table says override a method."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    async def create(self, context: Context, plan: Properties) -> State:
        """Create the resource and read it back.

        Raises:
            ResourceError: nothing was created.
            NotWholeError: it was created, and cannot be read.
        """
        resource = self.resource
        body = to_wire(resource, plan, updating=False)
        async with self._turn(context, plan):
            try:
                answer = await self._call(context, resource.create, plan, body)
            except GoogleError as error:
                raise ResourceError(f"Error creating {resource.title}: {error}") from error
            if resource.operations:
                try:
                    answer = await self._finished(context, plan, answer, f"Creating {resource.title}")
                except ResourceError as error:
                    raise ResourceError(f"Error waiting to create {resource.title}: {error}") from error
        if resource.named_by_google:
            name = resource.fields["name"]
            plan = {**plan, "name": name.from_wire(answer["name"]) if name.from_wire else answer["name"]}
        return await self._read_back(context, plan)

    async def read(self, context: Context, properties: Properties) -> State | None:
        """Read the resource; None if it has gone."""
        resource = self.resource
        try:
            answer = await self._call(context, resource.read, properties)
        except GoogleError as error:
            if error.code == 404:
                return None
            raise ResourceError(
                f'Error when reading or editing {resource.long_title} "{self.id(properties)}": {error}'
            ) from error
        if resource.found_in:
            named = (item for item in answer.get(resource.found_in, []))
            found = next((item for item in named if last_segment(item["name"]) == properties["name"]), None)
            if found is None:
                return None
            answer = found
        return self._state(context, answer, properties)

    def carried(self, old: Properties, inputs: Properties) -> Properties:  # noqa: ARG002 - for types that need them
        """Values that a change needs from the old state or the inputs, and the plan lacks; never part of a state."""
        return {}

    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        """Bring the resource to the plan, of which the properties `changed` differ; read it back."""
        resource = self.resource
        mask = [
            mask
            for name, each in resource.fields.items()
            if name in changed and each.sent
            for mask in each.masks or (each.wire or name,)
        ]
        # What Google knows nothing of, as the deletion policy, needs no request.
        if resource.update and (mask if resource.masked else changed - {"deletionPolicy"}):
            body = to_wire(resource, plan, updating=True)
            query = {"updateMask": ",".join((*mask, *resource.always_masked))} if resource.masked else {}
            async with self._turn(context, plan):
                try:
                    answer = await self._call(context, resource.update, plan, body, query)
                except GoogleError as error:
                    raise ResourceError(
                        f'Error updating {resource.title} "{resource_id}": {error}'
                    ) from error
                if resource.operations:
                    await self._finished(context, plan, answer, f"Updating {resource.title}")
        return await self._read_back(context, plan)

    async def delete(self, context: Context, resource_id: str, state: Properties) -> None:
        """Delete the resource, if its policy lets that be; one that has gone is no error."""
        resource = self.resource
        if state.get("deletionPolicy") == "PREVENT":
            said = 'without setting deletion_policy="DELETE" and running `terraform apply`'
            name = f'"{resource_id}"' if resource.refused_by_id else resource.long_title
            raise ResourceError(f"cannot destroy {name} {said}")
        if state.get("deletionPolicy") != "ABANDON":
            await self.remove(context, state)

    async def remove(self, context: Context, state: Properties) -> None:
        """Delete it at Google."""
        resource = self.resource
        if not resource.delete:
            return
        async with self._turn(context, state):
            try:
                answer = await self._call(context, resource.delete, state, resource.delete_body)
            except GoogleError as error:
                if error.code == 404:
                    return
                raise ResourceError(f"Error when reading or editing {resource.title}: {error}") from error
            if resource.operations:
                await self._finished(context, state, answer, f"Deleting {resource.title}")

    def id(self, properties: Mapping[str, Any]) -> str:
        """The resource's id."""
        return filled(self.resource.id, properties)

    def identity(self, context: Context, resource_id: str) -> Properties | None:
        """The properties that an id contains, to read a resource of which only the id is known.

        None if the id has none of the forms that `pulumi import` takes.
        """
        for pattern in self.resource.import_ids:
            match = re.fullmatch(pattern, resource_id)
            if match:
                project = context.config.defaults.project if "project" in self.resource.fields else None
                return {**({"project": project} if project else {}), **match.groupdict()}
        return None

    async def imported(self, context: Context, resource_id: str) -> Properties | None:
        """The properties that an import reads a resource with; None if there is no such resource."""
        return self.identity(context, resource_id)

    def _state(self, context: Context, answer: Json, properties: Properties) -> State:
        read = from_wire(self.resource, answer, properties)
        if "deletionPolicy" in read and not read["deletionPolicy"]:
            policy = self.resource.fields["deletionPolicy"]
            read["deletionPolicy"] = context.config.defaults.deletion_policy or policy.default or "DELETE"
        return State(self.id(read), read)

    async def _read_back(self, context: Context, plan: Properties) -> State:
        try:
            state = await self.read(context, plan)
        except (PluginError, asyncio.CancelledError) as error:
            raise NotWholeError(str(error) or "cancelled", self.id(plan), plan) from error
        if state is None:
            raise GoneError
        return state

    async def _call(
        self,
        context: Context,
        call: Call,
        properties: Properties,
        body: Json | None = None,
        query: Json | None = None,
    ) -> Json:
        resource = self.resource
        return await context.google.send(
            resource.service,
            call.method,
            filled(call.path, properties),
            query={
                **{name: filled(value, properties) for name, value in call.query.items()},
                **(query or {}),
            },
            body=body,
            user_project=context.config.user_project(properties.get("project")),
            retries=Retries(
                120 if call.method == "GET" else resource.timeouts_min.get("create", _CREATE_MIN) * 60,
                conflicts=resource.retried_conflicts,
                on_quota=not resource.aborts_on_quota,
            ),
        )

    async def _finished(
        self, context: Context, properties: Properties, operation: Json, activity: str
    ) -> Json:
        user_project = context.config.user_project(properties.get("project"))
        try:
            return await context.google.operation(self.resource.service, operation, user_project=user_project)
        except OperationError as error:
            raise ResourceError(f"Error waiting for {activity}: {error}") from error

    def _turn(self, context: Context, properties: Properties) -> AbstractAsyncContextManager[Any]:
        if self.resource.one_at_a_time:
            return context.locks[f"{self.resource.service}/{properties.get('project')}"]
        return nullcontext()


def filled(template: str, properties: Mapping[str, Any]) -> str:
    """The template with properties in place of `{name}`; one without a value leaves nothing."""
    return re.sub(r"\{(\w+)\}", lambda match: _as_text(properties.get(match[1])), template)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
