"""Google's Python clients on the methods of services that no other test drives: round trips, and the usual mistakes."""

from base64 import b64encode
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest
from google.cloud import cloudquotas_v1, cloudquotas_v1beta

from tests.cloud.googles_client import check_policy, client, refusal
from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, LocalCloud

PROJECT = "gem-clients"
GEMINI = "generativelanguage.googleapis.com"
REGION = f"projects/{PROJECT}/locations/us-central1"


@pytest.fixture(scope="module")
def number(cloud: LocalCloud) -> str:
    made = cloud.create_project(PROJECT, account=ACCOUNT)
    names = (
        "cloudfunctions",
        "cloudkms",
        "cloudquotas",
        "cloudscheduler",
        "iam",
        "monitoring",
        "pubsub",
        "run",
    )
    body = {
        "serviceIds": [f"{name}.googleapis.com" for name in (*names, "secretmanager", "generativelanguage")]
    }
    cloud.call("serviceusage", "POST", f"v1/projects/{PROJECT}/services:batchEnable", body)
    return made


def test_service_usage_in_both_versions(cloud: LocalCloud, number: str) -> None:
    v1, beta = (client(cloud, "serviceusage", version).services() for version in ("v1", "v1beta1"))
    parent = f"projects/{number}"
    name = f"{parent}/services/bigquery.googleapis.com"
    named = v1.batchGet(parent=parent, names=[name, f"{parent}/services/{GEMINI}"]).execute()
    states = {each["config"]["name"]: each["state"] for each in named["services"]}
    assert states[GEMINI] == "ENABLED"
    assert v1.get(name=name).execute()["name"] == name
    for change, state in ((beta.disable, "DISABLED"), (beta.enable, "ENABLED")):
        assert change(name=name, body={}).execute()["name"].startswith("operations/")
        assert beta.get(name=name).execute()["state"] == state
    started = beta.batchEnable(parent=parent, body={"serviceIds": ["compute.googleapis.com"]}).execute()
    operation = client(cloud, "serviceusage", "v1beta1").operations().get(name=started["name"]).execute()
    assert operation["done"]
    listed = beta.list(parent=parent, filter="state:ENABLED", pageSize=200).execute()["services"]
    assert {"bigquery.googleapis.com", "compute.googleapis.com"} <= {
        each["config"]["name"] for each in listed
    }
    assert refusal(beta.enable(name=f"{parent}/services/nobodys.googleapis.com", body={})) == 403
    metrics = beta.consumerQuotaMetrics()
    found = metrics.list(parent=f"{parent}/services/{GEMINI}").execute()["metrics"][0]
    assert metrics.get(name=found["name"]).execute() == found
    [limit, *_] = found["consumerQuotaLimits"]
    assert metrics.limits().get(name=limit["name"]).execute() == limit
    assert refusal(metrics.get(name=f"{found['name']}x")) == 404


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_cloud_quotas_in_both_versions(cloud: LocalCloud, number: str, version: str) -> None:
    package: Any = {"v1": cloudquotas_v1, "v1beta": cloudquotas_v1beta}[version]
    quotas = package.CloudQuotasClient(
        transport="rest",
        client_options=ClientOptions(api_endpoint=cloud.url("cloudquotas")),
        credentials=CREDENTIALS,
    )
    location = f"projects/{number}/locations/global"
    quota_id = "GenerateContentPaidTierInputTokensPerModelPerMinute"
    info = quotas.get_quota_info(name=f"{location}/services/{GEMINI}/quotaInfos/{quota_id}")
    assert info.quota_id in [
        each.quota_id for each in quotas.list_quota_infos(parent=f"{location}/services/{GEMINI}")
    ]
    model = {"v1": "gemini-2.5-flash", "v1beta": "gemini-2.5-flash-lite"}[version]
    wished = package.QuotaPreference(
        service=GEMINI,
        quota_id=quota_id,
        dimensions={"model": model},
        quota_config=package.QuotaConfig(preferred_value=5_000_000),
        contact_email="ann@example.com",
    )
    made = quotas.create_quota_preference(
        parent=location, quota_preference=wished, quota_preference_id=f"more-{version}"
    )
    assert quotas.get_quota_preference(name=made.name) == made
    assert made.name in [each.name for each in quotas.list_quota_preferences(parent=location)]
    made.quota_config.preferred_value, made.contact_email = 6_000_000, wished.contact_email
    changed = quotas.update_quota_preference(quota_preference=made)
    assert changed.quota_config.preferred_value == 6_000_000
    with pytest.raises(BadRequest):
        quotas.create_quota_preference(
            parent=location, quota_preference=package.QuotaPreference(service=GEMINI, quota_id="nobodys")
        )


