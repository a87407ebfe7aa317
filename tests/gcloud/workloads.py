"""Accounts, roles, secrets, keys, storage, Pub/Sub, jobs, functions, monitoring and logs, by gcloud."""

import json

from tests.gcloud.runner import Gcloud

_ANN = "--member=user:ann@example.com"
_PLACE = "--location=us-central1"


def service_accounts(gcloud: Gcloud) -> None:
    """A service account's life and policy."""
    email = f"worker@{gcloud.project}.iam.gserviceaccount.com"
    made = gcloud.json("iam service-accounts create worker --display-name=Worker")
    assert made["email"] == email
    gcloud.text(f"iam service-accounts update {email} --display-name=Writer --description=writes")
    described = gcloud.json(f"iam service-accounts describe {email}")
    assert (described["displayName"], described["description"]) == ("Writer", "writes")
    gcloud.text(f"iam service-accounts disable {email}")
    [listed] = [each for each in gcloud.json("iam service-accounts list") if each["email"] == email]
    assert listed["disabled"]
    gcloud.text(f"iam service-accounts enable {email}")
    role = f"{email} {_ANN} --role=roles/iam.serviceAccountUser"
    granted = gcloud.json(f"iam service-accounts add-iam-policy-binding {role}")
    assert gcloud.json(f"iam service-accounts get-iam-policy {email}")["bindings"] == granted["bindings"]
    assert "bindings" not in gcloud.json(f"iam service-accounts remove-iam-policy-binding {role}")
    gcloud.text(f"iam service-accounts delete {email}")
    assert "PERMISSION_DENIED" in gcloud.refused(f"iam service-accounts describe {email}")
    restored = gcloud.json(f"iam service-accounts undelete {made['uniqueId']}")
    assert restored["restoredAccount"]["email"] == email


def roles(gcloud: Gcloud) -> None:
    """A custom role's life, and Google's roles."""
    where = f"guard --project={gcloud.project}"
    gcloud.text(
        f"iam roles create {where} --title=Guard --permissions=resourcemanager.projects.get --stage=GA"
    )
    gcloud.text(f"iam roles update {where} --add-permissions=serviceusage.services.get")
    described = gcloud.json(f"iam roles describe {where}")
    assert described["includedPermissions"] == ["resourcemanager.projects.get", "serviceusage.services.get"]
    assert gcloud.json(f"iam roles delete {where}")["deleted"]
    assert gcloud.json(f"iam roles list --project={gcloud.project}") == []
    gcloud.text(f"iam roles undelete {where}")
    assert [each["title"] for each in gcloud.json(f"iam roles list --project={gcloud.project}")] == ["Guard"]
    assert (
        "serviceusage.services.use"
        in gcloud.json("iam roles describe roles/serviceusage.serviceUsageConsumer")["includedPermissions"]
    )
    testable = (
        f"iam list-testable-permissions //cloudresourcemanager.googleapis.com/projects/{gcloud.project}"
    )
    assert "resourcemanager.projects.get" in [each["name"] for each in gcloud.json(testable)]


def workload_identity(gcloud: Gcloud) -> None:
    """A pool of federated identities and its provider."""
    world, pool = "--location=global", "--location=global --workload-identity-pool=builds"
    gcloud.text(f"iam workload-identity-pools create builds {world}")
    gcloud.text(
        f"iam workload-identity-pools providers create-oidc github {pool} --attribute-mapping=google.subject="
        "assertion.sub --issuer-uri=https://token.actions.githubusercontent.com "
        "--attribute-condition=\"assertion.repository_owner=='acme'\""
    )
    gcloud.text(f"iam workload-identity-pools providers update-oidc github {pool} --display-name=GitHub")
    provider = gcloud.json(f"iam workload-identity-pools providers describe github {pool}")
    assert (provider["displayName"], provider["state"]) == ("GitHub", "ACTIVE")
    assert provider["oidc"]["issuerUri"] == "https://token.actions.githubusercontent.com"
    gcloud.text(f"iam workload-identity-pools providers delete github {pool}")
    gcloud.text(f"iam workload-identity-pools delete builds {world}")
    gcloud.text(f"iam workload-identity-pools undelete builds {world}")
    assert gcloud.json(f"iam workload-identity-pools describe builds {world}")["state"] == "ACTIVE"


