"""Data that Google publishes about the Gemini API: models, quotas, console pages. No client, no I/O."""

GEMINI_API = "generativelanguage.googleapis.com"
"""The Gemini API's service name; the console calls it the Generative Language API."""

GEMINI_BILLING_SERVICE = "services/AEFD-7695-64FA"
"""The Gemini API in the Cloud Billing catalogue (Vertex AI is another service)."""
