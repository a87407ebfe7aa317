"""Enabled services and quota overrides: state and Google's rules for them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.core import late
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    error_info,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    precondition_failure,
)
from sandbox.cloud.core.late import When
from sandbox.cloud.core.store import Store
from sandbox.cloud.serviceusage.catalogue import ENABLED_AT_BIRTH, NEEDS_BILLING, TITLES, Limit

SCHEMA = """
CREATE TABLE enabled_services (
    project TEXT NOT NULL,
    service TEXT NOT NULL,
    refusals_left INTEGER NOT NULL,
    usable_from REAL NOT NULL,
    PRIMARY KEY (project, service)
) WITHOUT ROWID;
CREATE TABLE quota_overrides (
    project TEXT NOT NULL,
    metric TEXT NOT NULL,
    limit_name TEXT NOT NULL,
    id TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (project, metric, limit_name, id)
) WITHOUT ROWID;
"""
_DOMAIN = "serviceusage.googleapis.com"


@dataclass(frozen=True, slots=True)
class Override:
    """A consumer override; `dimensions` is empty for one that holds for all buckets without their own."""

    id: str
    dimensions: dict[str, str]
    value: int


def enable_at_birth(store: Store, project: str) -> None:
    """Enable the services that Google enables in every new project."""
    for service in ENABLED_AT_BIRTH:
        _enable(store, project, service, refusals=0, usable_from=0)


def is_enabled(store: Store, project: str, service: str) -> bool:
    """True if a project (by number) has a service enabled."""
    return (
        store.row("SELECT 1 FROM enabled_services WHERE project = ? AND service = ?", project, service)
        is not None
    )


def enabled(store: Store, project: str) -> set[str]:
    """The services that a project (by number) has enabled."""
    return {
        row["service"]
        for row in store.rows("SELECT service FROM enabled_services WHERE project = ?", project)
    }


def enable(store: Store, project: str, services: list[str], usable_from: datetime | None = None) -> None:
    """Enable services; those that are enabled already stay so.

    Args:
        store: the state.
        project: its number.
        services: their names.
        usable_from: until then, calls of them are refused as if they were not enabled; None for at once.

    Raises:
        CloudError: 403 for a name that is no service, 400 for one that needs billing in a project without.
    """
    require_known(services)
    unpaid = [
        service
        for service in services
        if service in NEEDS_BILLING and not is_enabled(store, project, service)
    ]
    if unpaid and not billing.is_enabled(store, project):
        raise failed_precondition(
            f"Billing account for project '{project}' is not found. Billing must be enabled for activation of "
            f"service(s) '{','.join(unpaid)}' to proceed.",
            [
                precondition_failure(
                    "googleapis.com/billing-enabled",
                    f"?error_code=390001&project={project}&services={','.join(unpaid)}",
                ),
                error_info(
                    "UREQ_PROJECT_BILLING_NOT_FOUND",
                    "serviceusage.googleapis.com/billing-enabled",
                    {"project": project, "services": ",".join(unpaid)},
                ),
            ],
        )
    begin = usable_from.timestamp() if usable_from is not None else 0
    for service in services:
        _enable(store, project, service, store.enablement_polls, begin)


def disable(store: Store, project: str, service: str) -> None:
    """Disable a service.

    Raises:
        CloudError: 403 for a name that is no service, 400 when it is not enabled.
    """
    require_known([service])
    if not store.run("DELETE FROM enabled_services WHERE project = ? AND service = ?", project, service):
        raise failed_precondition(f"Service {service} is not enabled for consumer projects/{project}.")


def require_known(services: list[str]) -> None:
    """Check that every name is a service's.

    Raises:
        CloudError: 403 PERMISSION_DENIED, for unknown and forbidden services alike.
    """
    unknown = [service for service in services if service not in TITLES]
    if unknown:
        names = ",".join(unknown)
        raise permission_denied(
            f"Not found or permission denied for service(s): {names}.",
            [
                precondition_failure("googleapis.com", f"?error_code=220002&services={names}"),
                error_info("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", _DOMAIN, {"services": names}),
            ],
        )


def overrides(store: Store, project: str, limit: Limit) -> list[Override]:
    """The overrides on a limit in a project, by id."""
    rows = store.rows(
        "SELECT id, dimensions, value FROM quota_overrides WHERE project = ? AND metric = ? AND limit_name = ? "
        "ORDER BY id",
        project,
        limit.metric,
        limit.name,
    )
    return [Override(row["id"], json.loads(row["dimensions"]), row["value"]) for row in rows]


def overrides_in_force(store: Store, project: str, limit: Limit, now: datetime) -> list[Override]:
    """The overrides on a limit that are in force, which may be others than those that are set."""
    found = {_text(each.dimensions): each.value for each in overrides(store, project, limit)}
    kept = late.in_force(store, _subject(project, limit), now, found)
    return [Override("", json.loads(dimensions), value) for dimensions, value in kept.items()]


def effective(value: int, found: Sequence[Override], model: str | None) -> int:
    """A limit's `value` for a model after overrides: the one for the model counts, else the one for all."""
    own = [override.value for override in found if model and override.dimensions == {"model": model}]
    general = [override.value for override in found if not override.dimensions]
    return min([value, *(own or general)])


