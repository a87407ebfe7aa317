"""The metadata server that a function finds at Google: its project, its service account, and tokens of that account.

One for each function, on a port of its own: `GCE_METADATA_HOST` is a host and a port, so that nothing else in a request
says which function asks.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import id_tokens, identities
from sandbox.cloud.iam import models as accounts

_ROOT: Final = "/computeMetadata/v1"
_LIFETIME: Final = timedelta(hours=1)
_KEPT: Final = timedelta(minutes=5)
"""A token is given out again until so long before its end, as Google's server does."""
_MAX_HEAD: Final = 16 * 1024
_RECEIVE_S: Final = 10.0
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"

Answer = tuple[int, str, str]
"""Status, content type, content."""


class MetadataServer:
    """Answers for the functions of one project and account, as long as it is open."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], project: str, location: str, account: str
    ) -> None:
        self._store = store
        self._now = now
        self._project = project
        self._location = location
        self._account = account
        self._server: asyncio.Server | None = None
        self._token: tuple[str, datetime] | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MAX_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(_RECEIVE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            status, kind, content = self._answer(head.decode("latin-1"))
            body = content.encode()
            lines = (
                f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}",
                "Metadata-Flavor: Google",
                "Server: Metadata Server for Serverless",
                f"Content-Type: {kind}",
                f"Content-Length: {len(body)}",
                "Connection: close",
            )
            writer.write("\r\n".join((*lines, "", "")).encode() + body)
            await writer.drain()
        writer.close()

    def _answer(self, head: str) -> Answer:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        target = urlsplit(rest.rpartition(" ")[0])
        path = unquote(target.path).rstrip("/")
        if method != "GET":
            return 405, "text/plain", "Method Not Allowed"
        if path in ("", "/computeMetadata"):
            return 200, "text/plain", "computeMetadata/"
        # A header that no web page can send unasked, as at Google, and none that a proxy sets.
        if headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in headers:
            return 403, "text/plain", "Missing Metadata-Flavor:Google header."
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        with self._store.transaction():
            return self._value(path.removeprefix(_ROOT).strip("/"), query)

    def _value(self, name: str, query: dict[str, str]) -> Answer:
        number = projects.require(self._store, self._project).number
        region = f"projects/{number}/regions/{self._location}"
        plain = {
            "": "instance/\nproject/\nuniverse/\n",
            "project/project-id": self._project,
            "project/numeric-project-id": number,
            "universe/universe-domain": "googleapis.com",
            "instance/region": region,
            "instance/zone": f"projects/{number}/zones/{self._location}-1",
            "instance/id": f"{number}0000000001",
            "instance/service-accounts": f"default/\n{self._account}/\n",
        }
        if name in plain:
            return 200, "application/text", plain[name]
        place, found, what = name.removeprefix("instance/service-accounts/").partition("/")
        if not name.startswith("instance/service-accounts/") or place not in ("default", self._account):
            return 404, "text/plain", "Not Found"
        return self._of_account(what if found else "", query)

    def _of_account(self, what: str, query: dict[str, str]) -> Answer:
        account = accounts.by_email(self._store, self._account)
        if account is None or account.disabled:
            return 404, "text/plain", f"The service account {self._account} is deleted or disabled."
        about = {"aliases": ["default"], "email": self._account, "scopes": [_SCOPE]}
        if what == "" and query.get("recursive", "").lower() == "true":
            return 200, "application/json", json.dumps(about)
        plain = {
            "": "aliases\nemail\nidentity\nscopes\ntoken\n",
            "aliases": "default\n",
            "email": self._account,
            "scopes": f"{_SCOPE}\n",
        }
        if what in plain:
            return 200, "application/text", plain[what]
        if what == "token":
            return 200, "application/json", json.dumps(self._access_token())
        if what != "identity":
            return 404, "text/plain", "Not Found"
        if not query.get("audience"):
            return 400, "text/plain", "non-empty audience parameter required"
        return 200, "text/html", id_tokens.issue(self._store, account, query["audience"], self._now())

    def _access_token(self) -> dict[str, str | int]:
        now = self._now()
        if self._token is None or not now < self._token[1] - _KEPT or self._token[1] > now + _LIFETIME:
            self._token = identities.lend(self._store, f"serviceAccount:{self._account}", now, _LIFETIME)
        token, expires = self._token
        left = int((expires - now).total_seconds())
        return {"access_token": token, "expires_in": left, "token_type": "Bearer"}
