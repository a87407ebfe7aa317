"""Limits on models from every type of resource that sets them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from gemini_policies.declared import Resource
from gemini_policies.values import at, number
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED, DENY, LIMIT_NAMES, OTHERS, Limits, WantedLimits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import BY_METRIC, BY_QUOTA_ID, LimitName, Override
from landing_zone.policies.facts import UNKNOWN, Project, Unknown
from landing_zone.settings.limits_in_force import in_force, opened, overrides_of

_NO_LIMIT: Final = -1


@dataclass(frozen=True)
class Limit:
    """A limit from a resource."""

    project: str | Unknown | None
    override: Override | Unknown
    """UNKNOWN if its model or metric is not known yet."""
    asked: bool = False
    """True for a quota preference, which replaces the tier's limit and is no override."""
    everywhere: bool = False
    """True for one of a ProjectLimits that denies all other models, on every metric that counts models."""


def by_project(resource: Resource) -> Iterator[Limit]:
    """Limits of a ProjectLimits of this project's provider, on the metrics of every tier."""
    project = resource.reference("project")
    found = at(resource.props, "limits")
    elsewhere = at(resource.props, "elsewhere") or []
    others = at(resource.props, "others")
    if UNKNOWN in (found, others, elsewhere) or UNKNOWN in (found or {}).values():
        # Any model may be among them, and be open although all others are denied.
        yield Limit(project, UNKNOWN)
        return
    limits = {model: _limits(each) for model, each in (found or {}).items()}
    if others is not None:
        limits[OTHERS] = _limits(others)
    known = {
        (BY_METRIC.get((str(at(each, "metric")), str(at(each, "limit")))), at(each, "model") or "")
        for each in elsewhere
    }
    taken = {(*where, QUOTA_NAMES.get(model, model)) for where, model in known if where}
    wanted = WantedLimits.of(limits, opened(Override(*each, 0) for each in taken))
    for override in overrides_of(wanted):
        if (override.limit, override.tier, override.model) not in taken:
            yield Limit(project, override, everywhere=wanted.denies)


def _limits(values: Any) -> Limits:
    """Limits from a property. An unknown number is no limit."""
    if values == DENY:
        return BLOCKED
    numbers = {name: number(at(values, name)) for name in LIMIT_NAMES}
    return Limits.of({name: max(value, 0) for name, value in numbers.items() if isinstance(value, int)})


def by_override(resource: Resource) -> Iterator[Limit]:
    """The limit of a `gcp.serviceusage.ConsumerQuotaOverride`."""
    metric, limit = at(resource.props, "metric"), at(resource.props, "limit")
    known = BY_METRIC.get((unquote(str(metric)), unquote(str(limit))))
    yield from _of_gemini(
        resource,
        UNKNOWN if UNKNOWN in (metric, limit) else known,
        at(resource.props, "dimensions", "model"),
        number(at(resource.props, "overrideValue")),
        resource.reference("project"),
    )


def by_preference(resource: Resource) -> Iterator[Limit]:
    """The limit of a `gcp.cloudquota.SQuotaPreference`."""
    quota = at(resource.props, "quotaId")
    yield from _of_gemini(
        resource,
        UNKNOWN if quota is UNKNOWN else BY_QUOTA_ID.get(str(quota)),
        resource.value("dimensions", "model"),
        number(at(resource.props, "quotaConfig", "preferredValue")),
        resource.reference("parent"),
        asked=True,
    )


def limited(project: Project, limits: Iterable[Limit]) -> Project:
    """The project with the limits that apply to it on every tier."""
    every = list(limits)
    own = [limit for asked in (False, True) for limit in _own(project, every, asked=asked)]
    found = in_force(
        _highest_last(limit for limit in own if not limit.asked),
        _highest_last(limit for limit in own if limit.asked),
        project.tier_limits,
    )
    # Overrides of a program's own are on the metrics of content: Priority, embeddings and videos have others.
    open_metrics = found.others == BLOCKED and not any(limit.everywhere for limit in own)
    doors = replace(project.doors, priority=project.doors.priority or open_metrics, content_only=open_metrics)
    return replace(project, limits=found.models, others=found.others, unpriced=found.unpriced, doors=doors)


def _own(project: Project, limits: Iterable[Limit], *, asked: bool) -> list[Limit]:
    """The limits of a project. None, if only the update will know what another one is on: it may raise each of them."""
    own = [limit for limit in limits if limit.asked == asked and limit.project in (UNKNOWN, *project.ids)]
    return [] if any(UNKNOWN in (limit.project, limit.override) for limit in own) else own


def _highest_last(limits: Iterable[Limit]) -> list[Override]:
    """Sort by value: of two limits on the same metric the last counts, and their order at Google is unknown."""
    known = [limit.override for limit in limits if isinstance(limit.override, Override)]
    return sorted(known, key=lambda each: (each.value == _NO_LIMIT, each.value))


def _of_gemini(
    resource: Resource,
    where: tuple[LimitName, str] | Unknown | None,
    model: Any,
    value: int | Unknown | None,
    project: str | Unknown | None,
    *,
    asked: bool = False,
) -> Iterator[Limit]:
    service = at(resource.props, "service")
    if where is not None and value is not None and service in (GEMINI_API, UNKNOWN):
        yield Limit(project, UNKNOWN if service is UNKNOWN else _override(where, model, value), asked)


def _override(where: tuple[LimitName, str] | Unknown, model: Any, value: int | Unknown) -> Override | Unknown:
    if isinstance(where, Unknown) or model is UNKNOWN or isinstance(value, Unknown):
        return UNKNOWN
    return Override(*where, model or "", value)
