"""The language host's gRPC server."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from sandbox.standins.python_host.host import LanguageHost
from sandbox.standins.serving import CHANNEL_OPTIONS, announce, leave_on_signal

# A program holds its call until it ends; others are served meanwhile.
_WORKERS = 16


def main() -> None:
    """Serve until a signal ends the process."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=CHANNEL_OPTIONS)
    host = LanguageHost(arguments[-1] if arguments else "")
    leave_on_signal(host.stop)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    announce(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()
