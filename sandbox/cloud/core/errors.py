"""Google's error model: one exception, rendered as every Google API renders it.

The shape and the codes are those of google.rpc.Status and google.rpc.Code; the detail messages are those of
google/rpc/error_details.proto.
"""

from collections.abc import Iterable, Mapping
from typing import Any

JsonObject = dict[str, Any]

#: google.rpc.Code by name, with the HTTP status that Google maps it to.
HTTP_STATUS: Mapping[str, int] = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}

#: What Google says when a service gives no message of its own.
GENERIC_MESSAGE: Mapping[str, str] = {
    "INVALID_ARGUMENT": "Request contains an invalid argument.",
    "NOT_FOUND": "Requested entity was not found.",
    "ALREADY_EXISTS": "Requested entity already exists",
    "PERMISSION_DENIED": "The caller does not have permission",
    "UNAUTHENTICATED": "The request does not have valid authentication credentials.",
    "RESOURCE_EXHAUSTED": "Resource has been exhausted (e.g. check quota).",
    "FAILED_PRECONDITION": "Precondition check failed.",
    "ABORTED": "The operation was aborted.",
    "DEADLINE_EXCEEDED": "Deadline expired before operation could complete.",
    "INTERNAL": "Internal error encountered.",
    "UNAVAILABLE": "The service is currently unavailable.",
}


class CloudError(Exception):
    """A refusal: `status` is a google.rpc.Code name, `details` are google.rpc detail messages as JSON."""

    def __init__(
        self,
        status: str,
        message: str | None = None,
        details: Iterable[JsonObject] = (),
        code: int | None = None,
    ) -> None:
        self.status = status
        self.message = message if message is not None else GENERIC_MESSAGE.get(status, status)
        self.details = list(details)
        self.code = code if code is not None else HTTP_STATUS[status]
        super().__init__(self.message)

    def body(self) -> JsonObject:
        """The response body: `{"error": {"code", "message", "status", "details"}}`."""
        error: JsonObject = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


#: Answered as a page: it is a proxy's, in front of the API.
BAD_GATEWAY = CloudError("UNAVAILABLE", "Bad Gateway", code=502)


def field_violation(field: str | None, description: str) -> JsonObject:
    """One entry of google.rpc.BadRequest; a violation of the whole message has no field."""
    return {"field": field, "description": description} if field else {"description": description}


def bad_request(violations: Iterable[JsonObject]) -> JsonObject:
    """A google.rpc.BadRequest detail."""
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list(violations)}


def error_info(reason: str, domain: str, metadata: Mapping[str, str]) -> JsonObject:
    """A google.rpc.ErrorInfo detail: the machine-readable reason."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": dict(metadata),
    }


def help_link(description: str, url: str) -> JsonObject:
    """A google.rpc.Help detail with one link."""
    return {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{"description": description, "url": url}],
    }


def localized_message(message: str) -> JsonObject:
    """A google.rpc.LocalizedMessage detail: the message once more, for people to read."""
    return {
        "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
        "locale": "en-US",
        "message": message,
    }


def quota_failure(subject: str, description: str) -> JsonObject:
    """A google.rpc.QuotaFailure detail with one violation."""
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"subject": subject, "description": description}],
    }


def precondition_failure(kind: str, subject: str, description: str = "") -> JsonObject:
    """A google.rpc.PreconditionFailure detail with one violation."""
    violation = {"type": kind, "subject": subject}
    if description:
        violation["description"] = description
    return {"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]}


def invalid_argument(
    message: str | None = None, field: str | None = None, description: str = ""
) -> CloudError:
    """400 INVALID_ARGUMENT; with `field`, a BadRequest detail that names it."""
    details = [bad_request([field_violation(field, description or message or "")])] if field else []
    return CloudError("INVALID_ARGUMENT", message, details)


def not_found(message: str | None = None) -> CloudError:
    """404 NOT_FOUND."""
    return CloudError("NOT_FOUND", message)


def already_exists(message: str | None = None) -> CloudError:
    """409 ALREADY_EXISTS."""
    return CloudError("ALREADY_EXISTS", message)


def permission_denied(message: str | None = None, details: Iterable[JsonObject] = ()) -> CloudError:
    """403 PERMISSION_DENIED: also what Google says of a project that does not exist."""
    return CloudError("PERMISSION_DENIED", message, details)


def failed_precondition(message: str | None = None, details: Iterable[JsonObject] = ()) -> CloudError:
    """400 FAILED_PRECONDITION."""
    return CloudError("FAILED_PRECONDITION", message, details)


def unimplemented(what: str) -> CloudError:
    """501 UNIMPLEMENTED: a part of Google's interface that the local cloud does not serve (yet)."""
    return CloudError("UNIMPLEMENTED", f"The local cloud does not implement {what}.")
