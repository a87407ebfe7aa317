"""A project's limits on models, other quota overrides, and quota preferences.

`limits` sets one value on the metrics of every tier. What was set on some of them alone cannot be said that way: it
becomes an override under `quotas`, metric by metric.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias
from urllib.parse import quote, unquote

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED, DENY, OTHERS, UNLIMITED, Limits, WantedLimits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES, counter_of
from landing_zone.gemini.quotas import BY_METRIC, embeddings_limit
from landing_zone.google import quota_overrides
from landing_zone.google.quota_overrides import ModelLimit, as_settings
from landing_zone.google.rest import Json
from landing_zone.inventory.draft import Draft
from landing_zone.inventory.names import LONGEST, PATTERN, plain, unique
from landing_zone.pricing.days import today
from landing_zone.settings.successors import successor_of, with_successors

_LIST: Final = "serviceusage.quotas.get (roles/serviceusage.serviceUsageViewer)"
_PREFERENCES: Final = "cloudquotas.quotas.get (roles/cloudquotas.viewer)"
_RPM: Final = "requestsPerMinute"
_Key: TypeAlias = tuple[str, str]
"""A limit's place, and the quota's name of a model; empty for all others."""


@dataclass(frozen=True)
class _Override:
    """A quota override at Google."""

    metric: str
    limit: str
    dimensions: tuple[tuple[str, str], ...]
    value: int
    id: str

    @property
    def place(self) -> str:
        """As in `ModelLimit`."""
        return f"{self.metric}{self.limit}"

    @property
    def model(self) -> str | None:
        """The quota's name of the model; empty for all; None if it has other dimensions."""
        found = dict(self.dimensions)
        return found.get("model", "") if found.keys() <= {"model"} else None

    @property
    def can_be_said(self) -> bool:
        """False for a model by another name than Google counts it by, and for no limit, which the settings refuse."""
        return self.value != -1 and (not self.model or QUOTA_NAMES.get(self.model, self.model) == self.model)

    @property
    def opens(self) -> bool:
        """True if it sets the requests a minute of a model."""
        return bool(self.model) and BY_METRIC.get((self.metric, self.limit), ("",))[0] == _RPM


def read_limits(draft: Draft) -> None:
    """Read overrides as `limits`, where these say the same on every tier, and the rest as `quotas`."""
    metrics = draft.read("limits", _LIST, lambda: quota_overrides.list_metrics(draft.google, draft.id))
    overrides = list(_overrides(metrics or []))
    if overrides:
        listed = quota_overrides.limits_in(metrics or [])
        limits, left = _Fit(draft, listed, overrides).found()
        if limits:
            draft.settings["limits"] = limits
            draft.found("ProjectLimits", "limits", f"projects/{draft.id}/limits")
        for each in left:
            _raw(draft, each)
    _read_preferences(draft)


def _overrides(metrics: Iterable[Mapping[str, Any]]) -> Iterator[_Override]:
    for metric in metrics:
        for entry in metric.get("consumerQuotaLimits", []):
            limit = unquote(entry["name"].rpartition("/limits/")[2])
            for bucket in entry.get("quotaBuckets", []):
                found = bucket.get("consumerOverride")
                if found is not None:
                    dimensions = bucket.get("dimensions") or found.get("dimensions") or {}
                    yield _Override(
                        metric["metric"],
                        limit,
                        tuple(sorted(dimensions.items())),
                        int(found.get("overrideValue", "0")),
                        found.get("name", "").rpartition("/")[2],
                    )


