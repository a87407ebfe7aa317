"""What the spend guard is to do in each project: the settings as `landing_zone.guarding` reads them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, localcontext
from typing import Final

from landing_zone import names
from landing_zone.gemini.models import counter_of
from landing_zone.guarding.policy import Budget, Policy, Rate, StopStep, Throttle
from landing_zone.pricing.estimate import Workload
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.guarded_plan import metered_minute
from landing_zone.pricing.metered import COUNTED, Counted
from landing_zone.pricing.money import EXACT, UPWARD
from landing_zone.pricing.rates import Terms
from landing_zone.reports.billing_terms import billing_terms
from landing_zone.settings import BudgetSettings, EnvironmentSettings, GuardSettings, ProjectSettings
from landing_zone.settings.doors import priced_doors
from landing_zone.settings.types import OTHERS

TEN: Final = 10
"""Minutes over which the guard looks at the rate of spending."""


def guard_policies(settings: EnvironmentSettings, day: date) -> Mapping[str, Policy]:
    """The policy of each guarded project, by its name in the stack file.

    Without the project's number and the budget's id, which Google gives. `day`: whose prices ten minutes of the plan
    are worked out with.
    """
    return {
        name: _policy(name, project, *guarding, settings, day)
        for name, project in settings.projects.items()
        if (guarding := project.guarding)
    }


def _policy(
    name: str,
    project: ProjectSettings,
    guard: GuardSettings,
    budget: BudgetSettings,
    settings: EnvironmentSettings,
    day: date,
) -> Policy:
    terms, doors = billing_terms(project, settings), priced_doors(project)
    subscription = names.guard_subscription(settings.name_at_google, budget.topic or "")
    stop = guard.stop
    return Policy(
        stack=settings.name_at_google,
        name=name,
        project=project.project_id,
        number="",
        currency=budget.currency or terms.currency,
        amount=guard_amount(guard, budget),
        budget=Budget(
            project.billing_account or "", "", budget.name or names.budget_title(project.project_id)
        ),
        subscription=f"projects/{settings.notification_project}/subscriptions/{subscription}",
        notify=guard.notify,
        throttle=Throttle(guard.throttle.at, guard.throttle.to) if guard.throttle else None,
        stop=StopStep(stop.at, stop.by) if stop else None,
        unlink=guard.unlink_billing,
        rate=Rate(guard.rate.times, guard.rate.act) if guard.rate else None,
        ten_minutes=ten_minutes((entry.planned for entry in project.workload), day, terms, doors),
        release_at_new_period=guard.release_at_new_period,
        accounts=_accounts(project, guard),
        queries=doors.queries,
        priority=doors.priority,
        caches=doors.caches,
        counted=_counted(project),
        terms=terms,
        delays=settings.guard.delays,
        dry_run=settings.guard.dry_run,
    )


def guard_amount(guard: GuardSettings, budget: BudgetSettings) -> Decimal:
    """The amount of a month that the guard's steps are shares of, in the budget's currency."""
    return guard.amount if guard.amount is not None else budget.amount or Decimal(0)


def _accounts(project: ProjectSettings, guard: GuardSettings) -> tuple[str, ...]:
    """The service accounts that the guard may disable: those that the stack makes for the project's keys.

    An account that a key names may be used by others, in other projects too.
    """
    if guard.stop is None or guard.stop.by == "limits":
        return ()
    return tuple(
        names.key_account_email(project.project_id, name)
        for name, key in project.keys.items()
        if key.has_own_account
    )


def _counted(project: ProjectSettings) -> tuple[Counted, ...]:
    """What can be called: where all other models are denied and no quota opens one, what the limits name."""
    others = project.limits.get(OTHERS)
    if others is None or not others.blocks or project.quotas:
        return COUNTED
    open_ones = {
        counter_of(model) for model, limits in project.limits.items() if model != OTHERS and not limits.blocks
    }
    return tuple(each for each in COUNTED if each in open_ones) or COUNTED[:1]


def ten_minutes(workloads: Iterable[Workload], day: date, terms: Terms, doors: Doors) -> Decimal | None:
    """The most that ten minutes of a plan cost at its peaks, priced as the guard prices what it meters.

    None without a plan.
    """
    found = Decimal(0)
    for workload in workloads:
        cost = metered_minute(workload, "high", day, _peak_requests(workload, day), terms, doors)
        with localcontext(EXACT):
            found += TEN * cost
    return found or None


def _peak_requests(workload: Workload, day: date) -> Decimal:
    """The requests of a workload's busiest minute on a day; none of one that has ended."""
    schedule = workload.schedule.anchored(day)
    if schedule.end is not None and schedule.end < day:
        return Decimal(0)
    with localcontext(UPWARD):
        per_day = workload.requests.high * schedule.factor(max(day, schedule.start or day))
        return per_day * workload.peak_factor / (workload.hours * 60)
