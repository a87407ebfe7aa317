"""What a stack file says, as facts; and that a verdict on a project does not hang on what else there is."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.policies.configuration import DEFAULT, configuration_of, read_configuration
from landing_zone.policies.environments import Environments, read_environments
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.facts import Facts, Threshold
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.judge import judge
from landing_zone.policies.policy import Scope
from landing_zone.pricing.money import Money
from landing_zone.pricing.rates import LIST_PRICES
from landing_zone.settings import load_file
from tests.policies.cases import FAILING, PASSING
from tests.reports.stack import ACCOUNT, AS_OF, loaded

ROOT = Path(__file__).parents[2]


def stack(name: str, day: date = AS_OF) -> Facts:
    """The facts of one of the repository's stacks."""
    owners = read_environments(ROOT / "policy" / "config")
    return facts_of(load_file(name, ROOT / "stacks" / f"Pulumi.{name}.yaml", day), day, owners)


def by_label(facts: Facts) -> dict[str, Any]:
    """Every project, budget, cap, key, API and quota, by what people call it."""
    groups = (getattr(facts, group.name) for group in fields(facts))
    entities = [each for group in groups if isinstance(group, tuple) for each in group]
    found = {each.subject.label: each for each in entities}
    assert len(found) == len(entities)
    return found


def test_the_sandbox_with_every_kind_of_guardrail() -> None:
    facts = stack("sandbox")
    found = by_label(facts)
    projects = ("acme-playground-sbx", "acme-chat-sbx", "acme-batch-sbx")
    assert facts.day == AS_OF
    assert set(found) == {
        *(f"project {project}" for project in projects),
        *(f"API {GEMINI_API} of {project}" for project in projects),
        "budget of acme-chat-sbx",
        "budget of acme-batch-sbx",
        "shared budget pilot",
        "spend cap of acme-chat-sbx",
        "key notebook of acme-playground-sbx",
        "key backend of acme-chat-sbx",
        "key website of acme-chat-sbx",
        "key worker of acme-batch-sbx",
        "quota imagen-a-day of acme-batch-sbx",
    }
    free, chat = found["project acme-playground-sbx"], found["project acme-chat-sbx"]
    assert (free.free, free.paid, free.account, free.opens_every_model) == (True, False, None, True)
    assert (chat.free, chat.paid, chat.account, chat.opens_every_model) == (False, True, ACCOUNT, False)
    assert (chat.created, chat.deletion, chat.protected, chat.others) == (True, "DELETE", False, BLOCKED)
    assert chat.labels == {"environment": "sandbox", "owner": "platform", "cost-centre": "cc-0000"}
    assert chat.limits["gemini-3.8-flash"] == Limits(60, 10000, 200000)
    assert [project.subject.label for project in facts.paid()] == [
        "project acme-chat-sbx",
        "project acme-batch-sbx",
    ]

    budget, pilot, cap = (
        found[name]
        for name in ("budget of acme-chat-sbx", "shared budget pilot", "spend cap of acme-chat-sbx")
    )
    assert (budget.account, budget.amount, budget.currency) == (ACCOUNT, Decimal("1200.50"), "USD")
    assert (budget.projects, budget.services) == (("acme-chat-sbx",), (GEMINI_BILLING_SERVICE,))
    assert (budget.months, budget.narrowed, budget.notifies) == (1, False, True)
    assert budget.thresholds == (
        *(Threshold(Decimal(share)) for share in ("0.5", "0.8", "1")),
        Threshold(Decimal(1), forecast=True),
    )
    assert (pilot.amount, pilot.months) == (4000, None)
    assert pilot.projects == ("acme-chat-sbx", "acme-batch-sbx")
    assert (cap.amount, cap.currency, cap.projects, cap.lifted) == (1500, "USD", ("acme-chat-sbx",), False)

    backend, website = found["key backend of acme-chat-sbx"], found["key website of acme-chat-sbx"]
    assert (backend.project, backend.targets) == ("acme-chat-sbx", (GEMINI_API,))
    assert (backend.addresses, website.addresses) == (("203.0.113.0/24",), ())
    quota = found["quota imagen-a-day of acme-batch-sbx"]
    assert (quota.value, quota.quota_id) == (140, "PredictRequestsPerDayPerProjectPerModelPaidTier1")
    assert (quota.justification, quota.contact) == ("product pictures, once a night", "platform@example.com")


