"""Servers that give no answer, each in a way of its own, on real sockets."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


class Server:
    """A server on a port of its own that does the same to every connection."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.taken = 0
        """The number of connections so far."""
        self._behave = behave
        self._held: list[socket.socket] = []
        self._listening = socket.create_server((HOST, 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self) -> None:
        """Close everything."""
        self._listening.close()
        for each in self._held:
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            self.taken += 1
            self._held.append(taken)
            threading.Thread(target=self._one, args=(taken,), daemon=True).start()

    def _one(self, taken: socket.socket) -> None:
        try:
            self._behave(taken)
        except OSError:
            taken.close()


def _hear(taken: socket.socket) -> bytes:
    heard = taken.recv(65536)
    while heard and b"\r\n\r\n" not in heard and heard[:1] != b"\x16":
        heard += taken.recv(65536)
    return heard


def resets(taken: socket.socket) -> None:
    """Take the request and reset the connection."""
    _hear(taken)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    taken.close()


def holds(taken: socket.socket) -> None:
    """Never answer."""


def answers(status: str, body: str = "", **headers: str) -> Callable[[socket.socket], None]:
    """Answer every request so, in plain HTTP; `retry_after` is the header Retry-After."""
    named = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body.encode())),
        "Connection": "close",
    }
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items()), "", body]

    def behave(taken: socket.socket) -> None:
        _hear(taken)
        taken.sendall("\r\n".join(lines).encode())
        taken.close()

    return behave


def in_turn(*behaviours: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Do one after the other, and the last from then on."""
    waiting = list(behaviours)

    def behave(taken: socket.socket) -> None:
        (waiting.pop(0) if len(waiting) > 1 else waiting[0])(taken)

    return behave


def untrusted(folder: Path) -> Callable[[socket.socket], None]:
    """Speak TLS, with a certificate that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = (
        made.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def behave(taken: socket.socket) -> None:
        context.wrap_socket(taken, server_side=True).close()

    return behave


def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def black_hole() -> Iterator[int]:
    """A port at which no connection comes to anything: its queue is full, and Linux drops what comes after."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for each in waiting:
            each.close()


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[Server]:
    """A server that does this."""
    server = Server(behave)
    yield server
    server.end()
