"""gcp:monitoring/alertPolicy:AlertPolicy."""

from typing import Any

from sandbox.standins.gcp.resource import Context, ResourceType, Step
from sandbox.standins.gcp.shape import Block, Each, shaped
from sandbox.standins.gcp.values import without_empty

_AGGREGATIONS = Each(
    Block({"alignmentPeriod": "", "crossSeriesReducer": "", "groupByFields": [], "perSeriesAligner": ""})
)
_TRIGGER = Block({"count": 0, "percent": 0})
_SHAPE = Block(
    {
        "alertStrategy": Block({"autoClose": "", "notificationPrompts": []}),
        "combiner": "",
        "conditions": Each(
            Block(
                {
                    "conditionAbsent": Block(
                        {"aggregations": _AGGREGATIONS, "duration": "", "filter": "", "trigger": _TRIGGER}
                    ),
                    "conditionMatchedLog": Block({"filter": "", "labelExtractors": {}}),
                    "conditionMonitoringQueryLanguage": Block(
                        {"duration": "", "evaluationMissingData": "", "query": "", "trigger": _TRIGGER}
                    ),
                    "conditionPrometheusQueryLanguage": Block(
                        {"alertRule": "", "duration": "", "evaluationInterval": "", "labels": {}, "query": ""}
                    ),
                    "conditionSql": None,
                    "conditionThreshold": Block(
                        {
                            "aggregations": _AGGREGATIONS,
                            "comparison": "",
                            "denominatorAggregations": _AGGREGATIONS,
                            "denominatorFilter": "",
                            "duration": "",
                            "evaluationMissingData": "",
                            "filter": "",
                            "forecastOptions": Block({"forecastHorizon": ""}),
                            "thresholdValue": 0,
                            "trigger": _TRIGGER,
                        }
                    ),
                    "displayName": "",
                    "name": "",
                }
            )
        ),
        "displayName": "",
        "documentation": Block({"content": "", "links": [], "mimeType": "", "subject": ""}),
        "enabled": False,
        "name": "",
        "notificationChannels": [],
        "severity": "",
        "userLabels": {},
    }
)
_SENT = (
    "alertStrategy",
    "combiner",
    "conditions",
    "displayName",
    "documentation",
    "notificationChannels",
    "severity",
    "userLabels",
)
#: The order in which the provider names what changes.
_MASK = (
    "displayName",
    "combiner",
    "enabled",
    "conditions",
    "notificationChannels",
    "alertStrategy",
    "severity",
    "userLabels",
    "documentation",
)


def _names(context: Context) -> dict[str, str]:
    project = context.inputs.get("project") or context.id.split("/")[1]
    return {"project": project, "policy": context.id or context.answers.get("policy", {}).get("name", "")}


def _body(context: Context) -> dict[str, Any]:
    body: dict[str, Any] = without_empty({name: context.inputs.get(name) for name in _SENT})
    # A condition that stays keeps its name, by its place.
    for condition, old in zip(body.get("conditions", []), context.old.get("conditions") or [], strict=False):
        condition["name"] = old["name"]
    return {**body, "enabled": bool(context.inputs.get("enabled"))}


def _outputs(context: Context) -> dict[str, Any]:
    policy = context.answers["policy"]
    record = policy.get("creationRecord")
    return {
        **shaped(_SHAPE, policy),
        "creationRecords": [record] if record else [],
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "project": _names(context)["project"],
    }


TYPE = ResourceType(
    pulumi_type="gcp:monitoring/alertPolicy:AlertPolicy",
    names=_names,
    id=lambda context: str(context.answers["policy"]["name"]),
    outputs=_outputs,
    create=(Step("POST", "monitoring", "projects/{project}/alertPolicies", body=_body, keep="policy"),),
    read=(Step("GET", "monitoring", "{policy}", keep="policy", absent=frozenset({403, 404})),),
    update=(
        Step(
            "PATCH",
            "monitoring",
            "{policy}",
            query=lambda context: {"updateMask": ",".join(name for name in _MASK if name in context.changed)},
            body=_body,
        ),
    ),
    delete=(Step("DELETE", "monitoring", "{policy}", absent=frozenset({404})),),
    computed=("name", "creationRecords"),
    required=("combiner", "conditions", "displayName"),
    defaults={"enabled": True},
    replaces=frozenset({"project"}),
    local=frozenset({"deletionPolicy"}),
    import_inputs=lambda identifier: {"project": identifier.split("/")[1]},
)
