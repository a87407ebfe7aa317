"""Resources created by hand in a local cloud, with plain calls, and their audit."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from landing_zone.audit.live import Found, read
from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.quotas import QUOTA_LIMITS, LimitName
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.judge import judge
from sandbox.cloud.endpoints import environment
from tests.workspace import Cloud

ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
EURO_ACCOUNT: Final = "0A1B2C-3D4E5F-6A7B8C"
ORGANIZATION: Final = "organizations/123456789012"
FOLDER: Final = "folders/987654321098"
VERTEX: Final = "services/C7E2-9256-1C43"
DAY: Final = date(2026, 11, 24)
PAID: Final = ("1", "2", "3")
MODEL: Final = "gemini-3.8-flash"
GENERATE: Final = "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent"
LABELS: Final = {"owner": "platform", "cost-centre": "cc-1"}
MANAGED: Final = {**LABELS, "goog-pulumi-provisioned": "true"}
THRESHOLDS: Final = [
    {"thresholdPercent": 0.5},
    {"thresholdPercent": 0.8},
    {"thresholdPercent": 1.0},
    {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"},
]
LIEN: Final = {"restrictions": ["resourcemanager.projects.delete"], "origin": "o", "reason": "r"}
CAP: Final[dict[str, Any]] = {
    "thresholdRules": [{"thresholdPercent": share} for share in (0.5, 0.8, 1.0)],
    "notificationsRule": {"enableProjectLevelRecipients": True},
    "spendCap": {"inputState": "CONFIGURED"},
}


def google(cloud: Cloud) -> Google:
    return Google(GoogleConfig.read({}, environment(cloud.ready)))


def audit(cloud: Cloud, *parents: str, projects: Iterable[str] = ()) -> Found:
    return read(google(cloud), parents, list(projects), DAY, lambda _: None)


def verdicts(found: Found, **options: Any) -> list[tuple[str, str]]:
    """Policy and what breaks it."""
    report = judge("audit", found.facts, configuration_of(options, "test"))
    return sorted((each.policy.id, each.finding.subject.label) for each in report.verdicts)


class World:
    """Makes by hand what people make, with plain calls."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.numbers: dict[str, str] = {}

    def folder(self, name: str, parent: str) -> str:
        body = {"displayName": name, "parent": parent}
        operation = self.cloud.call("POST", "/cloudresourcemanager/v3/folders", body)
        done = self.cloud.call("GET", f"/cloudresourcemanager/v3/{operation['name']}")
        folder: str = done["response"]["name"]
        return folder

    def project(
        self,
        project: str,
        parent: str = FOLDER,
        *,
        account: str = "",
        labels: Mapping[str, str] = LABELS,
        gemini: bool = True,
    ) -> None:
        body = {"projectId": project, "parent": parent, "labels": dict(labels)}
        self.cloud.call("POST", "/cloudresourcemanager/v3/projects", body)
        name = self.cloud.call("GET", f"/cloudresourcemanager/v3/projects/{project}")["name"]
        self.numbers[project] = name.removeprefix("projects/")
        if account:
            link = {"billingAccountName": f"billingAccounts/{account}"}
            self.cloud.call("PUT", f"/cloudbilling/v1/projects/{project}/billingInfo", link)
        if gemini:
            for service in (
                GEMINI_API,
                "apikeys.googleapis.com",
                "iam.googleapis.com",
                "cloudquotas.googleapis.com",
            ):
                self.cloud.call("POST", f"/serviceusage/v1/projects/{project}/services/{service}:enable", {})

    def key(self, project: str, key: str, title: str = "", **body: Any) -> None:
        path = f"/apikeys/v2/projects/{project}/locations/global/keys?keyId={key}"
        self.cloud.call("POST", path, {**({"displayName": title} if title else {}), **body})

    def account(self, project: str, account_id: str) -> str:
        """Make a service account; returns its address."""
        path = f"/iam/v1/projects/{project}/serviceAccounts"
        email: str = self.cloud.call("POST", path, {"accountId": account_id})["email"]
        return email

    def budget(self, title: str, *projects: str, account: str = ACCOUNT, **body: Any) -> str:
        """Returns its name. `budgetFilter` is added to the projects and the Gemini API."""
        whole = {
            "displayName": title,
            "amount": {"specifiedAmount": {"units": "100"}},
            "thresholdRules": THRESHOLDS,
            **body,
            "budgetFilter": {
                **({"projects": [f"projects/{self.numbers[each]}" for each in projects]} if projects else {}),
                "services": [GEMINI_BILLING_SERVICE],
                "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
                **body.get("budgetFilter", {}),
            },
        }
        made = self.cloud.call("POST", f"/billingbudgets/v1/billingAccounts/{account}/budgets", whole)
        name: str = made["name"]
        return name

    def cap(self, title: str, project: str, service: str = GEMINI_BILLING_SERVICE) -> None:
        part = {"services": [service], "creditTypesTreatment": "EXCLUDE_ALL_CREDITS"}
        self.budget(title, project, **CAP, budgetFilter=part)

    def limit(
        self, project: str, name: LimitName, value: int, model: str = "", tiers: Iterable[str] = PAID
    ) -> None:
        for limit in QUOTA_LIMITS[name]:
            if limit.tier in tiers:
                metric, window = (each.replace("/", "%2F") for each in (limit.metric, limit.limit))
                path = f"services/{GEMINI_API}/consumerQuotaMetrics/{metric}/limits/{window}"
                body = {"overrideValue": str(value), **({"dimensions": {"model": model}} if model else {})}
                self.cloud.call(
                    "POST",
                    f"/serviceusage/v1beta1/projects/{project}/{path}/consumerOverrides?force=true",
                    body,
                )

    def lien(self, project: str) -> None:
        self.cloud.call(
            "POST", "/cloudresourcemanager/v3/liens", {**LIEN, "parent": f"projects/{self.numbers[project]}"}
        )

    def good(self, project: str, parent: str = FOLDER) -> None:
        """One that keeps to every policy."""
        self.project(project, parent, account=ACCOUNT, labels=MANAGED)
        self.lien(project)
        restrictions = {
            "apiTargets": [{"service": GEMINI_API, "methods": [GENERATE]}],
            "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]},
        }
        account = self.account(project, "backend")
        self.key(project, "backend", "Backend", restrictions=restrictions, serviceAccountEmail=account)
        self.budget(f"Budget {project}", project)
        self.cap(f"Cap {project}", project)
        self.limit(project, "requestsPerDay", 10, MODEL)
        self.limit(project, "requestsPerMinute", 5, MODEL)
        self.limit(project, "requestsPerMinute", 0)

    def faults(self, *faults: tuple[str, str, str]) -> None:
        """Let all calls of methods that name a path fail."""
        entries = [
            {"error": error, "method": method, "path": path, "times": 1000} for error, method, path in faults
        ]
        self.cloud.call("PUT", "/_local/faults", {"faults": entries})
