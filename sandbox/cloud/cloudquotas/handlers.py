"""Cloud Quotas v1: the quotas of a project, and what was asked of them.

The Gemini API has quotas of projects alone: listings of folders and of organizations are empty.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from functools import partial
from hashlib import sha256

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudquotas import models
from sandbox.cloud.cloudquotas.containers import container
from sandbox.cloud.core import filters, paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found
from sandbox.cloud.core.messages import camel_case
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.serviceusage import models as usage
from sandbox.cloud.serviceusage.catalogue import LIMITS, TITLES, Limit, metric_title

handlers = Handlers()

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

_INTERVALS = {"min": ("minute", "per minute"), "d": ("day", "per day")}
_CHANGEABLE = {"quota_config", "quotaConfig", "quota_config.preferred_value", "quotaConfig.preferredValue"}
_ORDERS = ("name", "service", "quotaId", "createTime", "updateTime")
_FILTERED = (*_ORDERS, "dimensions", "quotaConfig", "justification", "etag")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
_WORDS = {"justification", "contact_email", "contactEmail"}


def _project(call: Call) -> str:
    """The number of the project that the path names; empty for a folder and an organization, which have no quotas."""
    of = container(call)
    return of.removeprefix("projects/") if of.startswith("projects/") else ""


def _info(call: Call, project: str, limit: Limit) -> JsonObject:
    fixed = usage.is_fixed(call.store, limit)
    interval, words = _INTERVALS[limit.name.split("/")[1]]
    overridden = [
        override.dimensions.get("model") for override in usage.overrides(call.store, project, limit)
    ]
    preferred = [
        each.dimensions.get("model")
        for each in models.of_project(call.store, project)
        if each.quota_id == limit.quota_id
    ]
    models_with_values = [model for model in dict.fromkeys([*limit.models, *overridden, *preferred]) if model]
    buckets: list[str | None] = [*models_with_values, None]
    info: JsonObject = {
        "name": f"projects/{project}/locations/global/services/{_service(limit)}/quotaInfos/{limit.quota_id}",
        "quotaId": limit.quota_id,
        "metric": limit.metric,
        "service": _service(limit),
        "isPrecise": True,
        "refreshInterval": interval,
        "containerType": "PROJECT",
        "dimensions": ["model"],
        "metricDisplayName": metric_title(limit.metric),
        "quotaDisplayName": f"{metric_title(limit.metric)} {words}, per model",
        "metricUnit": "1",
        "quotaIncreaseEligibility": {"isEligible": limit.tier > 0 and not fixed},
        "dimensionsInfos": [
            {
                **({"dimensions": {"model": model}} if model else {}),
                "details": {"value": str(models.value(call.store, project, limit, model, call.now))},
                "applicableLocations": ["global"],
            }
            for model in buckets
        ],
        "serviceRequestQuotaUri": f"https://console.cloud.google.com/iam-admin/quotas?project={project}",
    }
    if fixed:
        info["isFixed"] = True
    return info


def _service(limit: Limit) -> str:
    return limit.metric.partition("/")[0]


def _preference(call: Call, found: models.Preference) -> JsonObject:
    preference = models.as_in_force(call.store, found, call.now)
    set_to = (found.updated, found.preferred, found.granted, found.justification)
    digest = sha256(f"{preference.project}/{preference.id}/{set_to}".encode()).digest()
    return {
        "name": f"projects/{preference.project}/locations/global/quotaPreferences/{preference.id}",
        **({"dimensions": preference.dimensions} if preference.dimensions else {}),
        "quotaConfig": {
            "preferredValue": str(preference.preferred),
            "grantedValue": str(preference.granted),
            "traceId": digest.hex()[:24],
            "requestOrigin": "ORIGIN_UNSPECIFIED",
        },
        "etag": urlsafe_b64encode(digest[:16]).decode(),
        "createTime": preference.created,
        "updateTime": preference.updated,
        "service": preference.service,
        "quotaId": preference.quota_id,
        **({"reconciling": True} if preference.reconciling else {}),
        **({"justification": preference.justification} if preference.justification else {}),
    }


@handlers("cloudquotas.ListQuotaInfos")
def list_infos(call: Call) -> JsonObject:
    """The quotas of the project's tier, which is free without a link, and otherwise the account's."""
    project, service = _project(call), call.ids[2]
    usage.require_known([service])
    if not project:
        return {}
    tier = billing.listed_tier(call.store, project, call.now)
    found = [limit for limit in LIMITS if _service(limit) == service and limit.tier == tier]
    page, more = paging.requested(call.query, 100, 1000).cut(
        sorted(found, key=lambda limit: limit.quota_id), lambda limit: limit.quota_id
    )
    return {"quotaInfos": [_info(call, project, limit) for limit in page], **more}


@handlers("cloudquotas.GetQuotaInfo")
def get_info(call: Call) -> JsonObject:
    """A quota, of whatever tier."""
    project, service, quota_id = _project(call), call.ids[2], call.ids[3]
    if service not in TITLES:
        raise not_found(f"Service {service} was not found.")
    if not project:
        raise not_found(f"Quota {quota_id} of service {service} was not found.")
    return _info(call, project, models.find_limit(service, quota_id))


@handlers("cloudquotas.ListQuotaPreferences")
def list_preferences(call: Call) -> JsonObject:
    """The preferences of a project that a filter holds for, the oldest first unless another order is asked for."""
    accepts = filters.parse(call.query.get("filter", ""))
    shown = [_preference(call, each) for each in models.of_project(call.store, _project(call))]
    found = [each for each in shown if accepts(partial(_field, each))]
    found.sort(key=lambda each: (each["createTime"], each["name"]))
    for part in reversed([each for each in call.query.get("orderBy", "").split(",") if each.strip()]):
        name, *direction = part.split()
        field = camel_case(name)
        if field not in _ORDERS or direction not in ([], ["asc"], ["desc"]):
            raise invalid_argument(f"Preferences cannot be ordered by {part.strip()!r}.", "order_by")
        found.sort(key=lambda each: str(each[field]), reverse=direction == ["desc"])
    numbered = [(f"{index:08}", each) for index, each in enumerate(found)]
    page, more = paging.requested(call.query, 100, 1000).cut(numbered, lambda each: each[0])
    return {"quotaPreferences": [preference for _, preference in page], **more}


def _field(preference: JsonObject, name: str) -> str | None:
    """A field of a listing's filter."""
    field, _, key = name.partition(".")
    value = preference.get(camel_case(field))
    if camel_case(field) == "reconciling":
        return str(bool(value)).lower()
    if isinstance(value, dict):
        value = value.get(camel_case(key), value.get(key))
    elif camel_case(field) not in _FILTERED:
        raise invalid_argument(f"Preferences cannot be filtered by {name!r}.", "filter")
    return str(value) if value is not None else None


