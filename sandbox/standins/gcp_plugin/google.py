"""Requests to Google: one session, the official plugin's error messages, and its retries."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode, urljoin

from sandbox.standins.gcp_plugin.errors import PluginError, UnansweredError

if TYPE_CHECKING:
    import aiohttp

Json = dict[str, Any]

#: Waits between attempts double from the first to the longest. Google's plugin waits longer; the answers are the same.
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 2.0
CONNECT_S = 4.0
READ_S = 6.0
CHANGE_S = 30.0
_RETRIED = (429, 500, 502, 503)


class GoogleError(PluginError):
    """A refusal by Google, in the words that the official plugin shows."""

    def __init__(self, code: int, body: str) -> None:
        self.code = code
        self.body = body
        try:
            error = json.loads(body)["error"]
            self.message: str = error.get("message", "")
            self.details: list[Json] = error.get("details", [])
            self.errors: list[Json] = error.get("errors", [])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.message, self.details, self.errors = "", [], []
        super().__init__(self._text())

    def has_reason(self, reason: str) -> bool:
        """True if it gives this reason, in the old form or in an ErrorInfo."""
        return any(entry.get("reason") == reason for entry in (*self.errors, *self.details))

    def _text(self) -> str:
        if not self.message and not self.errors:
            return f"googleapi: got HTTP response code {self.code} with body: {self.body}"
        text = f"googleapi: Error {self.code}: {self.message}"
        if self.details:
            text += f"\nDetails:\n{go_json(self.details, indent=2)}\n"
        if not self.errors:
            return text.strip()
        if len(self.errors) == 1 and self.errors[0].get("message") == self.message:
            return f"{text}, {self.errors[0].get('reason', '')}"
        lines = [
            f"Reason: {each.get('reason', '')}, Message: {each.get('message', '')}\n" for each in self.errors
        ]
        return f"{text}\nMore details:\n{''.join(lines)}"


def go_json(value: Any, indent: int | None = None) -> str:
    """JSON as Go prints it: sorted, with HTML characters escaped."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, sort_keys=True, ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


class OperationError(PluginError):
    """A long-running operation that failed."""

    def __init__(self, error: Json) -> None:
        self.code: int = error.get("code", 0)
        super().__init__(f"Error code {self.code}, message: {error.get('message', '')}")


