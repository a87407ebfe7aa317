"""The Gemini API: models that say nothing, the limits that bind their callers, and what their use counts."""

from functools import reduce
from operator import or_

from sandbox.cloud.core.permissions import anyone
from sandbox.cloud.core.service import Api, Handlers, Service
from sandbox.cloud.generativelanguage import (
    batches,
    cache_handlers,
    caches,
    embeddings,
    handlers,
    limits,
    requests,
    surface,
    usage,
)
from sandbox.cloud.generativelanguage.access import consumer

_HANDLERS = (
    handlers.information,
    handlers.generation,
    embeddings.service,
    cache_handlers.service,
    batches.service,
)
SERVICE = Service(
    name="generativelanguage",
    # google-genai asks for all of it below /v1/, which the package of that version does not have yet.
    apis=tuple(
        Api(methods, own, version)
        for version in ("v1beta", "v1")
        for methods, own in (
            (surface.models, handlers.information),
            (surface.generation, handlers.generation),
            (surface.embedding, embeddings.service),
            (surface.caching, cache_handlers.service),
            (surface.batches, batches.service),
            (surface.others, Handlers()),
        )
    ),
    schema="".join(each.SCHEMA for each in (limits, requests, usage, caches, batches)),
    # A token takes no more than a project that its calls may count against.
    permissions=dict.fromkeys(reduce(or_, (each.by_id.keys() for each in _HANDLERS)), anyone),
    consumer=consumer,
    on_answered=requests.record,
    key_paths=("/",),
    max_body=20 * 1024 * 1024,
)
