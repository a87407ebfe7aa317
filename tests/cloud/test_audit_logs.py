"""Audit logs of administrative writes: who did what where, as Google writes it, and how it is read."""

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from landing_zone.google.audit_log import AuditLog
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from sandbox.cloud.endpoints import environment
from sandbox.cloud.logging import filters
from sandbox.cloud.logging.methods import audited
from sandbox.cloud.services import SERVICES
from sandbox.layout import ROOT
from tests.cloud.local_cloud import ACCOUNT, FOLDER, ORGANIZATION, LocalCloud

ANN, RUNNER = "token-of-ann", "audit-runner"
USER = {"member": "user:ann@example.com"}
LIST = "v2/entries:list"
GEMINI = "generativelanguage.googleapis.com"
LIMIT = f"services/{GEMINI}/consumerQuotaMetrics/{GEMINI}%2Fgenerate_requests_per_model/limits/%2Fmin%2Fmodel%2Fproject"
OF_DATA = re.compile(
    r"generativelanguage\..*|iamcredentials\..*|storage\.objects\..*|monitoring\.projects\.timeSeries\.create"
    r"|pubsub\..*\.(acknowledge|modifyAckDeadline|publish|pull|seek)|cloudkms\..*\.(encrypt|decrypt)"
    r"|cloudfunctions\..*\.generateUploadUrl|logging\.entries\.write"
)
"""Methods that write data, or mint tokens: the data access logs have them."""
READS = re.compile(
    r".*\.(testIamPermissions|getIamPolicy|getAncestry|search|queryTestablePermissions|queryGrantableRoles|list"
    r"|lintPolicy|listXpnHosts|wait|getOrgPolicy|getEffectiveOrgPolicy|listOrgPolicies"
    r"|listAvailableOrgPolicyConstraints)"
)


def listed(cloud: LocalCloud, resource: str, query: str = "", **more: Any) -> list[dict[str, Any]]:
    """The entries of a resource's log that a query holds for, the newest first."""
    body = {"resourceNames": [resource], "filter": query, "orderBy": "timestamp desc", **more}
    found: list[dict[str, Any]] = cloud.call("logging", "POST", LIST, body).get("entries", [])
    return found


def payloads(cloud: LocalCloud, resource: str, query: str = "") -> list[dict[str, Any]]:
    return [each["protoPayload"] for each in listed(cloud, resource, query)]


def new_project(cloud: LocalCloud, project_id: str, *apis: str) -> str:
    """A project with APIs; returns its number."""
    number = cloud.create_project(project_id, account=ACCOUNT)
    for api in apis:
        cloud.call("serviceusage", "POST", f"v1/projects/{number}/services/{api}.googleapis.com:enable", {})
    return number


def test_every_method_that_writes_is_audited_or_known_to_write_data() -> None:
    unknown = [
        method.id
        for service in SERVICES
        for method, handler in service.handlers.items()
        if handler and method.http_method not in ("GET", "HEAD")
        if not audited(method) and not OF_DATA.fullmatch(method.id) and not READS.fullmatch(method.id)
    ]
    assert unknown == []


