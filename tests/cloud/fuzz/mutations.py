"""What makes a request malformed: one function a way, each for a draft of any method."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.cloud.core.messages import ONE, REST, Message, Method
from tests.cloud.fuzz import odd, values
from tests.cloud.inside import Request


@dataclass
class Draft:
    """A request that is being made. `refused`: it must be; `violates`: the refusal must name a field."""

    service: str
    method: Method
    verb: str
    segments: list[str]
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None
    raw: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    violates: bool = False

    @property
    def takes_json(self) -> bool:
        """Whether the method takes a message."""
        return self.method.body is not None and not self.method.uploads

    @property
    def message(self) -> Message:
        """The description of the message that the method takes."""
        assert self.method.body is not None
        return self.method.body.message()

    def request(self) -> Request:
        """As it goes over the wire."""
        path = "/".join(self.segments) + (f":{self.method.verb}" if self.method.verb else "")
        query = f"?{urlencode(self.query, errors='surrogatepass')}" if self.query else ""
        raw = self.raw
        if raw is None:
            raw = b"" if self.body is None else json.dumps(self.body).encode()
        return Request(self.service, self.verb, path + query, raw, self.content_type, self.headers)


Mutation = Callable[[Draft, random.Random], None]
MUTATIONS: dict[str, Mutation] = {}


def _mutation(change: Mutation) -> Mutation:
    MUTATIONS[change.__name__] = change
    return change


@_mutation
def wrong_type(draft: Draft, rng: random.Random) -> None:
    """A field of the body has a value of another type."""
    if not draft.takes_json:
        return
    found = [
        each for each in values.places(draft.message, draft.body) if each[2].kind != "any" or each[2].repeated
    ]
    if not found:
        return
    owner, name, of = rng.choice(found)
    owner[name] = values.wrong(of, rng)
    draft.refused = draft.violates = True


@_mutation
def unknown_field(draft: Draft, rng: random.Random) -> None:
    """The body has a field that the message does not have."""
    if not draft.takes_json or not isinstance(draft.body, dict):
        return
    owner = rng.choice(values.objects(draft.message, draft.body))
    owner[rng.choice(("nope", "", "__proto__", "a.b", "\x00", "Name"))] = rng.choice((None, 1, {}, [], "x"))
    draft.refused = draft.violates = True


@_mutation
def missing_field(draft: Draft, rng: random.Random) -> None:
    """Fields of the body are not there."""
    if not draft.takes_json:
        return
    for owner, name, _ in list(values.places(draft.message, draft.body)):
        if rng.random() < 0.3:
            owner.pop(name, None)


@_mutation
def odd_values(draft: Draft, rng: random.Random) -> None:
    """Fields of the body have odd values of the right type."""
    if not draft.takes_json:
        return
    for owner, name, of in list(values.places(draft.message, draft.body)):
        if rng.random() < 0.25:
            owner[name] = values.fitting(of, rng, 3)


@_mutation
def more_fields(draft: Draft, rng: random.Random) -> None:
    """The body has more of the message's fields, with odd values."""
    if draft.takes_json and isinstance(draft.body, dict):
        draft.body |= values.message(draft.message, rng, 4)


@_mutation
def drawn_body(draft: Draft, rng: random.Random) -> None:
    """The body is any message of its type."""
    if draft.takes_json:
        draft.body = values.message(draft.message, rng, 5)


@_mutation
def nulls(draft: Draft, rng: random.Random) -> None:
    """Fields of the body are null."""
    if draft.takes_json:
        for owner, name, _ in list(values.places(draft.message, draft.body)):
            if rng.random() < 0.3:
                owner[name] = None


@_mutation
def no_object(draft: Draft, rng: random.Random) -> None:
    """The body is JSON, and no object."""
    if not draft.method.uploads:
        draft.body = rng.choice(([1], "x", 5, True, [{}], 1.5))
        draft.refused = draft.violates = True


@_mutation
def broken_json(draft: Draft, rng: random.Random) -> None:
    """The body is no JSON."""
    if draft.method.uploads:
        return
    whole = json.dumps(draft.body if isinstance(draft.body, dict) else {"a": "é"}).encode()
    draft.raw = rng.choice(
        (
            whole[: rng.randrange(1, len(whole))],
            whole.replace(b'"', b'"\xff', 1) if b'"' in whole else b"\xff",
            whole + b"}",
            b'{"a": NaN}',
            b'{"a": -Infinity}',
            b'{"a": "\\ud800"}',
            b'{"a": ' + b"9" * 5_000 + b"}",
            b"[" * 100_000,
            b'{"a":' * 150 + b"1" + b"}" * 150,
            b"\x00",
            b"\xef\xbb\xbf{}",
            b"{'a': 1}",
            b'{"a": 1,}',
            b'{"a": 01}',
            b"\xff\xfe{\x00}\x00",
            b" ",
        )
    )
    draft.refused = draft.violates = True


