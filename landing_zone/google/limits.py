"""Limits on a model, as Service Usage's consumer overrides: on the metrics of every tier, found by their real names.

An override only lowers what the tier allows. One without a model holds for every model that has none of its own.
Source: Service Usage v1beta1, consumerQuotaMetrics and consumerOverrides.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar, get_args
from urllib.parse import quote

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.quotas import QUOTA_LIMITS, LimitName, QuotaLimit
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json

LIMIT_NAMES: Final[tuple[LimitName, ...]] = get_args(LimitName)
UNLIMITED: Final = 2**63 - 1
_AT_ONCE: Final = 8
"""Calls at a time for one model: Service Usage counts them a minute."""

_T = TypeVar("_T")
_R = TypeVar("_R")


class LimitError(Exception):
    """A limit cannot be set or taken away; says which and what to do."""


@dataclass(frozen=True)
class Held:
    """What holds for a model on one limit of one tier."""

    limit: QuotaLimit
    name: LimitName
    override: str = ""
    """The resource name of the override for exactly this model; empty without one."""
    value: int | None = None
    """That override's."""
    effective: int = 0
    """What counts: the least of the tier's own and the overrides. UNLIMITED is no limit."""
    tier_value: int = UNLIMITED
    """The tier's own, without overrides."""
    models: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Models with an override of their own, by quota name: the override's resource name and its value."""


def read(google: Google, project: str, model: str | None, names: Iterable[LimitName]) -> list[Held]:
    """What holds for a model (by its quota name; None for those without a limit of their own), by tier.

    A metric that the project does not have (yet) is left out. Raises as `Google.call`.
    """
    names = list(names)
    metrics = list(dict.fromkeys(limit.metric for name in names for limit in QUOTA_LIMITS[name]))
    found = dict(zip(metrics, _each(lambda metric: _metric(google, project, metric), metrics), strict=True))
    return held_in(found, model, names)


def held_in(metrics: Mapping[str, Json | None], model: str | None, names: Iterable[LimitName]) -> list[Held]:
    """What holds for a model, as `read` returns it, by metrics that were read already with `view=FULL`."""
    wanted = ((name, limit) for name in names for limit in QUOTA_LIMITS[name])
    held = (_held(metrics.get(limit.metric), name, limit, model) for name, limit in wanted)
    return [one for one in held if one]


def apply(
    google: Google,
    project: str,
    model: str | None,
    values: Mapping[LimitName, int],
    allowed: Collection[str] | None = None,
) -> list[Held]:
    """Set limits on the metrics of every tier, and take away those that `values` lacks; returns what holds then.

    Args:
        google: the client.
        project: its id or number.
        model: by its quota name; None for all models without a limit of their own.
        values: the limits; a name that is left out has none.
        allowed: without a model, the only ones (quota names) that may have more: overrides that open others are
            removed. None leaves all overrides of models alone.

    Raises:
        LimitError: a limit is fixed, the project has none of the metrics, or Google refuses.
        GoogleError: the limits cannot be read.
    """
    before = read(google, project, model, LIMIT_NAMES)
    missing = [name for name in values if not any(held.name == name for held in before)]
    if missing:
        raise LimitError(
            f"project {project} has no quota for {', '.join(missing)}: the Gemini API is not enabled in it, or Google "
            "has renamed the metrics"
        )
    unset = [held for held in before if held.name in values and held.value != target(held, values[held.name])]
    gone = [held for held in before if held.name not in values and held.override]
    if allowed is not None:
        gone += [stray for strays in opened(before, values, allowed).values() for stray in strays]
    _each(lambda held: _set(google, project, model, held, target(held, values[held.name])), unset)
    _each(lambda held: _remove(google, project, held), gone)
    return read(google, project, model, values) if unset or gone else before


def remove(google: Google, project: str, model: str | None) -> None:
    """Take every limit of the model away: the tier's own hold again.

    Raises:
        LimitError: Google refuses.
        GoogleError: the limits cannot be read.
    """
    held = read(google, project, model, LIMIT_NAMES)
    _each(lambda one: _remove(google, project, one), [one for one in held if one.override])


def opened(
    held: Iterable[Held], values: Mapping[LimitName, int], allowed: Collection[str]
) -> dict[str, list[Held]]:
    """Models that are not allowed, and have overrides above the limit of all others: somebody has opened them.

    An override that is no higher opens nothing, and one on a limit that all others lack is not judged.

    Args:
        held: of all other models, as `read` returns it.
        values: the limits of all other models.
        allowed: quota names.

    Returns:
        Quota name → what is held by each such override.
    """
    found: dict[str, list[Held]] = {}
    for one in held:
        for model, (name, value) in one.models.items():
            if one.name in values and model not in allowed and value > target(one, values[one.name]):
                found.setdefault(model, []).append(replace(one, override=name, value=value))
    return found


