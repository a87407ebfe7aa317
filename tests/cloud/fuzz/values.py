"""Values for the fields of Google's messages: of the right type, however odd, and of a wrong one."""

import random
from collections.abc import Iterator
from typing import Any, Final

from sandbox.cloud.core.messages import Field, Message

ODD_TEXTS: Final = (
    *(
        "",
        " ",
        "x",
        "-",
        "*",
        "/",
        "..",
        "\x00",
        "\n",
        "é€😀",
        "a" * 5_000,
        "{}",
        "%s%n",
        "'; DROP TABLE projects; --",
    ),
    *(
        "projects/",
        "projects/fuzz-shop",
        "projects/fuzz-shop/topics/events",
        "projects/-/x",
        "folders/987654321098",
    ),
    *("organizations/0", "billingAccounts/01A2B3-C4D5E6-F7A8B9", "//storage.googleapis.com/x", "tagKeys/1"),
    *(
        "user:ann@example.com",
        "allUsers",
        "user:",
        ":",
        "roles/viewer",
        "roles/",
        "a.b.c",
        "1/0",
        "-1",
        "NaN",
        "1e999",
    ),
    *(
        "2026-13-45",
        "http://",
        "https://x:99999/",
        "gs://",
        "0.0.0.0/99",
        "::",
        "(",
        "[",
        "\\",
        '"',
        "a AND",
        "a = 'b",
    ),
    *("* * * * *", "99 99 * * *", "*/0 * * * *", "Etc/UTC", "No/Where", "../../etc/passwd", "٣", "²"),
    *(
        "generativelanguage.googleapis.com",
        "models/gemini-2.5-flash",
        "custom.x",
        "up >",
        "sum(up) by (",
        "\ufeff",
    ),
)
_INTEGERS: Final = (0, 1, -1, 2, 7, 100, 65_536, 2**31 - 1, -(2**31))
_LONGS: Final = ("0", "1", "-1", "2", "60", "9223372036854775807", "-9223372036854775808", "007", "-0")
_NUMBERS: Final = (0, 1, -1, 0.5, -0.0, 1e308, -1e308, 5e-324, "NaN", "Infinity", "-Infinity", "1.5")
_TIMES: Final = (
    *(
        "2026-12-01T00:00:00Z",
        "2030-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59.999999999Z",
        "0001-01-01T00:00:00Z",
    ),
    *("2026-02-30T00:00:00Z", "2026-12-01T25:61:61Z", "2026-12-01T00:00:00+99:99", "0000-00-00T00:00:00Z"),
    *(
        "1970-01-01T00:00:00.000000001Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "٢٠٢٦-12-01T00:00:00Z",
    ),
)
_DURATIONS: Final = (
    *(
        "0s",
        "1s",
        "60s",
        "600s",
        "86400s",
        "-1s",
        "0.000000001s",
        "-0.5s",
        "315576000001s",
        "9" * 30 + "s",
        "٣s",
    ),
    *("3600s", "1.5s", "-9223372036854775808s"),
)
_MASKS: Final = (
    "",
    "*",
    "name",
    "a.b",
    ",",
    ".",
    "name,name",
    "etag",
    "labels.a",
    "..",
    "a" * 3_000,
    "displayName.x",
)
_BYTES: Final = ("", "dG9jaw==", "dG9jaw", "_-8=", "eyJhIjoxfQ==", "A" * 4_000)
_STRUCTS: Final[tuple[Any, ...]] = ({}, {"a": 1}, {"": {"": []}}, {"type": "OBJECT"}, {"a": "b" * 3_000})
_ANY: Final[tuple[Any, ...]] = (*_STRUCTS, [], [[]], None, True, 1e308, "x")
_WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "string": (5, 1.5, True, {}, ["x"]),
    "bytes": (5, {}, "no base64!", "=", True),
    "bool": ("maybe", 3, {}, ["true"], ""),
    "int32": ("x", 1.5, True, 2**31, -(2**40), {}, "", "1.5", "NaN", "0x10"),
    "uint32": ("x", -1, 2**32, {}, ""),
    "int64": ("x", 1.5, True, "9223372036854775808", 10**40, {}, "", "1e3", "NaN"),
    "uint64": ("-1", "x", 2**64, {}),
    "float": ("x", {}, True, "", "1e999"),
    "double": ("x", {}, True, "", "nan"),
    "enum": ("NO_SUCH_VALUE", "", 99_999, -1, 1.5, {}, True),
    "timestamp": ("yesterday", 5, {}, "2026-12-01", "2026-12-01T00:00:00"),
    "duration": ("60", 60, {}, "1m", "s", "1.0000000001s"),
    "fieldmask": (5, {}, True),
    "struct": (5, "x", True),
    "message": (5, "x", True, ["x"]),
}


