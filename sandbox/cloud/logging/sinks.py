"""Sinks, which route entries to other places, and exclusions, which keep entries out of the sink `_Default`.

They are kept, checked and shown; the local cloud routes nothing by them. What a sink names need not be there, as at
Google, which writes a mail when it cannot deliver.
"""

import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.logging import filters, kept
from sandbox.cloud.logging.buckets import DEFAULT, REQUIRED, agent
from sandbox.cloud.logging.kept import everywhere, owner

handlers = Handlers()

_MOST: Final = 200
"""Sinks of a resource, as Google's quota."""
_MOST_EXCLUSIONS: Final = {"exclusions": 10, "sinks": 50}
"""Of a resource, and of a sink."""
_DESTINATION: Final = re.compile(
    r"storage\.googleapis\.com/[^/]+"
    r"|bigquery\.googleapis\.com/projects/[^/]+/datasets/[^/]+"
    r"|pubsub\.googleapis\.com/projects/[^/]+/topics/[^/]+"
    r"|logging\.googleapis\.com/projects/[^/]+"
    r"|logging\.googleapis\.com/(?:projects|folders|organizations|billingAccounts)/[^/]+/locations/[^/]+/buckets/[^/]+"
)
_BUCKET: Final = re.compile(r"logging\.googleapis\.com/(\w+/[^/]+)/locations/.*")
_AUDITED: Final = tuple(
    f'LOG_ID("{name}")'
    for log in ("activity", "system_event", "access_transparency")
    for name in (f"cloudaudit.googleapis.com/{log}", f"externalaudit.googleapis.com/{log}")
)
_FILTERS: Final = {
    REQUIRED: " OR ".join(_AUDITED),
    DEFAULT: " AND ".join(f"NOT {each}" for each in _AUDITED),
}
_WITHOUT_MASK: Final = "destination,filter,includeChildren"
_FIXED: Final = {("name",), ("writerIdentity",), ("createTime",), ("updateTime",), ("resourceName",)}
_SHARED: Final = "serviceAccount:cloud-logs@system.gserviceaccount.com"


@handlers(*everywhere("sinks", "list"))
def list_sinks(call: Call) -> JsonObject:
    """The sinks of a resource, with those that it has from the start."""
    of = owner(call)
    found = sorted({*_FILTERS, *kept.listed(call.store, of, "sinks")})
    page, more = paging.requested(call.query, 50, 1000).cut(found, str)
    return {"sinks": [_find(call, of, identifier) for identifier in page], **more}


@handlers(*everywhere("sinks", "get"))
def get_sink(call: Call) -> JsonObject:
    """A sink."""
    return _find(call, owner(call), call.ids[1])


@handlers(*everywhere("sinks", "create"))
def create_sink(call: Call) -> JsonObject:
    """Create a sink."""
    of = owner(call)
    identifier = call.body.get("name", "")
    kept.check_id(identifier, "sinks")
    kept.require_free(call.store, of, "sinks", identifier)
    if len(kept.listed(call.store, of, "sinks")) >= _MOST:
        raise CloudError("RESOURCE_EXHAUSTED", f"A resource can have at most {_MOST} sinks.")
    sink = _checked({**call.body, "resourceName": f"{of}/sinks/{identifier}"})
    identity = _identity(call, of, sink, call.query.get("customWriterIdentity", ""))
    sink = kept.stamped(call, sink | ({"writerIdentity": identity} if identity else {}))
    return kept.save(call.store, of, "sinks", identifier, sink)


@handlers(*everywhere("sinks", "update", "patch"))
def update_sink(call: Call) -> JsonObject:
    """Change a sink; its name and writer's identity are not a request's to change."""
    of, identifier = owner(call), call.ids[1]
    before = _find(call, of, identifier)
    if identifier == REQUIRED:
        raise invalid_argument(f"Sink {REQUIRED} cannot be updated.")
    if call.body.get("name", identifier) != identifier:
        raise invalid_argument("The name of a sink cannot be changed.", "sink.name")
    paths = masks.parse(call.query.get("updateMask") or _WITHOUT_MASK, call.message)
    if "*" in call.query.get("updateMask", ""):
        paths = [path for path in paths if path not in _FIXED]
    for path in paths:
        if path in _FIXED:
            raise invalid_argument(f"The field {'.'.join(path)} cannot be updated.", "update_mask")
    sink = _checked(masks.apply(paths, before, call.body))
    sink.pop("writerIdentity", None)
    identity = _changed_identity(call, of, sink, before.get("writerIdentity", ""))
    sink = kept.stamped(call, sink | ({"writerIdentity": identity} if identity else {}), before)
    return kept.save(call.store, of, "sinks", identifier, sink)


@handlers(*everywhere("sinks", "delete"))
def delete_sink(call: Call) -> JsonObject:
    """Delete a sink, but none of those that are there from the start."""
    if call.ids[1] in _FILTERS:
        raise invalid_argument(f"Sink {call.ids[1]} cannot be deleted.")
    kept.delete(call.store, owner(call), "sinks", call.ids[1])
    return {}


def _find(call: Call, of: str, identifier: str) -> JsonObject:
    found = kept.find(call.store, of, "sinks", identifier)
    if found is None and identifier in _FILTERS:
        return {
            "name": identifier,
            "destination": f"logging.googleapis.com/{of}/locations/global/buckets/{identifier}",
            "filter": _FILTERS[identifier],
            "resourceName": f"{of}/sinks/{identifier}",
        }
    if found is None:
        raise kept.missing("sinks", identifier)
    return found


