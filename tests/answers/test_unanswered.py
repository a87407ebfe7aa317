"""Calls to which no answer comes: each command says why and what to do, soon, and nothing is made twice."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from landing_zone.google.config import GoogleConfig
from landing_zone.google.connection import Cause
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import CHANGES, READS, Retries
from sandbox.cloud.endpoints import environment
from tests.answers import servers
from tests.answers.servers import HOST, answers, black_hole, closed_port, serving
from tests.forked import Command, gemini_lz

COMMAND = Path(sys.executable).parent / "gemini-lz"
SANDBOX = "start it with `make up`"


class Clock(threading.Event):
    """Waits that are over at once, and how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 as Event has it
        self.waits += 1
        return False


def google(base: str, retries: Retries = READS) -> tuple[Google, Clock]:
    clock = Clock()
    config = GoogleConfig(access_token="t", endpoints={"cloudbilling": base, "billingbudgets": base})
    return Google(config, clock, retries=retries), clock


def failed(client: Google, method: str = "GET", **arguments: Any) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as raised:
        client.call("cloudbilling", method, "x?secret=hush", **arguments)
    assert "hush" not in raised.value.with_remedy
    return raised.value


def test_what_cannot_be_reached_is_tried_a_few_times_and_then_not_asked_again() -> None:
    client, clock = google(f"http://{HOST}:{closed_port()}/v1/")
    error = failed(client)
    assert error.failure.cause is Cause.REFUSED
    assert SANDBOX in error.remedy
    assert clock.waits == 3
    failed(client)
    assert clock.waits == 3


@pytest.mark.parametrize("retries", [READS, CHANGES])
def test_a_lost_answer_is_asked_for_again_but_nothing_is_made_twice(retries: Retries) -> None:
    with serving(servers.resets) as server:
        base = f"http://{HOST}:{server.port}/"
        assert failed(google(base, retries)[0]).failure.cause is Cause.RESET
        assert server.taken == 4
        error = failed(google(base, retries)[0], "POST", body={})
        assert (error.lost, server.taken) == (True, 5)
        failed(google(base, retries)[0], "POST", body={}, repeatable=True)
        assert server.taken == 9


@pytest.mark.parametrize(("status", "times"), [("500 X", 1), ("502 X", 1), ("504 X", 1)])
def test_nor_after_an_answer_that_says_nothing_of_what_was_done(status: str, times: int) -> None:
    with serving(answers(status, json.dumps({"error": {"message": "Oh."}}))) as server:
        with pytest.raises(GoogleError) as raised:
            google(f"http://{HOST}:{server.port}/")[0].call("cloudbilling", "POST", "x", body={})
        assert raised.value.lost
        assert server.taken == times


def test_a_server_that_never_answers_is_waited_for_as_long_as_its_time_out() -> None:
    with serving(servers.holds) as server:
        base = f"http://{HOST}:{server.port}/"
        once, twice = Retries(4, 0.05, 1, 60), Retries(4, 0.05, 2, 0)
        assert failed(google(base, once)[0]).failure.cause is Cause.NO_ANSWER
        assert server.taken == 1
        failed(google(base, twice)[0])
        assert server.taken == 3
    # Two commands' worth of it fit into ten seconds, with the time that a connection may take.
    assert READS.attempts == 1
    assert READS.answer_s <= 6


def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{HOST}:{closed_port()}")
    with serving(answers("200 OK", "{}")) as server:
        assert google(f"http://{HOST}:{server.port}/")[0].call("cloudbilling", "GET", "x") == {}


def test_an_answer_that_is_not_googles_is_not_taken_for_one() -> None:
    with serving(answers("200 OK", "<html>Log in to the network</html>")) as server:
        with pytest.raises(GoogleError) as raised:
            google(f"http://{HOST}:{server.port}/")[0].call("cloudbilling", "GET", "x")
        assert "Log in to the network" in str(raised.value)
        assert "not from a Google API" in raised.value.remedy


Failing = Callable[[Path], Any]


def at(scheme: str, port: int) -> dict[str, str]:
    """The local cloud's variables, for one that is at this port."""
    ready = {"port": port, "services": {"cloudbilling": port}}
    return {name: value.replace("http://", f"{scheme}://") for name, value in environment(ready).items()}