def test_an_exception_calls_a_thing_as_google_does() -> None:
    found = by_label(stack("sandbox"))
    project = {"acme-chat-sbx", "projects/acme-chat-sbx"}
    names = {
        "project acme-chat-sbx": project,
        "key backend of acme-chat-sbx": {
            "acme-chat-sbx/backend",
            "projects/acme-chat-sbx/locations/global/keys/backend",
        },
        "budget of acme-chat-sbx": project,
        "spend cap of acme-chat-sbx": project,
        # Google's name for it is known once it exists.
        "shared budget pilot": set(),
        "quota imagen-a-day of acme-batch-sbx": {
            "acme-batch-sbx/imagen-a-day",
            "projects/acme-batch-sbx/locations/global/quotaPreferences/imagen-a-day",
        },
    }
    assert {label: found[label].subject.names for label in names} == names


def test_an_adopted_project_says_nothing_of_what_is_not_managed() -> None:
    facts = stack("prod")
    found = by_label(facts)
    adopted, own = found["project acme-support-legacy"], found["project acme-search-prod"]
    assert (adopted.created, adopted.labels, adopted.deletion, adopted.paid) == (False, None, None, True)
    assert (own.created, own.deletion, own.protected) == (True, "PREVENT", True)
    assert own.labels == {"environment": "prod", "owner": "platform", "cost-centre": "cc-0815"}
    ranking = found["key ranking of acme-search-prod"]
    assert ranking.service_account == "gemini-ranking@acme-search-prod.iam.gserviceaccount.com"
    assert "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent" in ranking.methods
    # A web page is no protection.
    told = judge("prod", facts, DEFAULT).verdicts
    assert {(each.policy.id, each.finding.subject.label) for each in told} == {
        ("key-clients", "key widget of acme-support-legacy")
    }


@pytest.mark.parametrize(("name", "advisory"), [("dev", 2), ("sandbox", 3), ("staging", 0), ("prod", 0)])
def test_the_projects_own_stacks_keep_to_their_policies(name: str, advisory: int) -> None:
    configuration = read_configuration(ROOT / "policy" / "config" / f"{name}.json")
    for day in (AS_OF, date(2027, 1, 2)):
        report = judge(name, stack(name, day), configuration)
        assert report.stopping == 0
        assert sum(each.state == "advisory" for each in report.verdicts) == advisory
        assert {each.state for each in report.exceptions} <= {"in force"}


def test_derived_limits_are_in_force_and_keep_to_what_they_are_derived_from() -> None:
    facts = stack("staging")
    found = by_label(facts)
    derived, by_hand = found["project acme-search-staging"], found["project acme-chat-staging"]
    assert (derived.allowance, by_hand.allowance) == (Money(Decimal(25), "USD"), None)
    assert derived.limits["gemini-3.5-flash-lite"].bounds_requests
    assert derived.others == BLOCKED
    told = {each.policy.id for each in judge("staging", facts, DEFAULT).verdicts}
    assert not told & {"models-limited", "exposure-within-allowance", "price-step-up"}


def test_development_spends_nothing() -> None:
    facts = stack("dev")
    assert (facts.budgets, facts.caps, list(facts.paid())) == ((), (), [])
    assert {each.policy.id for each in judge("dev", facts, DEFAULT).verdicts} == {
        "key-clients",
        "protected",
        "deletion-policy",
    }


PAID = "{projectId: acme-chat-x, tier: paid, keys: {a: {}}, budget: {amount: 9, currency: USD%s}%s}"


@pytest.mark.parametrize(
    ("period", "months"),
    [("month", 1), ("quarter", 3), ("year", 12), ("{start: 2026-10-01, end: 2026-12-31}", None)],
)
def test_a_budgets_period(tmp_path: Path, period: str, months: int | None) -> None:
    facts = facts_of(loaded(tmp_path, "chat: " + PAID % (f", period: {period}", "")), AS_OF)
    assert [budget.months for budget in facts.budgets] == [months]


