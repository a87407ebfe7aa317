"""`gemini-lz guard` and `gemini-lz usage`, against a guard that acts in a local cloud."""

import json
import re
import urllib.error
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from guard.project import Project
from landing_zone.audit import in_force
from landing_zone.audit.applied import AppliedProject, AppliedStack
from landing_zone.cli.app import app
from landing_zone.cli.console import WIDE, out
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.quotas import LimitName
from landing_zone.google import guard_record, objects, quota_overrides
from landing_zone.google.guard_signals import signals_of
from landing_zone.google.quota_overrides import Entry
from landing_zone.guarding.policy import Budget, Policy, Rate, StopStep, Throttle
from landing_zone.names import guard_bucket, guard_policy_object, guard_state_object
from landing_zone.preflight import guard as preflight_guard
from landing_zone.preflight import tiers as preflight_tiers
from landing_zone.preflight.subject import Subject
from landing_zone.settings import load_file
from sandbox import local_cloud
from sandbox.cloud.endpoints import environment
from sandbox.layout import ROOT, Layout
from tests.audit.world import ACCOUNT, World, google
from tests.preflight.subjects import subject_on
from tests.workspace import Cloud

BUCKET = guard_bucket("sandbox-seed", "prod")
FLASH = "gemini-3.8-flash"
PAGE = ROOT / "docs" / "usage.md"
RPM: LimitName = "requestsPerMinute"
NOW = datetime.fromisoformat("2026-11-27T10:00:00+00:00")
STACK = f"""\
config:
  gemini-landing-zone:billingAccount: {ACCOUNT}
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:guard: {{email: [oncall@example.com]}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      keys: {{backend: {{methods: [generate]}}}}
      budget: {{amount: 1, currency: USD}}
      guard: {{rate: false}}
      limits: {{{FLASH}: {{requestsPerMinute: 60, requestsPerDay: 1000}}, others: deny}}
      workload: [{{model: {FLASH}, requestsPerDay: 20, inputTokens: 10, outputTokens: 10}}]
    side:
      projectId: acme-side-prod
      tier: paid
      keys: {{app: {{methods: [generate]}}}}
      budget: {{amount: 50, currency: USD}}
      limits: {{{FLASH}: {{requestsPerMinute: 60, requestsPerDay: 1000}}, others: deny}}
    lab: {{projectId: acme-lab-prod, tier: free}}
"""
PROJECTS = ("acme-chat-prod", "acme-side-prod", "acme-lab-prod")


