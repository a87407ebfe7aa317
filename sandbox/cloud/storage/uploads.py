"""Uploads: data alone, data with their metadata in one body, and sessions that take them piece by piece."""

import json
import re
from email.message import Message as MimeHeaders
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Media
from sandbox.cloud.core.validation import Violations, parse_json, parse_message
from sandbox.cloud.storage import buckets, objects
from sandbox.cloud.storage.errors import StorageError, invalid
from sandbox.cloud.storage.handlers_objects import shown
from sandbox.cloud.storage.methods import CANCEL, SESSION, UPLOAD, handlers

_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")
_HASHES = {"crc32c": "crc32c", "md5": "md5Hash"}


@handlers(UPLOAD)
def upload(call: Call) -> JsonObject | Media:
    """Write an object, or begin a session."""
    if "upload_id" in call.query:
        return continue_session(call)
    headers, content = call.http.headers, call.http.content
    match call.http.upload_type:
        case "media":
            return _write(call, {"contentType": headers.get("content-type")}, call.query, content)
        case "multipart":
            metadata, content_type, content = _parts(headers.get("content-type", ""), content)
            settings = {"contentType": content_type, **_metadata(call, metadata)}
            return _write(call, settings, call.query, content)
        case "resumable":
            return _begin(call)
    raise invalid(f"Invalid upload type: {call.http.upload_type or 'none'}.")


@handlers("storage.objects.insert")
def insert(_: Call) -> JsonObject:
    """Refuse an object without data: those are uploaded."""
    raise invalid("Upload requests must be sent to an upload URI (/upload/storage/v1/b/BUCKET/o).")


@handlers(SESSION)
def continue_session(call: Call) -> JsonObject | Media:
    """Take the next piece of a session; with the last one the object is written."""
    session = call.query.get("upload_id", "")
    row = call.store.row("SELECT body, data FROM uploads WHERE id = ?", session)
    if row is None:
        raise StorageError(404, "notFound", "No such upload session.")
    held, content = bytes(row["data"]), call.http.content
    header = call.http.headers.get("content-range", "")
    found = _RANGE.fullmatch(header) if header else None
    if header and found is None:
        raise invalid(f"Invalid Content-Range: {header}")
    if found is None:
        held = content
    else:
        if found[1] is not None:
            first = int(found[1])
            if first > len(held) or int(found[2]) - first + 1 != len(content):
                raise invalid(f"Content-Range {header} does not fit what has arrived: {len(held)} bytes.")
            held = held[:first] + content
    if found is not None and (found[3] == "*" or len(held) < int(found[3])):
        call.store.run("UPDATE uploads SET data = ? WHERE id = ?", held, session)
        return _incomplete(call, len(held))
    begun = json.loads(row["body"])
    call.store.run("DELETE FROM uploads WHERE id = ?", session)
    return _write(call, begun["settings"], begun["query"], held)


@handlers(CANCEL)
def cancel(call: Call) -> Media:
    """End a session without an object."""
    if not call.store.run("DELETE FROM uploads WHERE id = ?", call.query.get("upload_id", "")):
        raise StorageError(404, "notFound", "No such upload session.")
    return Media(status=499)


def _begin(call: Call) -> Media:
    headers = call.http.headers
    buckets.require(call.store, call.ids[0])
    metadata = parse_json(call.http.content) if call.http.content else {}
    settings = {"contentType": headers.get("x-upload-content-type"), **_metadata(call, metadata)}
    _check(call, call.query.get("name") or settings.get("name", ""), call.query)
    session = token_urlsafe(48)
    body = json.dumps({"settings": settings, "query": call.query})
    call.store.run("INSERT INTO uploads VALUES (?, ?, ?, ?)", session, call.ids[0], body, b"")
    query = urlencode({"uploadType": "resumable", "upload_id": session})
    location = f"{call.http.base}/upload/storage/v1/b/{call.ids[0]}/o?{query}"
    return Media(headers={"location": location, "x-guploader-uploadid": session})


def _incomplete(call: Call, size: int) -> Media:
    """308, or as Go's client wants it, for which 308 is a redirection."""
    headers = {"range": f"bytes=0-{size - 1}"} if size else {}
    if call.http.headers.get("x-guploader-no-308") == "yes":
        return Media(headers={**headers, "x-http-status-code-override": "308"})
    return Media(status=308, headers=headers)


def _write(call: Call, settings: JsonObject, query: JsonObject, content: bytes) -> JsonObject:
    name = query.get("name") or settings.get("name", "")
    bucket = buckets.require(call.store, call.ids[0])
    _check(call, name, query)
    for pair in call.http.headers.get("x-goog-hash", "").split(","):
        kind, _, value = pair.strip().partition("=")
        if kind in _HASHES:
            settings = {**settings, _HASHES[kind]: value}
    if query.get("contentEncoding"):
        settings = {**settings, "contentEncoding": query["contentEncoding"]}
    return shown(call, objects.write(call.store, call.now, bucket, name, settings, content))


def _check(call: Call, name: str, query: JsonObject) -> None:
    objects.check_conditions(query, objects.find(call.store, call.ids[0], name))


def _metadata(call: Call, value: Any) -> JsonObject:
    """The object that a body describes, checked as any other body."""
    violations = Violations()
    metadata = parse_message(call.message, value, "", violations)
    violations.raise_if_any()
    return metadata


def _parts(content_type: str, content: bytes) -> tuple[Any, str, bytes]:
    """The metadata, the data's type and the data of a body of two parts (RFC 2387)."""
    header = MimeHeaders()
    header["content-type"] = content_type
    boundary = str(header.get_param("boundary", "")).strip("'")  # gcloud has it in single quotes
    parts = content.split(b"--" + boundary.encode()) if boundary else []
    if len(parts) != 4 or not parts[3].startswith(b"--"):
        raise invalid("A multipart upload has two parts: metadata as JSON, and data.")
    _, metadata = _split(parts[1])
    return parse_json(metadata), *_split(parts[2])


def _split(part: bytes) -> tuple[str, bytes]:
    """The type and the content of a part."""
    line_end = b"\r\n" if part.startswith(b"\r\n") else b"\n"
    head, found, content = part.removeprefix(line_end).partition(line_end * 2)
    if not found:
        raise invalid("A part of a multipart upload has no content.")
    header = MimeHeaders()
    for line in head.decode("latin-1").split(line_end.decode()):
        name, _, value = line.partition(":")
        header[name.strip()] = value.strip()
    return str(header.get("content-type", "application/octet-stream")), content.removesuffix(line_end)
