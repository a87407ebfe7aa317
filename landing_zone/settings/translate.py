"""pydantic's errors in this project's words: what is wrong, and what to write instead."""

from collections.abc import Iterable, Sequence
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from landing_zone.printing import listed
from landing_zone.settings.base import fields_of, known_keys, plain_type
from landing_zone.settings.examples import example_of
from landing_zone.settings.problems import nearest, shown_value

_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "dataclass_type": "a mapping",
    "tuple_type": "a list",
}


#: pydantic's names of an error about a key that a type does not have.
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """Reason and remedy for an unknown key."""
    known = list(known)
    near = nearest(key, known)
    return f"unknown key {key!r}", f"did you mean {near!r}?" if near else f"write one of: {listed(known, 60)}"


def reason_and_remedy(error: ErrorDetails, model: type[Any] | None) -> tuple[str, str]:
    """Reason and remedy for one of pydantic's errors. `model` is the type that holds the key."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    key = str(error["loc"][-1]) if error["loc"] else ""
    shown = shown_value(given)
    if isinstance(given, dict) and given.keys() == {"secure"}:
        return (
            f"{key!r} is encrypted, and only Pulumi can read it",
            f"write it in plain text{_such_as(error, model)}: it is no secret",
        )
    if kind == "mistake":
        return str(context["reason"]), str(context["remedy"])
    if kind in UNKNOWN_KEY:
        return unknown_key(key, known_keys(model) if model else [])
    if kind == "missing":
        description = (model and _description(model, key)) or "it has no default"
        shown = example_of(key, model)
        text = description.rstrip(".") if shown else description
        return f"{key!r} is missing", f"write {key}: {f'{shown} ' if shown else ''}({text})"
    if kind in _KINDS:
        return f"{shown} is not {_KINDS[kind]}", _of_kind(error, model)
    if kind == "literal_error":
        choices = str(context["expected"])
        near = nearest(str(given), [choice.strip(" '") for choice in choices.replace(" or ", ",").split(",")])
        return (
            f"{shown} is not one of {choices}",
            f"did you mean {near}?" if near else f"write one of them{_such_as(error, model)}",
        )
    return _out_of_bounds(error, model) or (
        f"{shown}: {error['msg']}",
        f"see docs/settings.md for what it takes{_such_as(error, model)}",
    )


def _of_kind(error: ErrorDetails, model: type[Any] | None) -> str:
    """Remedy for a value of another kind."""
    kind, given = error["type"], error["input"]
    owner = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
    if kind == "bool_type":
        return f"write {owner}: true or {owner}: false"
    if kind == "string_type" and not isinstance(given, dict | list | None):
        return f"write text, in quotes: '{str(given).lower() if isinstance(given, bool) else given}'"
    such_as = _such_as(error, model)
    return {
        "string_type": f"write text{such_as}",
        "int_type": f"write a whole number{such_as}",
        "tuple_type": f"write a list{such_as}",
    }.get(kind, f"write lines of `key: value` below it{such_as}")


def _out_of_bounds(error: ErrorDetails, model: type[Any] | None) -> tuple[str, str] | None:
    kind, context, shown = error["type"], error.get("ctx", {}), shown_value(error["input"])
    such_as = _such_as(error, model)
    less = "" if _is_required(error, model) else ", or leave it out"
    found = {
        "greater_than_equal": (f"{shown} is too small", f"write {context.get('ge')} or more{such_as}"),
        "less_than_equal": (f"{shown} is too large", f"write {context.get('le')} or less{such_as}"),
        "too_short": (
            "the list is empty",
            f"write {context.get('min_length')} at least{such_as}{less}",
        ),
        "too_long": (
            f"the list has {context.get('actual_length')} entries",
            f"write at most {context.get('max_length')}{such_as}",
        ),
        "string_pattern_mismatch": (
            f"{shown} has another form",
            f"write what fits {context.get('pattern')}{such_as}",
        ),
    }
    lengths = (f"{shown} has {len(str(error['input']))} characters", f"write 1 to 63 characters{such_as}")
    return {**found, "string_too_long": lengths, "string_too_short": lengths}.get(kind)


def _such_as(error: ErrorDetails, model: type[Any] | None) -> str:
    """An example of the setting that the error is about, or of the list or mapping that holds it."""
    path = error["loc"]
    owner = next((part for part in reversed(path) if isinstance(part, str) and example_of(part, model)), None)
    return f", such as {owner}: {example_of(owner, model)}" if owner else ""


def _is_required(error: ErrorDetails, model: type[Any] | None) -> bool:
    key = error["loc"][-1] if error["loc"] else ""
    return any(
        field.is_required()
        for name, field in (fields_of(model) if model else {}).items()
        if key in (name, field.alias)
    )


def _description(model: type[Any], key: str) -> str | None:
    for name, field in fields_of(model).items():
        if key in (name, field.alias):
            return field.description
    return None


def model_at(root: type[Any], path: Sequence[str | int]) -> type[Any] | None:
    """The type of the mapping at `path` below `root`, if it is one with named keys."""
    found: Any = root
    for part in path:
        found = _below(found, part)
    return found if isinstance(found, type) and fields_of(found) else None


def _below(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and fields_of(kind):
        for name, field in fields_of(kind).items():
            if part in (name, field.alias):
                return plain_type(field.annotation)
        return None
    if get_origin(kind) is dict:
        return plain_type(get_args(kind)[1])
    return plain_type(get_args(kind)[0]) if get_origin(kind) is tuple else None