class Stack:
    """Projects in use, and a guard that runs when the test has it run."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        (folder / "stacks").mkdir()
        (folder / "stacks" / "Pulumi.prod.yaml").write_text(STACK)
        (folder / "Pulumi.yaml").write_text("name: x\nruntime: python\nstackConfigDir: stacks\n")
        self.clock(now=NOW.isoformat(), hold=True)
        world = World(cloud)
        for project in PROJECTS:
            world.project(project, account="" if "lab" in project else ACCOUNT)
        self.number = world.numbers["acme-chat-prod"]
        world.limit("acme-chat-prod", RPM, 60, FLASH)
        world.limit("acme-chat-prod", RPM, 0)
        self.account = world.account("acme-chat-prod", "backend")
        cloud.call("POST", "/storage/storage/v1/b?project=sandbox-seed", {"name": BUCKET})
        self.policy = Policy(
            stack="prod",
            name="chat",
            project="acme-chat-prod",
            number=self.number,
            currency="USD",
            amount=Decimal(1),
            budget=Budget(ACCOUNT, "b-1", "chat budget"),
            subscription="projects/sandbox-seed/subscriptions/s",
            notify=Decimal("0.5"),
            throttle=Throttle(Decimal("0.8"), Decimal("0.25")),
            stop=StopStep(Decimal(1), "both"),
            rate=Rate(Decimal(3)),
            accounts=(self.account,),
            priority=False,
            caches=False,
        )
        self.write_policy(self.policy)
        self.keys = {project: self.key(project) for project in PROJECTS}

    def key(self, project: str) -> str:
        keys = f"/apikeys/v2/projects/{project}/locations/global/keys"
        target = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
        self.cloud.call("POST", f"{keys}?keyId=one", {"restrictions": target})
        return str(self.cloud.call("GET", f"{keys}/one/keyString")["keyString"])

    def generate(self, key: str) -> int:
        body = {"contents": [{"parts": [{"text": "hi"}]}]}
        path = f"/generativelanguage/v1beta/models/{FLASH}:generateContent?key={key}"
        try:
            self.cloud.call("POST", path, body)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def clock(self, **body: Any) -> None:
        self.cloud.call("PUT", "/_local/clock", body)

    def use(self, project: str, calls: int, status: int = 200) -> None:
        """Make calls, and let a minute pass."""
        assert {self.generate(self.keys[project]) for _ in range(calls)} == {status}
        self.clock(advanceSeconds=60)

    def write_policy(self, policy: Policy) -> None:
        name, client = guard_policy_object(policy.project), google(self.cloud)
        objects.write(client, BUCKET, name, policy.as_json(), objects.generation_of(client, BUCKET, name))

    def guard(self, policy: Policy | None = None) -> None:
        """Let the guard run once."""
        client = google(self.cloud)
        client.call("storage", "GET", f"b/{BUCKET}")  # so that it knows the time
        run = Project(client, BUCKET, policy or self.policy, "one", signals_of).run()
        assert not run.unfinished

    def run(self, *arguments: str, width: int = WIDE) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            # A parallel test run says 80.
            patch.setattr(out, "width", width)
            for name, value in environment(self.cloud.ready).items():
                patch.setenv(name, value)
            return CliRunner().invoke(app, arguments)

    def findings(self) -> list[tuple[str, str]]:
        """What the preflight finds of the guard."""
        return [(each.id, str(each.level)) for each in preflight_guard.check(self.subject(), "chat")]

    def subject(self) -> Subject:
        """The stack as the preflight looks at it."""
        path = self.folder / "stacks" / "Pulumi.prod.yaml"
        return replace(subject_on(self.cloud, path), settings=load_file("prod", path))

    def json(self, code: int, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json")
        assert done.exit_code == code, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    layout = Layout(program=ROOT, state=tmp_path / "cloud")
    yield Stack(Cloud(local_cloud.launch(layout, ["--port", "0"])), tmp_path)
    local_cloud.stop(layout)


def test_the_page_shows_what_is_printed(stack: Stack) -> None:
    shown = dict(re.findall(r"```console\n\$ gemini-lz (\S+).*?\n(.*?)```", PAGE.read_text(), re.DOTALL))
    stack.guard(stack.policy)
    stack.clock(advanceSeconds=60)
    for project, calls in zip(PROJECTS, (5, 3, 2), strict=True):
        stack.use(project, calls)
    stack.guard(stack.policy)
    for name, arguments in (("usage", ("usage", "prod")), ("guard", ("guard", "status", "prod"))):
        lines = stack.run(*arguments).stdout.splitlines()
        assert "\n".join(line.rstrip() for line in lines) + "\n" == shown[name]


def test_the_examples_of_the_help_run(stack: Stack) -> None:
    stack.guard(stack.policy)
    for command in (("guard", "status"), ("guard", "release"), ("usage",)):
        [example] = re.findall(r"Example: gemini-lz (.*)", stack.run(*command, "--help").stdout)
        done = stack.run(*example.split())
        assert done.exit_code == 0, done.output


def test_status_and_release_of_an_act(stack: Stack) -> None:
    status = ("guard", "status", "prod")
    # It has not run yet.
    [chat] = stack.json(3, *status)["projects"]
    assert (chat["silent"], chat["lastRun"], chat["inForce"]) == (True, None, False)
    stack.guard(stack.policy)
    stack.clock(advanceSeconds=60)
    stack.use("acme-chat-prod", 5)
    stack.guard(stack.policy)
    [chat] = stack.json(0, *status)["projects"]
    one = Decimal(chat["estimate"])
    assert one > 0
    assert chat["basis"] == f"{one:.2f} USD metered, and no budget message yet"
    assert Decimal(chat["metered"]) == one
    assert chat["next"]["does"] == "notify"
    # At the present rate it is reached in as many times ten minutes as the rest is of these ten minutes.
    left = (Decimal(chat["next"]["at"]) - one) / Decimal(chat["tenMinutes"]["amount"])
    reached = datetime.fromisoformat(chat["next"]["reached"])
    assert abs((reached - NOW).total_seconds() - 120 - float(left) * 600) < 2
    assert datetime.fromisoformat(chat["next"]["inForceBy"]) - reached == timedelta(minutes=10)

    # The amount is used up: what is due at its next run, and then what it did.
    small = replace(stack.policy, amount=one)
    stack.write_policy(small)
    [chat] = stack.json(1, *status)["projects"]
    assert [(act["does"], act["status"]) for act in chat["due"]] == [("notify", "done"), ("stop", "intended")]
    stack.guard(small)
    [chat] = stack.json(1, *status)["projects"]
    assert [(act["step"], act["status"]) for act in chat["acts"]] == [("notify", "done"), ("stop", "done")]
    assert chat["held"]["serviceAccounts"] == [stack.account]
    assert {(each["before"], each["now"]) for each in chat["held"]["limits"] if each["model"] == FLASH} == {
        (60, 0)
    }
    assert chat["due"] == []
    assert chat["next"] is None
    text = stack.run(*status)
    assert text.exit_code == 1
    assert "stopped acme-chat-prod on 2026-11-27 10:02 UTC: the month has cost" in text.stdout
    assert f"{stack.account}: disabled, before enabled" in text.stdout
    stack.use("acme-chat-prod", 1, 429)

    # So does `show`, beside the limits that are not as applied.
    applied = AppliedProject("chat", "acme-chat-prod", stack.number, ACCOUNT, guard=(BUCKET, stack.number))
    [shown] = in_force.read(google(stack.cloud), AppliedStack({"chat": applied}, {}, {})).projects
    assert shown.guard_act.startswith("the guard stopped acme-chat-prod on 2026-11-27 10:02 UTC: the month")
    # An update is warned of it beforehand, and refused if it could link billing again.
    assert stack.findings() == [("guard-acted", "warning")]
    file, metric = stack.folder / "stacks" / "Pulumi.prod.yaml", "generate_requests_per_model"
    quota = f"{{service: {GEMINI_API}, metric: {GEMINI_API}/{metric}, limit: /min/model/project, value: 9"
    of_pro = f"      quotas: {{pro: {quota}, dimensions: {{model: gemini-2.5-pro}}}}}}\n"
    file.write_text(STACK.replace("    side:\n", f"{of_pro}    side:\n"))
    assert stack.findings() == [("guard-lowered-quota", "error"), ("guard-acted", "warning")]
    file.write_text(STACK)
    held = guard_record.update(
        google(stack.cloud),
        BUCKET,
        stack.number,
        lambda each: replace(each, held=replace(each.held, link=ACCOUNT)),
    )
    assert stack.findings() == [("guard-unlinked", "error")]
    assert held.record
    guard_record.update(
        google(stack.cloud),
        BUCKET,
        stack.number,
        lambda each: replace(each, held=replace(each.held, link="")),
    )

    # A person raises one meanwhile: that is left, and said.
    client = google(stack.cloud)
    [limit] = [
        each
        for each in quota_overrides.list_limits(client, "acme-chat-prod")
        if each.metric.endswith("/generate_requests_per_model")
    ]
    quota_overrides.impose(client, "acme-chat-prod", [Entry(limit, FLASH, "7")])
    refused = stack.run("guard", "release", "chat", "--stack", "prod")
    assert refused.exit_code == 2
    assert "write gemini-lz guard release chat --stack prod --yes" in refused.stderr
    released = stack.json(1, "guard", "release", "acme-chat-prod", "--stack", "prod", "--yes")
    assert released["released"] == ["stop"]
    assert released["left"] == [
        f"requestsPerMinute of {FLASH} on tier 1: it was changed to 7 meanwhile, and stays so"
    ]
    after = {
        (each.place, model): bucket.value
        for each in quota_overrides.list_limits(client, "acme-chat-prod")
        for model, bucket in each.buckets.items()
        if bucket.value is not None
    }
    assert set(after.values()) == {0, 7, 60}
    # It does not act again, and there is nothing more to release.
    stack.guard(small)
    [chat] = stack.json(0, *status)["projects"]
    assert not chat["inForce"]
    again = stack.run("guard", "release", "chat", "--stack", "prod", "--yes")
    assert (again.exit_code, again.stdout) == (0, "chat: no act of the guard is in force\n")
    stack.clock(advanceSeconds=601)
    done = stack.run(*status)
    assert done.exit_code == 3
    assert "it is silent" in done.stdout


def test_what_was_done_is_released_though_the_project_has_no_guard_any_more(stack: Stack) -> None:
    stack.guard()
    stack.clock(advanceSeconds=60)
    stack.use("acme-chat-prod", 5)
    stack.guard(replace(stack.policy, amount=Decimal("0.000001")))
    stack.use("acme-chat-prod", 1, 429)
    # The update takes the policy away; the record of what was there before stays.
    google(stack.cloud).call("storage", "DELETE", f"b/{BUCKET}/o/policy%2Facme-chat-prod.json")
    # So can one that is not in the stack file any more be, by its id.
    others = re.sub(r"    chat:.*?(?=    side:)", "", STACK, flags=re.DOTALL)
    (stack.folder / "stacks" / "Pulumi.prod.yaml").write_text(others)
    released = stack.json(0, "guard", "release", "acme-chat-prod", "--stack", "prod", "--yes")
    assert released["released"] == ["stop"]
    stack.clock(advanceSeconds=60)
    stack.use("acme-chat-prod", 1)


def test_what_is_throttled_is_not_taken_for_what_the_tier_allows(stack: Stack) -> None:
    def findings() -> list[str]:
        return [each.id for each in preflight_tiers.check(stack.subject(), "chat")]

    stack.guard()
    assert findings() == []
    stack.clock(advanceSeconds=60)
    stack.use("acme-chat-prod", 5)
    stack.guard(replace(stack.policy, stop=None, amount=Decimal("0.000001")))
    assert stack.findings() == [("guard-acted", "warning")]
    assert findings() == []


def test_what_cannot_be_read_is_said(stack: Stack) -> None:
    fault = {"error": "PERMISSION_DENIED", "method": "storage.objects.get", "times": 99}
    stack.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    done = stack.run("guard", "status", "prod")
    assert done.exit_code == 2
    assert "403 PERMISSION_DENIED" in done.stdout
    # What is billed is not known without it.
    done = stack.run("usage", "prod")
    assert done.exit_code == 2
    assert "the guard's record of acme-chat-prod: 403" in done.stdout
    stack.cloud.call("PUT", "/_local/faults", {"faults": []})
    assert stack.run("guard", "release", "nobody", "--stack", "prod").exit_code == 2
    # Nothing read is not nothing used.
    stack.guard()
    fault = {"error": "PERMISSION_DENIED", "method": "monitoring.projects.timeSeries.list", "times": 9999}
    stack.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    done = stack.run("guard", "status", "prod")
    assert done.exit_code == 2
    assert re.search(r"month +at least 0.00 USD of", done.stdout)
    assert re.search(r"unread +Cloud Monitoring could not be read: 403", done.stdout)
    done = stack.run("usage", "prod")
    assert done.exit_code == 2
    assert done.stdout.count("not known") == 2
    chat, side, _ = stack.json(2, "usage", "prod")["projects"]
    assert (chat["estimate"], side["models"], side["metered"]) == (None, None, None)
    stack.cloud.call("PUT", "/_local/faults", {"faults": []})
    google(stack.cloud).call("storage", "DELETE", f"b/{BUCKET}/o/state%2F{stack.number}.json")
    content = {"version": 99}
    objects.write(google(stack.cloud), BUCKET, guard_state_object(stack.number), content, objects.ABSENT)
    assert "deploy the stack again" in stack.run("guard", "status", "prod").stdout.replace("\n", " ")
    client = google(stack.cloud)
    for name, _ in objects.listed(client, BUCKET, ""):
        client.call("storage", "DELETE", f"b/{BUCKET}/o/{name.replace('/', '%2F')}")
    client.call("storage", "DELETE", f"b/{BUCKET}")
    done = stack.run("guard", "status", "prod")
    assert done.exit_code == 2
    assert f"bucket {BUCKET} does not exist: run gemini-lz up" in " ".join(done.stdout.split())


def test_usage_against_budgets_and_plans(stack: Stack) -> None:
    stack.guard(stack.policy)
    stack.clock(advanceSeconds=60)
    stack.use("acme-chat-prod", 5)
    stack.use("acme-side-prod", 3)
    stack.use("acme-lab-prod", 2)
    stack.cloud.call("DELETE", "/apikeys/v2/projects/acme-side-prod/locations/global/keys/one")
    found = stack.json(0, "usage", "prod")
    assert found["since"] == "2026-11-01T07:00:00+00:00"
    projects = {each["name"]: each for each in found["projects"]}
    [chat], [side], [lab] = (projects[name]["models"] for name in ("chat", "side", "lab"))
    assert [(each["model"], each["requests"]) for each in (chat, side, lab)] == [
        (FLASH, 5),
        (FLASH, 3),
        (FLASH, 2),
    ]
    assert chat["inputTokens"] > 0
    assert chat["outputTokens"] > 0
    assert Decimal(chat["cost"]) / 5 == Decimal(side["cost"]) / 3
    assert lab["cost"] == "0"
    assert projects["side"]["calls"] == {"200": 3}
    # With a guard or without: the same derivation, the same figure.
    [guarded] = stack.json(0, "guard", "status", "prod")["projects"]
    assert projects["chat"]["estimate"]["amount"] == guarded["estimate"] == chat["cost"]
    assert projects["chat"]["planned"] is not None
    assert projects["side"]["planned"] is None
    # In a narrow terminal no model's name is cut.
    narrow = stack.run("usage", "prod", width=40).stdout
    assert max(map(len, narrow.splitlines())) <= 40
    assert f"{FLASH}: 5 requests, 5 input tokens," in " ".join(narrow.split())
    # A budget that is used up is the exit code's. A free project has no guard, whatever `defaults` say.
    text = STACK.replace("amount: 1,", "amount: 0.01,").replace("amount: 50", "amount: 0.01")
    text = text.replace("tier: free", "tier: free, guard: true")
    (stack.folder / "stacks" / "Pulumi.prod.yaml").write_text(text)
    shown = stack.run("usage", "prod")
    assert shown.exit_code == 1
    assert "nothing is charged on the free tier" in shown.stdout
    assert "3 answered, 0 refused" in shown.stdout
    # From a day on: nothing of before.
    assert [each["name"] for each in stack.json(0, "guard", "status", "prod")["projects"]] == ["chat"]
    later = stack.json(1, "usage", "prod", "--since", "2026-11-27")
    assert {each["name"]: len(each["models"]) for each in later["projects"]} == {
        "chat": 1,
        "side": 1,
        "lab": 1,
    }
