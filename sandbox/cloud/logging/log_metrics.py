"""Log-based metrics: what they count of a project's entries, from their creation on, is in Cloud Monitoring.

Counters are counted as entries are written. Distributions have a descriptor there, and no points.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.logging import filters, kept
from sandbox.cloud.logging.filter_functions import values_at
from sandbox.cloud.logging.kept import owner
from sandbox.cloud.monitoring import custom

handlers = Handlers()

PREFIX: Final = "logging.googleapis.com/user/"
_ID: Final = re.compile(r"(?!/)[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_MOST_LABELS: Final = 10
_EXTRACTOR: Final = re.compile(
    r"""\s*(?:EXTRACT\(\s*(?P<field>[^,()]+?)\s*\)"""
    r"""|REGEXP_EXTRACT\(\s*(?P<searched>[^,()]+?)\s*,\s*"(?P<regex>(?:[^"\\]|\\.)*)"\s*\))\s*""",
    re.DOTALL,
)
_VALUES: Final = ("INT64", "DISTRIBUTION")


@handlers("logging.projects.metrics.list")
def list_metrics(call: Call) -> JsonObject:
    """The metrics of a project."""
    found = list(kept.listed(call.store, owner(call), "metrics").values())
    page, more = paging.requested(call.query, 50, 1000).cut(found, lambda each: str(each["name"]))
    return ({"metrics": page} if page else {}) | more


@handlers("logging.projects.metrics.get")
def get_metric(call: Call) -> JsonObject:
    """A metric."""
    return kept.require(call.store, owner(call), "metrics", call.ids[1])


@handlers("logging.projects.metrics.create")
def create_metric(call: Call) -> JsonObject:
    """Create a metric."""
    kept.require_free(call.store, owner(call), "metrics", call.body.get("name", ""))
    return _saved(call)


@handlers("logging.projects.metrics.update")
def update_metric(call: Call) -> JsonObject:
    """Replace a metric, or create it. What is counted already stays."""
    if call.body.get("name", call.ids[1]) != call.ids[1]:
        raise invalid_argument("The name of a metric cannot be changed.", "metric.name")
    return _saved(call, call.ids[1])


@handlers("logging.projects.metrics.delete")
def delete_metric(call: Call) -> JsonObject:
    """Delete a metric, with what it has counted."""
    of = owner(call)
    kept.delete(call.store, of, "metrics", call.ids[1])
    custom.forget(call.store, _number(call.store, of), f"{PREFIX}{call.ids[1]}")
    return {}


def count(store: Store, container: str, at: datetime, entries: Callable[[], Sequence[JsonObject]]) -> None:
    """Count entries that are being written to a resource's logs; they are read only if there is a metric."""
    if not container.startswith("projects/"):
        return
    defined = [
        each
        for each in kept.listed(store, container, "metrics").values()
        if not each.get("disabled") and each["metricDescriptor"]["valueType"] == "INT64"
    ]
    if not defined:
        return
    number = _number(store, container)
    for entry in entries():
        resource = entry.get("resource", {})
        for metric in defined:
            if _query(metric["filter"]).holds(entry):
                labels = {
                    name: extracted
                    for name, expression in metric.get("labelExtractors", {}).items()
                    if (extracted := _extracted(expression, entry))
                }
                custom.add(
                    store,
                    number,
                    metric["metricDescriptor"]["type"],
                    labels,
                    (
                        resource.get("type", "global"),
                        {"project_id": container[9:], **resource.get("labels", {})},
                    ),
                    at,
                )


@cache
def _query(text: str) -> filters.Query:
    return filters.parse(text)