class _Fit:
    """Looks for the most that `limits` can say of a project's overrides, without changing any."""

    def __init__(self, draft: Draft, listed: list[ModelLimit], overrides: list[_Override]) -> None:
        self._draft = draft
        self._listed = listed
        self._overrides = overrides
        self._values = {(each.place, each.model): each.value for each in overrides if each.model is not None}
        self._day = today()
        self._limits = self._first()
        self._fixed: set[str] | None = None

    def found(self) -> tuple[Json, list[_Override]]:
        """`limits` of the stack file, and the overrides that they do not set."""
        opened: frozenset[str] = frozenset()
        # Each round takes something out of the limits, or changes what is opened; more rounds mean that it goes round.
        for _ in range(4 * len(self._overrides) + 8):
            self._spare_others()
            wanted = self._wanted(opened)
            if wrong := next(self._wrong(wanted), None):
                self._drop(*wrong)
                continue
            left = [each for each in self._overrides if (each.place, each.model) not in wanted]
            now = frozenset(each.model for each in left if each.opens and each.model)
            if now == opened and self._is_undone(left, opened):
                del self._limits[OTHERS]
            elif now == opened:
                return {model: _short(own) for model, own in self._limits.items()}, left
            opened = now
        return {}, self._overrides

    def _first(self) -> dict[str, Limits]:
        """A first guess: every override as if it were on all tiers."""
        found: dict[str, Limits] = {}
        for model, own in as_settings(self._listed).items():
            if own and (model in QUOTA_NAMES or model == OTHERS):
                found[model] = BLOCKED if own == DENY else Limits.of(own)
        for model, value in self._embeddings():
            found[model] = Limits(requests_per_minute=value)
        return found

    def _spare_others(self) -> None:
        """Numbers for all others hold for a model without one of that name, which the settings refuse."""
        others = self._limits.get(OTHERS)
        if others is None or others.blocks:
            return
        named = [name for name, _ in others.items()]
        models = [
            own for model, own in self._limits.items() if model != OTHERS and counter_of(model) == "content"
        ]
        if any(own.get(name) is None for own in models for name in named):
            del self._limits[OTHERS]

    def _embeddings(self) -> Iterator[tuple[str, int]]:
        """The requests a minute of models that embed, which are counted on metrics of their own."""
        held: dict[str, list[tuple[int, int]]] = {}
        for limit in self._listed:
            own = embeddings_limit(limit.metric, limit.limit)
            if own and own[0] == _RPM:
                for model, bucket in limit.buckets.items():
                    name = MODELS.get(model, model)
                    if bucket.value is not None and counter_of(name) == "embeddings":
                        held.setdefault(name, []).append((bucket.value, bucket.tier_value))
        for name, values in held.items():
            lower = [value for value, own_value in values if value < own_value]
            if lower:
                yield name, min(lower)

    def _wanted(self, opened: frozenset[str]) -> dict[_Key, int]:
        """What the limits would set."""
        if not self._limits:
            return {}
        wanted = WantedLimits.of(with_successors(self._limits, self._day), opened)
        fixed = self._fixed_places() if wanted.denies else set()
        return {
            (limit.place, model): UNLIMITED if value == "-1" else int(value)
            for limit in self._listed
            if limit.place not in fixed
            for model, value in limit.wanted(wanted, ()).items()
        }

    def _is_undone(self, left: Iterable[_Override], opened: frozenset[str]) -> bool:
        """True if an override allows more than `others`, and no setting can say it."""
        if OTHERS not in self._limits:
            return False
        said = {(each.place, each.model) for each in left if each.model is not None and each.can_be_said}
        wanted = WantedLimits.of(with_successors(self._limits, self._day), opened)
        return any(True for _ in quota_overrides.loosened(self._listed, wanted, said))

    def _wrong(self, wanted: Mapping[_Key, int]) -> Iterator[_Key]:
        """Overrides that the limits would set otherwise than they are."""
        for key, value in wanted.items():
            found = self._values.get(key)
            if found is None or (UNLIMITED if found == -1 else found) != value:
                yield key

    def _drop(self, place: str, model: str) -> None:
        """Take what sets a place for a model out of the limits."""
        limit = next(each for each in self._listed if each.place == place)
        embeds = embeddings_limit(limit.metric, limit.limit)
        name = limit.name or (embeds[0] if embeds else None)
        # One that is not named answers in place of one that is, or is opened under `quotas` beside denied ones.
        named = (each for each in self._limits if QUOTA_NAMES.get(each) == model)
        before = (
            each for each in self._limits if QUOTA_NAMES.get(successor_of(each, self._day) or "") == model
        )
        key = next(chain(named, before), OTHERS) if model else OTHERS
        own = self._limits.pop(key)
        rest = {each: value for each, value in own.items() if each != name}
        if rest and own.items() != list(rest.items()) and not own.blocks:
            self._limits[key] = Limits.of(rest)

    def _fixed_places(self) -> set[str]:
        """Limits that Google allows nobody to change: `deny` leaves them open."""
        if self._fixed is None:
            fixed = (
                self._draft.read(
                    "which quotas are fixed",
                    _PREFERENCES,
                    lambda: quota_overrides.fixed_limits(self._draft.google, self._draft.id, ()),
                )
                or set()
            )
            self._fixed = {
                limit.place
                for limit in self._listed
                if limit.fixed or (limit.metric, "minute" if "/min/" in limit.limit else "day") in fixed
            }
        return self._fixed


