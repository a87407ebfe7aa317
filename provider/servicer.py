"""The gRPC service that Pulumi's engine talks to: its calls, in terms of `ResourceType`."""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.provider import Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import rpc

# Not google.rpc's: two descriptors of one name do not go into one process, and the SDK brings its own.
from pulumi.runtime.proto import engine_pb2, plugin_pb2, provider_pb2, status_pb2

from landing_zone.google.config import GoogleConfig
from landing_zone.google.projects import is_same
from landing_zone.google.rest import Google
from landing_zone.google.retrying import CHANGES
from landing_zone.printing import in_lines
from provider.package import CONFIG, RESOURCES, VERSION, schema, wrong_inputs
from provider.resource import (
    UNKNOWN,
    Context,
    Failure,
    ResourceError,
    ResourceType,
    State,
    Values,
    as_resource_error,
    is_unknown,
)

_T = TypeVar("_T")
_Grpc: TypeAlias = grpc.aio.ServicerContext
_Kind = provider_pb2.PropertyDiff.Kind


class Servicer(ProviderServicer):
    """Pulumi's `ResourceProvider` for the types in `package`."""

    def __init__(self, address: str, engine: Any) -> None:
        """`engine`: a stub to log with."""
        # `Provider` refuses the calls that this class does not override.
        super().__init__([], VERSION, Provider(), address)
        self._engine = engine
        self._stop = threading.Event()
        self._configure({})

    def schema(self) -> dict[str, Any]:
        """The package's schema."""
        return schema()

    async def Handshake(self, request: Any, context: _Grpc) -> Any:
        """The plugin's capabilities."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )

    async def GetPluginInfo(self, request: Empty, context: _Grpc) -> Any:
        """The plugin's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    async def GetSchema(self, request: Any, context: _Grpc) -> Any:
        """The package's schema."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps(self.schema()))

    async def CheckConfig(self, request: Any, context: _Grpc) -> Any:
        """Check the provider's inputs; unknown ones are refused."""
        wrong = wrong_inputs(_values(request.news))
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[
                provider_pb2.CheckFailure(property=name, reason=reason)
                for name, reason in wrong.items()
                # The default provider gets the whole namespace, which in this project holds the stack's settings.
                if name in CONFIG or "::default" not in request.urn
            ],
        )

    async def DiffConfig(self, request: Any, context: _Grpc) -> Any:
        """A change of the configuration never replaces the provider."""
        old = _values(request.old_inputs) or _values(request.olds)
        same = old == _values(request.news)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        )

    async def Configure(self, request: Any, context: _Grpc) -> Any:
        """Store the provider's configuration."""
        inputs = {
            name: _parsed(value) for name, value in _values(request.args).items() if not is_unknown(value)
        }
        self._configure(inputs)
        return provider_pb2.ConfigureResponse(
            supportsPreview=True, acceptSecrets=True, acceptResources=True, acceptOutputs=True
        )

    async def Cancel(self, request: Empty, context: _Grpc) -> Empty:
        """Ctrl-C: end all waits, and make no further call."""
        self._stop.set()
        return Empty()

    async def Check(self, request: Any, context: _Grpc) -> Any:
        """Every mistake in the inputs, by property."""
        resource = await _resource(request.urn, context)
        inputs, olds = _values(request.news), _values(request.olds)
        failures = list(resource.failures(inputs))
        if not failures and not is_unknown(inputs):
            failures = self._claimed(resource, inputs, request.urn)
            about = self._context(request.urn, reads=True)
            failures += await self._done(context, lambda: list(resource.transition(about, olds, inputs)))
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[
                provider_pb2.CheckFailure(property=each.property, reason=each.reason) for each in failures
            ],
        )

    async def Diff(self, request: Any, context: _Grpc) -> Any:
        """The properties that change, and those whose change replaces the resource."""
        resource = await _resource(request.urn, context)
        outputs, news = _values(request.olds), _values(request.news)
        old = _values(request.old_inputs)
        ignored = set(request.ignoreChanges)
        changed = [
            name
            for name, entry in resource.properties.items()
            if not entry.output
            and name not in ignored
            and _differs(entry.same, old.get(name), news.get(name))
        ]
        if "project" in changed and await self._is_one_project(old.get("project"), news.get("project")):
            changed.remove("project")
        replaced = [name for name in changed if resource.properties[name].replaces]
        found = [*changed, *resource.stale(outputs)]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=found,
            replaces=replaced,
            # Google allows one cap per project and one override per model, so the old one is deleted first.
            deleteBeforeReplace=bool(replaced),
            stables=[
                name for name, entry in resource.properties.items() if entry.replaces and name not in replaced
            ],
            detailedDiff={
                path: provider_pb2.PropertyDiff(
                    kind=_kind(was, new, name in replaced), inputDiff=name in changed
                )
                for name in found
                for path, was, new in _parts(resource, name, old.get(name), news.get(name))
            },
            hasDetailedDiff=True,
        )

    async def Create(self, request: Any, context: _Grpc) -> Any:
        """Create a resource; in a preview, return the outputs that are known."""
        resource = await _resource(request.urn, context)
        inputs, about = _values(request.properties), self._context(request.urn, reads=request.preview)
        if request.preview:
            outputs = await self._done(context, lambda: resource.preview(about, inputs, None))
            return provider_pb2.CreateResponse(properties=_struct({**inputs, **outputs}, request.properties))
        state = await self._done(context, lambda: resource.create(about, inputs), inputs)
        return provider_pb2.CreateResponse(
            id=state.id, properties=_struct(state.properties, request.properties)
        )

    async def Read(self, request: Any, context: _Grpc) -> Any:
        """Read a resource, to refresh or to import it; an empty answer means that it is gone."""
        resource = await _resource(request.urn, context)
        about = self._context(request.urn, reads=True)
        old = State(request.id, _values(request.inputs), _values(request.properties))
        state = await self._done(context, lambda: resource.read(about, old))
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id,
            properties=_struct(state.properties, request.inputs),
            inputs=_struct(state.inputs, request.inputs),
        )

    async def Update(self, request: Any, context: _Grpc) -> Any:
        """Update a resource; in a preview, return the outputs that are known, and refuse what Google would refuse."""
        resource = await _resource(request.urn, context)
        inputs, about = _values(request.news), self._context(request.urn, reads=request.preview)
        old = State(request.id, _values(request.old_inputs), _values(request.olds))
        if request.preview:
            outputs = await self._done(context, lambda: resource.preview(about, inputs, old))
            return provider_pb2.UpdateResponse(properties=_struct({**inputs, **outputs}, request.news))
        state = await self._done(context, lambda: resource.update(about, old, inputs), inputs)
        return provider_pb2.UpdateResponse(properties=_struct(state.properties, request.news))

    async def Delete(self, request: Any, context: _Grpc) -> Empty:
        """Delete a resource."""
        resource = await _resource(request.urn, context)
        about = self._context(request.urn)
        outputs = _values(request.properties)
        inputs = _values(request.old_inputs) or outputs
        claim = resource.claim(inputs)
        heir = self._claims.get((resource.name, claim[1]), request.urn) if claim else request.urn
        if heir != request.urn:
            # The resource was renamed in the program: the object at Google belongs to the new name now.
            about.progress(f"kept for {heir.rpartition('::')[2]}")
            return Empty()
        await self._done(context, lambda: resource.delete(about, State(request.id, inputs, outputs)))
        return Empty()

    def _configure(self, inputs: Values) -> None:
        config = GoogleConfig.read(inputs, os.environ)
        self._claims: dict[tuple[str, str], str] = {}
        """(type, claimed object) → URN, for the program's resources."""
        self._google = Google(config, self._stop, retries=CHANGES)
        # Reads do not wait for an API to be enabled: it may stay off.
        self._reader = Google(config, self._stop)

    def _claimed(self, resource: ResourceType, inputs: Values, urn: str) -> list[Failure]:
        claim = resource.claim(inputs)
        holder = self._claims.setdefault((resource.name, claim[1]), urn) if claim else urn
        if claim is None or holder == urn:
            return []
        other = holder.rpartition("::")[2]
        return [Failure(claim[0], f"{other} is a {resource.name} of the same project: keep one of the two")]

    async def _is_one_project(self, old: Any, new: Any) -> bool:
        """True if the two values are the number and the id of one project, in any order."""
        if is_unknown(new) or not isinstance(old, str) or not isinstance(new, str):
            return False
        try:
            return await asyncio.to_thread(lambda: as_resource_error(lambda: is_same(self._reader, old, new)))
        except ResourceError:
            return False

    async def _done(self, context: _Grpc, work: Callable[[], _T], inputs: Values | None = None) -> _T:
        """Run blocking work in a thread. A failure aborts the call with its message and what was created before it."""
        try:
            return await asyncio.to_thread(lambda: as_resource_error(work))
        except ResourceError as error:
            await _refuse(context, error, inputs or {})

    def _context(self, urn: str, *, reads: bool = False) -> Context:
        loop = asyncio.get_running_loop()

        def logged(severity: Any, ephemeral: bool) -> Callable[[str], None]:
            return lambda text: _ignored(
                loop.call_soon_threadsafe(lambda: self._log(severity, urn, text, ephemeral))
            )

        return Context(
            self._reader if reads else self._google,
            self._reader,
            progress=logged(engine_pb2.INFO, True),
            warn=logged(engine_pb2.WARNING, False),
            note=logged(engine_pb2.INFO, False),
        )

    def _log(self, severity: Any, urn: str, text: str, ephemeral: bool) -> None:
        if self._engine is not None:
            request = engine_pb2.LogRequest(
                severity=severity, message=in_lines(text), urn=urn, ephemeral=ephemeral
            )
            call: Awaitable[Any] = self._engine.Log(request)
            task = asyncio.ensure_future(call)
            _LOGGING.add(task)
            task.add_done_callback(_LOGGING.discard)


