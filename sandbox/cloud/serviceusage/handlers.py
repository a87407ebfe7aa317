"""Service Usage v1 (services) and v1beta1 (quota metrics, limits, overrides)."""

import re
from urllib.parse import quote, unquote

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import operations, paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found, unimplemented
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import enforcement as orgpolicy
from sandbox.cloud.serviceusage import identities, models
from sandbox.cloud.serviceusage.catalogue import GEMINI_API, TITLES, Limit, limits_by_metric, metric_title

services = Handlers()
quotas = Handlers()

_STATE_FILTER = re.compile(r"\s*state\s*[:=]\s*\"?(ENABLED|DISABLED)\"?\s*")


def _number(call: Call) -> str:
    """The number of the project that the path names: Service Usage's paths begin with the kind of the consumer."""
    if call.ids[0] != "projects":
        raise unimplemented("Service Usage of folders and organizations")
    return projects.require_active(call.store, call.ids[1]).number


def _service(project: str, name: str, state: str) -> JsonObject:
    title = TITLES[name]
    return {
        "name": f"projects/{project}/services/{name}",
        "parent": f"projects/{project}",
        "config": {"name": name, "title": title, "documentation": {}, "quota": {}, "usage": {}},
        "state": state,
    }


def _state(call: Call, project: str, name: str) -> str:
    return "ENABLED" if models.is_enabled(call.store, project, name) else "DISABLED"


@services("serviceusage.services.list")
def list_services(call: Call) -> JsonObject:
    """Enabled services, or those that can be enabled."""
    project = _number(call)
    text = call.query.get("filter", "")
    wanted = _STATE_FILTER.fullmatch(text)
    if text and not wanted:
        raise invalid_argument(
            f"Invalid filter: {text}; only state:ENABLED and state:DISABLED are allowed.", "filter"
        )
    on = models.enabled(call.store, project)
    names = sorted(TITLES)
    if wanted:
        names = [name for name in names if (name in on) == (wanted[1] == "ENABLED")]
    page, more = paging.requested(call.query, 50, 200).cut(names, str)
    found = [_service(project, name, "ENABLED" if name in on else "DISABLED") for name in page]
    return {**({"services": found} if found else {}), **more}


@services("serviceusage.services.get")
def get_service(call: Call) -> JsonObject:
    """One service, enabled or not."""
    project, name = _number(call), call.ids[2]
    models.require_known([name])
    return _service(project, name, _state(call, project, name))


@services("serviceusage.services.batchGet")
def batch_get_services(call: Call) -> JsonObject:
    """Several services."""
    project = _number(call)
    names = [name.rpartition("/")[2] for name in call.query.get("names", [])]
    models.require_known(names)
    return {"services": [_service(project, name, _state(call, project, name)) for name in names]}


@services("serviceusage.services.enable")
def enable_service(call: Call) -> JsonObject:
    """Enable a service."""
    project, name = _number(call), call.ids[2]
    _enable(call, project, [name])
    return _operation(
        call,
        "acf",
        "EnableServiceResponse",
        "v1",
        {"service": _service(project, name, "ENABLED")},
        project,
        [name],
    )


@services("serviceusage.services.batchEnable")
def batch_enable_services(call: Call) -> JsonObject:
    """Enable up to 20 services: all or none."""
    project = _number(call)
    names = call.body.get("serviceIds", [])
    if not 1 <= len(names) <= 20:
        raise invalid_argument("Between 1 and 20 services can be enabled in one call.", "service_ids")
    _enable(call, project, names)
    response = {"services": [_service(project, name, "ENABLED") for name in names]}
    return _operation(call, "acat", "BatchEnableServicesResponse", "v1", response, project, names)


def _enable(call: Call, project: str, names: list[str]) -> None:
    orgpolicy.require_services(call.store, project, names)
    models.enable(call.store, project, names, call.when.in_force)
    for hook in call.store.on_service_enabled:
        for name in names:
            hook(call.store, call.now, project, name)


@services("serviceusage.services.disable")
def disable_service(call: Call) -> JsonObject:
    """Disable a service."""
    project, name = _number(call), call.ids[2]
    models.disable(call.store, project, name)
    response = {"service": _service(project, name, "DISABLED")}
    return _operation(call, "acf", "DisableServiceResponse", "v1", response, project, [name])


def get_operation(call: Call) -> JsonObject:
    """A long-running operation of Service Usage."""
    return operations.poll(call.store, call.path["name"])


services("serviceusage.operations.get")(get_operation)
quotas("serviceusage.operations.get")(get_operation)


def _operation(
    call: Call, prefix: str, kind: str, version: str, response: JsonObject, project: str, names: list[str]
) -> JsonObject:
    return operations.start(
        call.store,
        f"operations/{prefix}.p2-{project}-",
        response={"@type": f"type.googleapis.com/google.api.serviceusage.{version}.{kind}", **response},
        metadata={
            "@type": f"type.googleapis.com/google.api.serviceusage.{version}.OperationMetadata",
            "resourceNames": [f"projects/{project}/services/{name}" for name in names],
        },
    )