def test_accounts_roles_and_pools(cloud: LocalCloud, number: str) -> None:
    projects = client(cloud, "iam", "v1").projects()
    account = (
        projects.serviceAccounts().create(name=f"projects/{PROJECT}", body={"accountId": "worker"}).execute()
    )
    check_policy(
        projects.serviceAccounts(), account["name"], "roles/iam.serviceAccountUser", "iam.serviceAccounts.get"
    )
    roles = projects.roles()
    role = {"title": "Guard", "includedPermissions": ["resourcemanager.projects.get"], "stage": "GA"}
    made = roles.create(parent=f"projects/{PROJECT}", body={"roleId": "guard", "role": role}).execute()
    assert roles.get(name=made["name"]).execute() == made
    patched = roles.patch(name=made["name"], body={"title": "Guards"}, updateMask="title").execute()
    assert (patched["title"], patched["includedPermissions"]) == ("Guards", role["includedPermissions"])
    assert roles.delete(name=made["name"]).execute()["deleted"]
    assert roles.list(parent=f"projects/{PROJECT}").execute() == {}
    assert not roles.undelete(name=made["name"], body={}).execute().get("deleted")
    assert refusal(roles.create(parent=f"projects/{PROJECT}", body={"roleId": "guard", "role": role})) == 409
    pools = projects.locations().workloadIdentityPools()
    parent = f"projects/{PROJECT}/locations/global"
    pools.create(parent=parent, workloadIdentityPoolId="builds", body={"displayName": "builds"}).execute()
    name = f"projects/{number}/locations/global/workloadIdentityPools/builds"
    pools.patch(name=name, body={"description": "of CI"}, updateMask="description").execute()
    assert pools.get(name=name).execute()["description"] == "of CI"
    assert pools.listAttestationRules(resource=name).execute() == {}
    pools.delete(name=name).execute()
    assert pools.get(name=name).execute()["state"] == "DELETED"
    pools.undelete(name=name, body={}).execute()
    assert pools.get(name=name).execute()["state"] == "ACTIVE"
    assert refusal(pools.patch(name=name, body={}, updateMask="state")) == 400


@pytest.mark.usefixtures("number")
def test_keys_rings_and_secrets(cloud: LocalCloud) -> None:
    locations = client(cloud, "cloudkms", "v1").projects().locations()
    rings, keys = locations.keyRings(), locations.keyRings().cryptoKeys()
    place = f"projects/{PROJECT}/locations/us"
    assert f"projects/{PROJECT}/locations/us-central1" in [
        each["name"] for each in locations.list(name=f"projects/{PROJECT}").execute()["locations"]
    ]
    ring = rings.create(parent=place, keyRingId="ring", body={}).execute()
    assert rings.get(name=ring["name"]).execute() == ring
    check_policy(rings, ring["name"], "roles/cloudkms.admin", "cloudkms.keyRings.get")
    key = keys.create(parent=ring["name"], cryptoKeyId="key", body={"purpose": "ENCRYPT_DECRYPT"}).execute()
    assert keys.get(name=key["name"]).execute() == key
    assert keys.list(parent=ring["name"]).execute()["cryptoKeys"] == [key]
    check_policy(keys, key["name"], "roles/cloudkms.cryptoKeyDecrypter", "cloudkms.cryptoKeys.get")
    assert refusal(rings.create(parent=place, keyRingId="ring", body={})) == 409

    of_project = client(cloud, "secretmanager", "v1").projects()
    secrets = of_project.secrets()
    parent = f"projects/{PROJECT}"
    assert of_project.locations().list(name=parent).execute()["locations"]
    body = {"replication": {"automatic": {}}, "labels": {"team": "chat"}}
    made = secrets.create(parent=parent, secretId="database", body=body).execute()
    payload = {"payload": {"data": b64encode(b"made up").decode()}}
    version = secrets.addVersion(parent=made["name"], body=payload).execute()
    assert secrets.versions().get(name=version["name"]).execute() == version
    changed = secrets.patch(
        name=made["name"], body={"labels": {"team": "search"}}, updateMask="labels"
    ).execute()
    assert secrets.get(name=made["name"]).execute() == changed
    assert changed["labels"] == {"team": "search"}
    stale = {"labels": {}, "etag": made["etag"]}
    assert refusal(secrets.patch(name=made["name"], body=stale, updateMask="labels")) == 400
    assert refusal(secrets.patch(name=made["name"], body={}, updateMask="replication")) == 400
    check_policy(secrets, made["name"], "roles/secretmanager.secretAccessor", "secretmanager.secrets.get")


