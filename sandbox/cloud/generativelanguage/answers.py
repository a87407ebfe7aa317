"""Answers that say nothing, and how long they are.

An answer is as long as its prompt asks for (`prompts`), within `maxOutputTokens`, which thoughts count against too. Of
more than 256 tokens of text only the beginning is sent: what is counted is what `usageMetadata` says. A model thinks as
long as `thinkingBudget` or `thinkingLevel` allows; with neither, or a dynamic budget, only if its prompt asks for it.
"""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.generativelanguage.prompts import Wishes, length
from sandbox.cloud.generativelanguage.published import Model
from sandbox.cloud.generativelanguage.usage import MODALITIES, Modality, Tokens, total

_ANSWER: Final = "The local cloud has read this, and has no model to answer it with."
_THOUGHT: Final = "Nothing comes to mind."
_SENT: Final = 256
"""Tokens of text that are sent at most."""
_LEVELS: Final = {"minimal": 128, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 32_768}
"""`thinkingLevel` → tokens; low to high as ai.google.dev/gemini-api/docs/openai has them, 2026-11-26."""
_SECOND: Final = 25
_SPOKEN: Final = 7
"""Tokens of speech: of a second, and for a token of the text that is read out."""
_PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
_SILENCE: Final = b64encode(bytes(480)).decode()
_MOST_QUERIES: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """How long an answer is: tokens of each candidate, and what it is made of.

    Attributes:
        candidates: how many there are, all alike.
        thoughts: tokens of thoughts.
        text: tokens of text.
        speech: tokens of speech.
        images: number of images.
        image: tokens of one.
        cut: whether `maxOutputTokens` has ended it.
        shows_thoughts: whether a summary of the thoughts is part of it.
        queries: searches that it rests on; None if it could not search.
    """

    candidates: int = 1
    thoughts: int = 0
    text: int = 0
    speech: int = 0
    images: int = 0
    image: int = 0
    cut: bool = False
    shows_thoughts: bool = False
    queries: int | None = None

    @property
    def written(self) -> dict[Modality, int]:
        """Tokens of all candidates, without thoughts."""
        found: dict[Modality, int] = {
            "TEXT": self.text,
            "IMAGE": self.images * self.image,
            "AUDIO": self.speech,
        }
        return {modality: count * self.candidates for modality, count in found.items() if count}

    @property
    def output(self) -> dict[Modality, int]:
        """Tokens that are charged: with thoughts."""
        found = self.written
        if self.thoughts:
            found["TEXT"] = found.get("TEXT", 0) + self.thoughts * self.candidates
        return found


def answer(body: JsonObject, model: Model, wished: Wishes, read: Tokens) -> Answer:
    """What a prompt is answered with.

    Raises:
        CloudError: 400 for a configuration that the model does not have.
    """
    config = body.get("generationConfig", {})
    limit = config.get("maxOutputTokens") or model.output_tokens
    if limit < 0:
        raise invalid_argument(
            "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.\n"
        )
    most = min(limit, model.output_tokens)
    thinking = config.get("thinkingConfig", {})
    thoughts = min(_thoughts(thinking, model, wished), most)
    base = Answer(
        _candidates(config, model),
        thoughts,
        shows_thoughts=bool(thoughts and thinking.get("includeThoughts")),
        queries=_queries(body, wished),
    )
    modalities = set(config.get("responseModalities", ()))
    left = most - thoughts
    if model.makes == "audio":
        wanted = wished.answer or max(_SPOKEN * read.get("TEXT", 0), _SECOND)
        return replace(base, speech=min(wanted, left), cut=wanted > left)
    if model.makes == "image" and modalities != {"TEXT"}:
        return _pictured(base, model, config.get("imageConfig", {}), wished, left)
    if modalities - {"TEXT"}:
        raise invalid_argument("This model only supports text output.")
    wanted = length(_ANSWER) if wished.answer is None else wished.answer
    return replace(base, text=min(wanted, left), cut=wanted > left)


