"""The path that every call to a model takes: what it reads, whether it may, what it is answered, what that counts."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from sandbox.cloud.billing_loop import stops
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudbilling.catalogue import Processing
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store
from sandbox.cloud.generativelanguage import answers, caches, limits, prompts, usage
from sandbox.cloud.generativelanguage.access import rpc_of
from sandbox.cloud.generativelanguage.answers import Answer
from sandbox.cloud.generativelanguage.published import MODELS, Model, answering
from sandbox.cloud.generativelanguage.usage import Tokens

_PROCESSINGS: Final = ("standard", "flex", "priority")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that can be answered.

    Attributes:
        asked: the model that the caller names, whose limits bind.
        model: the one that answers.
        body: the request.
        wished: what its text asks for.
        read: its tokens, with those of a cache.
        cached: those that a cache holds.
        processing: the service tier.
    """

    asked: Model
    model: Model
    body: JsonObject
    wished: prompts.Wishes
    read: Tokens
    cached: Tokens = field(default_factory=dict)
    processing: Processing = "standard"


def named(name: str, method: str, version: str) -> Model:
    """The model of a name (`models/X`), if it can be asked for `method`.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    kind, _, identifier = name.partition("/")
    model = MODELS.get(identifier) if kind == "models" else None
    if model is None or method not in model.methods:
        raise not_found(
            f"{name} is not found for API version {version}, or is not supported for {method}. Call ListModels to see "
            "the list of available models and their supported methods."
        )
    return model


def prompt_of(store: Store, project: str, now: datetime, asked: Model, body: JsonObject) -> Prompt:
    """What a request of generated content asks.

    Raises:
        CloudError: 400 for a request that no model answers, 403 for a cache that is not there.
    """
    prompts.check_contents(body, "GenerateContentRequest")
    model = answering(asked, now)
    wished = prompts.wishes(body)
    read: Tokens = prompts.tokens(body, model, wished)
    cached: Tokens = {}
    if name := body.get("cachedContent"):
        cached = _cached(store, project, now, asked, name, body)
        read = usage.added(read, cached)
    if usage.total(read) > model.input_tokens:
        raise invalid_argument(
            f"The input token count ({usage.total(read)}) exceeds the maximum number of tokens allowed "
            f"({model.input_tokens})."
        )
    return Prompt(asked, model, body, wished, read, cached, _processing(body))


def _cached(store: Store, project: str, now: datetime, asked: Model, name: str, body: JsonObject) -> Tokens:
    cache = caches.find(store, project, name.removeprefix("cachedContents/"), now)
    if cache.model != asked.id:
        raise invalid_argument(
            f"Model used by GenerateContent request (models/{asked.id}) and CachedContent (models/{cache.model}) has "
            "to be the same."
        )
    if body.keys() & {"systemInstruction", "tools", "toolConfig"}:
        raise invalid_argument(
            "CachedContent can not be used with GenerateContent request setting system_instruction, tools or "
            "tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request."
        )
    return cache.tokens


def _processing(body: JsonObject) -> Processing:
    tier = body.get("serviceTier", "").lower().removeprefix("service_tier_")
    if tier in ("", "unspecified"):
        return "standard"
    if tier not in _PROCESSINGS:
        raise invalid_argument(f"Invalid service tier: {body['serviceTier']}.")
    return cast("Processing", tier)


def tier_of(call: Call) -> int:
    """The tier of a call's project.

    Raises:
        CloudError: what stops the project besides its limits.
    """
    stopped = stops.refusal(call.store, call.consumer, call.now)
    if stopped is not None:
        raise stopped
    return billing.paid_tier(call.store, call.consumer, call.now) or 0


def admit(
    call: Call, model: Model, tokens: int, *, family: limits.Family = "Generate", requests: int = 1
) -> int:
    """Count a call of a model against the limits; returns the tier of its project.

    Raises:
        CloudError: 429 when a limit leaves no call; what else stops the project.
    """
    tier = tier_of(call)
    counted = limits.Counted(call.consumer, family, model.quota_name, tokens, requests)
    limits.count(call.store, call.now, tier, counted)
    return tier


def serve(call: Call, prompt: Prompt) -> tuple[Answer, JsonObject]:
    """Answer a prompt, if the project's limits leave a call: the answer, and what names it.

    Raises:
        CloudError: as `admit`, and 400 for a configuration that the model does not have.
    """
    answered = answers.answer(prompt.body, prompt.model, prompt.wished, prompt.read)
    tier = admit(call, prompt.asked, usage.total(prompt.read))
    used = used_of(prompt, answered, rpc_of(call.method), tier, prompt.processing)
    number = usage.add(call.store, call.consumer, call.now, used)
    return answered, about(prompt.model, call.now, number)


def used_of(prompt: Prompt, answered: Answer, method: str, tier: int, processing: Processing) -> usage.Used:
    """What an answer counts."""
    queries = answered.queries or 0
    return usage.Used(
        prompt.model.id,
        prompt.asked.quota_name,
        method,
        tier,
        processing,
        thinking=answered.thoughts > 0,
        input=prompt.read,
        cached=prompt.cached,
        output=answered.output,
        # Of 2.x a request that searches is charged, of newer models each query.
        searches=min(queries, 1) if prompt.model.old else queries,
        grounded=min(queries, 1),
    )


def about(model: Model, now: datetime, number: int) -> JsonObject:
    """The fields that name an answer: the model's, and an id by its time and number."""
    identifier = urlsafe_b64encode(f"{now.timestamp():.6f}.{number}".encode()).decode().rstrip("=")
    return {"modelVersion": model.id, "responseId": identifier}


def whole(prompt: Prompt, answered: Answer, names: JsonObject) -> JsonObject:
    """An answer as it is sent at once."""
    return {
        "candidates": answers.candidates(answered),
        "usageMetadata": answers.metadata(answered, prompt.read, prompt.cached),
        **names,
    }


def error_of(error: CloudError) -> JsonObject:
    """A refusal as a part of an answer (`google.rpc.Status`)."""
    found: JsonObject = error.body()["error"]
    return {"code": found["code"], "message": found["message"]}