def _short(own: Limits) -> Any:
    return DENY if own == BLOCKED else dict(own.items())


def _raw(draft: Draft, override: _Override) -> None:
    """An override under `quotas`."""
    dimensions = dict(override.dimensions)
    if _is_miscounted(draft, dimensions, f"override of {override.place}"):
        return
    quotas = draft.settings.setdefault("quotas", {})
    about = dimensions.get("model") or override.metric.rpartition("/")[2].replace("_", " ")
    span = "day" if override.limit.startswith("/d/") else "minute"
    name = unique(plain(f"{about[: LONGEST - len(span) - 1]} {span}", "quota"), quotas)
    quotas[name] = {
        **({} if draft.own else {"existing": override.id}),
        "metric": override.metric,
        "limit": override.limit,
        **({"dimensions": dimensions} if dimensions else {}),
        "value": override.value,
    }
    metric, limit = quote(override.metric, safe=""), quote(override.limit, safe="")
    path = f"projects/{draft.id}/services/{GEMINI_API}/consumerQuotaMetrics/{metric}/limits/{limit}"
    draft.found("ConsumerQuotaOverride", f"quotas.{name}", f"{path}/consumerOverrides/{override.id}")


def _is_miscounted(draft: Draft, dimensions: Mapping[str, str], what: str) -> bool:
    """True, with a line, for a model by another name than Google counts it by: the settings write that one."""
    model = dimensions.get("model", "")
    counted = QUOTA_NAMES.get(model, model)
    if counted != model:
        draft.left_out.append(f"{what}: it is on {model}, which Google counts as {counted}: it binds nothing")
    return counted != model


def _read_preferences(draft: Draft) -> None:
    path = f"projects/{draft.id}/locations/global/quotaPreferences"
    for each in (
        draft.listed("quota preferences", _PREFERENCES, "cloudquotas", path, "quotaPreferences") or ()
    ):
        own = each["name"].rpartition("/")[2]
        if _is_miscounted(draft, each.get("dimensions") or {}, f"quota preference {own}"):
            continue
        quotas = draft.settings.setdefault("quotas", {})
        is_key = draft.own and len(own) <= LONGEST and bool(re.fullmatch(PATTERN, own)) and own not in quotas
        name = own if is_key else unique(plain(own, "quota"), quotas)
        service = each.get("service", GEMINI_API)
        quotas[name] = {
            "quotaId": each.get("quotaId", ""),
            **({"service": service} if service != GEMINI_API else {}),
            **({"dimensions": each["dimensions"]} if each.get("dimensions") else {}),
            "value": int(each.get("quotaConfig", {}).get("preferredValue", "0")),
            **({"justification": each["justification"]} if each.get("justification") else {}),
            **({} if is_key else {"existing": own}),
        }
        draft.found("SQuotaPreference", f"quotas.{name}", f"{path}/{own}")
