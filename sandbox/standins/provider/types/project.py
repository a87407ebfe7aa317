"""gcp:organizations/project:Project."""

import re
from typing import Any

from sandbox.standins.provider.resource import Condition, Context, ResourceType, Rule, Step

_LINK_PERMISSION = "billing.resourceAssociations.create"
_PROVISIONED = {"goog-pulumi-provisioned": "true"}
_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_NAME = re.compile(r"[A-Za-z0-9'\" !-]{4,30}")


def _names(context: Context) -> dict[str, str]:
    return {
        "project": context.id.rpartition("/")[2] or context.inputs["projectId"],
        "account": context.inputs.get("billingAccount", ""),
    }


def _labels(context: Context) -> dict[str, str]:
    return {**context.inputs.get("labels", {}), **_PROVISIONED}


def _parent(inputs: dict[str, Any]) -> dict[str, str] | None:
    for key, kind in (("folderId", "folder"), ("orgId", "organization")):
        if inputs.get(key):
            return {"id": str(inputs[key]).removeprefix("folders/"), "type": kind}
    return None


def _new(context: Context) -> dict[str, Any]:
    parent = _parent(context.inputs)
    return {
        "labels": _labels(context),
        "name": context.inputs["name"],
        **({"parent": parent} if parent else {}),
        "projectId": context.inputs["projectId"],
    }


def _moved(context: Context) -> dict[str, Any]:
    """The project under its new name and parent, with the labels it has."""
    parent = _parent(context.inputs)
    current = {key: value for key, value in context.answers["current"].items() if key != "parent"}
    return {**current, "name": context.inputs["name"], **({"parent": parent} if parent else {})}


def _relabelled(context: Context) -> dict[str, Any]:
    return {**_moved(context), "labels": _labels(context)}


def _link(context: Context) -> dict[str, str]:
    # Google takes an empty request to unlink.
    account = context.inputs.get("billingAccount")
    return {"billingAccountName": f"billingAccounts/{account}"} if account else {}


def _may_link(context: Context, answer: dict[str, Any]) -> str | None:
    if _LINK_PERMISSION in answer.get("permissions", []):
        return None
    account = context.inputs["billingAccount"]
    return f'missing permission on "billingAccounts/{account}": {_LINK_PERMISSION}'


def _outputs(context: Context) -> dict[str, Any]:
    project, link = context.answers["project"], context.answers.get("link", {})
    parent = project.get("parent", {})
    labels = project.get("labels", {})
    set_here = context.inputs.get("labels") or {}
    return {
        "autoCreateNetwork": context.inputs.get("autoCreateNetwork", True),
        "billingAccount": link.get("billingAccountName", "").removeprefix("billingAccounts/") or None,
        "deletionPolicy": context.inputs.get("deletionPolicy", "PREVENT"),
        "effectiveLabels": labels,
        "folderId": parent["id"] if parent.get("type") == "folder" else "",
        "labels": {key: labels[key] for key in set_here if key in labels},
        "name": project["name"],
        "number": project["projectNumber"],
        "orgId": parent["id"] if parent.get("type") == "organization" else "",
        "projectId": project["projectId"],
        "pulumiLabels": {key: value for key, value in labels.items() if key in {**set_here, **_PROVISIONED}},
    }


def _pays(context: Context) -> bool:
    return bool(context.inputs.get("billingAccount"))


def _differs(*names: str) -> Condition:
    return lambda context: bool(context.changed.intersection(names))


TYPE = ResourceType(
    pulumi_type="gcp:organizations/project:Project",
    names=_names,
    id=lambda context: f"projects/{context.inputs['projectId']}",
    outputs=_outputs,
    create=(
        Step(
            "POST",
            "cloudbilling",
            "billingAccounts/{account}:testIamPermissions",
            body=lambda _: {"permissions": [_LINK_PERMISSION]},
            when=_pays,
            verify=_may_link,
        ),
        Step("POST", "cloudresourcemanager", "projects", body=_new, waits=True, makes=True),
        Step("PUT", "cloudbilling", "projects/{project}/billingInfo", body=_link, when=_pays),
        Step("GET", "cloudbilling", "projects/{project}/billingInfo", when=_pays),
    ),
    read=(
        Step(
            "GET", "cloudresourcemanager", "projects/{project}", keep="project", absent=frozenset({403, 404})
        ),
        Step(
            "GET",
            "cloudbilling",
            "projects/{project}/billingInfo",
            keep="link",
            when=lambda context: context.answers["project"].get("lifecycleState") == "ACTIVE",
        ),
    ),
    update=(
        Step("GET", "cloudresourcemanager", "projects/{project}", keep="current"),
        Step("PUT", "cloudresourcemanager", "projects/{project}", body=_moved, when=_differs("name")),
        Step(
            "PUT",
            "cloudresourcemanager",
            "projects/{project}",
            body=_moved,
            when=_differs("folderId", "orgId"),
        ),
        Step(
            "PUT",
            "cloudbilling",
            "projects/{project}/billingInfo",
            body=_link,
            when=_differs("billingAccount"),
        ),
        Step(
            "GET",
            "cloudbilling",
            "projects/{project}/billingInfo",
            when=_differs("billingAccount"),
        ),
        Step("PUT", "cloudresourcemanager", "projects/{project}", body=_relabelled, when=_differs("labels")),
    ),
    delete=(Step("DELETE", "cloudresourcemanager", "projects/{project}", absent=frozenset({403, 404})),),
    exists=lambda context: context.answers["project"].get("lifecycleState") == "ACTIVE",
    computed=("number", "effectiveLabels", "pulumiLabels"),
    required=("projectId",),
    defaults={"deletionPolicy": "PREVENT", "autoCreateNetwork": True},
    replaces=frozenset({"projectId"}),
    local=frozenset({"deletionPolicy", "autoCreateNetwork"}),
    tracked=("billingAccount",),
    secrets=frozenset({"effectiveLabels", "pulumiLabels"}),
    in_project=False,
    auto_named="name",
    rules=(
        Rule(
            "projectId",
            lambda value: _ID.fullmatch(value) is not None,
            lambda value: (
                f'"project_id" ("{value}") must be 6 to 30 with lowercase letters, digits, hyphens and start with a '
                "letter. Trailing hyphens are prohibited."
            ),
        ),
        Rule(
            "name",
            lambda value: _NAME.fullmatch(value) is not None,
            lambda value: (
                f'"{value}" name must be 4 to 30 characters with lowercase and uppercase letters, numbers, hyphen, '
                "single-quote, double-quote, space, and exclamation point."
            ),
        ),
    ),
    import_inputs=lambda identifier: {"projectId": identifier.rpartition("/")[2]},
    prevented="Cannot destroy project as deletion_policy is set to PREVENT.",
)