def test_writes_at_the_services_have_googles_names_and_resources(cloud: LocalCloud) -> None:
    p = "audit-names"
    number = new_project(
        cloud, p, "apikeys", "monitoring", "iam", "pubsub", "secretmanager", "generativelanguage"
    )
    key = f"v2/projects/{number}/locations/global/keys"
    alert = {"displayName": "a", "combiner": "OR", "conditions": [{"displayName": "c", "conditionAbsent": {
        "filter": 'metric.type="x.googleapis.com/y" resource.type="global"', "duration": "120s"}}]}  # fmt: skip
    call = cloud.call
    call("apikeys", "POST", key, {"displayName": "k"}, keyId="k1")
    call("apikeys", "PATCH", f"{key}/k1", {"displayName": "other"}, updateMask="displayName")
    call("apikeys", "DELETE", f"{key}/k1")
    call("cloudresourcemanager", "PATCH", f"v3/projects/{p}", {"labels": {"a": "b"}}, updateMask="labels")
    call("cloudresourcemanager", "POST", f"v1/projects/{p}:setIamPolicy", {"policy": {"bindings": []}})
    call("cloudbilling", "PUT", f"v1/projects/{p}/billingInfo", {"billingAccountName": ""})
    call("monitoring", "POST", f"v3/projects/{p}/alertPolicies", alert)
    email = call("iam", "POST", f"v1/projects/{p}/serviceAccounts", {"accountId": "robot-one"})["email"]
    call("iam", "POST", f"v1/projects/{p}/serviceAccounts/{email}:disable", {})
    call("pubsub", "PUT", f"v1/projects/{p}/topics/news", {})
    secret: dict[str, Any] = {"replication": {"automatic": {}}}
    call("secretmanager", "POST", f"v1/projects/{p}/secrets", secret, secretId="s")
    contact = {
        "email": "a@example.com",
        "languageTag": "en",
        "notificationCategorySubscriptions": ["ALL"],
    }
    call("essentialcontacts", "POST", f"v1/projects/{p}/contacts", contact)
    found = [
        (each["methodName"], each["resourceName"].replace(number, "N"), each["serviceName"].partition(".")[0])
        for each in payloads(cloud, f"projects/{p}", "-protoPayload.methodName:EnableService")
    ]
    unique = call("iam", "GET", f"v1/projects/{p}/serviceAccounts/{email}")["uniqueId"]
    monitoring = "google.monitoring.v3.AlertPolicyService"
    contacts = "google.cloud.essentialcontacts.v1.EssentialContactsService"
    assert found[::-1] == [
        ("CreateProject", f"projects/{p}", "cloudresourcemanager"),
        ("AssignResourceToBillingAccount", f"projects/{p}", "cloudbilling"),
        ("google.api.apikeys.v2.ApiKeys.CreateKey", "projects/N", "apikeys"),
        ("google.api.apikeys.v2.ApiKeys.UpdateKey", "projects/N/locations/global/keys/k1", "apikeys"),
        ("google.api.apikeys.v2.ApiKeys.DeleteKey", "projects/N/locations/global/keys/k1", "apikeys"),
        (
            "google.cloud.resourcemanager.v3.Projects.UpdateProject",
            f"projects/{p}",
            "cloudresourcemanager",
        ),
        ("SetIamPolicy", f"projects/{p}", "cloudresourcemanager"),
        ("DisableResourceBilling", f"projects/{p}", "cloudbilling"),
        (f"{monitoring}.CreateAlertPolicy", f"projects/{p}", "monitoring"),
        ("google.iam.admin.v1.CreateServiceAccount", f"projects/{p}", "iam"),
        ("google.iam.admin.v1.DisableServiceAccount", f"projects/-/serviceAccounts/{unique}", "iam"),
        ("google.pubsub.v1.Publisher.CreateTopic", f"projects/{p}/topics/news", "pubsub"),
        (
            "google.cloud.secretmanager.v1.SecretManagerService.CreateSecret",
            f"projects/{p}",
            "secretmanager",
        ),
        (f"{contacts}.CreateContact", f"projects/{p}", "essentialcontacts"),
    ]


def test_an_entry_is_in_the_log_of_what_it_is_about(cloud: LocalCloud) -> None:
    budget = {"displayName": "audited", "amount": {"specifiedAmount": {"units": "5"}}}
    made = cloud.call("billingbudgets", "POST", f"v1/billingAccounts/{ACCOUNT}/budgets", budget)
    cloud.call("billingbudgets", "DELETE", f"v1/{made['name']}")
    folder = cloud.call(
        "cloudresourcemanager", "POST", "v3/folders", {"displayName": "audited", "parent": FOLDER}
    )
    role = {"roleId": "audited", "role": {"includedPermissions": ["resourcemanager.projects.get"]}}
    cloud.call("iam", "POST", f"v1/{ORGANIZATION}/roles", role)
    names = [each["methodName"] for each in payloads(cloud, f"billingAccounts/{ACCOUNT}")]
    service = "google.cloud.billing.budgets.v1.BudgetService"
    assert names[:2] == [f"{service}.DeleteBudget", f"{service}.CreateBudget"]
    [entry] = listed(cloud, FOLDER, 'protoPayload.methodName:"CreateFolder"')
    assert entry["protoPayload"]["response"]["displayName"] == "audited", folder
    assert entry["logName"] == f"{FOLDER}/logs/cloudaudit.googleapis.com%2Factivity"
    assert entry["resource"] == {"type": "folder", "labels": {"folder_id": FOLDER.partition("/")[2]}}
    assert payloads(cloud, ORGANIZATION)[0]["methodName"] == "google.iam.admin.v1.CreateRole"


