"""A guard counts for a live project if its host is named, it has run within ten minutes, and it stops what is used."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from landing_zone.audit.live import read
from landing_zone.google import guard_record, objects
from landing_zone.guarding.policy import Budget, Policy, StopStep
from landing_zone.guarding.record import Record, Seen
from landing_zone.names import guard_bucket, guard_policy_object
from landing_zone.policies.environments import Environments
from tests.audit.world import ACCOUNT, DAY, FOLDER, World, google, verdicts
from tests.workspace import Cloud

HOST = "sandbox-seed"
OWNERS = Environments.model_validate({"environments": ["any"], "guardHosts": [HOST]})


@pytest.mark.parametrize(
    ("ago", "stop", "owners", "idle"),
    [
        (timedelta(minutes=1), StopStep(Decimal("0.5"), "both"), OWNERS, ""),
        (timedelta(minutes=11), StopStep(Decimal("0.5")), OWNERS, "has not run since"),
        (None, StopStep(Decimal("0.5")), OWNERS, "has not run yet"),
        (timedelta(minutes=1), None, OWNERS, "has no stop"),
        (
            timedelta(minutes=1),
            StopStep(Decimal("0.5"), "keys"),
            OWNERS,
            "stops keys by the service accounts",
        ),
        (timedelta(minutes=1), StopStep(Decimal("0.5")), Environments(environments=("any",)), None),
    ],
)
def test_a_live_guard(
    cloud: Cloud, ago: timedelta | None, stop: StopStep | None, owners: Environments, idle: str | None
) -> None:
    world = World(cloud)
    world.project("acme-guarded", FOLDER, account=ACCOUNT)
    world.key("acme-guarded", "app", "App")
    world.budget("Chat", "acme-guarded")
    client, number = google(cloud), world.numbers["acme-guarded"]
    bucket = guard_bucket(HOST, "prod")
    client.call("storage", "POST", "b", query={"project": HOST}, body={"name": bucket})
    policy = Policy(
        "prod",
        "chat",
        "acme-guarded",
        number,
        "USD",
        Decimal(100),
        Budget(ACCOUNT, "b", "Chat"),
        "s",
        stop=stop,
    )
    objects.write(client, bucket, guard_policy_object("acme-guarded"), policy.as_json(), objects.ABSENT)
    if ago is not None:
        seen = Seen(client.now - ago, Decimal(1), "", Decimal(0))
        record = Record.begin(policy, client.now)
        guard_record.write(client, bucket, replace(record, seen=seen), objects.ABSENT)
    found = read(client, [FOLDER], [], DAY, lambda _: None, owners)
    if idle is None:
        assert found.facts.guards == ()
        assert ("spend-stops", "project acme-guarded") in verdicts(found)
        return
    [guard] = found.facts.guards
    assert (guard.project, guard.host, guard.tested) == ("acme-guarded", HOST, True)
    assert guard.idle.startswith(idle)
    assert bool(guard.idle) == bool(idle)
    stops = [label for name, label in verdicts(found) if name == "spend-stops"]
    assert stops == (["guard of acme-guarded"] if idle else [])