@quotas("serviceusage.services.generateServiceIdentity")
def generate_identity(call: Call) -> JsonObject:
    """Make the account by which a service acts for a project. The operation is done at once."""
    project, name = _number(call), call.ids[2]
    models.require_known([name])
    identity = identities.generate(call.store, name, project)
    kind = "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"
    return {
        "name": "operations/finished.DONE_OPERATION",
        "done": True,
        "response": {"@type": kind, **identity},
    }


def _metric_name(project: str, metric: str) -> str:
    return f"projects/{project}/services/{GEMINI_API}/consumerQuotaMetrics/{quote(metric, safe='')}"


def _limit_name(project: str, limit: Limit) -> str:
    return f"{_metric_name(project, limit.metric)}/limits/{quote(limit.name, safe='')}"


def _override(project: str, limit: Limit, override: models.Override) -> JsonObject:
    return {
        "name": f"{_limit_name(project, limit)}/consumerOverrides/{override.id}",
        "overrideValue": str(override.value),
        **({"dimensions": override.dimensions} if override.dimensions else {}),
        "metric": limit.metric,
        "unit": limit.unit,
    }


def _bucket(
    project: str,
    limit: Limit,
    model: str | None,
    found: list[models.Override],
    in_force: list[models.Override],
) -> JsonObject:
    dimensions = {"model": model} if model else {}
    own = [override for override in found if override.dimensions == dimensions]
    effective = models.effective(limit.value(model), in_force, model)
    bucket: JsonObject = {
        # A limit of 0 is left out, as every zero is.
        **({"effectiveLimit": str(effective)} if effective else {}),
        "defaultLimit": str(limit.value(model)),
        **({"dimensions": dimensions} if dimensions else {}),
    }
    if own:
        bucket["consumerOverride"] = _override(project, limit, own[0])
    return bucket


def _consumer_limit(call: Call, project: str, limit: Limit) -> JsonObject:
    found = models.overrides(call.store, project, limit)
    in_force = models.overrides_in_force(call.store, project, limit, call.now)
    overridden = [each.dimensions["model"] for each in (*found, *in_force) if each.dimensions]
    buckets = dict.fromkeys([None, *limit.models, *overridden])
    return {
        "name": _limit_name(project, limit),
        "metric": limit.metric,
        "unit": limit.unit,
        "isPrecise": True,
        "allowsAdminOverrides": not models.is_fixed(call.store, limit),
        "quotaBuckets": [_bucket(project, limit, model, found, in_force) for model in buckets],
    }


def _consumer_metric(call: Call, project: str, metric: str) -> JsonObject:
    return {
        "name": _metric_name(project, metric),
        "metric": metric,
        "displayName": metric_title(metric),
        "unit": "1",
        "consumerQuotaLimits": [
            _consumer_limit(call, project, limit) for limit in limits_by_metric()[metric]
        ],
    }


def _known_metric(call: Call) -> str:
    # A slash in a metric's name is written %2F, which some clients encode once more.
    metric = unquote(call.ids[3])
    if call.ids[2] != GEMINI_API or metric not in limits_by_metric():
        raise not_found(f"Quota metric {metric} of service {call.ids[2]} was not found.")
    return metric


def _known_limit(call: Call) -> Limit:
    for limit in limits_by_metric()[_known_metric(call)]:
        if limit.name == unquote(call.ids[4]):
            return limit
    raise not_found(f"Limit {call.ids[4]} of quota metric {call.ids[3]} was not found.")


@quotas("serviceusage.services.consumerQuotaMetrics.list")
def list_metrics(call: Call) -> JsonObject:
    """The service's quota metrics: those of every tier, whichever is in force."""
    project = _number(call)
    models.require_known([call.ids[2]])
    metrics = sorted(limits_by_metric()) if call.ids[2] == GEMINI_API else []
    page, more = paging.requested(call.query, 50, 200).cut(metrics, str)
    found = [_consumer_metric(call, project, metric) for metric in page]
    return {**({"metrics": found} if found else {}), **more}


