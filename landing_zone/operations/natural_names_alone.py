"""Ids of what needs no look-up: what exists in the state alone, and what a creation leaves as it is if it exists."""

from collections.abc import Mapping
from typing import Final

from landing_zone.operations.planned import Planned
from landing_zone.operations.world import Values

_OURS: Final = "gemini-landing-zone:index:"
_ALONE: Final[Mapping[str, str]] = {
    f"{_OURS}Roster": "roster",
    f"{_OURS}StackExit": "exit",
    f"{_OURS}ProjectExit": "projects/{project}/exit",
}
"""Types that are nothing at Google → their ids."""
_CHECK: Final = f"{_OURS}TierCheck"
_OWNERS: Final[Mapping[str, str]] = {
    "gcp:billing/accountIamMember:AccountIamMember": "{billingAccountId}",
    "gcp:folder/iAMMember:IAMMember": "{folder}",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "{cryptoKeyId}",
    "gcp:organizations/iAMMember:IAMMember": "{orgId}",
    "gcp:projects/iAMMember:IAMMember": "{project}",
    "gcp:serviceaccount/iAMMember:IAMMember": "{serviceAccountId}",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "b/{bucket}",
    "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember": (
        "projects/{project}/locations/{location}/functions/{cloudFunction}"
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": "projects/{project}/locations/{location}/services/{name}",
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": "projects/{project}/subscriptions/{subscription}",
    "gcp:pubsub/topicIAMMember:TopicIAMMember": "projects/{project}/topics/{topic}",
}
"""Types of members of a policy → what has the policy, as their ids name it."""
_READ: Final[Mapping[str, str]] = {
    _CHECK: "projects/{project}/tier",
    "gcp:projects/service:Service": "{project}/{service}",
    **{type_: f"{owner}/{{role}}/{{member}}" for type_, owner in _OWNERS.items()},
}
"""Types that a creation leaves as they are if they exist → their ids."""
_LATER: Final = frozenset({"guardrails"})
"""What a `ProjectExit` can be added without: the ids of budgets and limits, some of which may not exist."""


def is_in_state_alone(resource_type: str) -> bool:
    """True for a type that is nothing at Google."""
    return resource_type in _ALONE


def is_made_up(resource_type: str) -> bool:
    """True for a type that no listing of Google's has: also a check of what is there."""
    return resource_type in _ALONE or resource_type == _CHECK


def id_of(each: Planned) -> str:
    """The id of a planned resource that needs no look-up; empty for others, and if a part of it is not known yet."""
    pattern = {**_ALONE, **_READ}.get(each.type, "")
    if each.unknown - _LATER:
        return ""
    try:
        return pattern.format_map(each.inputs) + _condition(each.inputs)
    except KeyError:
        return ""


def _condition(inputs: Values) -> str:
    condition = inputs.get("condition") or {}
    return "".join(
        f"/{condition.get(name) or ''}" for name in ("title", "description", "expression") if condition
    )
