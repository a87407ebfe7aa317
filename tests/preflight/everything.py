"""A stack with everything, in projects that keep the kinds of permissions apart; a caller with just what it needs."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from landing_zone.google.permissions import PERMISSIONS, Place
from tests.lifecycle.test_every_kind import STACK_FILE, TOKEN
from tests.preflight.broken import FOLDER, ORGANIZATION, USD, allow
from tests.workspace import STACK, Cloud, Workspace

RUNNER = "token-of-the-runner"
MEMBER = "serviceAccount:gemini-lz@acme-run-seed.iam.gserviceaccount.com"
SEED, HOST, ACCOUNTS = "acme-run-seed", "acme-run-host", "acme-run-accounts"
ADOPTED, FREED = "acme-run-adopted", "acme-run-freed"
_ADOPTED = f"""\
    legacy:
      projectId: {ADOPTED}
      tier: paid
      adopt: true
      tierWait: 0
      tags: [TAG]
      contacts: [{{email: legal@example.com, categories: [LEGAL]}}]
      keys: {{backend: {{}}}}
      budget: {{amount: 11, currency: USD, spendCap: true}}
      alerts: {{email: [oncall@example.com], channels: [desk]}}
      dashboard: true
      forbidUnrestrictedKeys: true
      guard: {{stop: {{by: both}}}}
      limits: {{gemini-2.5-flash: {{requestsPerMinute: 60}}, others: deny}}
      quotas:
        down:
          quotaId: PredictRequestsPerDayPerProjectPerModelPaidTier1
          value: 3
          contactEmail: a@example.com
          ignoreSafetyCheck: tooDeep
    freed: {{projectId: {FREED}, tier: free, adopt: true, tierWait: 0}}