def _pictured(base: Answer, model: Model, config: JsonObject, wished: Wishes, left: int) -> Answer:
    each = _image_tokens(config, model)
    wanted = 1 if wished.images is None else wished.images
    images = min(wanted, left // each)
    left -= images * each
    text = wished.answer or 0
    return replace(base, images=images, image=each, text=min(text, left), cut=images < wanted or text > left)


def _candidates(config: JsonObject, model: Model) -> int:
    asked = config.get("candidateCount", 1)
    if asked > 1 and model.candidates == 1:
        raise invalid_argument("Multiple candidates is not enabled for this model")
    if not 1 <= asked <= model.candidates:
        raise invalid_argument(
            f"* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in [1, "
            f"{model.candidates}] inclusive.\n"
        )
    return int(asked)


def _thoughts(config: JsonObject, model: Model, wished: Wishes) -> int:
    budget, level = config.get("thinkingBudget"), config.get("thinkingLevel", "").lower()
    level = "" if level == "thinking_level_unspecified" else level
    if level and budget is not None:
        raise invalid_argument("You can only set only one of thinking budget and thinking level.")
    if level and level not in _LEVELS:
        raise invalid_argument(
            f"Invalid value at 'generation_config.thinking_config.thinking_level': \"{config['thinkingLevel']}\""
        )
    allowed = _LEVELS[level] if level else budget
    if model.makes != "text":
        if allowed:
            raise invalid_argument("Thinking is not enabled for this model.")
        return 0
    if allowed is None or allowed < 0:
        return wished.think or 0
    return int(allowed if wished.think is None else min(allowed, wished.think))


def _image_tokens(config: JsonObject, model: Model) -> int:
    sizes = dict(model.images)
    size = config.get("imageSize") or next(iter(sizes))
    if size not in sizes:
        raise invalid_argument(f"Image size {size} is not supported by this model: {', '.join(sizes)} are.")
    return sizes[size]


def _queries(body: JsonObject, wished: Wishes) -> int | None:
    tools = body.get("tools", ())
    if not any("googleSearch" in tool or "googleSearchRetrieval" in tool for tool in tools):
        return None
    return min(1 if wished.queries is None else wished.queries, _MOST_QUERIES)


def metadata(answered: Answer, read: Tokens, cached: Tokens, written: Tokens | None = None) -> JsonObject:
    """The `usageMetadata`; with `written`, of an answer of which no more than that is sent yet."""
    written = answered.written if written is None else written
    thoughts = answered.thoughts * answered.candidates
    prompt, candidates = total(read), total(written)
    found: JsonObject = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates + thoughts,
        "promptTokensDetails": details(read),
    }
    if cached:
        found |= {"cachedContentTokenCount": total(cached), "cacheTokensDetails": details(cached)}
    if thoughts:
        found["thoughtsTokenCount"] = thoughts
    if written.keys() - {"TEXT"}:
        found["candidatesTokensDetails"] = details(written)
    return found


def details(tokens: Tokens) -> list[JsonObject]:
    """Tokens by modality as Google shows them."""
    return [
        {"modality": modality, "tokenCount": tokens[modality]}
        for modality in MODALITIES
        if tokens.get(modality)
    ]


def candidates(answered: Answer) -> list[JsonObject]:
    """The candidates of a whole answer."""
    return [_candidate(index, _parts(answered), answered, last=True) for index in range(answered.candidates)]


def chunks(answered: Answer, read: Tokens, cached: Tokens) -> list[JsonObject]:
    """The candidates and `usageMetadata` of an answer that is sent in pieces, in order."""
    whole = _parts(answered)
    pieces = [[part] for part in whole[:-1]]
    if whole and "text" in whole[-1] and "thought" not in whole[-1]:
        text, third = whole[-1]["text"], -(-len(whole[-1]["text"]) // 3)
        pieces += [[{"text": text[at : at + third]}] for at in range(0, len(text), third)]
    else:
        pieces += [whole[-1:]]
    found = []
    for number, parts in enumerate(pieces, 1):
        last = number == len(pieces)
        written = answered.written
        if not last:
            written = {modality: count * number // len(pieces) for modality, count in written.items()}
        found.append(
            {
                "candidates": [
                    _candidate(index, parts, answered, last=last) for index in range(answered.candidates)
                ],
                "usageMetadata": metadata(answered, read, cached, written),
            }
        )
    return found


def _parts(answered: Answer) -> list[JsonObject]:
    parts: list[JsonObject] = []
    if answered.shows_thoughts:
        parts.append({"text": _THOUGHT, "thought": True})
    parts += [{"inlineData": {"mimeType": "image/png", "data": _PIXEL}}] * answered.images
    if answered.speech:
        parts.append({"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": _SILENCE}})
    if answered.text:
        parts.append({"text": _text(answered.text)})
    return parts


def _text(tokens: int) -> str:
    if tokens == length(_ANSWER):
        return _ANSWER
    sent = min(tokens, _SENT)
    text = (f"{_ANSWER} " * (sent * 4 // len(_ANSWER) + 1))[: sent * 4]
    return text if tokens <= _SENT else f"{text}… ({tokens} tokens, of which these are sent)"


def _candidate(index: int, parts: list[JsonObject], answered: Answer, *, last: bool) -> JsonObject:
    found: JsonObject = {
        "content": {**({"parts": parts} if parts else {}), "role": "model"},
        "index": index,
    }
    if last:
        found["finishReason"] = "MAX_TOKENS" if answered.cut else "STOP"
        if answered.queries:
            found["groundingMetadata"] = _grounding(answered.queries)
    return found


def _grounding(queries: int) -> dict[str, Any]:
    return {
        "webSearchQueries": [f"local cloud {number}" for number in range(1, queries + 1)],
        "searchEntryPoint": {"renderedContent": "<div></div>"},
        "groundingChunks": [{"web": {"uri": "http://localhost/", "title": "localhost"}}],
    }
