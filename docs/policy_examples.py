"""What `docs/policies.py` shows of each policy besides its own words: values for its options, what breaks it, and what
mending does. The messages are the judge's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.policies.facts import Api, Budget, Facts, Key, Kind, Place, Project, Subject

DAY: Final = date(2026, 11, 24)
"""The day of the examples: prices and exceptions have dates."""
_ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
_CHAT: Final = "acme-chat-prod"
_MAPS: Final = "maps-backend.googleapis.com"


@dataclass(frozen=True)
class StackFile:
    """A stack file that breaks a policy."""

    text: str
    lead: str = "In `stacks/Pulumi.prod.yaml`:"


@dataclass(frozen=True)
class Program:
    """A program that breaks a policy with resources of pulumi_gcp: what no stack file can say."""

    code: str
    facts: Facts
    """What the policies see of it, in words of theirs."""
    lead: str


@dataclass(frozen=True)
class Mends:
    """What a policy mends with `remediate`."""

    words: str
    kind: str
    """Pulumi's type token of a resource."""
    inputs: Mapping[str, Any]
    """Of one that does not keep to it."""


@dataclass(frozen=True)
class Sample:
    """All that a policy's page shows."""

    breaks: tuple[StackFile | Program, ...]
    options: Mapping[str, Any]
    mends: Mends | None = None


def _sample(*breaks: StackFile | Program, mends: Mends | None = None, **options: Any) -> Sample:
    return Sample(breaks, options, mends)


def _subject(kind: Kind, name: str, label: str, *names: str) -> Subject:
    return Subject(kind, name, label, frozenset({name, *names}))


_PROJECT: Final = Project(
    _subject("project", "chat", f"project {_CHAT}", _CHAT), frozenset({_CHAT}), _ACCOUNT, protected=True
)


def _key(*targets: str) -> Facts:
    """A key in a project that the program manages."""
    key = Key(
        _subject("key", "website", "key Website", "Website", f"{_CHAT}/website"),
        _CHAT,
        targets,
        addresses=("203.0.113.0/24",),
    )
    return Facts(DAY, projects=(_PROJECT,), keys=(key,))


_SERVICE: Final = f"API {GEMINI_API} (gemini)"
_OWN_KEYS: Final = "Keys of a stack file open the Gemini API alone. A program of your own breaks it:"

SAMPLES: Final[Mapping[str, Sample]] = {
    "paid-project-has-budget": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD, services: all}
""")
    ),
    "budget-not-account-wide": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: paid, budget: {amount: 100, currency: USD}}
  gemini-landing-zone:sharedBudgets:
    everything: {accountWide: true, amount: 10000, currency: USD}
""")
    ),
    "budget-below-maximum": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 4000, currency: USD, period: quarter}
"""),
        maximum=1000,
        currency="USD",
    ),
    "budgets-within-envelope": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: paid, budget: {amount: 1200, currency: USD}}
    search: {projectId: acme-search-prod, tier: paid, budget: {amount: 900, currency: USD}}
"""),
        envelope=2000,
        currency="USD",
    ),
    "budget-thresholds": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD, thresholds: [0.9, 1.0]}
"""),
        firstAtMost=0.5,
    ),
    "budget-notifies": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.billing.Budget(
    "chat",
    billing_account="01A2B3-C4D5E6-F7A8B9",
    display_name="Chat",
    amount={"specified_amount": {"currency_code": "USD", "units": "100"}},
    budget_filter={"projects": ["projects/123456789012"], "services": ["services/AEFD-7695-64FA"]},
    all_updates_rule={"disable_default_iam_recipients": True, "monitoring_notification_channels": []},
)
""",
            Facts(
                DAY,
                budgets=(
                    Budget(
                        _subject("budget", "chat", "budget Chat", "Chat"),
                        _ACCOUNT,
                        Decimal(100),
                        "USD",
                        ("123456789012",),
                        (GEMINI_BILLING_SERVICE,),
                        told=False,
                    ),
                ),
            ),
            "In a stack file this is a mistake, which `gemini-lz validate` tells. A program of your own breaks it:",
        ),
        mends=Mends(
            "Google's mails to the billing account's administrators are switched on again.",
            "gcp:billing/budget:Budget",
            {"allUpdatesRule": {"disableDefaultIamRecipients": True}},
        ),
    ),
    "currency-matches": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: paid, budget: {amount: 100, currency: USD}}
"""),
        currencies={_ACCOUNT: "EUR"},
    ),
    "spend-stops": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: paid, budget: {amount: 100, currency: USD}}
"""),
        maximum=1500,
        currency="USD",
    ),
    "models-limited": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      limits:
        gemini-3.8-flash: {inputTokensPerMinute: 200000}
