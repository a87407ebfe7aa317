"""What Google refuses, decoded: the reason in one line, and what to do about it.

Google's own words are often one line too few ("Precondition check failed."): the rest is in the details.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: google.rpc.Code, as long-running operations tell it → HTTP status and name. Source: google/rpc/code.proto.
_RPC_CODES: Final[Mapping[int, tuple[int, str]]] = {
    1: (499, "CANCELLED"),
    3: (400, "INVALID_ARGUMENT"),
    4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"),
    6: (409, "ALREADY_EXISTS"),
    7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"),
    10: (409, "ABORTED"),
    13: (500, "INTERNAL"),
    14: (503, "UNAVAILABLE"),
    16: (401, "UNAUTHENTICATED"),
}

#: What is found in an error's text → what to do. The first that fits counts.
#: Sources: Google's error messages and reasons as of 2026-11, and the issues that report them.
REMEDIES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (
            r"Cloud billing quota exceeded|billing_quota_increase",
            "the billing account has as many linked projects as it may: unlink one (deleted projects count for a "
            "while), link to another account, or ask for more at "
            "https://support.google.com/code/contact/billing_quota_increase",
        ),
        (
            r"UREQ_PROJECT_BILLING_NOT_FOUND|billing-enabled|BILLING_DISABLED",
            "the API needs billing: the project has none, or its account is closed; set tier: paid, or open it",
        ),
        (
            r"SERVICE_DISABLED|has not been used in project",
            "the API is not enabled in the project whose quota the call counts against, or was enabled minutes ago: "
            "enable it there (with gcp:userProjectOverride that is gcp:billingProject), or run pulumi up again",
        ),
        (
            r"currency[_ ]?code|must match the currency|currency must be",
            "a budget is in its billing account's currency: write that one",
        ),
        (
            r"OVERRIDE_FOR_FIXED_LIMIT|QUOTA_IS_FIXED|quota is fixed|limit is fixed",
            "Google lets nobody change this quota: take the limit out",
        ),
        (
            r"OVERRIDE_TOO_HIGH",
            "an override only lowers what the tier allows: write a lower value, or ask for more under `quotas`",
        ),
        (
            r"QUOTA_DECREASE|DECREASE_PERCENTAGE_TOO_HIGH|more than 10 percent",
            "Google asks for confirmation of so deep a cut: write it under `limits`, which confirms it, or set "
            "ignoreSafetyChecks",
        ),
        (
            r"contact[_ ]?email",
            "Google wants somebody to ask: write contactEmail",
        ),
        (
            r"Only spend_cap.input_state can be modified|spend cap is ENFORCED",
            "the cap is enforced: lift it first (inputState: AWAITING_NEXT_PERIOD), then change it",
        ),
        (
            r"Spend caps are not supported for this billing account|first[- ]party",
            "spend caps are for accounts that are Google's direct customers: this one is a reseller's; use limits",
        ),
        (
            r"FAILED_PRECONDITION.*custom org polic|constraints/|orgpolicy|org policy",
            "an organization policy forbids it: ask who owns the policy, or change the setting that it is about",
        ),
        (
            r"requires a quota project|USER_PROJECT_DENIED|local Application Default Credentials|quota project",
            "with your own credentials the call needs a project to count against: gcp:userProjectOverride: true and "
            "gcp:billingProject to a project in which the API is enabled",
        ),
        (
            r"IAM_PERMISSION_DENIED|PERMISSION_DENIED|does not have permission|Error 403",
            "the caller lacks a role, or what is named does not exist (Google does not tell which): "
            "docs/organization.md lists the roles",
        ),
        (
            r"Project not found or not accessible",
            "the project is gone, or not visible to the caller: check its id, and refresh",
        ),
        (
            r"notification[_ ]?channels|At most 5 channels",
            "a budget takes at most 5 channels, e-mail only: name fewer, or others",
        ),
        (
            r"pubsub_topic|Not a topic",
            "the topic must exist, and billing-budget-alert@system.gserviceaccount.com may publish to it",
        ),
        (r"threshold_rules|spend_basis", "see docs/settings.md for which thresholds a budget takes"),
        (r"ABORTED|etag", "something else changed it at the same time: run pulumi up again"),
        (
            r"RATE_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED|Error 429|Quota exceeded",
            "too many calls a minute: run pulumi up again, and lower --parallel if it comes back",
        ),
        (r"UNAVAILABLE|INTERNAL|Error 50\d", "Google had a bad moment: run pulumi up again"),
        (
            r"UNAUTHENTICATED|Error 401",
            "Google does not take the credentials: log in again (gcloud auth application-default login)",
        ),
        (r"NOT_FOUND|Error 404", "it is not there: check the name, and refresh"),
        (
            r"Request contains an invalid argument",
            "Google does not say which: compare the setting with docs/settings.md",
        ),
    )
)


def remedy(text: str) -> str:
    """What to do about an error with this text; empty if nothing is known."""
    return next((remedy for pattern, remedy in REMEDIES if pattern.search(text)), "")


class GoogleError(Exception):
    """A refusal by Google.

    Attributes:
        code: the HTTP status; 0 when no answer came.
        status: the google.rpc.Code's name, such as `INVALID_ARGUMENT`.
        message: Google's words.
        details: the google.rpc details, as JSON.
        service: the name of the API that refuses; empty if nobody knows.
    """

    def __init__(
        self, code: int, status: str, message: str, details: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.code = code
        self.status = status
        self.message = message
        self.details = list(details)
        self.service = ""
        super().__init__()

    def __str__(self) -> str:
        return self.text

    @classmethod
    def from_body(cls, code: int, body: str) -> "GoogleError":
        """From an answer's body; one that is not Google's JSON is kept in short."""
        try:
            error = json.loads(body)["error"]
            return cls(
                error.get("code", code),
                error.get("status", ""),
                error.get("message", ""),
                error.get("details", ()),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(code, "", " ".join(re.sub(r"<[^>]*>", " ", body).split())[:200])

    @classmethod
    def from_status(cls, status: Mapping[str, Any]) -> "GoogleError":
        """From the google.rpc.Status of an operation that failed."""
        number = status.get("code", 2)
        code, name = _RPC_CODES.get(number, (500, f"code {number}"))
        return cls(code, name, status.get("message", ""), status.get("details", ()))

    @property
    def violations(self) -> list[tuple[str, str]]:
        """Field (as Google names it; may be empty) and description of every violation in the details."""
        found = []
        for detail in self.details:
            for name in ("fieldViolations", "violations"):
                for item in detail.get(name, ()):
                    field = item.get("field") or item.get("subject") or item.get("type") or ""
                    found.append((str(field), str(item.get("description", ""))))
        return found

    def has_reason(self, *reasons: str) -> bool:
        """Whether a google.rpc.ErrorInfo gives one of the reasons."""
        return any(detail.get("reason") in reasons for detail in self.details)

    @property
    def text(self) -> str:
        """Google's words with what the details add, in one line."""
        parts = [self.message.rstrip(".")] if self.message else []
        parts += [f"{field}: {text}".strip(": ") for field, text in self.violations]
        parts += [str(detail["reason"]) for detail in self.details if detail.get("reason")]
        where = f"{self.code} {self.status}".strip()
        words = "; ".join(dict.fromkeys(parts))
        by = f" (says {self.service}.googleapis.com)" if self.service else ""
        return f"{where}: {words}{by}" if self.code else words

    @property
    def remedy(self) -> str:
        """What to do about it; empty if nothing is known."""
        return remedy(self.text)
