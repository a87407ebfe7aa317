"""A program of pulumi_gcp with resources that policies fix, secrets, and values that only the update knows."""

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"

first = gcp.organizations.Project(
    "first",
    project_id="acme-fixed-first",
    name="acme-fixed-first",
    folder_id=FOLDER,
    labels={"owner": "platform", "cost-centre": "cc-4711"},
)
gcp.organizations.Project(
    "chat",
    project_id="acme-fixed-chat",
    name="acme-fixed-chat",
    folder_id=FOLDER,
    deletion_policy="DELETE",
    labels={"owner": "chat", "codename": pulumi.Output.secret("hush-one"), "beside": first.number},
)
gcp.organizations.Project(
    "hidden",
    project_id="acme-fixed-hidden",
    name="acme-fixed-hidden",
    folder_id=FOLDER,
    labels=pulumi.Output.secret({"codename": "hush-two"}),
)
gcp.organizations.Project(
    "later",
    project_id="acme-fixed-later",
    name="acme-fixed-later",
    folder_id=FOLDER,
    labels=first.number.apply(lambda number: {"beside": number}),
)
provider = gcp.Provider("own", default_labels={"owner": "theirs"}, deletion_policy="DELETE")
gcp.organizations.Project(
    "of-provider",
    project_id="acme-fixed-of-provider",
    name="acme-fixed-of-provider",
    folder_id=FOLDER,
    opts=pulumi.ResourceOptions(provider=provider),
)
gcp.billing.Budget(
    "silent",
    billing_account=ACCOUNT,
    display_name=pulumi.Output.secret("hush-three"),
    amount={"specified_amount": {"currency_code": "USD", "units": "10"}},
    budget_filter={
        "projects": [first.number.apply(lambda number: f"projects/{number}")],
        "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
    },
    threshold_rules=[{"threshold_percent": 1.0}],
    all_updates_rule={"monitoring_notification_channels": [], "disable_default_iam_recipients": True},
)
