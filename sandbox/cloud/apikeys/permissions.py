"""What the methods of API Keys need."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.apikeys import models
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Needs, Rule, anyone, every, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.iam import models as accounts

_KEYS: Final = "apikeys.projects.locations.keys"


def _create(call: Call) -> Sequence[Needs]:
    """A key that is bound to a service account also takes a permission on that."""
    key = needs("apikeys.keys.create", on_path())
    email = call.body.get("serviceAccountEmail")
    if not email:
        return key(call)
    binding = needs(
        "iam.serviceAccountApiKeyBindings.create", lambda _: accounts.resource(call.store, call.ids[0], email)
    )
    return every(key, binding)(call)


def _looked_up(call: Call) -> str:
    """The project of a key's string; "" for a string that is none."""
    try:
        return f"projects/{models.lookup(call.store, call.query.get('keyString', '')).project}"
    except CloudError:
        return ""


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "apikeys.operations.get": anyone,
    "apikeys.keys.lookupKey": needs("apikeys.keys.lookup", _looked_up),
    f"{_KEYS}.create": _create,
    f"{_KEYS}.get": needs("apikeys.keys.get", on_path()),
    f"{_KEYS}.getKeyString": needs("apikeys.keys.getKeyString", on_path()),
    f"{_KEYS}.list": needs("apikeys.keys.list", on_path()),
    f"{_KEYS}.patch": needs("apikeys.keys.update", on_path()),
    f"{_KEYS}.delete": needs("apikeys.keys.delete", on_path()),
    f"{_KEYS}.undelete": needs("apikeys.keys.undelete", on_path()),
}