def test_an_entry_has_who_whence_and_what_was_answered(cloud: LocalCloud) -> None:
    number = new_project(cloud, "audit-who", "apikeys", "logging")
    cloud.local("PUT", "identities", {"identities": {ANN: USER}})
    path = f"v2/projects/{number}/locations/global/keys"
    headers = {"Authorization": f"Bearer {ANN}", "X-Goog-User-Project": "audit-who"}
    headers |= {"X-Forwarded-For": "203.0.113.9", "User-Agent": "gcloud/1"}
    for member, status in ((), 403), ((USER["member"],), 200):
        policy = {"bindings": [{"role": "roles/owner", "members": list(member)}]}
        cloud.call("cloudresourcemanager", "POST", "v3/projects/audit-who:setIamPolicy", {"policy": policy})
        answer = cloud.request("apikeys", "POST", path, json={"displayName": "k"}, headers=headers)
        # Not being allowed to use the project for quota is refused before the method is looked at.
        assert answer.status_code == status
    [entry] = listed(cloud, "projects/audit-who", 'protoPayload.serviceName="apikeys.googleapis.com"')
    payload = entry["protoPayload"]
    assert payload["authenticationInfo"] == {
        "principalEmail": "ann@example.com",
        "principalSubject": "user:ann@example.com",
    }
    assert payload["requestMetadata"]["callerIp"] == "203.0.113.9"
    assert payload["requestMetadata"]["callerSuppliedUserAgent"] == "gcloud/1"
    assert payload["status"] == {}
    assert payload["response"]["displayName"] == "k"
    assert payload["authorizationInfo"][0] | {"resource": ""} == {
        "resource": "",
        "permission": "apikeys.keys.create",
        "granted": True,
        "resourceAttributes": {},
    }
    assert entry["severity"] == "NOTICE"
    assert entry["operation"]["producer"] == "apikeys.googleapis.com"
    assert entry["resource"]["labels"]["project_id"] == "audit-who"


def test_who_acts_as_a_service_account_is_in_the_entry_and_a_refusal_has_its_reason(
    cloud: LocalCloud,
) -> None:
    new_project(cloud, "audit-acting", "iam", "iamcredentials")
    cloud.local("PUT", "identities", {"identities": {ANN: USER}})
    accounts = "v1/projects/audit-acting/serviceAccounts"
    email = cloud.call("iam", "POST", accounts, {"accountId": RUNNER})["email"]
    creator = {"role": "roles/iam.serviceAccountTokenCreator", "members": [USER["member"]]}
    cloud.call("iam", "POST", f"{accounts}/{email}:setIamPolicy", {"policy": {"bindings": [creator]}})
    scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    path = f"v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    token = cloud.call("iamcredentials", "POST", path, scope, token=ANN)["accessToken"]
    body = {"displayName": "no"}
    cloud.call("iam", "PATCH", f"{accounts}/{email}", {"serviceAccount": body, "updateMask": "displayName"},
               token=token, status=403)  # fmt: skip
    [entry] = listed(cloud, "projects/audit-acting", "severity>=ERROR")
    payload = entry["protoPayload"]
    assert payload["methodName"] == "google.iam.admin.v1.PatchServiceAccount"
    assert payload["authenticationInfo"] == {
        "principalEmail": email,
        "principalSubject": f"serviceAccount:{email}",
        "serviceAccountDelegationInfo": [
            {
                "principalSubject": "user:ann@example.com",
                "firstPartyPrincipal": {"principalEmail": "ann@example.com"},
            }
        ],
    }
    assert payload["status"]["code"] == 7
    assert "iam.serviceAccounts.update" in payload["status"]["message"]
    assert [each["granted"] for each in payload["authorizationInfo"]] == [False]


