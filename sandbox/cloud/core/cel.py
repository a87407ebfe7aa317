"""The Common Expression Language, as far as IAM's conditions use it: its grammar, without macros that bind variables.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md, "Syntax".
"""

import re
from ast import literal_eval
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final


class CelError(Exception):
    """An expression that does not parse: `column` is where, from 1."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message

    def __str__(self) -> str:
        return f"ERROR: <input>:1:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, a number, a boolean or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier: `resource`."""

    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a value: `resource.name`."""

    of: "Node"
    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Called:
    """A function's call, or a method's: `of` is None for a function."""

    of: "Node | None"
    name: str
    arguments: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """An operator and what it is applied to: one value, two, or three of `? :`; `[]` is an index."""

    operator: str
    of: tuple["Node", ...]


Node = Literal | Name | Member | Called | Listed | Applied

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+|\d+[uU]?)
    | (?P<string>[rRbB]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<word>[A-Za-z_]\w*)
    | (?P<mark>&&|\|\||==|!=|<=|>=|[-<>+*/%!?:.,()\[\]])
    )""",
    re.VERBOSE,
)
_LITERALS: Final = {"true": True, "false": False, "null": None}
_RELATIONS: Final = ("==", "!=", "<", "<=", ">", ">=", "in")
_DEEPEST: Final = 32
"""Levels of brackets."""
_MOST_TOKENS: Final = 500
LOGICAL: Final = ("&&", "||", "!")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        CelError: it does not parse.
    """
    return _Parser(text).all()


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    below: tuple[Node, ...] = ()
    match node:
        case Member(of):
            below = (of,)
        case Called(of, _, arguments):
            below = (*((of,) if of is not None else ()), *arguments)
        case Listed(items):
            below = items
        case Applied(_, of):
            below = of
        case _:
            pass
    for each in below:
        yield from walk(each)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None or token.lastgroup is None:
            bad = text[position:].lstrip()
            column = len(text) - len(bad) + 1
            raise CelError(column, f"Syntax error: token recognition error at: '{bad[:1]}'")
        found.append(_Token(token.lastgroup, token[token.lastgroup], token.start(token.lastgroup) + 1))
        position = token.end()
    if len(found) > _MOST_TOKENS:
        raise CelError(found[_MOST_TOKENS].column, "expression is too large")
    return [*found, _Token("end", "<EOF>", len(text) + 1)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def all(self) -> Node:
        node = self._choice()
        if self._here.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _unexpected(self) -> CelError:
        token = self._here
        return CelError(token.column, f"Syntax error: mismatched input '{token.text}'")

    def _takes(self, *marks: str) -> str:
        """The mark at hand, which is passed, if it is one of these; "" if not."""
        token = self._here
        if token.kind in ("mark", "word") and token.text in marks:
            self._at += 1
            return token.text
        return ""

    def _must(self, mark: str) -> None:
        if not self._takes(mark):
            raise self._unexpected()

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CelError(self._here.column, f"Syntax error: expression nests deeper than {_DEEPEST}")
        node = self._either()
        if self._takes("?"):
            first = self._either()
            self._must(":")
            node = Applied("?:", (node, first, self._choice()))
        self._depth -= 1
        return node

    def _either(self) -> Node:
        return self._chain(self._both, "||")

    def _both(self) -> Node:
        return self._chain(self._relation, "&&")

    def _relation(self) -> Node:
        return self._chain(self._sum, *_RELATIONS)

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._negated, "*", "/", "%")

    def _chain(self, below: Callable[[], Node], *operators: str) -> Node:
        node = below()
        while operator := self._takes(*operators):
            node = Applied(operator, (node, below()))
        return node

    def _negated(self) -> Node:
        signs: list[str] = []
        while sign := self._takes("!", "-"):
            signs.append(sign)
        node = self._selected()
        for sign in reversed(signs):
            node = Applied(sign, (node,))
        return node

    def _selected(self) -> Node:
        node = self._primary()
        while True:
            if self._takes("."):
                name = self._word()
                inside = self._takes("(")
                node = (
                    Called(node, name.text, self._listed(")"), name.column)
                    if inside
                    else Member(node, name.text, name.column)
                )
            elif self._takes("["):
                node = Applied("[]", (node, self._choice()))
                self._must("]")
            else:
                return node

    def _word(self) -> _Token:
        token = self._here
        if token.kind != "word" or token.text == "in":
            raise self._unexpected()
        self._at += 1
        return token

    def _primary(self) -> Node:
        token = self._here
        if self._takes("("):
            node = self._choice()
            self._must(")")
            return node
        if self._takes("["):
            return Listed(self._listed("]"))
        if token.kind in ("number", "string"):
            self._at += 1
            return Literal(_value(token))
        name = self._word()
        if name.text in _LITERALS:
            return Literal(_LITERALS[name.text])
        if self._takes("("):
            return Called(None, name.text, self._listed(")"), name.column)
        return Name(name.text, name.column)

    def _listed(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._takes(end):
            items.append(self._choice())
            if not self._takes(","):
                self._must(end)
                break
        return tuple(items)


def _value(token: _Token) -> Any:
    if token.kind == "number":
        text = token.text.rstrip("uU")
        return float(text) if "." in text else int(text)
    try:
        return literal_eval(token.text)
    except (SyntaxError, ValueError):
        raise CelError(token.column, f"Syntax error: token recognition error at: '{token.text}'") from None
