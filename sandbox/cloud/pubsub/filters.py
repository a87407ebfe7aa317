"""Filters of subscriptions: terms on a message's attributes, joined by AND."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, invalid_argument, unimplemented

Filter = Callable[[Mapping[str, str]], bool]
"""Whether a message with these attributes is for the subscription."""

_LONGEST: Final = 256
_KEY: Final = r'(?P<key>[A-Za-z_][\w-]*|"[^"]*")'
_VALUE: Final = r'"(?P<value>[^"\\]*)"'
_TERM: Final = re.compile(
    rf"\s*(?P<negated>NOT\s+|-)?(?:attributes\s*(?::\s*{_KEY}"
    rf"|\.\s*{_KEY.replace('key', 'field')}\s*(?P<operator>!?=)\s*{_VALUE})"
    rf"|hasPrefix\(\s*attributes\.{_KEY.replace('key', 'prefixed')}\s*,\s*"
    rf"{_VALUE.replace('value', 'prefix')}\s*\))\s*"
)


def parse(text: str) -> Filter:
    """The filter that a text describes; an empty text lets all messages pass.

    Raises:
        CloudError: 400 for what does not parse, 501 for OR and parentheses.
    """
    terms: list[Filter] = []
    at = 0
    if len(text.encode()) > _LONGEST:
        raise _refusal(text)
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            if re.match(r"\s*(OR\b|\()", text[at:]):
                raise unimplemented("OR and parentheses in the filter of a subscription")
            raise _refusal(text)
        terms.append(_term(found))
        at = found.end()
        joined = re.compile(r"AND\s").match(text, at)
        if joined is not None:
            at = joined.end()
        elif at < len(text):
            if text[at:].startswith("OR"):
                raise unimplemented("OR and parentheses in the filter of a subscription")
            raise _refusal(text)
    return lambda attributes: all(term(attributes) for term in terms)


def _term(found: re.Match[str]) -> Filter:
    holds = _comparison(found)
    if found["negated"]:
        return lambda attributes: not holds(attributes)
    return holds


def _comparison(found: re.Match[str]) -> Filter:
    name = (found["key"] or found["field"] or found["prefixed"]).strip('"')
    if found["key"]:
        return lambda attributes: name in attributes
    if found["prefixed"]:
        prefix = found["prefix"]
        return lambda attributes: attributes.get(name, "\0").startswith(prefix)
    value, equal = found["value"], found["operator"] == "="
    return lambda attributes: (attributes.get(name) == value) is equal


def _refusal(text: str) -> CloudError:
    return invalid_argument(f"The supplied filter is invalid: {text!r}.", "filter")
