"""Filters on the fields of a resource: `type="email" AND user_labels.team=a`; `name:part` looks for a part."""

import re
from functools import partial
from typing import Any, Final

from sandbox.cloud.core import filters
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.messages import Message, Method

_NO_TEXT: Final = ("message", "struct", "any")
_QUOTED_KEY: Final = re.compile(r"""\.["']([^"']+)["']""")


def selected(found: list[JsonObject], text: str, method: Method, collection: str) -> list[JsonObject]:
    """The resources that a filter holds for, of those that `method` lists as `collection`.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a filter that does not parse, and a field that there is not.
    """
    each = method.response().fields[collection].message
    if not text or each is None:
        return found
    # A label's key may be in quotes: `user_labels."team"`.
    accepts = filters.parse(_QUOTED_KEY.sub(r".\1", text), has_part=True)
    return [resource for resource in found if accepts(partial(_value, each(), resource))]


def _value(message: Message, resource: JsonObject, name: str) -> str | list[str] | None:
    """A field of a resource, or a label, as text; of a repeated field, each of its values."""
    first, _, key = name.partition(".")
    field = message.fields.get(first)
    if field is None or bool(key) != field.is_map or field.kind in _NO_TEXT:
        raise invalid_argument(f"Field {name} cannot be filtered by.", "filter")
    value: Any = resource.get(field.json_name)
    if key:
        value = (value or {}).get(key)
    if isinstance(value, list):
        return [str(each) for each in value]
    return None if value is None else str(value)
