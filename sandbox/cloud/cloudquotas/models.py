"""Quota preferences: state and Google's rules for them. The quotas themselves are Service Usage's."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox.cloud.core import late
from sandbox.cloud.core.errors import (
    already_exists,
    error_info,
    failed_precondition,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.late import When
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.serviceusage import models as usage
from sandbox.cloud.serviceusage.catalogue import LIMITS, UNLIMITED, Limit

SCHEMA = """
CREATE TABLE quota_preferences (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    service TEXT NOT NULL,
    quota_id TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    preferred INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    reconciling INTEGER NOT NULL,
    justification TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
"""
BELOW_USAGE = "QUOTA_DECREASE_BELOW_USAGE"
TOO_HIGH = "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"
#: What Google grants without asking a person, as a multiple of the tier's own value.
_GRANTED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Preference:
    """A quota preference. While `reconciling`, `granted` is what held before."""

    project: str
    id: str
    service: str
    quota_id: str
    dimensions: dict[str, str]
    preferred: int
    granted: int
    reconciling: bool
    justification: str
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Wish:
    """The value that a request asks for."""

    preferred: int
    justification: str
    contact: str
    ignored_checks: frozenset[str]


def find_limit(service: str, quota_id: str) -> Limit:
    """The quota of an id.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    for limit in LIMITS:
        if limit.quota_id == quota_id and limit.metric.startswith(f"{service}/"):
            return limit
    raise not_found(f"Quota {quota_id} of service {service} was not found.")


def value(store: Store, project: str, limit: Limit, model: str | None, now: datetime) -> int:
    """The value in force for a model: a preference's grant, else the tier's own; at most what an override allows."""
    return values(store, project, [limit], model, now)[0]


def values(
    store: Store, project: str, limits: Sequence[Limit], model: str | None, now: datetime
) -> list[int]:
    """The values in force of several limits for a model."""
    dimensions = usage.dimensions_of(model)
    rows = store.rows(
        "SELECT quota_id, dimensions, granted FROM quota_preferences WHERE project = ?", project
    )
    granted: Mapping[str, int] = {
        row["quota_id"]: row["granted"] for row in rows if row["dimensions"] == dimensions
    }
    granted = late.in_force(store, _subject(project, dimensions), now, granted)
    found = []
    for limit in limits:
        own = granted.get(limit.quota_id, limit.value(model))
        most = usage.overridden(store, project, limit, dimensions, now)
        own = UNLIMITED if own == -1 else own
        found.append(own if most is None else min(own, most))
    return found


def as_in_force(store: Store, preference: Preference, now: datetime) -> Preference:
    """A preference as Google shows it: while its value is not in force, `granted` is what is."""
    subject = _subject(preference.project, json.dumps(preference.dimensions, sort_keys=True))
    found = late.in_force(store, subject, now, {preference.quota_id: preference.granted})
    granted = found.get(preference.quota_id)
    if granted == preference.granted:
        return preference
    if granted is None:
        limit = find_limit(preference.service, preference.quota_id)
        granted = limit.value(preference.dimensions.get("model"))
    return replace(preference, granted=granted, reconciling=True)


def of_project(store: Store, project: str) -> list[Preference]:
    """The preferences of a project (by number), by id."""
    return [
        _read(row)
        for row in store.rows("SELECT * FROM quota_preferences WHERE project = ? ORDER BY id", project)
    ]


def find(store: Store, project: str, identifier: str) -> Preference:
    """A preference by its id.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT * FROM quota_preferences WHERE project = ? AND id = ?", project, identifier)
    if row is None:
        raise not_found(f"Quota preference {identifier} was not found.")
    return _read(row)


def create(
    store: Store,
    when: When,
    project: str,
    identifier: str,
    service: str,
    quota_id: str,
    dimensions: dict[str, str],
    wish: Wish,
) -> Preference:
    """Create a preference.

    Raises:
        CloudError: 400 for a bad value or dimension, a fixed quota or an unsafe lowering; 404 for an unknown quota;
            409 when the id or the quota with these dimensions has one.
    """
    limit = find_limit(service, quota_id)
    if dimensions.keys() - {"model"} or not all(dimensions.values()):
        raise invalid_argument(
            f"Quota {quota_id} takes the dimension model alone.", "quota_preference.dimensions"
        )
    for other in of_project(store, project):
        if other.id == identifier or (other.quota_id == quota_id and other.dimensions == dimensions):
            raise already_exists(f"Quota preference {other.id} for this quota and these dimensions exists.")
    stamp = rfc3339(when.now)
    preference = Preference(
        project,
        identifier,
        service,
        quota_id,
        dimensions,
        wish.preferred,
        0,
        False,
        wish.justification,
        stamp,
        stamp,
    )
    return _granted(store, when, preference, limit, wish, before=None)


def change(store: Store, when: When, preference: Preference, wish: Wish) -> Preference:
    """Set a preference's value.

    Raises:
        CloudError: 400 as for a new one.
    """
    limit = find_limit(preference.service, preference.quota_id)
    return _granted(store, when, preference, limit, wish, before=preference.granted)


def _subject(project: str, dimensions: str) -> str:
    """What `core.late` calls the preferences of a project for dimensions, as they are stored; its parts are quotas."""
    return f"preferences/{project}/{dimensions}"


def _granted(
    store: Store, when: When, preference: Preference, limit: Limit, wish: Wish, *, before: int | None
) -> Preference:
    """`before`: what the preference had before."""
    model = preference.dimensions.get("model")
    own, current = limit.value(model), value(store, preference.project, limit, model, when.now)
    if usage.is_fixed(store, limit):
        raise failed_precondition(
            f"Quota {limit.quota_id} is fixed and cannot be changed.",
            [error_info("QUOTA_IS_FIXED", "cloudquotas.googleapis.com", {"quotaId": limit.quota_id})],
        )
    if wish.preferred < -1:
        raise invalid_argument(
            "A preferred value must be -1 (unlimited) or more.",
            "quota_preference.quota_config.preferred_value",
        )
    wanted = UNLIMITED if wish.preferred == -1 else wish.preferred
    if wanted > current and wanted > own and not wish.contact:
        raise invalid_argument(
            "A contact email is needed to raise a quota.", "quota_preference.contact_email"
        )
    if wanted < current * 9 // 10 and TOO_HIGH not in wish.ignored_checks:
        raise failed_precondition(
            "The quota would be lowered by more than 10 percent.",
            [error_info(TOO_HIGH, "cloudquotas.googleapis.com", {"quotaId": limit.quota_id})],
        )
    at_once = wanted <= own * _GRANTED_AT_ONCE
    changed = Preference(
        preference.project,
        preference.id,
        preference.service,
        preference.quota_id,
        preference.dimensions,
        wish.preferred,
        wish.preferred if at_once else current,
        not at_once,
        wish.justification,
        preference.created,
        rfc3339(when.now),
    )
    late.change(store, _subject(preference.project, usage.dimensions_of(model)), limit.quota_id, when, before)
    store.run(
        "INSERT OR REPLACE INTO quota_preferences VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(
            json.dumps(changed.dimensions, sort_keys=True) if name == "dimensions" else getattr(changed, name)
            for name in Preference.__slots__
        ),
    )
    return changed


def _read(row: sqlite3.Row) -> Preference:
    values = dict(row)
    return Preference(
        **{
            **values,
            "dimensions": json.loads(values["dimensions"]),
            "reconciling": bool(values["reconciling"]),
        }
    )
