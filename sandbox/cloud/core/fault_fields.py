"""What a fault is: its fields, as `PUT /_local/faults` takes them, and the calls that it is for."""

from collections.abc import Collection
from typing import Annotated, Final, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sandbox.cloud.core.errors import BAD_GATEWAY, HTTP_STATUS, CloudError, JsonObject, error_info
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.setting_lists import CallSetting, read_list

#: Faults beyond the plain google.rpc codes.
_NAMED: Final[dict[str, CloudError]] = {
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
    "BAD_GATEWAY": BAD_GATEWAY,
}
_KINDS: Final = ("error", "cut", "operationError", "latencyMs", "bytesPerSecond")
_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"
_Ms = Annotated[NonNegativeInt, Field(le=600_000)]


class Fault(CallSetting):
    """What happens to calls that match, of one kind: the first field that is set, of those in `_KINDS`."""

    error: str = ""
    """A google.rpc code, or a name of `_NAMED`: the answer, before anything is changed."""
    cut: Literal["before", "after", "answer"] | None = None
    """The connection ends before the call's effect, after it, or in the middle of the answer."""
    operation_error: str = ""
    """A google.rpc code: the call changes nothing and answers an operation that ends in this error."""
    latency_ms: _Ms | list[_Ms] | None = None
    """Wait so long before the call is served; of two numbers, at least the first and at most the second."""
    bytes_per_second: PositiveInt | None = None
    """The answer comes no faster."""
    path: str = ""
    """A part of the path."""
    query: str = ""
    """A part of the query: `pageToken=` is every page of a listing but the first."""
    skip: NonNegativeInt = 0
    """Matching calls that are served first."""
    times: PositiveInt | None = 1
    """Matching calls that it happens to; null for all."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The chance of it for each matching call, drawn from the seed of the run."""
    label: str = ""
    """The caller's own name for it: `GET` lists those of the faults that still wait for a call."""
    retry_after_seconds: NonNegativeInt | None = None
    """With `error`: the time that the answer asks to wait, in its header and in its details."""

    @field_validator("error", "operation_error")
    @classmethod
    def _known(cls, value: str, about: ValidationInfo) -> str:
        # An operation ends in a google.rpc.Status, which has none of the other errors.
        known = sorted({*HTTP_STATUS, *_NAMED} if about.field_name == "error" else HTTP_STATUS)
        if value and value not in known:
            raise ValueError(f"unknown error {value!r}; known: {', '.join(known)}")
        return value

    @field_validator("share", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        set_fields = self.model_dump(by_alias=True, exclude_defaults=True)
        given = [name for name in _KINDS if name in set_fields]
        if len(given) != 1:
            raise ValueError(
                f"a fault has one of {', '.join(_KINDS)}; this one has {' and '.join(given) or 'none'}"
            )
        if self.retry_after_seconds is not None and not self.error:
            raise ValueError("retryAfterSeconds goes with error")
        if isinstance(self.latency_ms, list) and not (
            len(self.latency_ms) == 2 and self.latency_ms[0] <= self.latency_ms[1]
        ):
            raise ValueError("latencyMs is a number, or the least and the most, such as [50, 400]")
        return self

    def matches(self, method: Method, path: str, query: str, body: bytes) -> bool:
        """True if it is for such a call."""
        return self.path in path and self.query in query and super().matches(method, path, query, body)

    @property
    def refusal(self) -> CloudError | None:
        """The answer of a fault with an `error`."""
        if not self.error:
            return None
        found = _NAMED.get(self.error) or CloudError(self.error)
        if self.retry_after_seconds is None or found is BAD_GATEWAY:
            return found
        info = {"@type": _RETRY_INFO, "retryDelay": f"{self.retry_after_seconds}s"}
        return CloudError(found.status, found.message, [*found.details, info], code=found.code)


def read(entries: list[JsonObject], services: Collection[Service]) -> list[Fault]:
    """Faults as JSON has them; `services`: those of the local cloud.

    Raises:
        ValueError: an entry has an unknown key, a value that cannot be, or names no method.
    """
    return read_list("faults", TypeAdapter(list[Fault]), entries, services)
