"""The services that can be enabled, and the Gemini API's quotas on every tier.

Metric and quota names: Google's quota pages and violations in 429 responses, as of 2026-11-20. Default values: what
users report for their projects; Google no longer publishes them, and they vary by account.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

GEMINI_API: Final = "generativelanguage.googleapis.com"
UNLIMITED: Final = 2**63 - 1

#: Service name → title. Enabling any other name is refused as unknown.
TITLES: Final[Mapping[str, str]] = {
    "aiplatform.googleapis.com": "Vertex AI API",
    "apikeys.googleapis.com": "API Keys API",
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "bigquery.googleapis.com": "BigQuery API",
    "billingbudgets.googleapis.com": "Cloud Billing Budget API",
    "cloudapis.googleapis.com": "Google Cloud APIs",
    "cloudasset.googleapis.com": "Cloud Asset API",
    "cloudbilling.googleapis.com": "Cloud Billing API",
    "cloudbuild.googleapis.com": "Cloud Build API",
    "cloudfunctions.googleapis.com": "Cloud Functions API",
    "cloudkms.googleapis.com": "Cloud Key Management Service (KMS) API",
    "cloudquotas.googleapis.com": "Cloud Quotas API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "cloudscheduler.googleapis.com": "Cloud Scheduler API",
    "compute.googleapis.com": "Compute Engine API",
    "dialogflow.googleapis.com": "Dialogflow API",
    "essentialcontacts.googleapis.com": "Essential Contacts API",
    "eventarc.googleapis.com": "Eventarc API",
    "firebasevertexai.googleapis.com": "Firebase AI Logic API",
    GEMINI_API: "Generative Language API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "logging.googleapis.com": "Cloud Logging API",
    "monitoring.googleapis.com": "Cloud Monitoring API",
    "orgpolicy.googleapis.com": "Organization Policy API",
    "pubsub.googleapis.com": "Cloud Pub/Sub API",
    "run.googleapis.com": "Cloud Run Admin API",
    "secretmanager.googleapis.com": "Secret Manager API",
    "servicemanagement.googleapis.com": "Service Management API",
    "serviceusage.googleapis.com": "Service Usage API",
    "storage.googleapis.com": "Cloud Storage API",
    "sts.googleapis.com": "Security Token Service API",
}
#: Refused without a billing account.
NEEDS_BILLING: Final = frozenset(
    {
        "artifactregistry.googleapis.com",
        "cloudbuild.googleapis.com",
        "cloudfunctions.googleapis.com",
        "cloudscheduler.googleapis.com",
        "compute.googleapis.com",
        "run.googleapis.com",
    }
)
#: On in every new project.
ENABLED_AT_BIRTH: Final = (
    "bigquery.googleapis.com",
    "cloudapis.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "servicemanagement.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a metric.

    Attributes:
        metric: with its service in front.
        name: as Service Usage names it (`/min/model/project`).
        unit: `1/min/{project}/{model}`.
        quota_id: as Cloud Quotas and 429 responses name it.
        tier: 0 for free, 1 to 3.
        default: for a model without a value of its own.
        models: values by the quota's name of a model.
        fixed: no override and no preference changes it.
    """

    metric: str
    name: str
    unit: str
    quota_id: str
    tier: int
    default: int
    models: Mapping[str, int] = field(default_factory=dict)
    fixed: bool = False

    def value(self, model: str | None) -> int:
        """The value for `model` without overrides; without a model, the value for models not named."""
        return self.models.get(model, self.default) if model else self.default


