"""Errors of Google's APIs, decoded: the reason in one line, and the remedy.

Google's message alone often has too little ("Precondition check failed."): the rest is in the details.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from landing_zone.google import quota_refusals
from landing_zone.google.advice import Refusal, Violation, advice_on
from landing_zone.google.connection import UNSENT, Failure, failure_in

#: google.rpc.Code of long-running operations → HTTP status and name. Source: google/rpc/code.proto.
_RPC_CODES: Final[Mapping[int, tuple[int, str]]] = {
    1: (499, "CANCELLED"),
    2: (500, "UNKNOWN"),
    3: (400, "INVALID_ARGUMENT"),
    4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"),
    6: (409, "ALREADY_EXISTS"),
    7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"),
    10: (409, "ABORTED"),
    11: (400, "OUT_OF_RANGE"),
    12: (501, "UNIMPLEMENTED"),
    13: (500, "INTERNAL"),
    14: (503, "UNAVAILABLE"),
    15: (500, "DATA_LOSS"),
    16: (401, "UNAUTHENTICATED"),
}
_RPC_NAMES: Final = {name.replace("_", "").lower(): (code, name) for code, name in _RPC_CODES.values()}
#: Answers after which it is not known whether the call was carried out.
_UNSURE: Final = frozenset({500, 502, 504})


def _well_formed(detail: Mapping[str, Any]) -> dict[str, Any]:
    """A detail without what a server wrote in another form than Google's."""
    found = dict(detail)
    for name in ("fieldViolations", "violations"):
        items = found.pop(name, None)
        if isinstance(items, list):
            found[name] = [item for item in items if isinstance(item, Mapping)]
    if not isinstance(found.get("metadata"), Mapping):
        found.pop("metadata", None)
    return found


