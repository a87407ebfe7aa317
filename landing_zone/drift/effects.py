"""How a difference changes the settings that money depends on: each function returns a change of all settings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from landing_zone.audit.applied import AppliedProject
from landing_zone.drift.applied_settings import guard_settings, methods_of, unbounding
from landing_zone.drift.difference import Effect
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import OTHERS, UNLIMITED, Limits
from landing_zone.gemini.quotas import Override
from landing_zone.google.quota_overrides import ModelLimit
from landing_zone.guarding.policy import Policy
from landing_zone.settings import (
    BudgetSettings,
    EnvironmentSettings,
    KeySettings,
    ProjectSettings,
    QuotaSettings,
)
from landing_zone.settings.limits_in_force import LimitsInForce, in_force

_FOREVER: Final = timedelta(days=31)
"""A month, of which the worst is computed."""


def on_project(name: str, change: Callable[[ProjectSettings], Mapping[str, Any]]) -> Effect:
    """The settings with what `change` returns at one project."""

    def effect(settings: EnvironmentSettings) -> EnvironmentSettings:
        project = settings.projects.get(name)
        if project is None:
            return settings
        changed = project.model_copy(update=dict(change(project)))
        return settings.model_copy(update={"projects": {**settings.projects, name: changed}})

    return effect


def live_limits(applied: AppliedProject, listed: Iterable[ModelLimit]) -> LimitsInForce:
    """The limits that the overrides at Google come to, as every reader of limits computes them."""
    return in_force(
        Override(*limit.known, model, _value(applied, limit, model))
        for limit in listed
        for model, bucket in limit.buckets.items()
        if limit.known and bucket.value is not None
    )


def _value(applied: AppliedProject, limit: ModelLimit, model: str) -> int:
    """The value of an override; where it is as applied, that of the stack: an override is at most what the tier allows.

    One of as much as the tier allows is no limit: the tier changes by itself.
    """
    bucket = limit.bucket(model)
    value = UNLIMITED if bucket.value is None else bucket.value
    target = limit.wanted(applied.wanted, applied.elsewhere).get(model)
    if target is not None and value == (UNLIMITED if target == "-1" else int(target)):
        wanted = applied.wanted.on(limit.name).get(model)
        return UNLIMITED if wanted is None else wanted
    return UNLIMITED if value >= bucket.tier_value else value


def limit(name: str, model: str, live: LimitsInForce, opened: Sequence[ModelLimit]) -> Effect:
    """A model, or all others, with the limits in force. `opened`: metrics without a setting's name that are open."""
    found = live.others if model == OTHERS else live.models.get(model, live.others)

    def change(project: ProjectSettings) -> Mapping[str, Any]:
        rest = {each: limits for each, limits in project.limits.items() if each != model}
        general = rest.get(OTHERS)
        own = found or (Limits() if general and model != OTHERS else None)
        quotas = {
            f"opened-{number}": QuotaSettings.model_construct(
                value=UNLIMITED, service=GEMINI_API, metric=each.metric, limit=each.limit, dimensions={}
            )
            for number, each in enumerate(opened)
        }
        return {
            "limits": {**rest, model: own} if own is not None else rest,
            "quotas": {**project.quotas, **quotas},
        }

    return on_project(name, change)


def link(name: str, account: str) -> Effect:
    """The billing link; empty: none, or one to a closed account."""
    values = {"tier": "paid" if account else "free", "billing_account": account or None}
    return on_project(name, lambda _project: values)


def key(name: str, title: str, live: Mapping[str, Any]) -> Effect:
    """A key as the API Keys API has it."""

    def change(project: ProjectSettings) -> Mapping[str, Any]:
        targets = live.get("restrictions", {}).get("apiTargets", [])
        if targets and all(each.get("service") != GEMINI_API for each in targets):
            return {"keys": project.keys}
        known = project.keys.get(title, KeySettings())
        opened = known.model_copy(update={"methods": methods_of(targets)})
        return {"keys": {**project.keys, title: opened}}

    return on_project(name, change)


def budget(name: str, amount: Decimal | None, *, gone: bool) -> Effect:
    """A budget with another amount; gone, the guard has no bill of what it does not meter."""

    def effect(settings: EnvironmentSettings) -> EnvironmentSettings:
        if gone:
            host = settings.guard.model_copy(update={"billing_delay": _FOREVER})
            return settings.model_copy(update={"guard": host})
        return on_project(name, lambda project: _budget(project, {"amount": amount}))(settings)

    return effect


def cap(name: str, amount: Decimal | None, *, lifted: bool, gone: bool) -> Effect:
    """A spend cap with another amount, lifted, or gone."""

    def change(project: ProjectSettings) -> Mapping[str, Any]:
        known = project.budget.spend_cap if project.budget else None
        found = None
        if known and not gone:
            found = known.model_copy(update={"amount": amount, "lifted": lifted or known.lifted})
        return _budget(project, {"spend_cap": found})

    return on_project(name, change)


def _budget(project: ProjectSettings, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"budget": (project.budget or BudgetSettings()).model_copy(update=dict(values))}


def quota(name: str, title: str, value: int | None) -> Effect:
    """A setting under `quotas` with another value; None: it is gone."""

    def change(project: ProjectSettings) -> Mapping[str, Any]:
        rest = {each: settings for each, settings in project.quotas.items() if each != title}
        if value is None or title not in project.quotas:
            return {"quotas": rest}
        return {"quotas": {**rest, title: project.quotas[title].model_copy(update={"value": value})}}

    return on_project(name, change)


def no_guard(name: str) -> Effect:
    """The guard can do nothing in one project."""
    return on_project(name, lambda _project: {"guard": None})


def no_guards(settings: EnvironmentSettings) -> EnvironmentSettings:
    """The guard does nothing in any project."""
    return settings.model_copy(update={"guard": unbounding(settings.guard)})


def guard_policy(name: str, policy: Policy) -> Effect:
    """The guard with another policy in one project."""

    def effect(settings: EnvironmentSettings) -> EnvironmentSettings:
        if policy.dry_run:
            return no_guard(name)(settings)
        return on_project(name, lambda _project: {"guard": guard_settings(policy)})(settings)

    return effect


def project_gone(name: str) -> Effect:
    """Nothing can be spent in a project that is being deleted."""
    return link(name, "")
