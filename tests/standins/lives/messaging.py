"""Topics and subscriptions of Pub/Sub."""

from typing import Any

from tests.standins.lives.life import CALLER, HOME, REGION, SOURCE, Life


def topic(name: str) -> tuple[str, str, Any]:
    """The call that creates a topic."""
    return ("PUT", f"/pubsub/v1/projects/{HOME}/topics/{name}", {})


MESSAGING = (
    Life(
        type="pubsub/topic:Topic",
        inputs={"project": HOME, "name": "parity-topic"},
        updates=(
            {"labels": {"team": "gemini"}},
            {"labels": {"team": "chat", "stage": "prod"}},
            {"labels": None},
            {"messageRetentionDuration": "86400s"},
            {"messageRetentionDuration": None},
            {"messageStoragePolicy": {"allowedPersistenceRegions": [REGION]}},
            {
                "messageTransforms": [
                    {"javascriptUdf": {"code": "function f(m, _) { return m; }", "functionName": "f"}}
                ]
            },
            {"messageTransforms": None},
            {"schemaSettings": {"schema": f"projects/{HOME}/schemas/none-such", "encoding": "JSON"}},
            {"schemaSettings": None},
            {"ingestionDataSourceSettings": {"cloudStorage": {"bucket": SOURCE, "textFormat": {}}}},
            {"ingestionDataSourceSettings": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"name": "parity-topic-2"},
        ),
        bad=(
            {"name": "9topic"},
            {"name": "ab"},
            {"name": "goog-topic"},
            {"name": "with space"},
            {"name": "x" * 256},
            {"labels": {"Team": "chat"}},
            {"messageRetentionDuration": "long"},
            {"messageRetentionDuration": "60s"},
            {"messageStoragePolicy": {}},
            {"messageStoragePolicy": {"allowedPersistenceRegions": ["mars"]}},
            {"kmsKeyName": "none"},
            {"project": "none-such-project"},
            {"schemaSettings": {}},
        ),
    ),
    Life(
        type="pubsub/subscription:Subscription",
        inputs={
            "project": HOME,
            "name": "parity-subscription",
            "topic": f"projects/{HOME}/topics/parity-events",
        },
        updates=(
            {"ackDeadlineSeconds": 30},
            {"messageRetentionDuration": "3600s"},
            {"retainAckedMessages": True},
            {"retainAckedMessages": None},
            {"expirationPolicy": {"ttl": "172800s"}},
            {"expirationPolicy": {"ttl": ""}},
            {"retryPolicy": {"minimumBackoff": "20s"}},
            {"retryPolicy": {"minimumBackoff": "20s", "maximumBackoff": "300s"}},
            {"retryPolicy": None},
            {
                "deadLetterPolicy": {
                    "deadLetterTopic": f"projects/{HOME}/topics/parity-dead",
                    "maxDeliveryAttempts": 6,
                }
            },
            {"deadLetterPolicy": None},
            {"enableExactlyOnceDelivery": True},
            {"enableExactlyOnceDelivery": None},
            {"labels": {"team": "gemini"}},
            {"labels": None},
            {"pushConfig": {"pushEndpoint": "https://guard.example.com/message"}},
            {
                "pushConfig": {
                    "pushEndpoint": "https://guard.example.com/again",
                    "oidcToken": {"serviceAccountEmail": CALLER, "audience": "guard"},
                    "attributes": {"x-goog-version": "v1"},
                }
            },
            {"pushConfig": None},
            {
                "messageTransforms": [
                    {"javascriptUdf": {"code": "function f(m, _) { return m; }", "functionName": "f"}}
                ]
            },
            {"messageTransforms": None},
            {"bigqueryConfig": {"table": f"{HOME}.events.calls", "writeMetadata": True}},
            {"bigqueryConfig": None},
            {
                "cloudStorageConfig": {
                    "bucket": SOURCE,
                    "filenamePrefix": "calls-",
                    "avroConfig": {"writeMetadata": True},
                }
            },
            {"cloudStorageConfig": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"enableMessageOrdering": True},
            {"filter": 'attributes.kind = "b"'},
            {"topic": "parity-dead"},
        ),
        bad=(
            {"name": "9subscription"},
            {"name": "ab"},
            {"topic": "none-such"},
            {"topic": ""},
            {"ackDeadlineSeconds": 5},
            {"ackDeadlineSeconds": 601},
            {"ackDeadlineSeconds": "soon"},
            {"messageRetentionDuration": "60s"},
            {"expirationPolicy": {}},
            {"expirationPolicy": {"ttl": "60s"}},
            {"filter": "x" * 257},
            {"filter": "nonsense ="},
            {"pushConfig": {}},
            {"pushConfig": {"pushEndpoint": "nonsense"}},
            {"deadLetterPolicy": {"maxDeliveryAttempts": 3}},
            {"retryPolicy": {"minimumBackoff": "1000s"}},
            {"labels": {"Team": "chat"}},
            {"project": "none-such-project"},
        ),
        prepared=(topic("parity-events"), topic("parity-dead")),
    ),
)
