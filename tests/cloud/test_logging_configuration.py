"""Cloud Logging as alerting and organization modules use it: metrics, sinks, exclusions, buckets, views, settings."""

from typing import Any

import pytest
from googleapiclient.discovery import build

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, ORGANIZATION, LocalCloud

SEED = "projects/sandbox-seed"
NODES = (SEED, FOLDER, ORGANIZATION, f"billingAccounts/{ACCOUNT}")
TOPIC = "pubsub.googleapis.com/projects/sandbox-seed/topics/logs"
ERRORS = {"name": "errors", "filter": "severity>=ERROR"}


@pytest.fixture(scope="module")
def client(cloud: LocalCloud) -> Any:
    return build(
        "logging",
        "v2",
        client_options={"api_endpoint": cloud.url("logging")},
        credentials=CREDENTIALS,
        static_discovery=True,
    )


def _message(
    cloud: LocalCloud, verb: str, path: str, body: Any = None, status: int = 400, **query: Any
) -> str:
    return str(cloud.call("logging", verb, f"v2/{path}", body, status=status, **query)["error"]["message"])


@pytest.mark.parametrize("node", NODES)
def test_a_sink_is_made_changed_and_deleted(cloud: LocalCloud, node: str) -> None:
    sinks = f"v2/{node}/sinks"
    made = cloud.call(
        "logging", "POST", sinks, {"name": "audit", "destination": TOPIC, "filter": "severity>=NOTICE"}
    )
    if node == SEED:
        assert made["writerIdentity"] == "serviceAccount:cloud-logs@system.gserviceaccount.com"
    else:
        assert made["writerIdentity"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")
    assert made["resourceName"] == f"{node}/sinks/audit"
    assert cloud.call("logging", "GET", f"{sinks}/audit") == made
    error = cloud.call("logging", "POST", sinks, made, status=409)["error"]
    assert error["status"] == "ALREADY_EXISTS"

    bucket = {"destination": "storage.googleapis.com/acme-logs", "description": "kept", "disabled": True}
    changed = cloud.call("logging", "PUT", f"{sinks}/audit", bucket | {"filter": "severity>=ERROR"})
    assert (changed["destination"], changed["filter"]) == (bucket["destination"], "severity>=ERROR")
    assert not {"description", "disabled"} & changed.keys()  # which the mask in place of none does not name
    changed = cloud.call("logging", "PATCH", f"{sinks}/audit", bucket, updateMask="description,disabled")
    assert (changed["description"], changed["disabled"], changed["filter"]) == (
        "kept",
        True,
        "severity>=ERROR",
    )
    assert changed["createTime"] == made["createTime"]

    listed = cloud.call("logging", "GET", sinks, pageSize=2)
    rest = cloud.call("logging", "GET", sinks, pageToken=listed["nextPageToken"])
    assert [each["name"] for each in (*listed["sinks"], *rest["sinks"])] == ["_Default", "_Required", "audit"]
    cloud.call("logging", "DELETE", f"{sinks}/audit")
    assert _message(cloud, "GET", f"{node}/sinks/audit", status=404) == "Sink audit does not exist"


def test_sinks_of_a_project_have_the_identity_that_was_asked_for(cloud: LocalCloud, client: Any) -> None:
    number = cloud.create_project("log-sinks-1")
    sinks = client.projects().sinks()
    other = f"logging.googleapis.com/{SEED}/locations/global/buckets/central"
    body = {"name": "a", "destination": other}
    unique = sinks.create(parent="projects/log-sinks-1", body=body, uniqueWriterIdentity=True).execute()
    assert (
        unique["writerIdentity"] == f"serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com"
    )
    account = "serviceAccount:writer@log-sinks-1.iam.gserviceaccount.com"
    body["name"] = "b"
    custom = sinks.create(parent="projects/log-sinks-1", body=body, customWriterIdentity=account).execute()
    assert custom["writerIdentity"] == account
    own = f"logging.googleapis.com/projects/{number}/locations/global/buckets/_Default"
    body |= {"name": "c", "destination": own}
    assert "writerIdentity" not in sinks.create(parent="projects/log-sinks-1", body=body).execute()
    path = "projects/log-sinks-1/sinks"
    assert "from true to false" in _message(
        cloud, "PATCH", f"{path}/a", {"description": "x"}, updateMask="description"
    )


@pytest.mark.parametrize(
    ("path", "body", "query", "words"),
    [
        (f"{SEED}/sinks", {"name": "x", "destination": "example.com/x"}, {}, "Unsupported sink destination"),
        (f"{SEED}/sinks", {"name": "-x", "destination": TOPIC}, {}, "identifier '-x' is not valid"),
        (
            f"{SEED}/sinks",
            {"name": "_Default", "destination": TOPIC},
            {},
            "identifier '_Default' is not valid",
        ),
        (f"{SEED}/sinks", {"name": "x", "destination": TOPIC, "filter": "a=("}, {}, "Unparseable filter"),
        (
            f"{SEED}/sinks",
            {"name": "x", "destination": TOPIC, "includeChildren": True},
            {},
            "include_children",
        ),
        (
            f"{FOLDER}/sinks",
            {"name": "x", "destination": TOPIC, "interceptChildren": True},
            {},
            "intercept_children",
        ),
        (
            f"{SEED}/sinks",
            {"name": "x", "destination": TOPIC, "exclusions": [{"name": "y"}]},
            {},
            "needs a filter",
        ),
        (
            f"{SEED}/sinks",
            {"name": "x", "destination": TOPIC},
            {"customWriterIdentity": "user:a@b.c"},
            "custom_writer",
        ),
        (f"{SEED}/exclusions", {"name": "x"}, {}, "needs a filter"),
        (f"{SEED}/metrics", {"name": "x"}, {}, "needs a filter"),
        (f"{SEED}/metrics", ERRORS | {"name": "/x"}, {}, "is not valid"),
        (f"{SEED}/metrics", ERRORS | {"labelExtractors": {"a": "EXTRACT(b)"}}, {}, "each extractor a label"),
        (f"{SEED}/metrics", ERRORS | {"valueExtractor": "EXTRACT(b)"}, {}, "DISTRIBUTION"),
        (f"{SEED}/metrics", ERRORS | {"metricDescriptor": {"metricKind": "GAUGE"}}, {}, "must be DELTA"),
        (
            f"{SEED}/locations/global/buckets",
            {"retentionDays": 4000},
            {"bucketId": "b"},
            "Retention of 4000 days",
        ),
        (f"{SEED}/locations/mars/buckets", {}, {"bucketId": "b"}, "Location mars"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cloud: LocalCloud, path: str, body: dict[str, Any], query: dict[str, Any], words: str
) -> None:
    assert words in _message(cloud, "POST", path, body, **query)


def test_what_is_there_from_the_start_stays(cloud: LocalCloud) -> None:
    buckets = f"{SEED}/locations/global/buckets"
    required = f"{SEED}/sinks/_Required"
    assert "cannot be updated" in _message(
        cloud, "PATCH", required, {"disabled": True}, updateMask="disabled"
    )
    assert "cannot be deleted" in _message(cloud, "DELETE", f"{SEED}/sinks/_Default")
    default = cloud.call(
        "logging", "PATCH", f"v2/{SEED}/sinks/_Default", {"disabled": True}, updateMask="disabled"
    )
    assert default["disabled"] is True
    assert 'NOT LOG_ID("cloudaudit.googleapis.com/activity")' in default["filter"]
    days = {"retentionDays": 10}
    assert "cannot be updated" in _message(
        cloud, "PATCH", f"{buckets}/_Required", days, updateMask="retentionDays"
    )
    assert "cannot be deleted" in _message(cloud, "DELETE", f"{buckets}/_Default")
    assert "cannot be changed" in _message(cloud, "DELETE", f"{buckets}/_Default/views/_AllLogs")


@pytest.mark.parametrize("node", NODES)
def test_exclusions_buckets_views_and_settings(cloud: LocalCloud, node: str) -> None:
    exclusions, buckets = f"v2/{node}/exclusions", f"v2/{node}/locations/global/buckets"
    cloud.call("logging", "POST", exclusions, {"name": "debug", "filter": "severity<INFO"})
    assert "update_mask" in _message(cloud, "PATCH", f"{node}/exclusions/debug", {"disabled": True})
    cloud.call("logging", "PATCH", f"{exclusions}/debug", {"disabled": True}, updateMask="disabled")
    assert cloud.call("logging", "GET", f"{exclusions}/debug")["disabled"] is True
    assert [each["name"] for each in cloud.call("logging", "GET", exclusions)["exclusions"]] == ["debug"]
    cloud.call("logging", "DELETE", f"{exclusions}/debug")

    default = cloud.call(
        "logging", "PATCH", f"{buckets}/_Default", {"retentionDays": 60}, updateMask="retentionDays"
    )
    assert (default["retentionDays"], default["name"]) == (60, f"{node}/locations/global/buckets/_Default")
    cloud.call("logging", "POST", buckets, {"retentionDays": 5, "locked": True}, bucketId="short")
    text = _message(
        cloud,
        "PATCH",
        f"{node}/locations/global/buckets/short",
        {"retentionDays": 6},
        updateMask="retentionDays",
    )
    assert text == "Bucket short is locked: its retention cannot be changed."
    listed = cloud.call("logging", "GET", f"v2/{node}/locations/-/buckets")["buckets"]
    assert {each["name"].rpartition("/")[2]: each["retentionDays"] for each in listed} == {
        "_Default": 60,
        "_Required": 400,
        "short": 5,
    }
    cloud.call("logging", "DELETE", f"{buckets}/short")
    assert cloud.call("logging", "GET", f"{buckets}/short")["lifecycleState"] == "DELETE_REQUESTED"
    cloud.call("logging", "POST", f"{buckets}/short:undelete", {})

    views = f"{buckets}/short/views"
    made = cloud.call("logging", "POST", views, {"filter": f'SOURCE("{node}")'}, viewId="own")
    assert made["name"].endswith("/buckets/short/views/own")
    cloud.call("logging", "PATCH", f"{views}/own", {"description": "ours"}, updateMask="description")
    assert cloud.call("logging", "GET", f"{views}/own")["description"] == "ours"
    names = [each["name"].rpartition("/")[2] for each in cloud.call("logging", "GET", views)["views"]]
    assert names == ["_AllLogs", "own"]
    cloud.call("logging", "DELETE", f"{views}/own")

    settings = cloud.call("logging", "GET", f"v2/{node}/settings")
    assert settings["loggingServiceAccountId"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")
    assert (
        cloud.call("logging", "GET", f"v2/{node}/cmekSettings")["serviceAccountId"]
        == settings["kmsServiceAccountId"]
    )
    if node in (FOLDER, ORGANIZATION):
        body = {"storageLocation": "europe-west1", "disableDefaultSink": True}
        cloud.call("logging", "PATCH", f"v2/{node}/settings", body, updateMask="storageLocation")
        changed = cloud.call("logging", "GET", f"v2/{node}/settings")
        assert changed == settings | {"storageLocation": "europe-west1"}


def _points(cloud: LocalCloud, project: str, name: str, resource: str) -> dict[str, int]:
    """The counts of a metric of the last hour, by the label `who`."""
    now = cloud.local("GET", "clock")["now"]
    listed = cloud.call(
        "monitoring",
        "GET",
        f"v3/projects/{project}/timeSeries",
        filter=f'metric.type = "logging.googleapis.com/user/{name}" AND resource.type = "{resource}"',
        **{"interval.startTime": "2026-01-01T00:00:00Z", "interval.endTime": now},
    )
    return {
        each["metric"].get("labels", {}).get("who", ""): sum(
            int(p["value"]["int64Value"]) for p in each["points"]
        )
        for each in listed.get("timeSeries", [])
    }


def test_a_metric_counts_what_is_written_from_then_on(cloud: LocalCloud, client: Any) -> None:
    cloud.create_project("log-metrics-1")
    parent, entries = "projects/log-metrics-1", client.entries()
    entry = {"logName": f"{parent}/logs/app", "resource": {"type": "global"}, "severity": "ERROR"}
    body = {"entries": [entry | {"jsonPayload": {"user": "ann"}}]}
    entries.write(body=body).execute()

    label = {"key": "who", "valueType": "STRING"}
    metric = ERRORS | {
        "metricDescriptor": {"labels": [label]},
        "labelExtractors": {"who": "EXTRACT(jsonPayload.user)"},
    }
    made = client.projects().metrics().create(parent=parent, body=metric).execute()
    kind = "logging.googleapis.com/user/errors"
    assert made["metricDescriptor"]["type"] == kind
    descriptor = cloud.call("monitoring", "GET", f"v3/{parent}/metricDescriptors/{kind}")
    assert (descriptor["metricKind"], descriptor["valueType"], descriptor["labels"]) == (
        "DELTA",
        "INT64",
        [label],
    )
    assert _points(cloud, "log-metrics-1", "errors", "global") == {}

    entries.write(
        body={"entries": [*body["entries"], *body["entries"], entry | {"severity": "INFO"}]}
    ).execute()
    entries.write(body={"entries": [entry | {"jsonPayload": {"user": "bob"}}]}).execute()
    entries.write(body={"entries": [entry], "dryRun": True}).execute()
    assert _points(cloud, "log-metrics-1", "errors", "global") == {"ann": 2, "bob": 1}
    found = entries.list(
        body={"resourceNames": [parent], "filter": 'log_id("app") severity>=ERROR'}
    ).execute()
    assert [each["jsonPayload"]["user"] for each in found["entries"]] == ["ann", "ann", "ann", "bob"]

    client.projects().metrics().update(
        metricName=f"{parent}/metrics/errors", body=metric | {"disabled": True}
    ).execute()
    entries.write(body=body).execute()
    assert _points(cloud, "log-metrics-1", "errors", "global") == {"ann": 2, "bob": 1}
    assert (
        client.projects().metrics().get(metricName=f"{parent}/metrics/errors").execute()["disabled"] is True
    )
    assert [
        each["name"] for each in client.projects().metrics().list(parent=parent).execute()["metrics"]
    ] == ["errors"]
    client.projects().metrics().delete(metricName=f"{parent}/metrics/errors").execute()
    starts = 'metric.type = starts_with("logging.googleapis.com/user/")'
    assert cloud.call("monitoring", "GET", f"v3/{parent}/metricDescriptors", filter=starts) == {}


def test_an_administrative_write_is_counted_and_fires_an_alert(cloud: LocalCloud) -> None:
    cloud.create_project("log-alerts-1")
    parent = "projects/log-alerts-1"
    body = {"name": "policy-changes", "filter": 'protoPayload.methodName:"SetIamPolicy"'}
    cloud.call("logging", "PUT", f"v2/{parent}/metrics/policy-changes", body)
    kind = 'metric.type = "logging.googleapis.com/user/policy-changes" AND resource.type = "project"'
    threshold = {
        "filter": kind,
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA"}],
    }
    policy = {
        "displayName": "policy changed",
        "combiner": "OR",
        "conditions": [{"displayName": "any", "conditionThreshold": threshold}],
    }
    made = cloud.call("monitoring", "POST", f"v3/{parent}/alertPolicies", policy)
    cloud.call("cloudresourcemanager", "POST", f"v3/{parent}:setIamPolicy", {"policy": {"bindings": []}})
    assert _points(cloud, "log-alerts-1", "policy-changes", "project") == {"": 1}
    cloud.local("PUT", "clock", {"advanceSeconds": 180})
    assert made["name"] in [each["policy"] for each in cloud.local("GET", "alerts")["incidents"]]


def test_a_metric_is_described_before_it_is_written(cloud: LocalCloud) -> None:
    descriptors = f"v3/{SEED}/metricDescriptors"
    body = {
        "type": "custom.googleapis.com/spend",
        "metricKind": "GAUGE",
        "valueType": "DOUBLE",
        "unit": "USD",
    }
    made = cloud.call("monitoring", "POST", descriptors, body)
    assert made == {**body, "name": f"{SEED}/metricDescriptors/{body['type']}"}
    cloud.call("monitoring", "POST", descriptors, body | {"valueType": "INT64"}, status=400)
    cloud.call(
        "monitoring", "POST", descriptors, body | {"type": "serviceruntime.googleapis.com/x"}, status=400
    )
    assert cloud.call("monitoring", "GET", descriptors, filter=f'metric.type="{body["type"]}"')[
        "metricDescriptors"
    ]
    cloud.call("monitoring", "DELETE", f"{descriptors}/{body['type']}")
    cloud.call("monitoring", "GET", f"{descriptors}/{body['type']}", status=404)


@pytest.mark.parametrize("node", NODES)
def test_a_log_is_deleted_but_no_audit_log(cloud: LocalCloud, node: str) -> None:
    body = {
        "logName": f"{node}/logs/a%2Fb",
        "resource": {"type": "global"},
        "entries": [{"textPayload": "x"}],
    }
    cloud.call("logging", "POST", "v2/entries:write", body)
    assert f"{node}/logs/a%2Fb" in cloud.call("logging", "GET", f"v2/{node}/logs")["logNames"]
    cloud.call("logging", "DELETE", f"v2/{node}/logs/a%2Fb")
    assert f"{node}/logs/a%2Fb" not in cloud.call("logging", "GET", f"v2/{node}/logs").get("logNames", [])
    assert _message(cloud, "DELETE", f"{node}/logs/a%2Fb", status=404) == "Log a/b does not exist"
    text = _message(cloud, "DELETE", f"{node}/logs/cloudaudit.googleapis.com%2Factivity")
    assert text == "Audit logs cannot be deleted."


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"textPayload": "x", "logName": "projects/sandbox-seed/logs"}, "is no name of a log"),
        ({"textPayload": "x", "resource": {}}, "monitored resource with a type"),
        ({"textPayload": "x", "jsonPayload": {}}, "one payload"),
        ({"textPayload": "x", "timestamp": "2020-01-01T00:00:00Z"}, "too far in the past"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    cloud: LocalCloud, entry: dict[str, Any], words: str
) -> None:
    whole = {"logName": f"{SEED}/logs/app", "resource": {"type": "global"}, **entry}
    assert words in _message(cloud, "POST", "entries:write", {"entries": [whole]})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('LOG_ID("app")', 2),
        (f'SOURCE("{SEED}") log_id("app") ip_in_net(jsonPayload.ip, "10.0.0.0/8")', 1),
        ('log_id("app") SEARCH("quota exceeded")', 1),
        ('log_id("app") SEARCH(jsonPayload.text, "exceeded quota")', 1),
        ('log_id("app") sample(insertId, 1)', 2),
        ('log_id("app") sample(insertId, 0)', 0),
    ],
)
def test_functions_of_filters(cloud: LocalCloud, text: str, count: int) -> None:
    entry = {"logName": f"{SEED}/logs/app", "resource": {"type": "global"}}
    payloads = [{"ip": "10.1.2.3", "text": "quota was exceeded"}, {"ip": "192.0.2.1"}]
    body = {"entries": [entry | {"jsonPayload": each, "insertId": each["ip"]} for each in payloads]}
    if "app" not in str(cloud.call("logging", "GET", f"v2/{SEED}/logs")):
        cloud.call("logging", "POST", "v2/entries:write", body)
    asked = {"resourceNames": [SEED], "filter": text}
    assert len(cloud.call("logging", "POST", "v2/entries:list", asked).get("entries", [])) == count
