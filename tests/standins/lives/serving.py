"""Keys of Cloud KMS, buckets and objects, functions and jobs."""

from typing import Any

from tests.standins.lives.life import CALLER, HOME, REGION, SOURCE, Life
from tests.standins.lives.messaging import topic

_TEXT = "c44067f5952c0a294b673a41bacd8c17"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_PLACE = f"projects/{HOME}/locations/{REGION}"
_BUILD = {
    "runtime": "python312",
    "entryPoint": "guard",
    "source": {"storageSource": {"bucket": SOURCE, "object": "first.zip"}},
}


def _rule(action: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {"lifecycleRules": [{"action": action, "condition": condition}]}


def _http(**changed: Any) -> dict[str, Any]:
    target = {"uri": "https://guard.example.com/poll", "httpMethod": "POST", **changed}
    return {"httpTarget": {name: value for name, value in target.items() if value is not None}}


def _bucket(name: str) -> tuple[str, str, Any]:
    return ("POST", f"/storage/storage/v1/b?project={HOME}", {"name": name, "location": "EU"})


SERVING = (
    Life(
        type="kms/keyRing:KeyRing",
        inputs={"project": HOME, "location": REGION, "name": "parity-ring"},
        updates=({"name": "parity-ring-2"}, {"location": "europe-west1"}),
        bad=(
            {"name": "with space"},
            {"name": ""},
            {"name": "x" * 64},
            {"name": "a.b"},
            {"name": "parity-ring"},
            {"location": "mars"},
            {"location": ""},
            {"location": "EUROPE-WEST4"},
            {"project": "none-such-project"},
            {"project": ""},
            {"labels": {"a": "b"}},
        ),
    ),
    Life(
        type="kms/cryptoKey:CryptoKey",
        inputs={"keyRing": f"{_PLACE}/keyRings/keys", "name": "parity-key", "rotationPeriod": "7776000s"},
        updates=(
            {"rotationPeriod": "8640000s"},
            {"labels": {"team": "gemini"}},
            {"labels": {"team": "chat", "stage": "prod"}},
            {"labels": None},
            {"versionTemplate": {"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}},
            {"rotationPeriod": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"name": "parity-key-2"},
        ),
        bad=(
            {"rotationPeriod": "90d"},
            {"rotationPeriod": "3600s"},
            {"rotationPeriod": "100000.1234567891s"},
            {"rotationPeriod": ""},
            {"purpose": "NONSENSE"},
            {"purpose": "ASYMMETRIC_SIGN"},
            {"keyRing": "keys"},
            {"keyRing": f"{_PLACE}/keyRings/none-such"},
            {"name": "with space"},
            {"versionTemplate": {}},
            {"versionTemplate": {"algorithm": "ROT13"}},
            {"versionTemplate": {"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protectionLevel": "NONE"}},
            {"destroyScheduledDuration": "soon"},
            {"labels": {"Team": "chat"}},
        ),
        prepared=(("POST", f"/cloudkms/v1/{_PLACE}/keyRings?keyRingId=keys", {}),),
    ),
    Life(
        type="storage/bucket:Bucket",
        inputs={"project": HOME, "name": "parity-bucket", "location": "europe-west4"},
        updates=(
            {"labels": {"team": "gemini"}},
            {"labels": {"team": "chat", "stage": "prod"}},
            {"labels": None},
            {"uniformBucketLevelAccess": True},
            {"publicAccessPrevention": "enforced"},
            {"versioning": {"enabled": True}},
            {"versioning": {"enabled": False}},
            _rule({"type": "Delete"}, age=30),
            _rule(
                {"type": "SetStorageClass", "storageClass": "NEARLINE"},
                numNewerVersions=3,
                withState="ARCHIVED",
            ),
            _rule({"type": "Delete"}, sendAgeIfZero=True, matchesPrefixes=["tmp/"]),
            {"lifecycleRules": None},
            {"softDeletePolicy": {"retentionDurationSeconds": 1209600}},
            {"softDeletePolicy": {"retentionDurationSeconds": 0}},
            {"retentionPolicy": {"retentionPeriod": "3600"}},
            {"retentionPolicy": None},
            {"storageClass": "NEARLINE"},
            {"logging": {"logBucket": "parity-logs"}},
            {"logging": None},
            {"requesterPays": True},
            {"requesterPays": None},
            {"website": {"mainPageSuffix": "index.html"}},
            {"website": {"mainPageSuffix": "index.html", "notFoundPage": "404.html"}},
            {"website": None},
            {"cors": [{"origins": ["*"], "methods": ["GET"], "maxAgeSeconds": 60}]},
            {"cors": None},
            {"autoclass": {"enabled": True}},
            {"autoclass": None},
            {"defaultEventBasedHold": True},
            {"defaultEventBasedHold": False},
            {"forceDestroy": True},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"name": "parity-bucket-2"},
        ),
        bad=(
            {"name": "Upper"},
            {"name": "ab"},
            {"name": "goog-mine"},
            {"name": "192.168.1.1"},
            {"name": ""},
            {"location": "mars"},
            {"location": ""},
            {"labels": {"Team": "chat"}},
            {"labels": {"team": "x" * 64}},
            {"storageClass": "ICE"},
            {"publicAccessPrevention": "perhaps"},
            {"versioning": {}},
            _rule({}, age=1),
            _rule({"type": "Delete"}),
            _rule({"type": "Burn"}, age=1),
            _rule({"type": "Delete"}, age="old"),
            _rule({"type": "Delete"}, withState="DEAD"),
            {"retentionPolicy": {}},
            {"retentionPolicy": {"retentionPeriod": "long"}},
            {"softDeletePolicy": {"retentionDurationSeconds": 60}},
            {"project": "none-such-project"},
        ),
        imported=f"{HOME}/parity-bucket-2",
        prepared=(_bucket("parity-logs"),),
    ),
    Life(
        type="storage/bucketObject:BucketObject",
        inputs={"bucket": "parity-objects", "name": "guard/policy.json", "content": '{"amount": 10}'},
        updates=(
            {"content": '{"amount": 20}'},
            {"eventBasedHold": True},
            {"eventBasedHold": False},
            {"temporaryHold": True},
            {"temporaryHold": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"contentType": "application/json"},
            {"metadata": {"made-by": "test"}},
            {"cacheControl": "no-store"},
            {"name": "guard/other.json"},
        ),
        bad=(
            {"content": None},
            {"source": {_SIGNATURE: _TEXT, "text": "hello"}},
            {"source": "file.txt"},
            {"bucket": "none-such-bucket"},
            {"bucket": ""},
            {"name": ""},
            {"storageClass": "ICE"},
            {"eventBasedHold": "perhaps"},
            {"metadata": "text"},
            {"md5hash": "mine"},
            {"generation": 1},
            {"kmsKeyName": "none"},
        ),
        prepared=(_bucket("parity-objects"),),
    ),
    Life(
        type="cloudscheduler/job:Job",
        inputs={
            "project": HOME,
            "region": REGION,
            "name": "parity-job",
            "schedule": "* * * * *",
            **_http(),
        },
        updates=(
            {"description": "Every minute"},
            {"schedule": "*/5 * * * *"},
            {"timeZone": "America/Los_Angeles"},
            {"attemptDeadline": "60s"},
            {"paused": True},
            {"paused": False},
            {"retryConfig": {"retryCount": 2}},
            {"retryConfig": {"retryCount": 2, "minBackoffDuration": "10s"}},
            {"retryConfig": None},
            _http(headers={"x-version": "2"}),
            _http(body="dGljaw=="),
            _http(uri="https://guard.example.com/again", httpMethod="GET"),
            _http(oidcToken={"serviceAccountEmail": CALLER}),
            _http(
                oauthToken={
                    "serviceAccountEmail": CALLER,
                    "scope": "https://www.googleapis.com/auth/cloud-platform",
                }
            ),
            {
                "httpTarget": None,
                "pubsubTarget": {"topicName": f"projects/{HOME}/topics/ticks", "data": "dGljaw=="},
            },
            {"pubsubTarget": {"topicName": f"projects/{HOME}/topics/ticks", "attributes": {"kind": "tick"}}},
            {"description": None, "timeZone": None, "attemptDeadline": None},
            {
                "pubsubTarget": None,
                "appEngineHttpTarget": {"relativeUri": "/tick", "appEngineRouting": {"service": "guard"}},
            },
            {
                "appEngineHttpTarget": {
                    "relativeUri": "/tick",
                    "httpMethod": "POST",
                    "headers": {"x-version": "2"},
                }
            },
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"name": "parity-job-2"},
        ),
        bad=(
            {"schedule": "often"},
            {"schedule": None},
            {"timeZone": "Mars/North"},
            {"attemptDeadline": "3s"},
            {"attemptDeadline": "soon"},
            {"httpTarget": None},
            {"httpTarget": {}},
            _http(uri="nonsense"),
            _http(httpMethod="ASK"),
            _http(body="not base64!"),
            _http(headers={"Content-Length": "1"}),
            _http(headers={"X-Google-Mine": "1"}),
            _http(oidcToken={"serviceAccountEmail": CALLER}, oauthToken={"serviceAccountEmail": CALLER}),
            _http(oidcToken={}),
            {"httpTarget": None, "pubsubTarget": {"topicName": "ticks"}},
            {"httpTarget": None, "pubsubTarget": {"topicName": f"projects/{HOME}/topics/ticks"}},
            {"retryConfig": {"retryCount": 9}},
            {"region": "mars-1"},
            {"name": "with space"},
        ),
        prepared=(topic("ticks"),),
    ),
    Life(
        type="cloudfunctionsv2/function:Function",
        inputs={
            "project": HOME,
            "location": REGION,
            "name": "parity-function",
            "buildConfig": _BUILD,
            "serviceConfig": {"availableMemory": "256M", "timeoutSeconds": 60, "serviceAccountEmail": CALLER},
        },
        updates=(
            {"description": "Guards"},
            {"serviceConfig": {"availableMemory": "512M", "timeoutSeconds": 120, "maxInstanceCount": 2}},
            {
                "serviceConfig": {
                    "environmentVariables": {"STACK": "prod"},
                    "ingressSettings": "ALLOW_INTERNAL_ONLY",
                }
            },
            {"buildConfig": {**_BUILD, "environmentVariables": {"STAGE": "build"}}},
            {
                "buildConfig": {
                    **_BUILD,
                    "source": {"storageSource": {"bucket": SOURCE, "object": "second.zip"}},
                }
            },
            {"labels": {"team": "gemini"}},
            {"labels": None, "description": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"name": "parity-function-2"},
        ),
        bad=(
            {"name": "Upper"},
            {"name": "x" * 64},
            {"location": "mars-1"},
            {"buildConfig": None},
            {"buildConfig": {**_BUILD, "runtime": "cobol85"}},
            {
                "buildConfig": {
                    **_BUILD,
                    "source": {"storageSource": {"bucket": SOURCE, "object": "none.zip"}},
                }
            },
            {
                "buildConfig": {
                    **_BUILD,
                    "source": {"storageSource": {"bucket": "none-such", "object": "a.zip"}},
                }
            },
            {"serviceConfig": {"availableMemory": "much"}},
            {"serviceConfig": {"timeoutSeconds": "long"}},
            {"serviceConfig": {"timeoutSeconds": 99999}},
            {"serviceConfig": {"ingressSettings": "ALLOW_SOME"}},
            {"serviceConfig": {"uri": "mine"}},
            {"eventTrigger": {}},
            {"labels": {"Team": "chat"}},
        ),
    ),
)
