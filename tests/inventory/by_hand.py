"""Projects as people and other clients make them, with whatever these leave unset."""

from typing import Any, Final

from hypothesis import strategies as st

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.quotas import BY_METRIC, QUOTA_LIMITS
from tests.audit.world import ACCOUNT, World

Spec = dict[str, Any]
EMAIL: Final = {"type": "email", "labels": {"email_address": "oncall@example.com"}}
LATENCIES: Final = (
    'metric.type="serviceruntime.googleapis.com/api/request_latencies" AND resource.type="consumed_api"'
)
MODELS: Final = ("gemini-2.5-flash", "gemini-3.8-flash", "gemini-embedding-001", "")
TIERS: Final = ("free", "1", "2", "3")
LIMITS: Final = [limit for limits in QUOTA_LIMITS.values() for limit in limits]


def optional(**values: Any) -> st.SearchStrategy[Spec]:
    """A mapping of which each part may be left out."""
    return st.fixed_dictionaries({}, optional={name: _as_strategy(value) for name, value in values.items()})


def _as_strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def _with(required: Spec, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Spec]:
    return st.tuples(*parts).map(
        lambda found: {**required, **{k: v for each in found for k, v in each.items()}}
    )


CLIENTS: Final = st.sampled_from(
    [
        {},
        {"serverKeyRestrictions": {"allowedIps": ["203.0.113.7", "198.51.100.0/24"]}},
        {"browserKeyRestrictions": {"allowedReferrers": ["https://a.example.com/*"]}},
        {"iosKeyRestrictions": {"allowedBundleIds": ["com.example.app"]}},
    ]
)
KEYS: Final = st.lists(
    st.fixed_dictionaries(
        {"clients": CLIENTS, "opens": st.sampled_from(["gemini", "gemini", "all", "two"])},
        optional={
            "displayName": st.sampled_from(["Widget Key", "backend", "2nd key"]),
            "account": st.booleans(),
        },
    ),
    max_size=2,
)
CHANNELS: Final = st.lists(
    _with(
        EMAIL, optional(displayName="On call", enabled=False, description="of people", userLabels={"a": "b"})
    ),
    max_size=2,
)
THRESHOLD: Final = {
    "filter": LATENCIES,
    "comparison": "COMPARISON_GT",
    "duration": "60s",
    "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_95"}],
}
CONDITIONS: Final = st.one_of(
    _with(THRESHOLD, optional(thresholdValue=st.sampled_from([0.5, 5, 0]), trigger={"count": 1})).map(
        lambda found: {"displayName": "slow", "conditionThreshold": found}
    ),
    st.just({"displayName": "gone", "conditionAbsent": {"filter": LATENCIES, "duration": "300s"}}),
    st.just({"displayName": "query", "conditionPrometheusQueryLanguage": {"query": "vector(1) > 2"}}),
)
POLICIES: Final = st.lists(
    _with(
        {"combiner": "OR"},
        st.fixed_dictionaries(
            {
                "displayName": st.sampled_from(["Slow", "Gemini API: more than 10% of calls fail"]),
                "conditions": st.lists(CONDITIONS, min_size=1, max_size=2),
            }
        ),
        optional(
            documentation={"content": "look", "mimeType": "text/markdown"},
            severity="WARNING",
            enabled=False,
            userLabels={"team": "one"},
            alertStrategy=st.sampled_from([{"autoClose": "1800s"}, {}]),
        ),
        st.fixed_dictionaries({"channels": st.integers(0, 2)}),
    ),
    max_size=2,
)
AMOUNTS: Final = st.sampled_from(
    [
        {"specifiedAmount": {"units": "40"}},
        {"specifiedAmount": {"units": "77", "nanos": 500_000_000}},
        {"lastPeriodAmount": {}},
    ]
)
PERIODS: Final[st.SearchStrategy[Spec]] = st.sampled_from(
    [
        {},
        {"calendarPeriod": "QUARTER"},
        {
            "customPeriod": {
                "startDate": {"year": 2026, "month": 1, "day": 1},
                "endDate": {"year": 2026, "month": 12, "day": 31},
            }
        },
        {"customPeriod": {"startDate": {"year": 2026, "month": 3, "day": 1}}},
    ]
)
FILTERS: Final = _with(
    {},
    PERIODS,
    optional(
        services=[GEMINI_BILLING_SERVICE],
        labels={"team": ["one"]},
        subaccounts=[f"billingAccounts/{ACCOUNT}"],
    ),
    st.sampled_from(
        [
            {},
            {"creditTypesTreatment": "EXCLUDE_ALL_CREDITS"},
            {"creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS", "creditTypes": ["PROMOTION", "FREE_TIER"]},
        ]
    ),
)
BUDGETS: Final = st.lists(
    st.fixed_dictionaries(
        {"amount": AMOUNTS, "filter": FILTERS, "channels": st.integers(0, 2)},
        optional={
            "displayName": st.sampled_from(["Old budget", "Second"]),
            "thresholdRules": st.sampled_from([[], [{"thresholdPercent": 0.9}, {"thresholdPercent": 1}]]),
            "rule": optional(disableDefaultIamRecipients=True, enableProjectLevelRecipients=True),
            "ownershipScope": st.sampled_from(["ALL_USERS", "BILLING_ACCOUNT"]),
        },
    ),
    max_size=2,
)
CAPS: Final = st.one_of(st.none(), st.sampled_from(["People's cap", "C"]))
OVERRIDES: Final = st.lists(
    st.tuples(st.sampled_from(LIMITS), st.sampled_from(MODELS), st.sampled_from([0, 1, 2])),
    max_size=3,
    unique_by=lambda each: (each[0].metric, each[0].limit, each[1]),
)
EVERYWHERE: Final = st.lists(
    st.tuples(
        st.sampled_from([*QUOTA_LIMITS]),
        st.sampled_from(["gemini-2.5-flash", "gemini-3.8-flash", "gemini-3.1-pro", ""]),
        st.sampled_from([0, 1]),
    ),
    max_size=3,
    unique_by=lambda each: each[:2],
)
"""The same on every tier."""
PREFERENCES: Final = st.lists(
    st.sampled_from(
        [
            ("by-hand", {"quotaId": "PredictRequestsPerDayPerProjectPerModelPaidTier1"}),
            (
                "5f0b6c1e-1c1a-4b8e-9a53-0d8e2f4c7a11",
                {
                    "quotaId": "GenerateRequestsPerDayPerProjectPerModel-PaidTier2",
                    "dimensions": {"model": "gemini-2.5-pro"},
                    "justification": "more",
                },
            ),
        ]
    ),
    max_size=2,
    unique_by=lambda each: str(each[0]),
)
PROJECTS: Final = st.fixed_dictionaries(
    {
        "paid": st.booleans(),
        "labels": st.sampled_from([{}, {"team": "one"}]),
        "keys": KEYS,
        "channels": CHANNELS,
        "policies": POLICIES,
        "budgets": BUDGETS,
        "cap": CAPS,
        "overrides": OVERRIDES,
        "everywhere": EVERYWHERE,
        "preferences": PREFERENCES,
        "contact": st.booleans(),
    }
)


