"""The guard of an environment by Pulumi's mocks: its policy of each project, and what its accounts may do."""

import ast
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import guard_source
from components.guard_source import Source
from landing_zone.guarding.policy import Policy, StopStep, Throttle
from landing_zone.pricing.metered import Use, priced
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.settings import EnvironmentSettings, load_file
from tests.components.test_environment import BUDGET, Recorder, make, recorder

__all__ = ["recorder"]  # the fixture

STACK_FILE = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:defaults:
    alerts: {email: [oncall@example.com]}
    guard: true
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-t
      tier: paid
      budget: {amount: 100, currency: USD}
      keys: {backend: {}, widget: {serviceAccount: app@acme-seed.iam.gserviceaccount.com}}
      guard: {amount: 90, throttle: {at: 0.7, to: 0.5}, stop: {at: 0.9, by: both}}
      limits: {gemini-3.8-flash: {requestsPerMinute: 60, inputTokensPerMinute: 90000}, others: deny}
      workload: [{model: gemini-3.8-flash, requestsPerDay: 1440, inputTokens: 1000, outputTokens: 100, peakFactor: 3}]
    lab: {projectId: acme-lab-t, tier: paid, budget: {amount: 50, currency: USD, topic: spend}}
    play: {projectId: acme-play-t, tier: free}
