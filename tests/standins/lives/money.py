"""Projects, their links, APIs, keys, budgets, limits and contacts."""

from tests.standins.lives.life import ACCOUNT, CALLER, FOLDER, HOME, ORGANIZATION, Life

_GEMINI = "generativelanguage.googleapis.com"
_BARE = "parity-bare"
_DIMENSIONS = {"model": "gemini-2.5-pro"}


def _project(name: str) -> tuple[str, str, object]:
    made = {"projectId": name, "name": "Bare", "parent": {"type": "folder", "id": FOLDER}}
    return ("POST", "/cloudresourcemanager/v1/projects", made)


MONEY = (
    Life(
        type="organizations/project:Project",
        inputs={
            "projectId": "parity-project",
            "name": "Parity",
            "folderId": FOLDER,
            "labels": {"team": "chat"},
            "deletionPolicy": "DELETE",
        },
        updates=(
            {"name": "Parity renamed"},
            {"labels": {"team": "chat", "stage": "prod"}},
            {"labels": {"stage": "test"}},
            {"labels": None},
            {"billingAccount": ACCOUNT},
            {"billingAccount": None},
            {"folderId": None, "orgId": ORGANIZATION},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": "DELETE"},
            {"projectId": "parity-project-2"},
        ),
        bad=(
            {"projectId": "UPPER-case"},
            {"projectId": "abc"},
            {"projectId": "trailing-"},
            {"projectId": "-leading"},
            {"projectId": HOME},
            {"name": "abc"},
            {"name": "a" * 31},
            {"name": "Under_score"},
            {"folderId": "1"},
            {"orgId": ORGANIZATION},
            {"billingAccount": "000000-000000-000000"},
            {"deletionPolicy": "KEEP"},
            {"labels": {"Team": "chat"}},
            {"labels": {"team": "x" * 64}},
            {"number": "1"},
        ),
        imported="parity-project-2",
    ),
    Life(
        type="billing/projectInfo:ProjectInfo",
        inputs={"project": _BARE, "billingAccount": ACCOUNT},
        updates=(
            {"billingAccount": ""},
            {"billingAccount": ACCOUNT},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": "ABANDON"},
            {"deletionPolicy": None},
        ),
        bad=(
            {"billingAccount": "000000-000000-000000"},
            {"billingAccount": "billingAccounts/" + ACCOUNT},
            {"billingAccount": "nonsense"},
            {"project": "none-such-project"},
            {"project": "projects/" + _BARE},
            {"deletionPolicy": "KEEP"},
            {"billingAccount": {}},
            {"billingAccount": []},
            {"account": ACCOUNT},
        ),
        imported=f"projects/{_BARE}",
        prepared=(_project(_BARE),),
    ),
    Life(
        type="projects/service:Service",
        inputs={"project": HOME, "service": "secretmanager.googleapis.com"},
        updates=(
            {"disableOnDestroy": True},
            {"disableDependentServices": True},
            {"checkIfServiceHasUsageOnDestroy": True},
            {"checkIfServiceHasUsageOnDestroy": None, "disableDependentServices": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"service": "sts.googleapis.com"},
        ),
        bad=(
            {"service": "secretmanager"},
            {"service": ""},
            {"service": "bigquery-json.googleapis.com"},
            {"service": "none.such.googleapis.com"},
            {"project": "none-such-project"},
            {"project": ""},
            {"service": "compute..googleapis.com"},
            {"disableOnDestroy": "perhaps"},
            {"deletionPolicy": "KEEP"},
            {"services": ["secretmanager.googleapis.com"]},
        ),
    ),
    Life(
        type="projects/apiKey:ApiKey",
        inputs={
            "project": HOME,
            "name": "parity-key",
            "displayName": "Backend",
            "restrictions": {
                "apiTargets": [{"service": _GEMINI}],
                "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]},
            },
        },
        updates=(
            {"displayName": "Front"},
            {
                "restrictions": {
                    "apiTargets": [{"service": _GEMINI, "methods": ["GenerateContent"]}],
                    "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24", "198.51.100.7"]},
                }
            },
            {
                "restrictions": {
                    "apiTargets": [{"service": _GEMINI}],
                    "browserKeyRestrictions": {"allowedReferrers": ["example.com/*"]},
                }
            },
            {"restrictions": {"iosKeyRestrictions": {"allowedBundleIds": ["com.example"]}}},
            {
                "restrictions": {
                    "androidKeyRestrictions": {
                        "allowedApplications": [
                            {
                                "packageName": "com.example",
                                "sha1Fingerprint": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
                            }
                        ]
                    }
                }
            },
            {"restrictions": None},
            {"displayName": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"serviceAccountEmail": CALLER, "name": "parity-bound"},
            {"name": "parity-other"},
        ),
        bad=(
            # What Google refuses with 400 or 403, the official plugin tries for 20 minutes again.
            {"restrictions": {"apiTargets": [{}]}},
            {"restrictions": {"serverKeyRestrictions": {}}},
            {"restrictions": {"browserKeyRestrictions": {}}},
            {"restrictions": {"androidKeyRestrictions": {"allowedApplications": [{"packageName": "a"}]}}},
            {"restrictions": "all"},
            {"restrictions": {"colour": "blue"}},
            {"uid": "mine"},
            {
                "restrictions": {
                    "serverKeyRestrictions": {"allowedIps": ["203.0.113.1"]},
                    "browserKeyRestrictions": {"allowedReferrers": ["example.com"]},
                }
            },
            {"keyString": "mine"},
        ),
    ),
    Life(
        type="billing/budget:Budget",
        inputs={
            "billingAccount": ACCOUNT,
            "displayName": "Parity",
            "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "120", "nanos": 500_000_000}},
            "budgetFilter": {"projects": ["projects/$number"], "services": ["services/AEFD-7695-64FA"]},
            "thresholdRules": [{"thresholdPercent": 0.5}, {"thresholdPercent": 1.0}],
        },
        updates=(
            {"displayName": "Parity renamed"},
            {"amount": {"specifiedAmount": {"units": "300"}}},
            {"amount": {"lastPeriodAmount": True}},
            {"amount": {"specifiedAmount": {"currencyCode": "USD", "units": "90"}}},
            {
                "thresholdRules": [
                    {"thresholdPercent": 0.5},
                    {"thresholdPercent": 0.9, "spendBasis": "FORECASTED_SPEND"},
                    {"thresholdPercent": 1.0},
                ]
            },
            {"thresholdRules": [{"thresholdPercent": 0.9}]},
            {"budgetFilter": {"projects": ["projects/$number"], "calendarPeriod": "QUARTER"}},
            {
                "budgetFilter": {
                    "projects": ["projects/$number"],
                    "customPeriod": {"startDate": {"year": 2026, "month": 1, "day": 31}},
                }
            },
            {
                "budgetFilter": {
                    "projects": ["projects/$number"],
                    "creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS",
                    "creditTypes": ["PROMOTION"],
                }
            },
            {"budgetFilter": {"projects": ["projects/$number"], "labels": {"team": "chat"}}},
            {"budgetFilter": {"resourceAncestors": [f"folders/{FOLDER}"]}},
            {"allUpdatesRule": {"pubsubTopic": f"projects/{HOME}/topics/budgets"}},
            {
                "allUpdatesRule": {
                    "enableProjectLevelRecipients": True,
                    "pubsubTopic": f"projects/{HOME}/topics/budgets",
                }
            },
            {"allUpdatesRule": None},
            {
                "budgetFilter": {
                    "customPeriod": {
                        "startDate": {"year": 2026, "month": 1, "day": 1},
                        "endDate": {"year": 2026, "month": 12, "day": 31},
                    }
                }
            },
            {"ownershipScope": "BILLING_ACCOUNT"},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
        ),
        bad=(
            {"amount": {}},
            {"amount": {"specifiedAmount": {"units": "1"}, "lastPeriodAmount": True}},
            {"amount": {"specifiedAmount": {"currencyCode": "XXX", "units": "1"}}},
            {"amount": {"specifiedAmount": {"units": "1.5"}}},
            {"amount": {"specifiedAmount": {"units": "-1"}}},
            {"budgetFilter": {}},
            {"budgetFilter": {"creditTypesTreatment": "SOME"}},
            {"budgetFilter": {"calendarPeriod": "WEEK"}},
            {"budgetFilter": {"customPeriod": {}}},
            {"budgetFilter": {"customPeriod": {"startDate": {"year": 2026, "month": 13, "day": 1}}}},
            {"budgetFilter": {"projects": ["none-such"]}},
            {"budgetFilter": {"services": ["services/none"]}},
            {"thresholdRules": [{"thresholdPercent": -0.5}]},
            {"thresholdRules": [{}]},
            {"thresholdRules": [{"thresholdPercent": 0.5, "spendBasis": "PLANNED"}]},
            {"allUpdatesRule": {}},
            {"allUpdatesRule": {"pubsubTopic": "budgets"}},
            {"billingAccount": "000000-000000-000000"},
            {"ownershipScope": "SOME"},
        ),
        prepared=(("PUT", f"/pubsub/v1/projects/{HOME}/topics/budgets", {}),),
    ),
    Life(
        type="serviceusage/consumerQuotaOverride:ConsumerQuotaOverride",
        inputs={
            "project": HOME,
            "service": _GEMINI,
            "metric": "generativelanguage.googleapis.com%2Fgenerate_requests_per_model",
            "limit": "%2Fmin%2Fmodel%2Fproject",
            "dimensions": _DIMENSIONS,
            "overrideValue": "10",
            "force": True,
        },
        updates=(
            {"overrideValue": "20"},
            {"overrideValue": "0"},
            {"force": None},
            {"force": True, "overrideValue": "5"},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"dimensions": {"model": "gemini-2.5-flash"}},
        ),
        bad=(
            {"service": "none.such.googleapis.com"},
            {"metric": "none"},
            {"metric": "generativelanguage.googleapis.com/generate_requests_per_model"},
            {"limit": "none"},
            {"dimensions": {"colour": "blue"}},
            {"dimensions": {"model": "none-such-model"}},
            {"overrideValue": "many"},
            {"overrideValue": "-5"},
            {"overrideValue": "999999999999"},
            {"force": "perhaps"},
            {"project": "none-such-project"},
            {"name": "mine"},
        ),
    ),
    Life(
        type="cloudquota/sQuotaPreference:SQuotaPreference",
        inputs={
            "name": "parity-preference",
            "parent": f"projects/{HOME}",
            "service": _GEMINI,
            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
            "dimensions": _DIMENSIONS,
            "contactEmail": "oncall@example.com",
            "ignoreSafetyChecks": "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH",
            "quotaConfig": {"preferredValue": "50"},
        },
        updates=(
            {"quotaConfig": {"preferredValue": "60"}},
            {"quotaConfig": {"preferredValue": "60", "annotations": {"for": "chat"}}},
            {"justification": "More people"},
            {"contactEmail": "chat@example.com"},
            {"ignoreSafetyChecks": "QUOTA_DECREASE_BELOW_USAGE", "quotaConfig": {"preferredValue": "55"}},
            {"justification": None},
        ),
        bad=(
            {"quotaConfig": {}},
            {"quotaConfig": {"preferredValue": "many"}},
            {"quotaConfig": {"preferredValue": "-2"}},
            {"quotaConfig": {"preferredValue": "10", "grantedValue": "10"}},
            {"quotaConfig": {"preferredValue": "2"}, "ignoreSafetyChecks": None},
            {"quotaId": "NoneSuch"},
            {"service": "none.such.googleapis.com"},
            {"dimensions": {"colour": "blue"}},
            {"contactEmail": "nobody"},
            {"ignoreSafetyChecks": "ALL"},
            {"parent": "projects/none-such-project"},
            {"parent": HOME},
        ),
    ),
    Life(
        type="essentialcontacts/contact:Contact",
        inputs={
            "parent": f"projects/{HOME}",
            "email": "oncall@example.com",
            "languageTag": "en-GB",
            "notificationCategorySubscriptions": ["BILLING"],
        },
        updates=(
            {"languageTag": "de"},
            {"notificationCategorySubscriptions": ["BILLING", "SUSPENSION"]},
            {"notificationCategorySubscriptions": ["ALL"]},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"email": "chat@example.com"},
        ),
        bad=(
            {"email": "nobody"},
            {"email": ""},
            {"languageTag": ""},
            {"languageTag": "none such"},
            {"notificationCategorySubscriptions": []},
            {"notificationCategorySubscriptions": ["MONEY"]},
            {"notificationCategorySubscriptions": "BILLING"},
            {"parent": HOME},
            {"parent": "projects/none-such-project"},
            {"parent": ""},
            {"name": "mine"},
        ),
    ),
)
