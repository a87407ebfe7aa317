"""Calls to Google's REST APIs: authorized, counted against the right project's quota, with retries, stoppable."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.connection import Cause, Failure, address_of, is_unencrypted
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.transport import authorized, no_answer

Json = dict[str, Any]

_DOMAIN: Final = re.compile(r"(?<=^projects/)([^/:]+\.[^/:]+):")
"""The domain in the id of a domain-scoped project, `projects/example.com:bot/…`; no other id has a dot."""
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 20.0
_LONGEST_OPERATION_S: Final = 900
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})

_ATTEMPTS: Final[Mapping[Cause, int]] = {
    # A server that restarts answers again in a second or two.
    Cause.REFUSED: 4,
    Cause.RESET: 4,
    Cause.PROXY: 2,
    Cause.OTHER: 2,
}
"""Attempts for a call that gets no answer; one for the other causes, where another attempt would not help."""


@dataclass(frozen=True)
class Retries:
    """Time-outs and attempts of calls that get no answer."""

    answer_s: float
    """Time-out for the answer, once connected."""
    attempts: int
    """Attempts for a call that is not answered in that time."""
    fail_fast_s: float
    """Time for which calls to a server fail at once after it did not answer."""


#: For people who wait at a prompt: a missing answer is reported within 10 seconds.
READS: Final = Retries(answer_s=6, attempts=1, fail_fast_s=10)
#: For changes: Google may take long, and an abandoned change is left half done.
CHANGES: Final = Retries(answer_s=30, attempts=1, fail_fast_s=0)


class StoppedError(Exception):
    """The user pressed Ctrl-C: no more calls are made."""


class Google:
    """An HTTP client of one configuration; safe to use from several threads."""

    def __init__(
        self, config: GoogleConfig, stop: threading.Event | None = None, *, retries: Retries = READS
    ) -> None:
        """Create a client; the first call opens its connection.

        Args:
            config: credentials, quota project and endpoints.
            stop: once set, waits end and no further call is made.
            retries: with CHANGES, a call of an API that is not enabled is retried too, as the API may just have been
                enabled.
        """
        self.config = config
        self.stop = stop or threading.Event()
        self._retries = retries
        self._unreachable: dict[str, tuple[float, Failure]] = {}
        """Address → the time until which calls to it fail at once, and the failure."""
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
        repeatable: bool = False,
        retry_s: float = 120,
    ) -> Json:
        """Make a call and return the JSON of its answer; transient errors are retried.

        Args:
            service: a name of `config.ENDPOINTS`.
            path: below the service's base address, encoded.
            project: the project the call is about; its quota counts if there is no billing project.
            repeatable: True if a POST does no harm a second time. If the answer of another POST is lost, it is not
                known whether it was carried out, so it is not retried.
            retry_s: total time for retries of a call that Google refuses with a transient error.

        Raises:
            GoogleError: Google refuses.
            NoAnswerError: no answer came.
            StoppedError: `stop` is set.
            CredentialsError: there are no credentials.
        """
        base = self.config.address(service)
        if is_unencrypted(base):
            raise NoAnswerError(Failure(Cause.UNENCRYPTED, address_of(base)), sent=False)
        # An unencoded colon begins a custom method, as in projects/P:getIamPolicy.
        path = _DOMAIN.sub(r"\1%3A", path)
        headers = self._headers(project)
        until, failure = self._unreachable.get(base, (0.0, None))
        if failure and time.monotonic() < until:
            raise NoAnswerError(failure, sent=False)

        def attempt() -> Json:
            try:
                return self._send(method, f"{base}{path}", headers, body, query)
            except GoogleError as error:
                # Without the version suffix that distinguishes two endpoints of one service.
                error.service = service.partition(".")[0]
                raise

        try:
            return self._retried(attempt, repeatable or method != "POST", retry_s)
        except NoAnswerError as error:
            self._unreachable[base] = (time.monotonic() + self._retries.fail_fast_s, error.failure)
            raise

    def list_all(
        self,
        service: str,
        path: str,
        items: str,
        *,
        query: Mapping[str, str] | None = None,
        project: str | None = None,
        retry_s: float = 120,
    ) -> Iterator[Json]:
        """Every item of a listing, across its pages; `items` names the field that holds them. Raises as `call`."""
        token = ""
        while True:
            paged = {**(query or {}), **({"pageToken": token} if token else {})}
            page = self.call(service, "GET", path, query=paged, project=project, retry_s=retry_s)
            yield from page.get(items, [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def wait_for_operation(self, service: str, operation: Json, *, project: str | None = None) -> Json:
        """Wait for a long-running operation and return its response. Raises as `call`."""
        delays = self.backoff()
        deadline = time.monotonic() + _LONGEST_OPERATION_S
        while not operation.get("done"):
            if time.monotonic() > deadline:
                raise GoogleError(
                    0, "", f"{operation['name']} is not done after {_LONGEST_OPERATION_S // 60} minutes"
                )
            next(delays)
            operation = self.call(service, "GET", operation["name"], project=project)
        if "error" in operation:
            raise GoogleError.from_status(operation["error"])
        response: Json = operation.get("response", {})
        return response

    def _retried(self, attempt: Callable[[], Json], repeatable: bool, seconds: float) -> Json:
        """Repeat the attempt until it succeeds, fails permanently, or the time is over."""
        deadline = time.monotonic() + seconds
        delays = self.backoff()
        unanswered = 0
        while True:
            try:
                return attempt()
            except NoAnswerError as error:
                unanswered += 1
                if (error.lost and not repeatable) or unanswered >= self._allowed(error.failure.cause):
                    raise
            except GoogleError as error:
                if not self._is_transient(error) or time.monotonic() > deadline:
                    raise
                if error.lost and not repeatable:
                    raise
            next(delays)

    def _allowed(self, cause: Cause) -> int:
        return self._retries.attempts if cause is Cause.NO_ANSWER else _ATTEMPTS.get(cause, 1)

    def backoff(self) -> Iterator[None]:
        """Wait at each step, with delays that grow and have jitter. Raises StoppedError once `stop` is set."""
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
                method, url, json=body, params=query, headers=headers, timeout=self._retries.answer_s
            )
        except GoogleAuthError as error:
            raise CredentialsError(
                f"Google does not accept the credentials: {str(error).splitlines()[0]}; log in again"
            ) from None
        except requests.RequestException as error:
            raise no_answer(error, url) from None
        if answer.status_code >= 300:
            raise GoogleError.from_body(answer.status_code, answer.text)
        try:
            content: Json = answer.json() if answer.content else {}
        except requests.JSONDecodeError:
            raise GoogleError.from_body(answer.status_code, answer.text) from None
        return content

    def _opened(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                self._session = authorized(self.config.open_credentials())
            return self._session

    def _is_transient(self, error: GoogleError) -> bool:
        """True if the same call may succeed later.

        Calls of an API that was just enabled are refused for some minutes; retrying shows when it is ready.
        """
        return (
            error.code in _TRANSIENT
            or error.status == "ABORTED"
            or error.has_reason("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
            or (self._retries is CHANGES and error.has_reason("SERVICE_DISABLED"))
        )
