"""`gemini-lz up` and its like through the engine: what is printed, the exit codes, Ctrl-C, and two runs at once."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import Engine
from tests.operations.databases import postgres_url
from tests.operations.stage import Stage, census, plain_stage
from tests.workspace import STACK

PROJECTS = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults: {tier: paid, deletionPolicy: DELETE, tierWait: 0, budget: {currency: USD}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-run-chat
      keys: {backend: {allowedIps: [203.0.113.7], methods: [generate, countTokens]}}
      budget: {amount: 100}
      limits: {gemini-3.8-flash: {requestsPerMinute: 5, requestsPerDay: 50, inputTokensPerMinute: 9000}, others: deny}
    other:
      projectId: acme-run-other
      budget: {amount: 10}
      keys: {worker: {methods: [generate]}}
      limits: {gemini-3.8-flash: {requestsPerMinute: 1, requestsPerDay: 10, inputTokensPerMinute: 9000}, others: deny}
"""
UP = ("gemini-lz", "up", STACK, "--yes")
ELSEWHERE = (
    sys.executable,
    "-c",
    "import socket; socket.gethostname = lambda: 'elsewhere'; from landing_zone.cli import main; main()",
)
"""The command as another machine would run it."""


@pytest.fixture
def stage(tmp_path: Path, engine: Engine) -> Iterator[Stage]:
    """Two projects, not made yet."""
    with plain_stage(tmp_path, engine, PROJECTS) as made:
        yield made


def test_a_pipe_gets_a_line_per_event_and_programs_get_json(stage: Stage) -> None:
    code, printed = stage.run(*UP)
    lines = printed.splitlines()
    assert code == 0, printed
    for line in ("chat: project created", "chat: key backend created", "other: budget created"):
        assert lines.count(line) == 1, printed
    assert any(line.startswith("at worst in a month: ") for line in lines)
    assert any("acme-run-chat" in line and "backend" in line and "100.00 USD" in line for line in lines)
    assert "created" in lines[-1]
    assert "\x1b" not in printed

    text = stage.workspace.stack_file.read_text()
    stage.workspace.stack_file.write_text(text.replace("requestsPerDay: 50", "requestsPerDay: 40"))
    events = json_events(stage, "preview", STACK)
    [changed] = [each for each in events if each["event"] == "done"]
    assert (changed["project"], changed["op"], changed["text"]) == (
        "chat",
        "update",
        "limits to be updated (limits)",
    )
    before = stage.writes()
    assert events[-1]["changes"]["updated"] == 1
    assert events[-1]["worstMonth"]["before"] != events[-1]["worstMonth"]["after"]
    assert events == [*events[:-1], {**events[-1], "exitCode": 0}]
    assert stage.writes() == before

    events = json_events(stage, "up", STACK, "--yes")
    assert events[-1]["changes"]["updated"] == 1
    assert [each["projectId"] for each in events if each["event"] == "project"] == [
        "acme-run-chat",
        "acme-run-other",
    ]
    code, printed = stage.run("gemini-lz", "destroy", STACK, "--yes")
    assert code == 0
    assert "chat: key backend deleted" in printed.splitlines()
    assert census(stage.cloud) == {"projects": ["sandbox-seed"]}


