"""Every setting has an effect: a change of one changes the resources that the program registers, or its costs."""

import asyncio
import copy
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks

from components import Environment
from components.sdk import send_no_positions
from components.turns import turns
from docs.reference import sections
from landing_zone.pricing.days import Period
from landing_zone.reports.environment_report import report
from landing_zone.settings import load_engine
from landing_zone.settings.problems import NAMESPACE
from tests.components.test_environment import Recorder

BASE = """\
parent: folders/111111111111
billingAccount: 01A2B3-C4D5E6-F7A8B9
organization: organizations/123456789012
notificationProject: acme-seed
topics: [spend]
labels: {owner: platform}
guard: {email: [finance@example.com]}
channels:
  desk: {type: email, address: desk@example.com}
  chatops: {type: slack, channel: "#oncall", token: one}
  pager: {type: pagerduty, serviceKey: one}
  hook: {type: webhook, url: "https://hooks.example.com/one", username: one, password: one}
  bus: {type: pubsub, topic: projects/acme-seed/topics/one}
sharedBudgets:
  pilot: {projects: [chat], amount: 4000, currency: USD}
  folder: {ancestors: [folders/111111111111], amount: 9000, currency: USD}
accountTerms:
  01A2B3-C4D5E6-F7A8B9:
    tier: 1
    prices: {gemini-3.8-flash: {input: 0.2, cachedInput: 0.02, audioInput: 0.8, output: 2, cacheStorage: 0.9}}
    tierLimits: {gemini-3.8-flash: {requestsPerMinute: 2000, requestsPerDay: 4500, inputTokensPerMinute: 3000000}}
  0A1B2C-3D4E5F-6A7B8C: {usdRate: 0.9}
defaults: {deletionPolicy: DELETE}
projects:
  chat:
    projectId: acme-chat-prod
    tier: paid
    keys:
      open: {methods: [generate, caches]}
      app: {methods: [generate], androidApps: [{packageName: com.example.one, sha1Fingerprint: "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA"}]}
    budget: {amount: 1200, currency: USD, spendCap: {amount: 1500}}
    alerts:
      email: [oncall@example.com]
      channels: [desk, chatops, pager, hook, bus]
      spendRate: {times: 3, pricePerMillionTokens: 0.6}
    contacts: [{email: security@example.com}]
    forbidUnrestrictedKeys: true
    limits:
      gemini-3.8-flash: {requestsPerMinute: 600, requestsPerDay: 20000, inputTokensPerMinute: 2000000}
      others: deny
    workload:
      - model: gemini-3.8-flash
        requestsPerDay: {low: 2000, expected: 3000, high: 3900}
        inputTokens: 1200
        outputTokens: 300
        cachedTokens: 400
        audioTokens: 100
        cacheHours: 12
    quotas:
      up: {quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1, value: 140, contactEmail: a@example.com}
      down:
        metric: generativelanguage.googleapis.com/generate_requests_per_model
        limit: /min/model/project
        dimensions: {model: gemini-2.5-pro}
        value: 7
  lab:
    projectId: acme-lab-prod
    tier: paid
    keys: {own: {methods: [generate, caches]}}
    budget: {amount: 500, currency: USD, period: {start: 2026-10-01, end: 2026-12-31}}
    limits: {derive: {maxOvershoot: 20000, lag: 24h}}
    workload:
      - {model: gemini-3.8-flash, requestsPerDay: 4000, inputTokens: 2500, outputTokens: 400, businessHours: {hours: 8}}
  euro:
    projectId: acme-euro-prod
    tier: paid
    billingAccount: 0A1B2C-3D4E5F-6A7B8C
    budget: {amount: 300, currency: EUR}
    guard: {amount: 280, throttle: {at: 0.7, to: 0.5}, stop: {at: 0.9}, rate: {times: 4}}
    limits: {gemini-3.8-flash: {requestsPerMinute: 60, inputTokensPerMinute: 200000}, others: deny}
    workload: [{model: gemini-3.8-flash, requestsPerDay: 100, inputTokens: 2500, outputTokens: 400}]
"""
AS_OF = date(2026, 11, 24)
MONTHS = Period(date(2026, 11, 1), date(2027, 1, 31))
CHAT = "projects/chat"
BUDGET = f"{CHAT}/budget"
CAPLESS = "projects/lab/budget"
ACCOUNT = "accountTerms/01A2B3-C4D5E6-F7A8B9"
FINGERPRINT = ":".join(["BB"] * 20)
IN_CHAT = (
    "Account AlertPolicy ApiKey Budget ConsumerQuotaOverride Contact ProjectLimits NotificationChannel Policy Project ProjectExit "
    "SQuotaPreference Service SpendCap TierCheck"
)
"""All that names the project."""


