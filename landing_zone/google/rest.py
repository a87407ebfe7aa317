"""Calls to Google's REST APIs: authorized, against the right project's quota, patient, and stoppable."""

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
from landing_zone.google.connection import Cause, Failure
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
    # A server that restarts is there again in a second or two.
    Cause.REFUSED: 4,
    Cause.RESET: 4,
    Cause.PROXY: 2,
    Cause.OTHER: 2,
}
"""How often a call is made that gets no answer; once for the other causes, which a second call would not change."""


@dataclass(frozen=True)
class Patience:
    """How long a call may take when all is not well."""

    answer_s: float
    """For an answer on a connection that stands."""
    unanswered: int
    """How often a call is made that is not answered in that time."""
    remembers_s: float
    """How long a server that could not be reached is not asked again: other calls to it fail at once."""


#: For people who wait at a prompt: they know within 10 seconds that nobody answers.
READS: Final = Patience(answer_s=6, unanswered=1, remembers_s=10)
#: For changes: Google may take its time over one, and giving up leaves it half done.
CHANGES: Final = Patience(answer_s=30, unanswered=1, remembers_s=0)


class StoppedError(Exception):
    """The user pressed Ctrl-C: no more calls are made."""


class Google:
    """An HTTP client of one configuration; safe to use from several threads."""

    def __init__(
        self, config: GoogleConfig, stop: threading.Event | None = None, *, patience: Patience = READS
    ) -> None:
        """A client that opens nothing yet.

        Args:
            config: credentials, quota project and endpoints.
            stop: once set, waits end and no further call is made.
            patience: with CHANGES, a call of an API that is not enabled is tried again too: it may just have been
                enabled.
        """
        self.config = config
        self.stop = stop or threading.Event()
        self._patience = patience
        self._silent: dict[str, tuple[float, Failure]] = {}
        """Address -> until when it is not asked again, and why."""
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
        patience_s: float = 120,
    ) -> Json:
        """Make a call and return the JSON of its answer; what may go better later is tried again.

        Args:
            service: a name of `config.ENDPOINTS`.
            path: below the service's base address, encoded.
            project: the project it is about; its quota counts when there is no billing project.
            repeatable: whether a POST does no harm a second time. Of another one whose answer is lost nobody knows
                whether it was carried out: it is not made again.
            patience_s: how long, altogether, a call is tried again that Google refuses for the moment.

        Raises:
            GoogleError: Google refuses.
            NoAnswerError: no answer came.
            StoppedError: the user wants no more.
            CredentialsError: there are no credentials.
        """
        base = self.config.address(service)
        # A colon as it is would read as a custom method's, as in projects/P:getIamPolicy.
        path = _DOMAIN.sub(r"\1%3A", path)
        headers = self._headers(project)
        until, silent = self._silent.get(base, (0.0, None))
        if silent and time.monotonic() < until:
            raise NoAnswerError(silent, sent=False)

        def attempt() -> Json:
            try:
                return self._send(method, f"{base}{path}", headers, body, query)
            except GoogleError as error:
                # Without the version that tells two endpoints of one service apart.
                error.service = service.partition(".")[0]
                raise

        try:
            return self._retried(attempt, repeatable or method != "POST", patience_s)
        except NoAnswerError as error:
            self._silent[base] = (time.monotonic() + self._patience.remembers_s, error.failure)
            raise

    def list_all(
        self,
        service: str,
        path: str,
        items: str,
        *,
        query: Mapping[str, str] | None = None,
        project: str | None = None,
        patience_s: float = 120,
    ) -> Iterator[Json]:
        """Every item of a listing, whose pages hold them under `items`. Arguments and errors are those of `call`."""
        token = ""
        while True:
            paged = {**(query or {}), **({"pageToken": token} if token else {})}
            page = self.call(service, "GET", path, query=paged, project=project, patience_s=patience_s)
            yield from page.get(items, [])
            token = page.get("nextPageToken", "")
            if not token:
                return

    def wait_for_operation(self, service: str, operation: Json, *, project: str | None = None) -> Json:
        """Wait for a long-running operation; returns its response. Raises as `call`."""
        waits = self.backoff()
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

    def _retried(self, attempt: Callable[[], Json], repeatable: bool, seconds: float) -> Json:
        """Make the attempt until it succeeds, fails for good, or the time is over."""
        deadline = time.monotonic() + seconds
        waits = self.backoff()
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
            next(waits)

    def _allowed(self, cause: Cause) -> int:
        return self._patience.unanswered if cause is Cause.NO_ANSWER else _ATTEMPTS.get(cause, 1)

    def backoff(self) -> Iterator[None]:
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
                method, url, json=body, params=query, headers=headers, timeout=self._patience.answer_s
            )
        except GoogleAuthError as error:
            raise CredentialsError(
                f"Google does not take the credentials: {str(error).splitlines()[0]}; log in again"
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
        """Whether the same call may be answered better later.

        A service that was just enabled is refused for some minutes: the call is the test of when it is ready.
        """
        return (
            error.code in _TRANSIENT
            or error.status == "ABORTED"
            or error.has_reason("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
            or (self._patience is CHANGES and error.has_reason("SERVICE_DISABLED"))
        )
