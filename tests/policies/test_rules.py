"""Each policy on facts that keep to it and on facts that do not, and what all policies keep to themselves."""

import os
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from landing_zone.policies.catalogue import BY_ID, POLICIES
from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.facts import UNKNOWN, Facts, Unknown
from landing_zone.policies.judge import judge
from tests.policies.cases import FAILING, PASSING, Case
from tests.policies.facts import GOOD, PROJECT, STRICT, budget, findings, project, text

GOLDEN = Path(__file__).parent / "golden" / "messages.txt"


@pytest.mark.parametrize("case", PASSING, ids=str)
def test_what_keeps_to_a_policy_is_not_told(case: Case) -> None:
    assert [text(found) for found in findings(case.policy, case.facts, case.options)] == []


@pytest.mark.parametrize("case", FAILING, ids=str)
def test_what_does_not_keep_to_a_policy_is_told(case: Case) -> None:
    assert findings(case.policy, case.facts, case.options)


def test_every_policy_has_cases_of_both_kinds() -> None:
    assert {case.policy for case in FAILING} == {case.policy for case in PASSING} == set(BY_ID)


def test_messages() -> None:
    """What people read, word for word. `GOLDEN=write` writes the file anew: read what has changed in it."""
    blocks = [
        "\n".join([f"[{case}]", *(text(found) for found in findings(case.policy, case.facts, case.options))])
        for case in sorted(FAILING, key=lambda case: case.policy)
    ]
    told = "\n\n".join(blocks) + "\n"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8"), (
        "messages have changed; if that is meant: GOLDEN=write pytest tests/policies/test_rules.py"
    )


def test_the_good_project_keeps_to_all_policies_at_once() -> None:
    report = judge("test", GOOD, configuration_of(STRICT, "test"))
    assert (report.verdicts, report.stopping, len(report.judged)) == ((), 0, len(POLICIES))


# What is not known.


def _unknowns(facts: Facts) -> Iterator[tuple[str, Any, Facts]]:
    """The facts with one field of one entity UNKNOWN, for each of those that may be: where, the entity, the facts."""
    for group in fields(facts):
        entities = getattr(facts, group.name)
        for position, entity in enumerate(entities if isinstance(entities, tuple) else ()):
            for name, hint in get_type_hints(type(entity)).items():
                if Unknown in getattr(hint, "__args__", ()):
                    less = replace(entity, **{name: UNKNOWN})
                    others = (*entities[:position], less, *entities[position + 1 :])
                    changed: dict[str, Any] = {group.name: others}
                    yield f"{group.name}.{name}", entity, replace(facts, **changed)


def test_the_fields_that_may_be_unknown_are_found() -> None:
    found = {where for where, _, _ in _unknowns(GOOD)}
    assert len(found) >= 28
    assert found > {"projects.account", "budgets.amount", "caps.projects", "keys.targets", "places.location"}


@pytest.mark.parametrize("policy", BY_ID)
def test_what_is_not_known_breaks_no_policy(policy: str) -> None:
    known = [Case(policy, "good", GOOD), *(case for case in (*FAILING, *PASSING) if case.policy == policy)]
    # Facts that break another policy are facts to this one too.
    known += [replace(case, policy=policy, options=None) for case in FAILING]
    for case in known:
        before = findings(policy, case.facts, case.options)
        for where, entity, less in _unknowns(case.facts):
            after = findings(policy, less, case.options)
            told = [text(found) for found in after if found.subject == entity.subject and found not in before]
            # A sum is smaller without what is not known, and then is told with another number.
            if not any(found.subject == entity.subject for found in before):
                assert told == [], f"{case}, without {where}"
            assert bool(after) <= bool(before), f"{case}, without {where}"


def test_a_finding_does_not_outlive_the_value_that_it_is_about() -> None:
    for policy, where, facts in (
        ("budget-thresholds", "budgets.thresholds", budget(thresholds=())),
        ("budget-notifies", "budgets.told", budget(told=False)),
        ("labels", "projects.labels", project(labels=None)),
        ("deletion-policy", "projects.deletion", project(deletion="DELETE")),
        ("free-tier-private-data", "projects.account", project(account=None, private_data=True)),
    ):
        [less] = [less for name, _, less in _unknowns(facts) if name == where]
        assert len(findings(policy, facts)) == 1
        assert findings(policy, less) == []


# Prices that are announced.


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("gemini-4-argon", date(2026, 12, 1)),
        ("gemini-3.6-flash", date(2027, 1, 1)),
        ("gemini-3.7-flash", date(2027, 1, 1)),
        ("gemini-3.8-flash", date(2027, 1, 1)),
    ],
)
def test_a_price_that_comes_is_told_for_30_days_and_then_is_the_price(model: str, change: date) -> None:
    """One day's price is another policy's the next day: there is always one of the two that tells."""
    limits = {model: replace(PROJECT.limits["gemini-4-argon"])}
    # Between what is the worst case before the change, and twice that.
    options = {"maxOvershoot": 300}
    told = {}
    for ahead in (32, 31, 30, 1, 0, -1):
        facts = replace(project(limits=limits), day=date.fromordinal(change.toordinal() - ahead))
        pair = ("price-step-up", "exposure-within-allowance")
        told[ahead] = [policy for policy in pair if findings(policy, facts, options)]
    step, broken = ["price-step-up"], ["exposure-within-allowance"]
    assert told == {32: [], 31: [], 30: step, 1: step, 0: broken, -1: broken}


def test_a_new_price_is_that_of_every_model_that_can_be_called() -> None:
    """The first of two changes that breaks the allowance is the one that is told."""
    limits = dict.fromkeys(("gemini-4-argon", "gemini-3.8-flash"), PROJECT.limits["gemini-4-argon"])
    facts = replace(project(limits=limits), day=date(2026, 11, 30))
    # 523.960320 today, 775.618560 from December on, 1,047.920640 from January on.
    for allowed, found in (("523.96032", "2026-12-01"), ("775.61856", "2027-01-01"), ("1047.92064", None)):
        told = findings("price-step-up", facts, {"maxOvershoot": allowed, "days": 60})
        assert [f"at the prices from {found} on" in each.message for each in told] == [True] * bool(found)


# What is mended.

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
def test_what_is_mended_keeps_to_the_policy_and_all_else_is_as_it_was(
    policy: str, kind: str, inputs: dict[str, Any], options: dict[str, Any], changed: dict[str, Any]
) -> None:
    mended = _fixed(policy, kind, inputs, options)
    assert mended == {**inputs, **changed}
    assert _fixed(policy, kind, mended, options) is None
    assert _fixed(policy, "gcp:storage/bucket:Bucket", inputs, options) is None
    if policy == "labels":
        required = {"required": ["owner"]}
        assert findings(policy, project(labels=inputs["labels"]), required)
        assert findings(policy, project(labels=mended["labels"]), required) == []
    elif policy == "deletion-policy":
        assert findings(policy, project(deletion=mended["deletionPolicy"]), options) == []


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
def test_what_needs_no_mending_is_left_alone(
    policy: str, kind: str, inputs: dict[str, Any], options: dict[str, Any]
) -> None:
    assert _fixed(policy, kind, inputs, options) is None
