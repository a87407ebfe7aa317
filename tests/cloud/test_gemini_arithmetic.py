"""What prompts and answers count, by modality, and what a cache counts while it lives."""

import struct
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.store import Store
from sandbox.cloud.generativelanguage import answers, caches, prompts, serving, usage
from sandbox.cloud.generativelanguage.published import MODELS, answering
from sandbox.cloud.services import SERVICES

NOW = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)
OLD, NEW = "gemini-2.5-flash-lite", "gemini-3.8-flash"


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def jpeg(width: int, height: int) -> bytes:
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"text"
    return b"\xff\xd8" + comment + b"\xff\xc0" + struct.pack(">HBHH", 11, 8, height, width) + b"\x01"


def wav(seconds: float, rate: int = 8_000) -> bytes:
    data = bytes(int(seconds * rate * 2))
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return b"RIFF" + bytes(4) + b"WAVE" + head + b"data" + struct.pack("<I", len(data)) + data


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + size


def blob(mime: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": b64encode(data).decode()}, **more}


PDF = b"%PDF-1.4 <</Type /Pages/Count 3>> " + b"<</Type /Page>> " * 3


@pytest.mark.parametrize(
    ("model", "part", "resolution", "expected"),
    [
        (OLD, {"text": "x" * 41}, "", {"TEXT": 11}),
        (OLD, {"text": "Read this as 900 tokens."}, "", {"TEXT": 900}),
        (OLD, {"functionCall": {"name": "look", "args": {"place": "Bern"}}}, "", {"TEXT": 2}),
        (OLD, blob("text/plain", b"x" * 40), "", {"TEXT": 10}),
        (OLD, blob("image/png", png(384, 384)), "", {"IMAGE": 258}),
        # Google's own example: tiles of 360 pixels, three by two.
        (OLD, blob("image/jpeg", jpeg(960, 540)), "", {"IMAGE": 6 * 258}),
        (OLD, blob("image/webp", webp(3_000, 1_200)), "", {"IMAGE": 4 * 2 * 258}),
        (OLD, blob("image/heic", b"unknown"), "", {"IMAGE": 258}),
        (OLD, blob("image/png", png(4_000, 4_000)), "LOW", {"IMAGE": 64}),
        (NEW, blob("image/png", png(4_000, 4_000)), "", {"IMAGE": 1_120}),
        (NEW, blob("image/png", png(1, 1)), "LOW", {"IMAGE": 280}),
        (
            NEW,
            blob("image/png", png(1, 1), mediaResolution={"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}),
            "LOW",
            {"IMAGE": 2_240},
        ),
        (OLD, blob("audio/wav", wav(2.5)), "", {"AUDIO": 80}),
        (OLD, blob("audio/L16;rate=24000", bytes(48_000)), "", {"AUDIO": 32}),
        (OLD, blob("audio/mpeg", bytes(16_000 * 3)), "", {"AUDIO": 96}),
        (OLD, blob("video/mp4", bytes(500_000)), "", {"VIDEO": 2 * 258, "AUDIO": 2 * 32}),
        (NEW, blob("video/mp4", bytes(500_000)), "HIGH", {"VIDEO": 2 * 280, "AUDIO": 2 * 32}),
        (
            OLD,
            blob("video/mp4", b"x", videoMetadata={"startOffset": "10s", "endOffset": "70s", "fps": 0.5}),
            "",
            {"VIDEO": 30 * 258, "AUDIO": 60 * 32},
        ),
        (OLD, blob("application/pdf", PDF), "", {"DOCUMENT": 3 * 258}),
        (NEW, blob("application/pdf", PDF), "", {"DOCUMENT": 3 * 560}),
    ],
)
def test_a_prompt_counts_by_modality(
    model: str, part: dict[str, Any], resolution: str, expected: dict[str, int]
) -> None:
    body = {"contents": [{"parts": [part]}], "generationConfig": {"mediaResolution": resolution}}
    assert prompts.tokens(body, MODELS[model], prompts.wishes(body)) == expected


@pytest.mark.parametrize(
    ("part", "status"),
    [(blob("application/zip", b"x"), "INVALID_ARGUMENT"), ({"fileData": {"fileUri": "x"}}, "UNIMPLEMENTED")],
)
def test_media_that_nobody_reads_are_refused_and_not_ignored(part: dict[str, Any], status: str) -> None:
    with pytest.raises(CloudError) as refused:
        prompts.tokens({"contents": [{"parts": [part]}]}, MODELS[OLD])
    assert refused.value.status == status


#: model, what the prompt says, generationConfig → output by modality, and whether maxOutputTokens has cut it.
ANSWERS: list[tuple[str, str, dict[str, Any], dict[str, int], bool]] = [
    (OLD, "", {}, {"TEXT": 17}, False),
    (OLD, "", {"maxOutputTokens": 5}, {"TEXT": 5}, True),
    (OLD, "Answer with all tokens.", {}, {"TEXT": 65_536}, True),
    ("gemini-4-argon", "Answer with 1000000 tokens.", {}, {"TEXT": 1_000_000}, False),
    (OLD, "Answer with 10 tokens.", {"candidateCount": 8}, {"TEXT": 80}, False),
    (OLD, "", {"thinkingConfig": {"thinkingBudget": 100}}, {"TEXT": 117}, False),
    (OLD, "Think with 9 tokens.", {"thinkingConfig": {"thinkingBudget": 100}}, {"TEXT": 26}, False),
    (OLD, "Think with 9 tokens.", {"thinkingConfig": {"thinkingBudget": 0}}, {"TEXT": 17}, False),
    (OLD, "Think with 9 tokens.", {"thinkingConfig": {"thinkingBudget": -1}}, {"TEXT": 26}, False),
    (OLD, "Think with all tokens.", {"maxOutputTokens": 50, "candidateCount": 2}, {"TEXT": 100}, True),
    (NEW, "", {"thinkingConfig": {"thinkingLevel": "high"}}, {"TEXT": 24_593}, False),
    ("gemini-2.5-flash-image", "", {}, {"IMAGE": 1_290}, False),
    ("gemini-3-pro-image", "", {"imageConfig": {"imageSize": "4K"}}, {"IMAGE": 2_000}, False),
    ("gemini-3.1-flash-image", "Answer with all images.", {}, {"IMAGE": 29 * 1_120}, True),
    ("gemini-3-pro-image", "", {"responseModalities": ["TEXT"]}, {"TEXT": 17}, False),
    ("gemini-3-pro-image", "", {"maxOutputTokens": 1_000}, {}, True),
    ("gemini-2.5-pro-preview-tts", "Answer with 750 tokens.", {}, {"AUDIO": 750}, False),
]


@pytest.mark.parametrize(("model", "text", "config", "output", "cut"), ANSWERS)
def test_an_answer_counts_by_modality_and_says_what_it_counts(
    model: str, text: str, config: dict[str, Any], output: dict[str, int], cut: bool
) -> None:
    body = {"contents": [{"parts": [{"text": text or "hello"}]}], "generationConfig": config}
    wished = prompts.wishes(body)
    read = prompts.tokens(body, MODELS[model], wished)
    found = answers.answer(body, MODELS[model], wished, read)
    assert (found.output, found.cut) == (output, cut)
    for metadata in (
        answers.metadata(found, read, {}),
        answers.chunks(found, read, {})[-1]["usageMetadata"],
    ):
        written = metadata["candidatesTokenCount"] + metadata.get("thoughtsTokenCount", 0)
        assert written == usage.total(found.output)
        assert metadata["totalTokenCount"] == metadata["promptTokenCount"] + written


SEARCH: dict[str, Any] = {"tools": [{"googleSearch": {}}]}


@pytest.mark.parametrize(
    ("asked", "text", "body", "expected"),
    [
        (OLD, "hello", {}, (OLD, "standard", 0, 0)),
        (OLD, "hello", {"serviceTier": "flex"}, (OLD, "flex", 0, 0)),
        (OLD, "hello", {"serviceTier": "SERVICE_TIER_PRIORITY"}, (OLD, "priority", 0, 0)),
        # Of 2.x a request that searches is charged, of newer models each query.
        (OLD, "Search with 3 queries.", SEARCH, (OLD, "standard", 1, 1)),
        (NEW, "Search with 3 queries.", SEARCH, (NEW, "standard", 3, 1)),
        (NEW, "Search with 0 queries.", SEARCH, (NEW, "standard", 0, 0)),
        (NEW, "Search with 3 queries.", {}, (NEW, "standard", 0, 0)),
        # In December the successor answers and is charged; the limits stay those of the model that was asked for.
        ("gemini-2.5-pro", "Search with 3 queries.", SEARCH, (NEW, "standard", 3, 1)),
    ],
)
def test_what_a_call_is_charged_for(
    store: Store, asked: str, text: str, body: dict[str, Any], expected: tuple[str, str, int, int]
) -> None:
    december = datetime(2026, 12, 2, tzinfo=UTC)
    request = {"contents": [{"parts": [{"text": text}]}], **body}
    prompt = serving.prompt_of(store, "7", december, MODELS[asked], request)
    answered = answers.answer(request, prompt.model, prompt.wished, prompt.read)
    used = serving.used_of(prompt, answered, "GenerateContent", 1, prompt.processing)
    assert (used.model, used.processing, used.searches, used.grounded) == expected
    assert used.quota_name == MODELS[asked].quota_name
    assert used.plus(used.negative()).requests == 0


def test_a_retired_model_is_answered_by_its_successor_from_its_pacific_day_on() -> None:
    before, after = (datetime(2026, 12, 1, hour, 59, tzinfo=UTC) for hour in (7, 8))
    for asked, successor in (
        ("gemini-2.5-pro", "gemini-3.8-flash"),
        ("gemini-2.5-flash", "gemini-3.5-flash-lite"),
        (OLD, OLD),
    ):
        assert answering(MODELS[asked], before).id == asked
        assert answering(MODELS[asked], after).id == successor


def test_a_cache_counts_its_tokens_for_as_long_as_it_is_there(store: Store) -> None:
    made = NOW.timestamp()
    cache = caches.Cache("one", OLD, {"TEXT": 1_000}, {}, made, made, made + 3_600)
    with store.transaction():
        caches.add(store, "7", cache, 1)
        caches.end_at(store, "7", cache, made + 90.5, NOW)
    found = usage.between(store, "7", NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert [each.cache_token_seconds for each in found] == [30_000, 60_000, 500]
    assert {(each.model, each.tier, each.requests) for each in found} == {(OLD, 1, 0)}
    assert usage.users_between(store, NOW, NOW + timedelta(minutes=1)) == ["7"]
    begin = NOW.replace(second=0)
    assert caches.first_minute(store, NOW - timedelta(days=1)) == begin
    # Read minute by minute, it is the same.
    parts = [
        usage.between(store, "7", begin + timedelta(minutes=at), begin + timedelta(minutes=at + 1))
        for at in range(-1, 4)
    ]
    assert [each for part in parts for each in part] == found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty state."""
    made = Store(tmp_path / "state.db")
    made.prepare([service.schema for service in SERVICES], lambda _: None)
    return made
