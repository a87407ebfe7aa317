"""A project's monthly budget for the Gemini API."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict

import pulumi
from pulumi_gcp import billing

from components.base import Component
from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.settings import BudgetSettings, Threshold

_NANO = Decimal(10) ** 9


class ProjectBudgetArgs(TypedDict):
    """What is budgeted, and who is told."""

    billingAccount: str
    """The account's id. Another account replaces the budget."""
    projectId: str
    """For the budget's name in the console."""
    projectNumber: pulumi.Input[str]
    """A filter by id would be answered with the number, and so differ at every preview."""
    budget: BudgetSettings
    channels: Sequence[pulumi.Input[str]]
    """Names of the e-mail channels to tell."""


class ProjectBudget(Component):
    """A budget that counts one project's use of the Gemini API, before credits, and tells at its thresholds."""

    budget_name: pulumi.Output[str]
    """`billingAccounts/ID/budgets/UUID`."""

    def __init__(
        self, name: str, args: ProjectBudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        settings = args["budget"]
        budget = billing.Budget(
            name,
            billing_account=args["billingAccount"],
            display_name=settings.name or f"{args['projectId']} Gemini API",
            amount=billing.BudgetAmountArgs(specified_amount=_money(settings.amount, settings.currency)),
            budget_filter=billing.BudgetBudgetFilterArgs(
                projects=[pulumi.Output.concat("projects/", args["projectNumber"])],
                services=[GEMINI_BILLING_SERVICE],
                calendar_period="MONTH",
                # What is used, whatever pays for it: credits run out.
                credit_types_treatment="EXCLUDE_ALL_CREDITS",
            ),
            threshold_rules=[_rule(threshold) for threshold in settings.thresholds],
            all_updates_rule=billing.BudgetAllUpdatesRuleArgs(
                monitoring_notification_channels=[*args["channels"], *settings.channels],
                disable_default_iam_recipients=not settings.iam_recipients,
                schema_version="1.0",
            )
            if args["channels"] or settings.channels
            else None,
            opts=self.child(),
        )
        self.budget_name = budget.name
        self.register_outputs({"budgetName": self.budget_name})


def _money(amount: Decimal, currency: str) -> billing.BudgetAmountSpecifiedAmountArgs:
    units = int(amount)
    return billing.BudgetAmountSpecifiedAmountArgs(
        currency_code=currency, units=str(units), nanos=int((amount - units) * _NANO) or None
    )


def _rule(threshold: Threshold) -> billing.BudgetThresholdRuleArgs:
    # Pulumi's numbers are doubles; Google's field is one as well.
    return billing.BudgetThresholdRuleArgs(
        threshold_percent=float(threshold.share), spend_basis=threshold.basis
    )
