"""Examples for the pages of the policies: options, stack files and programs that violate each policy, and fixes.

`docs/policies.py` judges them and shows the messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.policies.facts import (
    Api,
    Budget,
    Declared,
    Facts,
    Grant,
    Key,
    Kind,
    Location,
    Project,
    Subject,
)

DAY: Final = date(2026, 11, 24)
"""The day of the examples: prices and exceptions have dates."""
_ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
_CHAT: Final = "acme-chat-prod"
_MAPS: Final = "maps-backend.googleapis.com"


@dataclass(frozen=True)
class StackFile:
    """A stack file that violates a policy."""

    text: str
    lead: str = "In `stacks/Pulumi.prod.yaml`:"


@dataclass(frozen=True)
class Program:
    """A program of pulumi_gcp that violates a policy, where no stack file can."""

    code: str
    facts: Facts
    """Facts from the program."""
    lead: str


@dataclass(frozen=True)
class Remediation:
    """An example of a fix by `remediate`."""

    text: str
    kind: str
    """Pulumi type token."""
    inputs: Mapping[str, Any]
    """Inputs that violate the policy."""


@dataclass(frozen=True)
class Sample:
    """The examples on a policy's page."""

    breaks: tuple[StackFile | Program, ...]
    options: Mapping[str, Any]
    remediation: Remediation | None = None


def _sample(*breaks: StackFile | Program, remediation: Remediation | None = None, **options: Any) -> Sample:
    return Sample(breaks, options, remediation)


def _subject(kind: Kind, name: str, label: str, *names: str) -> Subject:
    return Subject(kind, name, label, frozenset({name, *names}))


_PROJECT: Final = Project(
    _subject("project", "chat", f"project {_CHAT}", _CHAT), frozenset({_CHAT}), _ACCOUNT, protected=True
)


def _key(*targets: str) -> Facts:
    """Facts with a key in a managed project."""
    key = Key(
        _subject("key", "website", "key Website", "Website", f"{_CHAT}/website"),
        _CHAT,
        targets,
        addresses=("203.0.113.0/24",),
    )
    return Facts(DAY, projects=(_PROJECT,), keys=(key,))


_SERVICE: Final = f"API {GEMINI_API} (gemini)"
_OWN_KEYS: Final = "Keys in a stack file open only the Gemini API. In a program of your own:"

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
    "budget-counts-credits": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD, credits: include}
"""),
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
                        notifies=False,
                    ),
                ),
            ),
            "In a stack file this is a mistake, which `gemini-lz validate` reports. In a program of your own:",
        ),
        remediation=Remediation(
            "Google's mail to the billing account's administrators is turned on again.",
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
        guards=["projects/acme-ops/topics/spend"],
    ),
    "private-data-stored": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      privateData: true
      budget: {amount: 100, currency: USD}
""")
    ),
    "models-served": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      budget: {amount: 100, currency: USD}
      limits:
        gemini-3-pro-preview: {requestsPerMinute: 1}
        others: deny
"""),
        days=60,
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
      keys:
        backend: {methods: [generate, countTokens]}
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
      keys:
        backend: {methods: [generate, countTokens]}
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
            "A stack file enables the Gemini API only in its own projects. In a program of your own:",
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
                locations=(Location(_subject("location", "prompts", "Bucket prompts"), "US"),),
            ),
            "Resources of a stack file have no region to choose. In a program of your own:",
        ),
        locations=["europe-west1", "europe-west3", "EU"],
        users=["EEA", "CH"],
    ),
    "other-doors": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.Service("vertex", project="acme-chat-prod", service="aiplatform.googleapis.com")
""",
            Facts(
                DAY,
                projects=(_PROJECT,),
                apis=(
                    Api(
                        _subject("api", "vertex", "API aiplatform.googleapis.com (vertex)"),
                        _CHAT,
                        "aiplatform.googleapis.com",
                    ),
                ),
            ),
            "A stack file enables no such API. In a program of your own:",
        ),
        allowed=["dialogflow.googleapis.com"],
    ),
    "access-without-key": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.projects.IAMMember(
    "backend",
    project="acme-chat-prod",
    role="roles/serviceusage.serviceUsageConsumer",
    member="serviceAccount:backend@acme-shop.iam.gserviceaccount.com",
)
gcp.serviceaccount.Key("backend-key", service_account_id="backend@acme-chat-prod.iam.gserviceaccount.com")
""",
            Facts(
                DAY,
                projects=(_PROJECT,),
                grants=(
                    Grant(
                        _subject("grant", "backend", "IAMMember backend"),
                        _CHAT,
                        "roles/serviceusage.serviceUsageConsumer",
                        ("serviceAccount:backend@acme-shop.iam.gserviceaccount.com",),
                    ),
                    Grant(
                        _subject("grant", "backend-key", "Key backend-key"),
                        "backend@acme-chat-prod.iam.gserviceaccount.com",
                        "",
                        (),
                        credential=True,
                    ),
                ),
            ),
            "A stack file grants no roles. In a program of your own:",
        ),
        members=["group:platform@example.com"],
        roles=["roles/run.admin"],
        customRoles=["projects/acme-chat-prod/roles/logReader"],
    ),
    "known-resources": _sample(
        Program(
            """\
import pulumi_gcp as gcp

gcp.workbench.Instance("notebook", project="acme-chat-prod", location="europe-west1-b")
gcp.Provider("elsewhere", apikeys_custom_endpoint="https://proxy.example.com/v2/")
""",
            Facts(
                DAY,
                resources=(
                    Declared(
                        _subject("resource", "notebook", "resource notebook"),
                        "gcp:workbench/instance:Instance",
                        "gcp",
                    ),
                    Declared(
                        _subject("resource", "elsewhere", "provider elsewhere"),
                        "pulumi:providers:gcp",
                        "gcp",
                        {"apikeysCustomEndpoint": "https://proxy.example.com/v2/"},
                    ),
                ),
            ),
            "A stack file creates no such resources. In a program of your own:",
        ),
        types=["gcp:compute/address:Address", "gcp:bigquery/*"],
        packages=["random"],
        endpoints=["storage.private.example.com"],
    ),
    "billing-accounts": _sample(
        StackFile("""\
config:
  gemini-landing-zone:billingAccount: 0A0B0C-0D0E0F-010203
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: paid, budget: {amount: 100, currency: USD}}
"""),
        accounts=[_ACCOUNT],
    ),
    "parents": _sample(
        StackFile("""\
config:
  gemini-landing-zone:parent: folders/222222222222
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: free}
"""),
        parents=["folders/333333333333"],
    ),
    "adoption": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: free, adopt: true}
"""),
        projects=["acme-support-legacy"],
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
        remediation=Remediation(
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
                apis=(Api(_subject("api", "gemini", _SERVICE), _CHAT, GEMINI_API, disable_on_destroy=True),),
            ),
            "APIs that a stack file enables stay enabled. In a program of your own:",
        )
    ),
    "labels": _sample(
        StackFile("""\
config:
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, tier: free, labels: {owner: chat-team}}
"""),
        remediation=Remediation(
            "Missing labels with a value in `defaults` are added; other missing labels are reported.",
            "gcp:organizations/project:Project",
            {"projectId": _CHAT, "labels": {"owner": "chat-team"}},
        ),
        required=["owner", "cost-centre"],
        defaults={"cost-centre": "cc-unassigned"},
    ),
}
