"""Limits and a billing link of which only the update will say what they are on."""

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
GEMINI = "generativelanguage.googleapis.com"
topic = gcp.pubsub.Topic("later", name="later", project="sandbox-seed")


def later(value: str) -> pulumi.Output[str]:
    """The value, which no preview knows."""
    return topic.id.apply(lambda _: value)


def project(name: str, limits: pulumi.Input[object]) -> None:
    """A paid project with limits."""
    made = gcp.organizations.Project(
        name,
        project_id=f"acme-delayed-{name}",
        name=f"acme-delayed-{name}",
        folder_id="987654321098",
        billing_account=ACCOUNT,
    )
    pulumi.CustomResource(
        "gemini-landing-zone:index:ProjectLimits",
        name,
        {"project": made.project_id, "limits": limits, "others": "deny"},
    )


# Whatever the map has, all other models are denied: which are the others, no preview knows.
project("whole", topic.id.apply(lambda _: {"gemini-4-argon": {"requestsPerMinute": 100000}}))
# Low, until the override below says otherwise.
project("raised", {"gemini-4-argon": {"requestsPerMinute": 1, "requestsPerDay": 1}})
gcp.serviceusage.ConsumerQuotaOverride(
    "raised",
    project="acme-delayed-raised",
    service=GEMINI,
    metric=f"{GEMINI}%2Fgenerate_requests_per_model",
    limit="%2Fmin%2Fmodel%2Fproject",
    dimensions={"model": later("gemini-4-argon")},
    override_value="1000",
)
# Whose project it links to the account, no preview knows.
gcp.billing.ProjectInfo("somebody-elses", project=later("acme-of-others"), billing_account=ACCOUNT)
