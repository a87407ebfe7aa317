"""Data that Google publishes about the Gemini API: models, quotas, console pages. No client, no I/O."""

from collections.abc import Mapping
from typing import Final

GEMINI_API = "generativelanguage.googleapis.com"
"""The Gemini API's service name; the console calls it the Generative Language API."""
API_KEYS_API = "apikeys.googleapis.com"
IAM_API = "iam.googleapis.com"
MONITORING_API = "monitoring.googleapis.com"

GEMINI_BILLING_SERVICE = "services/AEFD-7695-64FA"
"""The Gemini API in the Cloud Billing catalogue (Vertex AI is another service)."""

OTHER_DOORS: Final[Mapping[str, str]] = {
    "aiplatform.googleapis.com": "Vertex AI",
    "dialogflow.googleapis.com": "Conversational Agents",
    "discoveryengine.googleapis.com": "AI Applications",
    "firebasevertexai.googleapis.com": "Firebase AI Logic",
    "geminidataanalytics.googleapis.com": "Conversational Analytics",
}
"""Other APIs that serve Gemini's models -> their product. Neither limits nor spend caps of the Gemini API bind them,
and their cost is in no figure here. Firebase AI Logic and Vertex AI take an API key as well.

https://firebase.google.com/docs/ai-logic, https://cloud.google.com/vertex-ai/generative-ai/docs (2026-11-26)
"""


def service_name(text: str) -> str:
    """The name of a service as Google compares it: `services/Example.googleapis.com` is `example.googleapis.com`."""
    return text.strip().lower().rstrip(".").rpartition("/")[2]
