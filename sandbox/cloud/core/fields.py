"""Partial responses: the standard `fields` parameter, such as `projects(projectId,labels/env),nextPageToken`."""

import re
from functools import lru_cache
from typing import Any

from sandbox.cloud.core.errors import CloudError, bad_request, field_violation
from sandbox.cloud.core.messages import Message, Method

#: What is selected below a field; None: all of it.
Selection = dict[str, "Selection | None"]

_TOKEN = re.compile(r"[^,()/.\s]+|[,()/.]")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def parse(self) -> Selection:
        selection = self._list()
        if self._at != len(self._tokens):
            raise self._refusal(self._tokens[self._at])
        return selection

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _list(self) -> Selection:
        selection: Selection = {}
        while True:
            self._path(selection)
            if self._peek() != ",":
                return selection
            self._take()

    def _path(self, selection: Selection) -> None:
        name = self._take()
        if not name or name in ",()/.":
            raise self._refusal(name)
        below: Selection = {}
        if self._peek() in ("/", "."):
            self._take()
            self._path(below)
        elif self._peek() == "(":
            self._take()
            below = self._list()
            if self._take() != ")":
                raise self._refusal("(")
        known = selection.get(name)
        if not below or (name in selection and known is None):
            selection[name] = None
        else:
            selection[name] = _merged(known or {}, below)

    def _refusal(self, path: str) -> CloudError:
        return _refusal(self._text, path)


def _merged(left: Selection, right: Selection) -> Selection:
    result = dict(left)
    for name, below in right.items():
        here = result.get(name)
        result[name] = (
            None if below is None or (name in result and here is None) else _merged(here or {}, below)
        )
    return result


def _refusal(text: str, path: str) -> CloudError:
    description = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    return CloudError("INVALID_ARGUMENT", None, [bad_request([field_violation(text, description)])])


@lru_cache(maxsize=512)
def parse(method: Method, text: str) -> Selection:
    """The selection that `text` asks of the response of `method`.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a malformed selection or a field that the response does not have.
    """
    selection = _Parser(text).parse()
    return _resolved(selection, method.response(), text, "")


def _resolved(selection: Selection, message: Message, text: str, path: str) -> Selection:
    """The selection by JSON names, each checked."""
    result: Selection = {}
    for name, below in selection.items():
        here = f"{path}.{name}" if path else name
        field = message.fields.get(name)
        if field is None and name != "*":
            raise _refusal(text, here)
        if field is not None and field.message is not None and not field.is_map and below is not None:
            below = _resolved(below, field.message(), text, here)
        result[field.json_name if field else name] = below
    return result


def select(selection: Selection, value: Any) -> Any:
    """The part of a response that `selection` keeps."""
    if isinstance(value, list):
        return [select(selection, item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        if name not in selection and "*" not in selection:
            continue
        below = selection.get(name, selection.get("*"))
        kept[name] = item if below is None else select(below, item)
    return kept
