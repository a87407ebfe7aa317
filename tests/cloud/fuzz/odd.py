"""Odd parts of a request: segments of a path, parameters, headers."""

from typing import Final

SEGMENTS: Final = (
    *(
        "%00",
        "%FF",
        "..",
        "%2E%2E",
        "%2F",
        "a" * 3_000,
        "*",
        "%",
        "%zz",
        "-",
        "%0A",
        "",
        "-1",
        "0",
        "NaN",
        "{x}",
        "a:b:c",
    ),
    *(
        "%F0%9F%98%80",
        "nobody",
        "projects",
        "%C3%28",
        "%20",
        "9" * 40,
        "x@y",
        "%25",
        "%D9%A3",
        "a%00b",
        ":",
        "~",
        "%5C",
    ),
)
TOKENS: Final = (
    "x",
    "=",
    "AAAA",
    "%FF",
    "/w==",
    "A",
    "é",
    "a" * 3_000,
    "MQ==",
    "-1",
    "_w==",
    "gICA",
    "AA==",
)
FILTERS: Final = (
    *(
        "(",
        ")",
        '"',
        "a:",
        "a=",
        ":",
        "=",
        "a AND",
        "NOT",
        "name:* OR",
        "a.b.c=1",
        "labels.a:*",
        "-a",
        "x" * 3_000,
    ),
    *(
        "state:ENABLED",
        "parent:folders/987654321098",
        "severity>=INFO",
        "timestamp>=x",
        "a=~(",
        "lifecycleState:",
        "\x00",
    ),
    *(
        'metric.type="x"',
        "metric.type = starts_with(",
        "resource.type=",
        "a>1",
        "(((((((a=1)))))))",
        "a=" + "(" * 500,
    ),
)
SELECTIONS: Final = (
    "nope",
    "a(",
    "(",
    ",",
    "name,",
    "*",
    "*/*/*",
    "a/b/c",
    ")",
    "name(",
    "()",
    "(" * 200,
    "\x00",
    "error",
)
ALTS: Final = ("xml", "media", "sse", "proto", "", "json;enum-encoding=int", "JSON", "\x00")
CONTENT_TYPES: Final = (
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/related",
)
PARAMETERS: Final = ("nope", "a.b", "", "\x00", "updateMask.x", "$", "body", "self", "names[]", "$.x", "é")
VERBS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
HEADERS: Final = (
    *(
        ("x-goog-user-project", text)
        for text in ("", "nope", "projects/x", "-", "%00", "é", "a" * 3_000, "0")
    ),
    *(("x-forwarded-for", text) for text in ("", "x", "::", "1.2.3.4, 5.6.7.8", "é")),
    *(
        ("range", text)
        for text in ("bytes=", "bytes=9-1", "bytes=x", "bytes=-5", "bytes=0-99999999999999999999", "x=1-2")
    ),
    *(
        ("content-range", text)
        for text in ("bytes 0-0/1", "bytes */*", "bytes x", "bytes 5-1/9", "bytes */-1", "")
    ),
    *(
        ("x-goog-request-params", "x"),
        ("authorization", "Bearer"),
        ("authorization", "Basic eDp5"),
        ("content-encoding", "gzip"),
    ),
    *(
        ("x-upload-content-type", "é"),
        ("x-upload-content-length", "-1"),
        ("if-match", "x"),
        ("x-goog-api-key", "nope"),
    ),
)
