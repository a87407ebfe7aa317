"""Embeddings: vectors that say nothing, and what they count: each text of a batch is a request."""

from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.generativelanguage import prompts, serving, usage
from sandbox.cloud.generativelanguage.access import rpc_of
from sandbox.cloud.generativelanguage.handlers import asked_model
from sandbox.cloud.generativelanguage.published import Model
from sandbox.cloud.generativelanguage.usage import Modality

service = Handlers()

_DIMENSIONS: Final = 3_072
_MOST: Final = 100
"""Texts of a batch."""


@service("generativelanguage.EmbedContent")
def embed_content(call: Call) -> JsonObject:
    """Embed one content."""
    model = asked_model(call, "embedContent")
    tokens = _tokens(call.body, model, "EmbedContentRequest")
    _count(call, model, tokens, 1)
    return {"embedding": _vector(call.body, "EmbedContentRequest")}


@service("generativelanguage.BatchEmbedContents")
def batch_embed_contents(call: Call) -> JsonObject:
    """Embed contents, all or none."""
    model = asked_model(call, "embedContent")
    requests: list[JsonObject] = call.body.get("requests", [])
    if not requests:
        raise invalid_argument("* BatchEmbedContentsRequest.requests: requests is not specified\n")
    if len(requests) > _MOST:
        raise invalid_argument(
            f"* BatchEmbedContentsRequest.requests: at most {_MOST} requests can be in one batch\n"
        )
    tokens: dict[Modality, int] = {}
    for index, request in enumerate(requests):
        where = f"BatchEmbedContentsRequest.requests[{index}]"
        if request.get("model") != call.path["model"]:
            raise invalid_argument(f"* {where}.model: model must match BatchEmbedContentsRequest.model\n")
        tokens = usage.added(tokens, _tokens(request, model, where))
    _count(call, model, tokens, len(requests))
    return {"embeddings": [_vector(request, "EmbedContentRequest") for request in requests]}


def _tokens(request: JsonObject, model: Model, where: str) -> dict[Modality, int]:
    content = request.get("content", {})
    if not content.get("parts"):
        raise invalid_argument(f"* {where}.content: content is required\n")
    body: dict[str, Any] = {"contents": [content]}
    tokens = prompts.tokens(body, model, prompts.wishes(body))
    # What is longer is cut.
    most = model.input_tokens
    return tokens if usage.total(tokens) <= most else {"TEXT": most}


def _count(call: Call, model: Model, tokens: dict[Modality, int], requests: int) -> None:
    tier = serving.admit(call, model, usage.total(tokens), family="Embed", requests=requests)
    used = usage.Used(model.id, model.quota_name, rpc_of(call.method), tier, requests=requests, input=tokens)
    usage.add(call.store, call.consumer, call.now, used)


def _vector(request: JsonObject, where: str) -> JsonObject:
    dimensions = request.get("outputDimensionality", _DIMENSIONS)
    if not 1 <= dimensions <= _DIMENSIONS:
        raise invalid_argument(f"* {where}.output_dimensionality: must be in [1, {_DIMENSIONS}] inclusive.\n")
    return {"values": [round(dimensions**-0.5, 6)] * dimensions}