def make(world: World, project: str, spec: Spec) -> None:
    """Make a project with plain calls."""
    call, paid = world.cloud.call, spec["paid"]
    world.project(project, account=ACCOUNT if paid else "", labels=spec["labels"])
    for api in ("monitoring", "essentialcontacts"):
        call("POST", f"/serviceusage/v1/projects/{project}/services/{api}.googleapis.com:enable", {})
    for number, key in enumerate(spec["keys"]):
        _key(world, project, number, key)
    base = f"/monitoring/v3/projects/{project}"
    channels = [call("POST", f"{base}/notificationChannels", each)["name"] for each in spec["channels"]]
    for policy in spec["policies"]:
        body = {**policy, "notificationChannels": channels[: policy["channels"]]}
        del body["channels"]
        call("POST", f"{base}/alertPolicies", body)
    if paid:
        for budget in spec["budgets"]:
            _budget(world, project, budget, channels)
        if spec["cap"]:
            world.cap(spec["cap"], project)
    for name, model, value in spec["everywhere"]:
        world.limit(project, name, value, model, TIERS)
    for limit, model, value in spec["overrides"]:
        if (BY_METRIC[limit.metric, limit.limit][0], model) in [each[:2] for each in spec["everywhere"]]:
            continue
        override(world, project, limit.metric, limit.limit, value, {"model": model} if model else {})
    for name, preference in spec["preferences"]:
        preferred(world, project, name, preference)
    if spec["contact"]:
        body = {
            "email": "legal@example.com",
            "languageTag": "de",
            "notificationCategorySubscriptions": ["LEGAL"],
        }
        call("POST", f"/essentialcontacts/v1/projects/{project}/contacts", body)


def _key(world: World, project: str, number: int, key: Spec) -> None:
    targets = {
        "gemini": [{"service": GEMINI_API}],
        "all": [],
        "two": [{"service": GEMINI_API}, {"service": "iam.googleapis.com"}],
    }[key["opens"]]
    restrictions = {**key["clients"], **({"apiTargets": targets} if targets else {})}
    body: Spec = {"restrictions": restrictions} if restrictions else {}
    if key.get("account") and key["opens"] == "gemini":
        body["serviceAccountEmail"] = world.account(project, f"app-key-{number}")
    world.key(project, f"key-{number}", key.get("displayName", ""), **body)


def _budget(world: World, project: str, budget: Spec, channels: list[str]) -> None:
    rule = dict(budget.get("rule", {}))
    if mailed := channels[: budget["channels"]]:
        rule["monitoringNotificationChannels"] = mailed
    elif budget.get("thresholdRules"):
        rule.pop("disableDefaultIamRecipients", None)  # Google refuses thresholds of which nobody is notified
    counted = dict(budget["filter"])
    if "lastPeriodAmount" in budget["amount"]:
        counted.pop("customPeriod", None)  # it has no last one
    body: Spec = {
        "amount": budget["amount"],
        "budgetFilter": {**counted, "projects": [f"projects/{world.numbers[project]}"]},
        **({"notificationsRule": rule} if rule else {}),
        **{
            name: budget[name]
            for name in ("displayName", "thresholdRules", "ownershipScope")
            if name in budget
        },
    }
    world.cloud.call("POST", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", body)


def override(
    world: World, project: str, metric: str, limit: str, value: int, dimensions: dict[str, str]
) -> None:
    """Set a quota override."""
    place = f"{metric.replace('/', '%2F')}/limits/{limit.replace('/', '%2F')}"
    path = f"/serviceusage/v1beta1/projects/{project}/services/{GEMINI_API}/consumerQuotaMetrics/{place}"
    body = {"overrideValue": str(value), **({"dimensions": dimensions} if dimensions else {})}
    world.cloud.call("POST", f"{path}/consumerOverrides?force=true", body)


def preferred(world: World, project: str, name: str, preference: Spec) -> None:
    """Ask for another value of a quota."""
    path = f"/cloudquotas/v1/projects/{project}/locations/global/quotaPreferences?quotaPreferenceId={name}"
    body = {
        "service": GEMINI_API,
        "quotaConfig": {"preferredValue": "99999"},
        "contactEmail": "a@example.com",
        **preference,
    }
    world.cloud.call("POST", path, body)
