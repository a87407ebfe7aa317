"""Google's clients of Pub/Sub, Cloud Monitoring and Cloud Storage against the local cloud."""

import json
import queue
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    ServiceUnavailable,
)
from google.auth.credentials import AnonymousCredentials
from google.cloud import monitoring_v3, pubsub_v1, storage  # type: ignore[attr-defined]
from google.cloud.monitoring_v3.services.alert_policy_service.transports import (
    AlertPolicyServiceGrpcTransport,
)
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport
from google.cloud.monitoring_v3.services.notification_channel_service.transports import (
    NotificationChannelServiceGrpcTransport,
)
from google.protobuf.field_mask_pb2 import FieldMask

from sandbox.cloud.endpoints import environment
from tests.cloud.local_cloud import LocalCloud

SEED = "sandbox-seed"
RUNS = "custom.googleapis.com/gemini_guard/runs"
PATIENCE_S = 30
"""Longer than any of it takes, on any machine."""


@pytest.fixture
def publisher(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[pubsub_v1.PublisherClient]:
    """A publisher as `make env` points it at the local cloud."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", environment(cloud.ready)["PUBSUB_EMULATOR_HOST"])
    client = pubsub_v1.PublisherClient()
    yield client
    client.stop()


@pytest.fixture
def subscriber(publisher: pubsub_v1.PublisherClient) -> Iterator[pubsub_v1.SubscriberClient]:  # noqa: ARG001
    with pubsub_v1.SubscriberClient() as client:
        yield client


@pytest.fixture
def channel(cloud: LocalCloud) -> Iterator[grpc.Channel]:
    """A channel without credentials, which clients without an emulator's variable are given."""
    with grpc.insecure_channel(f"127.0.0.1:{cloud.ready['grpc']}") as opened:
        yield opened


def test_pubsub_publishes_and_pulls(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient
) -> None:
    topic = publisher.topic_path(SEED, "pulled")
    publisher.create_topic(name=topic)
    with pytest.raises(AlreadyExists):
        publisher.create_topic(name=topic)
    reader = subscriber.subscription_path(SEED, "reader")
    made = subscriber.create_subscription(
        request={"name": reader, "topic": topic, "ack_deadline_seconds": 20, "labels": {"team": "chat"}}
    )
    assert (made.ack_deadline_seconds, dict(made.labels)) == (20, {"team": "chat"})
    assert topic in [each.name for each in publisher.list_topics(project=f"projects/{SEED}")]
    assert list(publisher.list_topic_subscriptions(topic=topic)) == [reader]

    number = publisher.publish(topic, b"\x00spent", kind="budget").result(timeout=PATIENCE_S)
    found = subscriber.pull(subscription=reader, max_messages=10).received_messages
    assert [(each.message.data, dict(each.message.attributes)) for each in found] == [
        (b"\x00spent", {"kind": "budget"})
    ]
    assert found[0].message.message_id == number
    # Given back, it comes again; acknowledged, it does not.
    subscriber.modify_ack_deadline(subscription=reader, ack_ids=[found[0].ack_id], ack_deadline_seconds=0)
    again = subscriber.pull(subscription=reader, max_messages=10).received_messages
    subscriber.acknowledge(subscription=reader, ack_ids=[each.ack_id for each in again])
    assert [each.message.message_id for each in again] == [number]
    assert not subscriber.pull(subscription=reader, max_messages=10).received_messages

    push = pubsub_v1.types.PushConfig(push_endpoint="https://guard.example.com/message")
    subscriber.modify_push_config(subscription=reader, push_config=push)
    longer = subscriber.update_subscription(
        request={
            "subscription": {"name": reader, "ack_deadline_seconds": 60},
            "update_mask": FieldMask(paths=["ack_deadline_seconds"]),
        }
    )
    assert (longer.push_config.push_endpoint, longer.ack_deadline_seconds) == (push.push_endpoint, 60)

    policy = publisher.get_iam_policy(request={"resource": topic})
    policy.bindings.add(role="roles/pubsub.publisher", members=["user:ann@example.com"])
    publisher.set_iam_policy(request={"resource": topic, "policy": policy})
    kept = publisher.get_iam_policy(request={"resource": topic})
    assert [list(each.members) for each in kept.bindings] == [["user:ann@example.com"]]
    subscriber.delete_subscription(subscription=reader)
    publisher.delete_topic(topic=topic)
    with pytest.raises(NotFound):
        publisher.get_topic(topic=topic)


def test_pubsub_streams_what_is_published_meanwhile(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient
) -> None:
    topic, reader = publisher.topic_path(SEED, "streamed"), subscriber.subscription_path(SEED, "streaming")
    publisher.create_topic(name=topic)
    subscriber.create_subscription(name=reader, topic=topic)
    received: queue.Queue[bytes] = queue.Queue()

    def take(message: Any) -> None:
        received.put(message.data)
        message.ack()

    stream = subscriber.subscribe(reader, take)
    try:
        sent = [f"message {number}".encode() for number in range(20)]
        for data in sent[:10]:
            publisher.publish(topic, data).result(timeout=PATIENCE_S)
        assert sorted(received.get(timeout=PATIENCE_S) for _ in sent[:10]) == sorted(sent[:10])
        for data in sent[10:]:
            publisher.publish(topic, data).result(timeout=PATIENCE_S)
        assert sorted(received.get(timeout=PATIENCE_S) for _ in sent[10:]) == sorted(sent[10:])
    finally:
        stream.cancel()
        stream.result(timeout=PATIENCE_S)
    with pytest.raises(NotFound):
        subscriber.subscribe(subscriber.subscription_path(SEED, "nowhere"), take).result(timeout=PATIENCE_S)


def test_refusals_have_the_code_and_the_details_of_rest(
    cloud: LocalCloud, publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient
) -> None:
    with pytest.raises(InvalidArgument) as wrong:
        subscriber.pull(subscription=subscriber.subscription_path(SEED, "none"), max_messages=0)
    violations = [each for detail in wrong.value.details for each in detail.field_violations]
    assert [each.field for each in violations] == ["max_messages"]
    with pytest.raises(MethodNotImplemented):
        subscriber.list_snapshots(project=f"projects/{SEED}")

    cloud.local("PUT", "identities", {"identities": {"eve": {"member": "user:eve@example.com"}}})
    asked = {"project": f"projects/{SEED}", "metadata": [("authorization", "Bearer eve")]}
    with pytest.raises(PermissionDenied, match="not authorized"):
        publisher.list_topics(**asked)
    cloud.local("DELETE", "identities", None)


def test_monitoring_reads_series_and_changes_policies_and_channels(channel: grpc.Channel) -> None:
    parent = f"projects/{SEED}"
    channels = monitoring_v3.NotificationChannelServiceClient(
        transport=NotificationChannelServiceGrpcTransport(channel=channel)
    )
    labels = {"email_address": "oncall@example.com"}
    mail = channels.create_notification_channel(
        request={
            "name": parent,
            "notification_channel": {"type": "email", "display_name": "on call", "labels": labels},
        }
    )
    policies = monitoring_v3.AlertPolicyServiceClient(
        transport=AlertPolicyServiceGrpcTransport(channel=channel)
    )
    condition = {
        "display_name": "silent",
        "condition_prometheus_query_language": {
            "query": "absent(up)",
            "duration": {"seconds": 600},
            "evaluation_interval": {"seconds": 60},
        },
    }
    alert = {
        "display_name": "Guard",
        "combiner": "OR",
        "conditions": [condition],
        "notification_channels": [mail.name],
        "user_labels": {"team": "chat"},
    }
    policy = policies.create_alert_policy(request={"name": parent, "alert_policy": alert})
    assert policy.conditions[0].condition_prometheus_query_language.duration.seconds == 600
    renamed = policies.update_alert_policy(
        request={
            "update_mask": FieldMask(paths=["display_name"]),
            "alert_policy": {"name": policy.name, "display_name": "Guard of prod"},
        }
    )
    assert (renamed.display_name, renamed.conditions) == ("Guard of prod", policy.conditions)
    found = policies.list_alert_policies(request={"name": parent, "filter": 'user_labels.team="chat"'})
    assert [each.name for each in found] == [policy.name]
    policies.delete_alert_policy(name=policy.name)
    channels.delete_notification_channel(name=mail.name)
    with pytest.raises(NotFound):
        policies.get_alert_policy(name=policy.name)

    metrics = monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
    now = int(time.time())
    series = metrics.list_time_series(
        request={
            "name": parent,
            "filter": 'metric.type="serviceruntime.googleapis.com/api/request_count" AND '
            'resource.type="consumed_api"',
            "interval": {"start_time": {"seconds": now - 3600}, "end_time": {"seconds": now}},
            "aggregation": {
                "alignment_period": {"seconds": 60},
                "per_series_aligner": "ALIGN_SUM",
                "cross_series_reducer": "REDUCE_SUM",
                "group_by_fields": ["resource.label.service"],
            },
            "view": "FULL",
        }
    )
    assert all(each.points for each in series)
    run = {
        "metric": {"type": RUNS, "labels": {"stack": "prod"}},
        "resource": {"type": "global", "labels": {"project_id": SEED}},
        "points": [{"interval": {"end_time": {"seconds": now - 60}}, "value": {"int64_value": 3}}],
    }
    metrics.create_time_series(request={"name": parent, "time_series": [run]})
    written = metrics.list_time_series(
        request={
            "name": parent,
            "filter": f'metric.type="{RUNS}" AND resource.type="global"',
            "interval": {"start_time": {"seconds": now - 3600}, "end_time": {"seconds": now}},
            "view": "FULL",
        }
    )
    assert [
        (dict(each.metric.labels), [point.value.int64_value for point in each.points]) for each in written
    ] == [({"stack": "prod"}, [3])]
    with pytest.raises(InvalidArgument):
        metrics.list_time_series(request={"name": parent, "filter": "metric.type=", "view": "FULL"})


def test_storage_writes_and_reads_with_preconditions(cloud: LocalCloud) -> None:
    client = storage.Client(
        project=SEED,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": cloud.url("storage")},
    )
    bucket = client.create_bucket("guard-of-clients", location="europe-west4")
    record = bucket.blob("state/100000000001.json")
    record.upload_from_string(json.dumps({"acts": []}), "application/json", if_generation_match=0)
    first = record.generation
    with pytest.raises(PreconditionFailed):
        record.upload_from_string("{}", "application/json", if_generation_match=0)
    record.upload_from_string(json.dumps({"acts": ["stop"]}), "application/json", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        record.upload_from_string("{}", "application/json", if_generation_match=first)
    assert json.loads(record.download_as_bytes()) == {"acts": ["stop"]}
    assert (record.generation > first, record.content_type) == (True, "application/json")

    large = bucket.blob("large", chunk_size=256 * 1024)
    large.upload_from_string(b"\x01" * (700 * 1024))
    assert large.download_as_bytes(start=1, end=4) == b"\x01" * 4
    assert [each.name for each in client.list_blobs(bucket, prefix="state/")] == [record.name]
    with pytest.raises(PreconditionFailed):
        record.delete(if_generation_match=first)
    bucket.delete_blobs([record, large])
    with pytest.raises(NotFound):
        record.reload()
    bucket.delete()


@pytest.mark.parametrize("cut", ["before", "after", "answer"])
def test_a_connection_that_is_cut_is_unavailable(
    cloud: LocalCloud, publisher: pubsub_v1.PublisherClient, cut: str
) -> None:
    topic = publisher.topic_path(SEED, f"cut-{cut}")
    cloud.local("PUT", "faults", {"faults": [{"cut": cut, "path": topic}]})
    with pytest.raises(ServiceUnavailable):
        publisher.create_topic(name=topic, retry=None)
