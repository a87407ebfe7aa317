"""Whatever is called in whatever order: what holds at Google holds here. `make properties` tries more of each."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.cloud.properties.accounts import AccountsMachine
from tests.cloud.properties.collections import machine_of
from tests.cloud.properties.data import MessagesMachine, ObjectsMachine, VersionsMachine
from tests.cloud.properties.infrastructure import BucketsMachine, KeysMachine, NetworksMachine
from tests.cloud.properties.kinds import KINDS
from tests.cloud.properties.limits import CapMachine, OverridesMachine
from tests.cloud.properties.machine import CloudMachine
from tests.cloud.properties.records import FunctionsMachine, GeminiMachine, LogBucketsMachine
from tests.workspace import sampled

MACHINES: dict[str, type[CloudMachine]] = {
    "projects and accounts": AccountsMachine,
    "services and overrides": OverridesMachine,
    "spend caps": CapMachine,
    "objects": ObjectsMachine,
    "versions of secrets": VersionsMachine,
    "messages": MessagesMachine,
    "KMS keys": KeysMachine,
    "networks": NetworksMachine,
    "buckets": BucketsMachine,
    "functions": FunctionsMachine,
    "log buckets": LogBucketsMachine,
    "caches and batches": GeminiMachine,
    **{name: machine_of(kind, name) for name, kind in KINDS.items()},
}
_SEEDED = settings(
    max_examples=300 if "SHARD" in os.environ else 4,
    stateful_step_count=40 if "SHARD" in os.environ else 25,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", sampled(MACHINES, len(MACHINES)))
def test_properties(name: str, record_property: Callable[[str, object], None]) -> None:
    """What a service promises holds after every call, valid or not, and after every restart."""
    before = CloudMachine.calls
    run_state_machine_as_test(MACHINES[name], settings=_SEEDED)
    record_property("cases", f"{CloudMachine.calls - before} calls of {name}")
