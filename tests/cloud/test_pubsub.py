"""Subscriptions: leases, push with ID tokens by the clock, dead letters, disorder, and who may do what."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from sandbox.cloud.core.timeline import Delivery, Job, Timeline
from sandbox.cloud.pubsub import disorder, messages, push, subscriptions
from tests.cloud.local_cloud import LocalCloud
from tests.cloud.receiver import Receiver, receiver
from tests.cloud.world import TOPIC, World

SEED = "sandbox-seed"
TOPICS, SUBSCRIPTIONS = f"v1/projects/{SEED}/topics", f"v1/projects/{SEED}/subscriptions"
ANN = "token-of-ann"
Call = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _held(cloud: LocalCloud) -> None:
    cloud.local("PUT", "clock", {"hold": True})


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def subscribe(cloud: LocalCloud, name: str, **settings: Any) -> Call:
    """A subscription to a topic of its own."""
    cloud.call("pubsub", "PUT", f"{TOPICS}/{name}", {})
    topic = f"projects/{SEED}/topics/{name}"
    return cloud.call("pubsub", "PUT", f"{SUBSCRIPTIONS}/{name}", {"topic": topic, **settings})


def publish(cloud: LocalCloud, name: str, *texts: str, **attributes: str) -> list[str]:
    messages = [{"data": b64encode(text.encode()).decode(), "attributes": attributes} for text in texts]
    answer = cloud.call("pubsub", "POST", f"{TOPICS}/{name}:publish", {"messages": messages})
    ids: list[str] = answer["messageIds"]
    return ids


def pull(cloud: LocalCloud, name: str) -> list[Call]:
    answer = cloud.call("pubsub", "POST", f"{SUBSCRIPTIONS}/{name}:pull", {"maxMessages": 1000})
    received: list[Call] = answer.get("receivedMessages", [])
    return received


def advance(cloud: LocalCloud, seconds: int) -> None:
    cloud.local("PUT", "clock", {"advanceSeconds": seconds})


def account(cloud: LocalCloud, name: str) -> str:
    body = {"accountId": name}
    made = cloud.call("iam", "POST", f"v1/projects/{SEED}/serviceAccounts", body)
    return str(made["email"])


def test_a_message_comes_again_until_it_is_acknowledged_or_too_old(cloud: LocalCloud) -> None:
    made = subscribe(cloud, "leases", ackDeadlineSeconds=20, messageRetentionDuration="600s")
    assert (made["expirationPolicy"], made["state"]) == ({"ttl": "2678400s"}, "ACTIVE")
    publish(cloud, "leases", "one", "two")
    first = pull(cloud, "leases")
    assert [each["message"]["data"] for each in first] == ["b25l", "dHdv"]
    assert pull(cloud, "leases") == []
    path = f"{SUBSCRIPTIONS}/leases"
    cloud.call("pubsub", "POST", f"{path}:acknowledge", {"ackIds": [first[0]["ackId"]]})
    longer = {"ackIds": [first[1]["ackId"]], "ackDeadlineSeconds": 60}
    cloud.call("pubsub", "POST", f"{path}:modifyAckDeadline", longer)
    advance(cloud, 30)
    assert pull(cloud, "leases") == []
    advance(cloud, 30)
    [again] = pull(cloud, "leases")
    assert again["message"] == first[1]["message"]
    advance(cloud, 600)
    assert pull(cloud, "leases") == []
    cloud.call("pubsub", "POST", f"{path}:acknowledge", {"ackIds": ["mine"]}, status=400)


def test_a_subscription_is_changed_and_checked(cloud: LocalCloud) -> None:
    subscribe(cloud, "settings", labels={"a": "b"}, retryPolicy={"minimumBackoff": "5s"})
    path = f"{SUBSCRIPTIONS}/settings"
    patch = {"subscription": {"ackDeadlineSeconds": 30}, "updateMask": "ackDeadlineSeconds,labels"}
    changed = cloud.call("pubsub", "PATCH", path, patch)
    assert (changed["ackDeadlineSeconds"], "labels" in changed) == (30, False)
    assert changed["retryPolicy"] == {"minimumBackoff": "5s", "maximumBackoff": "600s"}
    cloud.call("pubsub", "PATCH", path, {"subscription": {}, "updateMask": "topic"}, status=400)
    bad: list[Call] = [
        {"ackDeadlineSeconds": 5},
        {"messageRetentionDuration": "60s"},
        {"filter": "data = 1"},
        {"retryPolicy": {"minimumBackoff": "60s", "maximumBackoff": "30s"}},
        {"pushConfig": {"pushEndpoint": "ftp://example.com"}},
    ]
    for settings in bad:
        body = {"topic": f"projects/{SEED}/topics/settings", **settings}
        cloud.call("pubsub", "PUT", f"{SUBSCRIPTIONS}/bad", body, status=400)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('attributes.step = "stop"', True),
        ('attributes.step != "stop"', False),
        ("attributes:step AND NOT attributes:other", True),
        ('hasPrefix(attributes.step, "st") AND attributes.step="go"', False),
    ],
)
def test_a_filter_selects_by_attributes(cloud: LocalCloud, text: str, passes: bool) -> None:
    name = f"filter-{abs(hash(text))}"
    subscribe(cloud, name, filter=text)
    publish(cloud, name, "x", step="stop")
    assert bool(pull(cloud, name)) is passes


def test_a_push_has_googles_envelope_and_a_token_that_googles_library_verifies(
    cloud: LocalCloud, endpoint: Receiver
) -> None:
    cloud.local("PUT", "clock", {"seconds": 0, "hold": True})  # Google's library goes by the machine's time
    email = account(cloud, "pusher")
    oidc = {"serviceAccountEmail": email, "audience": "https://guard.example"}
    push = {"pushEndpoint": f"{endpoint.url}/message", "oidcToken": oidc}
    subscribe(cloud, "pushed", pushConfig=push)
    [identifier] = publish(cloud, "pushed", "spent", schemaVersion="1.0")
    assert endpoint.taken() == []
    cloud.call("pubsub", "POST", f"{SUBSCRIPTIONS}/pushed:pull", {"maxMessages": 1}, status=400)
    advance(cloud, 0)
    [sent] = endpoint.taken()
    message = sent.json["message"]
    assert (sent.path, sent.json["subscription"]) == ("/message", f"projects/{SEED}/subscriptions/pushed")
    assert message["data"] == b64encode(b"spent").decode()
    assert message["attributes"] == {"schemaVersion": "1.0"}
    assert message["messageId"] == message["message_id"] == identifier
    assert message["publishTime"] == message["publish_time"]

    token = sent.headers["authorization"].removeprefix("Bearer ")
    certificates = f"{cloud.main}/oauth2/v1/certs"
    verify: Any = id_token.verify_token
    claims = verify(token, Request(), audience=oidc["audience"], certs_url=certificates)
    assert (claims["email"], claims["email_verified"]) == (email, True)
    assert claims["iss"] == "https://accounts.google.com"
    advance(cloud, 3600)
    assert endpoint.taken() == []


def test_a_push_is_tried_again_ever_later_until_it_is_taken(cloud: LocalCloud, endpoint: Receiver) -> None:
    retry = {"minimumBackoff": "10s", "maximumBackoff": "30s"}
    subscribe(cloud, "retried", pushConfig={"pushEndpoint": endpoint.url}, retryPolicy=retry)
    endpoint.answers[:] = [500, 404, 429, 500]
    publish(cloud, "retried", "x")
    tries = []
    for _ in range(10):
        advance(cloud, 10)
        tries.append(len(endpoint.taken()))
    # At once; after 10 s more, and then after 20, 30 and 30.
    assert tries == [2, 0, 1, 0, 0, 1, 0, 0, 1, 0]
    # Another machine's address gets nothing, and a bare message is the body itself.
    path = f"{SUBSCRIPTIONS}/retried:modifyPushConfig"
    cloud.call("pubsub", "POST", path, {"pushConfig": {"pushEndpoint": "https://example.com/x"}})
    publish(cloud, "retried", "held")
    advance(cloud, 60)
    bare = {"pushEndpoint": endpoint.url, "noWrapper": {"writeMetadata": True}}
    cloud.call("pubsub", "POST", path, {"pushConfig": bare})
    advance(cloud, 60)
    [sent] = endpoint.taken()
    assert sent.body == b"held"
    assert sent.headers["x-goog-pubsub-subscription-name"].endswith("/retried")


def test_a_push_comes_by_itself_while_the_clock_flows(cloud: LocalCloud, endpoint: Receiver) -> None:
    subscribe(cloud, "flowing", pushConfig={"pushEndpoint": endpoint.url})
    cloud.local("PUT", "clock", {"seconds": 0, "flow": True})
    publish(cloud, "flowing", "x")
    assert endpoint.came.wait(20)
    cloud.local("PUT", "clock", {"hold": True})


def test_what_nobody_takes_becomes_a_dead_letter(cloud: LocalCloud) -> None:
    number = cloud.call("cloudresourcemanager", "GET", f"v3/projects/{SEED}")["name"].split("/")[1]
    agent = f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    subscribe(cloud, "letters")
    policy = {"deadLetterTopic": f"projects/{SEED}/topics/letters", "maxDeliveryAttempts": 5}
    subscribe(cloud, "failing", deadLetterPolicy=policy)
    for path, role in ((f"{TOPICS}/letters", "publisher"), (f"{SUBSCRIPTIONS}/failing", "subscriber")):
        bindings = [{"role": f"roles/pubsub.{role}", "members": [agent]}]
        cloud.call("pubsub", "POST", f"{path}:setIamPolicy", {"policy": {"bindings": bindings}})
    publish(cloud, "failing", "x", n="1")
    attempts = []
    for _ in range(6):
        attempts += [each["deliveryAttempt"] for each in pull(cloud, "failing")]
        advance(cloud, 10)
    assert attempts == [1, 2, 3, 4, 5]
    [letter] = pull(cloud, "letters")
    assert letter["message"]["attributes"]["n"] == "1"
    assert letter["message"]["attributes"]["CloudPubSubDeadLetterSourceSubscription"] == "failing"


def test_disorder_is_drawn_from_the_seed(cloud: LocalCloud, endpoint: Receiver) -> None:
    subscribe(cloud, "disorder", pushConfig={"pushEndpoint": endpoint.url})

    def run(seed: int) -> list[int]:
        cloud.local("PUT", "seed", {"seed": seed})
        ids = publish(cloud, "disorder", *("x" * 40))
        advance(cloud, 600)
        return [ids.index(each.json["message"]["messageId"]) for each in endpoint.taken()]

    assert run(1) == list(range(40))
    disorder = {"duplicates": 0.3, "reorder": 0.5, "delaySeconds": 5}
    cloud.local("PUT", "pubsub", disorder)
    shuffled = run(1)
    counts = Counter(shuffled)
    assert set(counts) == set(range(40))
    assert max(counts.values()) > 1
    assert shuffled != sorted(shuffled)
    assert run(2) != shuffled
    cloud.local("PUT", "pubsub", {})
    assert run(3) == list(range(40))


def test_callers_publish_subscribe_and_push_by_their_roles(cloud: LocalCloud) -> None:
    email = account(cloud, "acted-as")
    subscribe(cloud, "roles")
    cloud.local("PUT", "identities", {"identities": {ANN: {"member": "user:ann@example.com"}}})
    body = {"messages": [{"data": "eA=="}]}

    def grant(service: str, path: str, role: str) -> None:
        bindings = [{"role": role, "members": ["user:ann@example.com"]}]
        cloud.call(service, "POST", f"{path}:setIamPolicy", {"policy": {"bindings": bindings}})

    topic, path = f"{TOPICS}/roles", f"{SUBSCRIPTIONS}/roles"
    cloud.call("pubsub", "POST", f"{topic}:publish", body, token=ANN, status=403)
    grant("pubsub", topic, "roles/pubsub.publisher")
    cloud.call("pubsub", "POST", f"{topic}:publish", body, token=ANN)
    cloud.call("pubsub", "POST", f"{path}:pull", {"maxMessages": 1}, token=ANN, status=403)
    grant("pubsub", path, "roles/pubsub.editor")
    assert cloud.call("pubsub", "POST", f"{path}:pull", {"maxMessages": 1}, token=ANN)["receivedMessages"]
    push = {"pushConfig": {"pushEndpoint": "https://a.example", "oidcToken": {"serviceAccountEmail": email}}}
    cloud.call("pubsub", "POST", f"{path}:modifyPushConfig", push, token=ANN, status=403)
    of_account = f"v1/projects/{SEED}/serviceAccounts/{email}"
    grant("iam", of_account, "roles/iam.serviceAccountUser")
    cloud.call("pubsub", "POST", f"{path}:modifyPushConfig", push, token=ANN)
    cloud.local("DELETE", "identities")


def test_the_work_of_a_push_does_not_grow_with_what_waits(tmp_path: Path) -> None:
    world = World(tmp_path)
    name = "projects/sandbox-seed/subscriptions/pushed"

    async def post(_: Delivery) -> int | None:
        return 204

    timeline = Timeline(world.store, [Job(push.due, push.work)], post)

    def steps(count: int) -> float:
        """SQLite's steps, in tens, for each of so many messages that come one after the other."""
        with world.store.transaction():
            messages.publish(world.store, TOPIC, [{"data": "aGk="}] * count, timeline.now())
        taken = [0]

        def count_up() -> int:
            taken[0] += 1
            return 0

        world.store._db.set_progress_handler(count_up, 10)
        asyncio.run(timeline.move(by=timedelta(hours=1)))
        world.store._db.set_progress_handler(None, 10)
        return taken[0] / count

    asyncio.run(timeline.move(to=world.now, held=True))
    with world.store.transaction():
        settings = {"topic": TOPIC, "pushConfig": {"pushEndpoint": "http://127.0.0.1:9/"}}
        subscriptions.create(world.store, name, settings)
        disorder.put(world.store, {"delaySeconds": 1000})
    few, many = steps(150), steps(600)
    assert many < 1.5 * few
    assert not world.store.rows("SELECT 1 FROM pubsub_messages WHERE subscription = ?", name)
    world.store.close()