_TITLES: Final = {
    "requests": "Generate Content API requests",
    "tokens": "Generate Content API input token count",
    "embed": "Embed content requests",
    "predict": "Imagen requests",
}
#: metric, window, quota id, tier, default, by model.
_ROWS: Final[tuple[tuple[str, str, str, int, int, dict[str, int]], ...]] = (
    ("generate_content_free_tier_requests", "min", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", 0, 5,
     {"gemini-2.5-flash-lite": 15, "gemini-2.5-pro": 2}),
    ("generate_content_free_tier_requests", "d", "GenerateRequestsPerDayPerProjectPerModel-FreeTier", 0, 20,
     {"gemini-2.5-flash-lite": 1_000, "gemini-2.5-pro": 20}),
    ("generate_content_free_tier_input_token_count", "min", "GenerateContentInputTokensPerModelPerMinute-FreeTier", 0,
     250_000, {}),
    ("generate_content_free_tier_input_token_count", "d", "GenerateContentInputTokensPerModelPerDay-FreeTier", 0,
     6_000_000, {}),
    ("generate_requests_per_model", "min", "GenerateRequestsPerMinutePerProjectPerModel", 1, 1_000,
     {"gemini-2.5-flash-lite": 4_000, "gemini-2.5-pro": 150, "gemini-3.1-pro": 25}),
    ("generate_requests_per_model_per_day", "d", "GenerateRequestsPerDayPerProjectPerModel", 1, 10_000,
     {"gemini-2.5-flash-lite": UNLIMITED, "gemini-2.5-pro": 1_000, "gemini-3.1-pro": 250}),
    ("generate_content_paid_tier_input_token_count", "min", "GenerateContentPaidTierInputTokensPerModelPerMinute", 1,
     2_000_000, {"gemini-2.5-flash-lite": 4_000_000}),
    ("generate_content_paid_tier_2_requests", "min", "GenerateRequestsPerMinutePerProjectPerModel-PaidTier2", 2, 2_000,
     {"gemini-2.5-flash-lite": 10_000, "gemini-2.5-pro": 1_000}),
    ("generate_content_paid_tier_2_requests", "d", "GenerateRequestsPerDayPerProjectPerModel-PaidTier2", 2, 100_000,
     {"gemini-2.5-flash-lite": UNLIMITED, "gemini-2.5-pro": 50_000}),
    ("generate_content_paid_tier_2_input_token_count", "min",
     "GenerateContentPaidTierInputTokensPerModelPerMinute-PaidTier2", 2, 3_000_000,
     {"gemini-2.5-flash-lite": 10_000_000, "gemini-2.5-pro": 5_000_000}),
    ("generate_content_paid_tier_3_requests", "min", "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3", 3, 10_000,
     {"gemini-2.5-flash-lite": 30_000, "gemini-2.5-pro": 2_000}),
    ("generate_content_paid_tier_3_requests", "d", "GenerateRequestsPerDayPerProjectPerModel-PaidTier3", 3,
     UNLIMITED, {}),
    ("generate_content_paid_tier_3_input_token_count", "min",
     "GenerateContentPaidTierInputTokensPerModelPerMinute-PaidTier3", 3, 8_000_000,
     {"gemini-2.5-flash-lite": 30_000_000}),
    ("embed_content_free_tier_requests", "min", "EmbedContentRequestsPerMinutePerUserPerProjectPerModel-FreeTier", 0,
     100, {}),
    ("embed_content_free_tier_requests", "d", "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier", 0, 1_000,
     {}),
    ("embed_content_paid_tier_requests", "min", "EmbedContentPerMinutePerProjectPerUserPerModel-PaidTier", 1, 3_000,
     {}),
    ("embed_content_paid_tier_2_requests", "min", "EmbedContentRequestsPerMinutePerProjectPerModel-PaidTier2", 2, 5_000,
     {}),
    ("embed_content_paid_tier_3_requests", "min", "EmbedContentRequestsPerMinutePerProjectPerModel-PaidTier3", 3,
     10_000, {}),
    ("predict_requests_per_model_per_day_paid_tier_1", "d", "PredictRequestsPerDayPerProjectPerModelPaidTier1", 1, 70,
     {}),
)  # fmt: skip


def _limit(metric: str, window: str, quota_id: str, tier: int, default: int, models: dict[str, int]) -> Limit:
    per_user = "PerUser" in quota_id
    return Limit(
        metric=f"{GEMINI_API}/{metric}",
        name=f"/{window}/model/project" + ("/user" if per_user else ""),
        unit=f"1/{window}/{{project}}/{{model}}" + ("/{user}" if per_user else ""),
        quota_id=quota_id,
        tier=tier,
        default=default,
        models=models,
        # The free tier has one value for every user.
        fixed=per_user and tier == 0,
    )


LIMITS: Final[tuple[Limit, ...]] = tuple(_limit(*row) for row in _ROWS)


@cache
def limits_by_metric() -> Mapping[str, tuple[Limit, ...]]:
    """Metric → its limits, in the order of the table."""
    return {
        metric: tuple(limit for limit in LIMITS if limit.metric == metric)
        for metric in dict.fromkeys(limit.metric for limit in LIMITS)
    }


def metric_title(metric: str) -> str:
    """The console's name of a metric."""
    name = metric.rpartition("/")[2]
    kind = next((kind for kind in ("embed", "predict") if name.startswith(kind)), None)
    title = _TITLES[kind or ("tokens" if "token_count" in name else "requests")]
    for tier, words in (("free_tier", "free tier"), ("tier_2", "paid tier 2"), ("tier_3", "paid tier 3")):
        if tier in name:
            return f"{title}, {words}"
    return f"{title}, paid tier"