def _checked(sink: JsonObject) -> JsonObject:
    destination = sink.get("destination", "")
    if not _DESTINATION.fullmatch(destination):
        raise invalid_argument(f"Unsupported sink destination: {destination!r}", "sink.destination")
    kept.check_description(sink)
    filters.parse(sink.get("filter", ""))
    of_node = sink["resourceName"].partition("/")[0]
    if sink.get("includeChildren") and of_node not in ("folders", "organizations"):
        raise invalid_argument(
            "include_children is for sinks of folders and organizations.", "sink.include_children"
        )
    if sink.get("interceptChildren") and not (
        sink.get("includeChildren") and destination.count("/") == 2 and destination.startswith("logging.")
    ):
        raise invalid_argument(
            "intercept_children takes include_children and a project as the destination.",
            "sink.intercept_children",
        )
    exclusions = sink.get("exclusions", [])
    if len(exclusions) > _MOST_EXCLUSIONS["sinks"]:
        raise invalid_argument(
            f"A sink can have at most {_MOST_EXCLUSIONS['sinks']} exclusions.", "sink.exclusions"
        )
    for each in exclusions:
        _check_exclusion(each)
    if len({each["name"] for each in exclusions}) < len(exclusions):
        raise invalid_argument("The names of a sink's exclusions must differ.", "sink.exclusions")
    return dict(sink)


def _identity(call: Call, of: str, sink: JsonObject, custom: str) -> str:
    """Who writes to a sink's destination; nobody where it is a bucket of the sink's own resource."""
    bucket = _BUCKET.fullmatch(sink["destination"])
    own = bucket is not None and _same(call, bucket[1], of)
    if custom:
        if bucket is None or own or not custom.startswith("serviceAccount:"):
            raise invalid_argument(
                "custom_writer_identity is a service account, for a log bucket of another project.",
                "custom_writer_identity",
            )
        return custom
    if own:
        return ""
    if of.startswith("projects/") and not call.query.get("uniqueWriterIdentity"):
        return _SHARED
    return f"serviceAccount:{agent(call.store, of)}"


def _changed_identity(call: Call, of: str, sink: JsonObject, before: str) -> str:
    custom = call.query.get("customWriterIdentity", "")
    identity = _identity(call, of, sink, custom)
    if identity == _SHARED and before not in ("", _SHARED):
        raise invalid_argument(
            "unique_writer_identity cannot be changed from true to false.", "unique_writer_identity"
        )
    return identity


def _same(call: Call, name: str, of: str) -> bool:
    """Whether a name is that of a resource, which projects have with their number too."""
    if name == of:
        return True
    kind, _, identifier = name.partition("/")
    found = projects.find(call.store, identifier) if kind == "projects" else None
    return found is not None and f"projects/{found.project_id}" == of


@handlers(*everywhere("exclusions", "list"))
def list_exclusions(call: Call) -> JsonObject:
    """The exclusions of a resource."""
    found = list(kept.listed(call.store, owner(call), "exclusions").values())
    page, more = paging.requested(call.query, 50, 1000).cut(found, lambda each: str(each["name"]))
    return ({"exclusions": page} if page else {}) | more


@handlers(*everywhere("exclusions", "get"))
def get_exclusion(call: Call) -> JsonObject:
    """An exclusion."""
    return kept.require(call.store, owner(call), "exclusions", call.ids[1])


@handlers(*everywhere("exclusions", "create"))
def create_exclusion(call: Call) -> JsonObject:
    """Create an exclusion."""
    of = owner(call)
    _check_exclusion(call.body)
    kept.require_free(call.store, of, "exclusions", call.body["name"])
    if len(kept.listed(call.store, of, "exclusions")) >= _MOST_EXCLUSIONS["exclusions"]:
        raise CloudError(
            "RESOURCE_EXHAUSTED", f"A resource can have at most {_MOST_EXCLUSIONS['exclusions']} exclusions."
        )
    return kept.save(call.store, of, "exclusions", call.body["name"], kept.stamped(call, call.body))


@handlers(*everywhere("exclusions", "patch"))
def patch_exclusion(call: Call) -> JsonObject:
    """Change an exclusion; the mask must name what."""
    of, identifier = owner(call), call.ids[1]
    before = kept.require(call.store, of, "exclusions", identifier)
    paths = masks.parse(call.query.get("updateMask", ""), call.message)
    if not paths:
        raise invalid_argument("A non-empty update_mask is required.", "update_mask")
    changed = masks.apply(paths, before, {**call.body, "name": identifier})
    _check_exclusion(changed)
    return kept.save(call.store, of, "exclusions", identifier, kept.stamped(call, changed, before))


@handlers(*everywhere("exclusions", "delete"))
def delete_exclusion(call: Call) -> JsonObject:
    """Delete an exclusion."""
    kept.delete(call.store, owner(call), "exclusions", call.ids[1])
    return {}


def _check_exclusion(exclusion: JsonObject) -> None:
    kept.check_id(exclusion.get("name", ""), "exclusions")
    kept.check_description(exclusion)
    if not exclusion.get("filter"):
        raise invalid_argument("An exclusion needs a filter.", "exclusion.filter")
    filters.parse(exclusion["filter"])
