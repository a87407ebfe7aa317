"""A stack's settings as it was last applied, as far as money depends on them: from its state, not from its file.

The stack file may have been edited since, or have mistakes. What only the file says (workload, prices agreed with
Google, assumed lags) is taken from it, where it is right and has the project.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from landing_zone.audit.applied import AppliedBudget, AppliedKey, AppliedProject, AppliedQuota, AppliedStack
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import Limits
from landing_zone.guarding.policy import Policy
from landing_zone.settings import (
    BudgetSettings,
    EnvironmentSettings,
    GuardHostSettings,
    GuardSettings,
    KeySettings,
    ProjectSettings,
    QuotaSettings,
)
from landing_zone.settings.budgets import Period, SpendCapSettings
from landing_zone.settings.guard import RateSettings, StopSettings, ThrottleSettings

_PERIODS: Final = {"month": "MONTH", "quarter": "QUARTER", "year": "YEAR"}


def settings_as_applied(
    stack: str, applied: AppliedStack, file: EnvironmentSettings | None, policies: Mapping[str, Policy]
) -> EnvironmentSettings:
    """The settings of the projects in a state.

    `file`: those of the stack file, if it has no mistakes. `policies`: the guard's, by the project's name.
    """
    base = file or EnvironmentSettings(stack=stack, projects={})
    projects = {
        name: _project(project, _same(file, project), policies.get(name))
        for name, project in applied.projects.items()
    }
    policy = next(iter(policies.values()), None)
    host = base.guard.model_copy(update=_host(policy)) if policy else base.guard
    changed = {"projects": projects, "guard": host, "derivations": {}, "unfit": {}, "shared_budgets": {}}
    return base.model_copy(update=changed)


def _same(file: EnvironmentSettings | None, project: AppliedProject) -> ProjectSettings | None:
    """The project's settings in the file; None if it is not there, or another one is by its name."""
    found = file.projects.get(project.name) if file else None
    return found if found and found.project_id == project.project_id else None


def _host(policy: Policy) -> dict[str, object]:
    """The settings of the guard itself, of which each policy has a copy."""
    delays = policy.delays
    return {
        "poll": delays.poll,
        "series_delay": delays.series,
        "act_time": delays.act,
        "billing_delay": delays.billing,
        "dry_run": policy.dry_run,
    }


def _project(project: AppliedProject, file: ProjectSettings | None, policy: Policy | None) -> ProjectSettings:
    base = file or ProjectSettings.model_construct(project_id=project.project_id, tier="free")
    guard = guard_settings(policy) if policy else file.guard if file and project.guard else None
    return base.model_copy(
        update={
            "tier": "paid" if project.account else "free",
            "billing_account": project.account or None,
            "limits": {model: Limits.of(values) for model, values in project.limits.items()},
            "keys": {
                name: with_methods(base.keys.get(name, KeySettings()), key)
                for name, key in project.keys.items()
            },
            "quotas": {name: _quota(quota) for name, quota in project.quotas.items()},
            "budget": _budget(project, file.budget if file else None),
            "guard": guard,
            **({"searches_per_request": policy.queries} if policy else {}),
        }
    )


def with_methods(settings: KeySettings, key: AppliedKey) -> KeySettings:
    """A key's settings with the methods that it was applied with."""
    targets = key.restrictions.get("apiTargets") or ()
    return settings.model_copy(update={"methods": methods_of(targets)})


def methods_of(targets: object) -> tuple[str, ...]:
    """The methods of the Gemini API that a key's targets allow; none stands for all of them."""
    found = (
        [each for each in targets if each.get("service") == GEMINI_API] if isinstance(targets, list) else []
    )
    return tuple(method for target in found for method in target.get("methods") or ())


def guard_settings(policy: Policy) -> GuardSettings:
    """The settings of a guard's policy."""
    return GuardSettings.model_construct(
        amount=policy.amount,
        notify=policy.notify,
        throttle=ThrottleSettings.model_construct(at=policy.throttle.at, to=policy.throttle.to)
        if policy.throttle
        else None,
        stop=StopSettings.model_construct(at=policy.stop.at, by=policy.stop.by) if policy.stop else None,
        unlink_billing=policy.unlink,
        rate=RateSettings.model_construct(times=policy.rate.times, act=policy.rate.act)
        if policy.rate
        else None,
        release_at_new_period=policy.release_at_new_period,
    )


def _quota(quota: AppliedQuota) -> QuotaSettings:
    return QuotaSettings.model_construct(
        value=quota.value,
        service=quota.service,
        quota_id=quota.limit if quota.preference else None,
        metric=None if quota.preference else quota.metric,
        limit=None if quota.preference else quota.limit,
        dimensions={"model": quota.model} if quota.model else {},
    )


def _budget(project: AppliedProject, file: BudgetSettings | None) -> BudgetSettings | None:
    if project.budget is None and project.cap is None:
        return None
    found = file or BudgetSettings()
    if project.budget:
        found = found.model_copy(update=_amount(project.budget))
    elif project.cap:
        found = found.model_copy(update={"amount": None, "currency": project.cap.currency or None})
    cap = None
    if project.cap:
        known = (file and file.spend_cap) or SpendCapSettings()
        amount = None if project.cap.amount is None else Decimal(project.cap.amount)
        cap = known.model_copy(update={"amount": amount, "lifted": project.cap.lifted})
    return found.model_copy(update={"spend_cap": cap})


def _amount(budget: AppliedBudget) -> dict[str, object]:
    calendar = _PERIODS.get(budget.period)
    return {
        "amount": None if budget.amount is None else Decimal(budget.amount),
        "last_period": budget.amount is None,
        "currency": budget.currency or None,
        **({"period": Period.model_construct(calendar=calendar)} if calendar else {}),
    }


def unbounding(host: GuardHostSettings) -> GuardHostSettings:
    """A guard that is there, and stops nothing any more."""
    return host.model_copy(update={"dry_run": True})
