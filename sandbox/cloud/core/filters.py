"""The filter language of Google's listings: `state:ACTIVE labels.env=prod (name:"a*" OR NOT parent.id:5)`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.cloud.core.errors import CloudError, bad_request, field_violation

#: A resource's value of a field; None when the resource has none. Of several values one is enough.
Lookup = Callable[[str], str | list[str] | None]
Filter = Callable[[Lookup], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()]|!=|:|=|<=|>=|<|>)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()":=<>!]+))"""
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    is_value: bool


def parse(text: str, parameter: str = "filter", *, has_part: bool = False) -> Filter:
    """The predicate that `text` describes. Terms side by side must all hold; `*` in a value matches anything.

    `:` and `=` compare without regard to case, as Google does for these listings; `field:*` asks for presence. With
    `has_part` the value of `:` may be anywhere in the field's, as newer listings have it.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for what does not parse.
    """
    parser = _Parser(_tokens(text, parameter), parameter, has_part=has_part)
    return parser.parse()


def _tokens(text: str, parameter: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _refusal(parameter, text[position:])
        if found["mark"]:
            tokens.append(_Token(found["mark"], is_value=False))
        elif found["word"]:
            tokens.append(_Token(found["word"], is_value=found["word"] not in ("AND", "OR", "NOT")))
        else:
            tokens.append(_Token(re.sub(r"\\(.)", r"\1", found["quoted"]), is_value=True))
        position = found.end()
    return tokens


def _refusal(parameter: str, near: str) -> CloudError:
    violation = field_violation(parameter, f"The {parameter} cannot be parsed near '{near}'.")
    return CloudError("INVALID_ARGUMENT", None, [bad_request([violation])])


class _Parser:
    def __init__(self, tokens: list[_Token], parameter: str, *, has_part: bool) -> None:
        self._tokens = tokens
        self._parameter = parameter
        self._has_part = has_part
        self._at = 0

    def parse(self) -> Filter:
        if not self._tokens:
            return lambda _: True
        result = self._any()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return result

    def _text(self) -> str:
        """The mark or keyword at hand, or "" for a value or the end."""
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if token is not None and not token.is_value else ""

    def _unexpected(self) -> CloudError:
        return _refusal(self._parameter, " ".join(token.text for token in self._tokens[self._at :]))

    def _any(self) -> Filter:
        alternatives = [self._all()]
        while self._text() == "OR":
            self._at += 1
            alternatives.append(self._all())
        return lambda lookup: any(alternative(lookup) for alternative in alternatives)

    def _all(self) -> Filter:
        terms = [self._term()]
        while self._at < len(self._tokens) and self._text() not in ("OR", ")"):
            if self._text() == "AND":
                self._at += 1
            terms.append(self._term())
        return lambda lookup: all(term(lookup) for term in terms)

    def _term(self) -> Filter:
        if self._text() == "NOT":
            self._at += 1
            negated = self._term()
            return lambda lookup: not negated(lookup)
        if self._text() == "(":
            self._at += 1
            inner = self._any()
            if self._text() != ")":
                raise self._unexpected()
            self._at += 1
            return inner
        return self._comparison()

    def _value(self) -> str:
        if self._at >= len(self._tokens) or not self._tokens[self._at].is_value:
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1].text

    def _comparison(self) -> Filter:
        field = self._value()
        operator = self._text()
        if operator not in (":", "=", "!="):
            raise self._unexpected()
        self._at += 1
        wanted = self._value().lower()
        if self._has_part and operator == ":":
            wanted = f"*{wanted}*"

        def holds(lookup: Lookup) -> bool:
            found = lookup(field)
            values = found if isinstance(found, list) else [found]
            pattern = wanted.replace("[", "[[]")
            return any(value is not None and fnmatchcase(value.lower(), pattern) for value in values)

        return (lambda lookup: not holds(lookup)) if operator == "!=" else holds
