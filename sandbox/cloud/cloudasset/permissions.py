"""What Cloud Asset Inventory's methods need, on the scope or the parent."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.core.permissions import Need, Needs, Rule, needs, on_path
from sandbox.cloud.core.service import Call

_BY_CONTENT: Final = {"RESOURCE": "listResource", "IAM_POLICY": "listIamPolicy"}


def _list(call: Call) -> Sequence[Needs]:
    verb = _BY_CONTENT.get(call.query.get("contentType", ""), "listResource")
    return [(Need(f"cloudasset.assets.{verb}", on_path()(call)),)]


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "cloudasset.assets.list": _list,
    "cloudasset.searchAllIamPolicies": needs("cloudasset.assets.searchAllIamPolicies", on_path()),
    "cloudasset.searchAllResources": needs("cloudasset.assets.searchAllResources", on_path()),
}