def secrets(gcloud: Gcloud) -> None:
    """A secret, its version and who may read it."""
    made = gcloud.json("secrets create database --replication-policy=automatic --labels=team=chat")
    gcloud.text("secrets versions add database --data-file=payload", payload="a made-up value")
    assert gcloud.text("secrets versions access latest --secret=database") == "a made-up value"
    changed = gcloud.json("secrets update database --update-labels=stage=prod")
    assert changed["labels"] == {"team": "chat", "stage": "prod"}
    assert changed["etag"] != made["etag"]
    assert gcloud.json("secrets list") == [changed]
    gcloud.text(f"secrets add-iam-policy-binding database {_ANN} --role=roles/secretmanager.secretAccessor")
    [binding] = gcloud.json("secrets get-iam-policy database")["bindings"]
    assert binding["role"] == "roles/secretmanager.secretAccessor"
    for verb, state in (("disable", "DISABLED"), ("enable", "ENABLED"), ("destroy", "DESTROYED")):
        gcloud.text(f"secrets versions {verb} 1 --secret=database")
        assert gcloud.json("secrets versions describe 1 --secret=database")["state"] == state
    assert "DESTROYED" in gcloud.refused("secrets versions access 1 --secret=database")
    gcloud.text("secrets delete database")
    assert gcloud.json("secrets list") == []


def encryption(gcloud: Gcloud) -> None:
    """A key ring, its key, what is encrypted by it and its rotation."""
    gcloud.text("kms keyrings create ring --location=us")
    key = "--keyring=ring --location=us"
    gcloud.text(f"kms keys create state {key} --purpose=encryption")
    gcloud.text(
        f"kms encrypt --key=state {key} --plaintext-file=plain --ciphertext-file=cipher", plain="hello"
    )
    gcloud.text(f"kms keys versions create --key=state {key} --primary")
    assert (
        gcloud.text(f"kms decrypt --key=state {key} --ciphertext-file=cipher --plaintext-file=-") == "hello"
    )
    described = gcloud.json(f"kms keys describe state {key}")
    assert described["primary"]["name"].endswith("/cryptoKeyVersions/2")
    gcloud.text(f"kms keys versions destroy 1 --key=state {key}")
    assert "DESTROY" in gcloud.refused(
        f"kms decrypt --key=state {key} --ciphertext-file=cipher --plaintext-file=-"
    )
    gcloud.text(f"kms keys versions restore 1 --key=state {key}")
    assert [each["state"] for each in gcloud.json(f"kms keys versions list --key=state {key}")] == [
        "DISABLED",
        "ENABLED",
    ]


def storage(gcloud: Gcloud) -> None:
    """A bucket and its objects, uploaded, copied, listed and removed."""
    bucket = f"gs://{gcloud.project}-files"
    gcloud.text(f"storage buckets create {bucket} --location=us --uniform-bucket-level-access")
    gcloud.text(f"storage buckets update {bucket} --versioning")
    described = gcloud.json(f"storage buckets describe {bucket}")
    assert (described["location"], described["versioning_enabled"]) == ("US", True)
    gcloud.text(f"storage cp report.txt {bucket}/2026/report.txt", **{"report.txt": "spent: 12\n"})
    gcloud.text(f"storage cp {bucket}/2026/report.txt {bucket}/copy.txt")
    assert gcloud.text(f"storage cat {bucket}/copy.txt") == "spent: 12"
    assert gcloud.text(f"storage ls {bucket}/**").split() == [
        f"{bucket}/2026/report.txt",
        f"{bucket}/copy.txt",
    ]
    assert gcloud.json(f"storage objects describe {bucket}/copy.txt")["size"] == 10
    role = f"{_ANN} --role=roles/storage.objectViewer"
    gcloud.text(f"storage buckets add-iam-policy-binding {bucket} {role}")
    bindings = gcloud.json(f"storage buckets get-iam-policy {bucket}")["bindings"]
    assert {"members": ["user:ann@example.com"], "role": "roles/storage.objectViewer"} in bindings
    gcloud.text(f"storage rm --recursive {bucket}")
    assert "not found" in gcloud.refused(f"storage buckets describe {bucket}")


def topics(gcloud: Gcloud) -> None:
    """A topic, its subscription, and a message from one to the other."""
    gcloud.text("pubsub topics create budgets --labels=team=chat")
    gcloud.text("pubsub subscriptions create reader --topic=budgets --ack-deadline=20")
    gcloud.text("pubsub topics publish budgets --message=over --attribute=budget=chat")
    [received] = gcloud.json("pubsub subscriptions pull reader --auto-ack")
    assert (received["message"]["data"], received["message"]["attributes"]) == (
        "b3Zlcg==",
        {"budget": "chat"},
    )
    assert gcloud.json("pubsub subscriptions pull reader") == []
    gcloud.text("pubsub topics publish budgets --message=over")
    gcloud.text("pubsub subscriptions seek reader --time=2100-01-01T00:00:00Z")
    assert gcloud.json("pubsub subscriptions pull reader") == []
    gcloud.text("pubsub subscriptions update reader --ack-deadline=30")
    assert gcloud.json("pubsub subscriptions describe reader")["ackDeadlineSeconds"] == 30
    role = f"{_ANN} --role=roles/pubsub.publisher"
    granted = gcloud.json(f"pubsub topics add-iam-policy-binding budgets {role}")
    assert gcloud.json("pubsub topics get-iam-policy budgets") == granted
    gcloud.text("pubsub topics delete budgets")
    assert gcloud.json("pubsub subscriptions describe reader")["topic"] == "_deleted-topic_"
    gcloud.text("pubsub subscriptions delete reader")
    assert "NOT_FOUND" in gcloud.refused("pubsub topics describe budgets")


