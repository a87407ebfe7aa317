"""Credentials blanked in what the local cloud keeps or prints: its journal, its log and the texts of its refusals.

A credential is found by the name of its field or parameter, whatever its value, and by its form, whatever its place. A
text that hides one in an encoding is blanked as a whole: percent-encoding, backslash escapes (those of JSON kept as a
string too), HTML entities, base64 of either alphabet and hexadecimal, also one inside the other, up to four deep.
"""

import binascii
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

BLANK: Final = "REDACTED"
_FIELDS: Final = frozenset(
    {
        "accesstoken",
        "apikey",
        "authtoken",
        "keystring",
        "oauthtoken",
        "password",
        "payload",
        "plaintext",
        "privatekey",
        "privatekeydata",
        "servicekey",
    }
)
"""Names in lower case, letters only: Google reads `keyString` and `key_string`, `$key` and `key`."""
_PARAMETERS: Final = _FIELDS | {"key"}
_PRIVATE: Final = r"[A-Z +]{1,30}PRIVATE[ +]KEY"
_KEY: Final = re.compile(
    r"AIza[\w-]{6,}|AQ\.[\w-]{20,}|ya29\.[\w.-]{10,}"
    rf"|-----BEGIN{_PRIVATE}(?s:.)*?(?:-----END{_PRIVATE}[A-Z +]*-----|\Z)",
    re.ASCII,
)
"""API keys, standard and bound to a service account, access tokens, and private keys in PEM, also one cut off."""
_ENCODED: Final = re.compile(r"[%\\&\r\n\t]|[A-Za-z0-9_-]{28,}")
"""What every encoding of a key has. In base64 a key is one run: only bytes that are not ASCII encode to `+` or `/`."""
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{20,}")
_TEXT: Final = re.compile(rb"[ -~]{10,}")
_ESCAPE: Final = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[nrt])")
_DEPTH: Final = 4
_LONGEST: Final = 16_384
"""Characters of a text that are kept: to look for encodings takes time, and prompts can have megabytes."""


def blanked(text: str) -> str:
    """The text without the credentials that are recognized by their form; of a long one, the beginning."""
    if len(text) > _LONGEST:
        return f"{blanked(text[:_LONGEST])}… ({len(text)} characters)"
    text = _KEY.sub(BLANK, text)
    return BLANK if _ENCODED.search(text) and _hides_key(text, _DEPTH) else text


def without_secrets(value: Any, of: str = "") -> Any:
    """A JSON value without the credentials in it; `of` is the field that has the value."""
    # A webhook's address, a label of a notification channel, has a token in it.
    secret = _FIELDS | {"url"} if of == "labels" else _FIELDS
    if isinstance(value, str):
        return blanked(value)
    if isinstance(value, dict):
        return {
            blanked(name): BLANK if _letters(name) in secret else without_secrets(item, of=name)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


def without_secret_fields(value: Any, of: str = "") -> Any:
    """A JSON value without the fields that have credentials by their names: a first step, at a small price."""
    if isinstance(value, dict):
        secret = _FIELDS | {"url"} if of == "labels" else _FIELDS
        return {
            name: BLANK if _letters(name) in secret else without_secret_fields(item, of=name)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_secret_fields(item) for item in value]
    return value


def target(raw_path: str, query: str) -> str:
    """A request's path and query, as they were sent, without the credentials in them."""
    path = raw_path
    if (
        blanked(path) != path
    ):  # the segments that hide nothing stay, unless it takes several to hide something
        path = "/".join(map(blanked, raw_path.split("/")))
        path = path if blanked(path) == path else BLANK
    if not query:
        return path
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [
        (blanked(name), BLANK if _letters(unquote(name)) in _PARAMETERS else blanked(value))
        for name, value in pairs
    ]
    # Without a "=" the query is no pair at all, and stays as it is unless it hides something.
    return f"{path}?{blanked(query) if kept == pairs else urlencode(kept)}"


@lru_cache(maxsize=4096)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _hides_key(text: str, depth: int) -> bool:
    if _KEY.search(text):
        return True
    return depth > 0 and any(_hides_key(plain, depth - 1) for plain in _decoded(text))


def _decoded(text: str) -> Iterator[str]:
    """The readings of a text in which something is encoded."""
    if (plain := _unescaped(text)) != text:
        yield plain
    unbroken = re.sub(r"\s+", "", text)
    runs = [run.replace("-", "+").replace("_", "/") for run in _RUN.findall(unbroken)]
    digits = _HEX.findall(unbroken)
    # A run may begin with letters that do not belong to the encoding.
    parts = [
        *(b" ".join(binascii.a2b_base64(_whole(run, start, 4)) for run in runs) for start in range(4)),
        *(b" ".join(bytes.fromhex(_whole(run, start, 2)) for run in digits) for start in range(2)),
    ]
    for part in parts:
        # Without the zeros of UTF-16. What was not encoded decodes to bytes that are no text.
        if found := _TEXT.findall(part.replace(b"\0", b"")):
            yield b" ".join(found).decode()


def _unescaped(text: str) -> str:
    """The text without escapes, also those inside of escapes; a line end, however it is written, breaks no base64."""
    for _ in range(_DEPTH):
        plain = html.unescape(unquote(_ESCAPE.sub(_escaped, text)))
        if plain == text:
            break
        text = plain
    return text


def _escaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    return chr(int(digits, 16)) if digits else "\n"


def _whole(run: str, start: int, group: int) -> str:
    """The run from `start`, without an incomplete group at its end."""
    return run[start : len(run) - (len(run) - start) % group]
