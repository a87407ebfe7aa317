"""gcp:billing/projectInfo:ProjectInfo: the billing link of a project."""

from typing import Any

from sandbox.standins.provider.resource import Context, ResourceType, Step


def _names(context: Context) -> dict[str, str]:
    return {"project": context.id.removeprefix("projects/") or context.inputs["project"]}


def _outputs(context: Context) -> dict[str, Any]:
    name = context.answers["link"].get("billingAccountName", "")
    return {"billingAccount": name.removeprefix("billingAccounts/"), "project": _names(context)["project"]}


def _link(context: Context) -> dict[str, str]:
    account = context.inputs.get("billingAccount")
    return {"billingAccountName": f"billingAccounts/{account}" if account else ""}


_PATH = "projects/{project}/billingInfo/"

TYPE = ResourceType(
    pulumi_type="gcp:billing/projectInfo:ProjectInfo",
    names=_names,
    id=lambda context: f"projects/{context.inputs['project']}",
    outputs=_outputs,
    create=(Step("PUT", "billinglinks", _PATH, body=_link),),
    read=(Step("GET", "billinglinks", _PATH, keep="link", absent=frozenset({403, 404})),),
    update=(Step("PUT", "billinglinks", _PATH, body=_link),),
    delete=(Step("PUT", "billinglinks", _PATH),),
    required=("billingAccount",),
    replaces=frozenset({"project"}),
    import_inputs=lambda identifier: {"project": identifier.removeprefix("projects/")},
)
