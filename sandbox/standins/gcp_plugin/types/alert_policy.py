"""An alert policy of Cloud Monitoring."""

from collections.abc import Mapping

from sandbox.standins.gcp_plugin.schema import (
    Call,
    Field,
    Resource,
    Value,
    block,
    blocks,
    deletion_policy,
    flag,
    integer,
    mapping,
    number,
    project,
    text,
    texts,
)

_COMPARISONS = tuple(f"COMPARISON_{name}" for name in ("GT", "GE", "LT", "LE", "EQ", "NE"))
_PERCENTILES = ("PERCENTILE_99", "PERCENTILE_95", "PERCENTILE_50", "PERCENTILE_05")
_REDUCERS = tuple(
    f"REDUCE_{name}"
    for name in (
        *(
            "NONE",
            "MEAN",
            "MIN",
            "MAX",
            "SUM",
            "STDDEV",
            "COUNT",
            "COUNT_TRUE",
            "COUNT_FALSE",
            "FRACTION_TRUE",
        ),
        *_PERCENTILES,
    )
)
_ALIGNERS = tuple(
    f"ALIGN_{name}"
    for name in (
        *(
            "NONE",
            "DELTA",
            "RATE",
            "INTERPOLATE",
            "NEXT_OLDER",
            "MIN",
            "MAX",
            "MEAN",
            "COUNT",
            "SUM",
            "STDDEV",
        ),
        *("COUNT_TRUE", "COUNT_FALSE", "FRACTION_TRUE", *_PERCENTILES, "PERCENT_CHANGE"),
    )
)
_MISSING_DATA = tuple(f"EVALUATION_MISSING_DATA_{name}" for name in ("INACTIVE", "ACTIVE", "NO_OP"))
_ABOUT = ("content", "links", "mimeType", "subject")


def _same_reducer(old: Value, new: Value) -> bool:
    """No reducer is the reducer that does nothing."""
    return {old, new} == {"", "REDUCE_NONE"}


def _aggregations() -> Field:
    return blocks(
        {
            "perSeriesAligner": text(choices=(*_ALIGNERS, "")),
            "groupByFields": texts(),
            "alignmentPeriod": text(),
            "crossSeriesReducer": text(choices=(*_REDUCERS, ""), same=_same_reducer),
        }
    )


_TRIGGER = block({"percent": number(), "count": integer()})
_SCHEDULES: Mapping[str, Field] = {
    "minutes": block({"periodicity": integer(required=True, always_sent=True)}),
    "hourly": block({"periodicity": integer(required=True), "minuteOffset": integer()}),
    "daily": block(
        {
            "periodicity": integer(required=True),
            "executionTime": block(
                {"hours": integer(), "minutes": integer(), "seconds": integer(), "nanos": integer()}
            ),
        }
    ),
    "rowCountTest": block(
        {"comparison": text(required=True, choices=_COMPARISONS), "threshold": integer(required=True)}
    ),
    "booleanTest": block({"column": text(required=True)}),
}

_CONDITION: Mapping[str, Field] = {
    "conditionAbsent": block(
        {
            "aggregations": _aggregations(),
            "trigger": _TRIGGER,
            "duration": text(required=True),
            "filter": text(),
        }
    ),
    "name": text(output=True),
    "conditionMonitoringQueryLanguage": block(
        {
            "query": text(required=True),
            "duration": text(required=True),
            "trigger": _TRIGGER,
            "evaluationMissingData": text(choices=(*_MISSING_DATA, "")),
        }
    ),
    "conditionThreshold": block(
        {
            "thresholdValue": number(),
            "denominatorFilter": text(),
            "denominatorAggregations": _aggregations(),
            "duration": text(required=True),
            "forecastOptions": block({"forecastHorizon": text(required=True)}),
            "comparison": text(required=True, choices=_COMPARISONS),
            "trigger": _TRIGGER,
            "aggregations": _aggregations(),
            "filter": text(),
            "evaluationMissingData": text(choices=(*_MISSING_DATA, "")),
        }
    ),
    "displayName": text(required=True),
    "conditionMatchedLog": block({"filter": text(required=True), "labelExtractors": mapping()}),
    "conditionPrometheusQueryLanguage": block(
        {
            "query": text(required=True),
            "duration": text(),
            "evaluationInterval": text(),
            "labels": mapping(),
            "ruleGroup": text(),
            "alertRule": text(),
            "disableMetricValidation": flag(),
        }
    ),
    "conditionSql": block(
        {"query": text(required=True), **_SCHEDULES},
    ),
}

ALERT_POLICY = Resource(
    urn_type="gcp:monitoring/alertPolicy:AlertPolicy",
    service="monitoring",
    title="AlertPolicy",
    long_title="MonitoringAlertPolicy",
    fields={
        "name": text(output=True, sent=False),
        "displayName": text(required=True),
        "combiner": text(required=True, choices=("AND", "OR", "AND_WITH_MATCHING_RESOURCE")),
        "creationRecords": blocks(
            {"mutateTime": text(output=True), "mutatedBy": text(output=True)},
            output=True,
            sent=False,
            wire="creationRecord",
            terraform="creation_record",
            # Google has one; Terraform has a list for every object.
            from_wire=lambda record: (
                [{"mutateTime": record.get("mutateTime", ""), "mutatedBy": record.get("mutatedBy", "")}]
                if record
                else []
            ),
        ),
        "enabled": flag(default=True, always_sent=True),
        "conditions": blocks(_CONDITION, required=True),
        "notificationChannels": texts(),
        "alertStrategy": block(
            {
                "notificationRateLimit": block({"period": text()}),
                "autoClose": text(),
                "notificationChannelStrategies": blocks(
                    {"notificationChannelNames": texts(), "renotifyInterval": text()},
                    wire="notificationChannelStrategy",
                ),
                "notificationPrompts": texts(
                    text(choices=("NOTIFICATION_PROMPT_UNSPECIFIED", "OPENED", "CLOSED"))
                ),
            }
        ),
        "userLabels": mapping(),
        "severity": text(choices=("CRITICAL", "ERROR", "WARNING", "")),
        "documentation": block(
            {
                "content": text(),
                "mimeType": text(default="text/markdown"),
                "subject": text(),
                "links": blocks({"displayName": text(), "url": text()}),
            },
            at_least_one=_ABOUT,
        ),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id="{name}",
    import_ids=("(?P<name>[^/]+/(?P<project>[^/]+)/.+)",),
    named_by_google=True,
    create=Call("POST", "v3/projects/{project}/alertPolicies"),
    read=Call("GET", "v3/{name}"),
    update=Call("PATCH", "v3/{name}"),
    delete=Call("DELETE", "v3/{name}"),
    masked=True,
    one_at_a_time=True,
    retried_conflicts=("too many concurrent edits", "could not fulfill the request"),
    aborts_on_quota=True,
)
