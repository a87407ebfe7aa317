"""Essential Contacts v1, method by method; the same for projects, folders and organizations."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.essentialcontacts import models
from sandbox.cloud.orgpolicy import enforcement as orgpolicy

handlers = Handlers()

_KINDS = ("projects", "folders", "organizations")


def _ids(method: str) -> tuple[str, ...]:
    return tuple(f"essentialcontacts.{kind}.contacts.{method}" for kind in _KINDS)


def _parent(call: Call) -> str:
    kind = next(iter(call.path.values())).partition("/")[0]
    return projects.parent_name(call.store, kind, call.ids[0])


@handlers(*_ids("create"))
def create(call: Call) -> JsonObject:
    parent = _parent(call)
    orgpolicy.require_contact(call.store, parent, call.body.get("email", ""))
    return models.create(call.store, call.now, parent, call.body)


@handlers(*_ids("get"))
def get(call: Call) -> JsonObject:
    return models.find(call.store, _parent(call), call.ids[1])


@handlers(*_ids("list"))
def list_(call: Call) -> JsonObject:
    return _page(call, models.of_parent(call.store, _parent(call)))


@handlers(*_ids("compute"))
def compute(call: Call) -> JsonObject:
    """The contacts of the resource and of all above it that take one of the categories."""
    wanted = set(call.query.get("notificationCategories", []))
    found = [
        contact
        for parent in projects.ancestors(call.store, _parent(call))
        for contact in models.of_parent(call.store, parent)
        if not wanted
        or wanted & {*contact["notificationCategorySubscriptions"]}
        or "ALL" in contact["notificationCategorySubscriptions"]
    ]
    return _page(call, sorted(found, key=lambda contact: str(contact["name"])))


@handlers(*_ids("patch"))
def patch(call: Call) -> JsonObject:
    parent, identifier = _parent(call), call.ids[1]
    contact = models.find(call.store, parent, identifier)
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    if any(path[0] == "email" and call.body.get("email") != contact["email"] for path in paths):
        raise invalid_argument("The email of a contact cannot be changed.", "update_mask")
    kept = [path for path in paths if path[0] in ("notificationCategorySubscriptions", "languageTag")]
    return models.save(call.store, parent, identifier, masks.apply(kept, contact, call.body))


@handlers(*_ids("delete"))
def delete(call: Call) -> JsonObject:
    models.delete(call.store, _parent(call), call.ids[1])
    return {}


def _position(contact: JsonObject) -> str:
    """Where a contact is in a listing: the ids of a parent's are numbers."""
    parent, _, identifier = str(contact["name"]).rpartition("/")
    return f"{parent}/{identifier.zfill(20)}"


def _page(call: Call, contacts: list[JsonObject]) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=100).cut(
        sorted(contacts, key=_position), _position
    )
    return ({"contacts": page} if page else {}) | token