@pytest.mark.usefixtures("number")
def test_topics_and_subscriptions(cloud: LocalCloud) -> None:
    projects = client(cloud, "pubsub", "v1").projects()
    topic, name = f"projects/{PROJECT}/topics/budgets", f"projects/{PROJECT}/subscriptions/reader"
    projects.topics().create(name=topic, body={}).execute()
    subscriptions = projects.subscriptions()
    made = subscriptions.create(name=name, body={"topic": topic}).execute()
    assert subscriptions.list(project=f"projects/{PROJECT}").execute() == {"subscriptions": [made]}
    check_policy(subscriptions, name, "roles/pubsub.subscriber", "pubsub.subscriptions.get")
    check_policy(projects.topics(), topic, "roles/pubsub.publisher", "pubsub.topics.publish")
    message = {"messages": [{"data": b64encode(b"over").decode()}]}
    for to, expected in (("2000-01-01T00:00:00Z", 1), ("2100-01-01T00:00:00Z", 0)):
        projects.topics().publish(topic=topic, body=message).execute()
        subscriptions.seek(subscription=name, body={"time": to}).execute()
        received = subscriptions.pull(subscription=name, body={"maxMessages": 10}).execute()
        assert len(received.get("receivedMessages", [])) == expected
    # What was pulled and not acknowledged comes again after a seek to before it.
    projects.topics().publish(topic=topic, body=message).execute()
    subscriptions.pull(subscription=name, body={"maxMessages": 10}).execute()
    subscriptions.seek(subscription=name, body={"time": "2000-01-01T00:00:00Z"}).execute()
    assert subscriptions.pull(subscription=name, body={"maxMessages": 10}).execute()["receivedMessages"]
    assert refusal(subscriptions.seek(subscription=f"{name}x", body={"time": "2000-01-01T00:00:00Z"})) == 404


@pytest.mark.usefixtures("number")
def test_monitorings_lists(cloud: LocalCloud) -> None:
    channels = client(cloud, "monitoring", "v3").projects().notificationChannels()
    body = {"type": "email", "displayName": "mail", "labels": {"email_address": "ann@example.com"}}
    made = channels.create(name=f"projects/{PROJECT}", body=body).execute()
    assert channels.list(name=f"projects/{PROJECT}").execute()["notificationChannels"] == [made]
    assert refusal(channels.create(name=f"projects/{PROJECT}", body={"type": "pigeon"})) == 400
    boards = client(cloud, "monitoring", "v1").projects().dashboards()
    board = {"displayName": "calls", "gridLayout": {"widgets": [{"text": {"content": "none"}}]}}
    kept = boards.create(parent=f"projects/{PROJECT}", body=board).execute()
    assert boards.get(name=kept["name"]).execute() == kept
    assert boards.list(parent=f"projects/{PROJECT}").execute() == {"dashboards": [kept]}
    assert refusal(boards.get(name=f"{kept['name']}x")) == 404


@pytest.mark.usefixtures("number")
def test_what_runs_in_regions(cloud: LocalCloud) -> None:
    scheduler = client(cloud, "cloudscheduler", "v1").projects().locations()
    assert scheduler.list(name=f"projects/{PROJECT}").execute()["locations"]
    functions = client(cloud, "cloudfunctions", "v2").projects().locations()
    assert functions.list(name=f"projects/{PROJECT}").execute()["locations"]
    assert functions.runtimes().list(parent=REGION).execute()["runtimes"]
    assert functions.functions().list(parent=REGION).execute() == {}
    assert functions.operations().list(name=REGION).execute() == {}
    first = client(cloud, "cloudfunctions", "v1").projects().locations()
    assert first.list(name=f"projects/{PROJECT}").execute()["locations"]
    assert first.functions().list(parent=REGION).execute() == {}
    assert refusal(first.functions().get(name=f"{REGION}/functions/nobodys")) == 404
    run, knative = client(cloud, "run", "v2"), client(cloud, "run", "v1")
    assert run.projects().locations().services().list(parent=REGION).execute() == {}
    assert (
        knative.namespaces().services().list(parent=f"namespaces/{PROJECT}").execute()["kind"]
        == "ServiceList"
    )
    missing = f"{REGION}/services/nobodys"
    assert refusal(run.projects().locations().services().getIamPolicy(resource=missing)) == 404


def test_what_storage_has_besides(cloud: LocalCloud, number: str) -> None:
    storage = client(cloud, "storage", "v1")
    storage.buckets().insert(project=PROJECT, body={"name": "gem-clients-files"}).execute()
    bucket = {"bucket": "gem-clients-files"}
    layout = storage.buckets().getStorageLayout(**bucket).execute()
    assert (layout["bucket"], layout["locationType"]) == (bucket["bucket"], "multi-region")
    assert not storage.managedFolders().list(**bucket).execute().get("items")
    assert not storage.anywhereCaches().list(**bucket).execute().get("items")
    agent = storage.projects().serviceAccount().get(projectId=PROJECT).execute()
    assert agent["email_address"] == f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    objects = storage.objects()
    upload = "upload/storage/v1/b/gem-clients-files/o?uploadType=media&name=report"
    made = cloud.request("storage", "POST", upload, data=b"spent: 12").json()
    copied = objects.copy(
        sourceBucket=bucket["bucket"],
        sourceObject="report",
        destinationBucket=bucket["bucket"],
        destinationObject="copy",
        body={},
    ).execute()
    assert (copied["md5Hash"], copied["name"]) == (made["md5Hash"], "copy")
    updated = objects.update(**bucket, object="copy", body={**copied, "contentType": "text/csv"}).execute()
    assert objects.get(**bucket, object="copy").execute() == updated
    assert updated["contentType"] == "text/csv"
    assert refusal(objects.get(**bucket, object="nobodys")) == 404
    assert refusal(objects.insert(**bucket, name="empty", body={})) == 400  # without data
