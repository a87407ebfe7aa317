"""What the components ask of Google for a stack file, by Pulumi's mocks. The engine's part is in tests/lifecycle."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from components import Environment
from landing_zone.settings import EnvironmentSettings, load_file

STACKS = Path(__file__).parents[2] / "stacks"
LIMITS = "gemini-landing-zone:index:ProjectLimits"
BUDGET = "gcp:billing/budget:Budget"
PROJECT = "gcp:organizations/project:Project"
KEY = "gcp:projects/apiKey:ApiKey"
STACK_EXIT = "gemini-landing-zone:index:StackExit"


class Recorder(pulumi.runtime.Mocks):
    """Answers as Google would, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        answer = {
            **args.inputs,
            "number": "123456789012",
            "keyString": "made-up",
            "name": args.inputs.get("name", args.name),
        }
        if args.resource_id:  # a project that is read
            answer["projectId"] = args.resource_id.removeprefix("projects/")
        return f"{args.name}-id", answer

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program asked for {args.token}")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Inputs by resource name."""
        return {resource.name: resource.inputs for resource in self.resources if resource.typ == kind}


@pytest.fixture
def recorder() -> Recorder:
    asyncio.set_event_loop(asyncio.new_event_loop())
    made = Recorder()
    mocks.set_mocks(made, preview=False)
    return made


def make(settings: EnvironmentSettings) -> dict[str, Any]:
    """Run the environment to its end; the stack's outputs, resolved."""
    found: dict[str, Any] = {}

    def run() -> pulumi.Output[None]:
        return pulumi.Output.from_input(Environment(settings).outputs).apply(found.update)

    pulumi.runtime.test(run)()
    return found


@pytest.fixture
def sandbox() -> EnvironmentSettings:
    return load_file("sandbox", STACKS / "Pulumi.sandbox.yaml")


def test_the_sandbox_is_one_free_project_and_two_paid_ones(
    recorder: Recorder, sandbox: EnvironmentSettings
) -> None:
    make(sandbox)
    counted = Counter(resource.typ for resource in recorder.resources if resource.typ.startswith("gcp:"))
    assert counted == {
        PROJECT: 3,
        "gcp:projects/service:Service": 12,
        KEY: 4,
        "gcp:serviceaccount/account:Account": 4,
        # One a paid project, and one of both together.
        BUDGET: 3,
        # Each project's own, a webhook, and two addresses that budgets mail to.
        "gcp:monitoring/notificationChannel:NotificationChannel": 3 + 1 + 2,
        "gcp:monitoring/alertPolicy:AlertPolicy": 3 + 4 + 4,
        "gcp:monitoring/dashboard:Dashboard": 2,
        "gcp:pubsub/topic:Topic": 1,
        "gcp:pubsub/topicIAMMember:TopicIAMMember": 1,
        "gcp:essentialcontacts/contact:Contact": 1,
        "gcp:orgpolicy/customConstraint:CustomConstraint": 1,
        "gcp:orgpolicy/policy:Policy": 1,
        "gcp:cloudquota/sQuotaPreference:SQuotaPreference": 1,
    }
    own = Counter(
        resource.typ.rpartition(":")[2]
        for resource in recorder.resources
        if resource.typ
        in (LIMITS, "gemini-landing-zone:index:SpendCap", "gemini-landing-zone:index:TierCheck")
    )
    assert own == {"ProjectLimits": 3, "SpendCap": 1, "TierCheck": 2}
    assert not any(resource.typ.startswith("gcp:compute") for resource in recorder.resources)


def test_a_free_project_has_no_link_and_no_budget(recorder: Recorder, sandbox: EnvironmentSettings) -> None:
    make(sandbox)
    projects = recorder.of(PROJECT)
    assert "billingAccount" not in projects["playground"]
    assert projects["chat"]["billingAccount"] == "01A2B3-C4D5E6-F7A8B9"
    assert all(project["autoCreateNetwork"] for project in projects.values())
    assert recorder.of(BUDGET).keys() == {"chat", "batch", "shared-pilot"}


def test_a_budget_counts_its_project_by_number_before_credits(
    recorder: Recorder, sandbox: EnvironmentSettings
) -> None:
    make(sandbox)
    budget = recorder.of(BUDGET)["chat"]
    assert budget["amount"]["specifiedAmount"] == {
        "currencyCode": "USD",
        "units": "1200",
        "nanos": 500_000_000,
    }
    assert budget["budgetFilter"] == {
        "projects": ["projects/123456789012"],
        "services": ["services/AEFD-7695-64FA"],
        "calendarPeriod": "MONTH",
        "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
    }
    assert [(rule["thresholdPercent"], rule["spendBasis"]) for rule in budget["thresholdRules"]] == [
        (0.5, "CURRENT_SPEND"),
        (0.8, "CURRENT_SPEND"),
        (1, "CURRENT_SPEND"),
        (1, "FORECASTED_SPEND"),
    ]


def test_every_key_opens_the_gemini_api_alone(recorder: Recorder, sandbox: EnvironmentSettings) -> None:
    make(sandbox)
    keys = recorder.of(KEY)
    assert keys.keys() == {"playground--notebook", "chat--backend", "chat--website", "batch--worker"}
    for key in keys.values():
        assert [target["service"] for target in key["restrictions"]["apiTargets"]] == [
            "generativelanguage.googleapis.com"
        ]
    assert keys["chat--backend"]["restrictions"]["serverKeyRestrictions"] == {
        "allowedIps": ["203.0.113.0/24"]
    }