@_mutation
def content_type(draft: Draft, rng: random.Random) -> None:
    """The body has another content type."""
    if draft.method.uploads:
        return
    draft.body = draft.body or {"a": 1}
    draft.content_type = rng.choice(odd.CONTENT_TYPES)
    draft.refused = True


@_mutation
def body_of_none(draft: Draft, rng: random.Random) -> None:
    """A method that takes no body has one."""
    if draft.method.body is None and not draft.method.uploads:
        draft.body = {rng.choice(("nope", "name", "")): rng.choice((1, {}, None))}
        draft.refused = True


@_mutation
def odd_segment(draft: Draft, rng: random.Random) -> None:
    """An id in the path is odd."""
    wild = [index for index, each in enumerate(draft.method.segments) if each in (ONE, REST)]
    if wild:
        draft.segments[rng.choice(wild)] = rng.choice(odd.SEGMENTS)


@_mutation
def odd_path(draft: Draft, rng: random.Random) -> None:
    """The path has a segment more, or one less."""
    at = rng.randrange(len(draft.segments))
    if rng.random() < 0.5:
        draft.segments.insert(at, rng.choice(odd.SEGMENTS))
    else:
        del draft.segments[at]


@_mutation
def parameters(draft: Draft, rng: random.Random) -> None:
    """Parameters have odd values of the right type; a name may stand twice."""
    known = list({each.json_name: each for each in draft.method.query.values()}.values())
    for of in rng.sample(known, min(len(known), 3)):
        value = values.fitting(of, rng, 1)
        for each in value if isinstance(value, list) else [value, value][: rng.choice((1, 2))]:
            draft.query.append(
                (of.json_name, json.dumps(each) if isinstance(each, bool | float) else str(each))
            )


@_mutation
def wrong_parameter(draft: Draft, rng: random.Random) -> None:
    """A parameter has a value of another type, or a name that the method does not know."""
    typed = [
        each for each in draft.method.query.values() if each.kind not in ("string", "fieldmask", "bytes")
    ]
    if typed and rng.random() < 0.6:
        of = rng.choice(typed)
        draft.query.append((of.json_name, rng.choice(("x", "1.5.5", "", "{}", "99999999999999999999999"))))
    else:
        draft.query.append((rng.choice(odd.PARAMETERS), "x"))
    draft.refused = draft.violates = True


@_mutation
def listing(draft: Draft, rng: random.Random) -> None:
    """A page token, a size, a filter, an order or a mask is no such thing."""
    by_name: dict[str, tuple[str, ...]] = {
        "pageToken": odd.TOKENS,
        "pageSize": ("-1", "0", "2147483647", "1", "-2147483648"),
        "maxResults": ("0", "1", "4294967295"),
        "filter": odd.FILTERS,
        "query": odd.FILTERS,
        "orderBy": ("nope", "name desc desc", ",", "name,,", "\x00", "desc"),
        "updateMask": (
            "nope",
            "a.b",
            "*",
            ",",
            ".",
            "..",
            "name",
            "name.x",
            "*,name",
            " ",
            "labels.é",
            "etag",
        ),
        "parent": values.ODD_TEXTS,
        "scope": values.ODD_TEXTS,
        "names": values.ODD_TEXTS,
        "interval.startTime": ("2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        "interval.endTime": (
            "2026-12-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
        ),
    }
    for name in sorted(by_name.keys() & draft.method.query.keys()):
        draft.query.append((name, rng.choice(by_name[name])))


@_mutation
def standard_parameters(draft: Draft, rng: random.Random) -> None:
    """The parameters of all methods are odd."""
    by_name = {
        "fields": odd.SELECTIONS,
        "alt": odd.ALTS,
        "prettyPrint": ("banana", ""),
        "$.xgafv": ("9",),
        "quotaUser": ("\x00",),
    }
    name = rng.choice(list(by_name))
    draft.query.append((name, rng.choice(by_name[name])))


@_mutation
def header(draft: Draft, rng: random.Random) -> None:
    """A header is odd."""
    name, value = rng.choice(odd.HEADERS)
    draft.headers[name] = value


@_mutation
def verb(draft: Draft, rng: random.Random) -> None:
    """The HTTP method is another."""
    draft.verb = rng.choice(odd.VERBS)


@_mutation
def nesting(draft: Draft, rng: random.Random) -> None:
    """A free field of the body is deep."""
    if draft.takes_json:
        for owner, name, of in values.places(draft.message, draft.body):
            if of.kind in ("any", "struct"):
                inner: Any = "x"
                for _ in range(rng.choice((20, 90, 200))):
                    inner = {"a": inner} if of.kind == "struct" or rng.random() < 0.5 else [inner]
                owner[name] = inner
