"""Refusals as Compute Engine words them: with `errors` and their reasons."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import BAD_GATEWAY, CloudError, JsonObject

_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
}
"""For the local cloud's own books: Compute Engine's own refusals have no status."""
_REASONS: Final[Mapping[str, str]] = {
    "INVALID_ARGUMENT": "badRequest",
    "PERMISSION_DENIED": "forbidden",
    "NOT_FOUND": "notFound",
    "ALREADY_EXISTS": "alreadyExists",
    "UNAUTHENTICATED": "authError",
    "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "FAILED_PRECONDITION": "failedPrecondition",
    "UNIMPLEMENTED": "notImplemented",
    "UNAVAILABLE": "backendError",
    "INTERNAL": "internalError",
}
_DISABLED: Final = "SERVICE_DISABLED"


class ComputeError(CloudError):
    """A refusal with a reason, such as `notFound`."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(_STATUS[code], message, code=code)
        self.reason = reason

    def body(self) -> JsonObject:
        """The response body."""
        entry = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [entry]}}


class _FrontedError(CloudError):
    """A refusal of what stands in front of the service, which has both the old shape and google.rpc's."""

    def body(self) -> JsonObject:
        """The response body."""
        reason, domain = _REASONS.get(self.status, "backendError"), "global"
        more: JsonObject = {}
        if any(detail.get("reason") == _DISABLED for detail in self.details):
            reason, domain = "accessNotConfigured", "usageLimits"
            more = {"extendedHelp": "https://console.developers.google.com"}
        body = super().body()
        body["error"]["errors"] = [{"message": self.message, "domain": domain, "reason": reason, **more}]
        return body


def shaped(error: CloudError) -> CloudError:
    """A refusal in Compute Engine's shape."""
    if isinstance(error, ComputeError) or error is BAD_GATEWAY:
        return error
    return _FrontedError(error.status, error.message, error.details, error.code)


def invalid(field: str, value: object, why: str) -> ComputeError:
    """400 for a value of a field, `resource.name`."""
    return ComputeError(400, "invalid", f"Invalid value for field '{field}': '{value}'. {why}")


def no_resource(path: str) -> ComputeError:
    """404 for a resource, `projects/P/global/networks/N`."""
    return ComputeError(404, "notFound", f"The resource '{path}' was not found")


def exists(path: str) -> ComputeError:
    """409 for a name in use."""
    return ComputeError(409, "alreadyExists", f"The resource '{path}' already exists")


def condition_not_met(message: str) -> ComputeError:
    """412 for a fingerprint that is another."""
    return ComputeError(412, "conditionNotMet", message)