@quotas("serviceusage.services.consumerQuotaMetrics.importConsumerOverrides")
def import_overrides(call: Call) -> JsonObject:
    """Create or update overrides on several metrics and limits: all or none.

    What Google refuses of a well-formed override ends the operation with an error that names each one's limit.
    """
    project = _number(call)
    models.require_known([call.ids[2]])
    entries = call.body.get("inlineSource", {}).get("overrides", [])
    if not entries:
        raise invalid_argument("At least one override must be given.", "inline_source.overrides")
    if call.body.get("force") and call.body.get("forceOnly"):
        raise invalid_argument("force and force_only cannot both be set.", "force_only")
    wanted = [
        models.Wanted(
            _limit_of(call, each, at), each.get("dimensions", {}), int(each.get("overrideValue", "0"))
        )
        for at, each in enumerate(entries)
    ]
    forced = _forced(call.body)
    try:
        made = models.import_overrides(call.store, project, wanted, forced, call.when)
    except CloudError as error:
        if error.status != "FAILED_PRECONDITION":
            raise
        return _override_operation(call, "", {}, project, error)
    response = {"overrides": [_override(project, limit, override) for limit, override in made]}
    return _override_operation(call, "ImportConsumerOverridesResponse", response, project)


def _limit_of(call: Call, entry: JsonObject, at: int) -> Limit:
    """The limit of an override to import, which is named by its metric and its unit."""
    field = f"inline_source.overrides[{at}]"
    for name in ("metric", "unit"):
        if not entry.get(name):
            raise invalid_argument(f"An override must have a {name}.", f"{field}.{name}")
    metric, unit = entry["metric"], entry["unit"]
    known = limits_by_metric().get(metric, ()) if call.ids[2] == GEMINI_API else ()
    for limit in known:
        if limit.unit == unit:
            return limit
    raise invalid_argument(
        f"There is no limit {unit} of metric {metric}.", f"{field}.{'unit' if known else 'metric'}"
    )


@quotas("serviceusage.services.consumerQuotaMetrics.get")
def get_metric(call: Call) -> JsonObject:
    """A quota metric, of whatever tier."""
    return _consumer_metric(call, _number(call), _known_metric(call))


@quotas("serviceusage.services.consumerQuotaMetrics.limits.get")
def get_limit(call: Call) -> JsonObject:
    """A limit of a metric, of whatever tier."""
    return _consumer_limit(call, _number(call), _known_limit(call))


@quotas("serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.list")
def list_overrides(call: Call) -> JsonObject:
    """The overrides on a limit."""
    project, limit = _number(call), _known_limit(call)
    found = models.overrides(call.store, project, limit)
    page, more = paging.requested(call.query, 50, 200).cut(found, lambda override: override.id)
    listed = [_override(project, limit, override) for override in page]
    return {**({"overrides": listed} if listed else {}), **more}


@quotas("serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.create")
def create_override(call: Call) -> JsonObject:
    """Create an override."""
    project, limit = _number(call), _known_limit(call)
    dimensions = call.body.get("dimensions", {})
    override = models.add_override(
        call.store, project, limit, dimensions, _value(call), _forced(call.query), call.when
    )
    return _override_operation(call, "QuotaOverride", _override(project, limit, override), project)


@quotas("serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.patch")
def patch_override(call: Call) -> JsonObject:
    """Set an override's value, the only field that changes."""
    project, limit = _number(call), _known_limit(call)
    mask = [part.strip() for part in call.query.get("updateMask", "overrideValue").split(",")]
    if set(mask) - {"overrideValue", "override_value"}:
        raise invalid_argument("Only override_value can be updated.", "update_mask")
    override = models.change_override(
        call.store, project, limit, call.ids[5], _value(call), _forced(call.query), call.when
    )
    return _override_operation(call, "QuotaOverride", _override(project, limit, override), project)


@quotas("serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.delete")
def delete_override(call: Call) -> JsonObject:
    """Remove an override."""
    project, limit = _number(call), _known_limit(call)
    models.remove_override(call.store, project, limit, call.ids[5], call.when)
    return _override_operation(call, "", {}, project)


def _value(call: Call) -> int:
    return int(call.body.get("overrideValue", "0"))


def _forced(given: JsonObject) -> bool:
    """True if the query of a change, or the body of an import, confirms a deep cut."""
    return bool(given.get("force")) or "LIMIT_DECREASE_PERCENTAGE_TOO_HIGH" in given.get("forceOnly", [])


def _override_operation(
    call: Call, kind: str, response: JsonObject, project: str, error: CloudError | None = None
) -> JsonObject:
    api = "type.googleapis.com/google.api.serviceusage.v1beta1"
    type_url = f"{api}.{kind}" if kind else "type.googleapis.com/google.protobuf.Empty"
    return operations.start(
        call.store,
        f"operations/quf.p2-{project}-",
        response={"@type": type_url, **response},
        metadata={"@type": f"{api}.OperationMetadata", "resourceNames": [f"projects/{project}"]},
        error=error,
    )


_v1beta1_services = {
    "serviceusage.services.list": list_services,
    "serviceusage.services.get": get_service,
    "serviceusage.services.enable": enable_service,
    "serviceusage.services.batchEnable": batch_enable_services,
    "serviceusage.services.disable": disable_service,
}
for _method_id, _handler in _v1beta1_services.items():
    quotas(_method_id)(_handler)
