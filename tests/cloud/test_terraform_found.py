"""What Terraform's providers 7.45.0 and others' modules asked, and the local cloud had wrong or not at all.

Google's own Python client makes the calls that they made.
"""

from typing import Any

from tests.cloud.googles_client import check_policy, client, refusal, result
from tests.cloud.local_cloud import FOLDER, ORGANIZATION, LocalCloud

SEED = "projects/sandbox-seed"
LOCATION = f"{SEED}/locations/global"


def test_a_log_bucket_with_analytics_is_made_by_an_operation(cloud: LocalCloud) -> None:
    logging = client(cloud, "logging", "v2")
    for nodes, parent in (
        (logging.projects(), SEED),
        (logging.folders(), FOLDER),
        (logging.organizations(), ORGANIZATION),
        (logging.billingAccounts(), "billingAccounts/01A2B3-C4D5E6-F7A8B9"),
    ):
        locations = nodes.locations()
        bucket = {"analyticsEnabled": True, "retentionDays": 40}
        begun = locations.buckets().createAsync(
            parent=f"{parent}/locations/global", bucketId="analysed", body=bucket
        )
        made = _done(locations, begun)
        assert made["retentionDays"] == 40
        patch = locations.buckets().updateAsync(
            name=made["name"], updateMask="description", body={"description": "d"}
        )
        assert _done(locations, patch)["description"] == "d"
        locations.buckets().delete(name=made["name"]).execute()


def _done(locations: Any, request: Any) -> Any:
    operation = request.execute()
    while not operation.get("done"):
        operation = locations.operations().get(name=operation["name"]).execute()
    return operation["response"]


def test_log_scopes_and_saved_queries_are_kept(cloud: LocalCloud) -> None:
    logging = client(cloud, "logging", "v2")
    for nodes, of in (
        (logging.projects(), SEED),
        (logging.folders(), FOLDER),
        (logging.organizations(), ORGANIZATION),
    ):
        scopes, parent = nodes.locations().logScopes(), f"{of}/locations/global"
        assert [each["name"] for each in scopes.list(parent=parent).execute()["logScopes"]] == [
            f"{parent}/logScopes/_Default"
        ]
        made = scopes.create(parent=parent, logScopeId="all", body={"resourceNames": [SEED]}).execute()
        assert refusal(scopes.create(parent=parent, logScopeId="all", body={"resourceNames": [SEED]})) == 409
        assert refusal(scopes.create(parent=parent, logScopeId="none", body={})) == 400
        changed = scopes.patch(
            name=made["name"], updateMask="description", body={"description": "d"}
        ).execute()
        assert scopes.get(name=made["name"]).execute() == changed
        assert changed["resourceNames"] == [SEED]
        scopes.delete(name=made["name"]).execute()
        assert refusal(scopes.get(name=made["name"])) == 404
    for nodes, of in (
        (logging.projects(), SEED),
        (logging.folders(), FOLDER),
        (logging.organizations(), ORGANIZATION),
        (logging.billingAccounts(), "billingAccounts/01A2B3-C4D5E6-F7A8B9"),
    ):
        queries, parent = nodes.locations().savedQueries(), f"{of}/locations/global"
        query = {"displayName": "keys", "visibility": "SHARED", "loggingQuery": {"filter": "severity>=ERROR"}}
        made = queries.create(parent=parent, body=query).execute()
        assert queries.list(parent=parent).execute()["savedQueries"] == [made]
        patch = queries.patch(name=made["name"], updateMask="displayName", body={"displayName": "k"})
        assert patch.execute()["loggingQuery"] == query["loggingQuery"]
        assert queries.get(name=made["name"]).execute()["displayName"] == "k"
        queries.delete(name=made["name"]).execute()


def test_a_view_of_logs_has_a_policy(cloud: LocalCloud) -> None:
    logging = client(cloud, "logging", "v2")
    for nodes, of in (
        (logging.projects(), SEED),
        (logging.folders(), FOLDER),
        (logging.organizations(), ORGANIZATION),
    ):
        views = nodes.locations().buckets().views()
        name = f"{of}/locations/global/buckets/_Default/views/_AllLogs"
        check_policy(views, name, "roles/logging.viewAccessor", "logging.views.access")
    buckets = logging.projects().locations().buckets()
    bucket = f"{LOCATION}/buckets/_Default"
    own = f"{bucket}/views/own"
    for _ in range(2):  # who makes another of the same name begins without the policy
        buckets.views().create(parent=bucket, viewId="own", body={}).execute()
        assert "bindings" not in buckets.views().getIamPolicy(resource=own).execute()
        check_policy(buckets.views(), own, "roles/logging.viewAccessor", "logging.views.access")
        buckets.views().delete(name=own).execute()


