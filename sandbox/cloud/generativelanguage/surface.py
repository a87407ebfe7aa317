"""What the Gemini API has, and the package google-ai-generativelanguage has not: streaming, batches, newer fields.

As google-genai 3.4.0 sends them, and ai.google.dev/api/{generate-content,batch-mode} describes them, 2026-11-26.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from sandbox.cloud.core import protobuf
from sandbox.cloud.core.messages import Body, Field, Kind, Message, Method, lookup_table, snake_case, template

_NAME: Final = "generativelanguage"
_PACKAGE: Final = "google.ai.generativelanguage"
_MESSAGE: Final = f"type.googleapis.com/{_PACKAGE}.v1beta"


def _field(
    name: str,
    kind: Kind = "string",
    message: Callable[[], Message] | None = None,
    *,
    repeated: bool = False,
    read_only: bool = False,
) -> Field:
    type_name = f"{_MESSAGE}.{name[0].upper()}{name[1:]}" if message else f"TYPE_{kind.upper()}"
    return Field(
        name, snake_case(name), kind, type_name, repeated=repeated, message=message, read_only=read_only
    )


def _described(name: str, *fields: Field) -> Callable[[], Message]:
    message = Message(f"{_PACKAGE}.v1beta.{name}", lookup_table(list(fields)))
    return lambda: message


_RESOLUTION: Final = _described("MediaResolution", _field("level"), _field("numTokens", "int32"))
_LATER: Final = {
    "GenerateContentRequest": (_field("serviceTier"), _field("store", "bool")),
    "ThinkingConfig": (_field("thinkingLevel"),),
    "ImageConfig": (_field("imageSize"),),
    "Part": (_field("mediaResolution", "message", _RESOLUTION),),
}
for _message, _fields in _LATER.items():
    protobuf.later_fields(f"{_PACKAGE}.v1beta.{_message}", _fields)


def _of_package(service: str) -> tuple[Method, ...]:
    return protobuf.methods(f"google.ai.{_NAME}_v1beta", service, _NAME)


def models() -> tuple[Method, ...]:
    """ModelService."""
    return _of_package("ModelService")


def caching() -> tuple[Method, ...]:
    """CacheService."""
    return _of_package("CacheService")


def embedding() -> tuple[Method, ...]:
    """The embeddings of GenerativeService."""
    return tuple(each for each in _of_package("GenerativeService") if "Embed" in each.id)


def others() -> tuple[Method, ...]:
    """The services of which the local cloud has nothing."""
    names = ("FileService", "PermissionService", "PredictionService", "RetrieverService", "TextService")
    return tuple(method for name in names for method in _of_package(name))


@cache
def generation() -> tuple[Method, ...]:
    """The rest of GenerativeService, with streaming."""
    found = [each for each in _of_package("GenerativeService") if "Embed" not in each.id]
    streams = [
        replace(method, id=f"{_NAME}.StreamGenerateContent", verb="streamGenerateContent", streams=True)
        for method in found
        if method.id == f"{_NAME}.GenerateContent"
    ]
    return (*found, *streams)


@cache
def batches() -> tuple[Method, ...]:
    """BatchService, and the operations that it makes."""
    [generate] = [
        method
        for method in _of_package("GenerativeService")
        if method.id == f"{_NAME}.GenerateContent" and method.segments[1] == "models"
    ]
    assert generate.body is not None  # noqa: S101 a method that is posted
    request = _described(
        "InlinedRequest", _field("request", "message", generate.body.message), _field("metadata", "struct")
    )
    requests = _described("InlinedRequests", _field("requests", "message", request, repeated=True))
    source = _described("InputConfig", _field("requests", "message", requests), _field("fileName"))
    batch = _described(
        "GenerateContentBatch",
        *(_field(name) for name in ("model", "displayName")),
        _field("name", read_only=True),
        _field("inputConfig", "message", source),
        _field("priority", "int64"),
    )
    asked = _described("BatchGenerateContentRequest", _field("batch", "message", batch))
    operation = _described(
        "Operation",
        _field("name"),
        _field("done", "bool"),
        *(_field(name, "struct") for name in ("metadata", "response", "error")),
    )
    listed = _described(
        "ListOperationsResponse",
        _field("operations", "message", operation, repeated=True),
        _field("nextPageToken"),
    )
    paging = lookup_table([_field("pageSize", "int32"), _field("pageToken"), _field("filter")])
    one = "v1beta/{name}"
    return (
        replace(
            generate,
            id=f"{_NAME}.BatchGenerateContent",
            verb="batchGenerateContent",
            body=Body(asked, ""),
            response=operation,
        ),
        _operation("ListOperations", "GET", "v1beta/batches", listed, paging),
        _operation("GetOperation", "GET", one, operation),
        _operation("CancelOperation", "POST", f"{one}:cancel", _described("Empty")),
        _operation("DeleteOperation", "DELETE", one, _described("Empty")),
    )


def _operation(
    name: str,
    http_method: str,
    path: str,
    response: Callable[[], Message],
    query: dict[str, Field] | None = None,
) -> Method:
    segments, verb, parameters = template(path, {"name": "batches/*"})
    body = Body(_described(f"{name}Request"), "") if verb else None
    return Method(f"{_NAME}.{name}", http_method, segments, verb, parameters, query or {}, body, response)
