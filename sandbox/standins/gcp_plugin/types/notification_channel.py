"""A notification channel for incidents and budgets."""

from collections.abc import Mapping

from sandbox.standins.gcp_plugin.schema import (
    Call,
    Field,
    Resource,
    Value,
    block,
    deletion_policy,
    flag,
    mapping,
    project,
    text,
)

#: Property → label. Google gives their values out obfuscated only.
_SENSITIVE = {"authToken": "auth_token", "serviceKey": "service_key", "password": "password"}


def _sensitive_fields() -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name in _SENSITIVE:
        fields[name] = text(secret=True)
        fields[f"{name}Wo"] = text(write_only=True, required_with=f"{name}WoVersion")
        fields[f"{name}WoVersion"] = text(required_with=f"{name}Wo")
    return fields


def _merged(body: Value, properties: Mapping[str, Value]) -> Value:
    """The sensitive labels are labels to Google."""
    given = properties.get("sensitiveLabels") or {}
    labels = dict(body["labels"])
    for name, label in _SENSITIVE.items():
        value = given.get(name) or (given.get(f"{name}Wo") if given.get(f"{name}WoVersion") else None)
        if value:
            labels[label] = value
    return {**body, "labels": labels}


def _parted(answer: Value, kept: Mapping[str, Value]) -> Value:
    """Values that Google obfuscates or does not return are kept as in the program."""
    answer = {**answer, "forceDelete": kept.get("forceDelete") or False}
    labels = dict(answer.get("labels", {}))
    if kept.get("sensitiveLabels"):
        labels = {name: value for name, value in labels.items() if name not in _SENSITIVE.values()}
        return {**answer, "labels": labels, "sensitiveLabels": kept["sensitiveLabels"]}
    known = kept.get("labels") or {}
    labels |= {label: known[label] for label in _SENSITIVE.values() if known.get(label)}
    return {**answer, "labels": labels}


def _conflict(plan: Mapping[str, Value]) -> str | None:
    labels, given = plan.get("labels") or {}, plan.get("sensitiveLabels") or {}
    for suffix, spelled in (("", ""), ("WoVersion", "_wo_version")):
        for name, label in _SENSITIVE.items():
            if labels.get(label) and given.get(name + suffix):
                said = f'cannot be set at the same time as label "{label}".'
                return f'Sensitive label "{label}{spelled}" {said}'
    return None


NOTIFICATION_CHANNEL = Resource(
    urn_type="gcp:monitoring/notificationChannel:NotificationChannel",
    service="monitoring",
    title="NotificationChannel",
    long_title="MonitoringNotificationChannel",
    fields={
        # Sent even when empty: that is what the official plugin makes of the sensitive labels beside it.
        "labels": mapping(always_sent=True, to_wire=lambda labels: labels or {}),
        "type": text(required=True),
        "userLabels": mapping(),
        "description": text(),
        "displayName": text(),
        "enabled": flag(default=True, always_sent=True),
        "name": text(output=True, sent=False),
        "verificationStatus": text(output=True, sent=False),
        "sensitiveLabels": block(
            _sensitive_fields(),
            sent=False,
            exactly_one=tuple(f"{name}{suffix}" for name in _SENSITIVE for suffix in ("", "Wo")),
        ),
        "forceDelete": flag(default=False, sent=False),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id="{name}",
    import_ids=("(?P<name>[^/]+/(?P<project>[^/]+)/.+)",),
    named_by_google=True,
    create=Call("POST", "v3/projects/{project}/notificationChannels"),
    read=Call("GET", "v3/{name}"),
    update=Call("PATCH", "v3/{name}"),
    delete=Call("DELETE", "v3/{name}", {"force": "{forceDelete}"}),
    encode=_merged,
    decode=_parted,
    conflict=_conflict,
    one_at_a_time=True,
    retried_conflicts=("too many concurrent edits", "could not fulfill the request"),
)
