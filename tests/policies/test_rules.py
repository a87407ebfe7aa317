"""Each policy on facts that comply and on facts that violate it, and rules for all policies."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from docs.policy_examples import SAMPLES
from landing_zone.policies import rules
from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.every_policy import BY_ID, POLICIES
from landing_zone.policies.facts import UNKNOWN, Facts, Unknown
from landing_zone.policies.judge import judge
from landing_zone.policies.policy import Group, Policy, Scope
from sandbox.layout import ROOT
from tests.golden import compare
from tests.lifecycle.test_policies_verdicts import BROKEN
from tests.policies.cases import FAILING, PASSING, Case
from tests.policies.facts import GOOD, PROJECT, STRICT, budget, findings, key, project, text

GOLDEN = Path(__file__).parent / "golden" / "messages.txt"


@pytest.mark.parametrize("case", PASSING, ids=str)
def test_facts_that_comply_have_no_findings(case: Case) -> None:
    assert [text(found) for found in findings(case.policy, case.facts, case.options)] == []


@pytest.mark.parametrize("case", FAILING, ids=str)
def test_facts_that_violate_a_policy_have_findings(case: Case) -> None:
    assert findings(case.policy, case.facts, case.options)


@pytest.mark.parametrize("policy", POLICIES, ids=[policy.id for policy in POLICIES])
def test_a_policy_is_complete(policy: Policy) -> None:
    """Names what a new policy lacks: cases, a sample, a verdict by the engine."""
    file = Path(rules.__file__).parent / f"{policy.id.replace('-', '_')}.py"
    missing = [
        where
        for where, there in {
            f"a file named like the policy: {file.name}": file.is_file(),
            "a failing case of its own in tests/policies/cases.py": policy.id
            in {case.policy for case in FAILING},
            "an example in SAMPLES of docs/policy_examples.py": policy.id in SAMPLES,
            "a resource in tests/lifecycle/policies/bad.py, named in BROKEN of test_policies_verdicts.py": policy.id
            in BROKEN,
            f"its page: run docs/policies.py to write {policy.page}": (ROOT / policy.page).is_file(),
        }.items()
        if not there
    ]
    assert missing == [], f"{policy.id} lacks {'; '.join(missing)}"


def test_cases_and_examples_are_of_policies_that_exist() -> None:
    named = {case.policy for case in (*FAILING, *PASSING)} | SAMPLES.keys() | BROKEN.keys()
    assert named - BY_ID.keys() == set()


def test_policies_are_found_once_each_and_in_the_order_of_their_groups() -> None:
    files = {path.stem.replace("_", "-") for path in Path(rules.__file__).parent.glob("[!_]*.py")}
    assert files == set(BY_ID)
    assert len(POLICIES) == len(BY_ID)
    groups = [policy.group for policy in POLICIES]
    assert list(dict.fromkeys(groups)) == list(Group)
    assert [policy.id for policy in POLICIES] == [
        policy.id
        for group in Group
        for policy in sorted(POLICIES, key=lambda each: each.id)
        if policy.group is group
    ]


def test_messages() -> None:
    """The messages, word for word."""
    blocks = [
        "\n".join([f"[{case}]", *(text(found) for found in findings(case.policy, case.facts, case.options))])
        for case in sorted(FAILING, key=lambda case: case.policy)
    ]
    compare({GOLDEN: "\n\n".join(blocks) + "\n"})


def test_the_good_project_keeps_to_all_policies_at_once() -> None:
    report = judge("test", GOOD, configuration_of(STRICT, "test"))
    assert (report.verdicts, report.stopping, len(report.judged)) == ((), 0, len(POLICIES))


# Unknown values.


def _unknowns(facts: Facts) -> Iterator[tuple[str, Any, Facts]]:
    """The facts with one field of one entity UNKNOWN, for each of those that may be: where, the entity, the facts."""
    for group in fields(facts):
        entities = getattr(facts, group.name)
        for position, entity in enumerate(entities if isinstance(entities, tuple) else ()):
            for name in _may_be_unknown(entity):
                less = replace(entity, **{name: UNKNOWN})
                others = (*entities[:position], less, *entities[position + 1 :])
                changed: dict[str, Any] = {group.name: others}
                yield f"{group.name}.{name}", entity, replace(facts, **changed)


def _may_be_unknown(entity: object) -> list[str]:
    """The fields of an entity that may be UNKNOWN."""
    kind = type(entity)
    if kind not in _FIELDS:
        hints = get_type_hints(kind).items()
        _FIELDS[kind] = [name for name, hint in hints if Unknown in getattr(hint, "__args__", ())]
    return _FIELDS[kind]


_FIELDS: dict[type, list[str]] = {}


def test_the_fields_that_may_be_unknown_are_found() -> None:
    found = {where for where, _, _ in _unknowns(GOOD)}
    assert len(found) >= 28
    assert found > {"projects.account", "budgets.amount", "caps.projects", "keys.targets", "locations.name"}


_JUDGE_THE_WORST = ("exposure-within-allowance", "price-step-up")
"""A key whose methods or APIs are not known may call all: nothing shows then that the project is bounded."""


def _cases(policy: str) -> list[Case]:
    own = [case for case in (*FAILING, *PASSING) if case.policy == policy]
    # Facts that violate another policy are facts to this one too.
    others = [replace(case, policy=policy, options=None) for case in FAILING]
    return [Case(policy, "good", GOOD), *own, *others]


@pytest.mark.parametrize("policy", [policy.id for policy in POLICIES if policy.scope is Scope.WHOLE])
def test_an_unknown_value_is_no_way_out_of_a_policy_of_the_whole_stack(policy: str) -> None:
    for case in _cases(policy):
        if not findings(policy, case.facts, case.options):
            continue
        for where, _, less in _unknowns(case.facts):
            assert findings(policy, less, case.options), f"{case}, without {where}"


@pytest.mark.parametrize("policy", [policy.id for policy in POLICIES if policy.scope is Scope.EACH])
def test_an_unknown_value_violates_no_policy_of_one_resource(policy: str) -> None:
    for case in _cases(policy):
        before = findings(policy, case.facts, case.options)
        for where, entity, less in _unknowns(case.facts):
            if where in ("keys.methods", "keys.targets") and policy in _JUDGE_THE_WORST:
                continue
            after = findings(policy, less, case.options)
            new = [text(found) for found in after if found.subject == entity.subject and found not in before]
            # A sum is smaller without the unknown amount, and then reported with another number.
            if not any(found.subject == entity.subject for found in before):
                assert new == [], f"{case}, without {where}"
            assert bool(after) <= bool(before), f"{case}, without {where}"


def test_a_finding_does_not_outlive_the_value_that_it_is_about() -> None:
    for policy, where, facts in (
        ("budget-thresholds", "budgets.thresholds", budget(thresholds=())),
        ("budget-notifies", "budgets.notifies", budget(notifies=False)),
        ("labels", "projects.labels", project(labels=None)),
        ("deletion-policy", "projects.deletion", project(deletion="DELETE")),
        ("key-clients", "keys.addresses", key(addresses=("0.0.0.0/0",))),
    ):
        [less] = [less for name, _, less in _unknowns(facts) if name == where]
        assert len(findings(policy, facts)) == 1
        assert findings(policy, less) == []


# Announced prices.


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("gemini-4-argon", date(2026, 12, 1)),
        ("gemini-3.6-flash", date(2027, 1, 1)),
        ("gemini-3.7-flash", date(2027, 1, 1)),
        ("gemini-3.8-flash", date(2027, 1, 1)),
    ],
)
def test_a_price_change_is_reported_for_30_days_and_then_is_the_price(model: str, change: date) -> None:
    """The two policies take turns: from 30 days before the change on, exactly one of them reports it."""
    limits = {model: replace(PROJECT.limits["gemini-4-argon"])}
    # Between what is the worst case before the change, and twice that.
    options = {"maxOvershoot": 300}
    reported = {}
    for ahead in (32, 31, 30, 1, 0, -1):
        facts = replace(project(limits=limits), day=date.fromordinal(change.toordinal() - ahead))
        pair = ("price-step-up", "exposure-within-allowance")
        reported[ahead] = [policy for policy in pair if findings(policy, facts, options)]
    step, broken = ["price-step-up"], ["exposure-within-allowance"]
    assert reported == {32: [], 31: [], 30: step, 1: step, 0: broken, -1: broken}


def test_a_new_price_is_that_of_every_model_that_can_be_called() -> None:
    """Of two changes, the first one that breaks the allowance is reported."""
    limits = dict.fromkeys(("gemini-4-argon", "gemini-3.8-flash"), PROJECT.limits["gemini-4-argon"])
    facts = replace(project(limits=limits), day=date(2026, 11, 30))
    # 523.960320 today, 775.618560 from December on, 1,047.920640 from January on.
    for allowed, found in (("523.96032", "2026-12-01"), ("775.61856", "2027-01-01"), ("1047.92064", None)):
        reported = findings("price-step-up", facts, {"maxOvershoot": allowed, "days": 60})
        assert [f"at the prices from {found} on" in each.message for each in reported] == [True] * bool(found)


# Fixes.

PROJECT_TYPE = "gcp:organizations/project:Project"
BUDGET_TYPE = "gcp:billing/budget:Budget"
LABELS = {"defaults": {"owner": "platform", "cost-centre": "", "team": "a"}}
OWNERS: dict[str, Any] = {
    "allUpdatesRule": {"disableDefaultIamRecipients": True, "enableProjectLevelRecipients": True}
}
SILENT = {
    "amount": {"units": "5"},
    "allUpdatesRule": {"disableDefaultIamRecipients": True, "schemaVersion": "1.0"},
}


def _fixed(policy: str, kind: str, inputs: dict[str, Any], options: dict[str, Any]) -> Any:
    configuration = configuration_of({policy: options}, "test")
    fix = BY_ID[policy].fix
    assert fix
    before = repr(inputs)
    found = fix(kind, inputs, configuration.options[policy])
    assert repr(inputs) == before
    return found


@pytest.mark.parametrize(
    ("policy", "kind", "inputs", "options", "changed"),
    [
        ("deletion-policy", PROJECT_TYPE, {"deletionPolicy": "DELETE"}, {}, {"deletionPolicy": "PREVENT"}),
        (
            "deletion-policy",
            PROJECT_TYPE,
            {"name": "a"},
            {"allowed": ["ABANDON"]},
            {"deletionPolicy": "ABANDON"},
        ),
        ("labels", PROJECT_TYPE, {"labels": {"a": "b"}}, LABELS, {"labels": {"a": "b", "owner": "platform"}}),
        ("labels", PROJECT_TYPE, {"labels": None}, LABELS, {"labels": {"owner": "platform"}}),
        (
            "budget-notifies",
            BUDGET_TYPE,
            SILENT,
            {},
            {"allUpdatesRule": {"disableDefaultIamRecipients": False, "schemaVersion": "1.0"}},
        ),
        # Google does not mail a project's owners for a budget of several.
        *(
            (
                "budget-notifies",
                BUDGET_TYPE,
                {**OWNERS, **part},
                {},
                {"allUpdatesRule": {**OWNERS["allUpdatesRule"], "disableDefaultIamRecipients": False}},
            )
            for part in ({}, {"budgetFilter": {"projects": ["projects/1", "projects/2"]}})
        ),
    ],
)
def test_a_fix_complies_and_changes_nothing_else(
    policy: str, kind: str, inputs: dict[str, Any], options: dict[str, Any], changed: dict[str, Any]
) -> None:
    fixed = _fixed(policy, kind, inputs, options)
    assert fixed == {**inputs, **changed}
    assert _fixed(policy, kind, fixed, options) is None
    assert _fixed(policy, "gcp:storage/bucket:Bucket", inputs, options) is None
    if policy == "labels":
        required = {"required": ["owner"]}
        assert findings(policy, project(labels=inputs["labels"]), required)
        assert findings(policy, project(labels=fixed["labels"]), required) == []
    elif policy == "deletion-policy":
        assert findings(policy, project(deletion=fixed["deletionPolicy"]), options) == []


@pytest.mark.parametrize(
    ("policy", "kind", "inputs", "options"),
    [
        ("deletion-policy", PROJECT_TYPE, {}, {}),
        ("deletion-policy", PROJECT_TYPE, {"deletionPolicy": "ABANDON"}, {}),
        ("deletion-policy", PROJECT_TYPE, {"deletionPolicy": UNKNOWN}, {}),
        ("labels", PROJECT_TYPE, {"labels": {}}, {}),
        ("labels", PROJECT_TYPE, {"labels": {"owner": UNKNOWN}}, LABELS),
        ("labels", PROJECT_TYPE, {"labels": UNKNOWN}, LABELS),
        ("budget-notifies", BUDGET_TYPE, {}, {}),
        ("budget-notifies", BUDGET_TYPE, {"allUpdatesRule": {"disableDefaultIamRecipients": UNKNOWN}}, {}),
        *(
            ("budget-notifies", BUDGET_TYPE, {**OWNERS, "budgetFilter": part}, {})
            for part in (UNKNOWN, {"projects": UNKNOWN}, {"projects": ["projects/1"]})
        ),
        ("budget-notifies", BUDGET_TYPE, {"allUpdatesRule": {"pubsubTopic": "projects/a/topics/b"}}, {}),
        *(
            (
                "budget-notifies",
                BUDGET_TYPE,
                {"allUpdatesRule": {"disableDefaultIamRecipients": True, **way}},
                {},
            )
            for way in (
                {"pubsubTopic": "projects/a/topics/b"},
                {"monitoringNotificationChannels": ["projects/a/notificationChannels/1"]},
                {"monitoringNotificationChannels": UNKNOWN},
            )
        ),
    ],
)
def test_inputs_that_comply_or_are_unknown_need_no_fix(
    policy: str, kind: str, inputs: dict[str, Any], options: dict[str, Any]
) -> None:
    assert _fixed(policy, kind, inputs, options) is None
