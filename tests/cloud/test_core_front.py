"""Requests that no service sees: those of web pages, of callers without a token, and those that are too large."""

import asyncio
import gzip
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from sandbox.cloud import protocol
from tests.cloud.local_cloud import ACCOUNT, LocalCloud

ACCOUNTS = "/cloudbilling/v1/billingAccounts"
PERMISSIONS = f"{ACCOUNTS}/{ACCOUNT}:testIamPermissions"
PROJECTS = "/cloudresourcemanager/v1/projects"
PROMPT = "/generativelanguage/v1beta/models/gemini-2.5-flash:generateContent"
CLOCK = "/_local/clock"
GOOD = {"Host": "localhost", "Authorization": "Bearer test", "Content-Type": "application/json"}


def answer(
    cloud: LocalCloud, method: str, path: str, headers: Mapping[str, str | None], body: bytes = b""
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    """The answer to a request with these headers and no others; one of None is left out."""
    with socket.create_connection(("127.0.0.1", cloud.ready["port"]), timeout=20) as connection:
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        length = [f"Content-Length: {len(body)}"] if body and "Content-Length" not in headers else []
        connection.sendall(
            "\r\n".join([f"{method} {path} HTTP/1.1", *lines, *length, "", ""]).encode("latin-1")
        )
        connection.sendall(body)
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        content = response.read()
    is_json = response.headers.get("content-type", "").startswith("application/json")
    return response.status, json.loads(content) if is_json else {}, response.headers


FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8440"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "192.168.1.7:8440"},
    {"Host": "user@127.0.0.1"},
    {"Host": "127.0.0.1/x"},
    {"Host": "127.0.0.1:http"},
    {"Host": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "null"},
    {"Origin": "chrome-extension://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ACCOUNTS), ("POST", PROJECTS), ("GET", "/_local/requests"), ("OPTIONS", PROJECTS)],
)
def test_a_page_of_another_machine_gets_nothing(
    cloud: LocalCloud, method: str, path: str, headers: dict[str, str | None]
) -> None:
    status, content, sent = answer(cloud, method, path, {**GOOD, **headers})
    assert (status, content["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert not [name for name in sent if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:1"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:8440"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://127.0.0.1"},
    ],
    ids=str,
)
def test_this_machine_is_answered_without_leave_for_pages(
    cloud: LocalCloud, headers: dict[str, str | None]
) -> None:
    status, content, sent = answer(cloud, "GET", ACCOUNTS, {**GOOD, **headers})
    assert status == 200
    assert content["billingAccounts"]
    assert not [name for name in sent if name.lower().startswith("access-control")]


