"""Google's rules for alert policies."""

from collections.abc import Callable
from typing import Final

from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import seconds
from sandbox.cloud.monitoring import models
from sandbox.cloud.monitoring.fields import (
    check_aggregation,
    check_display_name,
    check_filter,
    check_user_labels,
    invalid,
    missing,
)

_MAX_CONDITIONS: Final = 6
_MAX_LINKS: Final = 3
_HOUR: Final = 3600
_RESTRICTED: Final = ("metric.type", "resource.type")
_LOG: Final = "conditionMatchedLog"


def check(store: Store, project: str, policy: JsonObject) -> None:
    """Google's rules for a policy of a project (by number).

    Raises:
        CloudError: 400 INVALID_ARGUMENT; 404 for a channel that is not there.
    """
    if not policy.get("displayName"):
        raise missing("alert_policy.display_name")
    check_display_name(policy, "alert_policy.display_name")
    if policy.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED":
        raise missing("alert_policy.combiner")
    check_user_labels(policy, "alert_policy.user_labels")
    _check_conditions(policy.get("conditions", []))
    _check_strategy(policy)
    _check_documentation(policy.get("documentation", {}))
    for name in policy.get("notificationChannels", []):
        parts = name.split("/")
        if len(parts) != 4 or parts[0] != "projects" or parts[2] != models.CHANNELS:
            raise invalid(
                "alert_policy.notification_channels", name, "must be a notification channel's name."
            )
        models.find(store, project, models.CHANNELS, parts[3])


def _check_conditions(conditions: list[JsonObject]) -> None:
    if not conditions:
        raise missing("alert_policy.conditions")
    if len(conditions) > _MAX_CONDITIONS:
        raise invalid_argument(f"Field alert_policy.conditions can contain up to {_MAX_CONDITIONS} entries.")
    for index, condition in enumerate(conditions):
        field = f"alert_policy.conditions[{index}]"
        if not condition.get("displayName"):
            raise missing(f"{field}.display_name")
        kinds = [kind for kind in _CONDITIONS if kind in condition]
        if len(kinds) != 1:
            raise invalid_argument(f"Field {field} must have exactly one condition.")
        [kind] = kinds
        name, alone, rules = _CONDITIONS[kind]
        if alone and len(conditions) > 1:
            raise invalid_argument(f"Field {field}.{name} must be the only condition of the policy.")
        rules(condition[kind], f"{field}.{name}")


def _check_threshold(threshold: JsonObject, field: str) -> None:
    comparison = threshold.get("comparison", "COMPARISON_UNSPECIFIED")
    if comparison not in ("COMPARISON_GT", "COMPARISON_LT"):
        raise invalid(
            f"{field}.comparison", comparison, "only COMPARISON_GT and COMPARISON_LT are supported."
        )
    _check_minutes(threshold, field, 0)
    _check_series(threshold, field, "filter", "aggregations")
    if threshold.get("denominatorFilter"):
        _check_series(threshold, field, "denominatorFilter", "denominatorAggregations")
    missing_data = threshold.get("evaluationMissingData", "EVALUATION_MISSING_DATA_UNSPECIFIED")
    if not missing_data.endswith("UNSPECIFIED") and seconds(threshold["duration"]) < 60:
        raise invalid(
            f"{field}.evaluation_missing_data", missing_data, "the duration must be at least 60 seconds."
        )
    if "forecastOptions" in threshold:
        horizon = threshold["forecastOptions"].get("forecastHorizon", "0s")
        if not _HOUR <= seconds(horizon) <= 60 * _HOUR:
            raise invalid(
                f"{field}.forecast_options.forecast_horizon", horizon, "must be between 1 hour and 60 hours."
            )


def _check_absence(absence: JsonObject, field: str) -> None:
    _check_minutes(absence, field, 120)
    _check_series(absence, field, "filter", "aggregations")


def _check_mql(condition: JsonObject, field: str) -> None:
    _check_query(condition, field)
    _check_minutes({"duration": "0s", **condition}, field, 0)


def _check_promql(condition: JsonObject, field: str) -> None:
    _check_query(condition, field)
    interval = condition.get("evaluationInterval", "30s")
    if seconds(interval) <= 0 or seconds(interval) % 30:
        raise invalid(f"{field}.evaluation_interval", interval, "must be a positive multiple of 30 seconds.")
    if seconds(condition.get("duration", "0s")) < 0:
        raise invalid(f"{field}.duration", condition["duration"], "must not be negative.")