def test_operations_of_log_buckets_and_metrics_scopes_agree_with_their_states(cloud: LocalCloud) -> None:
    cloud.create_project("polled")
    locations = client(cloud, "logging", "v2").projects().locations()
    monitoring = client(cloud, "monitoring", "v1")
    scope = "locations/global/metricsScopes/polled"
    scopes = monitoring.locations().global_().metricsScopes().projects()
    cloud.local("PUT", "operations", {"polls": 3})
    begun = (
        locations.buckets()
        .createAsync(parent="projects/polled/locations/global", bucketId="polled", body={})
        .execute()
    )
    seen = [begun, *(locations.operations().get(name=begun["name"]).execute() for _ in range(3))]
    added = scopes.create(parent=scope, body={"name": f"{scope}/{SEED}"}).execute()
    again = monitoring.operations().get(name=added["name"]).execute()
    scopes.delete(name=added["response"]["name"]).execute()
    cloud.local("PUT", "operations", {"polls": 1})
    states = [(each.get("done", False), each["metadata"]["state"].rpartition("_")[2]) for each in seen]
    assert states == [*[(False, "RUNNING")] * 3, (True, "SUCCEEDED")]
    assert added["done"] is True
    assert again == added


def test_a_metrics_scope_shows_other_projects(cloud: LocalCloud) -> None:
    number = cloud.create_project("scoped")
    scopes = client(cloud, "monitoring", "v1").locations().global_().metricsScopes()
    own = scopes.get(name="locations/global/metricsScopes/scoped").execute()
    assert [each["name"] for each in own["monitoredProjects"]] == [
        f"locations/global/metricsScopes/{number}/projects/{number}"
    ]
    monitored = {"name": "locations/global/metricsScopes/scoped/projects/sandbox-seed"}
    # Terraform's provider asks for no operation that is done: at Google it would not find it.
    operation = (
        scopes.projects().create(parent="locations/global/metricsScopes/scoped", body=monitored).execute()
    )
    assert operation["done"] is True
    assert client(cloud, "monitoring", "v1").operations().get(name=operation["name"]).execute() == operation
    assert (
        refusal(scopes.projects().create(parent="locations/global/metricsScopes/scoped", body=monitored))
        == 409
    )
    by_project = scopes.listMetricsScopesByMonitoredProject(monitoredResourceContainer=SEED).execute()
    assert [len(each["monitoredProjects"]) for each in by_project["metricsScopes"]] == [1, 2]
    scopes.projects().delete(name=operation["response"]["name"]).execute()
    assert refusal(scopes.projects().delete(name=operation["response"]["name"])) == 404


def test_listings_take_filters(cloud: LocalCloud) -> None:
    monitoring = client(cloud, "monitoring", "v3").projects()
    for name, team in (("a", "one"), ("b", "two")):
        channel = {
            "type": "email",
            "displayName": name,
            "labels": {"email_address": f"{name}@example.com"},
            "userLabels": {"team": team},
        }
        monitoring.notificationChannels().create(name=SEED, body=channel).execute()
    for text, wanted in (
        ('display_name="a"', ["a"]),
        ('type="email" AND user_labels."team"="two"', ["b"]),
        ('labels.email_address:"example"', ["a", "b"]),
        ('type="sms"', []),
    ):
        found = monitoring.notificationChannels().list(name=SEED, filter=text).execute()
        assert [each["displayName"] for each in found.get("notificationChannels", [])] == wanted
    assert refusal(monitoring.notificationChannels().list(name=SEED, filter='nothing="a"')) == 400
    policies = monitoring.alertPolicies()
    assert policies.list(name=SEED, filter='display_name="a"').execute() == {}
    threshold = {"filter": 'metric.type="a.b/c" resource.type="global"', "comparison": "COMPARISON_GT"}
    condition = {"displayName": "c", "conditionThreshold": {**threshold, "duration": "60s"}}
    listed = monitoring.notificationChannels().list(name=SEED).execute()
    channels = [each["name"] for each in listed["notificationChannels"]]
    body = {
        "displayName": "p",
        "combiner": "OR",
        "conditions": [condition],
        "documentation": {"content": "x"},
        "notificationChannels": channels,
    }
    policy = policies.create(name=SEED, body=body).execute()
    for number, text in enumerate([channels[1], "no-such-channel"]):
        found = policies.list(name=SEED, filter=f'notification_channels:"{text}"').execute()
        assert found == ({"alertPolicies": [policy], "totalSize": 1} if number == 0 else {})
    for text in ('documentation="x"', "documentation:*", 'conditions:"c"'):
        assert refusal(policies.list(name=SEED, filter=text)) == 400

    secrets = client(cloud, "secretmanager", "v1").projects().secrets()
    for name in ("key-one", "other"):
        body = {"replication": {"automatic": {}}, "labels": {"of": name}}
        secrets.create(parent=SEED, secretId=name, body=body).execute()
    for text in ("name:key", "labels.of=key-one"):
        [found] = secrets.list(parent=SEED, filter=text).execute()["secrets"]
        assert found["name"].endswith("/key-one")
    assert refusal(secrets.list(parent=SEED, filter="replication:automatic")) == 400