class GoogleError(Exception):
    """A call that failed.

    Attributes:
        code: the HTTP status; 0 when no answer came.
        status: the google.rpc.Code's name, such as `INVALID_ARGUMENT`.
        message: Google's message.
        details: the google.rpc details, as JSON.
        service: the name of the API that refuses, such as `billingbudgets`; empty if unknown.
        foreign: True if the answer is not from a Google API: a page of a proxy or of another server.
        retry_after_s: seconds to wait that the answer's header names; None without it.
        again_at: set if Google asks for a longer wait than the call had time for: when the wait is over.
    """

    def __init__(
        self, code: int, status: str, message: str, details: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.code = code
        self.status = status
        self.message = message
        self.details = [_well_formed(each) for each in details if isinstance(each, Mapping)]
        self.service = ""
        self.foreign = False
        self.retry_after_s: float | None = None
        self.again_at: datetime | None = None
        super().__init__()

    def __str__(self) -> str:
        return self.text

    @classmethod
    def from_body(cls, code: int, body: str) -> "GoogleError":
        """The error from an answer's body; a body that is not Google's JSON is shortened."""
        try:
            error = json.loads(body)["error"]
            number, status, message = (error.get(name) for name in ("code", "status", "message"))
            return cls(
                number if type(number) is int else code,
                status if isinstance(status, str) else "",
                message if isinstance(message, str) else "",
                error.get("details") or [{"reason": each.get("reason")} for each in error.get("errors", ())],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            shown = " ".join(re.sub(r"<[^>]*>", " ", body).split())[:200]
            found = cls(code, "", shown or "an empty answer")
            found.foreign = True
            return found

    @classmethod
    def from_status(cls, status: Mapping[str, Any]) -> "GoogleError":
        """The error from the google.rpc.Status of an operation that failed."""
        number = status.get("code", 2)
        code, name = _RPC_CODES.get(number, (500, f"code {number}"))
        return cls(code, name, status.get("message", ""), status.get("details", ()))

    @property
    def lost(self) -> bool:
        """True if the call may have been carried out although it failed: its answer is not known."""
        return self.code in _UNSURE

    @property
    def retry_delay_s(self) -> float | None:
        """Seconds that Google asks to wait before the next attempt; None if it does not say."""
        asked = (self.retry_after_s, quota_refusals.retry_delay(self.details))
        return max((each for each in asked if each is not None), default=None)

    @property
    def is_rate_limit(self) -> bool:
        """True for too many calls in a short time, as in a minute: the same call succeeds a little later."""
        return quota_refusals.is_rate_limit(self.code, self._refusal.words, self.details)

    @property
    def is_daily_quota(self) -> bool:
        """True if a quota of a day is used up: no attempt succeeds before the day ends."""
        return bool(self._daily_quota)

    @property
    def is_not_ready(self) -> bool:
        """True if an API may just have been enabled: the same call succeeds a little later.

        Some plugins leave out the reason.
        """
        return self.code == 403 and (
            self.has_reason("SERVICE_DISABLED", "accessNotConfigured")
            or "it is disabled. If you enabled this API recently" in self.message
        )

    @property
    def is_of_something_new(self) -> bool:
        """True if IAM may not know a service account or a custom role everywhere yet, as both were just created."""
        return bool(_NEW.search(self.message))

    @property
    def hides(self) -> bool:
        """True if what was asked for does not exist, or the caller may not see it: Google does not say which.

        Not so where the refusal is about the project that the call counts against.
        """
        return self.code in (403, 404) and not self.has_reason("SERVICE_DISABLED", "USER_PROJECT_DENIED")

    @property
    def violations(self) -> list[tuple[str, str]]:
        """Field (Google's name; may be empty) and description of every violation in the details."""
        return [(each.field or each.subject or each.kind, each.description) for each in self._violations]

    def has_reason(self, *reasons: str) -> bool:
        """True if a google.rpc.ErrorInfo has one of the reasons."""
        return any(detail.get("reason") in reasons for detail in self.details)

    @property
    def text(self) -> str:
        """Google's message and what the details add, in one line."""
        parts = [self.message.rstrip(".")] if self.message else []
        parts += [f"{field}: {text}".strip(": ") for field, text in self.violations]
        parts += [str(detail["reason"]) for detail in self.details if detail.get("reason")]
        where = f"{self.code} {self.status}".strip()
        words = "; ".join(dict.fromkeys(parts))
        by = f" (says {self.service}.googleapis.com)" if self.service and not self.foreign else ""
        return f"{where}: {words}{by}" if self.code else words

    @property
    def with_remedy(self) -> str:
        """The text and the remedy."""
        return f"{self.text.rstrip('.')}: {self.remedy}".removesuffix(": ")

    @property
    def remedy(self) -> str:
        """The remedy; empty if none is known."""
        if self.again_at:
            when = f"{self.again_at:%Y-%m-%d %H:%M:%S} UTC"
            return f"Google asks to wait {self.retry_delay_s or 0:.0f} seconds: run it again after {when}"
        if quota := self._daily_quota:
            return (
                f"the day's quota is used up: {quota}. Wait until the day ends, at midnight Pacific time, or ask for a "
                "higher quota (console: IAM & Admin, Quotas & System Limits)"
            )
        return advice_on(self._refusal)

    @property
    def _daily_quota(self) -> str:
        return quota_refusals.daily_quota(self.code, self._refusal.words, self.details)

    @property
    def _refusal(self) -> Refusal:
        infos = [detail for detail in self.details if detail.get("reason")]
        return Refusal(
            code=self.code,
            status=self.status,
            message=self.message,
            service=self.service,
            reasons=frozenset(str(info["reason"]) for info in infos),
            domains=frozenset(str(info.get("domain", "")) for info in infos),
            metadata={k: str(v) for info in infos for k, v in info.get("metadata", {}).items()},
            violations=tuple(self._violations),
            foreign=self.foreign,
        )

    @property
    def _violations(self) -> list[Violation]:
        return [
            Violation(*(str(item.get(name) or "") for name in ("field", "subject", "type", "description")))
            for detail in self.details
            for kind in ("fieldViolations", "violations")
            for item in detail.get(kind, ())
        ]


class NoAnswerError(GoogleError):
    """No answer came: the connection failed, or timed out.

    Attributes:
        failure: the cause and the address.
        sent: True if the call may have reached Google and been carried out.
    """

    def __init__(self, failure: Failure, *, sent: bool = True) -> None:
        super().__init__(0, "", failure.sentence)
        self.failure = failure
        self.sent = sent and failure.cause not in UNSENT

    @property
    def lost(self) -> bool:
        """True if the call may have been carried out although no answer came."""
        return self.sent

    @property
    def remedy(self) -> str:
        """The remedy."""
        return self.failure.advice


_NEW: Final = re.compile(r"Service account \S+ does not exist|does not exist in the resource's hierarchy")
_GOOGLEAPI: Final = re.compile(r"googleapi: Error (?P<code>\d{3}): ?")
_BARE: Final = re.compile(
    r"googleapi: got HTTP response code (?P<code>\d{3}) with body: (?P<body>.*)", re.DOTALL
)
_DETAILS: Final = re.compile(r"\nDetails:\n")
_OLD_REASON: Final = re.compile(r", ([a-z][A-Za-z]{2,60})\s*$|^Reason: (\w+), Message: ", re.MULTILINE)
_OPERATION: Final = re.compile(r"Error code (?P<code>\d{1,2}), message: (?P<message>[^\n]*)")
_RPC: Final = re.compile(r"rpc error: code = (?P<name>\w+) desc = (?P<message>[^\n]*)")
# A check that terraform-provider-google makes before it creates a project, with its own message.
_PREFLIGHT: Final = re.compile(
    r"missing permission on \\?\"(?P<resource>[^\"\\]+)\\?\": (?P<permission>[\w.]+)"
    r"|failed to check permissions on billing account[^\n]*"
)


def error_in(text: str) -> GoogleError | None:
    """The error in the output of a plugin written in Go, decoded; None if it is not an error of Google.

    Sources: googleapi.Error of google-api-go-client, net/http, status.Error of grpc-go, terraform-provider-google.
    """
    error = _decoded(text)
    if error and error.retry_delay_s is None:
        error.retry_after_s = quota_refusals.retry_delay_in(text)
    return error


def _decoded(text: str) -> GoogleError | None:
    if bare := _BARE.search(text):
        return GoogleError.from_body(int(bare["code"]), bare["body"])
    if refused := _GOOGLEAPI.search(text):
        return _refused(int(refused["code"]), text[refused.end() :])
    if failure := failure_in(text):
        return NoAnswerError(failure)
    if operation := _OPERATION.search(text):
        return GoogleError.from_status({"code": int(operation["code"]), "message": operation["message"]})
    if (rpc := _RPC.search(text)) and rpc["name"].lower() in _RPC_NAMES:
        return GoogleError(*_RPC_NAMES[rpc["name"].lower()], rpc["message"])
    if preflight := _PREFLIGHT.search(text):
        found = {"permission": preflight["permission"], "resource": preflight["resource"]}
        info = {
            "reason": "IAM_PERMISSION_DENIED",
            "metadata": {name: value for name, value in found.items() if value},
        }
        return GoogleError(403, "PERMISSION_DENIED", preflight[0], [info])
    return None


def _refused(code: int, text: str) -> GoogleError:
    message, *rest = _DETAILS.split(text, maxsplit=1)
    details: list[Mapping[str, Any]] = []
    if rest:
        try:
            found, end = json.JSONDecoder().raw_decode(rest[0])
            details += found if isinstance(found, list) else []
            text = rest[0][end:]
        except ValueError:
            text = rest[0]
    reasons = [old[0] or old[1] for old in _OLD_REASON.findall(text)]
    details += [{"reason": reason} for reason in reasons]
    message = message.partition("\nMore details:")[0].strip()
    for reason in reasons:
        message = message.removesuffix(f", {reason}")
    return GoogleError(code, "", message, details)
