"""A local cloud and a stack file with all that can stand in the way of a stack, for one run of the preflight."""

from typing import Any

from tests.workspace import Cloud

ORGANIZATION = "organizations/123456789012"
FOLDER = "folders/987654321098"
USD, EUR, CLOSED, RESOLD = (
    "01A2B3-C4D5E6-F7A8B9",
    "0A1B2C-3D4E5F-6A7B8C",
    "0FEDCB-A98765-432100",
    "0ABCDE-F01234-567890",
)
SEED = "broken-seed"
HOST = "broken-host"

STACK_FILE = """\
config:
  gcp:userProjectOverride: true
  gcp:billingProject: broken-seed
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: broken-host
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:guard: {region: us-central1}
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:sharedBudgets:
    all: {accountWide: true, amount: 99, currency: GBP, ownership: billingAccount}
  gemini-landing-zone:defaults:
    budget: {amount: 10, currency: USD}
    alerts: {email: [oncall@example.com]}
  gemini-landing-zone:projects:
    closed:
      projectId: broken-closed
      tier: paid
      billingAccount: 0FEDCB-A98765-432100
    euros:
      projectId: broken-euros
      tier: paid
      billingAccount: 0A1B2C-3D4E5F-6A7B8C
    resold:
      projectId: broken-resold
      tier: paid
      billingAccount: 0ABCDE-F01234-567890
      budget: {spendCap: true}
    elsewhere:
      projectId: broken-elsewhere
      tier: free
      parent: folders/111
    taken: {projectId: broken-taken, tier: free}
    deleted: {projectId: broken-deleted, tier: paid}
    old:
      projectId: broken-old
      tier: paid
      contacts: [{email: legal@example.org, categories: [LEGAL]}]
      keys: {backend: {}}
      limits: {gemini-2.5-flash: {requestsPerMinute: 1}, others: deny}
      forbidUnrestrictedKeys: true
      tags: [tagValues/404, TAG]
    shared:
      projectId: broken-shared
      tier: paid
      keys: {backend: {serviceAccount: backend@broken-nowhere.iam.gserviceaccount.com}}
    ghost: {projectId: broken-ghost, tier: paid, adopt: true}
    gone: {projectId: broken-gone, tier: paid, adopt: true}
    legacy:
      projectId: broken-legacy
      tier: paid
      adopt: true
      keys: {backend: {}}
      budget: {spendCap: true}
    linked: {projectId: broken-linked, tier: free}
    running:
      projectId: broken-running
      tier: paid
      guard: true
      limits:
        gemini-3.8-flash: {requestsPerMinute: 100000, requestsPerDay: 7}
        others: deny
    waiting: {projectId: broken-waiting, tier: paid}
"""


TOKEN = "token-of-ann"
MEMBER = "user:ann@example.com"
ROLES = {
    ORGANIZATION: ("roles/browser", "roles/orgpolicy.policyViewer", "roles/viewer"),
    **{f"billingAccounts/{account}": ("roles/billing.viewer",) for account in (USD, EUR, CLOSED)},
}
"""Roles of the caller: enough to look, and not to make anything."""