"""
_APIS = {
    SEED: "cloudresourcemanager cloudbilling billingbudgets serviceusage apikeys iam monitoring cloudquotas "
    "essentialcontacts orgpolicy pubsub cloudfunctions cloudscheduler run storage",
    HOST: "monitoring pubsub artifactregistry cloudbilling cloudbuild cloudfunctions cloudscheduler iam logging run "
    "serviceusage storage",
    ADOPTED: "generativelanguage",
    ACCOUNTS: "iam",
}
CHANGES = (
    ("requestsPerMinute: 60", "requestsPerMinute: 61"),
    ("amount: 11,", "amount: 12,"),
    ("amount: 99,", "amount: 98,"),
    ("desk@example.com", "table@example.com"),
    ("categories: [LEGAL]", "categories: [SECURITY]"),
    ("keys: {backend: {}}", "keys: {backend: {methods: [generate]}}"),
    ("value: 3\n", "value: 4\n"),
    ("guard: {stop: {by: both}}", "guard: {stop: {by: limits}}"),
    ("topics: [spend]\n", "topics: [spend]\n  gemini-landing-zone:guard: {poll: 5m}\n"),
    (
        "channels: [desk]}",
        "channels: [desk], errorRate: 0.05, quotaChanges: {deployers: [ci@example.com]}}",
    ),
)
"""What an update of it changes."""


def prepare(workspace: Workspace) -> str:
    """Make what the stack needs at Google, and its file, as the operator; returns the name of its tag value."""
    call = workspace.cloud.call
    base = "/cloudresourcemanager/v3"
    for project_id in (SEED, HOST, ADOPTED, FREED, ACCOUNTS):
        call("POST", f"{base}/projects", {"projectId": project_id, "parent": ORGANIZATION})
    link = {"billingAccountName": f"billingAccounts/{USD}"}
    # Functions and their builds need a project that is linked.
    for project_id in (SEED, HOST, FREED):
        call("PUT", f"/cloudbilling/v1/projects/{project_id}/billingInfo", link)
    for project_id, services in _APIS.items():
        for service in services.split():
            call(
                "POST", f"/serviceusage/v1/projects/{project_id}/services/{service}.googleapis.com:enable", {}
            )
    call("PUT", f"/pubsub/v1/projects/{HOST}/topics/incidents", {})
    for account in ("app-one", "app-two"):
        call("POST", f"/iam/v1/projects/{ACCOUNTS}/serviceAccounts", {"accountId": account})
    key = call("POST", f"{base}/tagKeys", {"parent": ORGANIZATION, "shortName": "env"})
    tag_key = call("GET", f"{base}/{key['name']}")["response"]["name"]
    value = call("POST", f"{base}/tagValues", {"parent": tag_key, "shortName": "prod"})
    tag = str(call("GET", f"{base}/{value['name']}")["response"]["name"])
    text = STACK_FILE + _ADOPTED
    for old, new in (
        ("TAG", tag),
        ("FINGERPRINT", ":".join(["AB"] * 20)),
        ("app-one@sandbox-seed", f"app-one@{ACCOUNTS}"),
        ("sandbox-seed", HOST),
        ("config:\n", f"config:\n  gcp:userProjectOverride: true\n  gcp:billingProject: {SEED}\n"),
    ):
        text = text.replace(old, new)
    workspace.stack_file.write_text(text)
    workspace.pulumi("stack", "select", "--create", STACK)
    for secret in ("chatops.token", "pager.serviceKey", "locked.password"):
        path = f"gemini-landing-zone:channels.{secret}"
        workspace.pulumi("config", "set", "--secret", "--path", path, TOKEN, "--stack", STACK)
    call("PUT", "/_local/identities", {"identities": {RUNNER: {"member": MEMBER}}})
    grant_all(workspace.cloud, tag)
    return tag


def change_by_hand(cloud: Cloud) -> None:
    """Change, as somebody else, what no change of the file changes."""
    call = cloud.call

    def patch(path: str, mask: str, body: dict[str, Any]) -> None:
        call("PATCH", f"{path}?updateMask={mask}", body)

    for kind, name in (("topic", "spend"), ("subscription", f"gemini-guard-{STACK}")):
        path = f"projects/{HOST}/{kind}s/{name}"
        call("PATCH", f"/pubsub/v1/{path}", {kind: {"name": path, "labels": {}}, "updateMask": "labels"})
    function = f"projects/{HOST}/locations/us-central1/functions/gemini-guard-{STACK}"
    patch(f"/cloudfunctions/v2/{function}", "description", {"description": "changed"})
    bucket = f"{HOST}-guard-{STACK}"
    access = {"iamConfiguration": {"publicAccessPrevention": "inherited"}}
    call("PATCH", f"/storage/storage/v1/b/{bucket}", access)
    [constraint] = call("GET", f"/orgpolicy/v2/{ORGANIZATION}/customConstraints")["customConstraints"]
    call("PATCH", f"/orgpolicy/v2/{constraint['name']}", {**constraint, "displayName": "changed"})
    [policy] = call("GET", f"/orgpolicy/v2/projects/{ADOPTED}/policies")["policies"]
    call("PATCH", f"/orgpolicy/v2/{policy['name']}", {**policy, "spec": {"rules": [{"enforce": False}]}})
    for project in (HOST, ADOPTED):
        [board] = call("GET", f"/monitoring/v1/projects/{project}/dashboards")["dashboards"]
        call("PATCH", f"/monitoring/v1/{board['name']}", {**board, "displayName": "changed"})
    channels = call("GET", f"/monitoring/v3/projects/{HOST}/notificationChannels")["notificationChannels"]
    patch(f"/monitoring/v3/{channels[0]['name']}", "displayName", {"displayName": "changed"})
    body = {"serviceAccount": {"displayName": "changed"}, "updateMask": "displayName"}
    for project in (HOST, ADOPTED):
        account = call("GET", f"/iam/v1/projects/{project}/serviceAccounts")["accounts"][0]
        call("PATCH", f"/iam/v1/{account['name']}", body)


def grant_all(cloud: Cloud, tag: str, without: Collection[tuple[Place, str]] = ()) -> None:
    """Give the runner exactly what the table says, but for some."""
    wanted: dict[Place, list[str]] = defaultdict(list)
    for each in PERMISSIONS:
        if (each.place, each.name) not in without:
            wanted[each.place].append(each.name)
    for place, names in wanted.items():
        role = f"runner{place.name.title().replace('_', '')}"
        path = f"/iam/v1/{ORGANIZATION}/roles"
        body = {
            "roleId": role,
            "role": {"title": role, "includedPermissions": sorted(set(names)), "stage": "GA"},
        }
        listed = cloud.call("GET", path).get("roles", [])
        if any(each["name"].endswith(f"/{role}") for each in listed):
            cloud.call("PATCH", f"{path}/{role}?updateMask=includedPermissions", body["role"])
        else:
            cloud.call("POST", path, body)
        for resource in resources_of(place, tag):
            allow(cloud, resource, {f"{ORGANIZATION}/roles/{role}": MEMBER})


def resources_of(place: Place, tag: str) -> tuple[str, ...]:
    """The resources of a kind."""
    return {
        Place.PARENT: (FOLDER,),
        Place.ORGANIZATION: (ORGANIZATION,),
        Place.ACCOUNT: (f"billingAccounts/{USD}",),
        Place.SEED: (f"projects/{SEED}",),
        Place.NOTIFICATIONS: (f"projects/{HOST}",),
        Place.ADOPTED: (f"projects/{ADOPTED}", f"projects/{FREED}"),
        Place.KEY_ACCOUNTS: (f"projects/{ACCOUNTS}",),
        Place.TAG_VALUE: (tag,),
    }[place]