@handlers("cloudquotas.GetQuotaPreference")
def get_preference(call: Call) -> JsonObject:
    """A preference."""
    return _preference(call, models.find(call.store, _project(call), call.ids[2]))


@handlers("cloudquotas.CreateQuotaPreference")
def create_preference(call: Call) -> JsonObject:
    """Create a preference; without an id it gets one of its quota and dimensions."""
    project, body = _project(call), call.body
    _check_words(body)
    for name in ("service", "quotaId", "quotaConfig"):
        # A wish for 0 is an empty configuration.
        if not body.get(name) and (name != "quotaConfig" or name not in body):
            raise invalid_argument(f"{name} is required.", f"quota_preference.{name}")
    dimensions = body.get("dimensions", {})
    identifier = call.query.get("quotaPreferenceId", "")
    if identifier and not _ID.fullmatch(identifier):
        raise invalid_argument(f"{identifier} cannot be the id of a preference.", "quota_preference_id")
    seed = f"{body['service']}/{body['quotaId']}/{sorted(dimensions.items())}"
    identifier = identifier or f"qp-{sha256(seed.encode()).hexdigest()[:20]}"
    if not project:
        raise not_found(f"Quota {body['quotaId']} of service {body['service']} was not found.")
    return _preference(
        call,
        models.create(
            call.store,
            call.when,
            project,
            identifier,
            body["service"],
            body["quotaId"],
            dimensions,
            _wish(call),
        ),
    )


@handlers("cloudquotas.UpdateQuotaPreference")
def update_preference(call: Call) -> JsonObject:
    """Change a preference's value; its quota and dimensions never change."""
    project = _project(call)
    mask = {part.strip() for part in call.query.get("updateMask", "").split(",") if part.strip()}
    if mask - _CHANGEABLE - _WORDS - {"*"}:
        raise invalid_argument(
            "Only quota_config, justification and contact_email can be updated.", "update_mask"
        )
    _check_words(call.body)
    if call.query.get("allowMissing") and not any(
        each.id == call.ids[2] for each in models.of_project(call.store, project)
    ):
        return create_preference(replace(call, query={**call.query, "quotaPreferenceId": call.ids[2]}))
    found = models.find(call.store, project, call.ids[2])
    etag = _preference(call, found)["etag"]
    if call.body.get("etag", etag) not in ("", etag):
        raise CloudError("ABORTED", "The etag does not match the current etag of the quota preference.")
    for name, held in (
        ("dimensions", found.dimensions),
        ("service", found.service),
        ("quotaId", found.quota_id),
    ):
        if name in call.body and call.body[name] != held:
            raise invalid_argument(f"{name} cannot be changed.", f"quota_preference.{name}")
    wish = _masked_wish(call, found, mask) if mask and "*" not in mask else _wish(call)
    return _preference(call, models.change(call.store, call.when, found, wish))


def _check_words(body: JsonObject) -> None:
    contact = body.get("contactEmail", "")
    if contact and not _ADDRESS.fullmatch(contact):
        raise invalid_argument(f"{contact!r} is no email address.", "quota_preference.contact_email")


def _masked_wish(call: Call, found: models.Preference, mask: set[str]) -> models.Wish:
    """What is not named stays as it is."""
    wish = _wish(call)
    if not mask & _CHANGEABLE:
        wish = replace(wish, preferred=found.preferred)
    return wish if "justification" in mask else replace(wish, justification=found.justification)


def _wish(call: Call) -> models.Wish:
    return models.Wish(
        preferred=int(call.body.get("quotaConfig", {}).get("preferredValue", "0")),
        justification=call.body.get("justification", ""),
        contact=call.body.get("contactEmail", ""),
        ignored_checks=frozenset(call.query.get("ignoreSafetyChecks", [])),
    )
