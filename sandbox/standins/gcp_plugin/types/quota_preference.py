"""A quota preference: a request for another value of a quota. Google cannot delete one."""

from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    block,
    flag,
    last_segment,
    mapping,
    same_name,
    text,
)


def _is_zero(old: Value, new: Value) -> bool:
    """Google leaves a preferred value of 0 out of its answers."""
    return {old or "", new or ""} == {"", "0"}


_PATH = "{parent}/locations/global/quotaPreferences"
_CHECKS = {"ignoreSafetyChecks": "{ignoreSafetyChecks}"}

QUOTA_PREFERENCE = Resource(
    urn_type="gcp:cloudquota/sQuotaPreference:SQuotaPreference",
    service="cloudquotas",
    title="QuotaPreference",
    long_title="CloudQuotasQuotaPreference",
    fields={
        "name": text(computed=True, same=same_name, to_wire=last_segment, from_wire=last_segment),
        "service": text(computed=True),
        "quotaId": text(computed=True),
        "quotaConfig": block(
            {
                "preferredValue": text(required=True, same=_is_zero),
                "stateDetail": text(output=True),
                "grantedValue": text(output=True),
                "traceId": text(output=True, sent=False),
                "annotations": mapping(read=False),
                "requestOrigin": text(output=True),
            },
            required=True,
        ),
        "dimensions": mapping(computed=True),
        "justification": text(read=False),
        "contactEmail": text(read=False),
        "parent": text(computed=True, replaces=True, sent=False, read=False),
        "ignoreSafetyChecks": text(
            default="QUOTA_SAFETY_CHECK_UNSPECIFIED",
            choices=(
                "QUOTA_SAFETY_CHECK_UNSPECIFIED",
                "QUOTA_DECREASE_BELOW_USAGE",
                "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH",
                "",
            ),
            sent=False,
            read=False,
        ),
        "etag": text(output=True, sent=False),
        "createTime": text(output=True, sent=False),
        "updateTime": text(output=True, sent=False),
        "reconciling": flag(output=True, sent=False),
    },
    id=f"{_PATH}/{{name}}",
    import_ids=("(?P<parent>.+)/locations/global/quotaPreferences/(?P<name>[^/]+)",),
    autonames=(Autoname(property="name"),),
    create=Call("POST", _PATH, {"quotaPreferenceId": "{name}", **_CHECKS}),
    read=Call("GET", f"{_PATH}/{{name}}"),
    update=Call("PATCH", f"{_PATH}/{{name}}", _CHECKS),
    masked=True,
)
