"""A project's limits on models, as Service Usage's consumer overrides: list them, set them in one call, remove them.

An override only lowers what the tier allows. One without a model applies to every model that has none of its own on
that limit. Metrics, limits and units are those of the listing.
Source: Service Usage v1beta1, consumerQuotaMetrics, importConsumerOverrides and consumerOverrides.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, quote, unquote

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import DENY, LIMIT_NAMES, OTHERS, UNLIMITED, WantedLimits
from landing_zone.gemini.models import MODELS, counter_of
from landing_zone.gemini.quotas import (
    BY_METRIC,
    IN_PRIORITY,
    METRICS,
    OTHER_METRICS,
    LimitName,
    embeddings_limit,
)
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json
from landing_zone.google.tiers import quota_infos

_AT_ONCE: Final = 8
"""Concurrent calls: Service Usage limits calls per minute."""
_OTHER_MODELS: Final = ("embed_", "predict_")
"""Prefixes of the metrics that count no model that generates content."""

_PRIORITY: Final = {f"{GEMINI_API}/{name}" for name, counts in METRICS.items() if counts == IN_PRIORITY}
_FIXED_METRICS: Final = {metric.name for metric in OTHER_METRICS if metric.fixed}
_FIXED: Final = "Google allows no changes of this quota: remove the limit"

_T = TypeVar("_T")
_R = TypeVar("_R")


class LimitError(Exception):
    """A limit cannot be set or removed; the message has the limit and the remedy."""


@dataclass(frozen=True)
class Bucket:
    """The values of one limit for one model, or for all others."""

    own: str
    """The value that Google allows, as Google writes it: the tier's own, or a granted one."""
    effective: int
    """The value in force: the lower of `own` and the override. UNLIMITED means no limit."""
    override: str = ""
    """The resource name of the override for exactly this model; empty without one."""
    value: int | None = None
    """The value of that override."""

    @property
    def tier_value(self) -> int:
        """`own`, as a number."""
        return _number(self.own)


@dataclass(frozen=True)
class ModelLimit:
    """One limit of one metric that counts models."""

    metric: str
    limit: str
    """The name in Service Usage, such as `/min/model/project`."""
    unit: str
    buckets: Mapping[str, Bucket]
    """Keys: the quota's name of the model; empty for all others."""

    @property
    def place(self) -> str:
        """The key of this limit among all limits of the service."""
        return f"{self.metric}{self.limit}"

    @property
    def known(self) -> tuple[LimitName, str] | None:
        """The setting's name for this limit, and the tier; None if no setting names it."""
        return BY_METRIC.get((self.metric, self.limit))

    @property
    def name(self) -> LimitName | None:
        """The setting's name for this limit; None if there is none."""
        return self.known[0] if self.known else None

    @property
    def fixed(self) -> bool:
        """True if Google is known to let nobody change it."""
        return self.metric.partition("/")[2] in _FIXED_METRICS

    @property
    def tier(self) -> str:
        """`free`, `1`, `2`, `3`; empty if no setting names the limit."""
        return self.known[1] if self.known else ""

    def bucket(self, model: str) -> Bucket:
        """The values for a model, by its quota name; empty for all others."""
        general = self.buckets.get("", Bucket(str(UNLIMITED), UNLIMITED))
        return self.buckets.get(model) or Bucket(general.own, general.effective)

    def wanted(self, limits: WantedLimits, elsewhere: Collection[tuple[str, str]]) -> dict[str, str]:
        """The overrides to set: quota name of a model, or empty text for all others → value, as Google writes it.

        Values are capped at the tier's own, as Google accepts no higher ones. An override at that value is set too:
        without it, the one of all others would apply. `elsewhere`: place and model of overrides that other resources
        set.
        """
        found = {}
        for model, value in self._asked(limits).items():
            if (self.place, model) in elsewhere:
                continue
            own = self.bucket(model)
            found[model] = own.own if value is None or value >= own.tier_value else str(value)
        return found

    def _asked(self, limits: WantedLimits) -> dict[str, int | None]:
        """`WantedLimits.on` for the models that this metric counts, and for all others."""
        if METRICS.get(self.metric.partition("/")[2]) == IN_PRIORITY:
            # Priority costs more than the worst case counts: where others are denied, it is denied to every model.
            content = [model for model in limits.models if counter_of(model) == "content"]
            return dict.fromkeys([*content, ""], 0) if limits.denies else {}
        own = embeddings_limit(self.metric, self.limit)
        if own or self.metric.partition("/")[2].startswith(_OTHER_MODELS):
            general = {"": 0} if limits.denies else {}
            counted = {
                model: each
                for model, each in limits.models.items()
                if own and counter_of(model) == "embeddings"
            }
            values = {model: each.get(own[0]) if own else None for model, each in counted.items()}
            # One that is allowed has as much as the tier allows, where all others are denied.
            return {
                model: value
                for model, value in values.items()
                if value is not None or (limits.denies and not counted[model].blocks)
            } | general
        return {
            model: value
            for model, value in limits.on(self.name).items()
            if not model or counter_of(model) == "content"
        }


