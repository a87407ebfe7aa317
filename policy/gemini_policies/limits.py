"""Limits on models, whichever resource sets them, as what lasts of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from gemini_policies.resource import Resource
from gemini_policies.values import at, number
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import BY_METRIC, BY_QUOTA_ID, LimitName, Override
from landing_zone.policies.facts import UNKNOWN, Project, Unknown
from landing_zone.policies.limits import PAID, lasting
from landing_zone.policies.of_settings import tightened
from landing_zone.pricing.exposure import BLOCKED
from landing_zone.settings.costs import LIMIT_FIELDS

_NO_LIMIT: Final = -1


@dataclass(frozen=True)
class Limit:
    """A limit that a resource sets."""

    project: str | Unknown | None
    override: Override | Unknown
    """UNKNOWN: on which model or metric it stands is not known yet."""


def by_model(resource: Resource) -> Iterator[Limit]:
    """A ModelLimit of this project's provider: on the metrics of every tier."""
    model = at(resource.props, "model")
    project = resource.reference("project")
    for name in LIMIT_FIELDS:
        value = number(at(resource.props, name))
        if value is not None:
            for tier in PAID:
                yield Limit(project, _override((name, tier), QUOTA_NAMES.get(model, model), value))


def by_override(resource: Resource) -> Iterator[Limit]:
    """A `gcp.serviceusage.ConsumerQuotaOverride`."""
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
    """A `gcp.cloudquota.SQuotaPreference`."""
    quota = at(resource.props, "quotaId")
    yield from _of_gemini(
        resource,
        UNKNOWN if quota is UNKNOWN else BY_QUOTA_ID.get(str(quota)),
        resource.said("dimensions", "model"),
        number(at(resource.props, "quotaConfig", "preferredValue")),
        resource.reference("parent"),
    )


def limited(project: Project, limits: Iterable[Limit]) -> Project:
    """The project with those of the limits that are its own and last."""
    # One that may be any project's may be this one's.
    own = [limit.override for limit in limits if limit.project is UNKNOWN or limit.project in project.ids]
    known = [override for override in own if override is not UNKNOWN]
    if len(known) < len(own):
        # What is not known may be on what has none.
        return replace(project, limits={}, others=BLOCKED)
    # Of two on the same the higher counts, as the last: which of them is written last is nobody's to say.
    models, others, unpriced = lasting(sorted(known, key=lambda each: (each.value == _NO_LIMIT, each.value)))
    return replace(
        project,
        limits=tightened(models, project.tier_limits),
        others=others,
        unpriced=tuple(unpriced),
    )


def _of_gemini(
    resource: Resource,
    where: tuple[LimitName, str] | Unknown | None,
    model: Any,
    value: int | Unknown | None,
    project: str | Unknown | None,
) -> Iterator[Limit]:
    service = at(resource.props, "service")
    if where is not None and value is not None and service in (GEMINI_API, UNKNOWN):
        yield Limit(project, UNKNOWN if service is UNKNOWN else _override(where, model, value))


def _override(where: tuple[LimitName, str] | Unknown, model: Any, value: int | Unknown) -> Override | Unknown:
    if where is UNKNOWN or model is UNKNOWN:
        return UNKNOWN
    # A limit whose number is not known yet is one: what it is, is judged at the update.
    return Override(*where, model or "", 0 if value is UNKNOWN else value)