def json_events(stage: Stage, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    found, printed = stage.run("gemini-lz", *arguments, "--json")
    assert found == code, printed
    return [json.loads(line) for line in printed.splitlines()]


def test_a_refusal_names_the_setting_and_the_remedy_and_stops_no_other_project(stage: Stage) -> None:
    fault = {
        "error": "FAILED_PRECONDITION",
        "method": "billingbudgets.billingAccounts.budgets.create",
        "times": 1,
    }
    stage.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    code, printed = stage.run(*UP)
    assert code == 1
    refused = [line for line in printed.splitlines() if line.startswith("refused  ")]
    assert len(refused) == 1
    name = refused[0].removeprefix("refused  ").partition(":")[0]
    assert f"{name}: budget not created" in refused[0]
    # The setting and the remedy, as it happens and again at the end.
    assert printed.count(f"gemini-landing-zone:projects.{name}.budget ({name}): ") == 2
    other = {"chat": "other", "other": "chat"}[name]
    assert f"{other}: budget created" in printed
    assert ", 1 refused; " in printed.splitlines()[-1]
    # The next run looks first whether the refused call was carried out.
    code, printed = stage.run(*UP)
    assert code == 0, printed
    assert "the last run was refused, or failed: up by " in printed
    assert stage.workspace.preview() == []


def test_what_was_created_and_not_read_after_it_is_not_created_twice(stage: Stage) -> None:
    alerts = "alerts: {email: [oncall@example.com], errorRate: 0.05}"
    stage.workspace.write(PROJECTS.replace("budget: {amount: 10}", f"budget: {{amount: 10}}\n      {alerts}"))
    fault = {"error": "RATE_LIMIT_EXCEEDED", "method": "monitoring.projects.alertPolicies.get"}
    stage.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    code, printed = stage.run(*UP)
    assert code == 1
    assert "gemini-landing-zone:projects.other.alerts" in printed
    assert "created, and it could not be read after that; the next gemini-lz up takes it over" in printed
    assert stage.run(*UP)[0] == 0
    listed = stage.cloud.call("GET", "/monitoring/v3/projects/acme-run-other/alertPolicies")["alertPolicies"]
    names = [each["displayName"] for each in listed]
    assert len(names) == len({*names}) > 0
    assert stage.workspace.preview() == []


def test_what_a_refusal_holds_up_keeps_no_link_to_what_was_deleted(stage: Stage) -> None:
    assert stage.run(*UP)[0] == 0
    file = stage.workspace.stack_file
    changed = PROJECTS.replace("worker: {", "worker: {standard: true, ").replace("Minute: 1,", "Minute: 2,")
    file.write_text(changed)
    fault = {
        "error": "PERMISSION_DENIED",
        "method": "serviceusage.services.consumerQuotaMetrics.importConsumerOverrides",
        "times": 99,
    }
    stage.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    code, printed = stage.run(*UP)
    assert (code, "other: service account worker deleted" in printed) == (1, True), printed
    assert "other: limits not updated" in printed
    stage.cloud.call("PUT", "/_local/faults", {"faults": []})
    # The key, which waits for the limits, depended on the account.
    assert ("replace", "worker") in {
        (each.op, each.name.rpartition("-")[2]) for each in stage.workspace.preview()
    }
    assert stage.run(*UP)[0] == 0
    assert stage.workspace.preview() == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("up", "tset", "--yes"), 2, "did you mean 'test'?"),
        (("up", STACK), 2, "write gemini-lz up test --yes"),
        (("destroy", STACK), 2, "write gemini-lz destroy test --yes"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_called(
    stage: Stage, arguments: tuple[str, ...], code: int, words: str
) -> None:
    found, printed = stage.run("gemini-lz", *arguments)
    assert found == code
    assert words in printed
    assert stage.writes() == 0


def test_a_mistake_in_the_file_and_a_stack_that_nobody_made_are_refused(stage: Stage) -> None:
    path = stage.workspace.stack_file
    path.write_text(PROJECTS.replace("keys:", "kyes:"))
    code, printed = stage.run(*UP)
    assert (code, stage.writes()) == (1, 0)
    assert "did you mean 'keys'?" in printed
    more = path.with_name("Pulumi.more.yaml")
    more.write_text(PROJECTS)
    code, printed = stage.run("gemini-lz", "preview", "more")
    assert (code, stage.writes()) == (1, 0)
    assert "gemini-lz up more creates it, or pulumi stack init more" in printed
    # A stack of another backend is not made a second time.
    more.write_text(f"{PROJECTS}encryptionsalt: v1:AAAA\n")
    code, printed = stage.run("gemini-lz", "up", "more", "--yes")
    assert (code, stage.writes()) == (1, 0)
    assert "Pulumi.more.yaml has the encryptionsalt of one that was created" in printed


@pytest.mark.parametrize("how", ["Ctrl-C", pytest.param("SIGTERM", marks=pytest.mark.long)])
def test_ctrl_c_ends_what_was_begun_and_writes_the_state(stage: Stage, how: str) -> None:
    stage.cloud.call("PUT", "/_local/latency", {"ms": 150})
    process = stage.start(*UP)
    while not any(each["path"].startswith("/v2/projects/") for each in stage.cloud.requests()):
        assert process.poll() is None
    if how == "Ctrl-C":
        stage.interrupt(process)  # the terminal sends it to all processes of the command
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait() == 130
    stage.cloud.call("PUT", "/_local/latency", {"ms": 0})
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    assert any(each["type"].endswith(":Project") for each in exported["deployment"]["resources"])
    code, printed = stage.run(*UP)
    assert code == 0, printed
    assert "Error 409" not in printed
    assert stage.workspace.preview() == []


def test_two_runs_of_one_stack_at_once_make_everything_once(stage: Stage) -> None:
    stage.cloud.call("PUT", "/_local/latency", {"ms": 500})
    first = stage.start(*UP)
    while stage.writes() < 2:
        assert first.poll() is None
    code, printed = stage.run(*UP)
    assert first.wait() == 0
    assert code == 0, printed
    assert "waiting for another run on the stack: " in printed
    created = [
        each
        for each in stage.cloud.requests()
        if each["method"] == "POST" and each["path"].startswith("/v1/projects?")
    ]
    assert len(created) == 2
    assert stage.workspace.preview() == []


Backend = Callable[[Path], str | None]


@pytest.mark.parametrize("backend", ["postgres", pytest.param("file", marks=pytest.mark.long)])
def test_what_one_machine_left_is_recovered_from_another(
    tmp_path: Path, engine: Engine, backend: str
) -> None:
    with (
        postgres_url(tmp_path / "postgres", backend) as url,
        plain_stage(tmp_path, engine, PROJECTS, url) as stage,
    ):
        stage.kill(UP, "group", 9, carried_out=True)
        written = stage.writes()
        code, printed = stage.run(*ELSEWHERE, "up", STACK, "--yes")
        assert code == 3, printed
        assert "(pid " in printed
        assert f"gemini-lz recover {STACK} --unlock" in printed
        assert stage.writes() == written
        code, printed = stage.run(*ELSEWHERE, "recover", STACK, "--unlock")
        assert code == 0, printed
        assert "resources taken over" in printed
        assert stage.writes() == written
        code, printed = stage.run(*ELSEWHERE, "up", STACK, "--yes")
        assert code == 0, printed
        assert stage.workspace.preview() == []
        created = [
            each
            for each in stage.cloud.requests()
            if each["method"] == "POST" and each["path"].startswith("/v1/projects?")
        ]
        assert len(created) == 2