@dataclass(frozen=True)
class Case:
    """A change of one setting."""

    value: Any
    """The new value; None removes the setting."""
    changes: set[str]
    """Resource types, `writeRates`, `after`, `estimate` and `exposure`: these change, and nothing else."""
    path: str
    """Path of the object, if it is another than the definition's usual one."""
    besides: dict[str, Any]
    """Path → value of other settings, where the new value is refused without them."""


def to(value: Any, changes: str, path: str = "", besides: dict[str, Any] | None = None) -> Case:
    return Case(value, set(changes.split()), path, besides or {})


GUARD = (
    "Account AlertPolicy Bucket BucketIAMMember BucketObject Function IAMCustomRole IAMMember Job NotificationChannel ServiceIamMember "
    "Subscription Topic TopicIAMMember"
)
"""What the guard is made of."""
EURO = "projects/euro"

#: Definition → path of such an object in the stack file above, and a change of each of its settings.
CASES: dict[str, tuple[str, dict[str, Case]]] = {
    "StackFileSettings": ("", {
        "projects": to({"only": {"projectId": "acme-only-prod", "tier": "free"}}, f"{IN_CHAT} {GUARD} CustomConstraint estimate exposure", besides={"sharedBudgets": None}),
        "stackLabel": to("before", f"{GUARD} Budget CustomConstraint Policy Project ProjectExit ProjectLimits TierCheck"),
        "notificationProject": to("acme-other", f"{GUARD} ProjectExit ProjectLimits TierCheck"),
        "organization": to("organizations/999999999999", "CustomConstraint"),
        "keyConstraint": to("custom.before", "CustomConstraint Policy"),
        "budgetChannels": to({"oncall@example.com": "projects/acme-seed/notificationChannels/1"}, "Budget NotificationChannel"),
        "channels": to({"desk": {"type": "email", "address": "x@example.com"}}, "AlertPolicy NotificationChannel", besides={f"{CHAT}/alerts/channels": ["desk"]}),
        "topics": to(["spend", "more"], "Topic TopicIAMMember"),
        "sharedBudgets": to(None, "Budget estimate"),
        "dashboard": to(True, "Dashboard"),
        "accountTerms": to({"0A1B2C-3D4E5F-6A7B8C": {"usdRate": 0.9}}, "ProjectLimits estimate exposure"),
        "writeRates": to({"projectsPerSecond": 4}, "writeRates"),
        "after": to(["base"], "after"),
        "guard": to({"email": ["other@example.com"]}, "AlertPolicy NotificationChannel"),
        "defaults": to({"deletionPolicy": "UNLINK"}, "Project ProjectExit"),
        "parent": to("folders/222222222222", "Project"),
        "billingAccount": to("0D1E2F-3D4E5F-6A7B8C", "Budget ProjectLimits Project SpendCap TierCheck estimate exposure"),
        "labels": to({"owner": "others"}, "Project"),
    }),
    "ProjectSettings": (CHAT, {
        "searchesPerRequest": to(1, "exposure"),
        "projectId": to("acme-other-prod", IN_CHAT),
        "tier": to("free", "AlertPolicy Budget NotificationChannel Project ProjectExit SpendCap TierCheck estimate exposure"),
        "idSuffix": to(True, IN_CHAT),
        "stackLabel": to("before", "AlertPolicy NotificationChannel Project"),
        "name": to("Acme chat", "Project"),
        "adopt": to(True, "Budget ConsumerQuotaOverride Contact ProjectLimits NotificationChannel Policy Project ProjectExit ProjectInfo SpendCap"),
        "parent": to("folders/222222222222", "Project"),
        "billingAccount": to("0D1E2F-3D4E5F-6A7B8C", "Budget ProjectLimits Project TierCheck estimate exposure", path="projects/lab"),
        "labels": to({"team": "chat"}, "Project"),
        "privateData": to(True, "Project"),
        "users": to(["DE"], "Project"),
        "tags": to(["tagValues/281480012345678"], "TagBinding"),
        "deletionPolicy": to("ABANDON", "Budget ConsumerQuotaOverride Contact ProjectLimits NotificationChannel Policy Project ProjectExit SpendCap"),
        "protect": to(True, "Project ProjectExit StackExit"),
        "aliases": to(["talk"], "GeminiProject"),
        "tierWait": to(30, "TierCheck"),
        "contacts": to([], "Contact"),
        "forbidUnrestrictedKeys": to(False, "CustomConstraint Policy"),
        "keys": to({"open": {}}, "Account ApiKey exposure"),
        "budget": to({"amount": 1300, "currency": "USD"}, "AlertPolicy Budget ProjectExit SpendCap estimate exposure"),
        "guard": to(False, f"{GUARD} Budget ProjectExit ProjectLimits Service TierCheck exposure", path=EURO),
        "alerts": to({"email": ["other@example.com"]}, "AlertPolicy Budget NotificationChannel"),
        "dashboard": to(True, "Dashboard"),
        "limits": to({"others": "deny"}, "ProjectLimits ProjectExit estimate exposure"),
        "workload": to([], "estimate"),
        "quotas": to({}, "ConsumerQuotaOverride ProjectLimits ProjectExit SQuotaPreference exposure"),
    }),
    "KeySettings": (f"{CHAT}/keys/open", {
        "displayName": to("Backend", "ApiKey"),
        "allowedIps": to(["203.0.113.0/24"], "ApiKey exposure"),
        "allowedReferrers": to(["https://app.example.com/*"], "ApiKey exposure"),
        "androidApps": to([{"packageName": "com.example.app", "sha1Fingerprint": FINGERPRINT}], "ApiKey exposure"),
        "iosBundleIds": to(["com.example.app"], "ApiKey exposure"),
        "serviceAccount": to("chat@acme-seed.iam.gserviceaccount.com", "Account ApiKey exposure"),
        "standard": to(True, "Account ApiKey"),
        "methods": to(["generate"], "ApiKey exposure"),
        "existing": to("backend-1", "Account ApiKey", besides={f"{CHAT}/keys/open/standard": True}),
        "decoy": to(True, "AlertPolicy"),
    }),
    "AndroidApp": (f"{CHAT}/keys/app/androidApps/0", {
        "packageName": to("com.example.two", "ApiKey"),
        "sha1Fingerprint": to(FINGERPRINT, "ApiKey"),
    }),
    "BudgetSettings": (BUDGET, {
        "amount": to(1300, "AlertPolicy Budget estimate exposure"),
        "lastPeriod": to(True, "Budget estimate", path=CAPLESS, besides={f"{CAPLESS}/amount": None, f"{CAPLESS}/currency": None, f"{CAPLESS}/period": None}),
        "currency": to("EUR", "Budget SpendCap estimate exposure", besides={f"{ACCOUNT}/usdRate": 1}),
        "period": to("quarter", "Budget estimate", path=CAPLESS),
        "thresholds": to([0.5, 1.5], "Budget estimate"),
        "name": to("One budget", "Budget"),
        "services": to("all", "Budget"),
        "subaccounts": to(["0A1B2C-3D4E5F-6A7B8C"], "Budget"),
        "label": to({"team": "chat"}, "Budget"),
        "credits": to(["PROMOTION"], "Budget"),
        "iamRecipients": to(False, "Budget"),
        "projectRecipients": to(True, "Budget"),
        "channels": to(["projects/acme-seed/notificationChannels/1234567890"], "Budget"),
        "topic": to("spend", "Budget"),
        "existing": to("01234567-89ab-cdef-0123-456789abcdef", "Budget ProjectExit"),
        "ownership": to("billingAccount", "Budget"),
        "spendCap": to(False, "ProjectExit SpendCap exposure"),
    }),
    "Period": (f"{CAPLESS}/period", {
        "start": to("2026-11-01", "Budget estimate"),
        "end": to("2027-01-31", "Budget estimate"),
    }),
    "Threshold": (f"{BUDGET}/thresholds/0", {
        "current": to(0.7, "Budget estimate", besides={f"{BUDGET}/thresholds": [{"current": 0.7}]}),
        "forecast": to(0.7, "Budget estimate", besides={f"{BUDGET}/thresholds": [{"forecast": 0.7}]}),
    }),
    "SpendCapSettings": (f"{BUDGET}/spendCap", {
        "amount": to(1600, "SpendCap exposure"),
        "adopt": to(True, "SpendCap"),
        "name": to("One cap", "SpendCap"),
        "lag": to("48h", "exposure"),
        "lifted": to(True, "SpendCap exposure"),
    }),
    "GuardSettings": (f"{EURO}/guard", {
        "amount": to(290, "BucketObject"),
        "notify": to(0.4, "BucketObject"),
        "throttle": to(False, "BucketObject"),
        "stop": to(0.95, "BucketObject"),
        "unlinkBilling": to(1.5, "BucketObject IAMCustomRole"),
        "rate": to(False, "BucketObject"),
        "releaseAtNewPeriod": to(True, "BucketObject"),
    }),
    "ThrottleSettings": (f"{EURO}/guard/throttle", {
        "at": to(0.6, "BucketObject"),
        "to": to(0.1, "BucketObject"),
    }),
    "StopSettings": (f"{EURO}/guard/stop", {
        "at": to(0.8, "BucketObject"),
        "by": to("both", "BucketObject IAMCustomRole"),
    }),
    "RateSettings": (f"{EURO}/guard/rate", {
        "times": to(5, "BucketObject"),
        "act": to("stop", "BucketObject"),
    }),
    "GuardHostSettings": ("guard", {
        "region": to("europe-west1", "Bucket Function Job ServiceIamMember"),
        "email": to(["other@example.com"], "AlertPolicy NotificationChannel"),
        "poll": to("2m", "AlertPolicy BucketObject Job exposure"),
        "seriesDelay": to("5m", "BucketObject exposure"),
        "actTime": to("3m", "BucketObject exposure"),
        "billingDelay": to("36h", "BucketObject exposure"),
        "dryRun": to(True, "BucketObject exposure"),
    }),
    "SharedBudgetSettings": ("sharedBudgets/pilot", {
        "billingAccount": to("0A1B2C-3D4E5F-6A7B8C", "Budget", path="sharedBudgets/folder"),
        "projects": to(["chat", "lab"], "Budget estimate"),
        "ancestors": to(["folders/222222222222"], "Budget", path="sharedBudgets/folder"),
        "accountWide": to(True, "Budget estimate", besides={"sharedBudgets/pilot/projects": None}),
        "email": to(["finops@example.com"], "Budget NotificationChannel"),
    }),
    "ChannelSettings": ("channels/desk", {
        "type": to("pubsub", "NotificationChannel", besides={"channels/desk/address": None, "channels/desk/topic": "projects/acme-seed/topics/two"}),
        "address": to("other@example.com", "NotificationChannel"),
        "channel": to("#other", "NotificationChannel", path="channels/chatops"),
        "token": to("two", "NotificationChannel", path="channels/chatops"),
        "serviceKey": to("two", "NotificationChannel", path="channels/pager"),
        "url": to("https://hooks.example.com/two", "NotificationChannel", path="channels/hook"),
        "username": to("two", "NotificationChannel", path="channels/hook"),
        "password": to("two", "NotificationChannel", path="channels/hook"),
        "topic": to("projects/acme-seed/topics/two", "NotificationChannel", path="channels/bus"),
    }),
    "AlertSettings": (f"{CHAT}/alerts", {
        "email": to(["other@example.com"], "AlertPolicy Budget NotificationChannel"),
        "channels": to(["projects/acme-chat-prod/notificationChannels/1234567890"], "AlertPolicy NotificationChannel"),
        "errorRate": to(0.2, "AlertPolicy"),
        "tooManyRequestsPerMinute": to(20, "AlertPolicy"),
        "quotaShare": to(0.7, "AlertPolicy"),
        "inputTokensPerMinute": to(500000, "AlertPolicy"),
        "spendRate": to(None, "AlertPolicy"),
        "quotaChanges": to({"deployers": ["ci@example.com"]}, "AlertPolicy"),
        "policies": to({"slow": {"displayName": "slow", "combiner": "OR", "conditions": [{"displayName": "slow", "conditionAbsent": {"filter": "x", "duration": "60s"}}]}}, "AlertPolicy"),
    }),
    "QuotaChangeSettings": (f"{CHAT}/alerts/quotaChanges", {
        "deployers": to(["other@example.com"], "AlertPolicy"),
    }),
    "SpendRateSettings": (f"{CHAT}/alerts/spendRate", {
        "times": to(4, "AlertPolicy"),
        "pricePerMillionTokens": to(0.7, "AlertPolicy"),
    }),
    "Limits": (f"{CHAT}/limits/gemini-3.8-flash", {
        "requestsPerMinute": to(500, "ProjectLimits exposure"),
        "requestsPerDay": to(4000, "ProjectLimits exposure"),
        "inputTokensPerMinute": to(1000000, "ProjectLimits exposure"),
    }),
    "DeriveSettings": ("projects/lab/limits/derive", {
        "maxOvershoot": to(19000, "ProjectLimits exposure"),
        "lag": to("12h", "ProjectLimits exposure"),
        "shares": to({"gemini-3.8-flash": 0.9}, "ProjectLimits exposure"),
    }),
    "WorkloadSettings": (f"{CHAT}/workload/0", {
        "model": to("gemini-2.5-pro", "estimate"),
        "requestsPerDay": to(3500, "estimate"),
        "inputTokens": to(1300, "estimate"),
        "outputTokens": to(400, "estimate"),
        "thinkingTokens": to(100, "estimate"),
        "cachedTokens": to(500, "estimate"),
        "cachedAudioTokens": to(100, "estimate", besides={f"{CHAT}/workload/0/model": "gemini-2.5-flash-lite"}),
        "audioTokens": to(200, "estimate"),
        "imageTokens": to(100, "estimate", besides={f"{CHAT}/workload/0/model": "gemini-3.8-live"}),
        "videoTokens": to(100, "estimate", besides={f"{CHAT}/workload/0/model": "gemini-3.8-live"}),
        "imageOutputTokens": to(1120, "estimate", besides={f"{CHAT}/workload/0/model": "gemini-3-pro-image"}),
        "audioOutputTokens": to(1500, "estimate", besides={f"{CHAT}/workload/0/model": "gemini-3.8-live"}),
        "searches": to(2, "estimate"),
        "mapQueries": to(2, "estimate"),
        "cacheHours": to(13, "estimate"),
        "batchShare": to(0.2, "estimate"),
        "flexShare": to(0.2, "estimate"),
        "priorityShare": to(0.2, "estimate exposure"),
        "growthPerMonth": to(0.1, "estimate"),
        "start": to("2026-11-10", "estimate"),
        "end": to("2026-12-10", "estimate"),
        "businessHours": to(True, "estimate"),
        "peakFactor": to(4, "ProjectLimits exposure", path="projects/lab/workload/0"),
    }),
    "RangeSettings": (f"{CHAT}/workload/0/requestsPerDay", {
        "low": to(1000, "estimate"),
        "expected": to(2500, "estimate"),
        "high": to(3800, "estimate"),
    }),
    "BusinessHours": ("projects/lab/workload/0/businessHours", {
        "days": to(["mon"], "estimate"),
        "hours": to(10, "ProjectLimits exposure"),
    }),
    "AccountTermsSettings": (ACCOUNT, {
        "discount": to(0.1, "ProjectLimits estimate exposure"),
        "prices": to({}, "ProjectLimits estimate exposure"),
        "usdRate": to(0.8, "BucketObject estimate exposure", path="accountTerms/0A1B2C-3D4E5F-6A7B8C"),
        "tier": to(2, "exposure"),
        "lag": to("48h", "exposure"),
        "tierLimits": to({}, "ProjectLimits exposure"),
    }),
    "WriteRatesSettings": ("writeRates", {
        "projectsPerSecond": to(2, "writeRates"),
        "keysPerMinute": to(240, "writeRates"),
        "budgetsPerMinute": to(50, "writeRates"),
    }),
    "ContractSettings": (f"{ACCOUNT}/prices/gemini-3.8-flash", {
        "input": to(0.3, "estimate"),
        "cachedInput": to(0.03, "estimate"),
        "audioInput": to(1, "ProjectLimits estimate exposure"),
        "output": to(2.5, "ProjectLimits estimate exposure"),
        "cacheStorage": to(1, "ProjectLimits estimate exposure"),
    }),
    "QuotaSettings": (f"{CHAT}/quotas/up", {
        "value": to(150, "SQuotaPreference"),
        "service": to("cloudquotas.googleapis.com", "SQuotaPreference"),
        "quotaId": to("GenerateRequestsPerDayPerProjectPerModel-PaidTier2", "SQuotaPreference"),
        "metric": to("generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count", "ConsumerQuotaOverride ProjectExit ProjectLimits exposure", path=f"{CHAT}/quotas/down"),
        "limit": to("/d/model/project", "ConsumerQuotaOverride ProjectExit ProjectLimits exposure", path=f"{CHAT}/quotas/down"),
        "dimensions": to({"model": "gemini-2.5-flash-lite"}, "ConsumerQuotaOverride ProjectExit ProjectLimits exposure", path=f"{CHAT}/quotas/down"),
        "justification": to("more", "SQuotaPreference"),
        "contactEmail": to("b@example.com", "SQuotaPreference"),
        "existing": to("by-hand", "SQuotaPreference"),
        "ignoreSafetyCheck": to("tooDeep", "SQuotaPreference"),
    }),
    "ContactSettings": (f"{CHAT}/contacts/0", {
        "email": to("law@example.com", "Contact"),
        "categories": to(["LEGAL"], "Contact"),
        "language": to("de", "Contact"),
    }),
}  # fmt: skip