@contextmanager
def refused(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    port = closed_port()
    yield at("http", port), f"nothing listens at {HOST}:{port}", SANDBOX


@contextmanager
def reset(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with serving(servers.resets) as server:
        yield at("http", server.port), f"{HOST}:{server.port} closed the connection", SANDBOX


@contextmanager
def silent(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with serving(servers.holds) as server:
        yield (
            at("http", server.port),
            f"{HOST}:{server.port} accepted the connection and did not answer",
            SANDBOX,
        )


@contextmanager
def dropped(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with black_hole() as port:
        yield at("http", port), f"no connection to {HOST}:{port} in time", SANDBOX


@contextmanager
def plain(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with serving(answers("400 Bad Request")) as server:
        where = f"{HOST}:{server.port}"
        yield (
            at("https", server.port),
            f"{where} speaks plain HTTP",
            f"write http://{where}/ in the endpoint override",
        )


@contextmanager
def untrusted(folder: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with serving(servers.untrusted(folder)) as server:
        yield at("https", server.port), "its certificate is not trusted", "REQUESTS_CA_BUNDLE"


@contextmanager
def no_proxy(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    port = closed_port()
    variables = {"HTTPS_PROXY": f"http://user:hush@{HOST}:{port}", "GOOGLE_OAUTH_ACCESS_TOKEN": "t"}
    yield (
        variables,
        f"the proxy {HOST}:{port} gives no connection: nothing listens there",
        "check HTTPS_PROXY",
    )


@contextmanager
def refusing_proxy(_: Path) -> Iterator[tuple[dict[str, str], str, str]]:
    with serving(answers("407 Proxy Authentication Required")) as server:
        variables = {"HTTPS_PROXY": f"http://{HOST}:{server.port}", "GOOGLE_OAUTH_ACCESS_TOKEN": "t"}
        yield variables, "it answers 407", "check HTTPS_PROXY"


OURS = "gemini-landing-zone:index:GeminiProject"
GOOGLES = "gcp:organizations/project:Project"
STATE = {
    "deployment": {
        "resources": [
            {
                "urn": f"urn:pulumi:prod::gemini-landing-zone::{types}::{name}",
                "type": kind,
                "parent": parent and f"urn:pulumi:prod::gemini-landing-zone::{parent}::{name}",
                "id": f"projects/acme-{name}-x",
                "outputs": {"number": "1"},
            }
            for name in ("one", "two")
            for kind, types, parent in ((OURS, OURS, ""), (GOOGLES, f"{OURS}${GOOGLES}", OURS))
        ]
    }
}
COMMANDS = {
    "show": ["show", "prod"],
    "adopt": ["adopt", "acme-one-x"],
    "verify": ["prices", "verify"],
    "audit of projects": ["policy", "audit", "--project", "acme-one-x", "--project", "acme-two-x"],
    "audit of a folder": ["policy", "audit", "--folder", "1"],
    "estimate": ["estimate", "prod", "--sample", "prompt.txt"],
}


@pytest.mark.parametrize(
    "failing", [refused, reset, silent, dropped, plain, untrusted, no_proxy, refusing_proxy]
)
def test_every_command_says_why_no_answer_came_and_what_to_do(tmp_path: Path, failing: Failing) -> None:
    (tmp_path / "prompt.txt").write_text("word")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK)
    (tmp_path / "bin").mkdir()
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(STATE)}\nEND\n")
    pulumi.chmod(0o755)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(
            ("GEMINI_", "GOOGLE_", "CLOUDSDK_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
        )
    }
    clean["PATH"] = f"{tmp_path / 'bin'}:{clean['PATH']}"
    with failing(tmp_path) as (variables, sentence, advice):
        started = {
            name: Command(arguments, tmp_path, {**clean, "GEMINI_API_KEY": "hush", **variables})
            for name, arguments in COMMANDS.items()
        }
        for name, process in started.items():
            done = process.wait()
            said = done.stdout + done.stderr
            assert done.returncode == 2, (name, said)
            assert sentence in said, (name, said)
            assert said.count(sentence) == 1, (name, said)
            assert advice in said, (name, said)
            assert "Traceback" not in said
            assert "hush" not in said


STACK = """\
config:
  projects:
    one:
      projectId: acme-one-x
      tier: paid
      billingAccount: 01A2B3-C4D5E6-F7A8B9
      budget: {amount: 1000, currency: USD}
      workload: [{model: gemini-3.8-flash, requestsPerDay: 100, inputTokens: 10}]
"""


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("json", ('"coverage": "nothing"', '"judged": []', "nothing listens at")),
        ("sarif", ('"executionSuccessful": false', "nothing was judged", "nothing listens at")),
        ("junit", ('name="coverage" value="nothing"', 'tests="1"', 'errors="1"', "nothing listens at")),
    ],
)
def test_an_audit_that_read_nothing_is_no_pass_in_any_form(
    tmp_path: Path, form: str, words: tuple[str, ...]
) -> None:
    words_of_it = ("policy", "audit", "--project", "acme-one-x", "--format", form)
    environment = {**os.environ, **at("http", closed_port())}
    done = gemini_lz(*words_of_it, folder=tmp_path, environment=environment)
    assert done.returncode == 2
    for each in words:
        assert each in done.stdout


def test_a_token_endpoint_that_is_gone_is_named_once_and_soon() -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    port = closed_port()
    account = {
        "type": "service_account",
        "client_email": "a@p.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"http://{HOST}:{port}/token",
    }
    clock = Clock()
    client = Google(GoogleConfig(credentials=json.dumps(account)), clock)
    error = failed(client, "POST")
    assert (error.failure.cause, error.failure.where) == (Cause.REFUSED, f"{HOST}:{port}")
    # Nothing was sent: a POST is tried again as well.
    assert (error.lost, clock.waits) == (False, 3)


def test_who_is_not_logged_in_waits_for_no_metadata_server(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")}
    with serving(servers.holds) as server:
        done = subprocess.run(
            [COMMAND, "adopt", "acme-one-x"],
            env={**clean, "HOME": str(tmp_path), "GCE_METADATA_IP": f"{HOST}:{server.port}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert server.taken == 2
    assert done.returncode == 2
    assert "nobody is logged in" in done.stderr
    assert "gcloud auth application-default login" in done.stderr
    # What google-auth logs of each attempt is not on the screen.
    assert "Compute Engine" not in done.stderr
