"""Sources of functions: an object of Cloud Storage, or what was uploaded for the function (`generateUploadUrl`)."""

import io
import zipfile
from secrets import token_urlsafe
from typing import Final

from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found, unimplemented
from sandbox.cloud.core.store import Store
from sandbox.cloud.storage import objects

SCHEMA: Final = """
CREATE TABLE function_uploads (
    bucket TEXT NOT NULL, object TEXT NOT NULL, secret TEXT NOT NULL, data BLOB, PRIMARY KEY (bucket, object)
) WITHOUT ROWID;
"""
UPLOADS: Final = "/_uploads/"
"""Where an archive is put, on the main port: Google's is a signed address of Cloud Storage."""
_LARGEST: Final = 512 * 1024 * 1024
_MOST_FILES: Final = 20_000


def begin_upload(store: Store, project: str, location: str) -> JsonObject:
    """An address that takes one archive, without a token."""
    bucket = f"gcf-v2-uploads-{project}.{location}.cloudfunctions.appspot.com"
    name = f"{store.next_value('function-upload'):08x}.zip"
    secret = token_urlsafe(24)
    store.run("INSERT INTO function_uploads VALUES (?, ?, ?, NULL)", bucket, name, secret)
    url = f"{store.address}{UPLOADS}{bucket}/{name}?signature={secret}"
    return {"uploadUrl": url, "storageSource": {"bucket": bucket, "object": name}}


def put(store: Store, bucket: str, name: str, secret: str, data: bytes) -> None:
    """Take an archive.

    Raises:
        CloudError: 403 for an address that was not given out.
    """
    changed = store.run(
        "UPDATE function_uploads SET data = ? WHERE bucket = ? AND object = ? AND secret = ?",
        data,
        bucket,
        name,
        secret,
    )
    if not changed:
        raise CloudError("PERMISSION_DENIED", "The signature of the upload address is not valid.")


def resolved(store: Store, source: JsonObject) -> tuple[JsonObject, bytes]:
    """Where a source is, with its generation, and the archive.

    Raises:
        CloudError: 404 for one that is not there, 400 for what is no archive of files, 501 for a repository.
    """
    wanted = source.get("storageSource")
    if wanted is None:
        if source:
            raise unimplemented("functions from a repository")
        raise invalid_argument("The source of the function is required.", "function.build_config.source")
    bucket, name = wanted.get("bucket", ""), wanted.get("object", "")
    row = store.row("SELECT data FROM function_uploads WHERE bucket = ? AND object = ?", bucket, name)
    if row is not None:
        if row["data"] is None:
            raise not_found(f"The archive gs://{bucket}/{name} was not uploaded.")
        found, archive = {"bucket": bucket, "object": name}, bytes(row["data"])
    else:
        generation = wanted.get("generation", "0")
        stored = objects.find(store, bucket, name, None if generation == "0" else generation)
        if stored is None:
            raise not_found(f"Failed to read the source archive gs://{bucket}/{name}: it does not exist.")
        found = {"bucket": bucket, "object": name, "generation": str(stored.generation)}
        archive = objects.data(store, stored)
    check(archive)
    return found, archive


def check(archive: bytes) -> None:
    """Refuse what would not unpack to files below one folder.

    Raises:
        CloudError: 400.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
    ):  # of another version, names that are no text
        raise invalid_argument("The source archive is no zip file.", "function.build_config.source") from None
    size = sum(entry.file_size for entry in entries)
    outside = [
        entry.filename
        for entry in entries
        if entry.filename.startswith("/") or "\\" in entry.filename or ".." in entry.filename.split("/")
    ]
    if outside or size > _LARGEST or len(entries) > _MOST_FILES:
        raise invalid_argument(
            f"The source archive has {outside[0]!r}, which is outside of it."
            if outside
            else f"The source archive is above {_LARGEST} bytes or {_MOST_FILES} files.",
            "function.build_config.source",
        )
