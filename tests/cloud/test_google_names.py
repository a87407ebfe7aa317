"""The proxy by which clients find the local cloud under Google's names: what it lets through, and what it refuses."""

import json
import socket
import ssl
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from sandbox.gcloud import tools_environment
from tests.cloud.local_cloud import ACCOUNT, LocalCloud

SERVICE = "/v1/projects/sandbox-seed/locations/us-central1/services/nobodys"
ACCOUNTS = f"/v1/billingAccounts/{ACCOUNT}"


def connection(cloud: LocalCloud, host: str, port: int) -> tuple[int, socket.socket]:
    """Ask the proxy for an address; returns its reply's code (RFC 1928) and the connection."""
    opened = socket.create_connection(("127.0.0.1", cloud.ready["proxy"]), timeout=20)
    name = host.encode()
    opened.sendall(b"\x05\x01\x00")
    assert opened.recv(2) == b"\x05\x00"
    opened.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
    return opened.recv(10)[1], opened


def answer(opened: socket.socket, path: str, host: str) -> tuple[int, dict[str, Any]]:
    """The answer to a GET on a connection: status, and the JSON of the body."""
    opened.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer any\r\n\r\n".encode())
    response = HTTPResponse(opened)
    response.begin()
    content = response.read()
    is_json = (response.getheader("content-type") or "").startswith("application/json")
    return response.status, json.loads(content) if is_json else {}


def trusting(cloud: LocalCloud, tmp_path: Path) -> ssl.SSLContext:
    variables = tools_environment(cloud.ready, tmp_path / "gcloud")
    return ssl.create_default_context(cafile=variables["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"])


@pytest.mark.parametrize(
    ("host", "path", "status", "is_served"),
    [
        ("cloudbilling.googleapis.com", ACCOUNTS, 200, True),
        ("us-central1-run.googleapis.com", SERVICE, 404, True),
        ("oauth2.googleapis.com", "/token", 404, False),
        ("billingbudgets.googleapis.com", "/_local/requests", 404, False),
        ("billingbudgets.googleapis.com", f"/cloudbilling{ACCOUNTS}", 404, False),
    ],
)
def test_googles_names_are_the_local_clouds(
    cloud: LocalCloud, tmp_path: Path, host: str, path: str, status: int, is_served: bool
) -> None:
    code, opened = connection(cloud, host, 443)
    assert code == 0
    with trusting(cloud, tmp_path).wrap_socket(opened, server_hostname=host) as secure:
        for _ in range(2):  # on one connection, as clients keep them
            code, content = answer(secure, path, host)
            assert (code, bool(content)) == (status, is_served)


def test_the_certificate_is_trusted_for_googles_names_alone(cloud: LocalCloud, tmp_path: Path) -> None:
    _, opened = connection(cloud, "billingbudgets.googleapis.com", 443)
    with pytest.raises(ssl.SSLCertVerificationError), opened:
        trusting(cloud, tmp_path).wrap_socket(opened, server_hostname="example.com")
    before = trusting(cloud, tmp_path).get_ca_certs()
    assert cloud.end() == 0
    cloud.start()
    assert trusting(cloud, tmp_path).get_ca_certs() == before


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("example.com", 443),
        ("googleapis.com.example.com", 443),
        ("billingbudgets.googleapis.com", 80),
        ("accounts.google.com", 443),
        ("169.254.169.254", 80),
        ("10.0.0.1", 443),
    ],
)
def test_nothing_beyond_this_machine_is_reached(cloud: LocalCloud, host: str, port: int) -> None:
    code, opened = connection(cloud, host, port)
    with opened:
        assert (code, opened.recv(1)) == (2, b"")  # "not allowed by ruleset", and the end


def test_addresses_of_this_machine_are_passed_on(cloud: LocalCloud) -> None:
    port = cloud.ready["services"]["cloudbilling"]
    code, opened = connection(cloud, "127.0.0.1", port)
    with opened:
        assert code == 0
        assert answer(opened, ACCOUNTS, f"127.0.0.1:{port}")[0] == 200
    assert connection(cloud, "127.0.0.1", 1)[0] == 5  # nobody listens


@pytest.mark.parametrize(
    "said", [b"\x04\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x05\x01\x00\x05\x02\x00\x03\x01a\x00\x01"]
)
def test_nonsense_ends_the_connection_and_nothing_else(cloud: LocalCloud, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", cloud.ready["proxy"]), timeout=20) as opened:
        opened.sendall(said)
        opened.shutdown(socket.SHUT_WR)
        opened.settimeout(20)
        while opened.recv(100):
            pass
    assert connection(cloud, "localhost", cloud.ready["port"])[0] == 0
