"""gcp:monitoring/notificationChannel:NotificationChannel."""

from typing import Any

from sandbox.standins.provider.resource import Context, ResourceType, Step
from sandbox.standins.provider.values import without_empty

_SENT = ("description", "displayName", "labels", "type", "userLabels")


def _names(context: Context) -> dict[str, str]:
    project = context.inputs.get("project") or context.id.split("/")[1]
    return {"project": project, "channel": context.id or context.answers.get("channel", {}).get("name", "")}


def _body(context: Context) -> dict[str, Any]:
    labels = {**(context.inputs.get("labels") or {}), **without_empty(_sensitive(context))}
    body = without_empty({name: context.inputs.get(name) for name in _SENT})
    return {**body, "enabled": bool(context.inputs.get("enabled")), **({"labels": labels} if labels else {})}


def _sensitive(context: Context) -> dict[str, Any]:
    names = {"authToken": "auth_token", "password": "password", "serviceKey": "service_key"}
    given = context.inputs.get("sensitiveLabels") or {}
    return {wire: given.get(name) for name, wire in names.items()}


def _outputs(context: Context) -> dict[str, Any]:
    channel = context.answers["channel"]
    hidden = set(_sensitive(context).values())
    return {
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "description": channel.get("description", ""),
        "displayName": channel.get("displayName", ""),
        "enabled": channel.get("enabled", False),
        "forceDelete": context.inputs.get("forceDelete", False),
        "labels": {key: value for key, value in channel.get("labels", {}).items() if key not in hidden},
        "name": channel["name"],
        "project": _names(context)["project"],
        "sensitiveLabels": context.inputs.get("sensitiveLabels"),
        "type": channel["type"],
        "userLabels": channel.get("userLabels", {}),
        "verificationStatus": channel.get("verificationStatus", ""),
    }


TYPE = ResourceType(
    pulumi_type="gcp:monitoring/notificationChannel:NotificationChannel",
    names=_names,
    id=lambda context: str(context.answers["channel"]["name"]),
    outputs=_outputs,
    create=(
        Step("POST", "monitoring", "projects/{project}/notificationChannels", body=_body, keep="channel"),
    ),
    read=(Step("GET", "monitoring", "{channel}", keep="channel", absent=frozenset({403, 404})),),
    update=(Step("PATCH", "monitoring", "{channel}", body=_body),),
    delete=(
        Step(
            "DELETE",
            "monitoring",
            "{channel}",
            query=lambda context: {"force": "true"} if context.old.get("forceDelete") else {},
            absent=frozenset({404}),
        ),
    ),
    computed=("name", "verificationStatus"),
    required=("type",),
    defaults={"enabled": True},
    replaces=frozenset({"project"}),
    local=frozenset({"deletionPolicy", "forceDelete", "sensitiveLabels"}),
    secrets=frozenset({"sensitiveLabels"}),
    import_inputs=lambda identifier: {"project": identifier.split("/")[1]},
)