def test_all_limits_of_a_project_are_one_resource(recorder: Recorder, sandbox: EnvironmentSettings) -> None:
    make(sandbox)
    limits = recorder.of(LIMITS)
    assert limits["chat"]["limits"]["gemini-3.1-pro-preview"] == {
        "requestsPerMinute": 5,
        "requestsPerDay": 200,
        "inputTokensPerMinute": 50000,
    }
    assert limits["batch"].keys() == {"project", "limits", "others"}
    assert limits["batch"]["limits"].keys() == {"gemini-3.5-flash-lite"}
    assert limits["batch"]["others"] == "deny"


def test_an_adopted_project_is_read_and_linked_but_never_made(recorder: Recorder) -> None:
    settings = load_file("prod", STACKS / "Pulumi.prod.yaml")
    make(settings)
    [link] = recorder.of("gcp:billing/projectInfo:ProjectInfo").values()
    assert link == {"project": "acme-support-legacy", "billingAccount": "01A2B3-C4D5E6-F7A8B9"}
    adopted = [
        resource for resource in recorder.resources if resource.typ == PROJECT and resource.resource_id
    ]
    assert [resource.resource_id for resource in adopted] == ["projects/acme-support-legacy"]


def test_outputs_are_ids_numbers_and_secret_keys(sandbox: EnvironmentSettings) -> None:
    secret: list[bool] = []

    def run() -> Any:
        projects = Environment(sandbox).outputs
        outputs = [key for project in projects.values() for key in project["keys"].values()]
        return pulumi.Output.from_input([output.is_secret() for output in outputs]).apply(secret.extend)

    pulumi.runtime.test(run)()
    assert secret == [True] * 4
    outputs = make(sandbox)
    chat = {"projectId": "acme-chat-sbx", "number": "123456789012", "keys": {"backend", "website"}}
    assert {**outputs["chat"], "keys": set(outputs["chat"]["keys"])} == chat


@pytest.mark.parametrize(
    ("key", "besides"),
    [
        ("{standard: true}", []),
        # A bound key has a service account, which the IAM API creates.
        ("{}", ["gcp:projects/service:Service", "gcp:serviceaccount/account:Account"]),
    ],
)
def test_a_paid_project_is_nine_resources_and_two_more_for_a_bound_key(
    recorder: Recorder, tmp_path: Path, key: str, besides: list[str]
) -> None:
    (tmp_path / "Pulumi.t.yaml").write_text(f"""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-t
      tier: paid
      budget: {{amount: 100, currency: USD}}
      keys: {{backend: {key}}}
      limits: {{gemini-3.8-flash: {{requestsPerMinute: 1}}, others: deny}}
""")
    make(load_file("t", tmp_path / "Pulumi.t.yaml"))
    of_stack = {"gemini-landing-zone:index:Environment", "gemini-landing-zone:index:Roster", STACK_EXIT}
    found = Counter(
        each.typ
        for each in recorder.resources
        if each.typ not in of_stack and not each.typ.startswith("pulumi:providers:")
    )
    assert found == Counter(
        [
            "gemini-landing-zone:index:GeminiProject",
            "gemini-landing-zone:index:ProjectExit",
            "gemini-landing-zone:index:TierCheck",
            LIMITS,
            BUDGET,
            PROJECT,
            KEY,
            "gcp:projects/service:Service",
            "gcp:projects/service:Service",
            *besides,
        ]
    )


QUOTA_CHANGES = [
    *(
        f"google.api.serviceusage.v1beta1.ServiceUsage.{verb}{whose}"
        for verb, whose in (
            ("Create", "ConsumerOverride"),
            ("Update", "ConsumerOverride"),
            ("Delete", "ConsumerOverride"),
            ("Import", "ConsumerOverrides"),
            ("Delete", "AdminOverride"),
        )
    ),
    "google.api.cloudquotas.v1.CloudQuotas.CreateQuotaPreference",
    "google.api.cloudquotas.v1beta.CloudQuotas.UpdateQuotaPreference",
    "google.api.cloudquotas.v1beta.QuotaAdjusterSettingsManager.UpdateQuotaAdjusterSettings",
]
OTHER_CHANGES = [
    "google.api.serviceusage.v1.ServiceUsage.EnableService",
    "google.api.serviceusage.v1beta1.ServiceUsage.BatchEnableServices",
    "google.longrunning.Operations.GetOperation",
]


def test_a_paid_project_notifies_of_changes_of_its_quotas_by_others(
    recorder: Recorder, tmp_path: Path
) -> None:
    deployers = ["ci@acme-seed.iam.gserviceaccount.com", 'odd"name@example.com']
    stack_file = tmp_path / "Pulumi.sandbox.yaml"
    stack_file.write_text(
        (STACKS / "Pulumi.sandbox.yaml")
        .read_text()
        .replace("[incidents]", f"[incidents]\n        quotaChanges: {{deployers: {json.dumps(deployers)}}}")
    )
    make(load_file("sandbox", stack_file))
    policies = recorder.of("gcp:monitoring/alertPolicy:AlertPolicy")
    assert {name for name in policies if "quota-changes" in name} == {
        "chat-quota-changes",
        "batch-quota-changes",
    }
    for name, excepted in (("chat", deployers), ("batch", [])):
        policy = policies[f"{name}-quota-changes"]
        [condition] = policy["conditions"]
        wanted = condition["conditionMatchedLog"]["filter"]
        [method] = re.findall(r'methodName=~"([^"]*)"', wanted)
        assert all(re.search(method, each) for each in QUOTA_CHANGES)
        assert not any(re.search(method, each) for each in OTHER_CHANGES)
        accounts = (
            wanted.partition("principalEmail=(")[2].rpartition(")")[0].split(" OR ") if excepted else []
        )
        assert [json.loads(each) for each in accounts] == excepted
        assert ("principalEmail" in wanted) == bool(excepted)
        assert policy["alertStrategy"] == {"notificationRateLimit": {"period": "300s"}}
        assert policy["notificationChannels"]
