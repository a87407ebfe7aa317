"""The query language of Cloud Logging: `logName="…" AND (severity>=NOTICE OR protoPayload.status.code=7)`.

Terms side by side must all hold. NOT (or a hyphen) binds most, then OR, then AND. Texts are compared without regard to
case, but for regular expressions. Source: https://cloud.google.com/logging/docs/view/logging-query-language.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.times import micros
from sandbox.cloud.logging.filter_functions import FUNCTIONS, Holds, anywhere, texts, values_at

_SEVERITIES: Final = (
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
)
_TIMES: Final = frozenset({"timestamp", "receiveTimestamp"})
_LONGEST: Final = 20_000
"""Characters of a query, as at Google."""
_DEEPEST: Final = 64
_TOKEN: Final = re.compile(
    r"""\s+|--[^\n]*|(?P<mark>[()]|=~|!~|!=|<=|>=|[=<>:])
    |"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()"=<>!:~]+|[!~])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS: Final = frozenset({"AND", "OR", "NOT"})
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}


@dataclass(slots=True)
class Query:
    """A query: its predicate, and the times outside of which it holds for nothing, in microseconds since 1970."""

    holds: Holds
    since: int = 0
    until: int = 2**62


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    """`mark`, `quoted`, `word`."""

    def is_mark(self, *texts: str) -> bool:
        return self.kind == "mark" and self.text in texts

    def is_word(self, *texts: str) -> bool:
        return self.kind == "word" and self.text in texts


_END: Final = _Token("", "mark")


def parse(text: str) -> Query:
    """The query of a text; an empty one holds for all.

    Raises:
        CloudError: 400 for one that cannot be read.
    """
    if len(text) > _LONGEST:
        raise _refusal(f"the filter has more than {_LONGEST} characters")
    parser = _Parser(list(_tokens(text)))
    query = Query(parser.parse())
    for compare, moment in parser.times:
        if compare in (">", ">="):
            query.since = max(query.since, moment)
        else:
            query.until = min(query.until, moment)
    return query


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _refusal(f"Unparseable filter: syntax error near {text[position : position + 20]!r}")
        if found.lastgroup == "quoted":
            yield _Token(re.sub(r"\\(.)", _unescaped, found["quoted"], flags=re.DOTALL), "quoted")
        elif found.lastgroup:
            yield _Token(found[found.lastgroup], found.lastgroup)
        position = found.end()


def _unescaped(found: re.Match[str]) -> str:
    # Others stay as they are, as regular expressions have them: "\." and "\d".
    return found[1] if found[1] in '"\\' else found[0]


def _refusal(message: str) -> CloudError:
    return CloudError("INVALID_ARGUMENT", message)


