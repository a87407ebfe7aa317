"""Errors of Google's APIs, decoded: the reason in one line, and the remedy.

Google's message alone often has too little ("Precondition check failed."): the rest is in the details.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

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


class GoogleError(Exception):
    """A call that failed.

    Attributes:
        code: the HTTP status; 0 when no answer came.
        status: the google.rpc.Code's name, such as `INVALID_ARGUMENT`.
        message: Google's message.
        details: the google.rpc details, as JSON.
        service: the name of the API that refuses, such as `billingbudgets`; empty if unknown.
        foreign: True if the answer is not from a Google API: a page of a proxy or of another server.
    """

    def __init__(
        self, code: int, status: str, message: str, details: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.code = code
        self.status = status
        self.message = message
        self.details = list(details)
        self.service = ""
        self.foreign = False
        super().__init__()

    def __str__(self) -> str:
        return self.text

    @classmethod
    def from_body(cls, code: int, body: str) -> "GoogleError":
        """The error from an answer's body; a body that is not Google's JSON is shortened."""
        try:
            error = json.loads(body)["error"]
            return cls(
                error.get("code", code),
                error.get("status", ""),
                error.get("message", ""),
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
        infos = [detail for detail in self.details if detail.get("reason")]
        return advice_on(
            Refusal(
                code=self.code,
                status=self.status,
                message=self.message,
                service=self.service,
                reasons=frozenset(str(info["reason"]) for info in infos),
                domains=frozenset(str(info.get("domain", "")) for info in infos),
                metadata={k: str(v) for info in infos for k, v in (info.get("metadata") or {}).items()},
                violations=tuple(self._violations),
                foreign=self.foreign,
            )
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
            details += [each for each in found if isinstance(each, dict)]
            text = rest[0][end:]
        except ValueError:
            text = rest[0]
    reasons = [old[0] or old[1] for old in _OLD_REASON.findall(text)]
    details += [{"reason": reason} for reason in reasons]
    message = message.partition("\nMore details:")[0].strip()
    for reason in reasons:
        message = message.removesuffix(f", {reason}")
    return GoogleError(code, "", message, details)
