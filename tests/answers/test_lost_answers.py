"""A creation whose answer is lost is looked for, and not made twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from landing_zone.audit import live
from landing_zone.gemini.limits import Limits, WantedLimits
from landing_zone.google import quota_overrides, secrets, spend_caps
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.google.retrying import CHANGES, READS, Retries
from sandbox.cloud.endpoints import environment
from tests.answers.servers import HOST
from tests.audit.world import ACCOUNT, DAY, World
from tests.workspace import Cloud


@contextmanager
def losing(
    cloud: Cloud, method: str, part: str, retries: Retries = CHANGES
) -> Iterator[tuple[Google, list[str]]]:
    """A client behind a relay that loses the first answer to a method whose path has the part; what it lost."""
    lost: list[str] = []

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://{HOST}:{cloud.ready['port']}{self.path}"
            answer = requests.request(
                self.command, url, data=body, headers={**self.headers, "Host": HOST}, timeout=30
            )
            if self.command == method and part in self.path and not lost:
                lost.append(self.path)
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = relay  # noqa: N815 the names are the library's

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 as the library calls it
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Relay)
    Thread(target=server.serve_forever, daemon=True).start()
    ready = {"port": server.server_port, "services": {}}
    yield Google(GoogleConfig.read({}, environment(ready)), retries=retries), lost
    server.shutdown()
    server.server_close()


def test_a_spend_cap_is_found_again(cloud: Cloud) -> None:
    world = World(cloud)
    world.project("acme-lost-1", account=ACCOUNT)
    wanted = spend_caps.SpendCap(ACCOUNT, world.numbers["acme-lost-1"], Decimal(5), "USD", "Cap")
    with losing(cloud, "POST", "/budgets") as (google, lost):
        made = spend_caps.create(google, wanted, adopt=False)
    budgets = cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")["budgets"]
    assert [each["name"] for each in budgets if "spendCap" in each] == [made.name]
    assert len(lost) == 1
    sent = [
        each for each in cloud.requests() if each["method"] == "POST" and each["path"].endswith("/budgets")
    ]
    assert len(sent) == 1


def test_a_limit_is_found_again(cloud: Cloud) -> None:
    World(cloud).project("acme-lost-2", account=ACCOUNT)
    wanted = WantedLimits.of({"gemini-2.5-flash": Limits(requests_per_minute=7)})
    with losing(cloud, "POST", ":importConsumerOverrides") as (google, lost):
        entries = quota_overrides.overrides_to_set(
            quota_overrides.list_limits(google, "acme-lost-2"), wanted, ()
        )
        assert quota_overrides.impose(google, "acme-lost-2", entries) == []
        assert entries
        assert (
            quota_overrides.overrides_to_set(quota_overrides.list_limits(google, "acme-lost-2"), wanted, ())
            == []
        )
    assert len(lost) == 1


def test_a_lifted_cap_is_not_lifted_twice(cloud: Cloud) -> None:
    world = World(cloud)
    world.project("acme-lost-3", account=ACCOUNT)
    wanted = spend_caps.SpendCap(ACCOUNT, world.numbers["acme-lost-3"], Decimal(5), "USD", "Cap")
    with losing(cloud, "PATCH", "/budgets/") as (google, lost):
        cap = spend_caps.create(google, wanted, adopt=False)
        cloud.call("PATCH", "/_local/spendCaps/acme-lost-3", {"outputState": spend_caps.ENFORCED})
        # The client sends it again, as a PATCH; Google refuses that, as the cap is no longer enforced.
        lifted = spend_caps.update(google, replace(cap, input_state=spend_caps.AWAITING))
    assert (lifted.output_state, len(lost)) == (spend_caps.AWAITING, 1)


SECRET = "projects/acme-lost-4/secrets/gemini-key"


@pytest.mark.parametrize("part", ["/secrets?", ":addVersion"])
def test_a_secret_gets_one_version(cloud: Cloud, part: str) -> None:
    World(cloud).project("acme-lost-4", account=ACCOUNT)
    service = "projects/acme-lost-4/services/secretmanager.googleapis.com"
    cloud.call("POST", f"/serviceusage/v1/{service}:enable", {})
    # Commands use a client that calls no server again soon after it did not answer: this look is an exception.
    with losing(cloud, "POST", part, READS) as (google, lost):
        if part == ":addVersion":
            secrets.add_version(google, SECRET, "first")
            lost.clear()
        version = secrets.add_version(google, SECRET, "second")
    versions = cloud.call("GET", f"/secretmanager/v1/{SECRET}/versions")["versions"]
    assert versions[0]["name"] == version
    assert len(versions) == (2 if part == ":addVersion" else 1)
    assert len(lost) == 1


def test_grants_are_read_again(cloud: Cloud) -> None:
    World(cloud).project("acme-lost-5", account=ACCOUNT)
    with losing(cloud, "POST", ":getIamPolicy") as (google, lost):
        found = live.read(google, (), ["acme-lost-5"], DAY, lambda _: None)
    assert (found.unread, len(lost)) == ((), 1)
