"""Resource Manager v3's tags: keys, their values, and what they are bound to."""

import json
import re
from typing import Final
from urllib.parse import quote, unquote

from sandbox.cloud.cloudresourcemanager import models
from sandbox.cloud.core import iam, masks, operations, paging
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    permission_denied,
)
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE tags (name TEXT PRIMARY KEY, parent TEXT NOT NULL, short_name TEXT NOT NULL, body TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE tag_bindings (parent TEXT NOT NULL, tag_value TEXT NOT NULL, PRIMARY KEY (parent, tag_value))
    WITHOUT ROWID;
"""
handlers = Handlers()

_SHORT_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9])?")
_PROJECT: Final = re.compile(
    r"//cloudresourcemanager\.googleapis\.com/((?:projects|folders|organizations)/[0-9]+)"
)
_TYPE: Final = "type.googleapis.com/google.cloud.resourcemanager.v3"
_CHANGEABLE: Final = {"tagKeys": ("description", "allowedValuesRegex"), "tagValues": ("description",)}
_LONGEST_DESCRIPTION: Final = 256


def _create(call: Call, collection: str, kind: str, prefix: str) -> JsonObject:
    parent, short_name = call.body.get("parent", ""), call.body.get("shortName", "")
    above = _above(call.store, collection, parent)
    _check_texts(call.body)
    if not _SHORT_NAME.fullmatch(short_name):
        raise invalid_argument(f"Invalid short name: {short_name}.", "short_name")
    if call.store.row("SELECT 1 FROM tags WHERE parent = ? AND short_name = ?", parent, short_name):
        raise already_exists(f"A {kind} with short name {short_name} exists under {parent}.")
    allowed = _find(call.store, "tagKeys", parent.removeprefix("tagKeys/")) if kind == "TagValue" else {}
    if allowed.get("allowedValuesRegex") and not re.search(allowed["allowedValuesRegex"], short_name):
        raise failed_precondition(f"{short_name} does not match the values that {parent} allows.")
    number = 281_470_000_000_000 + call.store.next_value("tags") * 7_919
    stamp = rfc3339(call.now)
    body = {
        **{
            name: value
            for name, value in call.body.items()
            if name in ("description", "purpose", "purposeData", "allowedValuesRegex")
        },
        "name": f"{collection}/{number}",
        "parent": parent,
        "shortName": short_name,
        "namespacedName": f"{above}/{short_name}",
        "createTime": stamp,
        "updateTime": stamp,
        "etag": f"etag-{number}-1",
    }
    call.store.run("INSERT INTO tags VALUES (?, ?, ?, ?)", body["name"], parent, short_name, json.dumps(body))
    return _operation(call, prefix, {"@type": f"{_TYPE}.{kind}", **body})


def _check_texts(body: JsonObject) -> None:
    if len(body.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_argument(
            f"The description must have at most {_LONGEST_DESCRIPTION} characters.", "description"
        )
    try:
        re.compile(body.get("allowedValuesRegex", ""))
    except re.error:
        raise invalid_argument("The expression is not valid.", "allowed_values_regex") from None


def _check_etag(current: JsonObject, etag: str) -> None:
    if etag not in ("", current["etag"]):
        raise CloudError(
            "ABORTED", f"The etag does not match: {current['name']} was changed in the meantime."
        )


def _above(store: Store, collection: str, parent: str) -> str:
    """The part of a namespaced name before the short name."""
    if collection == "tagValues":
        return str(_find(store, "tagKeys", parent.removeprefix("tagKeys/"))["namespacedName"])
    kind, _, identifier = parent.partition("/")
    if kind == "projects":
        return models.require_active(store, identifier).project_id
    models.require_parent(store, parent)
    return identifier


def _find(store: Store, collection: str, identifier: str) -> JsonObject:
    row = store.row("SELECT body FROM tags WHERE name = ?", f"{collection}/{identifier}")
    if row is None:
        raise permission_denied()
    found: JsonObject = json.loads(row["body"])
    return found


def _of_parent(call: Call, collection: str) -> list[JsonObject]:
    rows = call.store.rows(
        "SELECT body FROM tags WHERE parent = ? AND name LIKE ? ORDER BY name",
        call.query.get("parent", ""),
        f"{collection}/%",
    )
    return [json.loads(row["body"]) for row in rows]


def _patch(call: Call, collection: str, kind: str, prefix: str) -> JsonObject:
    current = _find(call.store, collection, call.ids[0])
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    changeable = _CHANGEABLE[collection]
    kept = [path for path in paths if path[0] in changeable]
    if refused := {path[0] for path in paths} - {*changeable, "name", "etag"} if mask != "*" else ():
        raise invalid_argument(f"{', '.join(sorted(refused))} cannot be updated.", "update_mask")
    _check_etag(current, call.body.get("etag", ""))
    _check_texts(call.body)
    prefix_of_etag, _, generation = current["etag"].rpartition("-")
    changed = {
        **masks.apply(kept, current, call.body),
        "updateTime": rfc3339(call.now),
        "etag": f"{prefix_of_etag}-{int(generation) + 1}",
    }
    call.store.run("UPDATE tags SET body = ? WHERE name = ?", json.dumps(changed), current["name"])
    return _operation(call, prefix, {"@type": f"{_TYPE}.{kind}", **changed})


def _delete(call: Call, collection: str, kind: str, prefix: str) -> JsonObject:
    current = _find(call.store, collection, call.ids[0])
    _check_etag(current, call.query.get("etag", ""))
    below = call.store.row("SELECT 1 FROM tags WHERE parent = ?", current["name"])
    bound = call.store.row("SELECT 1 FROM tag_bindings WHERE tag_value = ?", current["name"])
    if below or bound:
        raise failed_precondition(
            f"Cannot delete {current['name']}: it still has {'values' if below else 'bindings'}."
        )
    call.store.run("DELETE FROM tags WHERE name = ?", current["name"])
    return _operation(call, prefix, {"@type": f"{_TYPE}.{kind}", **current})


def _operation(call: Call, prefix: str, response: JsonObject) -> JsonObject:
    return operations.start(call.store, f"operations/{prefix}.", response=response)


def _page(call: Call, name: str, found: list[JsonObject], key: str = "name") -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=300).cut(
        found, lambda item: str(item[key])
    )
    return ({name: page} if page else {}) | token


def _serve(collection: str, kind: str, prefix: str) -> None:
    """Tag keys and tag values have the same methods."""
    base = f"cloudresourcemanager.{collection}"
    handlers(f"{base}.create")(lambda call: _create(call, collection, kind, f"c{prefix}"))
    handlers(f"{base}.get")(lambda call: _find(call.store, collection, call.ids[0]))
    handlers(f"{base}.list")(lambda call: _page(call, collection, _of_parent(call, collection)))
    handlers(f"{base}.patch")(lambda call: _patch(call, collection, kind, f"u{prefix}"))
    handlers(f"{base}.delete")(lambda call: _delete(call, collection, kind, f"d{prefix}"))

    @handlers(f"{base}.getNamespaced")
    def get_namespaced(call: Call) -> JsonObject:
        return _find(call.store, collection, named(call, collection).partition("/")[2])

    handlers(f"{base}.getIamPolicy")(lambda call: _get_policy(call, collection))
    handlers(f"{base}.setIamPolicy")(lambda call: _set_policy(call, collection))
    handlers(f"{base}.testIamPermissions")(lambda call: _test_permissions(call, collection))


def named(call: Call, collection: str) -> str:
    """The name of the tag key or value that has the namespaced name of the query; "" for none."""
    return _by_namespaced_name(call.store, collection, call.query.get("name", ""))


def _by_namespaced_name(store: Store, collection: str, name: str) -> str:
    for row in store.rows("SELECT name, body FROM tags WHERE name LIKE ?", f"{collection}/%"):
        if json.loads(row["body"])["namespacedName"] == name:
            return str(row["name"])
    return ""


def _get_policy(call: Call, collection: str) -> JsonObject:
    name = _find(call.store, collection, call.ids[0])["name"]
    return iam.get_policy(call.store, name, call.body.get("options", {}).get("requestedPolicyVersion", 0))


def _set_policy(call: Call, collection: str) -> JsonObject:
    name = _find(call.store, collection, call.ids[0])["name"]
    return iam.set_requested(call, name)


def _test_permissions(call: Call, collection: str) -> JsonObject:
    name = _find(call.store, collection, call.ids[0])["name"]
    return iam.permissions_held(call, name, "resourcemanager.")


_serve("tagKeys", "TagKey", "tk")
_serve("tagValues", "TagValue", "tv")


@handlers("cloudresourcemanager.tagBindings.create")
def create_binding(call: Call) -> JsonObject:
    parent = _bound(call.store, call.body.get("parent", ""))
    value = _value(call.store, call.body)
    for other in _values_of(call.store, parent):
        if other["name"] == value["name"]:
            raise already_exists(f"A binding of {value['name']} to {parent} exists.")
        if other["parent"] == value["parent"]:
            raise failed_precondition(
                f"Resource {parent} already has a value of tag key {value['parent']}: {other['name']}."
            )
    call.store.run("INSERT INTO tag_bindings VALUES (?, ?)", parent, value["name"])
    return _operation(call, "rctb", {"@type": f"{_TYPE}.TagBinding", **_binding(parent, value)})


@handlers("cloudresourcemanager.tagBindings.list")
def list_bindings(call: Call) -> JsonObject:
    parent = _bound(call.store, call.query.get("parent", ""))
    return _page(call, "tagBindings", [_binding(parent, value) for value in _values_of(call.store, parent)])


@handlers("cloudresourcemanager.tagBindings.delete")
def delete_binding(call: Call) -> JsonObject:
    parent, value = split_binding(call.ids)
    if not call.store.run("DELETE FROM tag_bindings WHERE parent = ? AND tag_value = ?", parent, value):
        raise permission_denied()
    return _operation(call, "rdtb", {"@type": "type.googleapis.com/google.protobuf.Empty"})


def split_binding(ids: tuple[str, ...]) -> tuple[str, str]:
    """The resource and the tag value of a binding, `tagBindings/{parent, encoded}/tagValues/N`.

    A client may or may not encode it once more.
    """
    parent, _, value = unquote("/".join(ids)).rpartition("/tagValues/")
    return unquote(parent), f"tagValues/{value}"


@handlers("cloudresourcemanager.effectiveTags.list")
def list_effective(call: Call) -> JsonObject:
    """The values bound to a resource and to what is above it; the nearest of a key counts."""
    parent = _bound(call.store, call.query.get("parent", ""))
    host = "//cloudresourcemanager.googleapis.com/"
    found: dict[str, JsonObject] = {}
    for name in models.ancestors(call.store, parent.removeprefix(host)):
        for value in _values_of(call.store, f"{host}{name}"):
            found.setdefault(
                value["parent"],
                {
                    "tagValue": value["name"],
                    "namespacedTagValue": value["namespacedName"],
                    "tagKey": value["parent"],
                    "namespacedTagKey": value["namespacedName"].rpartition("/")[0],
                    **({"inherited": True} if f"{host}{name}" != parent else {}),
                },
            )
    in_order = sorted(found.values(), key=lambda tag: str(tag["tagValue"]))
    return _page(call, "effectiveTags", in_order, "tagValue")


def _bound(store: Store, parent: str) -> str:
    """The full name of a resource that tags are bound to, with the project by its number."""
    match = _PROJECT.fullmatch(parent)
    if not match:
        raise invalid_argument(
            f"Invalid parent: {parent}. Write //cloudresourcemanager.googleapis.com/projects/NUMBER.",
            "parent",
        )
    kind, _, identifier = match[1].partition("/")
    models.parent_name(store, kind, identifier)
    return parent


def named_value(store: Store, body: JsonObject) -> str:
    """The name of the tag value that a binding names, by its id or its namespaced name; "" for none."""
    name: str = body.get("tagValue", "")
    return name or _by_namespaced_name(store, "tagValues", body.get("tagValueNamespacedName", ""))


def _value(store: Store, body: JsonObject) -> JsonObject:
    return _find(store, "tagValues", named_value(store, body).removeprefix("tagValues/"))


def parent_of(store: Store, name: str) -> str:
    """What a tag key or a tag value is in; "" for one that is not there."""
    row = store.row("SELECT parent FROM tags WHERE name = ?", name)
    return str(row["parent"]) if row is not None else ""


def _values_of(store: Store, parent: str) -> list[JsonObject]:
    rows = store.rows(
        "SELECT body FROM tags JOIN tag_bindings ON tag_value = name WHERE tag_bindings.parent = ? ORDER BY name",
        parent,
    )
    return [json.loads(row["body"]) for row in rows]


def _binding(parent: str, value: JsonObject) -> JsonObject:
    return {
        "name": f"tagBindings/{quote(parent, safe='')}/{value['name']}",
        "parent": parent,
        "tagValue": value["name"],
        "tagValueNamespacedName": value["namespacedName"],
    }


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its bindings."""
    store.run(
        "DELETE FROM tag_bindings WHERE parent = ?",
        f"//cloudresourcemanager.googleapis.com/projects/{number}",
    )
