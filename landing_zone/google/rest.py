"""Calls to Google's REST APIs: authorized, counted against the right project's quota, with retries, stoppable."""

import re
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.connection import Cause, Failure, address_of, is_unencrypted
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.paging import PageTokens
from landing_zone.google.quota_refusals import retry_after
from landing_zone.google.retrying import READS, Retries, StoppedError, backoff, retried
from landing_zone.google.transport import authorized, no_answer

Json = dict[str, Any]

_DOMAIN: Final = re.compile(r"(?<=^projects/)([^/:]+\.[^/:]+):")
"""The domain in the id of a domain-scoped project, `projects/example.com:bot/…`; no other id has a dot."""
_LONGEST_OPERATION_S: Final = 900


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
        self._answered: datetime | None = None

    @property
    def now(self) -> datetime:
        """The time by Google's clock, as of its last answer; by this machine's before the first one."""
        return self._answered or datetime.now(UTC)

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        project: str | None = None,
        repeatable: bool = False,
        retry_s: float | None = None,
        answered: MutableMapping[str, str] | None = None,
    ) -> Json:
        """Make a call and return the JSON of its answer; transient errors are retried.

        Args:
            service: a name of `config.ENDPOINTS`.
            path: below the service's base address, encoded.
            project: the project the call is about; its quota counts if there is no billing project.
            repeatable: True if a POST does no harm a second time. If the answer of another POST is lost, it is not
                known whether it was carried out, so it is not retried.
            retry_s: total time for retries of a call that Google refuses with a transient error; those of `retries`
                if it is not given. A longer wait that Google asks for ends them.
            answered: takes the headers of the answer, by their names in small letters.

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
                return self._send(method, f"{base}{path}", headers, body, query, answered)
            except GoogleError as error:
                # Without the version suffix that distinguishes two endpoints of one service.
                error.service = service.partition(".")[0]
                raise

        # PUT, PATCH and DELETE set a state, which a second call does not change.
        repeatable = repeatable or method != "POST"
        seconds = self._retries.transient_s if retry_s is None else retry_s
        try:
            return retried(attempt, self._retries, self.stop, repeatable=repeatable, seconds=seconds)
        except NoAnswerError as error:
            # After a lost answer, the caller looks at once whether the call was carried out.
            if repeatable or not error.lost:
                self._unreachable[base] = (time.monotonic() + self._retries.fail_fast_s, error.failure)
            raise

    def list_all(
        self,
        service: str,
        path: str,
        items: str,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        project: str | None = None,
        retry_s: float | None = None,
    ) -> Iterator[Json]:
        """Every item of a listing, across its pages; `items` names the field that holds them.

        Raises as `call`, and GoogleError if a page token comes twice.
        """
        tokens = PageTokens(f"{items} of {service} ({path})")
        token = ""
        while True:
            paged = {**(query or {}), **({"pageToken": token} if token else {})}
            page = self.call(service, "GET", path, query=paged, project=project, retry_s=retry_s)
            yield from page.get(items, [])
            token = page.get("nextPageToken", "")
            if not token:
                return
            tokens.add(token)

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

    def backoff(self) -> Iterator[None]:
        """Wait at each step, with delays that grow and have jitter. Raises StoppedError once `stop` is set."""
        return backoff(self.stop)

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
        query: Mapping[str, str | list[str]] | None,
        answered: MutableMapping[str, str] | None = None,
    ) -> Json:
        if self.stop.is_set():
            raise StoppedError("stopped")
        try:
            answer = self._opened().request(  # type: ignore[no-untyped-call]  # untyped in google-auth
                method,
                url,
                json=body,
                params=query,
                headers=headers,
                timeout=(self._retries.connect_s, self._retries.answer_s),
            )
        except GoogleAuthError as error:
            raise CredentialsError(
                f"Google does not accept the credentials: {str(error).splitlines()[0]}; log in again"
            ) from None
        except requests.RequestException as error:
            raise no_answer(error, url) from None
        self._read_clock(answer.headers.get("date", ""))
        if answered is not None:
            answered.update((name.lower(), value) for name, value in answer.headers.items())
        if answer.status_code >= 300:
            refusal = GoogleError.from_body(answer.status_code, answer.text)
            refusal.retry_after_s = retry_after(answer.headers)
            raise refusal
        try:
            content: Json = answer.json() if answer.content else {}
        except requests.JSONDecodeError:
            raise GoogleError.from_body(answer.status_code, answer.text) from None
        return content

    def _read_clock(self, date: str) -> None:
        with suppress(ValueError):
            found = parsedate_to_datetime(date)
            if found.tzinfo is not None:
                self._answered = found.astimezone(UTC)

    def _opened(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                self._session = authorized(self.config.open_credentials())
            return self._session
