"""Google's predefined roles and permissions, as far as the local cloud has the services for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Role:
    """A predefined role."""

    name: str
    title: str
    stage: str
    permissions: frozenset[str]

    def as_json(self) -> dict[str, str]:
        """The role as IAM shows it, without its permissions."""
        return {"name": self.name, "title": self.title, "stage": self.stage, "etag": "AA=="}


def canonical(permission: str) -> str:
    """The name under which a permission is kept: some of IAM's own are also written with its host."""
    return permission.replace("iam.googleapis.com/", "iam.", 1)


@cache
def permissions() -> frozenset[str]:
    """Every permission of the local cloud's services."""
    known: Mapping[str, str] = _document()["permissions"]
    return frozenset(f"{kind}.{verb}" for kind, verbs in known.items() for verb in verbs.split())


@cache
def services() -> frozenset[str]:
    """The first words of all permissions."""
    return frozenset(permission.partition(".")[0] for permission in permissions())


@cache
def roles() -> Mapping[str, Role]:
    """The roles by name, such as `roles/billing.user`."""
    known: Mapping[str, str] = _document()["permissions"]
    found: dict[str, Role] = {}
    for name, role in _document()["roles"].items():
        granted = frozenset(
            f"{kind}.{verb}"
            for kind, verbs in role["permissions"].items()
            for verb in (known[kind] if verbs == _ALL else verbs).split()
        )
        found[name] = Role(name, role["title"], role["stage"], granted)
    return found


@cache
def _document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        Path(__file__).with_name("predefined_roles.json").read_text(encoding="utf-8")
    )
    return read
