"""Small JSON objects in Cloud Storage, read and written by their generation: two writers never overwrite each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from landing_zone.google.config import UPLOADS
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json

ABSENT = 0
"""The generation of an object that does not exist."""


class ChangedError(Exception):
    """Somebody else wrote an object since it was read."""


@dataclass(frozen=True)
class Found:
    """An object as it was read."""

    content: Json
    generation: int
    """ABSENT if there is none."""


def read(google: Google, bucket: str, name: str) -> Found:
    """An object; its content is empty if there is none. Raises as `Google.call`."""
    headers: dict[str, str] = {}
    try:
        content = google.call("storage", "GET", _path(bucket, name), query={"alt": "media"}, answered=headers)
    except GoogleError as error:
        if _is_absent(error):
            return Found({}, ABSENT)
        raise
    return Found(content, int(headers["x-goog-generation"]))


def generation_of(google: Google, bucket: str, name: str) -> int:
    """The generation of an object; ABSENT if there is none. Raises as `Google.call`."""
    try:
        found = google.call("storage", "GET", _path(bucket, name), query={"fields": "generation"})
    except GoogleError as error:
        if _is_absent(error):
            return ABSENT
        raise
    return int(found["generation"])


def listed(google: Google, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Names and generations of the objects whose names begin so. Raises as `Google.call`."""
    query = {"prefix": prefix, "fields": "items(name,generation),nextPageToken"}
    for each in google.list_all("storage", f"b/{quote(bucket, safe='')}/o", "items", query=query):
        yield each["name"], int(each["generation"])


def write(google: Google, bucket: str, name: str, content: Json, generation: int) -> int:
    """Write an object if it still has this generation; returns its new one.

    Raises:
        ChangedError: it has another one.
        GoogleError: as `Google.call`.
    """
    query = {"uploadType": "media", "name": name, "ifGenerationMatch": str(generation)}
    path = f"b/{quote(bucket, safe='')}/o"
    try:
        written = google.call(UPLOADS, "POST", path, body=content, query=query)
    except GoogleError as error:
        # If the answer was lost, the object itself says whether it was written.
        found = read(google, bucket, name) if error.lost or error.code == 412 else None
        if found and found.content == content and found.generation != generation:
            return found.generation
        if error.code == 412:
            raise ChangedError(f"{name} in {bucket} was written by somebody else meanwhile") from error
        raise
    return int(written["generation"])


def _path(bucket: str, name: str) -> str:
    return f"b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def _is_absent(error: GoogleError) -> bool:
    """True for an object that does not exist; a bucket that does not exist is an error."""
    return error.code == 404 and "bucket does not exist" not in error.message
