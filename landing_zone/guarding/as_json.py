"""Objects of the guard's bucket as JSON: dataclasses with a version, amounts and times as text."""

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

VERSION: Final = 1
"""Of the form; a newer one is refused, as this program would drop what it does not know."""
_T = TypeVar("_T")


class UnreadableError(Exception):
    """An object of the bucket is not of the form that this version reads."""


def dumped(value: Any) -> dict[str, Any]:
    """A dataclass as JSON; what has its default is left out."""
    found: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json", exclude_defaults=True)
    return {"version": VERSION, **found}


def loaded(kind: type[_T], content: Any) -> _T:
    """A dataclass from JSON. Raises UnreadableError."""
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version > VERSION:
        raise UnreadableError(
            f"a {kind.__name__.lower()} of version {json.dumps(version)}, and {VERSION} is the newest that is known "
            "here: deploy the stack again with this version of gemini-landing-zone"
        )
    try:
        found: _T = _adapter(kind).validate_python(
            {key: each for key, each in content.items() if key != "version"}
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(
            f"a {kind.__name__.lower()} with a wrong {where or 'form'}: {first['msg']}"
        ) from None
    return found


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _made(kind)


@lru_cache(maxsize=16)
def _made(kind: Hashable) -> TypeAdapter[Any]:
    form: Any = kind
    return TypeAdapter(form)
