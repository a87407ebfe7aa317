"""Refusals as Cloud Storage words them: with `errors` and their reasons, and without google.rpc's status."""

from sandbox.cloud.core.errors import CloudError, JsonObject


class StorageError(CloudError):
    """A refusal with a reason, such as `notFound`."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(_STATUS[code], message, code=code)
        self.reason = reason

    def body(self) -> JsonObject:
        """The response body."""
        entry = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [entry]}}


#: For the local cloud's own books.
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
}


def invalid(message: str) -> StorageError:
    """400 for a value."""
    return StorageError(400, "invalid", message)


def no_bucket() -> StorageError:
    """404 for a bucket."""
    return StorageError(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> StorageError:
    """404 for an object."""
    return StorageError(404, "notFound", f"No such object: {bucket}/{name}")


def condition_not_met() -> StorageError:
    """412 for a generation or metageneration that is another."""
    return StorageError(
        412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
    )
