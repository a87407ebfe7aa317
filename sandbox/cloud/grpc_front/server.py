"""The gRPC server: handlers for the methods of the table."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import grpc
import grpc.aio
from google.cloud.monitoring_v3 import types as monitoring_types
from google.pubsub_v1 import types as pubsub_types

from sandbox.cloud.core.store import Store
from sandbox.cloud.grpc_front.inside import Inside
from sandbox.cloud.grpc_front.methods import METHODS, STREAMING_PULL, SUBSCRIBER, Rule
from sandbox.cloud.grpc_front.streaming import StreamingPull
from sandbox.cloud.grpc_front.transcoding import answer_of, message_class, refusal_of, rest_call

#: Packages that put messages into the pool of all messages when they are imported.
IMPORTED: Final = (monitoring_types, pubsub_types)
_LARGEST: Final = 20 * 1024 * 1024
_STATUS: Final = "grpc-status-details-bin"


async def start(host: str, inside: Inside, store: Store, now: Callable[[], datetime]) -> tuple[Any, int]:
    """A server on a free port; returns both."""
    asked = Asked(inside)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", _LARGEST)])
    handlers = {
        service: {name: _unary(asked, rule) for name, rule in rules.items()}
        for service, rules in METHODS.items()
    }
    handlers[SUBSCRIBER][STREAMING_PULL] = grpc.stream_stream_rpc_method_handler(
        StreamingPull(asked, store, now).serve,
        request_deserializer=message_class("google.pubsub.v1.StreamingPullRequest").FromString,
        response_serializer=message_class("google.pubsub.v1.StreamingPullResponse").SerializeToString,
    )
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(service, methods) for service, methods in handlers.items())
    )
    port = server.add_insecure_port(f"{host}:0")
    await server.start()
    return server, port


class Asked:
    """Calls of REST on behalf of callers of gRPC."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def __call__(self, rule: Rule, request: Any, context: Any) -> Any:
        """The answer to a request; a refusal ends the caller's call with its status and details."""
        metadata = {
            name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)
        }
        status, content = await self._inside.ask(rest_call(rule, request), metadata, _address(context.peer()))
        if status < 400:
            return answer_of(rule, content)
        code, text, whole = refusal_of(status, content)
        await context.abort(grpc.StatusCode[code], text, trailing_metadata=((_STATUS, whole),))
        raise AssertionError  # abort does not return


def _unary(asked: Asked, rule: Rule) -> Any:
    async def serve(request: Any, context: Any) -> Any:
        return await asked(rule, request, context)

    handler: Callable[[Any, Any], Awaitable[Any]] = serve
    return grpc.unary_unary_rpc_method_handler(
        handler,
        request_deserializer=message_class(rule.request).FromString,
        response_serializer=message_class(rule.answer).SerializeToString,
    )


def _address(peer: str) -> str:
    """The address in gRPC's word for a caller: `ipv4:127.0.0.1:4711`."""
    return peer.partition(":")[2].rpartition(":")[0].strip("[]") or "127.0.0.1"
