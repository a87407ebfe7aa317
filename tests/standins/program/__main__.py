"""A paid project with a link, APIs, a key, a budget, a channel, alerts, an override and a preference; and a free one.

The configuration's `version` chooses between what is created first (1) and what it is updated to (2).
"""

import pulumi
from pulumi_gcp import billing, cloudquota, monitoring, organizations, projects, serviceusage

GEMINI = "generativelanguage.googleapis.com"
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"

updated = pulumi.Config().require_int("version") == 2

paid = organizations.Project(
    "paid",
    project_id="stand-in-paid",
    name="Paid and renamed" if updated else "Paid",
    folder_id=FOLDER,
    billing_account=ACCOUNT,
    labels={"team": "chat", "stage": "prod"} if updated else {"team": "chat"},
    deletion_policy="DELETE",
)
free = organizations.Project(
    "free", project_id="stand-in-free", name="Free", folder_id=FOLDER, deletion_policy="DELETE"
)
link = billing.ProjectInfo("link", project=free.project_id, billing_account="" if updated else ACCOUNT)


def service(name: str, **options: bool) -> projects.Service:
    return projects.Service(
        name,
        project=paid.project_id,
        service=f"{name}.googleapis.com",
        opts=pulumi.ResourceOptions(depends_on=[paid]),
        **options,
    )


apikeys = service("apikeys", disable_on_destroy=False)
gemini = service("generativelanguage", disable_on_destroy=True, disable_dependent_services=True)
watched = service("monitoring")
after = pulumi.ResourceOptions(depends_on=[apikeys, gemini, watched])

channel = monitoring.NotificationChannel(
    "email",
    project=paid.project_id,
    display_name="on call, day and night" if updated else "on call",
    type="email",
    labels={"email_address": "oncall@example.com"},
    force_delete=True,
    opts=after,
)
budget = billing.Budget(
    "budget",
    billing_account=ACCOUNT,
    display_name="Paid Gemini API",
    amount={
        "specified_amount": {"currency_code": "USD", "units": "300", "nanos": 0}
        if updated
        else {"currency_code": "USD", "units": "120", "nanos": 500_000_000}
    },
    budget_filter={
        "projects": [paid.number.apply(lambda number: f"projects/{number}")],
        "services": ["services/AEFD-7695-64FA"],
        "calendar_period": "MONTH",
        "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
    },
    threshold_rules=[
        {"threshold_percent": 0.5, "spend_basis": "CURRENT_SPEND"},
        {"threshold_percent": 0.9 if updated else 0.8},
        {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
    ],
    all_updates_rule={
        "monitoring_notification_channels": [channel.name],
        "disable_default_iam_recipients": True,
    },
)
key = projects.ApiKey(
    "key",
    project=paid.project_id,
    display_name="Backend",
    restrictions={
        "api_targets": [{"service": GEMINI}],
        "server_key_restrictions": {
            "allowed_ips": ["203.0.113.0/24", "198.51.100.7"] if updated else ["203.0.113.0/24"]
        },
    },
    opts=after,
)
errors = monitoring.AlertPolicy(
    "errors",
    project=paid.project_id,
    display_name="Calls fail",
    combiner="OR",
    conditions=[
        {
            "display_name": "Share of failed calls",
            "condition_threshold": {
                "filter": 'metric.type="serviceruntime.googleapis.com/api/request_count" '
                'AND resource.type="consumed_api" AND metric.label.response_code_class="5xx"',
                "denominator_filter": 'metric.type="serviceruntime.googleapis.com/api/request_count" '
                'AND resource.type="consumed_api"',
                "aggregations": [
                    {
                        "alignment_period": "300s",
                        "per_series_aligner": "ALIGN_RATE",
                        "cross_series_reducer": "REDUCE_SUM",
                    }
                ],
                "denominator_aggregations": [
                    {
                        "alignment_period": "300s",
                        "per_series_aligner": "ALIGN_RATE",
                        "cross_series_reducer": "REDUCE_SUM",
                    }
                ],
                "comparison": "COMPARISON_GT",
                "duration": "0s",
                "threshold_value": 0.1 if updated else 0.05,
            },
        }
    ],
    notification_channels=[channel.name],
    documentation={"content": "See the usage page.", "mime_type": "text/markdown"},
)
refusals = monitoring.AlertPolicy(
    "refusals",
    project=paid.project_id,
    display_name="Calls are refused",
    combiner="OR",
    enabled=not updated,
    conditions=[
        {
            "display_name": "429s",
            "condition_threshold": {
                "filter": 'metric.type="serviceruntime.googleapis.com/api/request_count" '
                'AND resource.type="consumed_api" AND metric.label.response_code="429"',
                "comparison": "COMPARISON_GT",
                "duration": "60s",
                "threshold_value": 1,
                "trigger": {"count": 1},
            },
        }
    ],
    alert_strategy={"auto_close": "3600s"},
    user_labels={"team": "chat"},
    severity="WARNING",
    opts=after,
)
override = serviceusage.ConsumerQuotaOverride(
    "override",
    project=paid.project_id,
    service=GEMINI,
    metric="generativelanguage.googleapis.com%2Fgenerate_requests_per_model",
    limit="%2Fmin%2Fmodel%2Fproject",
    dimensions={"model": "gemini-2.5-pro"},
    override_value="20" if updated else "10",
    force=True,
    opts=after,
)
preference = cloudquota.SQuotaPreference(
    "preference",
    parent=paid.project_id.apply(lambda project: f"projects/{project}"),
    service=GEMINI,
    quota_id="GenerateRequestsPerMinutePerProjectPerModel",
    dimensions={"model": "gemini-2.5-flash"},
    contact_email="oncall@example.com",
    ignore_safety_checks="QUOTA_DECREASE_PERCENTAGE_TOO_HIGH",
    quota_config={"preferred_value": "60" if updated else "50"},
    opts=after,
)

pulumi.export("key", pulumi.Output.secret(key.key_string))
pulumi.export("number", paid.number)
pulumi.export("read", organizations.get_project_output(project_id=paid.project_id).number)
