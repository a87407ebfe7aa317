"""Calls to Google's REST APIs: authorized, against the right project's quota, patient, and stoppable."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError

Json = dict[str, Any]

TIMEOUT_S: Final = 60
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 20.0
_LONGEST_OPERATION_S: Final = 900
_CONNECTIONS: Final = 64
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


class StoppedError(Exception):
    """The user pressed Ctrl-C: no more calls are made."""


class Google:
    """An HTTP client of one configuration; safe to use from several threads."""

    def __init__(
        self, config: GoogleConfig, stop: threading.Event | None = None, *, awaits_apis: bool = True
    ) -> None:
        """A client that opens nothing yet.

        Args:
            config: credentials, quota project and endpoints.
            stop: once set, waits end and no further call is made.
            awaits_apis: whether a call of an API that is not enabled is tried again: it may just have been enabled.
        """
        self.config = config
        self.stop = stop or threading.Event()
        self._awaits_apis = awaits_apis
        self._lock = threading.Lock()
        self._session: AuthorizedSession | None = None

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        project: str | None = None,
        patience_s: float = 120,
    ) -> Json:
        """Make a call and return the JSON of its answer; what may go better later is tried again.

        Args:
            service: a name of `config.ENDPOINTS`.
            path: below the service's base address, encoded.
            project: the project it is about; its quota counts when there is no billing project.
            patience_s: how long, altogether, a call that fails for the moment is tried again.

        Raises:
            GoogleError: Google refuses; `code` is 0 when no answer came.
            StoppedError: the user wants no more.
            CredentialsError: there are no credentials.
        """
        url = f"{self.config.address(service)}{path}"
        headers = self._headers(project)

        def attempt() -> Json:
            try:
                return self._send(method, url, headers, body, query)
            except GoogleError as error:
                # Without the version that tells two endpoints of one service apart.
                error.service = service.partition(".")[0]
                raise

        return self.patient(attempt, self._is_transient, patience_s)

    def pages(
        self,
        service: str,
        path: str,
        items: str,
        *,
        query: Mapping[str, str] | None = None,
        project: str | None = None,
    ) -> Iterator[Json]:
        """Every item of a listing, whose pages hold them under `items`. Raises as `call`."""
        token = ""
        while True:
            paged = {**(query or {}), **({"pageToken": token} if token else {})}
            page = self.call(service, "GET", path, query=paged, project=project)
            yield from page.get(items, [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def finished(self, service: str, operation: Json, *, project: str | None = None) -> Json:
        """Wait for a long-running operation; returns its response. Raises as `call`."""
        waits = self.waits()
        deadline = time.monotonic() + _LONGEST_OPERATION_S
        while not operation.get("done"):
            if time.monotonic() > deadline:
                raise GoogleError(
                    0, "", f"{operation['name']} is not done after {_LONGEST_OPERATION_S // 60} minutes"
                )
            next(waits)
            operation = self.call(service, "GET", operation["name"], project=project)
        if "error" in operation:
            raise GoogleError.from_status(operation["error"])
        response: Json = operation.get("response", {})
        return response

    def patient(
        self, attempt: Callable[[], Json], again: Callable[[GoogleError], bool], seconds: float
    ) -> Json:
        """Make the attempt until it succeeds, fails for good, or the time is over."""
        deadline = time.monotonic() + seconds
        waits = self.waits()
        while True:
            try:
                return attempt()
            except GoogleError as error:
                if not again(error) or time.monotonic() > deadline:
                    raise
            next(waits)

    def waits(self) -> Iterator[None]:
        """Waits that grow from one to the next, with jitter. Raises StoppedError when the user wants no more."""
        seconds = _FIRST_WAIT_S
        while True:
            if self.stop.wait(seconds * random.uniform(0.5, 1.0)):  # noqa: S311 jitter, no secret
                raise StoppedError("stopped")
            seconds = min(seconds * 2, _LONGEST_WAIT_S)
            yield

    def _headers(self, project: str | None) -> dict[str, str]:
        user_project = self.config.user_project(project)
        reason = self.config.request_reason
        return {
            **({"X-Goog-User-Project": user_project} if user_project else {}),
            **({"X-Goog-Request-Reason": reason} if reason else {}),
        }

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Json | None,
        query: Mapping[str, str] | None,
    ) -> Json:
        if self.stop.is_set():
            raise StoppedError("stopped")
        try:
            answer = self._opened().request(  # type: ignore[no-untyped-call]  # untyped in google-auth
                method, url, json=body, params=query, headers=headers, timeout=TIMEOUT_S
            )
        except GoogleAuthError as error:
            raise CredentialsError(
                f"Google does not take the credentials: {str(error).splitlines()[0]}; log in again"
            ) from None
        except requests.RequestException as error:
            raise GoogleError(0, "", f"no answer from {url.split('?')[0]} ({type(error).__name__})") from None
        if answer.status_code >= 300:
            raise GoogleError.from_body(answer.status_code, answer.text)
        content: Json = answer.json() if answer.content else {}
        return content

    def _opened(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                credentials = self.config.open_credentials()
                session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # untyped in google-auth
                adapter = HTTPAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
                for scheme in ("https://", "http://"):
                    session.mount(scheme, adapter)
                self._session = session
            return self._session

    def _is_transient(self, error: GoogleError) -> bool:
        """Whether the same call may be answered better later.

        A service that was just enabled is refused for some minutes: the call is the test of when it is ready.
        """
        return (
            error.code in _TRANSIENT
            or error.code == 0
            or error.status == "ABORTED"
            or error.has_reason("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
            or (self._awaits_apis and error.has_reason("SERVICE_DISABLED"))
        )