def jobs(gcloud: Gcloud) -> None:
    """A scheduled job."""
    where = f"nightly {_PLACE}"
    gcloud.text(
        f"scheduler jobs create http {where} --schedule='0 3 * * *' --uri=https://example.com/ --http-method=POST"
    )
    gcloud.text(f"scheduler jobs update http {where} --schedule='0 4 * * *'")
    gcloud.text(f"scheduler jobs pause {where}")
    paused = gcloud.json(f"scheduler jobs describe {where}")
    assert (paused["state"], paused["schedule"]) == ("PAUSED", "0 4 * * *")
    gcloud.text(f"scheduler jobs resume {where}")
    assert [each["state"] for each in gcloud.json(f"scheduler jobs list {_PLACE}")] == ["ENABLED"]
    gcloud.text(f"scheduler jobs delete {where}")
    assert gcloud.json(f"scheduler jobs list {_PLACE}") == []


def functions(gcloud: Gcloud) -> None:
    """Functions and what runs them, as far as gcloud lists them."""
    assert gcloud.json("functions list") == []
    assert "us-central1" in gcloud.text("functions regions list --format='value(locationId)'")
    runtimes = gcloud.json("functions runtimes list --region=us-central1")
    assert "python312" in [each["name"] for each in runtimes]
    assert "was not found" in gcloud.refused("functions describe nobodys --region=us-central1")
    assert gcloud.json("run services list --region=us-central1") == []


def alerts(gcloud: Gcloud) -> None:
    """A channel, an alert policy that notifies it, and a dashboard."""
    channel = gcloud.json(
        "beta monitoring channels create --display-name=mail --type=email "
        "--channel-labels=email_address=ann@example.com"
    )
    condition = {
        "displayName": "many calls",
        "conditionThreshold": {
            "filter": 'metric.type="serviceruntime.googleapis.com/api/request_count" AND '
            'resource.type="consumed_api"',
            "comparison": "COMPARISON_GT",
            "thresholdValue": 5,
            "duration": "60s",
            "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}],
        },
    }
    policy = {"displayName": "calls", "combiner": "OR", "conditions": [condition]}
    made = gcloud.json(
        f"alpha monitoring policies create --policy-from-file=policy.json --notification-channels={channel['name']}",
        **{"policy.json": json.dumps(policy)},
    )
    assert made["notificationChannels"] == [channel["name"]]
    assert gcloud.json("alpha monitoring policies list") == [made]
    gcloud.text(f"alpha monitoring policies update {made['name']} --no-enabled")
    assert not gcloud.json(f"alpha monitoring policies describe {made['name']}")["enabled"]
    assert "FAILED_PRECONDITION" in gcloud.refused(f"beta monitoring channels delete {channel['name']}")
    gcloud.text(f"alpha monitoring policies delete {made['name']}")
    gcloud.text(f"beta monitoring channels delete {channel['name']}")
    assert gcloud.json("beta monitoring channels list") == []
    board = {"displayName": "calls", "gridLayout": {"widgets": [{"text": {"content": "none"}}]}}
    kept = gcloud.json(
        "monitoring dashboards create --config-from-file=board.json", **{"board.json": json.dumps(board)}
    )
    assert gcloud.json("monitoring dashboards list") == [kept]
    gcloud.text(f"monitoring dashboards delete {kept['name']}")


def logs(gcloud: Gcloud) -> None:
    """What was done to a project, in its audit log."""
    gcloud.text("pubsub topics create audited")
    [entry] = gcloud.json("logging read 'protoPayload.methodName=~\"CreateTopic$\"'")
    assert entry["protoPayload"]["authenticationInfo"]["principalEmail"] == "operator@local-cloud.example"
    assert entry["protoPayload"]["resourceName"] == f"projects/{gcloud.project}/topics/audited"
    assert gcloud.json("logging logs list") == [
        f"projects/{gcloud.project}/logs/cloudaudit.googleapis.com%2Factivity"
    ]
    assert gcloud.json("logging read 'severity>=ERROR'") == []