_LOGGING: set[asyncio.Future[Any]] = set()
"""Log calls in flight: asyncio may collect a task that nothing refers to."""


async def _resource(urn: str, context: _Grpc) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in RESOURCES:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"there is no resource type {token}")
    return RESOURCES[token]


async def _refuse(context: _Grpc, error: ResourceError, inputs: Values) -> NoReturn:
    code, text = grpc.StatusCode.UNKNOWN, in_lines(str(error))
    if error.state:
        # Without it the state would not list what was created, and nothing would ever delete it.
        failed = provider_pb2.ErrorResourceInitFailed(
            id=error.state.id,
            properties=_struct(error.state.properties),
            reasons=[text],
            inputs=_struct(inputs),
        )
        detail = AnyMessage()
        detail.Pack(failed)
        status = status_pb2.Status(code=code.value[0], message=text, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(code, text)
    raise AssertionError  # abort does not return


def _differs(same: Callable[[Any, Any], bool], old: Any, new: Any) -> bool:
    if old is None or new is None:
        return (old is None) != (new is None)
    return is_unknown(new) or not same(old, new)


def _parts(resource: ResourceType, name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The parts of a property that differ, with their paths, if the property shows parts; else the property."""
    if resource.properties[name].paths and isinstance(old, dict) and isinstance(new, dict):
        yield from _differing(name, old, new)
    else:
        yield name, old, new


def _differing(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            # Pulumi writes a name that is not an identifier in brackets.
            below = f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"
            yield from _differing(below, old.get(key), new.get(key))
    elif old != new:
        yield path, old, new


def _kind(old: Any, new: Any, replaced: bool) -> Any:
    word = (
        "ADD"
        if old is None and new is not None
        else "DELETE"
        if new is None and old is not None
        else "UPDATE"
    )
    return _Kind.Value(word + ("_REPLACE" if replaced else ""))


def _values(message: Struct) -> Values:
    found = MessageToDict(message)
    return {name: _whole(value) for name, value in found.items() if value is not None}


def _whole(value: Any) -> Any:
    """Convert numbers without a fraction to int: on the wire all numbers are doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            # A secret, or an output with its dependencies: only the value inside is compared.
            return _whole(value.get("value", UNKNOWN))
        return {name: _whole(each) for name, each in value.items()}
    return value


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig or value.get("secret") is True:
            return True
        return any(_is_secret(each) for each in value.values())
    return isinstance(value, list) and any(_is_secret(each) for each in value)


def _struct(values: Mapping[str, Any], given: Struct | None = None) -> Struct:
    """The values for the wire; those that are secrets in `given` stay secrets."""
    secret = {name for name, value in MessageToDict(given).items() if _is_secret(value)} if given else set()
    message = Struct()
    message.update(
        {
            name: {rpc._special_sig_key: rpc._special_secret_sig, "value": value} if name in secret else value
            for name, value in values.items()
            if value is not None
        }
    )
    return message


def _parsed(value: Any) -> Any:
    """Decode a provider input: Pulumi's SDKs send nested and boolean ones as JSON texts."""
    if isinstance(value, str) and (value[:1] in ("{", "[") or value in ("true", "false")):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _ignored(_: object) -> None:
    """Discard the result of a callback."""
