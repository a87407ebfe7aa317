"""pydantic's errors in this project's words: what is wrong, and what to write instead."""

import re
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from landing_zone.settings.problems import nearest

_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "dict_type": "a mapping (lines of `key: value` below it)",
    "model_type": "a mapping (lines of `key: value` below it)",
    "tuple_type": "a list (lines of `- value` below it)",
}


def known_keys(model: type[BaseModel]) -> list[str]:
    """The keys a mapping of this type takes, as the stack file spells them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """What to say of a key that is not known: the reason and the remedy."""
    known = list(known)
    near = nearest(key, known)
    return f"unknown key {key!r}", f"did you mean {near!r}?" if near else f"write one of: {', '.join(known)}"


def reason_and_remedy(error: ErrorDetails, model: type[BaseModel] | None) -> tuple[str, str]:
    """What one of pydantic's errors means. `model` is the type that holds the key in question."""
    kind, context = error["type"], error.get("ctx", {})
    key = str(error["loc"][-1]) if error["loc"] else ""
    shown = _shown(error["input"])
    if isinstance(error["input"], dict) and error["input"].keys() == {"secure"}:
        return f"{key!r} is encrypted, and only Pulumi can read it", "write it in plain text: it is no secret"
    if kind == "mistake":
        return str(context["reason"]), str(context["remedy"])
    if kind == "extra_forbidden":
        return unknown_key(key, known_keys(model) if model else [])
    if kind == "missing":
        description = (model and _description(model, key)) or "it has no default"
        return f"{key!r} is missing", f"write {key}: ({description})"
    if kind in _KINDS:
        return f"{shown} is not {_KINDS[kind]}", f"write {_KINDS[kind]}"
    if kind == "literal_error":
        choices = str(context["expected"])
        near = nearest(
            str(error["input"]), [choice.strip(" '") for choice in choices.replace(" or ", ",").split(",")]
        )
        return f"{shown} is not one of {choices}", f"did you mean {near}?" if near else f"write {choices}"
    if kind == "greater_than_equal":
        return f"{shown} is too small", f"write {context['ge']} or more"
    if kind == "less_than_equal":
        return f"{shown} is too large", f"write {context['le']} or less"
    if kind == "too_short":
        return "the list is empty", f"write {context['min_length']} at least, or leave {key!r} out"
    if kind == "too_long":
        return f"the list has {context['actual_length']} entries", f"write at most {context['max_length']}"
    if kind in {"string_too_long", "string_too_short"}:
        return f"{shown} has {len(str(error['input']))} characters", "write 1 to 63 characters"
    if kind == "string_pattern_mismatch":
        return f"{shown} has another form", f"write what fits {context['pattern']}"
    return f"{shown}: {error['msg']}", "see docs/settings.md for what it takes"


def _description(model: type[BaseModel], key: str) -> str | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field.description
    return None


def model_at(root: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """The type of the mapping at `path` below `root`, if it is one with named keys."""
    found: Any = root
    for part in path:
        found = _below(found, part)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _below(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if part in (name, field.alias):
                return _plain(field.annotation)
        return None
    if get_origin(kind) is dict:
        return _plain(get_args(kind)[1])
    return _plain(get_args(kind)[0]) if get_origin(kind) is tuple else None


def _plain(kind: Any) -> Any:
    """The type without Annotated and `| None`."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _plain(next(part for part in get_args(kind) if part is not type(None)))
    return kind


# A key pasted into the wrong place must not travel into logs by way of the error about it.
_API_KEY = re.compile(r"AIza[\w-]{10,}|AQ\.[\w-]{20,}")


def _shown(value: Any) -> str:
    value = _API_KEY.sub("[an API key]", value) if isinstance(value, str) else value
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}…"
