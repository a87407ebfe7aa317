"""The plugin's gRPC server."""

import asyncio
import os

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.standins.gcp_plugin.servicer import Provider
from sandbox.standins.serving import CHANNEL_OPTIONS, announce, leave_on_signal


async def _serve() -> None:
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(os.environ), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    announce(port)
    await server.wait_for_termination()


def main() -> None:
    """Serve until a signal ends the process."""
    leave_on_signal()
    asyncio.run(_serve())
