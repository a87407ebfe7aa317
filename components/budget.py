"""Budgets of one project or of several, and a project's spend cap."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pulumi
from pulumi_gcp import billing

from components.native import SpendCap
from landing_zone.names import cap_title
from landing_zone.settings import BudgetRules, BudgetSettings, Threshold

_NANO = Decimal(10) ** 9


@dataclass(frozen=True)
class Scope:
    """The costs that a budget counts, and the channels that it notifies."""

    account: str
    """The billing account's id. Changing it replaces the budget."""
    title: str
    """Its name in the console, unless the settings have one."""
    numbers: Sequence[pulumi.Input[str]] = ()
    """Numbers of projects; empty: all. Google returns numbers also for ids, which would differ in every preview."""
    ancestors: Sequence[str] = ()
    channels: Sequence[pulumi.Input[str]] = ()
    """Names of the e-mail channels to notify."""
    topic: pulumi.Input[str] | None = None
    """The topic's full name."""


def make_budget(
    name: str, settings: BudgetRules, scope: Scope, options: pulumi.ResourceOptions
) -> billing.Budget:
    """Create a budget of one project, of several, of a folder, or of a whole billing account."""
    return billing.Budget(
        name,
        billing_account=scope.account,
        display_name=scope.title if settings.name is None else settings.name or None,
        amount=_amount(settings),
        budget_filter=_filter(settings, scope),
        threshold_rules=[_rule(threshold) for threshold in settings.thresholds],
        all_updates_rule=_notifications(settings, scope),
        ownership_scope={"allUsers": "ALL_USERS", "billingAccount": "BILLING_ACCOUNT", None: None}[
            settings.ownership
        ],
        opts=options,
    )


def existing_budget(settings: BudgetRules, account: str) -> str | None:
    """The id of an existing budget to take over; None if a new one is created."""
    return settings.existing and f"billingAccounts/{account}/budgets/{settings.existing}"


def spend_cap(
    name: str,
    account: str,
    project_number: pulumi.Input[str],
    project_id: str,
    budget: BudgetSettings,
    opts: pulumi.ResourceOptions,
) -> SpendCap | None:
    """The spend cap that a budget asks for. It is a separate resource, as Google allows a cap no other recipients."""
    cap = budget.spend_cap
    if cap is None:
        return None
    return SpendCap(
        name,
        {
            "billingAccount": account,
            "project": project_number,
            "amount": f"{budget.cap_amount:f}",
            "currency": budget.currency,
            "displayName": cap.name or cap_title(project_id),
            "inputState": "AWAITING_NEXT_PERIOD" if cap.lifted else None,
            "adopt": True if cap.adopt else None,
        },
        opts,
    )


def _amount(settings: BudgetRules) -> billing.BudgetAmountArgs:
    if settings.amount is None:
        return billing.BudgetAmountArgs(last_period_amount=True)
    units = int(settings.amount)
    return billing.BudgetAmountArgs(
        specified_amount=billing.BudgetAmountSpecifiedAmountArgs(
            currency_code=settings.currency,
            units=str(units),
            nanos=int((settings.amount - units) * _NANO) or None,
        )
    )


def _filter(settings: BudgetRules, scope: Scope) -> billing.BudgetBudgetFilterArgs:
    kinds = [kind for kind in settings.credits if kind not in ("EXCLUDE_ALL", "INCLUDE_ALL")]
    treatment = "INCLUDE_SPECIFIED_CREDITS" if kinds else f"{settings.credits[0]}_CREDITS"
    period = settings.period
    return billing.BudgetBudgetFilterArgs(
        projects=[pulumi.Output.concat("projects/", number) for number in scope.numbers] or None,
        resource_ancestors=list(scope.ancestors) or None,
        services=list(settings.services) or None,
        subaccounts=[f"billingAccounts/{account}" for account in settings.subaccounts] or None,
        labels=settings.label or None,
        calendar_period=period.calendar,
        custom_period=billing.BudgetBudgetFilterCustomPeriodArgs(
            start_date=billing.BudgetBudgetFilterCustomPeriodStartDateArgs(
                year=period.start.year, month=period.start.month, day=period.start.day
            ),
            end_date=billing.BudgetBudgetFilterCustomPeriodEndDateArgs(
                year=period.end.year, month=period.end.month, day=period.end.day
            )
            if period.end
            else None,
        )
        if period.start
        else None,
        credit_types_treatment=treatment,
        credit_types=kinds or None,
    )


def _rule(threshold: Threshold) -> billing.BudgetThresholdRuleArgs:
    # Pulumi's numbers are doubles, and so is Google's field.
    return billing.BudgetThresholdRuleArgs(
        threshold_percent=float(threshold.share), spend_basis=threshold.basis
    )


def _notifications(settings: BudgetRules, scope: Scope) -> billing.BudgetAllUpdatesRuleArgs | None:
    channels, topic = [*scope.channels, *settings.channels], scope.topic
    if not channels and not topic and not settings.project_recipients and settings.iam_recipients:
        return None
    return billing.BudgetAllUpdatesRuleArgs(
        monitoring_notification_channels=channels or None,
        pubsub_topic=topic,
        disable_default_iam_recipients=not settings.iam_recipients,
        enable_project_level_recipients=settings.project_recipients or None,
        schema_version="1.0",
    )
