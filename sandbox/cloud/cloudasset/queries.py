"""The query language of Cloud Asset Inventory's searches: `name:chat* (state=ACTIVE OR NOT labels.env:prod) important`.

`:` looks for the words of a value in order, one with `*` at its end by its beginning; `=` is exact; times are compared.
A value by itself is looked for in all fields. Source: https://cloud.google.com/asset-inventory/docs/query-syntax.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.cloud.core.errors import CloudError, invalid_argument

Fields = Mapping[str, Any]
"""What is searched, by field: texts, lists of texts, maps of labels, times as RFC 3339."""
Matches = Callable[[Fields], bool]

_TOKEN: Final = re.compile(
    r"""\s+|(?P<mark>[()]|<=|>=|[=<>:])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"=<>:]+)""", re.DOTALL
)
_WORD: Final = re.compile(r"[A-Za-z0-9_&]+")
_LONGEST: Final = 2048
_MOST: Final = 10
"""Comparisons of a query."""
_DEEPEST: Final = 32
_TIMES: Final = ("createTime", "updateTime")
_ORDERS: Final[Mapping[str, Callable[[datetime, datetime], bool]]] = {
    "<": datetime.__lt__,
    "<=": datetime.__le__,
    ">": datetime.__gt__,
    ">=": datetime.__ge__,
    "=": datetime.__eq__,
}


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    """`mark`, `quoted`, `word`."""


_END: Final = _Token("", "mark")


def parse(text: str, known: frozenset[str]) -> Matches:
    """The predicate of a query on the fields that are known, of which a map's are named with their key.

    Raises:
        CloudError: 400 for what cannot be read, or a field that is not searched.
    """
    if len(text) > _LONGEST:
        raise _refusal(f"The query has more than {_LONGEST} characters.")
    parser = _Parser(list(_tokens(text)), known)
    return parser.parse()


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _refusal(f"The query cannot be read near {text[position : position + 20]!r}.")
        if found.lastgroup == "quoted":
            yield _Token(re.sub(r"\\(.)", r"\1", found["quoted"]), "quoted")
        elif found.lastgroup:
            yield _Token(found[found.lastgroup], found.lastgroup)
        position = found.end()


def _refusal(message: str) -> CloudError:
    return invalid_argument(message, "query")


@dataclass
class _Parser:
    tokens: list[_Token]
    known: frozenset[str]
    at: int = 0
    depth: int = 0
    comparisons: int = 0

    def parse(self) -> Matches:
        if not self.tokens:
            return lambda _: True
        found = self._all(self._comparison)
        if self.at < len(self.tokens):
            raise self._unexpected()
        return found

    @property
    def _next(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _is(self, kind: str, *texts: str) -> bool:
        return self._next.kind == kind and self._next.text in texts

    def _unexpected(self) -> CloudError:
        near = " ".join(token.text for token in self.tokens[self.at : self.at + 5])
        return _refusal(f"The query cannot be read near {near!r}." if near else "The query ends too early.")

    def _all(self, one: Callable[[], Matches]) -> Matches:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _refusal("The query is nested too deep.")
        terms = [self._any(one)]
        while self.at < len(self.tokens) and not self._is("mark", ")"):
            self.at += self._is("word", "AND")
            terms.append(self._any(one))
        self.depth -= 1
        return lambda fields: all(term(fields) for term in terms)

    def _any(self, one: Callable[[], Matches]) -> Matches:
        terms = [self._term(one)]
        while self._is("word", "OR"):
            self.at += 1
            terms.append(self._term(one))
        return lambda fields: any(term(fields) for term in terms)

    def _term(self, one: Callable[[], Matches]) -> Matches:
        if self._is("word", "NOT"):
            self.at += 1
            negated = self._term(one)
            return lambda fields: not negated(fields)
        if self._is("mark", "("):
            self.at += 1
            inner = self._all(one)
            if not self._is("mark", ")"):
                raise self._unexpected()
            self.at += 1
            return inner
        if self._next.kind == "mark" or self._is("word", "AND", "OR"):
            raise self._unexpected()
        return one()

    def _comparison(self) -> Matches:
        if self.tokens[self.at + 1 : self.at + 2] in ([], [_END]) or self.tokens[self.at + 1].kind != "mark":
            return self._anywhere()
        if self.tokens[self.at + 1].text in "()":
            return self._anywhere()
        name, compare = self._next.text, self.tokens[self.at + 1].text
        self.at += 2
        field, _, key = name.partition(".")
        if field not in self.known:
            raise _refusal(f"Field {name!r} cannot be searched.")
        if self._is("mark", "("):
            self.at += 1
            found = self._all(lambda: self._value(field, key, compare))
            if not self._is("mark", ")"):
                raise self._unexpected()
            self.at += 1
            return found
        return self._value(field, key, compare)

    def _value(self, field: str, key: str, compare: str) -> Matches:
        text = self._text()
        if field in _TIMES and compare != ":":
            moment, order = _time(text), _ORDERS[compare]
            return lambda fields: bool(fields.get(field)) and order(_time(fields[field]), moment)
        if compare not in (":", "="):
            raise _refusal(f"Field {field!r} cannot be compared by {compare}.")
        test = _exactly(text) if compare == "=" else _has(text)
        return lambda fields: any(test(value) for value in _values(fields.get(field), key))

    def _anywhere(self) -> Matches:
        test = _has(self._text())
        return lambda fields: any(test(value) for each in fields.values() for value in _values(each, ""))

    def _text(self) -> str:
        """A value: words with colons in them need no quotes."""
        self.comparisons += 1
        if self.comparisons > _MOST:
            raise _refusal(f"The query has more than {_MOST} comparisons.")
        if self._next.kind == "mark" or self._is("word", "AND", "OR", "NOT"):
            raise self._unexpected()
        text = self._next.text
        self.at += 1
        while (
            self._is("mark", ":")
            and self.at + 1 < len(self.tokens)
            and self.tokens[self.at + 1].kind == "word"
        ):
            text += f":{self.tokens[self.at + 1].text}"
            self.at += 2
        return text


def _values(value: Any, key: str) -> Iterator[str]:
    """The texts of a field; of a map, keys and values, or what one key has."""
    if isinstance(value, Mapping):
        if key:
            yield from [value[key]] if key in value else []
        else:
            for name, each in value.items():
                yield from (name, *_values(each, ""))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _values(each, key)
    elif value is not None and value != "":
        yield str(value)


def _exactly(text: str) -> Callable[[str], bool]:
    return lambda value: value == text


def _has(text: str) -> Callable[[str], bool]:
    """The words of a text, one after the other."""
    if text == "*":
        return lambda _: True
    wanted = [
        (found[0].lower(), text[found.end() : found.end() + 1] == "*") for found in _WORD.finditer(text)
    ]

    def has(value: str) -> bool:
        words = [found.lower() for found in _WORD.findall(value)]
        return any(
            all(
                word.startswith(part) if is_begun else word == part
                for word, (part, is_begun) in zip(words[start:], wanted, strict=False)
            )
            for start in range(len(words) - len(wanted) + 1)
        )

    return has


def _time(text: str) -> datetime:
    """Seconds since 1970, a date, or a time."""
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise _refusal(f"{text!r} is no time.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