""")
    ),
    "exposure-within-allowance": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      limits:
        gemini-3.8-flash: {requestsPerMinute: 60, requestsPerDay: 10000, inputTokensPerMinute: 200000}
        others: deny
"""),
        maxOvershoot=500,
        currency="USD",
        lag="24h",
    ),
    "price-step-up": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      limits:
        gemini-4-argon: {requestsPerMinute: 2, requestsPerDay: 10}
        others: deny
"""),
        maxOvershoot=500,
        currency="USD",
        lag="24h",
        days=30,
    ),
    "quota-raise-justified": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      quotas:
        imagen-a-day:
          quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1
          value: 5000
          contactEmail: platform@example.com
"""),
        ceiling=1000,
        ceilings={"PredictRequestsPerDayPerProjectPerModelPaidTier1": 2000},
    ),
    "key-restricted": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.ApiKey("website", project="acme-chat-prod", display_name="Website")
""",
            _key(),
            _OWN_KEYS,
        )
    ),
    "key-gemini-only": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.ApiKey(
    "website",
    project="acme-chat-prod",
    display_name="Website",
    restrictions={
        "api_targets": [
            {"service": "generativelanguage.googleapis.com"},
            {"service": "maps-backend.googleapis.com"},
        ],
        "server_key_restrictions": {"allowed_ips": ["203.0.113.0/24"]},
    },
)
""",
            _key(GEMINI_API, _MAPS),
            _OWN_KEYS,
        )
    ),
    "key-clients": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: free
      keys:
        backend: {}
        website: {allowedReferrers: ["https://chat.example.com/*"]}
""")
    ),
    "key-bound": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: free
      keys:
        backend: {standard: true, allowedIps: [203.0.113.0/24]}
""")
    ),
    "key-methods": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: free
      keys:
        backend: {allowedIps: [203.0.113.0/24]}
""")
    ),
    "gemini-in-managed-projects": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.Service(
    "gemini",
    project="acme-experiments",
    service="generativelanguage.googleapis.com",
    disable_on_destroy=False,
)
""",
            Facts(DAY, apis=(Api(_subject("api", "gemini", _SERVICE), "acme-experiments", GEMINI_API),)),
            "A stack file opens the Gemini API in its own projects alone. A program of your own breaks it:",
        )
    ),
    "free-tier-private-data": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    support: {projectId: acme-support, tier: free, privateData: true}
""")
    ),
    "free-tier-users": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    support: {projectId: acme-support, tier: free, users: [DE, US]}
""")
    ),
    "regions": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      users: [DE, US]
"""),
        Program(
            """\
import pulumi_gcp as gcp

gcp.storage.Bucket("prompts", project="acme-chat-prod", location="US")
""",
            Facts(
                DAY,
                projects=(_PROJECT,),
                places=(Place(_subject("place", "prompts", "Bucket prompts"), "US"),),
            ),
            "What a stack file makes has no region to choose. A program of your own can have resources elsewhere:",
        ),
        locations=["europe-west1", "europe-west3", "EU"],
        users=["EEA", "CH"],
    ),
    "protected": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: free
      keys: {backend: {allowedIps: [203.0.113.0/24]}}
""")
    ),
    "deletion-policy": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: free, deletionPolicy: DELETE}
"""),
        mends=Mends(
            "The deletion policy of a project becomes the first of `allowed`.",
            "gcp:organizations/project:Project",
            {"projectId": _CHAT, "deletionPolicy": "DELETE"},
        ),
        allowed=["PREVENT", "ABANDON"],
    ),
    "no-disable-on-destroy": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.Service(
    "gemini",
    project="acme-chat-prod",
    service="generativelanguage.googleapis.com",
    disable_on_destroy=True,
)
""",
            Facts(
                DAY,
                projects=(_PROJECT,),
                apis=(Api(_subject("api", "gemini", _SERVICE), _CHAT, GEMINI_API, off_on_destroy=True),),
            ),
            "What a stack file enables stays enabled. A program of your own breaks it:",
        )
    ),
    "labels": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: free, labels: {owner: chat-team}}
"""),
        mends=Mends(
            "Labels that are missing are added, those that `defaults` has; the others stay missing and are told.",
            "gcp:organizations/project:Project",
            {"projectId": _CHAT, "labels": {"owner": "chat-team"}},
        ),
        required=["owner", "cost-centre"],
        defaults={"cost-centre": "cc-unassigned"},
    ),
}