def fixed(google: Google, project: str) -> dict[LimitName, list[str]]:
    """The limits that Google lets nobody change (`isFixed`), and on which tiers. Raises as `Google.call`."""
    parent = f"projects/{project}/locations/global/services/{GEMINI_API}/quotaInfos"
    listed = list(
        google.pages("cloudquotas", parent, "quotaInfos", query={"pageSize": "1000"}, project=project)
    )

    def info(quota_id: str) -> Json:
        try:
            return google.call("cloudquotas", "GET", f"{parent}/{quota_id}", project=project)
        except GoogleError as error:
            if error.code == 404:
                return {}
            raise

    # The list has the quotas of the tier in force alone.
    known = {limit.quota_id for limits in QUOTA_LIMITS.values() for limit in limits}
    others = known - {one["quotaId"] for one in listed}
    fixed_ones = {
        (one["metric"], one.get("refreshInterval"))
        for one in (*listed, *_each(info, sorted(others)))
        if one.get("isFixed")
    }
    found = {
        name: [limit.tier for limit in limits if (limit.metric, limit.interval) in fixed_ones]
        for name, limits in QUOTA_LIMITS.items()
    }
    return {name: tiers for name, tiers in found.items() if tiers}


def target(held: Held, value: int) -> int:
    """The override to set for a limit of `value`: no more than the tier's own, above which Google takes none.

    It is set all the same: without one of its own, a model would have the limit of all other models.
    """
    return min(value, held.tier_value)


def _path(project: str, metric: str) -> str:
    return f"projects/{project}/services/{GEMINI_API}/consumerQuotaMetrics/{quote(metric, safe='')}"


def _metric(google: Google, project: str, metric: str) -> Json | None:
    try:
        return google.call(
            "serviceusage", "GET", _path(project, metric), query={"view": "FULL"}, project=project
        )
    except GoogleError as error:
        if error.code == 404:
            return None
        raise


def _held(metric: Json | None, name: LimitName, limit: QuotaLimit, model: str | None) -> Held | None:
    for entry in (metric or {}).get("consumerQuotaLimits", []):
        if not is_named(entry, limit.limit):
            continue
        buckets = {
            bucket.get("dimensions", {}).get("model"): bucket for bucket in entry.get("quotaBuckets", [])
        }
        own: Mapping[str, Any] = buckets.get(model, {})
        bucket: Mapping[str, Any] = own or buckets.get(None, {})
        override: Mapping[str, Any] = own.get("consumerOverride", {})
        return Held(
            limit,
            name,
            override=override.get("name", ""),
            value=_number(override.get("overrideValue", "0")) if override else None,
            # A limit of 0 is left out, as every zero is.
            effective=_number(bucket.get("effectiveLimit", "0")) if bucket else UNLIMITED,
            tier_value=_number(bucket.get("defaultLimit", "0")) if bucket else UNLIMITED,
            models={
                name: (
                    each["consumerOverride"]["name"],
                    _number(each["consumerOverride"].get("overrideValue", "0")),
                )
                for name, each in buckets.items()
                if name and "consumerOverride" in each
            },
        )
    return None


def is_named(entry: Mapping[str, Any], limit: str) -> bool:
    """Whether an entry of `consumerQuotaLimits` is the limit of a name, such as `/min/model/project`.

    Names are taken from the listing: the unit has another order, and the project in front is by number.
    """
    return entry["name"].rpartition("/limits/")[2] in (limit, quote(limit, safe=""))


def _number(text: str) -> int:
    return UNLIMITED if text == "-1" else int(text)


def _set(google: Google, project: str, model: str | None, held: Held, value: int) -> None:
    body = {"overrideValue": str(value), **({"dimensions": {"model": model}} if model else {})}
    if held.override:
        method, path = "PATCH", held.override
    else:
        method = "POST"
        path = (
            f"{_path(project, held.limit.metric)}/limits/{quote(held.limit.limit, safe='')}/consumerOverrides"
        )
    try:
        # One that was set by a call whose answer was lost is there at the second call, and is looked for below.
        operation = google.call(
            "serviceusage",
            method,
            path,
            body=body,
            query={"force": "true"},
            project=project,
            repeatable=True,
        )
        google.finished("serviceusage", operation, project=project)
    except GoogleError as error:
        if error.code == 409 and not held.override:
            # A run that was killed set it between the reading and now.
            again = next(
                (
                    one
                    for one in read(google, project, model, [held.name])
                    if one.limit == held.limit and one.override
                ),
                None,
            )
            if again:
                _set(google, project, model, again, value)
                return
        what = f"{held.name} of {model or 'all other models'} on tier {held.limit.tier}"
        raise LimitError(f"{what}: {error.with_remedy}") from error


def _remove(google: Google, project: str, held: Held) -> None:
    try:
        operation = google.call(
            "serviceusage", "DELETE", held.override, query={"force": "true"}, project=project
        )
        google.finished("serviceusage", operation, project=project)
    except GoogleError as error:
        if error.code != 404:
            what = f"{held.name} on tier {held.limit.tier} stays as it is"
            raise LimitError(f"{what}: {error.with_remedy}") from error


def _each(work: Callable[[_T], _R], items: list[_T]) -> list[_R]:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(work, items))
