"""What becomes a difference, whose it is, and how it is shown."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from landing_zone.drift.attribution import Run, of_run
from landing_zone.drift.difference import GONE, Difference, Drift
from landing_zone.drift.markdown import as_markdown
from landing_zone.drift.refresh_events import RefreshEvents, plugin_differences
from landing_zone.drift.state import State
from landing_zone.settings import EnvironmentSettings

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PROJECT = "urn:pulumi:x::p::gemini-landing-zone:index:GeminiProject::chat"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
DIFFERENCE = Difference("chat", "limits", "others", "others", "denied", "open", "limits others: open")


def entry(kind: str, name: str, inputs: dict[str, Any], resource_id: str = "id") -> dict[str, Any]:
    """A resource of the state."""
    urn = f"urn:pulumi:x::p::gemini-landing-zone:index:GeminiProject${kind}::{name}"
    return {"urn": urn, "type": kind, "id": resource_id, "parent": PROJECT, "custom": True, "inputs": inputs}


def found(*read: tuple[dict[str, Any], dict[str, Any] | None, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """Name, property and words of the differences that a refresh comes to."""
    resources = [
        {"urn": PROJECT, "type": "gemini-landing-zone:index:GeminiProject"},
        *(old for old, _, _ in read),
    ]
    events = RefreshEvents(State({"deployment": {"resources": resources}}))
    for old, inputs, paths in read:
        new = None if inputs is None else {**old, "inputs": inputs}
        op = "delete" if inputs is None else "update" if paths else "same"
        step = {
            "op": op,
            "urn": old["urn"],
            "old": old,
            "new": new,
            "detailedDiff": {path: {} for path in paths},
        }
        events.see({"resOutputsEvent": {"metadata": step}})
    return [(each.name, each.what, each.words) for each in plugin_differences(events)]


def test_inputs_differ_and_what_google_adds_does_not() -> None:
    alert = "gcp:monitoring/alertPolicy:AlertPolicy"
    old = entry(
        alert,
        "chat-rate",
        {"__defaults": ["enabled"], "enabled": True, "userLabels": {"a": "b"}, "severity": ""},
    )
    assert (
        found(
            (
                old,
                {"__defaults": [], "enabled": True, "userLabels": {"a": "b", "c": ""}},
                ("userLabels", "severity"),
            )
        )
        == []
    )
    assert (
        found((old, {"enabled": True, "documentation": {"content": "x"}}, ("documentation.content",))) == []
    )
    assert found((old, {"enabled": False, "userLabels": {"a": "b"}}, ("enabled",))) == [
        ("rate", "enabled", "alert rate: enabled is false; true as last applied")
    ]
    # What the plugin does not name as a difference is none, whatever its inputs look like.
    assert found((old, {"enabled": False}, ())) == []


def test_what_is_gone_is_not_reported_again_at_what_named_it() -> None:
    channel = entry(
        "gcp:monitoring/notificationChannel:NotificationChannel",
        "chat--mail",
        {},
        "projects/p/notificationChannels/1",
    )
    names = ["projects/p/notificationChannels/1", "projects/p/notificationChannels/2"]
    alert = entry("gcp:monitoring/alertPolicy:AlertPolicy", "chat-rate", {"notificationChannels": names})
    only = {"notificationChannels": names[1:]}
    assert [
        (name, what)
        for name, what, _ in found((channel, None, ()), (alert, only, ("notificationChannels[0]",)))
    ] == [("mail", GONE)]
    none: dict[str, Any] = {"notificationChannels": []}
    [_, (name, what, words)] = found((channel, None, ()), (alert, none, ("notificationChannels[0]",)))
    assert (name, what) == ("rate", "notificationChannels")
    assert words == "alert rate: notificationChannels lost projects/p/notificationChannels/2"


def test_a_secret_that_differs_is_named_and_not_shown() -> None:
    channel = entry(
        "gcp:monitoring/notificationChannel:NotificationChannel",
        "chat--hook",
        {"sensitiveLabels": {"password": SECRET}},
    )
    [(_, what, words)] = found((channel, channel["inputs"], ("sensitiveLabels.password",)))
    assert what == "sensitiveLabels"
    assert "[secret]" in words
    assert "1b47" not in words


def settings() -> EnvironmentSettings:
    """Without any project."""
    return EnvironmentSettings(stack="x", projects={})


@pytest.mark.parametrize(
    ("since", "begin", "is_its_own"),
    [
        (NOW, NOW - timedelta(minutes=1), True),
        (NOW - timedelta(days=1), NOW, False),
        (None, NOW, True),  # its entry may not be in the log yet
        (NOW - timedelta(days=1), None, True),
    ],
)
def test_beside_a_run_only_what_is_older_than_it_counts(
    since: datetime | None, begin: datetime | None, is_its_own: bool
) -> None:
    change = replace(DIFFERENCE, since=since)
    [judged] = of_run([change], Run("up by me", begin), (), settings(), None)
    assert judged.of_run is is_its_own
    assert judged.counts is not is_its_own
    [alone] = of_run([change], None, (), settings(), None)
    assert alone.counts


def test_what_a_run_had_begun_is_its_own_without_a_mark() -> None:
    begun = replace(DIFFERENCE, urn="urn:1", since=NOW)
    judged = of_run([begun, DIFFERENCE], None, ["urn:1"], settings(), None)
    assert [each.of_run for each in judged] == [True, False]


def drift(*differences: Difference, unread: tuple[str, ...] = ()) -> Drift:
    """A stack's."""
    return Drift("prod", NOW, "", differences, (), unread)


def test_the_exit_code_counts_what_others_did() -> None:
    own = replace(DIFFERENCE, of_run=True)
    act = replace(DIFFERENCE, guard=True)
    assert drift().exit_code == 0
    assert drift(own, act).exit_code == 0
    assert drift(own, act, unread=("x",)).exit_code == 2
    assert drift(own, DIFFERENCE, unread=("x",)).exit_code == 1
    found = json.loads(json.dumps(drift(DIFFERENCE).as_json()))
    assert found.keys() == {"stack", "asOf", "runAtWork", "differences", "worstMonth", "unread"}
    assert found["differences"][0] == {
        "project": "chat",
        "kind": "limits",
        "name": "others",
        "what": "others",
        "applied": "denied",
        "inForce": "open",
        "words": "limits others: open",
        "since": None,
        "by": None,
        "guard": False,
        "ofRun": False,
        "worstMonth": None,
    }


def test_markdown_obeys_nothing_that_others_named_and_fits_into_a_comment() -> None:
    hostile = replace(
        DIFFERENCE, words="key @everyone ![x](http://a.example/x.png) <img src=x> #1", by="`rm -rf`"
    )
    page = as_markdown(drift(hostile))
    assert page.startswith("<!-- gemini-lz drift -->\n")
    assert not any(each in page for each in ("@everyone", "![x]", "<img", "`rm", "](http"))
    long = [replace(DIFFERENCE, name=str(number), words=f"{number} {'x' * 500}") for number in range(1000)]
    cut = as_markdown(drift(*long))
    assert len(cut.encode()) <= 65_536
    assert cut.endswith("gemini-lz drift has them all\n")