@pytest.mark.parametrize("token", [None, "Bearer", "Bearer ", "Basic dGVzdA==", "test"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS),
        ("POST", PROJECTS),
        ("POST", f"{PROJECTS}?access_token=test"),
        ("GET", "/_local/requests"),
        ("PUT", CLOCK),
        ("DELETE", "/_local/deletedProjects"),
    ],
)
def test_a_caller_without_a_token_is_refused_as_google_refuses_it(
    cloud: LocalCloud, method: str, path: str, token: str | None
) -> None:
    body = b'{"seconds": 60}' if path == CLOCK else b""
    status, content, headers = answer(cloud, method, path, {**GOOD, "Authorization": token}, body)
    assert (status, content["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert content["error"]["details"][0]["reason"] == "CREDENTIALS_MISSING"
    assert headers["www-authenticate"].startswith("Bearer ")


def test_a_key_opens_the_gemini_api_and_the_price_list_alone(cloud: LocalCloud) -> None:
    def status(method: str, path: str, **headers: str) -> tuple[int, str]:
        body = b'{"contents": [{"parts": [{"text": "x"}]}]}' if method == "POST" else b""
        code, content, _ = answer(cloud, method, path, {**GOOD, "Authorization": None, **headers}, body)
        return code, content.get("error", {}).get("message", "")

    key = {"X-Goog-Api-Key": "AIzaSyNone"}
    assert status("POST", PROMPT, **key) == (400, "API key not valid. Please pass a valid API key.")
    assert status("POST", f"{PROMPT}?key=AIzaSyNone") == status("POST", PROMPT, **key)
    code, message = status("POST", PROMPT)
    assert (code, "unregistered callers" in message) == (403, True)
    assert status("GET", "/cloudbilling/v1/services?key=AIzaSyNone")[0] == 200
    code, message = status("GET", f"{ACCOUNTS}?key=AIzaSyNone")
    assert (code, "API keys are not supported by this API" in message) == (401, True)


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"],
)
@pytest.mark.parametrize("body", [b'{"seconds": 86400}', b"alt=json", b'{"permissions": []}'])
def test_a_body_of_another_type_changes_nothing(cloud: LocalCloud, kind: str | None, body: bytes) -> None:
    for method, path in (("PUT", CLOCK), ("POST", PERMISSIONS)):
        status, content, _ = answer(cloud, method, path, {**GOOD, "Content-Type": kind}, body)
        assert (status, content["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_an_empty_body_needs_no_type_and_a_type_may_have_parameters(cloud: LocalCloud) -> None:
    cloud.create_project("gem-typed-1")
    enable = "/serviceusage/v1/projects/gem-typed-1/services/pubsub.googleapis.com:enable"
    assert answer(cloud, "POST", enable, {**GOOD, "Content-Type": None})[0] == 200
    typed = {**GOOD, "Content-Type": "Application/JSON; charset=utf-8"}
    assert answer(cloud, "POST", PERMISSIONS, typed, b'{"permissions": ["billing.accounts.get"]}')[0] == 200


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        (PROJECTS, str(10 * 1024 * 1024 + 1), 413),
        (PROMPT, str(20 * 1024 * 1024 + 1), 413),
        (CLOCK, str(1024 * 1024 + 1), 413),
        (PROJECTS, "9" * 18, 413),
        (PROJECTS, "9" * 40, 400),
        (PROJECTS, "-1", 400),
        (PROJECTS, "ten", 400),
    ],
)
def test_a_length_is_judged_before_the_body_comes(
    cloud: LocalCloud, path: str, length: str, status: int
) -> None:
    assert answer(cloud, "POST", path, {**GOOD, "Content-Length": length})[0] == status


def test_a_body_in_pieces_is_counted_as_it_comes(cloud: LocalCloud) -> None:
    piece = b" " * 0x10000
    pieces = b"".join([b"10000\r\n", piece, b"\r\n"]) * (10 * 1024 * 1024 // len(piece) + 1)
    headers = {**GOOD, "Transfer-Encoding": "chunked", "Content-Length": None}
    # The last piece, of no length, never comes.
    status, content, _ = answer(cloud, "POST", PROJECTS, headers, pieces)
    assert (status, content["error"]["message"]) == (
        413,
        "Request payload size exceeds the limit: 10485760 bytes.",
    )


def test_a_compressed_body_is_not_inflated(cloud: LocalCloud) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    headers = {**GOOD, "Content-Encoding": "gzip"}
    assert answer(cloud, "POST", PROJECTS, headers, bomb)[0] == 415


@pytest.mark.parametrize(
    "extra", [{f"X-{number}": "x" for number in range(101)}, {"X-Long": "x" * 70_000}], ids=["many", "long"]
)
@pytest.mark.parametrize("ends", [True, False])
def test_a_head_has_a_bound_though_it_never_ends(
    cloud: LocalCloud, extra: dict[str, str], ends: bool
) -> None:
    if ends:
        assert answer(cloud, "GET", ACCOUNTS, {**GOOD, **extra})[0] == 431
        return
    with socket.create_connection(("127.0.0.1", cloud.ready["port"]), timeout=20) as connection:
        connection.sendall(f"GET /{'x' * 70_000}".encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 431")


def test_two_hosts_are_none(cloud: LocalCloud) -> None:
    assert answer(cloud, "GET", ACCOUNTS, {**GOOD, "HOST": "localhost"})[0] == 400


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_client_that_stops_in_the_middle_is_let_go(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, answered: bytes
) -> None:
    async def application(_: object, receive: Any, __: object) -> None:
        while (event := await receive())["type"] != "http.disconnect":
            assert event["more_body"]

    async def talk() -> bytes:
        config = uvicorn.Config(application, lifespan="off", log_config=None)
        server = await asyncio.get_running_loop().create_server(
            lambda: protocol.Protocol(config, ServerState(), {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        said = await reader.read()
        writer.close()
        server.close()
        return said

    monkeypatch.setattr(protocol, "RECEIVE_S", 0.05)
    assert asyncio.run(talk())[: len(b"HTTP/1.1 408")] == answered