def _saved(call: Call, identifier: str = "") -> JsonObject:
    of, store = owner(call), call.store
    metric = {**call.body, "name": identifier or call.body.get("name", "")}
    name = metric["name"]
    if not _ID.fullmatch(name):
        raise invalid_argument(f"Metric name {name!r} is not valid.", "metric.name")
    kept.check_description(metric)
    if not metric.get("filter"):
        raise invalid_argument("A metric needs a filter.", "metric.filter")
    filters.parse(metric["filter"])
    before = kept.find(store, of, "metrics", name)
    metric |= {
        "metricDescriptor": _descriptor(of, metric),
        "version": "V2",
        "resourceName": f"{of}/metrics/{name}",
    }
    _check_extractors(metric)
    if before and before["metricDescriptor"]["valueType"] != metric["metricDescriptor"]["valueType"]:
        raise invalid_argument("The value type of a metric cannot be changed.", "metric.metric_descriptor")
    custom.describe(store, _number(store, of), {"labels": [], **metric["metricDescriptor"]})
    return kept.save(store, of, "metrics", name, kept.stamped(call, metric, before))


def _descriptor(of: str, metric: JsonObject) -> JsonObject:
    given = metric.get("metricDescriptor", {})
    kind, values = given.get("metricKind", "DELTA"), given.get("valueType", "INT64")
    if kind != "DELTA":
        raise invalid_argument(f"The metric kind must be DELTA, not {kind}.", "metric.metric_descriptor")
    if values not in _VALUES:
        raise invalid_argument(
            f"The value type must be one of {', '.join(_VALUES)}.", "metric.metric_descriptor"
        )
    labels = given.get("labels", [])
    if len(labels) > _MOST_LABELS or not all(_LABEL.fullmatch(each.get("key", "")) for each in labels):
        raise invalid_argument(
            f"A metric has at most {_MOST_LABELS} labels, of letters, digits and underscores.",
            "metric.metric_descriptor.labels",
        )
    kind_name = f"{PREFIX}{metric['name']}"
    return {
        **given,
        "name": f"{of}/metricDescriptors/{kind_name}",
        "type": kind_name,
        "metricKind": kind,
        "valueType": values,
        "unit": given.get("unit", "1"),
        **({"description": metric["description"]} if metric.get("description") else {}),
    }


def _check_extractors(metric: JsonObject) -> None:
    """Every label has an extractor, and a distribution alone has one of values and bounds of its buckets."""
    labels = {each["key"] for each in metric["metricDescriptor"].get("labels", [])}
    extractors = metric.get("labelExtractors", {})
    if labels != set(extractors):
        odd = ", ".join(sorted(labels ^ set(extractors)))
        raise invalid_argument(
            f"Each label needs an extractor, and each extractor a label: {odd}.",
            "metric.label_extractors",
        )
    is_distribution = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    if is_distribution != bool(metric.get("valueExtractor")):
        raise invalid_argument(
            "value_extractor goes with the value type DISTRIBUTION, and with no other.",
            "metric.value_extractor",
        )
    if metric.get("bucketOptions") and not is_distribution:
        raise invalid_argument("bucket_options go with the value type DISTRIBUTION.", "metric.bucket_options")
    values = [metric["valueExtractor"]] if is_distribution else []
    for expression in (*extractors.values(), *values):
        found = _EXTRACTOR.fullmatch(expression)
        if found is None:
            raise invalid_argument(f"Extractor {expression!r} cannot be read.", "metric.label_extractors")
        if found["regex"] is not None:
            _pattern(found["regex"])


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(re.sub(r'\\(["\\])', r"\1", text))
    except re.error as error:
        raise invalid_argument(f"Invalid regular expression: {text!r}: {error}") from None
    if pattern.groups != 1:
        raise invalid_argument(f"The regular expression must have one capture group: {text!r}")
    return pattern


def _extracted(expression: str, entry: JsonObject) -> str:
    found = _EXTRACTOR.fullmatch(expression)
    if found is None:
        return ""
    value: Any = next(values_at(entry, (found["field"] or found["searched"]).split(".")), None)
    if value is None or isinstance(value, dict):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if found["regex"] is None:
        return text
    matched = _pattern(found["regex"]).search(text)
    return matched[1] or "" if matched else ""


def _number(store: Store, container: str) -> str:
    return projects.require(store, container.partition("/")[2]).number
