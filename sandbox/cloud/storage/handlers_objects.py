"""Objects, method by method."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote

from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, unimplemented
from sandbox.cloud.core.service import Call, Media
from sandbox.cloud.storage import buckets, objects
from sandbox.cloud.storage.errors import StorageError, invalid, no_object
from sandbox.cloud.storage.methods import XML_GET, handlers
from sandbox.cloud.storage.objects import Stored

_LARGEST_PAGE = 1000
_MOST_PARTS = 32
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def shown(call: Call, stored: Stored) -> JsonObject:
    """An object as Google shows it."""
    path = f"b/{stored.bucket}/o/{quote(stored.name, safe='')}"
    base = call.http.base
    return {
        **stored.body,
        "etag": stored.tag,
        "selfLink": f"{base}/storage/v1/{path}",
        "mediaLink": f"{base}/download/storage/v1/{path}?generation={stored.generation}&alt=media",
    }


def _object(call: Call) -> Stored:
    """The object that a path names, if it is as the call expects it."""
    found = objects.require(call.store, call.ids[0], call.ids[1], call.query.get("generation"))
    objects.check_conditions(call.query, found)
    return found


@handlers("storage.objects.get")
def get(call: Call) -> JsonObject | Media:
    """An object, or its data."""
    stored = objects.require(call.store, call.ids[0], call.ids[1], call.query.get("generation"))
    try:
        objects.check_conditions(call.query, stored)
    except StorageError:
        unchanged = {"ifGenerationNotMatch", "ifMetagenerationNotMatch"} & call.query.keys()
        if unchanged and not {"ifGenerationMatch", "ifMetagenerationMatch"} & call.query.keys():
            return Media(status=304)
        raise
    return _data(call, stored) if call.http.media else shown(call, stored)


@handlers(XML_GET)
def get_by_xml(call: Call) -> Media:
    """An object's data, with refusals as the XML API has them."""
    headers = call.http.headers
    conditions = {
        f"if{name.title()}Match": headers[f"x-goog-if-{name}-match"]
        for name in ("generation", "metageneration")
        if f"x-goog-if-{name}-match" in headers
    }
    try:
        stored = objects.require(call.store, call.ids[0], call.ids[1], call.query.get("generation"))
        objects.check_conditions(conditions, stored)
        return _data(call, stored)
    except StorageError as error:
        codes = {404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange"}
        name = codes[error.code] if "bucket does not" not in error.message else "NoSuchBucket"
        text = f"<Error><Code>{name}</Code><Message>{escape(error.message, quote=False)}</Message></Error>"
        content = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
        return Media(content, "application/xml; charset=UTF-8", error.code)


@handlers("storage.objects.list")
def list_(call: Call) -> JsonObject:
    """The objects of a bucket, with the names that a delimiter folds into one."""
    query = call.query
    if query.get("softDeleted") or query.get("matchGlob") or query.get("filter"):
        raise unimplemented("listing by softDeleted, matchGlob or filter")
    buckets.require(call.store, call.ids[0])
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start, end = query.get("startOffset", ""), query.get("endOffset", "")
    found: list[tuple[str, Stored | None]] = []
    for stored in objects.listed(call.store, call.ids[0], prefix, versions=query.get("versions", False)):
        if stored.name < start or (end and stored.name >= end):
            continue
        rest = stored.name[len(prefix) :]
        head, cut, tail = rest.partition(delimiter) if delimiter else (rest, "", "")
        if not cut:
            found.append((f"{stored.name}\0{stored.generation:020}", stored))
            continue
        folded = f"{prefix}{head}{cut}"
        if not (found and found[-1][0] == folded):
            found.append((folded, None))
        if not tail and query.get("includeTrailingDelimiter"):
            found.append((f"{folded}\0{stored.generation:020}", stored))
    asked = {"pageSize": query.get("maxResults", 0), "pageToken": query.get("pageToken", "")}
    page, token = paging.requested(asked, _LARGEST_PAGE, _LARGEST_PAGE).cut(found, lambda each: each[0])
    prefixes = [key for key, stored in page if stored is None]
    items = [shown(call, stored) for _, stored in page if stored is not None]
    return {
        "kind": "storage#objects",
        **token,
        **({"prefixes": prefixes} if prefixes else {}),
        **({"items": items} if items else {}),
    }


@handlers("storage.objects.patch")
def patch(call: Call) -> JsonObject:
    """Change some settings of an object; what is null is taken away."""
    stored = _object(call)
    settings = buckets.patched(stored.body, call)
    return shown(call, objects.change(call.store, call.now, stored, settings))


@handlers("storage.objects.update")
def update(call: Call) -> JsonObject:
    """Replace all settings of an object."""
    return shown(call, objects.change(call.store, call.now, _object(call), call.body))


@handlers("storage.objects.delete")
def delete(call: Call) -> Media:
    """Delete an object, or one of its generations for good."""
    bucket = buckets.require(call.store, call.ids[0])
    objects.delete(call.store, call.now, bucket, _object(call), for_good="generation" in call.query)
    return Media(status=204)


@handlers("storage.objects.copy", "storage.objects.rewrite")
def copy(call: Call) -> JsonObject:
    """Copy an object, with its settings unless others are given."""
    source_bucket, source_name, bucket_name, name = call.ids
    source = objects.require(call.store, source_bucket, source_name, call.query.get("sourceGeneration"))
    objects.check_conditions(call.query, source, "ifSource")
    bucket = buckets.require(call.store, bucket_name)
    objects.check_conditions(call.query, objects.find(call.store, bucket_name, name))
    settings = call.body or {**source.body, "storageClass": bucket["storageClass"]}
    copied = objects.write(call.store, call.now, bucket, name, settings, objects.data(call.store, source))
    resource = shown(call, copied)
    if call.method.id == "storage.objects.copy":
        return resource
    size = resource["size"]
    return {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": True,
        "resource": resource,
    }


@handlers("storage.objects.compose")
def compose(call: Call) -> JsonObject:
    """Write the data of several objects of a bucket one after the other as one object."""
    bucket_name, name = call.ids
    bucket = buckets.require(call.store, bucket_name)
    sources = call.body.get("sourceObjects", [])
    if not 0 < len(sources) <= _MOST_PARTS:
        raise invalid(f"The number of source components provided ({len(sources)}) is not from 1 to 32.")
    objects.check_conditions(call.query, objects.find(call.store, bucket_name, name))
    parts = []
    for source in sources:
        found = objects.find(call.store, bucket_name, source.get("name", ""), source.get("generation"))
        if found is None:
            raise no_object(bucket_name, source.get("name", ""))
        objects.check_conditions(source.get("objectPreconditions", {}), found)
        parts.append(objects.data(call.store, found))
    settings = call.body.get("destination", {})
    written = objects.write(call.store, call.now, bucket, name, settings, b"".join(parts))
    return shown(call, written)


def _data(call: Call, stored: Stored) -> Media:
    """The data of an object, or the part of it that a Range header asks for."""
    content = objects.data(call.store, stored)
    size = len(content)
    body = stored.body
    headers = {
        "etag": f'"{stored.tag}"',
        "accept-ranges": "bytes",
        "last-modified": format_datetime(datetime.fromisoformat(body["updated"]), usegmt=True),
        "x-goog-generation": str(stored.generation),
        "x-goog-metageneration": body["metageneration"],
        "x-goog-hash": f"crc32c={body['crc32c']},md5={body['md5Hash']}",
        "x-goog-storage-class": body["storageClass"],
        "x-goog-stored-content-encoding": body.get("contentEncoding", "identity"),
        "x-goog-stored-content-length": str(size),
        **{f"x-goog-meta-{key}": value for key, value in body.get("metadata", {}).items()},
        **_optional(body),
    }
    content_type = body.get("contentType", "application/octet-stream")
    asked = _RANGE.fullmatch(call.http.headers.get("range", ""))
    if asked is None or asked[0] == "bytes=-":
        return Media(content, content_type, headers=headers)
    first = int(asked[1]) if asked[1] else max(size - int(asked[2]), 0)
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if first >= size or last < first:
        raise StorageError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    return Media(content[first : last + 1], content_type, 206, headers)


def _optional(body: Mapping[str, str]) -> JsonObject:
    names = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage")
    return {re.sub(r"(?=[A-Z])", "-", name).lower(): body[name] for name in names if body.get(name)}