def test_a_dashboard_needs_no_alignment_period(cloud: LocalCloud) -> None:
    series = {"filter": 'metric.type="a.b/c"', "aggregation": {"perSeriesAligner": "ALIGN_RATE"}}
    chart = {"dataSets": [{"timeSeriesQuery": {"timeSeriesFilter": series}}]}
    body = {"displayName": "d", "gridLayout": {"widgets": [{"xyChart": chart}]}}
    dashboards = client(cloud, "monitoring", "v1").projects().dashboards()
    made = dashboards.create(parent=SEED, body=body).execute()
    assert made["gridLayout"]["widgets"][0]["xyChart"]["dataSets"][0]["timeSeriesQuery"] == {
        "timeSeriesFilter": series
    }


def test_a_tag_key_keeps_which_values_it_allows(cloud: LocalCloud) -> None:
    v3 = client(cloud, "cloudresourcemanager", "v3")
    key = {"parent": ORGANIZATION, "shortName": "team", "allowedValuesRegex": "^[a-z]+$"}
    made = result(v3, v3.tagKeys().create(body=key))
    assert made["allowedValuesRegex"] == "^[a-z]+$"
    assert refusal(v3.tagValues().create(body={"parent": made["name"], "shortName": "T1"})) == 400
    patch = v3.tagKeys().patch(
        name=made["name"], updateMask="allowedValuesRegex", body={"allowedValuesRegex": "^[A-Z0-9]+$"}
    )
    assert result(v3, patch)["allowedValuesRegex"] == "^[A-Z0-9]+$"
    result(v3, v3.tagValues().create(body={"parent": made["name"], "shortName": "T1"}))


def test_the_quota_adjuster_is_also_below_v1(cloud: LocalCloud) -> None:
    # Terraform's provider asks for it below the version that its endpoint ends with.
    name = f"v1/{LOCATION}/quotaAdjusterSettings"
    body = {"name": name.removeprefix("v1/"), "enablement": "ENABLED"}
    response = cloud.request(
        "cloudquotas", "PATCH", name, json=body, headers={"X-Goog-User-Project": "sandbox-seed"}
    )
    assert response.status_code == 200, response.text
    assert response.json()["enablement"] == "ENABLED"


def test_a_network_takes_a_field_that_google_does_not_describe(cloud: LocalCloud) -> None:
    enable = {"serviceIds": ["compute.googleapis.com"]}
    cloud.call("serviceusage", "POST", f"v1/{SEED}/services:batchEnable", enable)
    body = {
        "name": "n",
        "autoCreateSubnetworks": False,
        "routingConfig": {"routingMode": "GLOBAL", "deleteBgpAlwaysCompareMed": False},
    }
    path = f"compute/v1/{SEED}/global/networks"
    cloud.call("compute", "POST", path, body)
    assert cloud.call("compute", "GET", f"{path}/n")["routingConfig"]["routingMode"] == "GLOBAL"


def test_a_project_has_service_accounts_before_its_apis(cloud: LocalCloud) -> None:
    # terraform-google-project-factory makes one as soon as the project is there.
    cloud.create_project("no-apis-yet")
    accounts = client(cloud, "iam", "v1").projects().serviceAccounts()
    made = accounts.create(name="projects/no-apis-yet", body={"accountId": "project-service-account"})
    assert made.execute()["projectId"] == "no-apis-yet"


def test_a_job_shows_no_retries_that_it_was_not_given(cloud: LocalCloud) -> None:
    enable = {"serviceIds": ["cloudscheduler.googleapis.com"]}
    cloud.call("serviceusage", "POST", f"v1/{SEED}/services:batchEnable", enable)
    jobs = client(cloud, "cloudscheduler", "v1").projects().locations().jobs()
    parent = f"{SEED}/locations/europe-west1"
    job = {"schedule": "0 4 * * *", "httpTarget": {"uri": "https://example.com"}}
    plain = jobs.create(parent=parent, body={**job, "name": f"{parent}/jobs/plain"}).execute()
    assert "retryConfig" not in plain
    retried = {**job, "name": f"{parent}/jobs/retried", "retryConfig": {"retryCount": 1}}
    assert jobs.create(parent=parent, body=retried).execute()["retryConfig"]["maxDoublings"] == 5