def dimensions_of(model: str | None) -> str:
    """The dimensions of an override or a preference, as they are stored: of a model, or of all."""
    return json.dumps({"model": model}) if model else "{}"


def overridden(store: Store, project: str, limit: Limit, dimensions: str, now: datetime) -> int | None:
    """What an override in force allows for dimensions, as they are stored: theirs, else the one for all; None without
    either."""
    rows = store.rows(
        "SELECT dimensions, value FROM quota_overrides "
        "WHERE project = ? AND metric = ? AND limit_name = ? AND dimensions IN (?, '{}')",
        project,
        limit.metric,
        limit.name,
        dimensions,
    )
    found: Mapping[str, int] = {row["dimensions"]: row["value"] for row in rows}
    found = late.in_force(store, _subject(project, limit), now, found)
    return found.get(dimensions, found.get("{}"))


def add_override(
    store: Store,
    project: str,
    limit: Limit,
    dimensions: dict[str, str],
    value: int,
    force: bool,
    when: When | None = None,
) -> Override:
    """Create an override; `when`: when it is in force, None for at once.

    Raises:
        CloudError: 400 for a bad value or dimension, a fixed limit, or a lowering that wants force; 409 when there is
            one with these dimensions.
    """
    _check_dimensions(limit, dimensions)
    _check_value(store, project, limit, dimensions, value, force)
    if any(override.dimensions == dimensions for override in overrides(store, project, limit)):
        raise already_exists("A consumer override with these dimensions exists.")
    return _write(store, project, limit, dimensions, value, when)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An override to import."""

    limit: Limit
    dimensions: dict[str, str]
    value: int


def import_overrides(
    store: Store, project: str, wanted: Sequence[Wanted], force: bool, when: When
) -> list[tuple[Limit, Override]]:
    """Create or update overrides: all, or none.

    Raises:
        CloudError: 400 for a bad value or dimension, or two for the same; FAILED_PRECONDITION, with the limit of each
            one that is refused, for fixed limits, values that are too high, and lowerings that want force.
    """
    details: list[JsonObject] = []
    words = []
    seen = set()
    for each in wanted:
        _check_dimensions(each.limit, each.dimensions)
        where = (each.limit.quota_id, json.dumps(each.dimensions, sort_keys=True))
        if where in seen:
            raise invalid_argument(
                "Two overrides for the same limit and dimensions.", "inline_source.overrides"
            )
        seen.add(where)
        try:
            _check_value(store, project, each.limit, each.dimensions, each.value, force)
        except CloudError as error:
            if error.status != "FAILED_PRECONDITION":
                raise
            details += [detail for detail in error.details if detail not in details]
            words.append(error.message)
    if details:
        raise failed_precondition("; ".join(dict.fromkeys(words)), details)
    return [
        (each.limit, _write(store, project, each.limit, each.dimensions, each.value, when)) for each in wanted
    ]


def _check_dimensions(limit: Limit, dimensions: dict[str, str]) -> None:
    if dimensions.keys() - {"model"} or not all(dimensions.values()):
        raise invalid_argument(
            f"Dimensions {json.dumps(dimensions)} do not fit the limit {limit.unit}.", "dimensions"
        )


def _write(
    store: Store, project: str, limit: Limit, dimensions: dict[str, str], value: int, when: When | None
) -> Override:
    text = _text(dimensions)
    # Google's ids are encoded messages as well: one with dimensions is longer than one without.
    identifier = (
        urlsafe_b64encode(b"\n\rQuotaOverride" + (text.encode() if dimensions else b"")).decode().rstrip("=")
    )
    before = next((each for each in overrides(store, project, limit) if each.dimensions == dimensions), None)
    late.change(store, _subject(project, limit), text, when, before and before.value)
    store.run(
        "INSERT OR REPLACE INTO quota_overrides VALUES (?, ?, ?, ?, ?, ?)",
        project,
        limit.metric,
        limit.name,
        identifier,
        text,
        value,
    )
    return Override(identifier, dimensions, value)


def change_override(
    store: Store, project: str, limit: Limit, identifier: str, value: int, force: bool, when: When
) -> Override:
    """Set an override's value.

    Raises:
        CloudError: 404, or 400 as for a new one.
    """
    override = find_override(store, project, limit, identifier)
    _check_value(store, project, limit, override.dimensions, value, force)
    return _write(store, project, limit, override.dimensions, value, when)


def remove_override(store: Store, project: str, limit: Limit, identifier: str, when: When) -> None:
    """Take an override away: the tier's own limit holds again.

    Raises:
        CloudError: 404.
    """
    override = find_override(store, project, limit, identifier)
    late.change(store, _subject(project, limit), _text(override.dimensions), when, override.value)
    store.run(
        "DELETE FROM quota_overrides WHERE project = ? AND metric = ? AND limit_name = ? AND id = ?",
        project,
        limit.metric,
        limit.name,
        identifier,
    )


def find_override(store: Store, project: str, limit: Limit, identifier: str) -> Override:
    """An override by its id.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    for override in overrides(store, project, limit):
        if override.id == identifier:
            return override
    raise not_found("Consumer override not found.")


