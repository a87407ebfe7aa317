"""The limits in force: the one answer for exposure, policies, preview, report and audit.

A limit counts if it holds on every paid tier, for Google moves a billing account up and down by itself. On each tier's
metric the rules are Google's: the override for a model counts, or else the one without a model; it only lowers what the
tier, or a quota preference, allows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED, LIMIT_NAMES, OTHERS, UNLIMITED, Limits, WantedLimits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES, counter_of
from landing_zone.gemini.quotas import BY_METRIC, BY_QUOTA_ID, LimitName, Override
from landing_zone.settings.terms import AccountTermsSettings
from landing_zone.settings.types import NOTHING_AGREED, ProjectSettings, QuotaSettings

PAID: Final = ("1", "2", "3")
"""The paid tiers."""
_NONE: Final = -1
"""A value that is no limit."""

_Held = Mapping[tuple[LimitName, str], int]
"""Limit and tier -> a value."""


@dataclass(frozen=True)
class LimitsInForce:
    """The limits that last in one project."""

    models: Mapping[str, Limits]
    """By the API's model id, of each model that has other limits than the rest."""
    others: Limits | None
    """Limits of every other model, each by itself; None: no limit."""
    unpriced: tuple[str, ...] = ()
    """Quota names of models that can be called, and are not known here."""
    notes: tuple[str, ...] = ()
    """Settings that have no effect, or another one than they say, because of another setting."""

    def of(self, model: str) -> Limits | None:
        """The limits of a model; None: no limit."""
        known = MODELS.get(QUOTA_NAMES.get(model, model), model)
        return self.models.get(known, self.others)


def limits_in_force(
    project: ProjectSettings, account: AccountTermsSettings = NOTHING_AGREED
) -> LimitsInForce:
    """The limits of a project: from its `limits` (derived ones among them), `others`, `quotas` and the tier's own."""
    quotas = [each for name, quota in project.quotas.items() if (each := _quota(name, quota))]
    own = [override for _, quota, override in quotas if quota.quota_id is None]
    asked = [override for _, quota, override in quotas if quota.quota_id is not None]
    wanted = WantedLimits.of(project.limits, opened(own))
    found = in_force([*overrides_of(wanted), *own], asked, account.tier_limits)
    return LimitsInForce(found.models, found.others, found.unpriced, tuple(_notes(project, quotas, wanted)))


def in_force(
    overrides: Iterable[Override],
    preferences: Iterable[Override] = (),
    tier_limits: Mapping[str, Limits] | None = None,
) -> LimitsInForce:
    """The limits that overrides and preferences come to. Of two on the same the later counts.

    `preferences` replace what the tier allows of a model. `tier_limits`: that by model id, where it is known.
    """
    own, asked = _by_model(overrides), _by_model(preferences)
    general, general_asked = own.pop("", {}), asked.pop("", {})
    others = _limits(_lower(general, general_asked))
    models, unknown = {}, []
    for quota_model in sorted(own.keys() | asked.keys()):
        model = MODELS.get(quota_model, quota_model)
        # Numbers for all others hold on the metrics of content; a zero is set on every metric.
        counted = counter_of(model) == "content" or _limits(general) == BLOCKED
        held = _lower(
            {**(general if counted else {}), **own.get(quota_model, {})},
            {**(general_asked if counted else {}), **asked.get(quota_model, {})},
        )
        found = _limits(held)
        if model not in QUOTA_NAMES:
            # What is shut costs nothing, whatever its prices.
            unknown += [quota_model] if found != BLOCKED else []
        elif found or others:
            # One that is open where the others have limits is not one of them.
            models[model] = (found or Limits()).tightened((tier_limits or {}).get(model, Limits()))
    return LimitsInForce(models, others, tuple(unknown))


def overrides_of(wanted: WantedLimits) -> Iterator[Override]:
    """A project's limits as overrides on the metrics of each paid tier."""
    for name in LIMIT_NAMES:
        for model, value in wanted.on(name).items():
            yield from (Override(name, tier, model, _NONE if value is None else value) for tier in PAID)


def opened(overrides: Iterable[Override]) -> frozenset[str]:
    """The models whose requests a minute are set by overrides other than a project's limits."""
    return frozenset(each.model for each in overrides if each.model and each.limit == "requestsPerMinute")


def opened_by_quotas(project: ProjectSettings) -> frozenset[str]:
    """The models, by quota name, whose requests a minute a project's `quotas` set."""
    found = (_quota(name, quota) for name, quota in project.quotas.items() if quota.quota_id is None)
    return opened(override for _, _, override in filter(None, found))


def _by_model(overrides: Iterable[Override]) -> defaultdict[str, dict[tuple[LimitName, str], int]]:
    found: defaultdict[str, dict[tuple[LimitName, str], int]] = defaultdict(dict)
    for override in overrides:
        value = _NONE if override.value >= UNLIMITED else override.value
        found[override.model][override.limit, override.tier] = value
    return found


def _lower(overrides: _Held, preferences: _Held) -> _Held:
    """The lower of each of the two."""
    found = dict(overrides)
    for where, value in preferences.items():
        if value != _NONE:
            before = found.get(where, _NONE)
            found[where] = value if before == _NONE else min(before, value)
    return found


def _limits(held: _Held) -> Limits | None:
    if all(Limits.of(_on(held, tier)).blocks for tier in PAID):
        return BLOCKED
    found: dict[LimitName, int] = {}
    for name in LIMIT_NAMES:
        values = [held.get((name, tier), _NONE) for tier in PAID]
        if _NONE not in values:
            found[name] = max(values)
    return Limits.of(found) if found else None


def _on(held: _Held, tier: str) -> dict[LimitName, int]:
    return {name: held[name, tier] for name in LIMIT_NAMES if held.get((name, tier), _NONE) != _NONE}


_Quota = tuple[str, QuotaSettings, Override]


def _quota(name: str, quota: QuotaSettings) -> _Quota | None:
    """A setting under `quotas` that is about a limit on models."""
    if quota.service != GEMINI_API:
        return None
    if quota.quota_id is None:
        known = BY_METRIC.get((quota.metric or "", quota.limit or ""))
    else:
        known = BY_QUOTA_ID.get(quota.quota_id)
    return (name, quota, Override(*known, quota.quota_model, quota.value)) if known else None


def _notes(project: ProjectSettings, quotas: Iterable[_Quota], wanted: WantedLimits) -> Iterator[str]:
    """Settings that have no effect because of another one, and limits that hold for less than they say."""
    for model, own in project.limits.items():
        if counter_of(model) == "embeddings" and not own.blocks:
            yield (
                f"limits.{model}: on tier 1 Google counts embeddings for each user, so that the limit, and what it can "
                "cost, is of one user"
            )
    for name, _, asked in (each for each in quotas if each[1].quota_id is not None):
        on = wanted.on(asked.limit)
        limit = on.get(asked.model, on.get(""))
        if limit is None or not asked.model:
            continue
        model = MODELS.get(asked.model, asked.model)
        at = model if model in project.limits else OTHERS
        if asked.value == _NONE or asked.value > limit:
            value = "no limit" if asked.value == _NONE else f"{asked.value:,}"
            yield (
                f"quotas.{name} asks for {value} {asked.limit} of {model}, and limits.{at} keeps it at {limit:,}: "
                "raise the limit, or leave the quota out"
            )
        elif asked.value < limit:
            yield (
                f"quotas.{name} asks for {asked.value:,} {asked.limit} of {model} on tier {asked.tier} alone: after a "
                f"change of tier limits.{at} of {limit:,} binds"
            )
