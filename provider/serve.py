"""The plugin's gRPC server for the engine; its port is the first line that the plugin prints."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

#: The engine's own limit on the size of a message.
_MAX_MESSAGE = 400 * 1024 * 1024
_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
)
#: Concurrent calls to Google: the engine starts as many operations as --parallel allows.
_THREADS = 64


def serve(servicer: Callable[[str, Any], Any]) -> None:
    """Serve until the engine exits. `servicer` gets the engine's address and a stub for log messages."""
    address = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    asyncio.run(_serve(servicer, address))


async def _serve(servicer: Callable[[str, Any], Any], address: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    engine = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(address)) if address else None
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer(address, engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()
