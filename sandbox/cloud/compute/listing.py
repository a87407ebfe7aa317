"""Listings as Compute Engine has them: `maxResults`, its filters of two kinds, and those of all regions together."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute.errors import ComputeError
from sandbox.cloud.compute.models import API
from sandbox.cloud.core import filters, paging
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.service import Call

_MOST: Final = 500
_OLD: Final = re.compile(r"""\(?\s*([\w.]+)\s+(eq|ne)\s+("[^"]*"|'[^']*'|[^\s()]+)\s*\)?""")
"""A term of the older filters: a field and a regular expression that all of its value matches."""


def page(call: Call, project: Project, kind: str, where: str, items: Iterable[JsonObject]) -> JsonObject:
    """The page of a listing that a call asks for. `kind`: `networkList`; `where`: `global/networks`."""
    wanted = _filter(call.query.get("filter", ""))
    found = [item for item in items if wanted(item)]
    cut, token = _cut(call, found, lambda item: str(item["name"]))
    path = f"projects/{project.project_id}/{where}"
    return {
        "kind": f"compute#{kind}",
        "id": path,
        **({"items": cut} if cut else {}),
        **token,
        "selfLink": f"{API}{path}",
    }


def aggregated(
    call: Call, project: Project, kind: str, collection: str, scopes: Mapping[str, Sequence[JsonObject]]
) -> JsonObject:
    """The page of a listing of all regions; a scope without anything has a warning in its place."""
    wanted = _filter(call.query.get("filter", ""))
    found = [(scope, item) for scope, items in scopes.items() for item in items if wanted(item)]
    cut, token = _cut(call, found, lambda pair: f"{pair[0]} {pair[1]['name']}")
    items: JsonObject = {
        scope: {collection: here} if here else {"warning": _nothing(scope)}
        for scope in scopes
        for here in [[item for each, item in cut if each == scope]]
    }
    path = f"projects/{project.project_id}/aggregated/{collection}"
    return {"kind": f"compute#{kind}", "id": path, "items": items, **token, "selfLink": f"{API}{path}"}


def _nothing(scope: str) -> JsonObject:
    return {
        "code": "NO_RESULTS_ON_PAGE",
        "message": f"There are no results for scope '{scope}' on this page.",
        "data": [{"key": "scope", "value": scope}],
    }


def _cut(call: Call, found: Sequence[Any], key: Callable[[Any], str]) -> tuple[list[Any], JsonObject]:
    size = call.query.get("maxResults", _MOST)
    if size > _MOST:
        why = f"Invalid value for field 'maxResults': '{size}'. Values must be within the range: [0, {_MOST}]"
        raise ComputeError(400, "invalid", why)
    wanted = {"pageSize": size, "pageToken": call.query.get("pageToken", "")}
    return paging.requested(wanted, _MOST, _MOST).cut(found, key)


def _filter(text: str) -> Callable[[JsonObject], bool]:
    try:
        if _OLD.match(text):
            return _older(text)
        accepts = filters.parse(text)
    except (CloudError, re.error):
        raise ComputeError(
            400, "invalid", f"Invalid value for field 'filter': '{text}'. Invalid list filter expression."
        ) from None
    return lambda item: accepts(partial(_value, item))


def _older(text: str) -> Callable[[JsonObject], bool]:
    """Terms side by side must all hold.

    Raises:
        re.error: not of this form.
    """
    terms = _OLD.findall(text)
    if _OLD.sub("", text).replace("AND", "").strip():
        raise re.error("not a list of terms")
    patterns = [(field, verb == "eq", re.compile(value.strip("\"'"))) for field, verb, value in terms]
    return lambda item: all(
        (pattern.fullmatch(_value(item, field) or "") is not None) == wanted
        for field, wanted, pattern in patterns
    )


def _value(item: JsonObject, field: str) -> str | None:
    value: Any = item
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
