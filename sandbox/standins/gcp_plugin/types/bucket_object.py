"""An object in a Cloud Storage bucket, from a text or a file."""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from sandbox.standins.gcp_plugin.assets import content_of
from sandbox.standins.gcp_plugin.errors import NotWholeError, ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    UNKNOWN,
    Autoname,
    Call,
    Resource,
    Value,
    asset,
    block,
    blocks,
    deletion_policy,
    flag,
    integer,
    is_asset,
    is_empty,
    is_unknown,
    mapping,
    text,
)
from sandbox.standins.gcp_plugin.transfer import to_wire
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_OBJECT: Final = "b/{bucket}/o/{encoded}"
_ANOTHER: Final = "different hash"
_UPLOADED: Final = frozenset({"content", "sourceMd5hash", "detectMd5hash"})
"""A change of one of them sends the file again; others change what is said of it."""
_SNIFFED: Final = 512
_SIGNATURES: Final = (
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"%PDF-", "application/pdf"),
    (b"<?xml", "text/xml; charset=utf-8"),
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def content_type(content: bytes) -> str:
    """The type that Go's net/http takes a file for, of texts and of the archives that are sent as source."""
    start = content[:_SNIFFED]
    for signature, found in _SIGNATURES:
        if start.startswith(signature):
            return found
    return "application/octet-stream" if _BINARY.search(start) else "text/plain; charset=utf-8"


def _sent(plan: Mapping[str, Value]) -> bytes | None:
    """What the plan would send; None if that is not known yet."""
    for name in ("source", "content"):
        value = plan.get(name)
        if name == "source" and isinstance(value, str) and Path(value).is_file():
            return Path(value).read_bytes()
        if value and not is_unknown(value) and (name == "content" or is_asset(value)):
            return content_of(value) if is_asset(value) else str(value).encode()
    return None


def _is_unchanged(plan: Mapping[str, Value]) -> bool:
    """True for a file that is as it was: the engine then hands over its digest alone."""
    source = plan.get("source") or {}
    return is_asset(source) and not source.keys() & {"path", "uri", "text", "assets"}


def _settled(state: Mapping[str, Value] | None, plan: Properties) -> Properties:
    """Whether the object has other contents than the program, or Google, says; then its hashes will change."""
    if state is None:
        return plan
    old = state.get("detectMd5hash")
    if _is_unchanged(plan):
        return {**plan, "detectMd5hash": old}
    sent = _sent(plan)
    known = None if sent is None else _md5(sent)
    plan = {**plan, "detectMd5hash": old if plan.get("sourceMd5hash") or old == known else _ANOTHER}
    renewed = (plan.get("sourceMd5hash") or "") != (state.get("sourceMd5hash") or "")
    if renewed or (known is not None and known != state.get("md5hash")):
        plan |= dict.fromkeys(("md5hash", "crc32c", "generation"), UNKNOWN)
    return plan


def _decoded(answer: Json, kept: Mapping[str, Value]) -> Json:
    md5 = answer.get("md5Hash", "")
    return {
        **answer,
        "detectMd5hash": md5,
        "md5hexhash": base64.b64decode(md5).hex(),
        "outputName": answer["name"],
        "sourceMd5hash": kept.get("sourceMd5hash"),
    }