def _check_log(condition: JsonObject, field: str) -> None:
    if not condition.get("filter"):
        raise missing(f"{field}.filter")


def _check_query(condition: JsonObject, field: str) -> None:
    if not condition.get("query"):
        raise missing(f"{field}.query")


#: Condition → its proto name, whether it must be the only one, its rules.
_CONDITIONS: Final[dict[str, tuple[str, bool, Callable[[JsonObject, str], None]]]] = {
    "conditionThreshold": ("condition_threshold", False, _check_threshold),
    "conditionAbsent": ("condition_absent", False, _check_absence),
    _LOG: ("condition_matched_log", True, _check_log),
    "conditionMonitoringQueryLanguage": ("condition_monitoring_query_language", True, _check_mql),
    "conditionPrometheusQueryLanguage": ("condition_prometheus_query_language", False, _check_promql),
    "conditionSql": ("condition_sql", True, _check_query),
}


def _check_series(condition: JsonObject, field: str, filter_name: str, aggregations_name: str) -> None:
    snake = {"filter": "filter", "denominatorFilter": "denominator_filter"}[filter_name]
    check_filter(condition.get(filter_name, ""), f"{field}.{snake}", _RESTRICTED)
    name = "aggregations" if filter_name == "filter" else "denominator_aggregations"
    for index, aggregation in enumerate(condition.get(aggregations_name, [])):
        check_aggregation(aggregation, f"{field}.{name}[{index}]")


def _check_minutes(condition: JsonObject, field: str, least: int) -> None:
    duration = condition.get("duration")
    if duration is None:
        raise missing(f"{field}.duration")
    if seconds(duration) < least:
        raise invalid(f"{field}.duration", duration, f"must be at least {least} seconds.")
    if seconds(duration) % 60:
        raise invalid(f"{field}.duration", duration, "must be a multiple of 60 seconds.")


def _check_strategy(policy: JsonObject) -> None:
    strategy = policy.get("alertStrategy", {})
    field = "alert_policy.alert_strategy"
    of_logs = any(_LOG in condition for condition in policy["conditions"])
    if of_logs and "notificationRateLimit" not in strategy:
        raise invalid_argument(
            f"Field {field}.notification_rate_limit had an invalid value: "
            "log-based alert policies must specify a notification rate limit."
        )
    if not of_logs and "notificationRateLimit" in strategy:
        raise invalid_argument(
            f"Field {field}.notification_rate_limit had an invalid value: "
            "only log-based alert policies may specify a notification rate limit."
        )
    close = strategy.get("autoClose")
    if close is not None and not _HOUR / 2 <= seconds(close) <= 7 * 24 * _HOUR:
        raise invalid(f"{field}.auto_close", close, "must be between 30 minutes and 7 days.")
    for index, channel in enumerate(strategy.get("notificationChannelStrategy", [])):
        part = f"{field}.notification_channel_strategy[{index}]"
        interval = channel.get("renotifyInterval")
        if interval is not None and not _HOUR / 2 <= seconds(interval) <= 24 * _HOUR:
            raise invalid(f"{part}.renotify_interval", interval, "must be between 30 minutes and 24 hours.")
        for name in channel.get("notificationChannelNames", []):
            if name not in policy.get("notificationChannels", []):
                raise invalid(
                    f"{part}.notification_channel_names", name, "the policy does not name this channel."
                )


def _check_documentation(documentation: JsonObject) -> None:
    field = "alert_policy.documentation"
    content, kind = documentation.get("content", ""), documentation.get("mimeType", "text/markdown")
    if len(content) > 8192 or len(content.encode()) > 10_240:
        raise invalid_argument(f"Field {field}.content must be at most 8192 characters and 10240 bytes.")
    if kind != "text/markdown":
        raise invalid(f"{field}.mime_type", kind, 'only "text/markdown" is supported.')
    links = documentation.get("links", [])
    if len(links) > _MAX_LINKS:
        raise invalid_argument(f"Field {field}.links can contain up to {_MAX_LINKS} entries.")
    for index, link in enumerate(links):
        if not 1 <= len(link.get("displayName", "")) <= 63:
            raise invalid(
                f"{field}.links[{index}].display_name",
                link.get("displayName", ""),
                "must be 1 to 63 characters.",
            )