def is_fixed(store: Store, limit: Limit) -> bool:
    """True if a limit cannot be changed."""
    return limit.fixed or limit.quota_id in store.fixed_quotas


def _text(dimensions: dict[str, str]) -> str:
    return json.dumps(dimensions, sort_keys=True)


def _subject(project: str, limit: Limit) -> str:
    """What `core.late` calls the overrides on a limit."""
    return f"overrides/{project}/{limit.metric}{limit.name}"


def _enable(store: Store, project: str, service: str, refusals: int, usable_from: float) -> None:
    values = (project, service, refusals, usable_from)
    store.run("INSERT OR IGNORE INTO enabled_services VALUES (?, ?, ?, ?)", *values)


def _check_value(
    store: Store, project: str, limit: Limit, dimensions: dict[str, str], value: int, force: bool
) -> None:
    model = dimensions.get("model")
    if is_fixed(store, limit):
        raise _refused("COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT", limit, "The limit is fixed.")
    if value < -1:
        raise invalid_argument("An override value must be -1 (unlimited) or more.", "override_value")
    if value == -1 or value > limit.value(model):
        raise _refused(
            "COMMON_QUOTA_CONSUMER_OVERRIDE_TOO_HIGH",
            limit,
            f"The override is above {limit.value(model)}, the limit.",
        )
    now = effective(limit.value(model), overrides(store, project, limit), model)
    if not force and value < now * 9 // 10:
        raise _refused(
            "COMMON_QUOTA_CONSUMER_OVERRIDE_DECREASE_TOO_LARGE",
            limit,
            "The override lowers the limit by more than 10 percent; set force to confirm.",
        )


def _refused(reason: str, limit: Limit, text: str) -> CloudError:
    subject = f"?error_code={reason}&metric={limit.metric}&limit={limit.unit}"
    details: list[JsonObject] = [
        precondition_failure("googleapis.com", subject, text),
        error_info(reason, _DOMAIN, {"quota_metric": limit.metric, "quota_limit": limit.name}),
    ]
    return failed_precondition(f"{text} {reason}", details)