@dataclass(frozen=True)
class Entry:
    """An override to set."""

    on: ModelLimit
    model: str
    value: str

    def __str__(self) -> str:
        where = f"{self.on.name} of {self.model or 'all other models'} on tier {self.on.tier}"
        return where if self.on.name else f"{self.on.place} of {self.model or 'all other models'}"

    @property
    def body(self) -> Json:
        """Google's QuotaOverride."""
        return {
            "metric": self.on.metric,
            "unit": self.on.unit,
            "overrideValue": self.value,
            **({"dimensions": {"model": self.model}} if self.model else {}),
        }


@dataclass(frozen=True)
class Refusal:
    """An override that Google refused."""

    entry: Entry
    fixed: bool
    """True if Google allows no changes of the limit."""
    error: str

    def __str__(self) -> str:
        return f"{self.entry}: {self.error}"


def list_limits(google: Google, project: str) -> list[ModelLimit]:
    """Every limit of the Gemini API that counts models, on every tier, in one listing. Raises as `Google.call`."""
    return limits_in(list_metrics(google, project))


def list_metrics(google: Google, project: str) -> list[Json]:
    """Every metric of the Gemini API, with its limits and overrides, in one listing. Raises as `Google.call`."""
    path = _path(project)
    metrics = list(google.list_all("serviceusage", path, "metrics", query={"view": "FULL"}, project=project))
    listed = {metric["metric"] for metric in metrics}
    missing = {metric for metric, _ in BY_METRIC} - listed
    # Without them, it may leave out those of Priority too, which not every account has.
    missing |= _PRIORITY - listed if missing else set()
    # If a listing leaves out the metrics of tiers that are not in force, they can still be read one by one.
    metrics += filter(None, _each(lambda metric: _metric(google, project, metric), sorted(missing)))
    return metrics


def limits_in(metrics: Iterable[Json]) -> list[ModelLimit]:
    """The limits in metrics that were already listed with `view=FULL`."""
    return [limit for metric in metrics for limit in _limits_of(metric)]


def overrides_to_set(
    limits: Iterable[ModelLimit], wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]
) -> list[Entry]:
    """The overrides whose value is not the wanted one."""
    return [
        Entry(limit, model, value)
        for limit in limits
        for model, value in limit.wanted(wanted, elsewhere).items()
        if limit.bucket(model).value != _number(value)
    ]


def loosened(
    limits: Iterable[ModelLimit], wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]
) -> Iterator[tuple[ModelLimit, str]]:
    """Limits and models with an override above the one wanted for all others, set by hand."""
    for limit in limits:
        own = limit.wanted(wanted, elsewhere)
        for model, bucket in limit.buckets.items():
            foreign = model and model not in wanted.models and model not in own
            if "" not in own or bucket.value is None or not foreign or (limit.place, model) in elsewhere:
                continue
            if bucket.value > _number(own[""]):
                yield limit, model


