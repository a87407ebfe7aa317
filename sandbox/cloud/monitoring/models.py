"""Notification channels, alert policies and dashboards: state and Google's rules for them."""

import json
import re
from datetime import datetime

from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE monitoring (
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, kind, id)
) WITHOUT ROWID;
"""
CHANNELS = "notificationChannels"
POLICIES = "alertPolicies"
DASHBOARDS = "dashboards"

#: Channel type → the labels it must have, and those it may hold in secret.
_CHANNEL_LABELS = {
    "email": ({"email_address"}, set[str]()),
    "pagerduty": (set[str](), {"service_key"}),
    "pubsub": ({"topic"}, set[str]()),
    "slack": ({"channel_name"}, {"auth_token"}),
    "sms": ({"number"}, set[str]()),
    "webhook_basicauth": ({"url", "username"}, {"password"}),
    "webhook_tokenauth": ({"url"}, set[str]()),
}
_SECRET_LABELS = frozenset[str]().union(*(secret for _, secret in _CHANNEL_LABELS.values()))
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MAX_CONDITIONS = 6
_CONDITIONS = frozenset(
    {
        "conditionThreshold",
        "conditionAbsent",
        "conditionMatchedLog",
        "conditionMonitoringQueryLanguage",
        "conditionPrometheusQueryLanguage",
        "conditionSql",
    }
)


def listed(store: Store, project: str, kind: str) -> list[JsonObject]:
    """All of a kind in a project, by id, each with its `id`."""
    rows = store.rows(
        "SELECT id, body FROM monitoring WHERE project = ? AND kind = ? ORDER BY id", project, kind
    )
    return [{"id": row["id"], **json.loads(row["body"])} for row in rows]


def find(store: Store, project: str, kind: str, identifier: str) -> JsonObject:
    """One of a kind, as it was saved.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row(
        "SELECT body FROM monitoring WHERE project = ? AND kind = ? AND id = ?", project, kind, identifier
    )
    if row is None:
        raise not_found(f"{kind}/{identifier} was not found.")
    body: JsonObject = json.loads(row["body"])
    return body


def save(store: Store, project: str, kind: str, identifier: str, body: JsonObject) -> None:
    """Create or replace one of a kind."""
    store.run(
        "INSERT OR REPLACE INTO monitoring VALUES (?, ?, ?, ?)", project, kind, identifier, json.dumps(body)
    )


def new_id(store: Store) -> str:
    """An id as Google gives them: digits."""
    return str(1_000_000_000_000_000_000 + store.next_value("monitoring") * 104_729)


def delete(store: Store, project: str, kind: str, identifier: str) -> None:
    """Delete one of a kind.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    find(store, project, kind, identifier)
    store.run("DELETE FROM monitoring WHERE project = ? AND kind = ? AND id = ?", project, kind, identifier)


def release_channel(store: Store, project: str, name: str, *, force: bool) -> None:
    """Before a channel goes: take it out of the policies that name it, when forced.

    Raises:
        CloudError: 400 FAILED_PRECONDITION when a policy names it and force is not given.
    """
    for policy in listed(store, project, POLICIES):
        channels = policy.get("notificationChannels", [])
        if name not in channels:
            continue
        if not force:
            raise failed_precondition(
                f"Cannot delete notification channel {name}: it is used by the alerting policy {policy['name']}."
            )
        identifier = policy.pop("id")
        policy["notificationChannels"] = [channel for channel in channels if channel != name]
        save(store, project, POLICIES, identifier, policy)


def check_channel(channel: JsonObject) -> None:
    """Google's rules for a channel.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    kind, labels = channel.get("type", ""), channel.get("labels", {})
    if kind not in _CHANNEL_LABELS:
        raise invalid_argument(f"Field 'type' has an invalid value of \"{kind}\": Unrecognized channel type.")
    needed, secret = _CHANNEL_LABELS[kind]
    if missing := needed - labels.keys():
        raise invalid_argument(
            f"Field 'labels' is missing the label {min(missing)!r} of a channel of type {kind}."
        )
    if unknown := labels.keys() - needed - secret:
        raise invalid_argument(
            f"Field 'labels' has the label {min(unknown)!r}, which type {kind} does not have."
        )
    if kind == "email" and not _EMAIL.fullmatch(labels["email_address"]):
        raise invalid_argument(
            f"Field 'labels[email_address]' has an invalid value of \"{labels['email_address']}\"."
        )
    if len(channel.get("displayName", "")) > 512:
        raise invalid_argument("Field 'displayName' has more than 512 characters.")


def shown_channel(channel: JsonObject) -> JsonObject:
    """A channel without what it holds in secret: Google never gives that out again."""
    labels = channel.get("labels", {})
    obfuscated = {name: "*" * 8 if name in _SECRET_LABELS else value for name, value in labels.items()}
    return {**channel, "labels": obfuscated}


def check_policy(store: Store, project: str, policy: JsonObject) -> None:
    """Google's rules for an alert policy.

    Raises:
        CloudError: 400 INVALID_ARGUMENT; 404 for a channel that is not there.
    """
    if not policy.get("displayName"):
        raise invalid_argument("Field 'displayName' must be set.")
    if policy.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED":
        raise invalid_argument("Field 'combiner' must be set.")
    conditions = policy.get("conditions", [])
    if not 1 <= len(conditions) <= _MAX_CONDITIONS:
        raise invalid_argument(f"Field 'conditions' must have 1 to {_MAX_CONDITIONS} entries.")
    for index, condition in enumerate(conditions):
        if not condition.get("displayName"):
            raise invalid_argument(f"Field 'conditions[{index}].displayName' must be set.")
        if len(condition.keys() & _CONDITIONS) != 1:
            raise invalid_argument(f"Field 'conditions[{index}]' must have one condition.")
        _check_threshold(condition.get("conditionThreshold"), f"conditions[{index}].condition_threshold")
    for name in policy.get("notificationChannels", []):
        parts = name.split("/")
        if len(parts) != 4 or parts[0] != "projects" or parts[2] != CHANNELS:
            raise invalid_argument(f"Field 'notificationChannels' has an invalid value of \"{name}\".")
        find(store, project, CHANNELS, parts[3])


def _check_threshold(threshold: JsonObject | None, field: str) -> None:
    if threshold is None:
        return
    if "comparison" not in threshold:
        raise invalid_argument(f"Field '{field}.comparison' must be set.")
    if "duration" not in threshold:
        raise invalid_argument(f"Field '{field}.duration' must be set.")
    for name in ("filter", "denominatorFilter"):
        text = threshold.get(name, "")
        if name == "denominatorFilter" and not text:
            continue
        for word in ("metric.type", "resource.type"):
            if word not in text:
                raise invalid_argument(
                    f"Field '{field}.{name}' had an invalid value of \"{text}\": "
                    f'must specify a restriction on "{word}".'
                )


def stamp(now: datetime) -> JsonObject:
    """A MutationRecord."""
    return {"mutateTime": rfc3339(now), "mutatedBy": "local@example.com"}
