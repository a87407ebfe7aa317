"""The methods of CacheService."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.times import rfc3339, seconds
from sandbox.cloud.generativelanguage import caches, prompts, serving, usage
from sandbox.cloud.generativelanguage.caches import Cache
from sandbox.cloud.generativelanguage.published import answering

service = Handlers()

_LIFE_S: Final = 3600.0
"""How long a cache lives unless something else is asked for."""
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
"""The last time that an answer can have."""


@service("generativelanguage.CreateCachedContent")
def create(call: Call) -> JsonObject:
    """Read contents into a cache. They count as a prompt does, against limits and on the bill."""
    asked = serving.named(call.body.get("model", ""), "createCachedContent", call.method.segments[0])
    prompts.check_contents(call.body, "CreateCachedContentRequest", empty="systemInstruction" in call.body)
    model = answering(asked, call.now)
    tokens = prompts.tokens(call.body, model, prompts.wishes(call.body))
    total = usage.total(tokens)
    if total < asked.least_cached:
        raise invalid_argument(
            f"Cached content is too small. total_token_count={total}, min_total_token_count={asked.least_cached}"
        )
    if total > model.input_tokens:
        raise invalid_argument(
            f"The cached content is of {total} tokens. The maximum number of tokens is {model.input_tokens}."
        )
    expires = _expires(call.body, call.now, call.now.timestamp() + _LIFE_S)
    if billing.paid_tier(call.store, call.consumer, call.now) is None:
        raise CloudError(
            "RESOURCE_EXHAUSTED",
            f"TotalCachedContentStorageTokensPerModelFreeTier limit exceeded for model {asked.id}: limit=0, "
            f"requested={total}",
        )
    tier = serving.admit(call, asked, total)
    usage.add(
        call.store,
        call.consumer,
        call.now,
        usage.Used(model.id, asked.quota_name, "CreateCachedContent", tier, input=tokens),
    )
    caches.forget_before(call.store, call.consumer, call.now - usage.RETENTION)
    kept = {name: call.body[name] for name in ("displayName",) if name in call.body}
    cache = Cache(
        f"local{call.store.next_value('gemini_cache'):x}",
        asked.id,
        tokens,
        kept,
        call.now.timestamp(),
        call.now.timestamp(),
        expires,
    )
    caches.add(call.store, call.consumer, cache, tier)
    return _shown(cache)


@service("generativelanguage.GetCachedContent")
def get(call: Call) -> JsonObject:
    """A cache."""
    return _shown(caches.find(call.store, call.consumer, call.ids[0], call.now))


@service("generativelanguage.ListCachedContents")
def list_all(call: Call) -> JsonObject:
    """The caches of the project."""
    found = caches.of_project(call.store, call.consumer, call.now)
    page, more = paging.requested(call.query, 50, 1000).cut(found, lambda cache: cache.id)
    return {**({"cachedContents": [_shown(cache) for cache in page]} if page else {}), **more}


@service("generativelanguage.UpdateCachedContent")
def update(call: Call) -> JsonObject:
    """Change when a cache ends; nothing else of it can be changed."""
    cache = caches.find(call.store, call.consumer, call.ids[0], call.now)
    if others := call.body.keys() - {"ttl", "expireTime", "name"}:
        raise invalid_argument(f"Only the expiration can be updated, not {', '.join(sorted(others))}.")
    expires = _expires(call.body, call.now, cache.expires)
    caches.end_at(call.store, call.consumer, cache, expires, call.now)
    return _shown(replace(cache, expires=expires, updated=call.now.timestamp()))


@service("generativelanguage.DeleteCachedContent")
def delete(call: Call) -> JsonObject:
    """End a cache."""
    cache = caches.find(call.store, call.consumer, call.ids[0], call.now)
    caches.end_at(call.store, call.consumer, cache, call.now.timestamp(), call.now)
    return {}


def _expires(body: JsonObject, now: datetime, otherwise: float) -> float:
    if "ttl" in body and "expireTime" in body:
        raise invalid_argument("Only one of ttl and expire_time can be set.")
    if "ttl" in body:
        expires = now.timestamp() + seconds(body["ttl"])
    elif "expireTime" in body:
        expires = datetime.fromisoformat(body["expireTime"]).timestamp()
    else:
        expires = otherwise
    if expires > _LATEST:
        raise invalid_argument("The expiration must be before the year 10000.")
    if expires <= now.timestamp():
        raise invalid_argument("The expiration must be in the future.")
    return expires


def _shown(cache: Cache) -> JsonObject:
    return {
        "name": f"cachedContents/{cache.id}",
        "model": f"models/{cache.model}",
        **cache.body,
        "createTime": _time(cache.created),
        "updateTime": _time(cache.updated),
        "expireTime": _time(cache.expires),
        "usageMetadata": {"totalTokenCount": usage.total(cache.tokens)},
    }


def _time(moment: float) -> str:
    return rfc3339(datetime.fromtimestamp(moment, UTC))
