"""gcp:cloudquota/sQuotaPreference:SQuotaPreference."""

from typing import Any

from sandbox.standins.provider.resource import Context, ResourceType, Step
from sandbox.standins.provider.shape import Block, shaped
from sandbox.standins.provider.values import without_empty

_CONFIG = Block(
    {
        "annotations": {},
        "grantedValue": "",
        "preferredValue": "",
        "requestOrigin": "",
        "stateDetail": "",
        "traceId": "",
    }
)
_SENT = ("contactEmail", "dimensions", "justification", "name", "quotaConfig", "quotaId", "service")


def _names(context: Context) -> dict[str, str]:
    parts = context.id.split("/")
    known = len(parts) == 6
    return {
        "parent": "/".join(parts[:2]) if known else str(context.inputs["parent"]),
        "preference": parts[5] if known else context.inputs["name"],
    }


def _query(context: Context) -> dict[str, str]:
    checks = context.inputs.get("ignoreSafetyChecks")
    return {"ignoreSafetyChecks": checks} if checks else {}


def _mask(context: Context) -> dict[str, str]:
    order = ("quotaConfig", "contactEmail", "justification")
    return {**_query(context), "updateMask": ",".join(name for name in order if name in context.changed)}


def _body(context: Context) -> dict[str, Any]:
    body: dict[str, Any] = without_empty({name: context.inputs.get(name) for name in _SENT})
    config = context.inputs.get("quotaConfig") or {}
    known = context.old.get("quotaConfig") or {}
    body["quotaConfig"] = {
        # What Google said of it is sent back with a change.
        **{name: known[name] for name in ("grantedValue", "requestOrigin") if known.get(name)},
        # 0 is a value here: it denies.
        "preferredValue": str(config.get("preferredValue", "")),
    }
    return body


def _outputs(context: Context) -> dict[str, Any]:
    preference = context.answers["preference"]
    return {
        "contactEmail": context.inputs.get("contactEmail"),
        "createTime": preference.get("createTime", ""),
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "dimensions": preference.get("dimensions", {}),
        "etag": preference.get("etag", ""),
        "ignoreSafetyChecks": context.inputs.get("ignoreSafetyChecks"),
        "justification": context.inputs.get("justification"),
        "name": _names(context)["preference"],
        "parent": _names(context)["parent"],
        "quotaConfig": shaped(_CONFIG, preference.get("quotaConfig")),
        "quotaId": preference["quotaId"],
        "reconciling": preference.get("reconciling", False),
        "service": preference["service"],
        "updateTime": preference.get("updateTime", ""),
    }


_PREFERENCE = "{parent}/locations/global/quotaPreferences/{preference}"

TYPE = ResourceType(
    pulumi_type="gcp:cloudquota/sQuotaPreference:SQuotaPreference",
    names=_names,
    id=lambda context: _PREFERENCE.format_map(_names(context)),
    outputs=_outputs,
    create=(
        Step(
            "POST",
            "cloudquotas",
            "{parent}/locations/global/quotaPreferences",
            query=lambda context: {**_query(context), "quotaPreferenceId": context.inputs["name"]},
            body=_body,
        ),
    ),
    read=(Step("GET", "cloudquotas", _PREFERENCE, keep="preference", absent=frozenset({403, 404})),),
    update=(Step("PATCH", "cloudquotas", _PREFERENCE, query=_mask, body=_body),),
    # Google has no way to delete one: destroying leaves the limit in force.
    delete=(),
    computed=("createTime", "etag", "reconciling", "updateTime"),
    required=("parent", "quotaConfig"),
    replaces=frozenset({"dimensions", "name", "parent", "quotaId", "service"}),
    local=frozenset({"contactEmail", "deletionPolicy", "ignoreSafetyChecks", "justification"}),
    in_project=False,
    auto_named="name",
    import_inputs=lambda identifier: {
        "parent": "/".join(identifier.split("/")[:2]),
        "name": identifier.rpartition("/")[2],
    },
)
