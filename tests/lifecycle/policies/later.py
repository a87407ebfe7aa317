"""A program of pulumi_gcp that breaks policies with values that only the update tells: another project's."""

from typing import Any

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "platform", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)

first = gcp.organizations.Project(
    "first",
    project_id="acme-later-first",
    name="acme-later-first",
    folder_id=FOLDER,
    labels=CARE,
    opts=PROTECTED,
)


def later(value: Any) -> pulumi.Output[Any]:
    """The value, once the first project is there."""
    return first.number.apply(lambda _: value)


chat = gcp.organizations.Project(
    "chat",
    project_id=later("acme-later-chat"),
    name="acme-later-chat",
    folder_id=FOLDER,
    labels=later({"owner": "platform", "gemini-users": "de_us", "gemini-private-data": "true"}),
    deletion_policy=later("DELETE"),
    opts=PROTECTED,
)
dear = gcp.organizations.Project(
    "dear",
    project_id="acme-later-dear",
    name="acme-later-dear",
    folder_id=FOLDER,
    billing_account=later(ACCOUNT),
    labels={**CARE, "gemini-private-data": later("true")},
    opts=PROTECTED,
)
apis = [
    gcp.projects.Service(f"{name}-{api}", project=project.project_id, service=later(f"{api}.googleapis.com"))
    for name, project in (("chat", chat), ("dear", dear))
    for api in ("apikeys", "cloudquotas", "pubsub", "generativelanguage")
]
AFTER = pulumi.ResourceOptions(depends_on=apis)
KEY = pulumi.ResourceOptions(depends_on=apis, protect=True)
gcp.projects.ApiKey(
    "whole", project=chat.project_id, restrictions=later({"api_targets": [{"service": GEMINI}]}), opts=KEY
)
gcp.projects.ApiKey(
    "parts",
    project=chat.project_id,
    display_name=later("Parts"),
    restrictions={
        "api_targets": [{"service": later(GEMINI)}, {"service": later("pubsub.googleapis.com")}],
        "server_key_restrictions": {"allowed_ips": [later("0.0.0.0/0")]},
    },
    opts=KEY,
)
# Whose it is, nobody knows before.
gcp.projects.ApiKey(
    "abroad",
    project=later("sandbox-seed"),
    service_account_email=later(""),
    restrictions={
        "api_targets": [{"service": GEMINI, "methods": later([])}],
        "server_key_restrictions": {"allowed_ips": ["203.0.113.7"]},
    },
    opts=KEY,
)
gcp.billing.Budget(
    "whole",
    billing_account=ACCOUNT,
    display_name=later("Whole"),
    amount=later({"specified_amount": {"currency_code": "USD", "units": "1000"}}),
    budget_filter=later({"calendar_period": "YEAR"}),
    threshold_rules=later([{"threshold_percent": 1.0}]),
)
gcp.billing.Budget(
    "parts",
    billing_account=later(ACCOUNT),
    display_name="Parts",
    amount={"specified_amount": {"currency_code": later("USD"), "units": later("101")}},
    budget_filter={
        "projects": [dear.number.apply(lambda number: f"projects/{number}")],
        "services": [later("services/24E6-581D-38E5")],
    },
    threshold_rules=[{"threshold_percent": later(0.75)}, {"threshold_percent": 1.0}],
    all_updates_rule={
        "monitoring_notification_channels": later([]),
        "enable_project_level_recipients": later(True),
        "disable_default_iam_recipients": later(True),
    },
)
# A month's at most, if it is for a year; above that, if it is not: only the update says which.
gcp.billing.Budget(
    "year",
    billing_account=ACCOUNT,
    display_name="Year",
    amount={"specified_amount": {"currency_code": later("USD"), "units": "1200"}},
    budget_filter={
        "projects": [first.number.apply(lambda number: f"projects/{number}")],
        "services": ["services/AEFD-7695-64FA"],
        "calendar_period": later("YEAR"),
    },
    threshold_rules=[
        {"threshold_percent": 0.5},
        {"threshold_percent": 1.0},
        {"threshold_percent": 1.0, "spend_basis": later("FORECASTED_SPEND")},
    ],
)
gcp.serviceusage.ConsumerQuotaOverride(
    "dear",
    project=dear.project_id,
    service=GEMINI,
    metric=later(f"{GEMINI}%2Fgenerate_requests_per_model"),
    limit="%2Fmin%2Fmodel%2Fproject",
    override_value=later("60"),
    force=True,
    opts=AFTER,
)
gcp.cloudquota.SQuotaPreference(
    "images",
    parent=chat.project_id.apply(lambda project: f"projects/{project}"),
    service=later(GEMINI),
    quota_id=later("PredictRequestsPerDayPerProjectPerModelPaidTier1"),
    quota_config={"preferred_value": later("1500")},
    justification=later(""),
    contact_email="platform@example.com",
    opts=AFTER,
)
gcp.pubsub.Topic(
    "prompts",
    name="prompts",
    project=chat.project_id,
    message_storage_policy={"allowed_persistence_regions": [later("us-central1")]},
    opts=AFTER,
)
