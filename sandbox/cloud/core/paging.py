"""Pages of a listing: opaque tokens that hold the last key seen, so that writes in between do not shift pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sandbox.cloud.core.errors import CloudError, JsonObject, bad_request, field_violation

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page:
    """The requested page of a listing: at most `size` items whose key sorts after `after`."""

    size: int
    after: str

    def cut(self, items: Sequence[Item], key: Callable[[Item], str]) -> tuple[list[Item], JsonObject]:
        """The page of `items` (in key order), and `{"nextPageToken": …}` or `{}` to merge into the response."""
        rest = [item for item in items if key(item) > self.after] if self.after else list(items)
        page = rest[: self.size]
        if len(rest) <= self.size:
            return page, {}
        return page, {"nextPageToken": urlsafe_b64encode(key(page[-1]).encode()).decode()}


def requested(query: JsonObject, default: int, maximum: int) -> Page:
    """The page that `pageSize` and `pageToken` ask for; a size over `maximum` is lowered to it, 0 is the default.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a negative size or a token that was not given out.
    """
    size = query.get("pageSize", 0)
    if size < 0:
        raise _refusal("page_size", "The page size must not be negative.")
    try:
        after = urlsafe_b64decode(query.get("pageToken", "").encode()).decode()
    except (Base64Error, ValueError):
        raise _refusal("page_token", "The page token is not valid.") from None
    return Page(min(size or default, maximum), after)


def _refusal(field: str, description: str) -> CloudError:
    return CloudError("INVALID_ARGUMENT", None, [bad_request([field_violation(field, description)])])
