"""Names that a program leaves out, and lists that it leaves empty, of the types that `answers.json` has no case of.

Source: `SetAutonaming` and `AutoName` in provider/resources.go of pulumi-gcp 9.35.0, `MinItems` in google-beta 7.45.0.
"""

from typing import Any

import pytest

from tests.standins.test_answers import answered, ask_standin

_CONSTRAINT = {
    "parent": "organizations/123456789012",
    "actionType": "DENY",
    "condition": "resource.management.autoUpgrade == false",
    "methodTypes": ["UPDATE", "CREATE"],
    "resourceTypes": ["container.googleapis.com/NodePool"],
}


def checked(kind: str, news: dict[str, Any]) -> dict[str, Any]:
    return answered(ask_standin, {"call": "Check", "type": kind, "news": news})


@pytest.mark.parametrize(
    ("kind", "news", "name"),
    [
        ("pubsub/topic:Topic", {}, "name"),
        ("serviceaccount/account:Account", {}, "accountId"),
        ("orgpolicy/policy:Policy", {"parent": "projects/acme"}, "name"),
        ("orgpolicy/customConstraint:CustomConstraint", _CONSTRAINT, "name"),
        (
            "cloudrunv2/serviceIamMember:ServiceIamMember",
            {"role": "roles/run.invoker", "member": "allUsers"},
            "name",
        ),
    ],
)
def test_a_name_that_is_left_out_is_made_up(kind: str, news: dict[str, Any], name: str) -> None:
    answer = checked(kind, news)
    assert "failures" not in answer
    assert answer["inputs"][name] == "res-RANDOM"
    assert answer["inputs"]["__defaults"] == [name]


@pytest.mark.parametrize(
    ("kind", "news", "terraform"),
    [
        ("orgpolicy/customConstraint:CustomConstraint", {**_CONSTRAINT, "methodTypes": []}, "method_types"),
        (
            "orgpolicy/customConstraint:CustomConstraint",
            {**_CONSTRAINT, "resourceTypes": []},
            "resource_types",
        ),
        (
            "projects/iAMCustomRole:IAMCustomRole",
            {"roleId": "reader", "title": "Reader", "permissions": []},
            "permissions",
        ),
    ],
)
def test_an_empty_list_is_refused_where_one_item_is_needed(
    kind: str, news: dict[str, Any], terraform: str
) -> None:
    [failure] = checked(kind, news)["failures"]
    said = f"Attribute {terraform} requires 1 item minimum, but config has only 0 declared."
    assert failure["reason"].startswith(f"Not enough list items. {said}")
