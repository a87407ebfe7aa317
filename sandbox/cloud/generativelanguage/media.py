"""Tokens of media in a prompt, by Google's published arithmetic.

Sources, 2026-11-26: ai.google.dev/gemini-api/docs/tokens, /media-resolution, /image-understanding, /audio,
/video-understanding, /document-processing.

- An image: models of 2.x take 258 tokens if neither side is above 384 pixels, else 258 for each tile; a tile's side is
  the shorter side / 1.5, from 256 to 768 pixels. Newer models take a number by resolution, whatever the size.
- Audio: 32 tokens a second.
- Video: 258 tokens a frame for 2.x, a number by resolution for newer models, at one frame a second unless `fps` says
  otherwise; and its sound, 32 tokens a second.
- PDF: a page is an image.

What a file does not say is taken from its size, so that a test can choose it: a second of audio is 16,000 bytes, unless
it is a WAV file or PCM of a stated rate; a second of video is 250,000 bytes, unless its offsets say how long it is; an
image of an unknown size is one tile.
"""

import re
import struct
from base64 import b64decode
from typing import Any, Final

from sandbox.cloud.core.errors import invalid_argument
from sandbox.cloud.generativelanguage.usage import Modality

AUDIO_A_SECOND: Final = 32
_TILE: Final = 258
_AUDIO_BYTES: Final = 16_000
_VIDEO_BYTES: Final = 250_000
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_RATE: Final = re.compile(r"rate=(\d{1,6})")
_OFFSET: Final = re.compile(r"(\d+(?:\.\d+)?)s")
_OLD: Final = {"LOW": 64}
"""Tokens of an image, a frame or a page of 2.x models by resolution, where it is not by tiles."""
_NEW: Final[dict[str, dict[str, int]]] = {
    "image": {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "ULTRA_HIGH": 2_240, "": 1_120},
    "video": {"LOW": 70, "MEDIUM": 70, "HIGH": 280, "": 70},
    "application": {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "": 560},
}
"""Tokens of models after 2.x; "" is without a chosen resolution."""

Counted = list[tuple[Modality, int]]


def tokens(part: dict[str, Any], resolution: str, *, old: bool) -> Counted:
    """The tokens of a part with `inlineData`.

    Args:
        part: the part, validated.
        resolution: `LOW`, `MEDIUM`, `HIGH`, `ULTRA_HIGH` or "".
        old: True for models of 2.x.

    Raises:
        CloudError: 400 for a kind of media that the API does not read.
    """
    blob = part["inlineData"]
    mime = blob.get("mimeType", "").partition(";")[0].strip().lower()
    data = _decoded(blob.get("data", ""))
    kind = mime.partition("/")[0]
    if kind == "text":
        return [("TEXT", -(-len(data.decode("utf-8", "replace")) // 4))]
    if kind == "audio":
        return [("AUDIO", _whole(_audio_seconds(blob["mimeType"], data) * AUDIO_A_SECOND))]
    if kind == "image":
        whole = _image(data) if old and resolution != "LOW" else 0
        return [("IMAGE", whole or _fixed("image", resolution, old=old))]
    if kind == "video":
        seconds, frames = _video(part.get("videoMetadata", {}), data)
        return [
            ("VIDEO", _whole(frames * _fixed("video", resolution, old=old))),
            ("AUDIO", _whole(seconds * AUDIO_A_SECOND)),
        ]
    if mime == "application/pdf":
        pages = len(_PAGE.findall(data)) or 1
        return [("DOCUMENT", pages * _fixed("application", resolution, old=old))]
    raise invalid_argument(f"Unsupported MIME type: {mime or '(none)'}")


def _fixed(kind: str, resolution: str, *, old: bool) -> int:
    return _OLD.get(resolution, _TILE) if old else _NEW[kind].get(resolution, _NEW[kind]["HIGH"])


def _decoded(text: str) -> bytes:
    return b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _whole(number: float) -> int:
    return -int(-number // 1)


def _image(data: bytes) -> int:
    width, height = _size(data)
    if max(width, height) <= 384:
        return _TILE
    side = min(max(int(min(width, height) / 1.5), 256), 768)
    return -(-width // side) * -(-height // side) * _TILE


def _size(data: bytes) -> tuple[int, int]:
    """Width and height by the header of a PNG, GIF, WebP or JPEG file; (0, 0) if it has none of these."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    if data[:4] == b"GIF8" and len(data) >= 10:
        return struct.unpack("<HH", data[6:10])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        if data[12:16] == b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        if data[12:16] == b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else (0, 0)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0


def _audio_seconds(mime: str, data: bytes) -> float:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE" and len(data) >= 44:
        a_second = int.from_bytes(data[28:32], "little")
        start = data.find(b"data", 12)
        if a_second and start >= 0:
            stated = int.from_bytes(data[start + 4 : start + 8], "little")
            return min(stated, len(data) - start - 8) / a_second
    if rate := _RATE.search(mime):
        return len(data) / (2 * max(int(rate[1]), 1))
    return len(data) / _AUDIO_BYTES


def _video(metadata: dict[str, Any], data: bytes) -> tuple[float, float]:
    """Seconds and frames."""
    start, end = (_seconds(metadata.get(name, "")) for name in ("startOffset", "endOffset"))
    length = len(data) / _VIDEO_BYTES if end is None else end
    seconds = max(length - (start or 0), 0)
    return seconds, seconds * float(metadata.get("fps", 1))


def _seconds(text: str) -> float | None:
    found = _OFFSET.fullmatch(text)
    return float(found[1]) if found else None