@pytest.mark.parametrize(
    ("budget", "project"),
    [
        ("", ""),
        (", iamRecipients: false, projectRecipients: true", ""),
        (", iamRecipients: false", ", alerts: {email: [a@example.com]}"),
        (", iamRecipients: false, topic: projects/acme-x/topics/budgets", ""),
    ],
)
def test_a_budget_of_the_settings_always_has_recipients(tmp_path: Path, budget: str, project: str) -> None:
    facts = facts_of(loaded(tmp_path, "chat: " + PAID % (budget, project)), AS_OF)
    assert [each.notifies for each in facts.budgets] == [True]


def test_a_cap_without_an_amount_has_the_budgets(tmp_path: Path) -> None:
    facts = facts_of(loaded(tmp_path, "chat: " + PAID % (", spendCap: {lifted: true}", "")), AS_OF)
    [cap] = facts.caps
    assert (cap.amount, cap.currency, cap.lifted) == (Decimal(9), "USD", True)


def test_what_a_project_says_of_its_data_and_users_is_its_labels_too(tmp_path: Path) -> None:
    said = ", privateData: true, users: [DE, EEA], labels: {owner: a}"
    [project] = facts_of(loaded(tmp_path, "chat: " + PAID % ("", said)), AS_OF).projects
    assert (project.private_data, project.users) == (True, ("DE", "EEA"))
    assert project.labels == {"owner": "a", "gemini-private-data": "true", "gemini-users": "de_eea"}


def test_prices_and_a_tiers_limits_are_what_the_owner_of_the_policies_says(tmp_path: Path) -> None:
    limits = ", limits: {gemini-3.8-flash: {requestsPerMinute: 60}, gemini-4-argon: deny, others: deny}"
    tier = "{gemini-3.8-flash: {requestsPerMinute: 10, requestsPerDay: 100}}"
    terms = f"accountTerms: {{{ACCOUNT}: {{discount: 0.1, tierLimits: {tier}}}}}"
    settings = loaded(tmp_path, "chat: " + PAID % ("", f"{limits}, searchesPerRequest: 0"), terms)
    [project] = facts_of(settings, AS_OF).projects
    assert project.limits == {"gemini-3.8-flash": Limits(60), "gemini-4-argon": BLOCKED}
    assert (project.terms, project.stated.discount) == (LIST_PRICES, Decimal("0.1"))
    assert project.doors.queries == 3

    agreed = {"discount": 0.2, "tierLimits": {"gemini-3.8-flash": {"requestsPerMinute": 10}}}
    owners = Environments.model_validate({"environments": ["prod"], "accountTerms": {ACCOUNT: agreed}})
    [project] = facts_of(settings, AS_OF, owners).projects
    assert project.limits["gemini-3.8-flash"] == Limits(10)
    assert project.terms.discount == Decimal("0.2")


def test_an_override_only_lowers_and_is_no_quota_that_google_is_asked_for(tmp_path: Path) -> None:
    override = f"{{metric: {GEMINI_API}/predict_requests, limit: /min/project, value: 5}}"
    raised = "{quotaId: PredictRequestsPerDay, value: 5}"
    quotas = f", quotas: {{lowered: {override}, raised: {raised}}}"
    facts = facts_of(loaded(tmp_path, "chat: " + PAID % ("", quotas)), AS_OF)
    assert [quota.subject.name for quota in facts.quotas] == ["chat--raised"]


# What holds of any facts.

# A budget of which nobody knows what it counts may be anybody's.
KNOWN = [case.facts for case in (*FAILING, *PASSING) if "UNKNOWN" not in repr(case.facts)]
Cases = st.sampled_from(KNOWN)
CONFIGURATION = configuration_of(
    {
        "budget-below-maximum": {"maximum": 100},
        "exposure-within-allowance": {"maxOvershoot": 250},
        "price-step-up": {"maxOvershoot": 400},
        "regions": {"users": ["EEA"], "locations": ["europe"]},
        "quota-raise-justified": {"ceiling": 100},
        "all": "mandatory",
    },
    "x",
)
GROUPS = [group.name for group in fields(Facts) if isinstance(group.default, tuple)]


