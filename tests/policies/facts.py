"""Facts for tests: a project that complies with every policy, which `replace` turns into one that does not."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.every_policy import BY_ID
from landing_zone.policies.facts import (
    Api,
    Budget,
    Cap,
    Declared,
    Facts,
    Grant,
    Guard,
    Key,
    Kind,
    Location,
    Project,
    Quota,
    Subject,
    Threshold,
)
from landing_zone.policies.policy import Finding
from landing_zone.pricing.exposure import EVERY_DOOR

DAY: Final = date(2026, 11, 24)
ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
OTHER_ACCOUNT: Final = "0A0B0C-0D0E0F-010203"
MAPS: Final = "maps-backend.googleapis.com"


def subject(kind: Kind, name: str, label: str) -> Subject:
    return Subject(kind, name, label, frozenset({name}))


THRESHOLDS: Final = (
    Threshold(Decimal("0.5")),
    Threshold(Decimal("0.8")),
    Threshold(Decimal("1.0")),
    Threshold(Decimal("1.0"), forecast=True),
)
PROJECT: Final = Project(
    subject("project", "chat", "project acme-chat"),
    ids=frozenset({"acme-chat", "1234567890"}),
    account=ACCOUNT,
    parent="folders/987654321098",
    labels={"owner": "platform", "cost-centre": "cc-4711"},
    deletion="PREVENT",
    protected=True,
    private_data=False,
    users=("DE",),
    # At worst 20 requests of 24 hours, 251.65824 USD before 2026-12-01 and twice that from then on:
    # 20 x 1,048,576 x 2 USD of input and 20 x 1,048,576 x 10 USD of output for a million; without grounding.
    doors=EVERY_DOOR,
    limits={"gemini-4-argon": Limits(requests_per_day=10)},
    others=BLOCKED,
)
BUDGET: Final = Budget(
    subject("budget", "chat", "budget of acme-chat"),
    ACCOUNT,
    Decimal(100),
    "USD",
    ("acme-chat",),
    (GEMINI_BILLING_SERVICE,),
    thresholds=THRESHOLDS,
)
SHARED: Final = replace(
    BUDGET, subject=subject("budget", "shared-pilot", "shared budget pilot"), amount=Decimal(400)
)
CAP: Final = Cap(
    subject("cap", "chat", "spend cap of acme-chat"), ACCOUNT, Decimal(150), "USD", ("acme-chat",)
)
GUARD: Final = Guard(
    subject("guard", "chat--guard", "guard of acme-chat"),
    "acme-chat",
    "acme-seed",
    Decimal(100),
    "USD",
    timedelta(minutes=10),
    queries=3,
)
KEY: Final = Key(
    subject("key", "chat--backend", "key backend of acme-chat"),
    "acme-chat",
    (GEMINI_API,),
    ("203.0.113.0/24",),
    "gemini-backend@acme-chat.iam.gserviceaccount.com",
    methods=("google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent",),
)
API: Final = Api(subject("api", "chat-api", "API of acme-chat"), "acme-chat", GEMINI_API)
QUOTA: Final = Quota(
    subject("quota", "chat--images", "quota images of acme-chat"),
    "acme-chat",
    GEMINI_API,
    "PredictRequestsPerDay",
    140,
    "product pictures",
    "platform@example.com",
)
GRANT: Final = Grant(
    subject("grant", "logs", "IAMMember logs"), "acme-chat", "roles/logging.viewer", ("user:ada@example.com",)
)
COMMAND: Final = Declared(subject("resource", "cmd", "resource cmd"), "command:local:Command", "command")
LOCATION: Final = Location(subject("location", "prompts", "bucket prompts"), "europe-west1")
GOOD: Final = Facts(
    DAY, (PROJECT,), (BUDGET,), (CAP,), (KEY,), (API,), (QUOTA,), (LOCATION,), grants=(GRANT,)
)
"""Complies with every policy, with the options in STRICT."""

STRICT: Final[dict[str, dict[str, Any]]] = {
    "budget-below-maximum": {"maximum": 100},
    "budgets-within-envelope": {"envelope": 100},
    "exposure-within-allowance": {"maxOvershoot": 251.65824},
    "price-step-up": {"maxOvershoot": 503.31648},
    "quota-raise-justified": {"ceiling": 140},
    "regions": {"locations": ["europe"], "users": ["EEA"]},
    "billing-accounts": {"accounts": [ACCOUNT]},
    "parents": {"parents": ["folders/987654321098"]},
    "adoption": {"projects": ["acme-file-there"]},
}


def project(**changes: Any) -> Facts:
    """The good facts, with a project that is other than the good one."""
    return replace(GOOD, projects=(replace(PROJECT, **changes),))


def budget(**changes: Any) -> Facts:
    """The good facts, with another budget."""
    return replace(GOOD, budgets=(replace(BUDGET, **changes),))


def budgets(*found: Budget) -> Facts:
    """The good facts, with these budgets."""
    return replace(GOOD, budgets=found)


def key(**changes: Any) -> Facts:
    """The good facts, with another key."""
    return replace(GOOD, keys=(replace(KEY, **changes),))


def quota(**changes: Any) -> Facts:
    """The good facts, with another quota."""
    return replace(GOOD, quotas=(replace(QUOTA, **changes),))


def guarded(*, capped: bool = False, **changes: Any) -> Facts:
    """The good facts, with the spend guard instead of the cap, or beside it."""
    return replace(GOOD, guards=(replace(GUARD, **changes),), caps=(CAP,) if capped else ())


def grant(**changes: Any) -> Facts:
    """The good facts, with another grant."""
    return replace(GOOD, grants=(replace(GRANT, **changes),))


def declared(**changes: Any) -> Facts:
    """The good facts, with a resource that is on no list."""
    return replace(GOOD, resources=(replace(COMMAND, **changes),))


def second(**changes: Any) -> Budget:
    """A budget of a second project, of the same amount."""
    own = subject("budget", "search", "budget of acme-search")
    return replace(BUDGET, **{"subject": own, "projects": ("acme-search",), **changes})


def findings(policy: str, facts: Facts, options: dict[str, Any] | None = None) -> list[Finding]:
    """The findings of a policy; by default with the options in STRICT."""
    values = STRICT.get(policy, {}) if options is None else options
    wanted = (policy, repr(values))
    if wanted not in _CONFIGURED:
        _CONFIGURED[wanted] = configuration_of({policy: values}, "test").options[policy]
    return list(BY_ID[policy].judge(facts, _CONFIGURED[wanted]))


#: Policy and its options as written → the options: a test judges thousands of facts by the same ones.
_CONFIGURED: Final[dict[tuple[str, str], Any]] = {}


def text(finding: Finding) -> str:
    """The finding as printed, for a stack file and elsewhere."""
    found = f"{finding.subject.label}: {finding.message}\n  {finding.remedy}"
    return f"{found}\n  elsewhere: {finding.elsewhere}" if finding.elsewhere else found
