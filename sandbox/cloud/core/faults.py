"""Errors on request: the next matching calls fail in a named way, as they do at Google on a bad day."""

from dataclasses import dataclass

from sandbox.cloud.core.errors import HTTP_STATUS, CloudError, JsonObject, error_info
from sandbox.cloud.core.messages import Method

#: Faults beyond the plain google.rpc codes.
_NAMED: dict[str, CloudError] = {
    "RATE_LIMIT_EXCEEDED": CloudError(
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'.",
        [error_info("RATE_LIMIT_EXCEEDED", "googleapis.com", {"quota_limit_value": "60"})],
    ),
    "SERVICE_DISABLED": CloudError(
        "PERMISSION_DENIED",
        "The API has not been used in this project before or it is disabled. If you enabled this API recently, wait "
        "a few minutes for the action to propagate to our systems and retry.",
        [error_info("SERVICE_DISABLED", "googleapis.com", {})],
    ),
}


@dataclass(slots=True)
class Fault:
    """`error` for the next `times` calls of `method` (an id; "" for any) whose path contains `path`."""

    error: str
    method: str = ""
    path: str = ""
    times: int = 1


class Faults:
    """The faults that are waiting for their request."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def replace(self, entries: list[JsonObject]) -> None:
        """Set the faults.

        Raises:
            ValueError: an entry has an unknown key or error name.
        """
        try:
            faults = [Fault(**entry) for entry in entries]
        except TypeError as error:
            raise ValueError(str(error).partition(") ")[2] or str(error)) from None
        known = sorted({*HTTP_STATUS, *_NAMED})
        for fault in faults:
            if fault.error not in known:
                raise ValueError(f"unknown error {fault.error!r}; known: {', '.join(known)}")
            if type(fault.times) is not int or fault.times < 1:
                raise ValueError(f"times must be a whole number, 1 or more, not {fault.times!r}")
        self._waiting = faults

    def strike(self, method: Method, raw_path: str) -> None:
        """Fail this call if a fault waits for it.

        Raises:
            CloudError: the fault.
        """
        for fault in self._waiting:
            if fault.method in ("", method.id) and fault.path in raw_path:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                raise _NAMED.get(fault.error) or CloudError(fault.error)
