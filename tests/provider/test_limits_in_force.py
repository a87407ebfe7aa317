"""`ProjectLimits` while Google lists what was set, and applies it late or never."""

from typing import Any

import pytest

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.google.retrying import CHANGES
from provider import limits_in_force
from provider.project_limits import ProjectLimits
from provider.resource import Context, State
from sandbox.cloud.endpoints import environment
from tests.workspace import Cloud

PROJECT = "acme-late-limits"
FLASH = "gemini-3.8-flash"
OVERRIDES = "serviceusage.services.consumerQuotaMetrics"


def _times(cloud: Cloud, *times: dict[str, Any]) -> None:
    cloud.call("PUT", "/_local/times", {"times": list(times)})


def test_limits_that_bind_late_are_waited_for_and_those_that_never_do_are_a_warning(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"projectId": PROJECT, "parent": "folders/987654321098"}
    cloud.call("POST", "/cloudresourcemanager/v3/projects", body)
    on = {"serviceIds": ["generativelanguage.googleapis.com"]}
    cloud.call("POST", f"/serviceusage/v1/projects/{PROJECT}/services:batchEnable", on)
    google = Google(GoogleConfig.read({}, environment(cloud.ready)), retries=CHANGES)
    shown: dict[str, list[str]] = {"progress": [], "warn": [], "note": []}
    context = Context(google, google, shown["progress"].append, shown["warn"].append, shown["note"].append)
    limits = ProjectLimits()

    def inputs(value: int) -> dict[str, Any]:
        return {"project": PROJECT, "limits": {FLASH: {"requestsPerMinute": value}}}

    def effective(state: State) -> set[int]:
        return set(state.outputs["effective"][FLASH]["requestsPerMinute"].values())

    # The clock is fast: what takes ten minutes at Google takes half a second.
    cloud.call("PUT", "/_local/clock", {"rate": 1200})
    _times(
        cloud,
        {"effectSeconds": 600, "method": OVERRIDES},
        {"staleSeconds": 300, "method": f"{OVERRIDES}.list"},
    )
    made = limits.create(context, inputs(4))
    assert effective(made) == {4}
    assert any("Google does not apply all of them yet" in each for each in shown["progress"])
    assert (shown["warn"], limits.stale(made.outputs)) == ([], [])

    monkeypatch.setattr(limits_in_force, "_WAIT_S", 0.0)
    _times(cloud, {"effectSeconds": "never", "method": OVERRIDES})
    changed = limits.update(context, made, inputs(3))
    assert effective(changed) == {4}
    assert changed.outputs["applied"] == changed.inputs == inputs(3)
    assert limits.stale(changed.outputs) == ["notInForce"]
    words = f"requestsPerMinute of {FLASH} on tier 1: 3 is set, 4 in force"
    assert words in changed.outputs["notInForce"]
    assert f"limits of {PROJECT} are set and not in force: " in shown["warn"][-1]
    read = limits.read(context, changed)
    assert read is not None
    assert (read.inputs, read.outputs["notInForce"]) == (inputs(3), changed.outputs["notInForce"])
    assert len(shown["warn"]) == 2

    # The remedy of the warning: removed and set anew.
    _times(cloud)
    limits.delete(context, changed)
    again = limits.create(context, inputs(3))
    assert (effective(again), limits.stale(again.outputs)) == ({3}, [])