def test_no_entry_has_a_secret(cloud: LocalCloud) -> None:
    number = new_project(cloud, "audit-secret", "apikeys", "monitoring", "secretmanager")
    keys = f"v2/projects/{number}/locations/global/keys"
    cloud.call("apikeys", "POST", keys, {"displayName": "k"}, keyId="k1")
    string = cloud.call("apikeys", "GET", f"{keys}/k1/keyString")["keyString"]
    cloud.call("apikeys", "PATCH", f"{keys}/k1", {"displayName": f"was {string}"}, updateMask="displayName")
    channel = {"type": "slack", "labels": {"channel_name": "#a", "auth_token": "xoxb-of-the-channel"}}
    cloud.call("monitoring", "POST", "v3/projects/audit-secret/notificationChannels", channel)
    hook = {"type": "webhook_tokenauth", "labels": {"url": "https://example.com/hook?token=of-the-hook"}}
    cloud.call("monitoring", "POST", "v3/projects/audit-secret/notificationChannels", hook)
    secret = "v1/projects/audit-secret/secrets"
    cloud.call("secretmanager", "POST", secret, {"replication": {"automatic": {}}}, secretId="s")
    payload = {"payload": {"data": "dGhlLXNlY3JldC1pdHNlbGY="}}
    cloud.call("secretmanager", "POST", f"{secret}/s:addVersion", payload)
    text = str(listed(cloud, "projects/audit-secret"))
    assert text.count("methodName") == 11
    for each in (string, "xoxb-of-the-channel", "of-the-hook", "dGhlLXNlY3JldC1pdHNlbGY="):
        assert each not in text
    assert (
        payload["payload"]["data"].encode()
        not in (cloud.folder / "state.db-wal").read_bytes().split(b"AddSecretVersion")[-1][:4096]
    )


def test_reads_and_what_google_does_by_itself_have_no_entry(cloud: LocalCloud) -> None:
    number = new_project(cloud, "audit-quiet")
    before = listed(cloud, "projects/audit-quiet")
    cloud.call("cloudresourcemanager", "GET", "v3/projects/audit-quiet")
    cloud.call("cloudresourcemanager", "POST", "v3/projects/audit-quiet:getIamPolicy", {})
    body = {"permissions": ["resourcemanager.projects.get"]}
    cloud.call("cloudresourcemanager", "POST", "v3/projects/audit-quiet:testIamPermissions", body)
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": 2})
    assert listed(cloud, f"projects/{number}") == before


def test_entries_are_kept_over_a_kill_and_for_400_days_by_the_clock(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path)
    cloud.start()
    new_project(cloud, "audit-kept")
    before = listed(cloud, "projects/audit-kept")
    assert len(before) == 2
    cloud.end(signal.SIGKILL)
    cloud.start()
    assert listed(cloud, "projects/audit-kept") == before
    now = datetime.fromisoformat(before[0]["timestamp"]).astimezone(UTC)
    for days, count in ((399, 2), (401, 0)):
        cloud.local("PUT", "clock", {"now": (now + timedelta(days=days)).isoformat(), "hold": True})
        assert len(listed(cloud, "projects/audit-kept")) == count
    assert "logNames" not in cloud.call("logging", "GET", "v2/projects/audit-kept/logs")
    assert cloud.end() == 0