@dataclass(frozen=True, slots=True)
class Retries:
    """The refusals after which a request is retried."""

    seconds: float = 20 * 60
    """Total time for retries."""
    conflicts: tuple[str, ...] = ()
    """Parts of a 409's text, in lower case."""
    on_quota: bool = True
    preconditions: bool = False
    """`Precondition check failed.` and an activation in progress: Service Usage says so while it is busy."""

    def covers(self, error: GoogleError) -> bool:
        """True if the same request may succeed later."""
        body = error.body.lower()
        if error.code == 429 and not self.on_quota:
            return False
        if error.code == 409:
            return "operationinprogress" in body or any(part in body for part in self.conflicts)
        if error.code == 403:
            per_minute = "quota exceeded for quota metric" in body and "per minute' of service" in body
            return per_minute or error.has_reason("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
        if self.preconditions and error.code in (400, 412):
            return (
                error.message == "Precondition check failed."
                or "another activation or deactivation is in progress" in body
            )
        return error.code in _RETRIED


class Google:
    """The HTTP client of one configured provider."""

    def __init__(self, addresses: Mapping[str, str], token: str | None, headers: Mapping[str, str]) -> None:
        """`addresses`: service → base address with a slash at the end."""
        self._addresses = addresses
        self._headers = {"Content-Type": "application/json", **headers}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        user_project: str | None = None,
        retries: Retries | None = None,
    ) -> Json:
        """Send a request and return the JSON of the answer.

        Raises:
            GoogleError: Google refuses for a reason that retries do not cover.
            UnansweredError: no answer came.
        """
        where = quote(path, safe="/:@!$&'()*+,;=~%")
        url = f"{self._address(service)}{where}?{urlencode(sorted({**(query or {}), 'alt': 'json'}.items()))}"
        headers = self._headers_for(user_project)
        data = None if body is None else json.dumps(body).encode()
        retries = retries or Retries()
        return await retried(lambda: self._send(method, url, headers, data), retries.covers, retries.seconds)

    async def upload(
        self,
        service: str,
        path: str,
        *,
        query: Mapping[str, str],
        metadata: Json,
        content: bytes,
        content_type: str,
        user_project: str | None = None,
    ) -> Json:
        """Send a file and what is said of it in one request, as Google's Go client does with one of up to 16 MiB.

        Raises:
            GoogleError: Google refuses for a reason that retries do not cover.
            UnansweredError: no answer came.
        """
        asked = {**query, "alt": "json", "uploadType": "multipart"}
        # Uploads have a path of their own on the service's host.
        url = urljoin(self._address(service), f"/upload/{service}/{path}?{urlencode(sorted(asked.items()))}")
        boundary = secrets.token_hex(30)
        body = b"".join(
            (
                f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode(),
                f"{go_json(metadata)}\n\r\n".encode(),
                f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode(),
                content,
                f"\r\n--{boundary}--\r\n".encode(),
            )
        )
        kind = {"Content-Type": f"multipart/related; boundary={boundary}"}
        headers = {**self._headers_for(user_project), **kind}
        retries = Retries()
        return await retried(lambda: self._send("POST", url, headers, body), retries.covers, retries.seconds)

    async def operation(self, service: str, operation: Json, *, user_project: str | None = None) -> Json:
        """Wait for a long-running operation and return its response.

        Raises:
            OperationError: it failed.
        """
        waits = _Waits()
        while not operation.get("done"):
            await waits.next()
            operation = await self.send(service, "GET", operation["name"], user_project=user_project)
        if "error" in operation:
            raise OperationError(operation["error"])
        response: Json = operation.get("response", {})
        return response

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _address(self, service: str) -> str:
        address = self._addresses.get(service)
        if not address:
            raise NoAddressError(service)
        return address

    def _headers_for(self, user_project: str | None) -> dict[str, str]:
        return {**self._headers, "X-Goog-User-Project": user_project} if user_project else self._headers

    async def _send(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> Json:
        import aiohttp
        from yarl import URL

        from sandbox.standins.gcp_plugin.unanswered import proxy_for, unanswered

        proxy = proxy_for(url)
        # For a read, a user waits at a prompt; a change may take longer.
        seconds = READ_S if method == "GET" else CHANGE_S
        try:
            # The path is encoded as it has to be: `%2F` in it stays.
            async with self._opened().request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=data,
                proxy=proxy,
                timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=seconds),
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unanswered(error, method, url, proxy) from None
        if answer.status >= 300:
            raise GoogleError(answer.status, text)
        parsed: Json = json.loads(text) if text else {}
        return parsed

    def _opened(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp

            # As many connections as the engine has operations; the default of 100 would make some wait.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                requote_redirect_url=False,
            )
        return self._session


class NoAddressError(PluginError):
    """A service for which no local address is known: the stand-in never calls Google itself."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"the stand-in gcp plugin works with a local cloud only, and has no address for {service}; "
            "`make env` prints the variables that name one, and `pulumi plugin install resource gcp` installs the "
            "official plugin"
        )


async def retried(
    attempt: Callable[[], Awaitable[Json]], again: Callable[[GoogleError], bool], seconds: float
) -> Json:
    """Repeat the attempt until it succeeds, fails permanently, or the time is over."""
    waits = _Waits()
    deadline = time.monotonic() + seconds
    unanswered = 0
    while True:
        try:
            return await attempt()
        except UnansweredError as error:
            unanswered += 1
            if not error.may_repeat(unanswered):
                raise
        except GoogleError as error:
            if not again(error) or time.monotonic() > deadline:
                raise
        await waits.next()


class _Waits:
    def __init__(self) -> None:
        self._seconds = FIRST_WAIT_S

    async def next(self) -> None:
        await asyncio.sleep(self._seconds)
        self._seconds = min(self._seconds * 2, LONGEST_WAIT_S)
