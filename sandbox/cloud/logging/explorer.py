"""What people have in the Logs Explorer: log scopes and saved queries. They are kept."""

from typing import Final

from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.logging import filters, kept
from sandbox.cloud.logging.buckets import LOCATION
from sandbox.cloud.logging.kept import owner

handlers = Handlers()

SCOPES: Final = "logScopes"
QUERIES: Final = "savedQueries"
NODES: Final = {
    SCOPES: ("projects", "folders", "organizations"),
    QUERIES: kept.NODES,
}
"""What each of them belongs to."""
_DEFAULT_SCOPE: Final = "_Default"
_ID_PARAMETER: Final = {SCOPES: "logScopeId", QUERIES: "savedQueryId"}
_MOST_RESOURCES: Final = 100


def _every(verb: str) -> tuple[str, ...]:
    return tuple(f"logging.{node}.locations.{kind}.{verb}" for kind, nodes in NODES.items() for node in nodes)


def _kind(call: Call) -> str:
    return next(kind for kind in NODES if f".{kind}." in call.method.id)


@handlers(*_every("list"))
def list_(call: Call) -> JsonObject:
    """All of a kind that a resource has in a location, or in all (`-`)."""
    of, kind, location = owner(call), _kind(call), call.ids[1]
    found = kept.listed(call.store, of, kind)
    if kind == SCOPES and location in ("-", "global"):
        found.setdefault(f"global/{_DEFAULT_SCOPE}", _default_scope(of))
    here = sorted(key for key in found if location in ("-", key.partition("/")[0]))
    page, more = paging.requested(call.query, 50, 1000).cut(here, str)
    return ({kind: [found[key] for key in page]} if page else {}) | more


@handlers(*_every("get"))
def get(call: Call) -> JsonObject:
    """One of a kind."""
    return _found(call)


@handlers(*_every("create"))
def create(call: Call) -> JsonObject:
    """Create one; a saved query may get its id from Google."""
    of, kind, location = owner(call), _kind(call), call.ids[1]
    if not LOCATION.fullmatch(location) or (kind == SCOPES and location != "global"):
        raise invalid_argument(f"Location {location} is not supported.")
    identifier = call.query.get(_ID_PARAMETER[kind], "")
    if kind == QUERIES and not identifier:
        identifier = f"q-{call.store.next_value(kind):08x}"
    kept.check_id(identifier, kind)
    key = f"{location}/{identifier}"
    kept.require_free(call.store, of, kind, key)
    body = {**call.body, "name": f"{of}/locations/{location}/{kind}/{identifier}"}
    _check(kind, body)
    return kept.save(call.store, of, kind, key, kept.stamped(call, body))


@handlers(*_every("patch"))
def patch(call: Call) -> JsonObject:
    """Change what the mask names, or all that the request has."""
    of, kind, before = owner(call), _kind(call), _found(call)
    paths = masks.parse(call.query.get("updateMask", ""), call.message) or masks.implied(
        call.body, call.message
    )
    changed = {**masks.apply(paths, before, call.body), "name": before["name"]}
    _check(kind, changed)
    return kept.save(call.store, of, kind, "/".join(call.ids[1:]), kept.stamped(call, changed, before))


@handlers(*_every("delete"))
def delete(call: Call) -> JsonObject:
    """Delete one."""
    kind, identifier = _kind(call), call.ids[2]
    if kind == SCOPES and identifier == _DEFAULT_SCOPE:
        raise invalid_argument(f"Log scope {_DEFAULT_SCOPE} cannot be deleted.")
    kept.delete(call.store, owner(call), kind, "/".join(call.ids[1:]))
    return {}


def _found(call: Call) -> JsonObject:
    of, kind, key = owner(call), _kind(call), "/".join(call.ids[1:])
    found = kept.find(call.store, of, kind, key)
    if found is None and kind == SCOPES and key == f"global/{_DEFAULT_SCOPE}":
        return _default_scope(of)
    if found is None:
        raise kept.missing(kind, call.ids[2])
    return found


def _default_scope(of: str) -> JsonObject:
    return {"name": f"{of}/locations/global/{SCOPES}/{_DEFAULT_SCOPE}", "resourceNames": [of]}


def _check(kind: str, body: JsonObject) -> None:
    kept.check_description(body)
    if kind == SCOPES:
        if not 0 < len(body.get("resourceNames", [])) <= _MOST_RESOURCES:
            raise invalid_argument(
                f"A log scope has 1 to {_MOST_RESOURCES} resource names.", "log_scope.resource_names"
            )
        return
    if len({"loggingQuery", "opsAnalyticsQuery"} & body.keys()) != 1:
        raise invalid_argument("A saved query has one query.", "saved_query.query")
    if not body.get("displayName"):
        raise invalid_argument("A display name is required.", "saved_query.display_name")
    if body.get("visibility", "VISIBILITY_UNSPECIFIED") == "VISIBILITY_UNSPECIFIED":
        raise invalid_argument("A visibility is required.", "saved_query.visibility")
    filters.parse(body.get("loggingQuery", {}).get("filter", ""))
