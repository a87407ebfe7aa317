"""Budgets: of one project, or of several; and the spend cap beside a project's."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import billing

from components.base import Component
from components.native import SpendCap
from landing_zone.names import cap_title
from landing_zone.settings import BudgetRules, BudgetSettings, Threshold

_NANO = Decimal(10) ** 9


class BudgetArgs(TypedDict):
    """What is budgeted, and who is told."""

    billingAccount: str
    """The account's id. Another account replaces the budget."""
    title: str
    """Its name in the console, unless the settings have one."""
    budget: BudgetRules
    projectNumbers: NotRequired[Sequence[pulumi.Input[str]]]
    """A filter by id would be answered with the number, and so differ at every preview. None: all projects."""
    ancestors: NotRequired[Sequence[str]]
    channels: Sequence[pulumi.Input[str]]
    """Names of the e-mail channels to tell."""
    topic: NotRequired[pulumi.Input[str] | None]
    """The topic's name in full."""
    kept: bool
    """It stays when it leaves the stack."""


class Budget(Component):
    """A budget: it counts what its filter lets through, and tells at its thresholds."""

    budget: billing.Budget
    budget_name: pulumi.Output[str]
    """`billingAccounts/ID/budgets/UUID`."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings = args["budget"]
        self.budget = billing.Budget(
            name,
            billing_account=args["billingAccount"],
            display_name=settings.name or args["title"],
            amount=_amount(settings),
            budget_filter=_filter(settings, args),
            threshold_rules=[_rule(threshold) for threshold in settings.thresholds],
            all_updates_rule=_notifications(settings, args),
            ownership_scope={"allUsers": "ALL_USERS", "billingAccount": "BILLING_ACCOUNT", None: None}[
                settings.ownership
            ],
            opts=self.child(
                existing=settings.existing
                and f"billingAccounts/{args['billingAccount']}/budgets/{settings.existing}",
                kept=args["kept"],
            ),
        )
        self.budget_name = self.budget.name
        self.register_outputs({"budgetName": self.budget_name})


class ProjectBudget(Budget):
    """A budget on one project's use of the Gemini API."""


class SharedBudget(Budget):
    """A budget over several projects, a folder, or all that an account pays for."""


def spend_cap(
    name: str,
    account: str,
    project_number: pulumi.Input[str],
    project_id: str,
    budget: BudgetSettings,
    opts: pulumi.ResourceOptions,
) -> SpendCap | None:
    """The cap that a budget asks for: a resource of its own, as Google lets a cap have no other recipients."""
    cap = budget.spend_cap
    if cap is None:
        return None
    amount = cap.amount if cap.amount is not None else budget.amount
    return SpendCap(
        name,
        {
            "billingAccount": account,
            "project": project_number,
            "amount": f"{amount:f}",
            "currency": budget.currency,
            "displayName": cap_title(project_id),
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


def _filter(settings: BudgetRules, args: BudgetArgs) -> billing.BudgetBudgetFilterArgs:
    numbers = args.get("projectNumbers")
    kinds = [kind for kind in settings.credits if kind not in ("EXCLUDE_ALL", "INCLUDE_ALL")]
    treatment = "INCLUDE_SPECIFIED_CREDITS" if kinds else f"{settings.credits[0]}_CREDITS"
    period = settings.period
    return billing.BudgetBudgetFilterArgs(
        projects=[pulumi.Output.concat("projects/", number) for number in numbers] if numbers else None,
        resource_ancestors=list(args.get("ancestors") or ()) or None,
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
    # Pulumi's numbers are doubles; Google's field is one as well.
    return billing.BudgetThresholdRuleArgs(
        threshold_percent=float(threshold.share), spend_basis=threshold.basis
    )


def _notifications(settings: BudgetRules, args: BudgetArgs) -> billing.BudgetAllUpdatesRuleArgs | None:
    channels = [*args["channels"], *settings.channels]
    topic = args.get("topic")
    if not channels and not topic and not settings.project_recipients and settings.iam_recipients:
        return None
    return billing.BudgetAllUpdatesRuleArgs(
        monitoring_notification_channels=channels or None,
        pubsub_topic=topic,
        disable_default_iam_recipients=not settings.iam_recipients,
        enable_project_level_recipients=settings.project_recipients or None,
        schema_version="1.0",
    )