BUCKET_OBJECT = Resource(
    urn_type="gcp:storage/bucketObject:BucketObject",
    service="storage",
    title="object",
    long_title="Storage Bucket Object",
    fields={
        "bucket": text(required=True, replaces=True),
        "name": text(required=True, replaces=True, sent=False),
        "cacheControl": text(replaces=True),
        "content": text(computed=True, secret=True, sent=False, read=False),
        "contentDisposition": text(replaces=True),
        "contentEncoding": text(replaces=True),
        "contentLanguage": text(replaces=True),
        "contentType": text(computed=True, replaces=True),
        "contexts": block(
            {
                "customs": blocks(
                    {
                        "createTime": text(output=True),
                        "key": text(required=True),
                        "updateTime": text(output=True),
                        "value": text(required=True),
                    },
                    required=True,
                    terraform="custom",
                )
            },
            sent=False,
            read=False,
        ),
        "crc32c": text(output=True, sent=False),
        "customerEncryption": block(
            {
                "encryptionAlgorithm": text(default="AES256", replaces=True),
                "encryptionKey": text(required=True, replaces=True, secret=True),
            },
            sent=False,
            read=False,
        ),
        "detectMd5hash": text(default=_ANOTHER, sent=False),
        "eventBasedHold": flag(),
        "forceEmptyContentType": flag(replaces=True, sent=False, read=False),
        "generation": integer(output=True, sent=False),
        "kmsKeyName": text(computed=True, replaces=True),
        "md5hash": text(output=True, sent=False, wire="md5Hash"),
        "md5hexhash": text(output=True, sent=False),
        "mediaLink": text(output=True, sent=False),
        "metadata": mapping(replaces=True),
        "outputName": text(output=True, sent=False),
        "retention": block({"mode": text(required=True), "retainUntilTime": text(required=True)}),
        "selfLink": text(output=True, sent=False),
        "source": asset(replaces=True, sent=False, read=False),
        "sourceMd5hash": text(sent=False),
        "storageClass": text(computed=True, replaces=True),
        "temporaryHold": flag(),
        "deletionPolicy": deletion_policy(),
    },
    id="{bucket}-{name}",
    import_ids=(),
    autonames=(Autoname(property="name"),),
    create=Call("POST", "v1/b/{bucket}/o", GO_CLIENT),
    read=Call("GET", _OBJECT, GO_CLIENT),
    update=Call("PUT", _OBJECT, GO_CLIENT),
    delete=Call("DELETE", _OBJECT, GO_CLIENT),
    exactly_one=("content", "source"),
    decode=_decoded,
    settled=_settled,
    refused_by_id=True,
    timeouts_min={"create": 4, "delete": 4, "update": 4},
)


class _ObjectLifecycle(Lifecycle):
    """New contents are a new upload under the same name, other than for a file, which replaces the object."""

    @override
    async def _call(
        self,
        context: Context,
        call: Call,
        properties: Properties,
        body: Json | None = None,
        query: Json | None = None,
    ) -> Json:
        encoded = {**properties, "encoded": quote(properties["name"], safe="")}
        return await super()._call(context, call, encoded, body, query)

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        content, source = _sent(plan), plan.get("source")
        if content is None and isinstance(source, str):
            raise ResourceError(f"open {source}: no such file or directory")
        if content is None:
            raise ResourceError('Error, either "content" or "source" must be specified')
        given = plan.get("contentType") or content_type(content)
        try:
            await context.google.upload(
                "storage",
                f"v1/b/{plan['bucket']}/o",
                query={**GO_CLIENT, "name": plan["name"]},
                metadata=to_wire(BUCKET_OBJECT, plan, updating=False),
                content=content,
                content_type="" if plan.get("forceEmptyContentType") else given,
                user_project=context.config.user_project(),
            )
        except GoogleError as error:
            raise ResourceError(f"Error uploading object {plan['name']}: {error}") from error
        return await self._whole(context, plan)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            return await super().read(context, properties)
        except ResourceError as error:
            # By its name alone.
            raise ResourceError(
                str(error).replace(f'"{self.id(properties)}"', f'"{properties["name"]}"')
            ) from error

    async def _whole(self, context: Context, plan: Properties) -> State:
        """Read the object. One that cannot be read after its upload is not kept: the next upload takes its place."""
        try:
            return await self._read_back(context, plan)
        except NotWholeError as error:
            raise ResourceError(str(error)) from error

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed == {"deletionPolicy"} or BUCKET_OBJECT.update is None:
            return await self._read_back(context, plan)
        if changed & _UPLOADED:
            return await self.create(context, {**plan, "kmsKeyName": None})
        try:
            found = await self._call(context, BUCKET_OBJECT.read, plan)
            holds: Json = {
                name: plan.get(name) for name in ("eventBasedHold", "temporaryHold") if name in changed
            }
            whole: Json = {**found, **holds}
            body = {name: value for name, value in whole.items() if not is_empty(value)}
            await self._call(context, BUCKET_OBJECT.update, plan, body)
        except GoogleError as error:
            raise ResourceError(f"Error updating object {plan['name']}: {error}") from error
        return await self._read_back(context, plan)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            await self._call(context, Call("DELETE", _OBJECT, GO_CLIENT), state)
        except GoogleError as error:
            if error.code != 404:
                name = state["name"]
                raise ResourceError(f"Error deleting contents of object {name}: {error}") from error


LIFECYCLE = _ObjectLifecycle(BUCKET_OBJECT)
