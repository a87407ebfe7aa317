"""Refusals for a quota: whether it is one of a minute or of a day, and how long Google asks to wait.

Sources: google/api/error_reason.proto, google/rpc/error_details.proto, RFC 9110 (Retry-After), the Gemini API's 429,
and the old reasons (`rateLimitExceeded`, `dailyLimitExceeded`), which some APIs give with 403.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

Details = Sequence[Mapping[str, Any]]

_RATES: Final = frozenset({"RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded"})
_DAILY: Final = frozenset({"dailyLimitExceeded", "dailyLimitExceededUnreg"})
#: `1/d/{project}`, `/d/model/project`, `RequestsPerDayPerProject`, 'Requests per day'.
_DAY: Final = re.compile(
    r"(?:^|/)(?:1/)?d(?:ay)?(?:/|$)|PerDay(?![a-z])|(?<![A-Za-z])[Pp]er[ _-]?[Dd]ay(?![a-z])"
)
_DAY_IN_WORDS: Final = re.compile(
    r"(?<![a-z])(?:per[ _-]?day|daily limit|daily quota)(?![a-z])", re.IGNORECASE
)
_LIMIT_IN_WORDS: Final = re.compile(r"\blimit '([^']+)'")
#: Quotas that do not come back with time. Google gives them the status of a rate limit.
_STANDING_WORDS: Final = re.compile(
    r"Cloud billing quota exceeded|allotted project quota|prepayment credits|spend(?:ing)? cap", re.IGNORECASE
)
_STANDING: Final = frozenset({"RESOURCE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "quotaExceeded"})
_DURATION: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s")
_DURATION_IN_TEXT: Final = re.compile(r'retryDelay\\?"\s*:\s*\\?"([\d.]+s)')
_LONGEST_S: Final = 366 * 86400.0
"""Longer ones are cut to it, so that every delay can be added to a date."""


@dataclass(frozen=True)
class _Quota:
    """A quota that a refusal names."""

    metric: str
    limit: str
    value: str
    owner: str
    unit: str
    description: str

    @property
    def is_daily(self) -> bool:
        parts = (self.unit, self.limit, self.metric)
        return any(map(_DAY.search, parts)) or bool(_DAY_IN_WORDS.search(self.description))

    def __str__(self) -> str:
        name = ", limit ".join(filter(None, (self.metric, self.limit))) or self.description
        return f"{name}{f' ({self.value})' if self.value else ''}{f' of {self.owner}' if self.owner else ''}"


def daily_quota(code: int, words: str, details: Details) -> str:
    """Name, value and owner of the day's quota that is used up, as far as known; empty if it is none of a day.

    `words`: the message and the descriptions in it, without addresses.
    """
    if code not in (403, 429):
        return ""
    if found := next((quota for quota in _quotas(details) if quota.is_daily), None):
        return str(found)
    is_daily = bool(_reasons(details) & _DAILY) or (
        (code == 429 or bool(_reasons(details) & _RATES)) and _DAY_IN_WORDS.search(words)
    )
    limit = _LIMIT_IN_WORDS.search(words)
    return (limit[1] if limit else "a quota of the day") if is_daily else ""


def is_rate_limit(code: int, words: str, details: Details) -> bool:
    """True if calls were too many in a short time, so that the same call succeeds a little later."""
    reasons = _reasons(details)
    subjects = [str(each.get("subject") or "") for each in _violations(details)]
    if (
        daily_quota(code, words, details)
        or reasons & _STANDING
        or _STANDING_WORDS.search(words)
        or any(subject.startswith("billingAccounts/") for subject in subjects)
    ):
        return False
    return code == 429 or (code == 403 and bool(reasons & _RATES))


def retry_delay(details: Details) -> float | None:
    """Seconds to wait, from google.rpc.RetryInfo; None if the details have none."""
    texts = (detail.get("retryDelay") for detail in details)
    found = [_seconds(match[1]) for text in texts if (match := _DURATION.fullmatch(str(text)))]
    return max(found, default=None)


def retry_delay_in(text: str) -> float | None:
    """Seconds to wait, from a RetryInfo in a text that is not JSON as a whole; None if it has none."""
    found = _DURATION_IN_TEXT.search(text)
    return retry_delay([{"retryDelay": found[1]}]) if found else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from the header Retry-After; None without one, or if it cannot be read.

    A date counts from the server's own `Date`, as this machine's clock may differ.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return _seconds(text)
    if not (until := _date(text)):
        return None
    now = _date(headers.get("Date", "")) or datetime.now(UTC)
    return _seconds(max((until - now).total_seconds(), 0))


def _seconds(value: str | float) -> float:
    return min(float(value), _LONGEST_S)


def _date(text: str) -> datetime | None:
    with suppress(ValueError, TypeError, OverflowError):
        found = parsedate_to_datetime(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _reasons(details: Details) -> set[str]:
    return {str(detail["reason"]) for detail in details if detail.get("reason")}


def _violations(details: Details) -> Iterator[Mapping[str, Any]]:
    return (each for detail in details for each in detail.get("violations", ()))


def _quotas(details: Details) -> Iterator[_Quota]:
    for detail in details:
        names = ("quota_metric", "quota_limit", "quota_limit_value", "consumer", "quota_unit", "description")
        yield _quota(detail.get("metadata", {}), *names)
    for each in _violations(details):
        yield _quota(each, "quotaMetric", "quotaId", "quotaValue", "subject", "quotaUnit", "description")


def _quota(about: Mapping[str, Any], *names: str) -> _Quota:
    return _Quota(*(str(about.get(name) or "") for name in names))
