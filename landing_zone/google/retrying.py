"""Time-outs and retries of calls to Google; every wait ends at once when the user stops."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from time import monotonic
from typing import Any, Final

from landing_zone.google.connection import Cause
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.transport import CONNECT_S

_RANDOM: Final = SystemRandom()
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 20.0
_TRANSIENT: Final = frozenset({500, 502, 503, 504})

_ATTEMPTS: Final = {
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

    connect_s: float
    """Time-out for the connection."""
    answer_s: float
    """Time-out for the answer, once connected."""
    attempts: int
    """Attempts for a call that is not answered in that time."""
    fail_fast_s: float
    """Time for which calls to a server fail at once after it did not answer."""
    transient_s: float = 120
    """Total time for retries of a call that Google refuses with a transient error, unless the call says otherwise."""


#: For people who wait at a prompt: a missing answer is reported within 10 seconds.
READS: Final = Retries(connect_s=CONNECT_S, answer_s=6, attempts=1, fail_fast_s=10)
#: For many reads side by side before something else: what does not answer soon is reported.
LOOKS: Final = replace(READS, transient_s=10)
#: For changes: Google may take long, and an abandoned change is left half done.
CHANGES: Final = Retries(connect_s=CONNECT_S, answer_s=30, attempts=1, fail_fast_s=0)


class StoppedError(Exception):
    """The user pressed Ctrl-C: no more calls are made."""


def backoff(stop: threading.Event) -> Iterator[None]:
    """Wait at each step, with delays that grow and have jitter. Raises StoppedError once `stop` is set."""
    for seconds in _delays():
        _wait(stop, seconds)
        yield


def retried(
    attempt: Callable[[], dict[str, Any]],
    retries: Retries,
    stop: threading.Event,
    *,
    repeatable: bool,
    seconds: float,
) -> dict[str, Any]:
    """Repeat the attempt until it succeeds, fails permanently, or the time is over.

    The wait is at least the one that Google asks for. If that is longer than the time that is left, it fails at once.

    Args:
        attempt: makes the call.
        retries: attempts for a call that gets no answer.
        stop: ends the waits once set.
        repeatable: False if it is not sent again when it may have been carried out.
        seconds: total time for retries of a call that Google refuses with a transient error.
    """
    deadline = monotonic() + seconds
    delays = _delays()
    unanswered = 0
    while True:
        delay = next(delays)
        try:
            return attempt()
        except NoAnswerError as error:
            unanswered += 1
            cause = error.failure.cause
            allowed = retries.attempts if cause is Cause.NO_ANSWER else _ATTEMPTS.get(cause, 1)
            if (error.lost and not repeatable) or unanswered >= allowed:
                raise
        except GoogleError as error:
            left = deadline - monotonic()
            if not _is_transient(error, retries) or (error.lost and not repeatable) or left <= 0:
                raise
            asked = error.retry_delay_s or 0
            if asked > left:
                error.again_at = datetime.now(UTC) + timedelta(seconds=asked)
                raise
            # With jitter, as all calls of a minute's quota are asked to wait for the same moment.
            delay = min(max(delay, asked * _RANDOM.uniform(1.0, 1.1)), left)
        _wait(stop, delay)


def _delays() -> Iterator[float]:
    seconds = _FIRST_WAIT_S
    while True:
        yield seconds * _RANDOM.uniform(0.5, 1.0)
        seconds = min(seconds * 2, _LONGEST_WAIT_S)


def _wait(stop: threading.Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise StoppedError("stopped")


def _is_transient(error: GoogleError, retries: Retries) -> bool:
    """True if the same call may succeed later.

    Calls of an API that was just enabled are refused for some minutes; retrying shows when it is ready.
    """
    return (
        error.code in _TRANSIENT
        or error.is_rate_limit
        or error.status == "ABORTED"
        or error.has_reason("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
        or (retries is CHANGES and error.has_reason("SERVICE_DISABLED"))
    )
