"""A program of pulumi_gcp that breaks all policies."""

from typing import Any

import pulumi
import pulumi_gcp as gcp
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "platform", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)

# Paid, and nothing bounds it.
chat = gcp.organizations.Project(
    "chat",
    project_id="acme-bad-chat",
    name="acme-bad-chat",
    folder_id=FOLDER,
    billing_account=ACCOUNT,
    deletion_policy="DELETE",
    labels={"gemini-users": "de_us", "gemini-private-data": "true"},
)
# Paid, and its limits let too much through, from December on twice as much.
dear = gcp.organizations.Project(
    "dear",
    project_id="acme-bad-dear",
    name="acme-bad-dear",
    folder_id=FOLDER,
    billing_account=ACCOUNT,
    labels=CARE,
    opts=PROTECTED,
)
gcp.organizations.Project(
    "lab",
    project_id="acme-bad-lab",
    name="acme-bad-lab",
    org_id="123456789012",
    labels={**CARE, "gemini-users": "de", "gemini-private-data": "true"},
    opts=PROTECTED,
)
apis = [
    *(
        gcp.projects.Service(f"{name}-{api}", project=project.project_id, service=f"{api}.googleapis.com")
        for name, project in (("chat", chat), ("dear", dear))
        for api in ("apikeys", "cloudquotas", "pubsub")
    ),
    gcp.projects.Service("chat-gemini", project=chat.project_id, service=GEMINI),
    gcp.projects.Service("dear-gemini", project=dear.project_id, service=GEMINI, disable_on_destroy=True),
    # Of another program.
    gcp.projects.Service("seed-gemini", project="sandbox-seed", service=GEMINI),
]
AFTER = pulumi.ResourceOptions(depends_on=apis)
# Serves the same models, without the limits and caps of the Gemini API.
gcp.projects.Service("chat-agents", project=chat.project_id, service="dialogflow.googleapis.com", opts=AFTER)
# Calls the API with a token and without a key.
gcp.projects.IAMMember(
    "caller",
    project=chat.project_id,
    role="roles/serviceusage.serviceUsageConsumer",
    member="domain:example.com",
)
# Adopted, and paid by somebody else.
gcp.billing.ProjectInfo("legacy", project="acme-bad-legacy", billing_account="0A1B2C-3D4E5F-6A7B8C")


class Code(ResourceProvider):
    """Runs when the resource is created."""

    def create(self, props: Any) -> CreateResult:
        return CreateResult("unseen", props)


class Unseen(Resource):
    """A resource of which nothing is known but its type."""


Unseen(Code(), "unseen", {})
gcp.billing.Budget(
    "everything",
    billing_account=ACCOUNT,
    display_name="Everything",
    amount={"specified_amount": {"currency_code": "USD", "units": "1000"}},
    budget_filter={"calendar_period": "MONTH"},
    # Without thresholds: Google wants somebody to tell where there are some.
    all_updates_rule={"monitoring_notification_channels": [], "disable_default_iam_recipients": True},
)
# Names a project, and not the Gemini API: it counts all services.
gcp.billing.Budget(
    "of-dear",
    billing_account=ACCOUNT,
    display_name="Of dear",
    amount={"specified_amount": {"currency_code": "USD", "units": "10"}},
    budget_filter={"projects": [dear.number.apply(lambda number: f"projects/{number}")]},
    threshold_rules=[
        {"threshold_percent": 0.5},
        {"threshold_percent": 1.0},
        {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
    ],
    opts=AFTER,
)
OF_TIERS_2_AND_3 = ("generate_content_paid_tier_2_requests", "generate_content_paid_tier_3_requests")
A_DAY = ("d", ("generate_requests_per_model_per_day", *OF_TIERS_2_AND_3))
A_MINUTE = ("min", ("generate_requests_per_model", *OF_TIERS_2_AND_3))
for model, (window, metrics), value in (
    ("gemini-4-argon", A_DAY, "20"),
    ("gemini-4-argon", A_MINUTE, "2"),
    ("", A_MINUTE, "0"),
):
    for metric in metrics:
        gcp.serviceusage.ConsumerQuotaOverride(
            f"{model or 'others'}-{metric}-{window}",
            project=dear.project_id,
            service=GEMINI,
            metric=f"{GEMINI}%2F{metric}",
            limit=f"%2F{window}%2Fmodel%2Fproject",
            dimensions={"model": model} if model else None,
            override_value=value,
            force=True,
            opts=AFTER,
        )
# Of a model that Google has shut down.
for metric in A_MINUTE[1]:
    gcp.serviceusage.ConsumerQuotaOverride(
        f"gone-{metric}",
        project=chat.project_id,
        service=GEMINI,
        metric=f"{GEMINI}%2F{metric}",
        limit="%2Fmin%2Fmodel%2Fproject",
        dimensions={"model": "gemini-3-pro"},
        override_value="1",
        force=True,
        opts=AFTER,
    )
gcp.cloudquota.SQuotaPreference(
    "images",
    parent=chat.project_id.apply(lambda project: f"projects/{project}"),
    service=GEMINI,
    quota_id="PredictRequestsPerDayPerProjectPerModelPaidTier1",
    quota_config={"preferred_value": "1500"},
    contact_email="platform@example.com",
    opts=AFTER,
)
gcp.projects.ApiKey("found", project=chat.project_id, display_name="Found", opts=AFTER)
gcp.projects.ApiKey(
    "both",
    project=chat.project_id,
    display_name="Both",
    restrictions={
        "api_targets": [{"service": GEMINI}, {"service": "pubsub.googleapis.com"}],
        "server_key_restrictions": {"allowed_ips": ["203.0.113.0/24"]},
    },
    opts=pulumi.ResourceOptions(protect=True, depends_on=apis),
)
gcp.pubsub.Topic(
    "prompts",
    name="prompts",
    project=chat.project_id,
    message_storage_policy={"allowed_persistence_regions": ["europe-west1", "us-central1"]},
    opts=AFTER,
)