def test_pages_follow_one_another_in_either_order(cloud: LocalCloud) -> None:
    new_project(cloud, "audit-pages")
    for n in range(5):
        labels = {"labels": {"n": str(n)}}
        cloud.call("cloudresourcemanager", "PATCH", "v3/projects/audit-pages", labels, updateMask="labels")
    for order in ("timestamp asc", "timestamp desc", ""):
        body = {"resourceNames": ["projects/audit-pages"], "orderBy": order, "pageSize": 3}
        found, token = [], ""
        while True:
            page = cloud.call("logging", "POST", LIST, body | ({"pageToken": token} if token else {}))
            found += [each["insertId"] for each in page["entries"]]
            token = page.get("nextPageToken", "")
            if not token:
                break
        whole = [each["insertId"] for each in listed(cloud, "projects/audit-pages")]
        assert found == (whole if "desc" in order else whole[::-1])
        assert len({*found}) == 7


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ('logName="projects/audit-query/logs/cloudaudit.googleapis.com%2Factivity"', 3),
        ('log_id("cloudaudit.googleapis.com/activity")', 3),
        ('log_id("cloudaudit.googleapis.com/data_access")', 0),
        ("protoPayload.methodName=CreateProject", 1),
        ('protoPayload.methodName:"createproject"', 1),
        ('protoPayload.methodName=("CreateProject" OR "UpdateProject")', 1),
        ('protoPayload.methodName=~"^(Create|Assign)"', 2),
        ('protoPayload.methodName!~"^(Create|Assign)"', 1),
        ('NOT protoPayload.methodName="CreateProject"', 2),
        ('-protoPayload.methodName="CreateProject"', 2),
        ('protoPayload.methodName!="CreateProject"', 2),
        ('protoPayload.serviceName="cloudbilling.googleapis.com" OR protoPayload.resourceName:audit', 3),
        ('protoPayload.serviceName="cloudbilling.googleapis.com" AND protoPayload.resourceName:audit', 1),
        # OR binds more than AND.
        ("severity=ERROR AND protoPayload.methodName:Create OR protoPayload.methodName:Assign", 0),
        ("(severity=ERROR AND protoPayload.methodName:Create) OR protoPayload.methodName:Assign", 1),
        ("severity>=NOTICE severity<WARNING", 3),
        ('timestamp>="2001-01-01T00:00:00Z" timestamp<"2101-01-01T00:00:00Z"', 3),
        ("timestamp>=2101-01-01T00:00:00Z", 0),
        ('timestamp<"2001-01-01" OR protoPayload.methodName:Create', 1),
        ('protoPayload.authenticationInfo.principalEmail:"operator@"', 3),
        ("protoPayload.request.labels.a=b", 0),
        ("protoPayload.request.project.labels.a=b -- a remark", 1),
        ("protoPayload.request.project:*", 2),
        ("resource.labels.project_id=audit-query resource.type=project", 3),
        ("01A2B3-C4D5E6-F7A8B9", 1),
    ],
)
def test_queries_select_as_cloud_logging_does(queried: LocalCloud, query: str, count: int) -> None:
    assert len(listed(queried, "projects/audit-query", query)) == count


@pytest.fixture(scope="module")
def queried(cloud: LocalCloud) -> LocalCloud:
    """A cloud with a project whose log has three entries."""
    new_project(cloud, "audit-query")
    path, body = "v3/projects/audit-query", {"labels": {"a": "b"}}
    cloud.call("cloudresourcemanager", "PATCH", path, body, updateMask="labels")
    return cloud


@pytest.mark.parametrize(
    "query",
    ["a=", "(a=b", "a=b)", 'a="b', "AND a=b", "a=(b OR)", "severity=LOUD", "timestamp>=noon", 'a=~"("', "("],
)
def test_a_query_that_cannot_be_read_is_refused(cloud: LocalCloud, query: str) -> None:
    body = {"resourceNames": [ORGANIZATION], "filter": query}
    error = cloud.call("logging", "POST", LIST, body, status=400)["error"]
    assert error["status"] == "INVALID_ARGUMENT"


def test_deep_nesting_is_refused_and_recursion_is_not_reached() -> None:
    with pytest.raises(Exception, match="too deep"):
        filters.parse("(" * 5000 + "a=b" + ")" * 5000)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"resourceNames": ["projects"]}, 400),
        ({"resourceNames": ["projects/no-such-one"]}, 404),
        ({"resourceNames": [ORGANIZATION], "orderBy": "severity"}, 400),
        ({"resourceNames": [ORGANIZATION], "pageSize": -1}, 400),
        ({"resourceNames": [ORGANIZATION], "pageToken": "other"}, 400),
        ({"resourceNames": [ORGANIZATION, *(f"folders/{n}" for n in range(100))]}, 400),
    ],
)
def test_listings_that_make_no_sense_are_refused(
    cloud: LocalCloud, body: dict[str, Any], status: int
) -> None:
    cloud.call("logging", "POST", LIST, body, status=status)