@dataclass
class _Parser:
    tokens: list[_Token]
    at: int = 0
    depth: int = 0
    times: list[tuple[str, int]] = field(default_factory=list)
    """Comparisons of the timestamp that must hold whatever else does."""

    def parse(self) -> Holds:
        if not self.tokens:
            return lambda _: True
        found = self._all(is_top=True)
        if self.at < len(self.tokens):
            raise self._unexpected()
        return found

    @property
    def _next(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _take(self) -> _Token:
        token = self._next
        self.at += 1
        return token

    def _unexpected(self) -> CloudError:
        near = " ".join(token.text for token in self.tokens[self.at : self.at + 5])
        return _refusal(
            f"Unparseable filter: syntax error near {near!r}"
            if near
            else "Unparseable filter: the filter ends too early"
        )

    def _all(self, *, is_top: bool = False) -> Holds:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _refusal("the filter is nested too deep")
        terms = [self._any(is_top=is_top)]
        while self.at < len(self.tokens) and not self._next.is_mark(")"):
            if self._next.is_word("AND"):
                self.at += 1
            terms.append(self._any(is_top=is_top))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else lambda entry: all(term(entry) for term in terms)

    def _any(self, *, is_top: bool = False) -> Holds:
        bounds = len(self.times)
        terms = [self._term(is_top=is_top)]
        while self._next.is_word("OR"):
            self.at += 1
            terms.append(self._term())
        if len(terms) == 1:
            return terms[0]
        del self.times[bounds:]  # one of several need not hold
        return lambda entry: any(term(entry) for term in terms)

    def _term(self, *, is_top: bool = False) -> Holds:
        token = self._next
        if token.is_word("NOT"):
            self.at += 1
            return _not(self._term())
        if token.kind == "word" and token.text.startswith("-") and len(token.text) > 1:
            self.tokens[self.at] = _Token(token.text[1:], "word")
            return _not(self._term())
        if token.is_mark("("):
            self.at += 1
            inner = self._all(is_top=is_top)
            if not self._take().is_mark(")"):
                self.at -= 1
                raise self._unexpected()
            return inner
        if token.kind == "mark" or token.is_word(*_WORDS):
            raise self._unexpected()
        return self._comparison(is_top=is_top)

    def _comparison(self, *, is_top: bool) -> Holds:
        subject = self._take()
        if subject.text.lower() in FUNCTIONS and self._next.is_mark("("):
            return self._function(subject.text)
        if not (self._next.kind == "mark" and self._next.text not in ("(", ")", "")):
            return anywhere(subject.text)
        path, compare = subject.text, self._take().text
        if self._next.is_mark("("):
            self.at += 1
            return self._values(path, compare)
        value = self._value()
        if is_top and path == "timestamp" and compare in _ORDERS:
            self.times.append((compare, micros(_time(value))))
        return _compared(path, compare, value)

    def _function(self, name: str) -> Holds:
        self.at += 1
        arguments: list[str] = []
        while not self._next.is_mark(")"):
            token = self._take()
            if token.kind == "mark":
                self.at -= 1
                raise self._unexpected()
            text = token.text.strip(",") if token.kind == "word" else token.text
            arguments += [text] if text else []
        self.at += 1
        try:
            return FUNCTIONS[name.lower()](*arguments)
        except (ValueError, TypeError):
            raise _refusal(f"Invalid arguments for function {name}: {', '.join(arguments)}") from None

    def _values(self, path: str, compare: str) -> Holds:
        """`field=("a" OR "b")`: the comparison with each value, joined as the values are."""
        alternatives = [[self._compared_next(path, compare)]]
        while not self._next.is_mark(")"):
            word = self._take()
            if word.is_word("OR"):
                alternatives.append([self._compared_next(path, compare)])
            elif word.is_word("AND"):
                alternatives[-1].append(self._compared_next(path, compare))
            else:
                self.at -= 1
                raise self._unexpected()
        self.at += 1
        return lambda entry: any(all(each(entry) for each in every) for every in alternatives)

    def _compared_next(self, path: str, compare: str) -> Holds:
        is_negated = self._next.is_word("NOT")
        self.at += is_negated
        found = _compared(path, compare, self._value())
        return _not(found) if is_negated else found

    def _value(self) -> str:
        token = self._take()
        if token.kind == "mark" or token.is_word(*_WORDS):
            self.at -= 1
            raise self._unexpected()
        text = token.text
        # A time need not be quoted: the colons in it are no comparison.
        while (
            token.kind == "word"
            and self._next.is_mark(":")
            and self.at + 1 < len(self.tokens)
            and re.match(r"\d{2}", self.tokens[self.at + 1].text)
        ):
            text += f":{self.tokens[self.at + 1].text}"
            self.at += 2
        return text


def _not(holds: Holds) -> Holds:
    return lambda entry: not holds(entry)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise _refusal(f"Invalid timestamp value: {text!r}") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _compared(path: str, compare: str, wanted: str) -> Holds:
    """True if a field of an entry compares so; of several values, if one does."""
    segments = [re.sub(r'^"|"$', "", each) for each in path.split(".")]
    if compare in ("!=", "!~"):
        return _not(_compared(path, compare.replace("!=", "=").replace("!~", "=~"), wanted))
    matches = _matcher(segments[-1] if len(segments) == 1 else "", compare, wanted)
    return lambda entry: any(matches(value) for value in values_at(entry, segments))


def _matcher(name: str, compare: str, wanted: str) -> Callable[[Any], bool]:
    """Whether a value compares so; `name` is that of a field at the top of an entry."""
    if compare == "=~":
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise _refusal(f"Invalid regular expression: {wanted!r}: {error}") from None
        return lambda value: isinstance(value, str) and bool(pattern.search(value))
    if compare == ":":
        part = wanted.lower()
        return lambda value: part == "*" or any(part in text.lower() for text in texts(value))
    order = _ORDERS.get(compare, lambda found, wanted: bool(found == wanted))
    if name in _TIMES:
        moment = _time(wanted)
        return lambda value: order(_time(value), moment)
    if name == "severity":
        if wanted.upper() not in _SEVERITIES:
            raise _refusal(f"Unknown severity: {wanted!r}")
        rank = _SEVERITIES.index(wanted.upper())
        return lambda value: order(_SEVERITIES.index(value), rank)
    text = wanted.lower()

    def compared(value: Any) -> bool:
        if isinstance(value, bool):
            return order(str(value).lower(), text)
        if isinstance(value, int | float):
            try:
                return order(value, float(wanted))
            except ValueError:
                return False
        return isinstance(value, str) and order(value.lower(), text)

    return compared
