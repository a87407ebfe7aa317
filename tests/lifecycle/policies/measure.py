"""A program that sets its own measure: terms lent by a stack file, claimed exceptions, values that come late."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "platform", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)
KEY: Any = {
    "api_targets": [
        {"service": GEMINI, "methods": ["google.ai.generativelanguage.v1beta.GenerativeService.*"]}
    ]
}

topic = gcp.pubsub.Topic("later", name="later", project="sandbox-seed")


def later(value: str) -> pulumi.Output[str]:
    """The value, which no preview knows."""
    return topic.id.apply(lambda _: value)


def project(name: str, account: pulumi.Input[str]) -> gcp.organizations.Project:
    """A paid project with the Gemini API."""
    made = gcp.organizations.Project(
        name,
        project_id=f"acme-own-{name}",
        name=f"acme-own-{name}",
        folder_id=FOLDER,
        billing_account=account,
        labels=CARE,
        opts=PROTECTED,
    )
    gcp.projects.Service(name, project=made.project_id, service=GEMINI)
    return made


def budget(name: str, *numbers: pulumi.Input[str], account: str = ACCOUNT) -> None:
    """A budget as policies want it."""
    gcp.billing.Budget(
        name,
        billing_account=account,
        display_name=name,
        amount={"specified_amount": {"currency_code": "USD", "units": "1"}},
        budget_filter={
            "projects": [pulumi.Output.concat("projects/", number) for number in numbers],
            "services": ["services/AEFD-7695-64FA"],
            "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
        },
        threshold_rules=[
            {"threshold_percent": 0.5},
            {"threshold_percent": 1},
            {"threshold_percent": 1, "spend_basis": "FORECASTED_SPEND"},
        ],
    )


def limits(name: str, made: gcp.organizations.Project, model: pulumi.Input[object]) -> None:
    """Limits on one model, and none on the account's money but a cap."""
    pulumi.CustomResource(
        "gemini-landing-zone:index:ProjectLimits",
        name,
        {"project": made.project_id, "limits": {"gemini-4-argon": model}, "others": "deny"},
    )
    pulumi.CustomResource(
        "gemini-landing-zone:index:SpendCap",
        name,
        {"billingAccount": ACCOUNT, "project": made.number, "amount": "1", "currency": "USD"},
    )


# Dear at list price; the stack file states a contract and a tier for a project of the same name.
chat = project("chat", ACCOUNT)
budget("chat", chat.number)
limits("chat", chat, {"requestsPerMinute": 1000})

# Exceptions that are another's: by Pulumi's name, by display name, by the name of the project and not its id.
gcp.projects.ApiKey(
    "acme-legacy/widget", name="one", project="sandbox-seed", restrictions=KEY, opts=PROTECTED
)
gcp.projects.ApiKey(
    "two",
    name="two",
    project="sandbox-seed",
    display_name="acme-legacy/widget",
    restrictions=KEY,
    opts=PROTECTED,
)
gcp.projects.ApiKey("three", name="acme-legacy", project="sandbox-seed", restrictions=KEY, opts=PROTECTED)
named = gcp.organizations.Project(
    "acme-legacy",
    project_id="acme-own-named",
    name="acme-legacy",
    folder_id=FOLDER,
    labels={},
    opts=PROTECTED,
)

# Paid, as only the update will say.
late = project("late", later(ACCOUNT))
# What limits it is known only later as well.
vague = project("vague", ACCOUNT)
limits("vague", vague, {"requestsPerMinute": later("1")})
budget("vague", later("1"))


class Posing(pulumi.ComponentResource):
    """A component of a resource's type: it is in the state with all that a guardrail has, and makes nothing."""

    def __init__(self, kind: str, props: Mapping[str, Any]) -> None:
        super().__init__(kind, "posed", props)
        self.register_outputs(props)


posed = project("posed", ACCOUNT)
Posing(
    "gemini-landing-zone:index:SpendCap",
    {"billingAccount": ACCOUNT, "project": posed.number, "amount": "1", "currency": "USD"},
)
Posing(
    "gemini-landing-zone:index:ProjectLimits", {"project": posed.project_id, "limits": {}, "others": "deny"}
)
Posing(
    "gcp:billing/budget:Budget",
    {
        "billingAccount": ACCOUNT,
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "1"}},
        "budgetFilter": {
            "projects": [posed.number.apply(lambda number: f"projects/{number}")],
            "services": ["services/AEFD-7695-64FA"],
        },
    },
)
