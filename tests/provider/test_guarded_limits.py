"""`ProjectLimits` and `TierCheck` beside the guard: an update neither undoes an act nor is undone by its release."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from landing_zone.google import guard_record, quota_overrides
from landing_zone.google.quota_overrides import Entry
from landing_zone.google.rest import Google
from landing_zone.guarding.record import Act, Held, HeldLimit, Meter, Record, Value
from provider.exits import ProjectExit
from provider.project_limits import ProjectLimits
from provider.resource import Context, ResourceError, State, Values
from provider.tier_check import TierCheck
from sandbox import local_cloud
from sandbox.layout import ROOT, Layout
from tests.audit.world import ACCOUNT, World, google
from tests.workspace import Cloud

BUCKET = "sandbox-seed-guard-prod"
NAMES = (f"acme-guarded-{number}" for number in count(1))
FLASH, PRO, LITE = "gemini-3.8-flash", "gemini-2.5-pro", "gemini-3.5-flash-lite"
RPM, TPM = "requestsPerMinute", "inputTokensPerMinute"
AT = datetime(2026, 11, 27, 10, 2, tzinfo=UTC)
LIMITS = ProjectLimits()


class Watched(Google):
    """A client that does something just before a call of a method is made, once."""

    before: tuple[str, str, Callable[[], None]] | None = None

    def call(self, service: str, method: str, path: str, **named: Any) -> Any:
        if self.before and self.before[0] == method and self.before[1] in path:
            (_, _, work), self.before = self.before, None
            work()
        return super().call(service, method, path, **named)


class Guarded:
    """A project with a guard on a local cloud, and the provider's operations on its limits."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.google = Watched(google(cloud).config)
        self.project = next(NAMES)
        self.words = (
            f"the guard stopped {self.project} on 2026-11-27 10:02 UTC: metered 1,210.00 USD of 1,200.50"
        )
        self.printed: list[str] = []
        self.context = Context(
            self.google, self.google, self.printed.append, self.printed.append, self.printed.append
        )
        world = World(cloud)
        world.project(self.project, account=ACCOUNT)
        self.number = world.numbers[self.project]
        self.inputs: Values = {
            "project": self.project,
            "guard": {"bucket": BUCKET, "number": self.number},
            "limits": {FLASH: {RPM: 60, TPM: 200_000}, PRO: {RPM: 10}},
            "others": "deny",
        }
        self.state = LIMITS.create(self.context, self.inputs)

    def act(self, to: Callable[[int], int] = lambda _: 0, **changed: Any) -> None:
        """What the guard does: every limit lower, with what was there before in the record."""
        values: dict[tuple[str, str, str], list[Value]] = {}
        entries = []
        for limit in self.listed():
            for model in {"", *limit.buckets}:
                bucket = limit.bucket(model)
                now = to(bucket.effective)
                if not limit.fixed and bucket.effective > now:
                    place = (limit.metric, limit.limit, limit.unit)
                    values.setdefault(place, []).append(Value(model, bucket.value, now))
                    entries.append(Entry(limit, model, str(now)))
        held = Held(tuple(HeldLimit(*place, tuple(found)) for place, found in values.items()), **changed)
        self.write(held)
        assert not quota_overrides.impose(google(self.cloud), self.project, entries)

    def write(self, held: Held) -> None:
        act = Act(
            "stop",
            "stop",
            "a-budget",
            date(2026, 11, 1),
            Decimal("1200.50"),
            "done",
            "metered 1,210.00 USD of 1,200.50",
            Decimal(1210),
            "metered",
            AT,
            by="limits",
            done=AT,
        )
        record = Record(self.project, self.number, date(2026, 11, 1), Meter(AT), AT, acts=(act,), held=held)
        now = guard_record.read(self.google, BUCKET, self.number)
        guard_record.write(self.google, BUCKET, record, now.generation)

    def release(self) -> None:
        """Restore what still is as the guard left it."""
        held = self.held()
        entries, gone = [], []
        for limit in self.listed():
            for model in {each.model for kept in held.limits for each in kept.values}:
                value = held.value(limit.place, model)
                if value is None or limit.bucket(model).value != value.now:
                    continue
                if value.before is None:
                    gone.append((limit, model))
                elif value.before != value.now:
                    entries.append(Entry(limit, model, str(value.before)))
        assert not quota_overrides.impose(self.google, self.project, entries)
        quota_overrides.remove(self.google, self.project, gone)
        record = guard_record.read(self.google, BUCKET, self.number)
        assert record.record
        fresh = Record(self.project, self.number, date(2026, 11, 1), Meter(AT), AT)
        guard_record.write(self.google, BUCKET, fresh, record.generation)

    def held(self) -> Held:
        record = guard_record.read(self.google, BUCKET, self.number).record
        assert record
        return record.held

    def update(self, **changed: Any) -> State:
        self.inputs = {**self.inputs, **changed}
        self.state = LIMITS.update(self.context, self.state, self.inputs)
        return self.state

    def refresh(self) -> State:
        found = LIMITS.read(self.context, self.state)
        assert found
        return found

    def listed(self) -> list[quota_overrides.ModelLimit]:
        return quota_overrides.list_limits(google(self.cloud), self.project)

    def overrides(self) -> dict[tuple[str, str], int]:
        return {
            (limit.place, model): bucket.value
            for limit in self.listed()
            for model, bucket in limit.buckets.items()
            if bucket.value is not None
        }

    def calls(self, after: int) -> list[str]:
        return [each["id"].rpartition(".")[2] for each in self.cloud.requests(after)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    layout = Layout(program=ROOT, state=tmp_path_factory.mktemp("cloud"))
    found = Cloud(local_cloud.launch(layout, ["--port", "0"]))
    found.call("POST", "/storage/storage/v1/b?project=sandbox-seed", {"name": BUCKET})
    yield found
    local_cloud.stop(layout)


@pytest.fixture
def guarded(cloud: Cloud) -> Guarded:
    return Guarded(cloud)


def test_a_refresh_shows_the_guards_act_and_no_drift(guarded: Guarded) -> None:
    before = guarded.cloud.requests()[-1]["n"]
    assert guarded.refresh() == guarded.state
    assert guarded.calls(before) == ["list", "get"]
    guarded.act()
    found = guarded.refresh()
    assert found == State(
        guarded.state.id, guarded.state.inputs, {**guarded.state.outputs, "guardAct": guarded.words}
    )
    assert guarded.printed.count(guarded.words) == 1
    # What somebody changed since is drift as ever: this one, and no other.
    [limit] = [each for each in guarded.listed() if each.metric.endswith("/generate_requests_per_model")]
    quota_overrides.impose(guarded.google, guarded.project, [Entry(limit, FLASH, "700")])
    assert guarded.refresh().inputs["limits"] == {FLASH: {RPM: 700, TPM: 200_000}, PRO: {RPM: 10}}
    guarded.release()
    assert guarded.refresh().outputs.get("guardAct") is None


def test_an_update_raises_nothing_and_is_restored_by_the_release(guarded: Guarded, cloud: Cloud) -> None:
    guarded.act(lambda value: value // 4)
    throttled = {
        (each.place, model): each.bucket(model).effective
        for each in guarded.listed()
        for model in (FLASH, PRO, LITE, "")
    }
    before = guarded.overrides()
    wanted = {FLASH: {RPM: 90, TPM: 200_000}, PRO: {RPM: 1}, LITE: {RPM: 5}}
    state = guarded.update(limits=wanted)
    after = guarded.overrides()
    assert all(
        each.bucket(model).effective <= throttled[each.place, model]
        for each in guarded.listed()
        for model in (FLASH, PRO, LITE, "")
    )
    # What is lower than the guard's holds at once.
    assert {
        value
        for (place, model), value in after.items()
        if model == PRO and "requests" in place and "/d/" not in place
    } == {0, 1}, "and 0 on the free tier"
    assert state.inputs["limits"] == wanted
    assert state.outputs["guardAct"] == guarded.words
    assert guarded.refresh() == state
    # The next one changes nothing.
    calls = guarded.cloud.requests()[-1]["n"]
    assert guarded.update().properties == state.properties
    assert "importConsumerOverrides" not in guarded.calls(calls)
    assert before != after

    guarded.release()
    fresh = Guarded(cloud)
    fresh.update(limits=wanted)
    assert guarded.overrides() == fresh.overrides()
    assert guarded.refresh().properties == {
        **fresh.state.properties,
        **guarded.inputs,
        "applied": guarded.inputs,
    }


def test_an_update_beside_an_act_does_not_undo_it(guarded: Guarded) -> None:
    # The guard acts after the update has read its record, and before the update sets its limits.
    guarded.google.before = ("POST", ":importConsumerOverrides", guarded.act)
    wanted = {FLASH: {RPM: 90, TPM: 100}, PRO: {RPM: 10}, LITE: {RPM: 5}}
    state = guarded.update(limits=wanted)
    assert state.outputs["guardAct"] == guarded.words
    assert {value for (place, _), value in guarded.overrides().items() if "requests" in place} == {0}
    guarded.release()
    assert guarded.refresh().inputs["limits"] == wanted

    # Or it acts, and again, while the update writes what a release restores.
    guarded.act(lambda value: value // 2)
    guarded.google.before = ("POST", f"b/{BUCKET}/o", guarded.act)
    guarded.update(limits={FLASH: {RPM: 50, TPM: 100}, PRO: {RPM: 10}})
    assert guarded.google.before is None
    assert set(guarded.overrides().values()) == {0}
    guarded.release()
    assert guarded.refresh().inputs["limits"] == {FLASH: {RPM: 50, TPM: 100}, PRO: {RPM: 10}}


def test_a_record_that_cannot_be_read_stops_an_update_and_no_refresh(guarded: Guarded) -> None:
    fault = {"error": "PERMISSION_DENIED", "method": "storage.objects.get", "times": 99}
    guarded.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    before = guarded.overrides()
    with pytest.raises(ResourceError, match=f"the guard's record in {BUCKET} cannot be read"):
        guarded.update(limits={FLASH: {RPM: 1000}})
    assert guarded.overrides() == before
    guarded.inputs = guarded.state.inputs
    assert guarded.refresh() == guarded.state
    assert "the guard's record" in guarded.printed[-1]
    guarded.cloud.call("PUT", "/_local/faults", {"faults": []})


def test_an_act_in_force_keeps_guard_and_limits_in_the_stack(guarded: Guarded) -> None:
    # Updates that would undo it, or leave nobody to restore: both are refused before anything is changed.
    exits = {
        "project": guarded.project,
        "deletionPolicy": "DELETE",
        "limited": ["others"],
        "guard": guarded.inputs["guard"],
    }
    unguarded = {name: value for name, value in guarded.inputs.items() if name != "guard"}
    fewer = {**guarded.inputs, "limits": {LITE: {RPM: 5}}}

    def refused() -> list[tuple[str, str]]:
        found = [
            *LIMITS.transition(guarded.context, guarded.inputs, unguarded),
            *ProjectExit().transition(guarded.context, exits, {**exits, "limited": []}),
        ]
        return [(each.property, each.reason.partition(". ")[0]) for each in found]

    assert refused() == []
    guarded.act()
    assert refused() == [("guard", guarded.words), ("limits", guarded.words)]
    # What the guard holds all the same is changed by a release.
    assert not list(LIMITS.transition(guarded.context, guarded.inputs, fewer))
    assert not list(ProjectExit().transition(guarded.context, exits, {**exits, "limited": [LITE]}))
    guarded.release()
    assert refused() == []


def test_an_act_whose_record_is_gone_is_not_undone_unsaid(guarded: Guarded) -> None:
    guarded.act()
    guarded.state = guarded.refresh()
    stopped = guarded.overrides()
    gone = {**guarded.inputs["guard"], "bucket": "a-bucket-that-is-gone"}
    guarded.state = replace(guarded.state, inputs={**guarded.state.inputs, "guard": gone})
    with pytest.raises(ResourceError, match=f"a-bucket-that-is-gone.* is gone, and {guarded.words}"):
        guarded.update(guard=gone, limits={FLASH: {RPM: 90}})
    assert guarded.overrides() == stopped
    # A refresh says so, and then it is the stack file's.
    guarded.state = guarded.refresh()
    assert f"{guarded.words}; the bucket a-bucket-that-is-gone" in guarded.printed[-1]
    assert {value for own in guarded.state.inputs["limits"].values() for value in own.values()} == {0}
    guarded.update()
    assert "a-bucket-that-is-gone" in guarded.printed[-1]
    assert guarded.refresh().inputs["limits"] == {FLASH: {RPM: 90}}


def test_nothing_of_the_guard_stays_when_limits_are_deleted(guarded: Guarded) -> None:
    # All others are not limited: what the guard set on them is nobody else's.
    guarded.update(others=None)
    guarded.act()
    assert len({model for _, model in guarded.overrides()}) > 1
    LIMITS.delete(guarded.context, guarded.state)
    assert guarded.overrides() == {}


def test_a_tier_that_does_not_show_as_the_guard_stopped_the_project_is_not_waited_for(
    guarded: Guarded,
) -> None:
    inputs = {"project": guarded.project, "expected": "paid", "guard": guarded.inputs["guard"]}
    before = TierCheck().create(guarded.context, inputs)
    assert before.outputs["inForce"]
    guarded.act()
    # By default an update waits ten minutes for the limits of a tier, and there is none above 0.
    assert TierCheck().read(guarded.context, before) == before
    assert TierCheck().update(guarded.context, before, inputs) == before
    assert guarded.printed[-1].startswith(f"{guarded.words}: which tier")
    assert not TierCheck().create(guarded.context, inputs).outputs["inForce"]


def test_billing_that_the_guard_unlinked_stays_unlinked(guarded: Guarded) -> None:
    link, printed = f"/cloudbilling/v1/projects/{guarded.project}/billingInfo", len(guarded.printed)
    inputs = {
        "project": guarded.project,
        "expected": "paid",
        "billingAccount": ACCOUNT,
        "waitSeconds": 0,
        "guard": guarded.inputs["guard"],
    }
    guarded.cloud.call("PUT", link, {"billingAccountName": ""})
    guarded.write(Held(link=ACCOUNT))
    state = TierCheck().create(guarded.context, inputs)
    assert not state.outputs["inForce"]
    assert guarded.printed[printed:] == [
        f"{guarded.words}: it stays unlinked until gemini-lz guard release {guarded.project}"
    ]
    assert not guarded.cloud.call("GET", link).get("billingAccountName")
    # Somebody else unlinked it: it is linked again.
    guarded.write(Held())
    assert TierCheck().update(guarded.context, state, inputs).outputs["inForce"]