def impose(google: Google, project: str, entries: list[Entry]) -> list[Refusal]:
    """Set overrides in one atomic call. If Google refuses some, the others are set, and the refused ones returned.

    Raises:
        LimitError: the server does not offer the call.
        GoogleError: the call is refused for another reason than its entries.
    """
    pending = list(entries)
    refused: dict[str, str] = {}
    """Place → Google's reason."""
    while pending:
        try:
            _import(google, project, pending)
            break
        except GoogleError as error:
            _unless_about_entries(google, error)
            places = {entry.on.place: entry.on for entry in pending}
            # If the error does not name the limit, each is tried alone.
            refused |= _places_named(error, places) or dict.fromkeys(places, "")
            pending = [entry for entry in pending if entry.on.place not in refused]
    return [
        refusal
        for place, reason in refused.items()
        for refusal in _one_by_one(
            google, project, [entry for entry in entries if entry.on.place == place], reason
        )
    ]


def remove(google: Google, project: str, found: Iterable[tuple[ModelLimit, str]]) -> None:
    """Delete the overrides of limits and models. Those of all others go first, so that no allowed model is blocked.

    Raises LimitError.
    """
    names = [(model, limit, limit.bucket(model).override) for limit, model in found]
    for general in (True, False):
        _each(
            lambda each: _remove(google, project, *each), [each for each in names if (not each[0]) == general]
        )


