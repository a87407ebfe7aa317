"""The policy that holds on a resource, from those of the organization, folders and project above it and its own.

A rule with a condition is shown, and decides nothing: no tag is looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.orgpolicy import models
from sandbox.cloud.orgpolicy.published import LISTS


@dataclass(frozen=True, slots=True)
class Values:
    """What a list constraint allows."""

    allow_all: bool = False
    deny_all: bool = False
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    conditional: tuple[JsonObject, ...] = field(default=())
    """Rules that hold on some resources only."""

    @classmethod
    def of(cls, rules: Iterable[JsonObject]) -> "Values":
        """The values of a policy's own rules."""
        found = cls()
        for rule in rules:
            values = rule.get("values", {})
            found = found.with_those_of(
                cls(conditional=(rule,))
                if "condition" in rule
                else cls(
                    bool(rule.get("allowAll")),
                    bool(rule.get("denyAll")),
                    tuple(values.get("allowedValues", ())),
                    tuple(values.get("deniedValues", ())),
                )
            )
        return found

    def with_those_of(self, other: "Values") -> "Values":
        """Both together, as a policy that inherits has it."""
        return Values(
            self.allow_all or other.allow_all,
            self.deny_all or other.deny_all,
            tuple(dict.fromkeys(self.allowed + other.allowed)),
            tuple(dict.fromkeys(self.denied + other.denied)),
            self.conditional + other.conditional,
        )

    def rules(self) -> list[JsonObject]:
        """The rules of a policy with these values."""
        if self.deny_all:
            return [{"denyAll": True}, *self.conditional]
        allowed = () if self.allow_all else self.allowed
        if not allowed and not self.denied:
            return [{"allowAll": True}, *self.conditional]
        values = {"allowedValues": list(allowed), "deniedValues": list(self.denied)}
        return [{"values": {kind: names for kind, names in values.items() if names}}, *self.conditional]

    def allows(self, *names: str) -> bool:
        """True if a value is allowed that has these names; what is denied is not, whatever is allowed."""
        if self.deny_all or not {*names}.isdisjoint(map(_plain, self.denied)):
            return False
        return self.allow_all or not self.allowed or not {*names}.isdisjoint(map(_plain, self.allowed))


def _plain(value: str) -> str:
    return value.removeprefix("is:")


def policy(store: Store, parent: str, constraint: str) -> JsonObject:
    """The effective policy, as the API answers it."""
    rules = (
        values(store, parent, constraint).rules()
        if constraint in LISTS
        else _switch(store, parent, constraint)
    )
    return {"name": f"{parent}/policies/{constraint}", "spec": {"rules": rules}}


def values(store: Store, parent: str, constraint: str) -> Values:
    """What a list constraint allows: a policy that does not inherit begins anew."""
    found = Values()
    for spec in _specs(store, parent, constraint):
        own = Values.of(spec.get("rules", ()))
        found = found.with_those_of(own) if spec.get("inheritFromParent") else own
    return found


def enforcing(store: Store, parent: str, constraint: str) -> JsonObject | None:
    """The rule that enforces a constraint; None if it is not enforced."""
    rules = _switch(store, parent, constraint)
    return next((rule for rule in rules if rule.get("enforce") is True and "condition" not in rule), None)


def _switch(store: Store, parent: str, constraint: str) -> list[JsonObject]:
    """The rules of the nearest policy."""
    rules: list[JsonObject] = []
    for spec in _specs(store, parent, constraint):
        rules = spec.get("rules", [])
    return rules or [{"enforce": False}]


def _specs(store: Store, parent: str, constraint: str) -> list[JsonObject]:
    """The specifications that a resource is under, from the organization down, since the last reset."""
    found: list[JsonObject] = []
    for name in projects.ancestors(store, parent):
        spec = models.spec(store, name, constraint)
        if spec is None:
            continue
        if spec.get("reset"):
            break
        found.append(spec)
    return found[::-1]
