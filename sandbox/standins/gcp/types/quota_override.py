"""gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride."""

from typing import Any

from sandbox.standins.gcp.resource import Context, ResourceType, Step

_PARENT = (
    "projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides/"
)
_IN_ID = ("project", "service", "metric", "limit")


def _from_id(identifier: str) -> dict[str, str]:
    parts = identifier.split("/")
    return dict(zip(_IN_ID, parts[1:8:2], strict=True))


def _names(context: Context) -> dict[str, str]:
    named = _from_id(context.id) if context.id else {name: context.inputs[name] for name in _IN_ID}
    made = context.answers.get("made", {}).get("name", "")
    return {**named, "override": (context.id or made).rpartition("/")[2]}


def _found(context: Context) -> dict[str, Any]:
    wanted = _names(context)["override"]
    listed = context.answers["listed"].get("overrides", [])
    return next((item for item in listed if item["name"].rpartition("/")[2] == wanted), {})


def _outputs(context: Context) -> dict[str, Any]:
    names = _names(context)
    override = _found(context)
    return {
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "dimensions": override.get("dimensions"),
        "force": context.inputs.get("force"),
        "name": names["override"],
        "overrideValue": override.get("overrideValue", "0"),
        **{name: names[name] for name in _IN_ID},
    }


def _force(context: Context) -> dict[str, str]:
    return {"force": "true"} if context.inputs.get("force") else {}


def _new(context: Context) -> dict[str, Any]:
    dimensions = context.inputs.get("dimensions")
    return {
        **({"dimensions": dimensions} if dimensions else {}),
        "overrideValue": str(context.inputs["overrideValue"]),
    }


TYPE = ResourceType(
    pulumi_type="gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride",
    names=_names,
    id=lambda context: (_PARENT + "{override}").format_map(_names(context)),
    outputs=_outputs,
    create=(Step("POST", "serviceusage", _PARENT, query=_force, body=_new, keep="made", waits=True),),
    read=(Step("GET", "serviceusage", _PARENT, keep="listed", absent=frozenset({403, 404})),),
    update=(
        Step(
            "PATCH",
            "serviceusage",
            _PARENT + "{override}",
            query=_force,
            body=lambda context: {"overrideValue": str(context.inputs["overrideValue"])},
            waits=True,
        ),
    ),
    delete=(
        Step(
            "DELETE",
            "serviceusage",
            _PARENT + "{override}",
            query=_force,
            waits=True,
            absent=frozenset({403, 404}),
        ),
    ),
    exists=lambda context: bool(_found(context)),
    computed=("name",),
    required=("limit", "metric", "overrideValue", "service"),
    replaces=frozenset({"dimensions", "limit", "metric", "project", "service"}),
    local=frozenset({"deletionPolicy", "force"}),
    import_inputs=_from_id,
)
