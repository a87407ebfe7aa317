"""A program of ways around the policies: each resource is one that a policy would pass if it looked less closely."""

from typing import Any

import pulumi
import pulumi_gcp as gcp
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "search-team", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)


def project(name: str) -> gcp.organizations.Project:
    """A paid project."""
    return gcp.organizations.Project(
        name,
        project_id=f"acme-evade-{name}",
        name=f"acme-evade-{name}",
        folder_id=FOLDER,
        billing_account=ACCOUNT,
        labels=CARE,
        opts=PROTECTED,
    )


def key(name: str, *addresses: str, service: str = GEMINI, **more: Any) -> None:
    """A key in a project that another program has made."""
    gcp.projects.ApiKey(
        name,
        project="sandbox-seed",
        display_name=name,
        restrictions={
            "api_targets": [{"service": service, "methods": ["GenerateContent"]}],
            **({"server_key_restrictions": {"allowed_ips": list(addresses)}} if addresses else {}),
        },
        **more,
    )


# Addresses that are the internet, or that are none.
key("pieces", *(f"{first}.0.0.0/8" for first in range(256)))
key("mapped", "::ffff:0:0/96")
key("translated-pieces", "64:ff9b::/98", "64:ff9b::4000:0/98", "64:ff9b::8000:0/97")
key("whole-ipv6", *(f"{first:x}000::/4" for first in (2, 3)))
key("space", " 0.0.0.0/0")
key("ports", "203.0.113.7:443", "203.0.113.8-203.0.113.9")
# Another way to write the service, a service account, and another API that serves the models.
key("case", service="GenerativeLanguage.googleapis.com")
key("bound", service_account_email="backend@sandbox-seed.iam.gserviceaccount.com")
key("firebase", service="firebasevertexai.googleapis.com")


# Code of the program's own.
class Code(ResourceProvider):
    """Runs when the resource is created."""

    def create(self, props: Any) -> CreateResult:
        return CreateResult("made", props)


class Hidden(Resource, module="keys", name="ApiKey"):
    """A dynamic resource that looks like a known one."""


Hidden(Code(), "hidden", {})
# The known types, sent elsewhere or made by another plugin.
elsewhere = gcp.Provider(
    "elsewhere",
    project="sandbox-seed",
    apikeys_custom_endpoint="https://apikeys.googleapis.com.example.com/v2/",
    pubsub_custom_endpoint="https://pubsub.googleapis.com@example.com/",
)
gcp.projects.Service(
    "downloaded",
    project="sandbox-seed",
    service="pubsub.googleapis.com",
    opts=pulumi.ResourceOptions(plugin_download_url="https://example.com/plugins"),
)

# Other APIs alone: the project is paid all the same.
vertex = project("vertex")
gcp.projects.Service("vertex", project=vertex.project_id, service="aiplatform.googleapis.com")
agents = project("agents")
gcp.projects.Service("agents", project=agents.number, service="dialogflow.googleapis.com")
project("nothing")

# Budgets and caps that count nothing.
chat = project("chat")
gcp.projects.Service("chat", project=chat.project_id, service=GEMINI)
DAYS: Any = {
    "later": {
        "start_date": {"year": 2099, "month": 1, "day": 1},
        "end_date": {"year": 2099, "month": 12, "day": 31},
    },
    "over": {
        "start_date": {"year": 2026, "month": 1, "day": 1},
        "end_date": {"year": 2026, "month": 1, "day": 2},
    },
}
for name, days in DAYS.items():
    gcp.billing.Budget(
        name,
        billing_account=ACCOUNT,
        display_name=name,
        amount={"specified_amount": {"currency_code": "USD", "units": "1"}},
        budget_filter={
            "projects": [chat.number.apply(lambda number: f"projects/{number}")],
            "services": ["services/AEFD-7695-64FA"],
            "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
            "custom_period": days,
        },
        threshold_rules=[{"threshold_percent": 0.5}, {"threshold_percent": 1.0}],
    )
search = project("search")
gcp.billing.Budget(
    "of-another-number",
    billing_account=ACCOUNT,
    display_name="of-another-number",
    amount={"specified_amount": {"currency_code": "USD", "units": "1"}},
    budget_filter={
        "projects": ["projects/999999999999"],
        "services": ["services/AEFD-7695-64FA"],
        "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
        "labels": {"project": search.project_id},
    },
    threshold_rules=[
        {"threshold_percent": 0.5},
        {"threshold_percent": 1.0},
        {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
    ],
)
for name, number, amount in (("far", search.number, "1000000"), ("of-another-number", "999999999999", "1")):
    pulumi.CustomResource(
        "gemini-landing-zone:index:SpendCap",
        name,
        {"billingAccount": ACCOUNT, "project": number, "amount": amount, "currency": "USD"},
    )
capped = project("capped")
gcp.billing.Budget(
    "capped",
    billing_account=ACCOUNT,
    display_name="capped",
    amount={"specified_amount": {"currency_code": "USD", "units": "1"}},
    budget_filter={
        "projects": [capped.number.apply(lambda number: f"projects/{number}")],
        "services": ["services/AEFD-7695-64FA"],
        "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
    },
    threshold_rules=[
        {"threshold_percent": 0.5},
        {"threshold_percent": 1.0},
        {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
    ],
)
pulumi.CustomResource(
    "gemini-landing-zone:index:SpendCap",
    "capped",
    {"billingAccount": ACCOUNT, "project": capped.number, "amount": "3", "currency": "USD"},
)

# Roles.
for name, role, member in (
    ("editor", "roles/editor", "allAuthenticatedUsers"),
    ("agent", "roles/firebaseml.serviceAgent", "user:ada@example.com"),
    ("custom", "projects/acme-evade-chat/roles/harmless", "domain:example.com"),
):
    gcp.projects.IAMMember(name, project=chat.project_id, role=role, member=member)
