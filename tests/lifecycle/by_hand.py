"""Projects as people make them: by other clients' calls, with whatever those leave unset."""

import random
from typing import Any

from tests.workspace import Cloud

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
_APIS = ("apikeys", "monitoring", "iam", "cloudquotas", "essentialcontacts")
_RESTRICTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]}},
    {"browserKeyRestrictions": {"allowedReferrers": ["https://a.example.com/*"]}},
    {"iosKeyRestrictions": {"allowedBundleIds": ["com.example.app"]}},
    {
        "androidKeyRestrictions": {
            "allowedApplications": [
                {"packageName": "com.example.app", "sha1Fingerprint": ":".join(["AB"] * 20)}
            ]
        }
    },
)


def make(cloud: Cloud, project: str, seed: int, parent: str = FOLDER) -> None:
    """Make a project; `seed` decides what it has."""
    _Maker(cloud, project, random.Random(seed)).make(parent)  # noqa: S311 no secret


class _Maker:
    def __init__(self, cloud: Cloud, project: str, dice: random.Random) -> None:
        self._call = cloud.call
        self._project = project
        self._dice = dice

    def make(self, parent: str) -> None:
        body: dict[str, Any] = {"projectId": self._project, "parent": {"type": "folder", "id": parent}}
        if self._dice.random() < 0.5:
            body["name"] = "Made by hand"
        if self._dice.random() < 0.5:
            body["labels"] = {"team": "one", "made-by": "console"}
        self._call("POST", "/cloudresourcemanager/v1/projects", body)
        for api in (GEMINI, *(f"{each}.googleapis.com" for each in _APIS)):
            self._call("POST", f"/serviceusage/v1/projects/{self._project}/services/{api}:enable", {})
        paid = self._dice.random() < 0.8
        if paid:
            link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
            self._call("PUT", f"/cloudbilling/v1/projects/{self._project}/billingInfo", link)
        for number in range(self._dice.randint(0, 2)):
            self._key(number)
        channel = self._channel() if self._dice.random() < 0.5 else ""
        if paid and self._dice.random() < 0.7:
            self._budget(channel)
        if self._dice.random() < 0.5:
            self._override()
        if channel and self._dice.random() < 0.7:
            self._alert(channel)
        if self._dice.random() < 0.3:
            self._contact()

    def _key(self, number: int) -> None:
        keys = f"/apikeys/v2/projects/{self._project}/locations/global/keys"
        target = {"service": GEMINI} if self._dice.random() < 0.5 else {"service": GEMINI, "methods": ["*"]}
        targets = {} if self._dice.random() < 0.2 else {"apiTargets": [target]}
        body: dict[str, Any] = {"restrictions": {**self._dice.choice(_RESTRICTIONS), **targets}}
        if self._dice.random() < 0.7:
            body["displayName"] = f"Key of {self._project} {number}"
        if self._dice.random() < 0.3 and targets:
            account = {"accountId": f"app-key-{number}", "serviceAccount": {"displayName": "An app"}}
            made = self._call("POST", f"/iam/v1/projects/{self._project}/serviceAccounts", account)
            body["serviceAccountEmail"] = made["email"]
        self._call("POST", f"{keys}?keyId=key-{number}", body)

    def _channel(self) -> str:
        body: dict[str, Any] = {"type": "email", "labels": {"email_address": "oncall@example.com"}}
        if self._dice.random() < 0.5:
            body["displayName"] = "On call"
        path = f"/monitoring/v3/projects/{self._project}/notificationChannels"
        return str(self._call("POST", path, body)["name"])

    def _budget(self, channel: str) -> None:
        project = self._call("GET", f"/cloudresourcemanager/v1/projects/{self._project}")
        counted: dict[str, Any] = {"projects": [f"projects/{project['projectNumber']}"]}
        if self._dice.random() < 0.8:
            counted["services"] = ["services/AEFD-7695-64FA"]
        money = {"units": "40"} if self._dice.random() < 0.5 else {"units": "77", "nanos": 500_000_000}
        last = self._dice.random() < 0.2
        body: dict[str, Any] = {
            "amount": {"lastPeriodAmount": {}} if last else {"specifiedAmount": money},
            "budgetFilter": counted,
        }
        if self._dice.random() < 0.7:
            body["displayName"] = f"Budget of {self._project}"
        if self._dice.random() < 0.7:
            body["thresholdRules"] = [{"thresholdPercent": 0.9}, {"thresholdPercent": 1}]
        if channel and self._dice.random() < 0.5:
            body["notificationsRule"] = {"monitoringNotificationChannels": [channel]}
        self._call("POST", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", body)

    def _override(self) -> None:
        metric, limit = f"{GEMINI}%2Fgenerate_requests_per_model", "%2Fmin%2Fmodel%2Fproject"
        path = f"services/{GEMINI}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides?force=true"
        body = {"overrideValue": str(self._dice.randint(0, 50)), "dimensions": {"model": "gemini-2.5-flash"}}
        self._call("POST", f"/serviceusage/v1beta1/projects/{self._project}/{path}", body)

    def _alert(self, channel: str) -> None:
        condition = {
            "displayName": "slow",
            "conditionThreshold": {
                "filter": 'metric.type="serviceruntime.googleapis.com/api/request_latencies" AND '
                'resource.type="consumed_api"',
                "comparison": "COMPARISON_GT",
                "thresholdValue": 5,
                "duration": "60s",
                "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_95"}],
            },
        }
        body = {
            "displayName": "Slow calls",
            "combiner": "OR",
            "conditions": [condition],
            "notificationChannels": [channel],
        }
        self._call("POST", f"/monitoring/v3/projects/{self._project}/alertPolicies", body)

    def _contact(self) -> None:
        body = {
            "email": "legal@example.com",
            "languageTag": "en",
            "notificationCategorySubscriptions": ["LEGAL"],
        }
        self._call("POST", f"/essentialcontacts/v1/projects/{self._project}/contacts", body)
