"""Update masks: which fields of a resource a PATCH changes."""

from typing import Any

from sandbox.cloud.core.errors import CloudError, JsonObject, bad_request, field_violation
from sandbox.cloud.core.messages import Message

#: A field's place in a message, by JSON names: ("amount", "specifiedAmount", "units").
Path = tuple[str, ...]


def parse(mask: str, message: Message) -> list[Path]:
    """The paths of an `updateMask`, in camelCase or snake_case; `*` stands for every field of the message.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a path that the message does not have.
    """
    paths: list[Path] = []
    for text in filter(None, (part.strip() for part in mask.split(","))):
        if text == "*":
            paths.extend((name,) for name in _names(message))
        else:
            paths.append(_resolve(text, message))
    return paths


def implied(patch: JsonObject, message: Message) -> list[Path]:
    """The paths of every field that `patch` sets: what a PATCH without a mask changes."""
    paths: list[Path] = []
    for name, value in patch.items():
        field = message.fields[name]
        if field.message is not None and not field.repeated and not field.is_map and value:
            paths.extend((name, *below) for below in implied(value, field.message()))
        else:
            paths.append((name,))
    return paths


def apply(paths: list[Path], current: JsonObject, patch: JsonObject) -> JsonObject:
    """A copy of `current` with each path as in `patch`; a path that `patch` leaves out is cleared."""
    result = current
    for path in paths:
        result = _assigned(result, path, _lookup(patch, path))
    return result


def _names(message: Message) -> list[str]:
    """Its fields, each once."""
    return list(dict.fromkeys(field.json_name for field in message.fields.values()))


def _resolve(text: str, message: Message) -> Path:
    names: list[str] = []
    here: Message | None = message
    for part in text.split("."):
        if here is None:
            raise _unknown(text)
        field = here.fields.get(part)
        if field is None:
            raise _unknown(text)
        names.append(field.json_name)
        if field.is_map:
            rest = text.split(".")[len(names) :]
            return (*names, *rest)
        here = field.message() if field.message is not None and not field.repeated else None
    return tuple(names)


def _unknown(text: str) -> CloudError:
    violation = field_violation(
        "update_mask", f"The field mask names '{text}', which is no field of the resource."
    )
    return CloudError("INVALID_ARGUMENT", None, [bad_request([violation])])


def _lookup(value: Any, path: Path) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _assigned(value: JsonObject, path: Path, new: Any) -> JsonObject:
    name, *rest = path
    result = dict(value)
    if rest:
        below = _assigned(result.get(name) or {}, tuple(rest), new)
        new = below or None
    if new is None:
        result.pop(name, None)
    else:
        result[name] = new
    return result
