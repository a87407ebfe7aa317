"""The descriptors of metrics: Google's that the local cloud has, those of callers, and those of log-based metrics."""

import re
from collections.abc import Callable
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.monitoring import custom
from sandbox.cloud.monitoring.fields import invalid, missing
from sandbox.cloud.monitoring.metrics import metrics

handlers = Handlers()

_FILTER: Final = re.compile(
    r"""\s*metric\.type\s*=\s*(?:(?P<function>starts_with|ends_with|has_substring)\(\s*)?"""
    r"""(?P<quote>["'])(?P<text>[^"']*)(?P=quote)\s*(?(function)\))\s*"""
)
_TESTS: Final[dict[str | None, Callable[[str, str], bool]]] = {
    None: lambda name, text: name == text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "has_substring": lambda name, text: text in name,
}
_LABEL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,99}")
_VALUES: Final = ("BOOL", "INT64", "DOUBLE", "STRING", "DISTRIBUTION")


@handlers("monitoring.projects.metricDescriptors.list")
def list_descriptors(call: Call) -> JsonObject:
    """The descriptors of a project that a filter of their types holds for."""
    found = _all(call)
    if text := call.query.get("filter", ""):
        match = _FILTER.fullmatch(text)
        if match is None:
            raise unimplemented(f"the filter {text!r} of metric descriptors")
        found = {name: each for name, each in found.items() if _TESTS[match["function"]](name, match["text"])}
    page, more = paging.requested(call.query, 10_000, 10_000).cut(sorted(found), str)
    return ({"metricDescriptors": [found[name] for name in page]} if page else {}) | more


@handlers("monitoring.projects.metricDescriptors.get")
def get_descriptor(call: Call) -> JsonObject:
    """A descriptor."""
    return _require(call)


@handlers("monitoring.projects.metricDescriptors.create")
def create_descriptor(call: Call) -> JsonObject:
    """Describe a metric before it is written, or change its description; its kind and values stay."""
    project = projects.require_active(call.store, call.ids[0])
    given = call.body
    name = given.get("type", "")
    if not name:
        raise missing("metric_descriptor.type")
    if not name.startswith(custom.PREFIX):
        raise invalid(
            "metricDescriptor.type", name, f"only metrics that begin with {custom.PREFIX} can be created."
        )
    if given.get("metricKind") not in ("GAUGE", "CUMULATIVE"):
        raise invalid(
            "metricDescriptor.metricKind", given.get("metricKind", ""), "it is GAUGE or CUMULATIVE."
        )
    if given.get("valueType") not in _VALUES:
        raise invalid(
            "metricDescriptor.valueType", given.get("valueType", ""), f"it is one of {', '.join(_VALUES)}."
        )
    for label in given.get("labels", []):
        if not _LABEL.fullmatch(label.get("key", "")):
            raise invalid(
                "metricDescriptor.labels.key", label.get("key", ""), "it has letters, digits, underscores."
            )
    before = custom.descriptors(call.store, project.number).get(name)
    if before and any(before[each] != given[each] for each in ("metricKind", "valueType")):
        raise invalid_argument(f"The kind and the value type of {name} cannot be changed.")
    described = {"labels": [], **given, "name": f"projects/{project.project_id}/metricDescriptors/{name}"}
    custom.describe(call.store, project.number, described)
    return _all(call)[name]


@handlers("monitoring.projects.metricDescriptors.delete")
def delete_descriptor(call: Call) -> JsonObject:
    """Delete a metric of the caller's, with its points."""
    name = str(_require(call)["type"])
    if not name.startswith(custom.PREFIX):
        raise invalid("name", name, "only custom metrics can be deleted.")
    custom.forget(call.store, projects.require_active(call.store, call.ids[0]).number, name)
    return {}


def _require(call: Call) -> JsonObject:
    name = call.path["name"].partition("/metricDescriptors/")[2].replace("%2F", "/")
    found = _all(call).get(name)
    if found is None:
        raise CloudError("NOT_FOUND", f"The metric descriptor {name} was not found.")
    return found


def _all(call: Call) -> dict[str, JsonObject]:
    project = projects.require_active(call.store, call.ids[0])
    googles = {
        name: {
            "type": name,
            "labels": [{"key": label} for label in sorted(metric.labels)],
            "metricKind": metric.kind,
            "valueType": metric.value_type,
            "monitoredResourceTypes": [metric.resource_type],
        }
        for name, metric in metrics().items()
    }
    return {
        name: {
            **{field: value for field, value in each.items() if value},
            "name": f"projects/{project.project_id}/metricDescriptors/{name}",
        }
        for name, each in {**googles, **custom.descriptors(call.store, project.number)}.items()
    }