class Monitor(mocks.MockMonitor):
    """Records what the program registers: the inputs of each resource, and the options that settings set."""

    def __init__(self) -> None:
        super().__init__(Recorder())
        self.registered: dict[str, dict[str, Any]] = {}
        """Type → name → inputs and options."""

    def RegisterResource(self, request: Any) -> Any:
        # The projects' own component has their aliases; all in it inherits them.
        if (request.custom or request.aliases) and not request.type.startswith("pulumi:"):
            aliases = [str(each) for each in request.aliases]
            options = (request.protect, request.retainOnDelete, request.importId, aliases)
            self._record(request, (MessageToDict(request.object), options))
        return super().RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:
        self._record(request, request.id)
        return super().ReadResource(request)

    def _record(self, request: Any, what: Any) -> None:
        self.registered.setdefault(request.type.rpartition(":")[2], {})[request.name] = what


def effects(config: dict[str, Any]) -> dict[str, Any]:
    """What a stack file has an effect on, as the engine hands it over: resources by type, rates of writes, order, costs."""
    handed = {
        f"{NAMESPACE}:{name}": value if isinstance(value, str) else json.dumps(value, default=str)
        for name, value in config.items()
        if value is not None
    }
    settings = load_engine("prod", handed, Path("nowhere"))
    asyncio.set_event_loop(asyncio.new_event_loop())
    monitor = Monitor()
    send_no_positions()  # as the program does
    mocks.set_mocks(monitor.mocks, preview=False, monitor=monitor)
    pulumi.runtime.test(lambda: pulumi.Output.from_input(Environment(settings).outputs))()
    del monitor.registered["Roster"]  # it repeats settings and the exposure
    return {
        **monitor.registered,
        "writeRates": turns().rates,
        "after": settings.after,
        **report(settings, MONTHS, AS_OF).as_json(),
    }


