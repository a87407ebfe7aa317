"""The gRPC service that the engine talks to."""

import asyncio
import importlib.metadata
from collections.abc import Coroutine, Mapping
from typing import Any, NoReturn, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from typing_extensions import override

from sandbox.standins.gcp_plugin import check
from sandbox.standins.gcp_plugin.applying import created, refreshed, updated
from sandbox.standins.gcp_plugin.config import Config, configured
from sandbox.standins.gcp_plugin.errors import GoneError, NotWholeError, PluginError
from sandbox.standins.gcp_plugin.google import Google
from sandbox.standins.gcp_plugin.importing import refreshed_inputs
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.outputs import marked, outputs
from sandbox.standins.gcp_plugin.plan import Properties, changes, planned
from sandbox.standins.gcp_plugin.schema import UNKNOWN, Resource, without_unknown
from sandbox.standins.gcp_plugin.types import FUNCTIONS, LIFECYCLES
from sandbox.standins.gcp_plugin.wire import from_struct, to_struct

_Servicer: TypeAlias = grpc.aio.ServicerContext
_DiffKind = provider_pb2.PropertyDiff


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Pulumi's `ResourceProvider` for the types in `types`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._context = Context(Config(), Google({}, None, {}))
        self._marks_secrets = False
        self._changing: set[asyncio.Task[Any]] = set()

    @override
    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: _Servicer
    ) -> provider_pb2.ProviderHandshakeResponse:
        """The plugin's capabilities: it gets secrets in plain text, as the official one does."""
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    @override
    async def GetPluginInfo(self, request: Empty, context: _Servicer) -> plugin_pb2.PluginInfo:
        """The version: that of the SDK, which the engine would warn about being newer."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi-gcp"))

    @override
    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: _Servicer
    ) -> provider_pb2.CheckResponse:
        """The provider's inputs, as they are."""
        return provider_pb2.CheckResponse(inputs=request.news)

    @override
    async def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: _Servicer
    ) -> provider_pb2.DiffResponse:
        """Another configuration replaces no provider."""
        same = from_struct(request.old_inputs or request.olds) == from_struct(request.news)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        )

    @override
    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: _Servicer
    ) -> provider_pb2.ConfigureResponse:
        """Take the provider's configuration."""
        self._marks_secrets = request.acceptSecrets
        config = configured(from_struct(request.args), self._environment)
        self._context = Context(config, Google(config.addresses, config.token, config.headers))
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @override
    async def Check(
        self, request: provider_pb2.CheckRequest, context: _Servicer
    ) -> provider_pb2.CheckResponse:
        """Add defaults to the inputs, and report their mistakes."""
        resource = (await _lifecycle(request.urn, context)).resource
        naming = check.Naming(
            name=request.urn.rpartition("::")[2],
            seed=request.randomSeed,
            mode=_naming_mode(request),
            proposed=request.autonaming.proposed_name,
        )
        try:
            inputs = check.with_defaults(
                resource, from_struct(request.olds), from_struct(request.news), naming
            )
        except PluginError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.CheckResponse(
            inputs=to_struct(marked(resource.fields, inputs)),
            failures=[
                provider_pb2.CheckFailure(
                    reason=f"{found.reason}. Examine values at '{naming.name}.{found.path}'."
                )
                for found in check.failures(resource, inputs)
            ],
        )

    @override
    async def Diff(self, request: provider_pb2.DiffRequest, context: _Servicer) -> provider_pb2.DiffResponse:
        """The properties that would change, and those whose change replaces the resource."""
        resource = (await _lifecycle(request.urn, context)).resource
        old, inputs = from_struct(request.olds), from_struct(request.news)
        plan = await self._planned(resource, old, inputs, context, request.urn)
        ignored = list(request.ignoreChanges)
        found = [
            each
            for each in changes(resource, old, plan)
            if not any(_covers(path, each.path) for path in ignored)
        ]
        replaced = {_top(change.path) for change in found if change.replaces}
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(change.path) for change in found}),
            replaces=sorted(replaced),
            deleteBeforeReplace=bool(replaced) and (resource.deleted_first or _is_named(resource, inputs)),
            stables=sorted(
                name for name, field in resource.fields.items() if field.replaces and name not in replaced
            ),
            detailedDiff={
                change.path: _DiffKind(
                    kind=_DiffKind.Kind.Value(change.kind + ("_REPLACE" if change.replaces else ""))
                )
                for change in found
            },
            hasDetailedDiff=True,
        )

    @override
    async def Create(
        self, request: provider_pb2.CreateRequest, context: _Servicer
    ) -> provider_pb2.CreateResponse:
        """Create a resource; in a preview, return the outputs that are known."""
        lifecycle = await _lifecycle(request.urn, context)
        inputs = from_struct(request.properties)
        plan = await self._planned(lifecycle.resource, None, inputs, context, request.urn)
        if request.preview:
            properties = self._outputs(lifecycle.resource, State(UNKNOWN, plan), meta=False)
            return provider_pb2.CreateResponse(properties=properties)
        known = {**lifecycle.carried({}, inputs), **without_unknown(plan)}
        state = await self._change(
            created(lifecycle.create(self._context, known), lifecycle.resource, plan),
            lifecycle,
            context,
            f"creating {request.urn}: ",
        )
        return provider_pb2.CreateResponse(id=state.id, properties=self._outputs(lifecycle.resource, state))

    @override
    async def Read(self, request: provider_pb2.ReadRequest, context: _Servicer) -> provider_pb2.ReadResponse:
        """Read a resource, for a refresh or an import; nothing if it has gone."""
        lifecycle = await _lifecycle(request.urn, context)
        known = from_struct(request.properties)
        inputs = from_struct(request.inputs)
        try:
            # A state that was entered after a killed run has the inputs alone: what the id says completes it.
            if known:
                read = {**(lifecycle.identity(self._context, request.id) or {}), **known}
            else:
                read = await lifecycle.imported(self._context, request.id) or {}
            state = await lifecycle.read(self._context, read) if read else None
        except PluginError as error:
            await _abort(context, error, f"refreshing {request.urn}: ")
        if state is None:
            return provider_pb2.ReadResponse()
        state = refreshed(state, lifecycle.resource, known)
        found = refreshed_inputs(lifecycle.resource, state.properties, inputs)
        return provider_pb2.ReadResponse(
            id=state.id,
            properties=self._outputs(lifecycle.resource, state),
            inputs=to_struct(marked(lifecycle.resource.fields, found) if self._marks_secrets else found),
        )

    @override
    async def Update(
        self, request: provider_pb2.UpdateRequest, context: _Servicer
    ) -> provider_pb2.UpdateResponse:
        """Bring a resource to its new inputs."""
        lifecycle = await _lifecycle(request.urn, context)
        resource = lifecycle.resource
        old = from_struct(request.olds)
        inputs = from_struct(request.news)
        plan = await self._planned(resource, old, inputs, context, request.urn)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=self._outputs(resource, State(request.id, plan)))
        changed = {_top(each.path) for each in changes(resource, old, plan)}
        known = {**lifecycle.carried(old, inputs), **without_unknown(plan)}
        update = lifecycle.update(self._context, request.id, known, changed)
        change = updated(update, resource, request.id, plan, old)
        state = await self._change(change, lifecycle, context, f"updating {request.urn}: ")
        return provider_pb2.UpdateResponse(properties=self._outputs(resource, state))

    @override
    async def Delete(self, request: provider_pb2.DeleteRequest, context: _Servicer) -> Empty:
        """Delete a resource."""
        lifecycle = await _lifecycle(request.urn, context)
        state = from_struct(request.properties)
        delete = lifecycle.delete(self._context, request.id, state)
        await self._change(delete, lifecycle, context, f"deleting {request.urn}: ")
        return Empty()

    @override
    async def Invoke(
        self, request: provider_pb2.InvokeRequest, context: _Servicer
    ) -> provider_pb2.InvokeResponse:
        """Call a function, such as getProject."""
        if request.tok not in FUNCTIONS:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, _not_here(request.tok))
        try:
            answer = await FUNCTIONS[request.tok](self._context, from_struct(request.args))
        except PluginError as error:
            await _abort(context, error)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    @override
    async def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: _Servicer
    ) -> provider_pb2.GetSchemaResponse:
        """No schema: the SDK has its own."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    @override
    async def Cancel(self, request: Empty, context: _Servicer) -> Empty:
        """Stop what is under way."""
        for task in self._changing:
            task.cancel()
        return Empty()

    async def _planned(
        self,
        resource: Resource,
        old: Properties | None,
        inputs: Properties,
        context: _Servicer,
        urn: str,
    ) -> Properties:
        plan = planned(resource, old, inputs, self._context.config.defaults)
        problem = resource.conflict(plan) if resource.conflict else None
        if problem:
            await _abort(context, PluginError(problem), f"diffing {urn}: ")
        return plan

    async def _change(
        self,
        change: Coroutine[Any, Any, Any],
        lifecycle: Lifecycle,
        context: _Servicer,
        doing: str,
    ) -> Any:
        """Carry out a change, so that Cancel can stop it; `doing` is the beginning of an error message."""
        task = asyncio.ensure_future(change)
        self._changing.add(task)
        try:
            return await task
        except NotWholeError as error:
            await self._abort_not_whole(context, lifecycle.resource, error, doing)
        except GoneError:
            await context.abort(grpc.StatusCode.UNKNOWN, _gone(doing))
        except PluginError as error:
            # Of a creation that made nothing the official plugin does not say what it was.
            await _abort(context, error, "" if doing.startswith("creating") else doing)
        except asyncio.CancelledError:
            await context.abort(grpc.StatusCode.CANCELLED, "cancelled")
        finally:
            self._changing.discard(task)

    async def _abort_not_whole(
        self, context: _Servicer, resource: Resource, error: NotWholeError, doing: str
    ) -> NoReturn:
        """Abort with what there is all the same: the engine keeps it, and updates or deletes it later."""
        detail = AnyMessage()
        message = doing + _message(error)
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=error.id,
                properties=self._outputs(resource, State(error.id, error.properties)),
                reasons=[message],
            )
        )
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(code, message)
        raise AssertionError  # abort does not return

    def _outputs(self, resource: Resource, state: State, *, meta: bool = True) -> Struct:
        return outputs(resource, state, secrets=self._marks_secrets, meta=meta)


async def _lifecycle(urn: str, context: _Servicer) -> Lifecycle:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in LIFECYCLES:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, _not_here(token))
    return LIFECYCLES[token]


def _not_here(token: str) -> str:
    return f"the stand-in gcp plugin has no {token}; the official one does: GCP_PROVIDER=official"


async def _abort(context: _Servicer, error: PluginError, doing: str = "") -> NoReturn:
    await context.abort(grpc.StatusCode.UNKNOWN, doing + _message(error))
    raise AssertionError  # abort does not return


def _is_named(resource: Resource, inputs: Properties) -> bool:
    """True if the program names a resource that can have a made-up name: the old one is then deleted first."""
    return any(
        name not in inputs.get(check.DEFAULTS, []) and inputs.get(name) is not None
        for name in (autoname.property for autoname in resource.autonames)
    )


def _gone(doing: str) -> str:
    """What the official plugin says of a resource that a change should have left there."""
    change, _, urn = doing.removesuffix(": ").partition(" ")
    if change == "creating":
        return f"expected non-nil error with nil state during Create of {urn}"
    return (
        f"Resource provider reported that the resource did not exist while updating {urn}.\n\n"
        "This is usually a result of the resource having been deleted outside of Pulumi, and can often be "
        "fixed by running `pulumi refresh` before updating."
    )


def _message(error: PluginError) -> str:
    return f"1 error occurred:\n\t* {error}\n\n"


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _covers(ignored: str, path: str) -> bool:
    return path == ignored or path.startswith((f"{ignored}.", f"{ignored}["))


def _naming_mode(request: provider_pb2.CheckRequest) -> str:
    if not request.HasField("autonaming"):
        return ""
    return provider_pb2.CheckRequest.AutonamingOptions.Mode.Name(request.autonaming.mode)