def break_all(cloud: Cloud, label: str) -> str:
    """Break the cloud in every way that the stack file meets; returns the file's text.

    `label`: of projects that the stack created.
    """
    call = cloud.call

    def project(
        project_id: str, account: str = "", *services: str, labels: dict[str, str] | None = None
    ) -> None:
        call(
            "POST",
            "/cloudresourcemanager/v3/projects",
            {"projectId": project_id, "parent": FOLDER, "labels": labels or {}},
        )
        if account:
            link = {"billingAccountName": f"billingAccounts/{account}"}
            call("PUT", f"/cloudbilling/v1/projects/{project_id}/billingInfo", link)
        for service in services:
            call(
                "POST", f"/serviceusage/v1/projects/{project_id}/services/{service}.googleapis.com:enable", {}
            )

    gemini = "generativelanguage"
    project(
        SEED,
        "",
        "cloudresourcemanager",
        "serviceusage",
        "orgpolicy",
        "cloudbilling",
        "iam",
        "cloudquotas",
        "billingbudgets",
    )
    project(HOST, "", "pubsub")
    call("POST", f"/serviceusage/v1/projects/{HOST}/services/monitoring.googleapis.com:disable", {})
    project("broken-taken")
    project("broken-deleted", "", labels={"gemini-lz-stack": label})
    project("broken-gone")
    for project_id in ("broken-deleted", "broken-gone"):
        call("DELETE", f"/cloudresourcemanager/v3/projects/{project_id}")
    project("broken-legacy", EUR, gemini, "firebasevertexai")
    own = {"gemini-lz-stack": label}
    project("broken-linked", USD, labels=own)
    project("broken-running", USD, gemini, labels=own)
    call("PUT", "/_local/tierLag", {"polls": 1000})
    project("broken-waiting", USD, gemini, labels=own)
    call("PUT", "/_local/fixedQuotas", {"quotaIds": ["GenerateRequestsPerDayPerProjectPerModel"]})
    call("PATCH", f"/_local/billingAccounts/{RESOLD}", {"master": f"billingAccounts/{USD}"})
    number = call("GET", "/cloudresourcemanager/v1/projects/broken-legacy")["projectNumber"]
    call("POST", f"/billingbudgets/v1/billingAccounts/{USD}/budgets", _cap(number))

    call("PUT", "/_local/identities", {"identities": {TOKEN: {"member": MEMBER}}})
    for resource, roles in ROLES.items():
        allow(cloud, resource, dict.fromkeys(roles, MEMBER))
    allow(cloud, f"projects/{SEED}", {"roles/serviceusage.serviceUsageConsumer": MEMBER})

    project("broken-nowhere", "", "iam")
    call("POST", "/iam/v1/projects/broken-nowhere/serviceAccounts", {"accountId": "backend"})

    def policy(node: str, constraint: str, rule: dict[str, Any]) -> None:
        body = {"name": f"{node}/policies/{constraint}", "spec": {"rules": [rule]}}
        call("POST", f"/orgpolicy/v2/{node}/policies", body)

    denied = {"values": {"deniedValues": ["generativelanguage.googleapis.com"]}}
    policy(FOLDER, "gcp.restrictServiceUsage", denied)
    policy(ORGANIZATION, "serviceuser.services", {"values": {"deniedValues": ["monitoring.googleapis.com"]}})
    policy(ORGANIZATION, "iam.managed.disableServiceAccountApiKeyCreation", {"enforce": True})
    policy(ORGANIZATION, "iam.allowedPolicyMemberDomains", {"values": {"allowedValues": ["C0xxxxxxx"]}})
    policy(ORGANIZATION, "iam.managed.allowedPolicyMembers", {"enforce": True, "parameters": {}})
    policy(FOLDER, "essentialcontacts.allowedContactDomains", {"values": {"allowedValues": ["@example.com"]}})
    policy(ORGANIZATION, "gcp.resourceLocations", {"values": {"allowedValues": ["in:eu-locations"]}})
    constraint = {
        "name": f"{ORGANIZATION}/customConstraints/custom.ownKeys",
        "resourceTypes": ["apikeys.googleapis.com/Key"],
        "methodTypes": ["CREATE"],
        "actionType": "DENY",
        "condition": "has(resource.restrictions.serverKeyRestrictions)",
    }
    call("POST", f"/orgpolicy/v2/{ORGANIZATION}/customConstraints", constraint)
    policy(FOLDER, "custom.ownKeys", {"enforce": True})
    policy(FOLDER, "essentialcontacts.managed.allowedContactDomains", {"enforce": True})
    policy("projects/broken-legacy", "iam.disableServiceAccountCreation", {"enforce": True})
    key = call("POST", "/cloudresourcemanager/v3/tagKeys", {"parent": ORGANIZATION, "shortName": "env"})
    tag_key = call("GET", f"/cloudresourcemanager/v3/{key['name']}")["response"]["name"]
    value = call("POST", "/cloudresourcemanager/v3/tagValues", {"parent": tag_key, "shortName": "prod"})
    tag = call("GET", f"/cloudresourcemanager/v3/{value['name']}")["response"]["name"]
    return STACK_FILE.replace("TAG", tag)


def allow(cloud: Cloud, resource: str, members: dict[str, str]) -> None:
    """Make this the IAM policy of a resource: role → member."""
    service = "cloudbilling/v1" if resource.startswith("billingAccounts/") else "cloudresourcemanager/v3"
    bindings = [{"role": role, "members": [member]} for role, member in members.items()]
    cloud.call("POST", f"/{service}/{resource}:setIamPolicy", {"policy": {"bindings": bindings}})


def _cap(number: str) -> dict[str, Any]:
    """A spend cap that somebody made by hand."""
    return {
        "displayName": "by hand",
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "5"}},
        "budgetFilter": {
            "projects": [f"projects/{number}"],
            "services": ["services/AEFD-7695-64FA"],
            "calendarPeriod": "MONTH",
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "thresholdRules": [
            {"thresholdPercent": each, "spendBasis": "CURRENT_SPEND"} for each in (0.5, 0.8, 1.0)
        ],
        "notificationsRule": {"enableProjectLevelRecipients": True},
        "ownershipScope": "ALL_USERS",
        "spendCap": {"inputState": "CONFIGURED"},
    }
