"""A program of pulumi_gcp that keeps to all policies: a paid project with all that belongs to it, and a free one."""

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "platform", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)

chat = gcp.organizations.Project(
    "chat",
    project_id="acme-good-chat",
    name="acme-good-chat",
    folder_id=FOLDER,
    labels={**CARE, "gemini-users": "de_fr", "gemini-private-data": "false"},
    opts=PROTECTED,
)
link = gcp.billing.ProjectInfo("chat", project=chat.project_id, billing_account=ACCOUNT)
apis = [
    gcp.projects.Service(
        name,
        project=chat.project_id,
        service=f"{name}.googleapis.com",
        opts=pulumi.ResourceOptions(depends_on=[link]),
    )
    for name in ("generativelanguage", "apikeys", "iam", "cloudquotas", "pubsub")
]
AFTER = pulumi.ResourceOptions(depends_on=apis)
gcp.billing.Budget(
    "chat",
    billing_account=ACCOUNT,
    display_name="Chat",
    amount={"specified_amount": {"currency_code": "USD", "units": "99", "nanos": 990000000}},
    budget_filter={
        "projects": [chat.number.apply(lambda number: f"projects/{number}")],
        "services": ["services/AEFD-7695-64FA"],
        "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
    },
    threshold_rules=[
        {"threshold_percent": 0.5},
        {"threshold_percent": 1.0},
        {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
    ],
    opts=AFTER,
)
pulumi.CustomResource(
    "gemini-landing-zone:index:SpendCap",
    "chat",
    {"billingAccount": ACCOUNT, "project": chat.number, "amount": "150", "currency": "USD"},
    AFTER,
)
# Limits last if they stand on the metrics of every paid tier. Priority, which costs 1.8 times as much, stays open here.
OF_TIERS_2_AND_3 = ("generate_content_paid_tier_2_requests", "generate_content_paid_tier_3_requests")
A_DAY = ("d", ("generate_requests_per_model_per_day", *OF_TIERS_2_AND_3))
A_MINUTE = ("min", ("generate_requests_per_model", *OF_TIERS_2_AND_3))
for model, (window, metrics), value in (
    ("gemini-4-argon", A_DAY, "5"),
    ("gemini-4-argon", A_MINUTE, "2"),
    ("", A_MINUTE, "0"),
):
    for metric in metrics:
        gcp.serviceusage.ConsumerQuotaOverride(
            f"{model or 'others'}-{metric}-{window}",
            project=chat.project_id,
            service=GEMINI,
            metric=f"{GEMINI}%2F{metric}",
            limit=f"%2F{window}%2Fmodel%2Fproject",
            dimensions={"model": model} if model else None,
            override_value=value,
            force=True,
            opts=AFTER,
        )
gcp.cloudquota.SQuotaPreference(
    "images",
    parent=chat.project_id.apply(lambda project: f"projects/{project}"),
    service=GEMINI,
    quota_id="PredictRequestsPerDayPerProjectPerModelPaidTier1",
    quota_config={"preferred_value": "140"},
    justification="product pictures",
    contact_email="platform@example.com",
    opts=AFTER,
)
account = gcp.serviceaccount.Account(
    "backend",
    project=chat.project_id,
    account_id="chat-backend",
    opts=pulumi.ResourceOptions(depends_on=apis),
)
gcp.projects.ApiKey(
    "backend",
    project=chat.project_id,
    display_name="Backend",
    service_account_email=account.email,
    restrictions={
        "api_targets": [
            {
                "service": GEMINI,
                "methods": ["google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent"],
            }
        ],
        "server_key_restrictions": {"allowed_ips": ["203.0.113.0/24"]},
    },
    opts=pulumi.ResourceOptions(protect=True, depends_on=apis),
)
gcp.projects.IAMMember(
    "reader",
    project=chat.project_id,
    role="roles/logging.viewer",
    member="group:platform@example.com",
    opts=AFTER,
)
gcp.pubsub.Topic(
    "prompts",
    name="prompts",
    project=chat.project_id,
    message_storage_policy={"allowed_persistence_regions": ["europe-west1", "europe-west3"]},
    opts=AFTER,
)
gcp.organizations.Project(
    "lab",
    project_id="acme-good-lab",
    name="acme-good-lab",
    folder_id=FOLDER,
    labels={**CARE, "gemini-private-data": "false"},
    opts=PROTECTED,
)
