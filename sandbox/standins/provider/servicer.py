"""The provider's gRPC service: properties in and out, one resource's life at a time."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.standins.provider import lifecycle, values
from sandbox.standins.provider.google import Google, GoogleError
from sandbox.standins.provider.lifecycle import GoneError, PartlyMadeError, RefusedError
from sandbox.standins.provider.resource import Context, ResourceType
from sandbox.standins.provider.types import RESOURCE_TYPES

VERSION = "10.2.0"
_Diff = provider_pb2.PropertyDiff
_KINDS = {
    "add": _Diff.ADD,
    "delete": _Diff.DELETE,
    "update": _Diff.UPDATE,
    "add_replace": _Diff.ADD_REPLACE,
    "delete_replace": _Diff.DELETE_REPLACE,
    "update_replace": _Diff.UPDATE_REPLACE,
}
_T = TypeVar("_T")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's `ResourceProvider` service for the `gcp` package."""

    def __init__(self) -> None:
        self._google = Google({})
        self._running: set[asyncio.Task[object]] = set()

    async def Handshake(
        self, _: provider_pb2.ProviderHandshakeRequest, __: grpc.aio.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """What the provider takes part in: secrets are wrapped on the wire."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    async def GetPluginInfo(self, _: Empty, __: grpc.aio.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version that it stands in for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    async def GetSchema(
        self, _: provider_pb2.GetSchemaRequest, __: grpc.aio.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """None to speak of: the SDK has it."""
        return provider_pb2.GetSchemaResponse(schema=f'{{"name":"gcp","version":"{VERSION}"}}')

    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, _: grpc.aio.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Any configuration is taken."""
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(
        self, _: provider_pb2.DiffRequest, __: grpc.aio.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """No configuration replaces resources."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, _: grpc.aio.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take endpoints, token, project and billing project."""
        self._google = Google(values.plain(values.read(request.args)))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Fill in what is left out, and say what is wrong."""
        kind = await _kind(request.urn, context)
        name = request.autonaming.proposed_name or f"{request.name}-{request.randomSeed.hex()[:7]}"
        inputs, failures = lifecycle.check(
            kind, values.read(request.olds), values.read(request.news), self._google.project, name
        )
        return provider_pb2.CheckResponse(
            inputs=values.write(inputs),
            failures=[
                provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures
            ],
        )

    async def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """What changes, and what of it makes another resource."""
        kind = await _kind(request.urn, context)
        found = lifecycle.changes(kind, values.read(request.old_inputs), values.read(request.news))
        tops = {path: path.split(".")[0].split("[")[0] for path in found}
        ignored = set(request.ignoreChanges)
        found = {path: word for path, word in found.items() if tops[path] not in ignored}
        changes = provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=changes,
            diffs=sorted({tops[path] for path in found}),
            replaces=sorted({tops[path] for path, word in found.items() if word.endswith("_replace")}),
            detailedDiff={path: _Diff(kind=_KINDS[word], inputDiff=True) for path, word in found.items()},
            hasDetailedDiff=True,
        )

    async def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource; in a preview, say what it would be, without a request."""
        kind = await _kind(request.urn, context)
        inputs = values.read(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=values.write(lifecycle.planned(kind, inputs, {})))
        try:
            made = await self._done(lifecycle.create(kind, self._google, inputs), context)
        except PartlyMadeError as error:
            raise await _partly_made(context, error, request.properties) from error
        return provider_pb2.CreateResponse(
            id=made.id, properties=values.write(lifecycle.recorded(kind, made))
        )

    async def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place; in a preview, say what it would be, without a request."""
        kind = await _kind(request.urn, context)
        old, news = values.read(request.olds), values.read(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=values.write(lifecycle.planned(kind, news, old)))
        tops = lifecycle.changed_inputs(kind, values.read(request.old_inputs), news)
        work = lifecycle.update(kind, self._google, request.id, old, tops, news)
        changed = await self._done(work, context)
        return provider_pb2.UpdateResponse(properties=values.write(lifecycle.recorded(kind, changed)))

    async def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """What there is now; an empty answer when it is gone."""
        kind = await _kind(request.urn, context)
        inputs = values.read(request.inputs)
        found = Context(values.plain(inputs) or kind.import_inputs(request.id), id=request.id)
        try:
            await self._done(lifecycle.read(kind, self._google, found), context)
        except GoneError:
            return provider_pb2.ReadResponse()
        outputs = lifecycle.recorded(kind, found)
        seen = inputs or {**kind.import_inputs(request.id), "__defaults": []}
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=values.write(outputs),
            inputs=values.write(lifecycle.observed(kind, seen, outputs)),
        )

    async def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.aio.ServicerContext) -> Empty:
        """Remove a resource, as its deletion policy allows."""
        kind = await _kind(request.urn, context)
        old_inputs, old = values.read(request.old_inputs), values.read(request.properties)
        await self._done(lifecycle.delete(kind, self._google, request.id, old_inputs, old), context)
        return Empty()

    async def Cancel(self, _: Empty, __: grpc.aio.ServicerContext) -> Empty:
        """Stop what waits: the user pressed Ctrl-C."""
        for task in self._running:
            task.cancel()
        return Empty()

    async def _done(self, work: Awaitable[_T], context: grpc.aio.ServicerContext) -> _T:
        """Do the work, cancellably; a refusal ends the call in its own words."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        try:
            return await task
        except (GoogleError, RefusedError) as error:
            status, text = grpc.StatusCode.UNKNOWN, str(error)
        except asyncio.CancelledError:
            status, text = grpc.StatusCode.CANCELLED, "cancelled"
        finally:
            self._running.discard(task)
        raise await _abort(context, status, text)


async def _kind(urn: str, context: grpc.aio.ServicerContext) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    found = RESOURCE_TYPES.get(token)
    if found is None:
        raise await _abort(
            context,
            grpc.StatusCode.UNIMPLEMENTED,
            f"the stand-in gcp plugin does not know {token}; use the official one: GCP_PROVIDER=official",
        )
    return found


async def _partly_made(
    context: grpc.aio.ServicerContext, error: PartlyMadeError, properties: Struct
) -> Exception:
    """End a creation with what was made of it, which the engine keeps and tries to finish next time."""
    detail = Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.id, properties=properties, inputs=properties, reasons=[str(error)]
        )
    )
    code: int = grpc.StatusCode.UNKNOWN.value[0]
    await context.abort_with_status(to_status(Status(code=code, message=str(error), details=[detail])))
    return AssertionError("unreachable")


async def _abort(context: grpc.aio.ServicerContext, status: grpc.StatusCode, text: str) -> Exception:
    """End the call with an error; never returns, which the type checker cannot know."""
    await context.abort(status, text)
    return AssertionError("unreachable")