"""


@pytest.fixture
def settings(tmp_path: Path) -> EnvironmentSettings:
    (tmp_path / "Pulumi.t.yaml").write_text(STACK_FILE)
    return load_file("t", tmp_path / "Pulumi.t.yaml")


def test_each_guarded_project_has_a_policy_that_the_guard_reads(
    recorder: Recorder, settings: EnvironmentSettings
) -> None:
    make(settings)
    objects = {each["name"]: each for each in recorder.of("gcp:storage/bucketObject:BucketObject").values()}
    assert {name for name in objects if name.startswith("policy/")} == {
        "policy/acme-chat-t.json",
        "policy/acme-lab-t.json",
    }
    policy = Policy.from_json(json.loads(_plain(objects["policy/acme-chat-t.json"]["content"])))
    assert (policy.project, policy.number, policy.amount) == ("acme-chat-t", "123456789012", Decimal(90))
    assert policy.budget.display_name == recorder.of(BUDGET)["chat"]["displayName"]
    assert policy.budget.id == "chat"  # as the mock names it
    assert policy.throttle == Throttle(Decimal("0.7"), Decimal("0.5"))
    assert policy.stop == StopStep(Decimal("0.9"), "both")
    # The account that another project has may be used by others.
    assert policy.accounts == ("gemini-backend@acme-chat-t.iam.gserviceaccount.com",)
    assert policy.counted == ("content",)
    subscriptions = recorder.of("gcp:pubsub/subscription:Subscription")
    assert {each["name"]: each["topic"] for each in subscriptions.values()} == {
        policy.subscription.rpartition("/")[2]: "t-guard-id",
        "gemini-guard-t-f64a33": "t--spend-id",
    }
    # The budget of `lab` has a topic of its own, on which the guard hears of it.
    assert recorder.of(BUDGET)["chat"]["allUpdatesRule"]["pubsubTopic"] == "t-guard-id"
    assert recorder.of(BUDGET)["lab"]["allUpdatesRule"]["pubsubTopic"] == "t--spend-id"


def test_ten_minutes_of_the_plan_are_priced_as_what_is_metered(settings: EnvironmentSettings) -> None:
    policies = guard_policies(settings, date(2026, 11, 27))
    assert policies["lab"].ten_minutes is None
    # 1,440 a day are one a minute, and three at the peak: 3,000 tokens, and answers of 300.
    noon = datetime(2026, 11, 27, 20, tzinfo=UTC)
    chat = policies["chat"]
    use = Use(noon, noon + timedelta(minutes=1), "gemini-3.8-flash", 3, 3000, 300)
    [minute] = priced([use], chat.terms, chat.doors).spends
    assert chat.ten_minutes == 10 * minute.cost > 0


def test_the_guard_may_do_in_a_project_what_its_steps_call_and_no_more(
    recorder: Recorder, settings: EnvironmentSettings
) -> None:
    make(settings)
    roles = recorder.of("gcp:projects/iAMCustomRole:IAMCustomRole")
    limits = [
        "monitoring.timeSeries.list",
        "serviceusage.operations.get",
        "serviceusage.quotas.get",
        "serviceusage.quotas.update",
    ]
    accounts = [f"iam.serviceAccounts.{verb}" for verb in ("disable", "enable", "get")]
    assert {role["project"]: role["permissions"] for role in roles.values()} == {
        "acme-chat-t": [*accounts, *limits],
        "acme-lab-t": limits,
    }
    granted = {
        (each["project"], each["role"], each["member"].partition("@")[0])
        for each in recorder.of("gcp:projects/iAMMember:IAMMember").values()
    }
    own = {f"projects/{each['project']}/roles/{each['roleId']}" for each in roles.values()}
    assert granted == {
        *((role.split("/")[1], role, "serviceAccount:gemini-guard-t") for role in own),
        ("acme-seed", "roles/monitoring.metricWriter", "serviceAccount:gemini-guard-t"),
        ("acme-seed", "roles/artifactregistry.writer", "serviceAccount:gemini-guard-build-t"),
        ("acme-seed", "roles/logging.logWriter", "serviceAccount:gemini-guard-build-t"),
        ("acme-seed", "roles/storage.objectViewer", "serviceAccount:gemini-guard-build-t"),
    }
    # Not the state that stacks keep in the same project.
    [condition] = [
        each["condition"]["expression"]
        for each in recorder.of("gcp:projects/iAMMember:IAMMember").values()
        if each["role"] == "roles/storage.objectViewer"
    ]
    assert condition == " || ".join(
        f'resource.name.startsWith("projects/_/buckets/{each}")'
        for each in ("gcf-v2-sources-", "acme-seed-guard-t")
    )


def test_nobody_but_the_schedule_and_the_subscriptions_may_call_the_function(
    recorder: Recorder, settings: EnvironmentSettings
) -> None:
    make(settings)
    [function] = recorder.of("gcp:cloudfunctionsv2/function:Function").values()
    assert function["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    [invoker] = recorder.of("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").values()
    caller = "gemini-guard-call-t@acme-seed.iam.gserviceaccount.com"
    assert (invoker["role"], invoker["member"]) == ("roles/run.invoker", f"serviceAccount:{caller}")
    assert function["serviceConfig"]["environmentVariables"]["GUARD_CALLERS"] == caller
    [job] = recorder.of("gcp:cloudscheduler/job:Job").values()
    subscriptions = recorder.of("gcp:pubsub/subscription:Subscription").values()
    tokens = [
        job["httpTarget"]["oidcToken"],
        *(each["pushConfig"]["oidcToken"] for each in subscriptions),
    ]
    assert {token["serviceAccountEmail"] for token in tokens} == {caller}


def test_a_free_project_and_a_stack_without_guard_have_none_of_it(recorder: Recorder, tmp_path: Path) -> None:
    text = STACK_FILE.replace("    guard: true\n", "").replace("guard: {amount", "label: {amount")
    lines = [line for line in text.splitlines() if "label:" not in line]
    (tmp_path / "Pulumi.t.yaml").write_text("\n".join(lines))
    make(load_file("t", tmp_path / "Pulumi.t.yaml"))
    kinds = {resource.typ.partition("/")[0] for resource in recorder.resources}
    assert kinds.isdisjoint({"gcp:cloudfunctionsv2", "gcp:storage", "gcp:cloudscheduler", "gcp:cloudrunv2"})


def test_the_archive_is_all_that_the_function_imports(tmp_path: Path) -> None:
    source = guard_source.guard_source()
    for name, asset in source.archive.assets.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            Path(asset.path).read_text() if isinstance(asset, pulumi.FileAsset) else asset.text  # type: ignore[union-attr]
        )
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import main; assert callable(main.guard); "
        "print(*sorted(name for name in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert not {"pulumi", "rich", "typer", "yaml"} & set(run.stdout.split())
    # With digests, pip takes no package that is not pinned.
    pins = source.files["requirements.txt"].read_text()
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", pins, flags=re.MULTILINE))
    packages = {"pydantic_core": "pydantic-core", "genai_prices": "genai-prices", "google": "google-auth"}
    for name in _imported(source):
        assert packages.get(name, name) in pinned, f"{name} is imported, and guard/requirements.txt lacks it"
    assert "functions-framework" in pinned


def _imported(source: Source) -> set[str]:
    """Top-level packages of others that the archive's modules import at once."""
    found: set[str] = set()
    for name, path in source.files.items():
        if name.endswith(".py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Import):
                    found |= {each.name.partition(".")[0] for each in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"guard", "landing_zone"}


def test_a_change_of_code_deploys_anew_and_a_change_of_settings_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = guard_source.guard_source()
    changed = tmp_path / "app.py"
    changed.write_text((before.files["guard/app.py"]).read_text() + "\n# changed\n")
    find = guard_source._imported
    monkeypatch.setattr(guard_source, "_imported", lambda folders: {**find(folders), "guard/app.py": changed})
    after = guard_source.guard_source.__wrapped__()
    assert after.object_name != before.object_name
    assert after.files.keys() == before.files.keys()
    # Nothing of a stack is in it.
    assert guard_source.guard_source() == before


def _plain(value: Any) -> str:
    """A secret's text, as the engine is handed it."""
    return str(value["value"] if isinstance(value, dict) else value)
