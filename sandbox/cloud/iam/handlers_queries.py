"""IAM v1's questions about roles, permissions and conditions that a resource can have."""

import re
from typing import Final

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.lineage import lineage
from sandbox.cloud.core import conditions, paging, predefined
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.iam import custom_roles

handlers = Handlers()

_FULL_NAME: Final = re.compile(r"//([a-z0-9]+)\.googleapis\.com/([^/]+/[^/]+(?:/[^/]+/[^/]+)*)")
_NODES: Final = ("projects", "folders", "organizations")
_BASIC: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_PREFIXES: Final = {"billingAccounts": "billing.", "serviceAccounts": "iam.serviceAccount"}
"""What the permissions on what is in a collection begin with."""


def _resource(call: Call) -> tuple[str, str]:
    """Service and name of the resource that the body names in full.

    Raises:
        CloudError: 400 for another form, 403 or 404 for one that is not there.
    """
    name = call.body.get("fullResourceName", "")
    match = _FULL_NAME.fullmatch(name)
    if match is None:
        raise invalid_argument(f"Invalid full resource name: {name}.", "full_resource_name")
    kind, identifier = match[2].split("/")[:2]
    if kind in _NODES:
        return match[1], match[2].replace(
            f"{kind}/{identifier}", projects.parent_name(call.store, kind, identifier)
        )
    if kind == "billingAccounts":
        billing.require(call.store, identifier)
    return match[1], match[2]


def _can_be_held(service: str, name: str, permission: str) -> bool:
    """True if a permission can be had on a resource by its own policy."""
    kind = name.split("/")[-2]
    if kind == "projects":
        return custom_roles.is_of_projects(permission)
    if kind == "folders":
        return not permission.startswith(("resourcemanager.organizations.", "billing.accounts."))
    return kind == "organizations" or permission.startswith(_PREFIXES.get(kind, f"{service}."))


@handlers("iam.permissions.queryTestablePermissions")
def query_testable(call: Call) -> JsonObject:
    """The permissions of the local cloud's services that can be had on a resource."""
    service, name = _resource(call)
    found = [each for each in sorted(predefined.permissions()) if _can_be_held(service, name, each)]
    page, token = paging.requested(call.body, default=100, maximum=1000).cut(found, str)
    return ({"permissions": [{"name": each, "stage": "GA"} for each in page]} if page else {}) | token


@handlers("iam.roles.queryGrantableRoles")
def query_grantable(call: Call) -> JsonObject:
    """The roles that a policy of a resource can name: Google's, and those of what it is in."""
    service, name = _resource(call)
    is_node = name.split("/")[-2] in _NODES
    full = call.body.get("view") == "FULL"
    roles: dict[str, JsonObject] = {
        role.name: {**role.as_json(), **({"includedPermissions": sorted(role.permissions)} if full else {})}
        for role in predefined.roles().values()
        if any(_can_be_held(service, name, each) for each in role.permissions)
        and (is_node or role.name not in _BASIC)
    }
    for above in lineage(call.store, name):
        kind, _, identifier = above.partition("/")
        project = projects.find(call.store, identifier) if kind == "projects" else None
        parent = f"projects/{project.project_id}" if project is not None else above
        roles |= {
            role.name: role.as_json(full=full)
            for role in custom_roles.of_parent(call.store, parent, deleted=False)
        }
    page, token = paging.requested(call.body, default=300, maximum=2000).cut(sorted(roles), str)
    return ({"roles": [roles[each] for each in page]} if page else {}) | token


@handlers("iam.iamPolicies.lintPolicy")
def lint(call: Call) -> JsonObject:
    """What is wrong with a condition."""
    if not call.body.get("condition"):
        raise invalid_argument("A condition must be given.", "condition")
    found = [
        {
            "level": "CONDITION",
            "validationUnitName": "LintValidationUnits/ConditionCompileCheck",
            "severity": "ERROR",
            "fieldName": "condition.expression",
            "locationOffset": mistake.column - 1,
            "debugMessage": str(mistake),
        }
        for mistake in conditions.mistakes(call.body["condition"].get("expression", ""))
    ]
    return {"lintResults": found} if found else {}