def put(config: Any, path: str, value: Any) -> None:
    """Set the value at a path; None removes it."""
    *above, last = path.split("/")
    for part in above:
        config = config[int(part)] if isinstance(config, list) else config.setdefault(part, {})
    if value is None:
        config.pop(last, None)
    else:
        config[int(last) if isinstance(config, list) else last] = value


@cache
def unchanged() -> dict[str, Any]:
    return effects(base())


def base() -> dict[str, Any]:
    """A stack file of one's own to change; the YAML is read once."""
    return copy.deepcopy(_read())


@cache
def _read() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(BASE)
    return config


SETTINGS = [(section.definition, name) for section in sections().values() for name in section.own]


def test_an_unchanged_stack_file_has_the_same_effects() -> None:
    assert effects(base()) == unchanged()


@pytest.mark.parametrize(("definition", "name"), SETTINGS)
def test_a_setting_changes_what_it_should_and_nothing_else(definition: str, name: str) -> None:
    usual_path, cases = CASES[definition]
    case = cases[name]
    config = base()
    for path, value in case.besides.items():
        put(config, path, value)
    put(config, f"{case.path or usual_path}/{name}".lstrip("/"), case.value)
    before, after = unchanged(), effects(config)
    assert {
        each for each in before.keys() | after.keys() if before.get(each) != after.get(each)
    } == case.changes


def test_there_is_a_case_for_every_setting_and_none_for_others() -> None:
    assert {(definition, name) for definition, (_, cases) in CASES.items() for name in cases} == set(SETTINGS)
