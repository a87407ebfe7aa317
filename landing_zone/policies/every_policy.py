"""Every policy: found in `landing_zone/policies/rules`, ordered by group and then by id."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from landing_zone.policies import rules
from landing_zone.policies.policy import Group, Policy

_GROUPS: Final = list(Group)

POLICIES: Final[tuple[Policy, ...]] = tuple(
    sorted(
        (import_module(f"{rules.__name__}.{module.name}").POLICY for module in iter_modules(rules.__path__)),
        key=lambda policy: (_GROUPS.index(policy.group), policy.id),
    )
)
BY_ID: Final = {policy.id: policy for policy in POLICIES}