def test_a_caller_needs_the_permission_on_each_resource(cloud: LocalCloud) -> None:
    cloud.local("PUT", "identities", {"identities": {ANN: USER}})
    for name in ("audit-mine", "audit-theirs"):
        new_project(cloud, name)
    viewer = {"policy": {"bindings": [{"role": "roles/logging.viewer", "members": [USER["member"]]}]}}
    cloud.call("cloudresourcemanager", "POST", "v3/projects/audit-mine:setIamPolicy", viewer)
    mine = {"resourceNames": ["projects/audit-mine"]}
    assert cloud.call("logging", "POST", LIST, mine, token=ANN)["entries"]
    assert cloud.call("logging", "GET", "v2/projects/audit-mine/logs", token=ANN)["logNames"] == [
        "projects/audit-mine/logs/cloudaudit.googleapis.com%2Factivity"
    ]
    both = {"resourceNames": ["projects/audit-mine", "projects/audit-theirs"]}
    error = cloud.call("logging", "POST", LIST, both, token=ANN, status=403)["error"]
    assert error["details"][0]["metadata"] == {"permission": "logging.logEntries.list"}
    cloud.call("logging", "GET", "v2/projects/audit-theirs/logs", token=ANN, status=403)


def test_a_project_without_the_api_has_its_log_read_only_by_others(cloud: LocalCloud) -> None:
    new_project(cloud, "audit-off")
    cloud.call("serviceusage", "POST", "v1/projects/audit-off/services/logging.googleapis.com:disable", {})
    body = {"resourceNames": ["projects/audit-off"]}
    error = cloud.call("logging", "POST", LIST, body, status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    cloud.call("serviceusage", "POST", "v1/projects/sandbox-seed/services/logging.googleapis.com:enable", {})
    assert cloud.call("logging", "POST", LIST, body, project="sandbox-seed")["entries"]


def test_the_calls_of_the_page_are_answered(cloud: LocalCloud) -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text()
    [block] = re.findall(r"^## Audit logs$.*?```sh\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    new_key = {"displayName": "k"}
    cloud.call("apikeys", "POST", "v2/projects/sandbox-seed/locations/global/keys", new_key)
    asked = [json.loads(body) for body in re.findall(r"-d '(.*)'", block)]
    found = [cloud.call("logging", "POST", LIST, body)["entries"] for body in asked]
    assert found[0][0] == found[1][-1]


def test_the_toolkit_finds_who_changed_what(cloud: LocalCloud) -> None:
    number = new_project(cloud, "audit-found", "cloudbilling", "generativelanguage")
    google = Google(GoogleConfig.read({}, environment(cloud.ready)))
    owner = {"policy": {"bindings": [{"role": "roles/owner", "members": [USER["member"]]}]}}
    cloud.call("cloudresourcemanager", "POST", "v3/projects/audit-found:setIamPolicy", owner)
    cloud.local("PUT", "identities", {"identities": {ANN: USER}})
    override = {"overrideValue": "5", "dimensions": {"model": "gemini-2.5-flash"}}
    path = f"v1beta1/projects/{number}/{LIMIT}/consumerOverrides"
    cloud.call("serviceusage", "POST", path, override, token=ANN, project="audit-found", force="true")
    billing = {"billingAccountName": ""}
    cloud.call("cloudbilling", "PUT", "v1/projects/audit-found/billingInfo", billing, token=ANN,
               project="audit-found")  # fmt: skip
    audit = AuditLog(google, datetime.now(UTC) - timedelta(days=1))
    for name, method in (
        (f"projects/audit-found/{LIMIT}", "CreateConsumerOverride"),
        ("projects/audit-found/billingInfo", "DisableResourceBilling"),
    ):
        change = audit.last_change("audit-found", [name])
        assert change, name
        assert (change.by, change.method.rpartition(".")[2]) == ("ann@example.com", method)
    assert audit.unread == []