def account_keys(gcloud: Gcloud) -> None:
    """A key of a service account, from its making to its end."""
    gcloud.text("iam service-accounts create signer")
    of = f"--iam-account=signer@{gcloud.project}.iam.gserviceaccount.com"
    gcloud.text(f"iam service-accounts keys create key.json {of}")
    file = json.loads((gcloud.folder / "key.json").read_text(encoding="utf-8"))
    assert file["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    identifier = file["private_key_id"]
    gcloud.text(f"iam service-accounts keys disable {identifier} {of}")
    [listed] = gcloud.json(f"iam service-accounts keys list {of} --managed-by=user")
    assert (listed["name"].rpartition("/")[2], listed["disabled"]) == (identifier, True)
    gcloud.text(f"iam service-accounts keys enable {identifier} {of}")
    gcloud.text(f"beta iam service-accounts keys get-public-key {identifier} {of} --output-file=public.pem")
    public = (gcloud.folder / "public.pem").read_text(encoding="utf-8")
    gcloud.text(f"iam service-accounts keys delete {identifier} {of}")
    gcloud.text(f"iam service-accounts keys upload again.pem {of}", **{"again.pem": public})
    [uploaded] = gcloud.json(f"iam service-accounts keys list {of}")
    assert uploaded["keyOrigin"] == "USER_PROVIDED"


def deployment(gcloud: Gcloud) -> None:
    """A function from a folder of source, called and deleted."""
    for api in ("cloudfunctions", "run", "cloudbuild", "artifactregistry", "storage"):
        gcloud.text(f"services enable {api}.googleapis.com")
    gcloud.text("iam service-accounts create runner")
    source = gcloud.folder / "source"
    source.mkdir()
    (source / "main.py").write_text("def hello(request):\n    return 'hello'\n", encoding="utf-8")
    (source / "requirements.txt").write_text("", encoding="utf-8")
    account = f"runner@{gcloud.project}.iam.gserviceaccount.com"
    builds = f"--member=serviceAccount:{account} --role=roles/cloudbuild.builds.builder --condition=None"
    gcloud.text(f"projects add-iam-policy-binding {gcloud.project} {builds}")
    where = "hello --region=us-central1"
    gcloud.text(
        f"functions deploy {where} --gen2 --runtime=python312 --entry-point=hello --source=source --trigger-http "
        f"--no-allow-unauthenticated --run-service-account={account} "
        f"--build-service-account=projects/{gcloud.project}/serviceAccounts/{account}"
    )
    described = gcloud.json(f"functions describe {where}")
    assert (described["state"], described["serviceConfig"]["serviceAccountEmail"]) == ("ACTIVE", account)
    assert [each["name"] for each in gcloud.json("functions list")] == [described["name"]]
    gcloud.text(f"functions delete {where}")
    assert gcloud.json("functions list") == []


def sinks(gcloud: Gcloud) -> None:
    """Where logs go besides: a sink, a bucket, its view, and a metric."""
    topic = f"pubsub.googleapis.com/projects/{gcloud.project}/topics/logs"
    gcloud.text("pubsub topics create logs")
    gcloud.text(f"logging sinks create errors {topic} --log-filter='severity>=ERROR'")
    made = gcloud.json("logging sinks describe errors")
    assert (made["destination"], made["filter"]) == (topic, "severity>=ERROR")
    assert made["writerIdentity"].startswith("serviceAccount:")
    gcloud.text("logging sinks update errors --log-filter='severity>=CRITICAL' --description=worse")
    [listed] = [each for each in gcloud.json("logging sinks list") if each["name"] == "errors"]
    assert (listed["filter"], listed["description"]) == ("severity>=CRITICAL", "worse")
    gcloud.text("logging sinks delete errors")
    assert "errors" not in [each["name"] for each in gcloud.json("logging sinks list")]
    gcloud.text("logging buckets create long --location=global --retention-days=90")
    gcloud.text("logging buckets update long --location=global --retention-days=120")
    assert gcloud.json("logging buckets describe long --location=global")["retentionDays"] == 120
    gcloud.text("logging buckets delete long --location=global")
    assert (
        gcloud.json("logging buckets describe long --location=global")["lifecycleState"] == "DELETE_REQUESTED"
    )
    gcloud.text("logging buckets undelete long --location=global")
    gcloud.text("logging metrics create failures --description=all --log-filter='severity>=ERROR'")
    assert gcloud.json("logging metrics describe failures")["filter"] == "severity>=ERROR"
    gcloud.text("logging metrics delete failures")
    assert gcloud.json("logging metrics list") == []
