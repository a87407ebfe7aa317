"""A creation whose answer is lost is looked for, and not made twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import requests

from landing_zone.gemini.limits import Limits, WantedLimits
from landing_zone.google import quota_overrides, spend_caps
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import CHANGES, Google
from sandbox.cloud.endpoints import environment
from tests.answers.servers import HOST
from tests.audit.world import ACCOUNT, World
from tests.workspace import Cloud


@contextmanager
def losing(cloud: Cloud, method: str, part: str) -> Iterator[tuple[Google, list[str]]]:
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
    yield Google(GoogleConfig.read({}, environment(ready)), retries=CHANGES), lost
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
