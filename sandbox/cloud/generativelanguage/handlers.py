"""The Gemini API's data plane: models, and answers that say nothing."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.generativelanguage import models
from sandbox.cloud.generativelanguage.published import MODELS, Model

information = Handlers()
generation = Handlers()

_ANSWER = "The local cloud has read this, and has no model to answer it with."
_CHARACTERS_A_TOKEN = 4


def _shown(model: Model) -> JsonObject:
    return {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": model.title,
        "description": f"{model.title}, as the local cloud serves it.",
        "inputTokenLimit": model.input_tokens,
        "outputTokenLimit": model.output_tokens,
        "supportedGenerationMethods": list(model.methods),
    }


def _model(call: Call, method: str) -> Model:
    """The model that the path names, if it can be asked for `method`."""
    kind, _, name = call.path["model"].partition("/")
    model = MODELS.get(name) if kind == "models" else None
    if model is None or method not in model.methods:
        raise not_found(
            f"{call.path['model']} is not found for API version {call.method.segments[0]}, or is not supported for "
            f"{method}. Call ListModels to see the list of available models and their supported methods."
        )
    return model


@information("generativelanguage.ListModels")
def list_models(call: Call) -> JsonObject:
    """The models."""
    found = sorted(MODELS.values(), key=lambda model: model.id)
    page, more = paging.requested(call.query, 50, 1000).cut(found, lambda model: model.id)
    return {"models": [_shown(model) for model in page], **more}


@information("generativelanguage.GetModel")
def get_model(call: Call) -> JsonObject:
    """A model."""
    model = MODELS.get(call.ids[0])
    if model is None:
        raise not_found(f"Model is not found: {call.path['name']} for api version {call.method.segments[0]}")
    return _shown(model)


@generation("generativelanguage.GenerateContent")
def generate_content(call: Call) -> JsonObject:
    """Answer a prompt, if the project's quotas leave a call."""
    model = _model(call, "generateContent")
    _check_contents(call.body, "GenerateContentRequest")
    tokens, candidates = _tokens(call.body), _candidates(call.body, model)
    written = _length(_ANSWER) * candidates
    models.count(call.store, call.now, call.consumer, model.quota_name, tokens, written)
    return {
        "candidates": [
            {
                "content": {"parts": [{"text": _ANSWER}], "role": "model"},
                "finishReason": "STOP",
                "index": index,
            }
            for index in range(candidates)
        ],
        "usageMetadata": {
            "promptTokenCount": tokens,
            "candidatesTokenCount": written,
            "totalTokenCount": tokens + written,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
        },
        "modelVersion": model.id,
        "responseId": urlsafe_b64encode(call.now.isoformat().encode()).decode().rstrip("="),
    }


@generation("generativelanguage.CountTokens")
def count_tokens(call: Call) -> JsonObject:
    """The number of tokens of a prompt; counting uses no quota of generated content."""
    _model(call, "countTokens")
    body = call.body.get("generateContentRequest", call.body)
    _check_contents(body, "CountTokensRequest")
    tokens = _tokens(body)
    return {"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}


def _check_contents(body: JsonObject, request: str) -> None:
    contents = body.get("contents", [])
    if not contents:
        raise invalid_argument(f"* {request}.contents: contents is not specified\n")
    for index, content in enumerate(contents):
        if not content.get("parts"):
            raise invalid_argument(
                f"* {request}.contents[{index}].parts: contents.parts must not be empty.\n"
            )
        if content.get("role", "user") not in ("user", "model"):
            raise invalid_argument("Please use a valid role: user, model.")


def _candidates(body: JsonObject, model: Model) -> int:
    """How many answers are asked for."""
    asked = body.get("generationConfig", {}).get("candidateCount", 1)
    if asked > 1 and model.candidates == 1:
        raise invalid_argument("Multiple candidates is not enabled for this model")
    if not 1 <= asked <= model.candidates:
        raise invalid_argument(
            f"* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in [1, "
            f"{model.candidates}] inclusive.\n"
        )
    return int(asked)


def _tokens(body: JsonObject) -> int:
    prompt = (body.get("contents"), body.get("systemInstruction"), body.get("tools"))
    return max(sum(map(_length, _texts(prompt))), 1)


def _length(text: str) -> int:
    return -(-len(text) // _CHARACTERS_A_TOKEN)


def _texts(value: Any) -> Iterator[str]:
    """Every text of a prompt; other media count nothing."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "text" and isinstance(item, str):
                yield item
            elif name not in ("inlineData", "fileData"):
                yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