def fitting(field: Field, rng: random.Random, depth: int) -> Any:
    """A value of the field's type, at most `depth` messages deep."""
    if field.is_map:
        return {rng.choice(ODD_TEXTS): _one(field, rng, depth) for _ in range(rng.choice((0, 1, 2)))}
    if field.repeated:
        return [_one(field, rng, depth) for _ in range(rng.choice((0, 1, 1, 2)))]
    return _one(field, rng, depth)


def _one(field: Field, rng: random.Random, depth: int) -> Any:
    match field.kind:
        case "message":
            assert field.message is not None
            return message(field.message(), rng, depth - 1)
        case "enum":
            return rng.choice(list((field.enum or {0: "X"}).values()))
        case "bool":
            return rng.choice((True, False))
        case "string":
            return rng.choice(ODD_TEXTS)
        case "int32" | "uint32":
            return abs(rng.choice(_INTEGERS[:-1])) if field.kind == "uint32" else rng.choice(_INTEGERS)
        case "int64" | "uint64":
            text = rng.choice(_LONGS)
            return text.lstrip("-") if field.kind == "uint64" else text
    odd: dict[str, tuple[Any, ...]] = {
        "float": _NUMBERS,
        "double": _NUMBERS,
        "timestamp": _TIMES,
        "duration": _DURATIONS,
        "fieldmask": _MASKS,
        "bytes": _BYTES,
        "struct": _STRUCTS,
        "any": _ANY,
    }
    return rng.choice(odd[field.kind])


def message(of: Message, rng: random.Random, depth: int) -> dict[str, Any]:
    """A message with some of its fields."""
    fields = list({field.json_name: field for field in of.fields.values()}.values())
    if depth <= 0 or not fields:
        return {}
    chosen = rng.sample(fields, min(len(fields), rng.choice((1, 2, 3, 5))))
    return {field.json_name: fitting(field, rng, depth) for field in chosen}


def wrong(field: Field, rng: random.Random) -> Any:
    """A value that the field cannot have; None if it can have any."""
    if field.is_map:
        return rng.choice((5, "x", ["x"]))
    if field.repeated:
        return rng.choice((5, "x", True, {}, [[]] if field.kind not in ("any", "struct") else 5))
    return rng.choice(_WRONG[field.kind]) if field.kind in _WRONG else None


Place = tuple[dict[str, Any], str, Field]
"""An object of a body, the name of one of its fields, and the field."""


def places(of: Message, body: Any) -> Iterator[Place]:
    """Every field that a body sets, at any depth."""
    if not isinstance(body, dict):
        return
    for name, value in body.items():
        field = of.fields.get(name)
        if field is None:
            continue
        yield body, name, field
        if field.message is not None:
            for each in _inner(field, value):
                yield from places(field.message(), each)


def _inner(field: Field, value: Any) -> list[Any]:
    """The messages of a field's value."""
    if field.is_map:
        return list(value.values()) if isinstance(value, dict) else []
    return value if isinstance(value, list) else [value]


def objects(of: Message, body: Any) -> list[dict[str, Any]]:
    """Every message of a body."""
    found = [body] if isinstance(body, dict) else []
    for owner, name, field in places(of, body):
        if field.message is not None:
            found += [each for each in _inner(field, owner[name]) if isinstance(each, dict)]
    return found