def as_told(facts: Facts, scope: Scope | None = None) -> list[tuple[str, str, str]]:
    """What is found, in an order of its own."""
    found = judge("x", facts, CONFIGURATION).verdicts
    return sorted(
        (each.policy.id, each.finding.subject.label, each.finding.message)
        for each in found
        if scope in (None, each.policy.scope)
    )


def elsewhere(facts: Facts) -> Facts:
    """The same of another program: nothing in it is called as it was, or refers to what was there."""

    def renamed(entity: Any) -> Any:
        if isinstance(entity, str):
            return f"other-{entity}"
        changes: dict[str, Any] = {"subject": replace(entity.subject, label=f"other {entity.subject.label}")}
        if hasattr(entity, "ids"):
            changes["ids"] = frozenset(f"other-{each}" for each in entity.ids)
        if isinstance(getattr(entity, "project", None), str):
            changes["project"] = f"other-{entity.project}"
        if isinstance(getattr(entity, "topic", None), str):
            changes["topic"] = f"other-{entity.topic}"
        if isinstance(getattr(entity, "projects", None), tuple):
            changes["projects"] = tuple(f"other-{each}" for each in entity.projects)
        if isinstance(getattr(entity, "account", None), str):
            changes["account"] = f"other {entity.account}"
        if isinstance(getattr(entity, "subaccounts", None), tuple):
            changes["subaccounts"] = tuple(f"other {each}" for each in entity.subaccounts)
        return replace(entity, **changes)

    changed: dict[str, Any] = {name: tuple(map(renamed, getattr(facts, name))) for name in GROUPS}
    others = frozenset(f"other-{each}" for each in facts.not_for_gemini)
    return replace(facts, **changed, not_for_gemini=others)


def union(one: Facts, other: Facts) -> Facts:
    both: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in GROUPS}
    return replace(one, **both, not_for_gemini=one.not_for_gemini | other.not_for_gemini)


@settings(deadline=None)
@given(one=Cases, other=Cases)
def test_two_programs_together_are_told_what_each_is_told(one: Facts, other: Facts) -> None:
    """Of every policy but the one on a sum: what looks at the whole looks for what belongs to a project."""
    # Where guards run is a fact of both: roles for a guard are allowed there.
    other = replace(elsewhere(other), day=one.day, guard_hosts=one.guard_hosts)
    assert as_told(union(one, other)) == sorted(as_told(one) + as_told(other))
    assert as_told(union(one, other), Scope.EACH) == sorted(
        as_told(one, Scope.EACH) + as_told(other, Scope.EACH)
    )


@settings(deadline=None)
@given(one=Cases, other=Cases, data=st.data())
def test_the_order_of_things_changes_no_verdict(one: Facts, other: Facts, data: st.DataObject) -> None:
    facts = union(one, replace(elsewhere(other), day=one.day))
    mixed: dict[str, Any] = {
        name: tuple(data.draw(st.permutations(getattr(facts, name)), label=name)) for name in GROUPS
    }
    assert as_told(replace(facts, **mixed)) == as_told(facts)


def test_policies_on_each_resource_need_no_other() -> None:
    """The pack shows them one resource at a time: what they say of each is what they say of all."""
    facts = union(stack("sandbox"), stack("prod"))
    each = [policy for policy in POLICIES if policy.scope is Scope.EACH]
    assert len(each) > 9
    nothing: dict[str, Any] = dict.fromkeys(GROUPS, ())
    for policy in each:
        options = CONFIGURATION.options[policy.id]
        alone = [
            finding
            for name in GROUPS
            for entity in getattr(facts, name)
            for finding in policy.judge(replace(facts, **{**nothing, name: (entity,)}), options)
        ]
        assert alone == list(policy.judge(facts, options))
