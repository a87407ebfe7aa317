"""google-genai as it is, against the local Gemini API: with a key that is bound to a service account."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from google import genai
from google.genai import errors, types

from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import (
    TO_GEMINI,
    detail,
    finished,
    limit_to,
    made_project,
    violations,
)

PROJECT = "gemini-genai"
LITE, PRO = "gemini-2.5-flash-lite", "gemini-3.1-pro-preview"


@dataclass(frozen=True)
class Caller:
    """A client of a paid project, and the cloud that it talks to."""

    cloud: LocalCloud
    client: genai.Client
    key: str


@pytest.fixture(scope="module")
def caller(cloud: LocalCloud) -> Iterator[Caller]:
    made_project(cloud, PROJECT, account=ACCOUNT)
    enable = f"v1/projects/{PROJECT}/services/iam.googleapis.com:enable"
    finished(cloud, "serviceusage", cloud.call("serviceusage", "POST", enable, {}))
    account = cloud.call("iam", "POST", f"v1/projects/{PROJECT}/serviceAccounts", {"accountId": "backend"})
    body = {"restrictions": TO_GEMINI, "serviceAccountEmail": account["email"]}
    made = cloud.call("apikeys", "POST", f"v2/projects/{PROJECT}/locations/global/keys", body)
    name = finished(cloud, "apikeys", made)["response"]["name"]
    key = cloud.call("apikeys", "GET", f"v2/{name}/keyString")["keyString"]
    assert key.startswith("AQ.")
    options = types.HttpOptions(base_url=cloud.url("generativelanguage"))
    yield Caller(cloud, genai.Client(api_key=key, http_options=options), key)
    cloud.local("PUT", "clock", {"seconds": 0})


def usage(answer: types.GenerateContentResponse) -> types.GenerateContentResponseUsageMetadata:
    assert answer.usage_metadata is not None
    return answer.usage_metadata


def test_an_answer_is_as_long_as_its_prompt_and_the_configuration_say(caller: Caller) -> None:
    config = types.GenerateContentConfig(
        max_output_tokens=500,
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=200),
        service_tier=types.ServiceTier.FLEX,
    )
    answer = caller.client.models.generate_content(
        model=LITE, contents="Answer with all tokens. Think with 50 tokens.", config=config
    )
    counted = usage(answer)
    assert (counted.thoughts_token_count, counted.candidates_token_count) == (50, 450)
    assert counted.total_token_count == (counted.prompt_token_count or 0) + 500
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    long = caller.client.models.generate_content(model=LITE, contents="Answer with 65536 tokens.")
    assert usage(long).candidates_token_count == 65_536
    assert len(long.text or "") < 2_000


def test_asynchronous_calls_and_streams_say_the_same(caller: Caller) -> None:
    whole = caller.client.models.generate_content(model=LITE, contents="hello")
    pieces = list(caller.client.models.generate_content_stream(model=LITE, contents="hello"))
    assert len(pieces) > 1
    assert "".join(piece.text or "" for piece in pieces) == whole.text
    assert usage(pieces[-1]) == usage(whole)

    async def run() -> None:
        config = types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
            tools=[types.Tool(google_search=types.GoogleSearch())],
        )
        models = caller.client.aio.models
        answer = await models.generate_content(model=PRO, contents="Search with 2 queries.", config=config)
        assert usage(answer).thoughts_token_count == 1_024
        assert answer.candidates is not None
        grounding = answer.candidates[0].grounding_metadata
        assert grounding is not None
        assert len(grounding.web_search_queries or []) == 2
        texts = [
            piece.text or "" async for piece in await models.generate_content_stream(model=LITE, contents="x")
        ]
        assert "".join(texts) == whole.text

    asyncio.run(run())


def test_embeddings_come_one_for_each_text(caller: Caller) -> None:
    config = types.EmbedContentConfig(output_dimensionality=8)
    for model in ("gemini-embedding-001", "gemini-embedding-2"):
        found = caller.client.models.embed_content(model=model, contents="one", config=config).embeddings
        assert [len(each.values or []) for each in found or []] == [8]
    two = caller.client.models.embed_content(model="gemini-embedding-001", contents=["one", "two"])
    assert len(two.embeddings or []) == 2
    # The client asks for several at once even where it has one.
    assert caller.client.models.get(model="gemini-embedding-001").name == "models/gemini-embedding-001"
    one = {"content": {"parts": [{"text": "one"}]}, "outputDimensionality": 8}
    path = "v1beta/models/gemini-embedding-001:embedContent"
    answer = caller.cloud.request("generativelanguage", "POST", path, json=one, params={"key": caller.key})
    assert len(answer.json()["embedding"]["values"]) == 8


def test_a_cache_serves_its_model_until_it_ends(caller: Caller) -> None:
    client = caller.client
    with pytest.raises(errors.ClientError, match="too small"):
        client.caches.create(model=LITE, config=types.CreateCachedContentConfig(contents=["short"]))
    config = types.CreateCachedContentConfig(
        contents=["Read this as 5000 tokens."], display_name="Books", ttl="300s"
    )
    cache = client.caches.create(model=LITE, config=config)
    name = cache.name or ""
    assert client.caches.get(name=name).display_name == "Books"
    with_cache = types.GenerateContentConfig(cached_content=name)
    counted = usage(client.models.generate_content(model=LITE, contents="1234", config=with_cache))
    assert (counted.cached_content_token_count, counted.prompt_token_count) == (5_000, 5_001)
    with pytest.raises(errors.ClientError, match="has to be the same"):
        client.models.generate_content(model=PRO, contents="x", config=with_cache)
    later = client.caches.update(name=name, config=types.UpdateCachedContentConfig(ttl="600s"))
    assert later.expire_time is not None
    assert cache.expire_time is not None
    assert later.expire_time > cache.expire_time
    assert [each.name for each in client.caches.list()] == [name]
    caller.cloud.local("PUT", "clock", {"seconds": 601})
    assert list(client.caches.list()) == []
    with pytest.raises(errors.ClientError) as ended:
        client.models.generate_content(model=LITE, contents="x", config=with_cache)
    assert ended.value.code == 403
    again = client.caches.create(model=LITE, config=config)
    client.caches.delete(name=again.name or "")
    with pytest.raises(errors.ClientError, match="not found"):
        client.caches.get(name=again.name or "")


def test_a_batch_is_done_by_the_clock(caller: Caller) -> None:
    source = [types.InlinedRequest(contents="hello"), types.InlinedRequest(contents="there")]
    job = caller.client.batches.create(model=LITE, src=source, config={"display_name": "night"})
    name = job.name or ""
    assert job.state == types.JobState.JOB_STATE_PENDING
    caller.cloud.local("PUT", "clock", {"seconds": 601 + 120})
    assert caller.client.batches.get(name=name).state == types.JobState.JOB_STATE_RUNNING
    caller.cloud.local("PUT", "clock", {"seconds": 601 + 601})
    done = caller.client.batches.get(name=name)
    assert done.state == types.JobState.JOB_STATE_SUCCEEDED
    assert done.dest is not None
    responses = done.dest.inlined_responses or []
    assert [each.response.text[:9] for each in responses if each.response and each.response.text] == [
        "The local"
    ] * 2
    other = caller.client.batches.create(model=LITE, src=source).name or ""
    caller.client.batches.cancel(name=other)
    assert caller.client.batches.get(name=other).state == types.JobState.JOB_STATE_CANCELLED
    caller.client.batches.delete(name=other)
    assert [each.name for each in caller.client.batches.list()] == [name]


def test_a_refused_call_says_when_to_come_again(caller: Caller) -> None:
    limit_to(caller.cloud, PROJECT, "generate_requests_per_model", 0, "gemini-3.5-flash")
    for ask in (
        lambda: caller.client.models.generate_content(model="gemini-3.5-flash", contents="x"),
        lambda: list(caller.client.models.generate_content_stream(model="gemini-3.5-flash", contents="x")),
    ):
        with pytest.raises(errors.ClientError) as refused:
            ask()
        assert refused.value.code == 429
        error = refused.value.details["error"]
        assert violations(error)[0]["quotaDimensions"]["model"] == "gemini-3.5-flash"
        assert detail(error, "RetryInfo")["retryDelay"].endswith("s")
