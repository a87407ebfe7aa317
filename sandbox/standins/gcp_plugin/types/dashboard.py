"""A dashboard of Cloud Monitoring, given as the JSON that Google has for it."""

import json
import re
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json, go_json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, Value, deletion_policy, project, text

#: What Python's JSON parser says → what Go's says.
_MISTAKES = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Invalid control character at": "in string literal",
    "Extra data": "after top-level value",
}
_MAP = "Go value of type map[string]interface {}"
_GO_TYPES = {str: "string", list: "array", bool: "bool", int: "number", float: "number"}


def _parsed(content: str) -> Any:
    """The JSON value; a whole number is an integer, however it is written, as in Go."""

    def number(digits: str) -> float | int:
        value = float(digits)
        return int(value) if value.is_integer() else value

    def refused(constant: str) -> None:
        raise json.JSONDecodeError("Expecting value", content, content.index(constant))

    return json.loads(content, parse_float=number, parse_constant=refused)


def _mistake(content: str) -> str | None:
    try:
        _parsed(content)
    except json.JSONDecodeError as error:
        if error.pos >= len(content.rstrip()) or error.msg.startswith("Unterminated string"):
            return "unexpected end of JSON input"
        return _in_go(error.msg, content, error.pos)
    return None


def _in_go(message: str, content: str, at: int) -> str:
    said = next((said for start, said in _MISTAKES.items() if message.startswith(start)), message)
    literal = next((word for word in ("true", "false", "null") if content[at] == word[0]), "")
    if message.startswith("Expecting value") and literal:
        same = next(
            count for count, char in enumerate(literal) if content[at + count : at + count + 1] != char
        )
        at, said = at + same, f"in literal {literal} (expecting '{literal[same]}')"
    elif message.startswith("Invalid \\escape"):
        at, said = at + 1, "in string escape code"
    elif message.startswith("Expecting ','"):
        said = "after array element" if _opener(content[:at]) == "[" else "after object key:value pair"
    char = content[at : at + 1] or " "
    shown = "'\\''" if char == "'" else repr(char)
    return f"invalid character {shown} {said}"


def _opener(content: str) -> str:
    """The bracket that is open at the end of a text: a list's or an object's."""
    depth = 0
    for char in reversed(re.sub(r'"(?:[^"\\]|\\.)*"', "", content)):
        depth += (char in "]}") - (char in "[{")
        if depth < 0:
            return char
    return ""


def _check(content: Value) -> str | None:
    mistake = _mistake(content) if content else None
    return f'"{{name}}" contains an invalid JSON: {mistake}' if mistake else None


def _normalized(content: Value) -> Value:
    return go_json(_parsed(content)) if content and not _mistake(content) else ""


def _same(old: Value, new: Value) -> bool:
    """True if Google's content equals the program's, except for values that Google filled in."""
    if not old or not new or _mistake(old) or _mistake(new):
        return False
    wanted = _parsed(new)
    return bool(_without_computed(_parsed(old), wanted) == wanted)


def _without_computed(held: Any, wanted: Any) -> Any:
    if isinstance(held, dict) and isinstance(wanted, dict):
        return {
            name: _without_computed(value, wanted[name])
            for name, value in held.items()
            if wanted.get(name) is not None
        }
    if isinstance(held, list) and isinstance(wanted, list):
        return [
            _without_computed(value, wanted[at]) if at < len(wanted) else value
            for at, value in enumerate(held)
        ]
    return held


def _content(plan: Properties) -> Json | None:
    """The dashboard to send; JSON's null is none.

    Raises:
        ResourceError: it is no JSON object.
    """
    if not plan["dashboardJson"]:
        raise ResourceError("unexpected end of JSON input")
    content = _parsed(plan["dashboardJson"])
    if content is None or isinstance(content, dict):
        return content
    raise ResourceError(f"json: cannot unmarshal {_GO_TYPES[type(content)]} into {_MAP}")


_UPDATE = Call("PATCH", "v1/{id}")
_DELETE = Call("DELETE", "v1/{id}")

DASHBOARD = Resource(
    urn_type="gcp:monitoring/dashboard:Dashboard",
    service="monitoring",
    title="Dashboard",
    long_title="MonitoringDashboard",
    fields={
        "dashboardJson": text(required=True, check=_check, same=_same, normalized=_normalized),
        "project": project(),
        "deletionPolicy": deletion_policy(),
        # The name that Google gave; no other property has it.
        "id": text(output=True, sent=False, read=False),
    },
    id="{id}",
    import_ids=("projects/(?P<project>[^/]+)/dashboards/(?P<id>[^/]+)", "(?P<id>[^/]+)"),
    create=Call("POST", "v1/projects/{project}/dashboards"),
    read=Call("GET", "v1/{id}"),
    update=_UPDATE,
    delete=_DELETE,
    retried_conflicts=("too many concurrent edits", "could not fulfill the request"),
    refused_by_id=True,
    timeouts_min={"create": 4, "delete": 4, "update": 4},
)


class _DashboardLifecycle(Lifecycle):
    """The whole of Google's answer is one property; the etag in it guards the next update."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        try:
            answer = await self._call(context, DASHBOARD.create, plan, _content(plan))
        except GoogleError as error:
            raise ResourceError(f"Error creating Dashboard: {error}") from error
        return await self._read_back(context, {**plan, "id": answer["name"]})

    @override
    def carried(self, old: Properties, inputs: Properties) -> Properties:
        return {"etag": _parsed(old["dashboardJson"]).get("etag")} if old else {}

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed - {"deletionPolicy"}:
            body = {**(_content(plan) or {}), "etag": plan["etag"]}
            try:
                await self._call(context, _UPDATE, plan, body)
            except GoogleError as error:
                raise ResourceError(f'Error updating Dashboard "{resource_id}": {error}') from error
        return await self._read_back(context, plan)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            await self._call(context, _DELETE, state)
        except GoogleError as error:
            if error.code != 404:
                raise ResourceError(
                    f'Error when reading or editing MonitoringDashboard "{self.id(state)}": {error}'
                ) from error

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        found = super().identity(context, resource_id)
        if found is None:
            return None
        return {**found, "id": f"projects/{found.get('project') or ''}/dashboards/{found['id']}"}

    @override
    def _state(self, context: Context, answer: Json, properties: Properties) -> State:
        return super()._state(context, {"dashboardJson": go_json(answer)}, properties)


LIFECYCLE = _DashboardLifecycle(DASHBOARD)
