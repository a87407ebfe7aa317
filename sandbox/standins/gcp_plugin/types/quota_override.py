"""A lower limit on a quota, for one project."""

from sandbox.standins.gcp_plugin.schema import (
    Call,
    Resource,
    deletion_policy,
    flag,
    last_segment,
    mapping,
    project,
    text,
)

_LIMIT = "projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}"
_OVERRIDE = f"{_LIMIT}/consumerOverrides/{{name}}"
_FORCE = {"force": "{force}"}

QUOTA_OVERRIDE = Resource(
    urn_type="gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride",
    service="serviceusage",
    title="ConsumerQuotaOverride",
    long_title="ServiceUsageConsumerQuotaOverride",
    fields={
        "overrideValue": text(required=True, when_absent="0"),
        "dimensions": mapping(replaces=True),
        "name": text(output=True, sent=False, from_wire=last_segment),
        "limit": text(required=True, replaces=True, sent=False, read=False),
        "metric": text(required=True, replaces=True, sent=False, read=False),
        "service": text(required=True, replaces=True, sent=False, read=False),
        "force": flag(default=False, sent=False, read=False),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_OVERRIDE,
    import_ids=(
        r"projects/(?P<project>[^/]+)/services/(?P<service>[^/]+)/consumerQuotaMetrics/(?P<metric>[^/]+)"
        r"/limits/(?P<limit>[^/]+)/consumerOverrides/(?P<name>[^/]+)",
        r"services/(?P<service>[^/]+)/consumerQuotaMetrics/(?P<metric>[^/]+)"
        r"/limits/(?P<limit>[^/]+)/consumerOverrides/(?P<name>[^/]+)",
        r"(?P<service>[^/]+)/(?P<metric>[^/]+)/(?P<limit>[^/]+)/(?P<name>[^/]+)",
    ),
    named_by_google=True,
    # The name is not known yet: what is left of the path is the collection with a slash at its end.
    create=Call("POST", _OVERRIDE, _FORCE),
    read=Call("GET", f"{_LIMIT}/consumerOverrides/"),
    update=Call("PATCH", _OVERRIDE, _FORCE),
    delete=Call("DELETE", _OVERRIDE, _FORCE),
    operations=True,
    found_in="overrides",
)
