"""What the methods of Essential Contacts need."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.permissions import Rule, needs, on_path

_VERBS: Final = {
    "create": "create",
    "get": "get",
    "list": "list",
    "compute": "list",
    "patch": "update",
    "delete": "delete",
}

PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"essentialcontacts.{kind}.contacts.{method}": needs(f"essentialcontacts.contacts.{verb}", on_path())
    for kind in ("projects", "folders", "organizations")
    for method, verb in _VERBS.items()
}
