"""The Gemini API's data plane: models, and answers that say nothing, at once or in pieces."""

import json

from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, not_found
from sandbox.cloud.core.service import Call, Handlers, Media
from sandbox.cloud.generativelanguage import answers, caches, prompts, serving, usage
from sandbox.cloud.generativelanguage.published import MODELS, Model, answering

information = Handlers()
generation = Handlers()


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


def asked_model(call: Call, method: str) -> Model:
    """The model that the path names, if it can be asked for `method`."""
    return serving.named(call.path["model"], method, call.method.segments[0])


@generation("generativelanguage.GenerateContent")
def generate_content(call: Call) -> JsonObject:
    """Answer a prompt, if the project's quotas leave a call."""
    model = asked_model(call, "generateContent")
    prompt = serving.prompt_of(call.store, call.consumer, call.now, model, call.body)
    return serving.whole(prompt, *serving.serve(call, prompt))


@generation("generativelanguage.StreamGenerateContent")
def stream_generate_content(call: Call) -> Media:
    """Answer a prompt in pieces: as events, or as the elements of a list."""
    model = asked_model(call, "generateContent")
    prompt = serving.prompt_of(call.store, call.consumer, call.now, model, call.body)
    answered, names = serving.serve(call, prompt)
    pieces = [
        json.dumps({**piece, **names}, ensure_ascii=False)
        for piece in answers.chunks(answered, prompt.read, prompt.cached)
    ]
    if call.http.events:
        return Media("".join(f"data: {piece}\r\n\r\n" for piece in pieces).encode(), "text/event-stream")
    listed = ",\r\n".join(pieces)
    return Media(f"[{listed}\n]\n".encode(), "application/json; charset=UTF-8")


@generation("generativelanguage.CountTokens")
def count_tokens(call: Call) -> JsonObject:
    """The number of tokens of a prompt; counting uses no quota of generated content."""
    model = answering(asked_model(call, "countTokens"), call.now)
    body = call.body.get("generateContentRequest", call.body)
    prompts.check_contents(body, "CountTokensRequest")
    tokens = prompts.tokens(body, model, prompts.wishes(body))
    answer: JsonObject = {"totalTokens": usage.total(tokens), "promptTokensDetails": answers.details(tokens)}
    if name := body.get("cachedContent"):
        cache = caches.find(call.store, call.consumer, name.removeprefix("cachedContents/"), call.now)
        cached = usage.total(cache.tokens)
        answer |= {"totalTokens": answer["totalTokens"] + cached, "cachedContentTokenCount": cached}
    return answer
