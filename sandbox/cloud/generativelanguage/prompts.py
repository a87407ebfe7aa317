"""What a prompt counts, and what it asks the local cloud to do.

A token of text is four characters. The local cloud has no model, so that a prompt says how long its answer is to be:
these sentences in the last message, anywhere in its text, are read and obeyed, and `all` is as much as is allowed.

    Read this as 100000 tokens.  Answer with 500 tokens.  Think with 2000 tokens.
    Search with 3 queries.       Answer with 2 images.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject, invalid_argument, unimplemented
from sandbox.cloud.generativelanguage import media
from sandbox.cloud.generativelanguage.published import Model
from sandbox.cloud.generativelanguage.usage import Modality

_CHARACTERS_A_TOKEN: Final = 4
_WISH: Final = re.compile(
    r"\b(?:(Read) this as|(Answer|Think|Search) with) (\d{1,9}|all) (token|image|quer(?=y|ies))"
)
_ALL: Final = 10**9


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a prompt asks for; None where it says nothing."""

    read: int | None = None
    answer: int | None = None
    images: int | None = None
    think: int | None = None
    queries: int | None = None


_NOTHING: Final = Wishes()
_FIELDS: Final = {
    ("Read", "token"): "read",
    ("Answer", "token"): "answer",
    ("Answer", "image"): "images",
    ("Think", "token"): "think",
    ("Search", "quer"): "queries",
}


def wishes(body: JsonObject) -> Wishes:
    """What the last message of a prompt asks for."""
    contents = body.get("contents", ())
    found: dict[str, int] = {}
    for part in contents[-1].get("parts", ()) if contents else ():
        text = part.get("text", "")
        if " with " in text or " this as " in text:
            for read, act, number, of in _WISH.findall(text):
                if field := _FIELDS.get((read or act, of)):
                    found[field] = _ALL if number == "all" else int(number)
    return Wishes(**found) if found else _NOTHING


def check_contents(body: JsonObject, request: str, *, empty: bool = False) -> None:
    """Refuse a prompt without contents, unless it may be empty, or with ones that cannot be."""
    contents = body.get("contents", [])
    if not contents and not empty:
        raise invalid_argument(f"* {request}.contents: contents is not specified\n")
    for index, content in enumerate(contents):
        if not content.get("parts"):
            raise invalid_argument(
                f"* {request}.contents[{index}].parts: contents.parts must not be empty.\n"
            )
        if content.get("role", "user") not in ("user", "model"):
            raise invalid_argument("Please use a valid role: user, model.")


def tokens(body: JsonObject, model: Model, wished: Wishes = _NOTHING) -> dict[Modality, int]:
    """The tokens of a prompt (contents, system instruction and tools), by modality.

    Raises:
        CloudError: 400 for media that the API does not read, 501 for uploaded files.
    """
    resolution = body.get("generationConfig", {}).get("mediaResolution", "")
    counted: dict[Modality, int] = {}
    text = 0
    for name in ("contents", "systemInstruction"):
        found = body.get(name, [])
        for content in found if isinstance(found, list) else [found]:
            for part in content.get("parts", ()):
                if "text" in part:
                    text += length(part["text"])
                elif "inlineData" in part:
                    own = part.get("mediaResolution", {}).get("level") or resolution
                    short = own.removeprefix("MEDIA_RESOLUTION_").replace("UNSPECIFIED", "")
                    for modality, count in media.tokens(part, short, old=model.old):
                        counted[modality] = counted.get(modality, 0) + count
                elif "fileData" in part:
                    raise unimplemented("uploaded files (fileData)")
                else:
                    text += sum(map(length, _texts(part)))
    text += sum(map(length, _texts(body.get("tools"))))
    if wished.read is not None:
        text = wished.read
    text += counted.get("TEXT", 0)
    if text or not counted:
        counted["TEXT"] = max(text, 1)
    return counted


def length(text: str) -> int:
    """The tokens of a text."""
    return -(-len(text) // _CHARACTERS_A_TOKEN)


def _texts(value: Any) -> Iterator[str]:
    """Every text in functions and tools."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
