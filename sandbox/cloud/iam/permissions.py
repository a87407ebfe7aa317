"""What IAM's methods need, and how IAM refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied
from sandbox.cloud.core.permissions import Need, Rule, anyone, in_query, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.iam import models

_ROLE_VERBS: Final = {"create": "create a role in", "list": "list roles in", "get": "get the role at"}

_POOLS: Final = "iam.projects.locations.workloadIdentityPools"
_OF_A_POOL: Final = 3
_OF_A_PROVIDER: Final = 4
"""Pairs of collection and id in the name."""


def account(call: Call) -> str:
    """The service account of the path."""
    return models.resource(call.store, call.ids[0], call.ids[1])


def denied(_call: Call, need: Need) -> CloudError:
    """IAM's refusal, which names the permission."""
    if need.permission.startswith("iam.roles."):
        verb = need.permission.rpartition(".")[2]
        message = (
            f"You don't have permission to {_ROLE_VERBS.get(verb, f'{verb} the role at')} {need.resource}."
        )
    else:
        message = f"Permission '{need.permission}' denied on resource (or it may not exist)."
    details = error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": need.permission})
    return permission_denied(message, [details])


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "iam.projects.serviceAccounts.create": needs("iam.serviceAccounts.create", on_path()),
    "iam.projects.serviceAccounts.list": needs("iam.serviceAccounts.list", on_path()),
    "iam.projects.serviceAccounts.get": needs("iam.serviceAccounts.get", account),
    "iam.projects.serviceAccounts.patch": needs("iam.serviceAccounts.update", account),
    "iam.projects.serviceAccounts.disable": needs("iam.serviceAccounts.disable", account),
    "iam.projects.serviceAccounts.enable": needs("iam.serviceAccounts.enable", account),
    "iam.projects.serviceAccounts.delete": needs("iam.serviceAccounts.delete", account),
    "iam.projects.serviceAccounts.undelete": needs("iam.serviceAccounts.undelete", on_path()),
    "iam.projects.serviceAccounts.getIamPolicy": needs("iam.serviceAccounts.getIamPolicy", account),
    "iam.projects.serviceAccounts.setIamPolicy": needs("iam.serviceAccounts.setIamPolicy", account),
    "iam.projects.serviceAccounts.testIamPermissions": anyone,
    **{
        f"iam.projects.serviceAccounts.keys.{method}": needs(f"iam.serviceAccountKeys.{permission}", account)
        for method, permission in {
            "create": "create",
            "upload": "create",
            "get": "get",
            "list": "list",
            "delete": "delete",
            "disable": "disable",
            "enable": "enable",
        }.items()
    },
    **{
        f"iam.{kind}.roles.{method}": needs(f"iam.roles.{permission}", on_path())
        for kind in ("organizations", "projects")
        for method, permission in {
            "create": "create",
            "get": "get",
            "list": "list",
            "patch": "update",
            "delete": "delete",
            "undelete": "undelete",
        }.items()
    },
    **{
        f"{_POOLS}{'.providers' if pairs == _OF_A_PROVIDER else ''}.{method}": needs(
            f"iam.workloadIdentityPool{'Providers' if pairs == _OF_A_PROVIDER else 's'}.{permission}",
            on_path(pairs if method not in ("create", "list") else pairs - 1),
        )
        for pairs in (_OF_A_POOL, _OF_A_PROVIDER)
        for method, permission in {
            "create": "create",
            "get": "get",
            "list": "list",
            "patch": "update",
            "delete": "delete",
            "undelete": "undelete",
        }.items()
    },
    f"{_POOLS}.listAttestationRules": needs(
        "iam.workloadIdentityPools.getAttestationRules", on_path(_OF_A_POOL)
    ),
    f"{_POOLS}.operations.get": anyone,
    f"{_POOLS}.providers.operations.get": anyone,
    "iam.roles.get": anyone,
    "iam.roles.list": lambda call: (
        needs("iam.roles.list", in_query("parent"))(call) if call.query.get("parent") else [()]
    ),
    "iam.permissions.queryTestablePermissions": anyone,
    "iam.roles.queryGrantableRoles": anyone,
    "iam.iamPolicies.lintPolicy": anyone,
}
