"""A way to tell people of an incident or a budget."""

from sandbox.standins.provider.schema import (
    Call,
    Resource,
    block,
    deletion_policy,
    flag,
    mapping,
    project,
    text,
)

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
        # Channels that need a password are not for this stand-in; the property is known to be absent.
        "sensitiveLabels": block({}, sent=False, read=False),
        "forceDelete": flag(default=False, sent=False, read=False),
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
    one_at_a_time=True,
    retried_conflicts=("too many concurrent edits", "could not fulfill the request"),
)