def fixed_limits(google: Google, project: str, quota_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Metric and interval (`minute`, `day`) of the limits that Google does not allow anyone to change.

    `quota_ids`: quotas to read one by one if the listing leaves them out, as it may for other tiers. Raises as
    `Google.call`.
    """
    parent = f"projects/{project}/locations/global/services/{GEMINI_API}/quotaInfos"
    infos = quota_infos(google, project)

    def info(quota_id: str) -> Json:
        try:
            return google.call("cloudquotas", "GET", f"{parent}/{quota_id}", project=project)
        except GoogleError as error:
            if error.code == 404:
                return {}
            raise

    rest = set(quota_ids) - {one["quotaId"] for one in infos}
    return {
        (one["metric"], one.get("refreshInterval", ""))
        for one in (*infos, *_each(info, sorted(rest)))
        if one.get("isFixed")
    }


def as_settings(limits: Iterable[ModelLimit]) -> dict[str, Any]:
    """The overrides as the setting `limits` of a stack file: by model id, and `others`.

    If a model has overrides on several tiers, the lowest counts; those equal to their tier's own value are ignored.
    """
    named = [limit for limit in limits if limit.name]
    denied = bool(named) and all(limit.bucket("").value == 0 for limit in named)
    found: dict[str, Any] = {}
    for model in sorted({model for limit in named for model, each in limit.buckets.items() if each.override}):
        own: dict[LimitName, int] = {}
        for name in LIMIT_NAMES:
            held = [limit.bucket(model) for limit in named if limit.name == name]
            values = [each.value for each in held if each.value is not None]
            lower = [each.value for each in held if each.value is not None and each.value < each.tier_value]
            # Overrides equal to every tier's own value: an allowed model where all others are denied.
            if values and (lower or not denied):
                own[name] = min(lower) if lower else max(values)
        shut = model == "" and (denied or own == {"requestsPerMinute": 0})
        found[MODELS.get(model, model) or OTHERS] = DENY if shut else own
    return found


def _path(project: str) -> str:
    return f"projects/{project}/services/{GEMINI_API}/consumerQuotaMetrics"


def _metric(google: Google, project: str, metric: str) -> Json | None:
    path = f"{_path(project)}/{quote(metric, safe='')}"
    try:
        return google.call("serviceusage", "GET", path, query={"view": "FULL"}, project=project)
    except GoogleError as error:
        if error.code == 404:
            return None
        raise


def _limits_of(metric: Json) -> Iterator[ModelLimit]:
    for entry in metric.get("consumerQuotaLimits", []):
        if "{model}" not in entry.get("unit", ""):
            continue
        buckets: dict[str, Bucket] = {}
        for bucket in entry.get("quotaBuckets", []):
            dimensions = bucket.get("dimensions", {})
            if dimensions.keys() <= {"model"}:
                buckets.setdefault(dimensions.get("model", ""), _bucket(bucket))
        # Take the name from the listing: it has the project's number, and the unit in another order.
        limit = unquote(entry["name"].rpartition("/limits/")[2])
        yield ModelLimit(metric["metric"], limit, entry["unit"], buckets)


def _bucket(bucket: Mapping[str, Any]) -> Bucket:
    # Google leaves zeros out of its answers.
    override: Mapping[str, Any] | None = bucket.get("consumerOverride")
    allowed = bucket.get("defaultLimit", "0")
    if "producerOverride" in bucket:
        allowed = bucket["producerOverride"].get("overrideValue", "0")
    if "adminOverride" in bucket:
        allowed = min(allowed, bucket["adminOverride"].get("overrideValue", "0"), key=_number)
    return Bucket(
        allowed,
        _number(bucket.get("effectiveLimit", "0")),
        (override or {}).get("name", ""),
        None if override is None else _number(override.get("overrideValue", "0")),
    )


def _number(text: str) -> int:
    return UNLIMITED if text == "-1" else int(text)


def _import(google: Google, project: str, entries: Iterable[Entry]) -> None:
    body = {"inlineSource": {"overrides": [entry.body for entry in entries]}, "force": True}
    operation = google.call(
        "serviceusage",
        "POST",
        f"{_path(project)}:importConsumerOverrides",
        body=body,
        project=project,
        repeatable=True,
    )
    google.wait_for_operation("serviceusage", operation, project=project)


def _unless_about_entries(google: Google, error: GoogleError) -> None:
    if error.code == 501 or (error.code == 404 and not error.status):
        raise LimitError(
            f"{google.config.address('serviceusage')} does not offer consumerQuotaMetrics:importConsumerOverrides, "
            f"which sets limits ({error}): use Google's own Service Usage API"
        ) from error
    if error.code != 400:
        raise error


def _one_by_one(google: Google, project: str, group: list[Entry], reason: str) -> Iterator[Refusal]:
    """Set one by one the overrides on a limit of which Google refused some: models first, then all others."""
    if "FIXED" in reason:
        yield from (Refusal(entry, fixed=True, error=f"{reason}: {_FIXED}") for entry in group)
        return
    refused = False
    for entry in sorted(group, key=lambda each: not each.model):
        if refused and not entry.model:
            yield Refusal(
                entry, fixed=False, error="not set, as it would apply to a model whose own limit was refused"
            )
            continue
        try:
            _import(google, project, [entry])
        except GoogleError as error:
            _unless_about_entries(google, error)
            refused = True
            yield Refusal(entry, fixed="FIXED" in error.text, error=error.with_remedy)


def _places_named(error: GoogleError, limits: Mapping[str, ModelLimit]) -> dict[str, str]:
    """Limits that an error names, in its details or else in its text, with the reason for each."""
    named = []
    for detail in error.details:
        about = detail.get("metadata")
        if isinstance(about, dict):
            where = about.get("quota_limit", "")
            named.append((about.get("quota_metric", ""), where, str(detail.get("reason", ""))))
    for subject, _ in error.violations:
        labels = {key: values[0] for key, values in parse_qs(subject.lstrip("?")).items()}
        named.append((labels.get("metric", ""), labels.get("limit", ""), labels.get("error_code", "")))
    found = {
        place: reason
        for place, limit in limits.items()
        for metric, where, reason in named
        if metric == limit.metric and where in ("", limit.limit, limit.unit)
    }
    return found or {
        place: error.message
        for place, limit in limits.items()
        if re.search(rf"{re.escape(limit.metric)}(?!\w)", error.message)
    }


def _remove(google: Google, project: str, model: str, limit: ModelLimit, override: str) -> None:
    try:
        operation = google.call("serviceusage", "DELETE", override, query={"force": "true"}, project=project)
        google.wait_for_operation("serviceusage", operation, project=project)
    except GoogleError as error:
        if error.code != 404:
            raise LimitError(f"{Entry(limit, model, '')} stays as it is: {error.with_remedy}") from error


def _each(work: Callable[[_T], _R], items: list[_T]) -> list[_R]:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(work, items))
