"""The stack files of the story: a project whose key is stolen, and one beside it; without and with limits and guard."""

from decimal import Decimal
from typing import Final

from sandbox.demo.board import Name

ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
SEED: Final = "sandbox-seed"
STACK: Final = "demo"
STOLEN, BESIDE = "chat", "shop"
PROJECT_IDS: Final = {STOLEN: "acme-chat-demo", BESIDE: "acme-shop-demo"}
BUDGETS: Final = {STOLEN: Decimal(50), BESIDE: Decimal(80)}
CURRENCY: Final = "USD"
FLASH, PRO = "gemini-3.8-flash", "gemini-3.1-pro-preview"
_LIMITS: Final = f"{FLASH}: {{requestsPerMinute: 20, requestsPerDay: 5000, inputTokensPerMinute: 400000}}"
_GUARD: Final = "guard: {throttle: {at: 0.8, to: 0.25}, stop: {at: 1.0, by: both}, rate: {times: 3}}"


def stack_file(name: Name) -> str:
    """The stack file of a run."""
    guarded = name == "with"
    projects = "".join(
        f"""\
    {project}:
      projectId: {PROJECT_IDS[project]}
      tier: paid
      deletionPolicy: DELETE
      keys: {{backend: {{methods: [generate]}}}}
      budget: {{amount: {BUDGETS[project]}, currency: {CURRENCY}}}
      alerts: {{email: [oncall@example.com]}}
      workload: [{{model: {FLASH}, requestsPerDay: 1440, inputTokens: 1200, outputTokens: 300}}]
"""
        + (f"      limits: {{{_LIMITS}, others: deny}}\n      {_GUARD}\n" if guarded else "")
        for project in PROJECT_IDS
    )
    return f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gcp:batching: {{enableBatching: true, sendAfter: 50ms}}
  gcp:pollInterval: 1s
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: {SEED}
  gemini-landing-zone:accountTerms: {{{ACCOUNT}: {{tier: 3}}}}
{"  gemini-landing-zone:guard: {email: [oncall@example.com]}" if guarded else ""}
  gemini-landing-zone:projects:
{projects}"""
