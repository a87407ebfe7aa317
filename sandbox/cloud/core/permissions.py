"""What a service says of its methods: which permissions each one needs, and on which resource.

A `Rule` reads a call and returns alternatives. One of them is enough; each is a list of permissions that the caller
needs together. A resource is named as its IAM policy is: `projects/N`, `billingAccounts/X`, `projects/P/topics/T`.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied
from sandbox.cloud.core.messages import ONE, REST

if TYPE_CHECKING:  # a call has what its caller may do, and this module reads calls
    from sandbox.cloud.core.service import Call


class Need(NamedTuple):
    """A permission on a resource."""

    permission: str
    resource: str


Needs = tuple[Need, ...]
Rule = Callable[["Call"], Sequence[Needs]]
Resource = Callable[["Call"], str]
May = Callable[[str, str], bool]
"""Whether the caller has a permission on a resource."""


def everything(_permission: str, _resource: str) -> bool:
    """What the local cloud's operator may do."""
    return True


def needs(permission: str, on: Resource) -> Rule:
    """One permission."""
    return lambda call: [(Need(permission, on(call)),)]


def every(*rules: Rule) -> Rule:
    """All rules together."""

    def rule(call: "Call") -> Sequence[Needs]:
        return [sum(parts, ()) for parts in product(*(each(call) for each in rules))]

    return rule


def either(*rules: Rule) -> Rule:
    """Any one of the rules; the first names what is missing."""
    return lambda call: [needs for each in rules for needs in each(call)]


def anyone(_: "Call") -> Sequence[Needs]:
    """No permission at all: a listing of what the caller may see, an operation, what is public."""
    return [()]


def path_parts(call: "Call") -> list[str]:
    """The path after the version, with what its wildcards stand for."""
    ids = iter(call.ids)
    return [next(ids) if segment in (ONE, REST) else segment for segment in call.method.segments[1:]]


def on_path(pairs: int = 1) -> Resource:
    """The resource of the path's first `pairs` pairs of collection and id: `projects/P`, `projects/P/topics/T`."""
    return lambda call: "/".join(path_parts(call)[: 2 * pairs])


def in_query(name: str) -> Resource:
    """The resource that a parameter of the query names."""
    return lambda call: str(call.query.get(name, ""))


def in_body(name: str) -> Resource:
    """The resource that a field of the body names."""
    return lambda call: str(call.body.get(name, ""))


def decisive(call: "Call", rule: Rule) -> set[Need]:
    """Permissions without any one of which a call that the caller may make would be refused."""
    allowed = [set(needs) for needs in rule(call) if all(call.may(*need) for need in needs)]
    return set.intersection(*allowed) if allowed else set()


def refusal(call: "Call", need: Need, domain: str, text: str) -> CloudError:
    """403 of a service that says what is missing where: in `text`, which has places for both, and in an ErrorInfo.

    The resource is named as the call names it.
    """
    resource = next(iter(call.path.values()), need.resource)
    about = {"permission": need.permission, "resource": resource}
    return permission_denied(text.format(**about), [error_info("IAM_PERMISSION_DENIED", domain, about)])


def missing(call: "Call", rule: Rule) -> Need | None:
    """The first permission that the caller lacks; None if it has all that the call needs."""
    alternatives = rule(call)
    lacking = [
        [need for need in needs if not call.may(need.permission, need.resource)] for needs in alternatives
    ]
    return None if not all(lacking) else lacking[0][0]
