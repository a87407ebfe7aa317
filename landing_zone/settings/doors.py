"""Ways to spend that a project's settings leave open to its callers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.methods import CALLS, CREATES_CACHES, any_key_calls
from landing_zone.gemini.quotas import BY_METRIC, IN_PRIORITY, METRICS
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.open_ways import OpenWay, open_ways
from landing_zone.settings.limits_in_force import LimitsInForce
from landing_zone.settings.types import ProjectSettings, QuotaSettings

_GROUPS: Final = {"embeddings": "embed", "images": "images", "videos": "video"}
"""What a metric counts -> the group of methods that it counts."""


def priced_doors(project: ProjectSettings) -> Doors:
    """Doors with a price that a project's keys and quotas leave open, and the assumed queries per request.

    A caller with IAM rights on the project needs no key: it is assumed that none abuses them.
    """
    caches = any_key_calls((key.methods for key in project.keys.values()), CREATES_CACHES)
    priority = any(counts == IN_PRIORITY for _, counts, _ in _opening(project))
    return Doors(caches=caches, queries=project.searches_per_request, priority=priority)


def doors_of(project: ProjectSettings, in_force: LimitsInForce) -> Doors:
    """All doors that a project's settings leave open; on the free tier, nothing is charged."""
    found = priced_doors(project)
    if project.tier == "free":
        return found
    keys = {name: key.methods for name, key in project.keys.items()}
    ways = (*open_ways(keys, in_force.models, in_force.others, in_force.unpriced), *_quotas(project))
    return replace(found, unbounded=ways)


def _quotas(project: ProjectSettings) -> Iterator[OpenWay]:
    """Overrides under `quotas` by which models can be called that have no price here, although others are denied."""
    keys = [key.methods for key in project.keys.values()]
    for name, counts, quota in _opening(project):
        group = _GROUPS.get(counts)
        if counts == IN_PRIORITY or (group and not any_key_calls(keys, CALLS[group])):
            continue
        yield OpenWay(
            f"quotas.{name}: it opens {counts or quota.metric} of {quota.quota_model or 'every model'}, which have no "
            "price here",
            f"take quotas.{name} out, or write value: 0"
            + (f", or leave {group} out of the methods of each key" if group else ""),
        )


def _opening(project: ProjectSettings) -> Iterator[tuple[str, str, QuotaSettings]]:
    """Overrides above 0 on metrics that `others: deny` sets to 0: name, what the metric counts, and the setting."""
    for name, quota in project.quotas.items():
        metric, limit = quota.metric or "", quota.limit or ""
        opens = quota.service == GEMINI_API and quota.value and "model" in limit
        if opens and (metric, limit) not in BY_METRIC:
            yield name, METRICS.get(metric.removeprefix(f"{GEMINI_API}/"), ""), quota
