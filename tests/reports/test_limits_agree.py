"""Exposure, policies, report and preview say the same of the limits in force, and what they say is Google's rule."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from landing_zone.gemini.limits import BLOCKED, LIMIT_NAMES, OTHERS, Limits, WantedLimits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import BY_METRIC, BY_QUOTA_ID, QUOTA_LIMITS, LimitName
from landing_zone.policies.environments import Environments
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.worst_case import open_ways, worst_case
from landing_zone.pricing.days import month_of
from landing_zone.pricing.money import Money
from landing_zone.reports.environment_exposure import environment_exposure
from landing_zone.reports.environment_report import report
from landing_zone.reports.summary import worst_month
from landing_zone.settings import (
    EnvironmentSettings,
    ProjectSettings,
    SettingsError,
    limits_in_force,
    load_file,
    opened_by_quotas,
)
from landing_zone.settings.limits_in_force import PAID
from sandbox.cloud.serviceusage import models as cloud
from sandbox.cloud.serviceusage.catalogue import UNLIMITED
from tests.lifecycle.limit_cases import OVERRIDE, PREFERENCE

DAY = date(2026, 11, 26)
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
MODELS = ("gemini-3.8-flash", "gemini-3.1-pro-preview", "gemini-2.5-flash-lite")
UNNAMED = "gemini-4-argon"


def loaded(folder: Path, text: str) -> EnvironmentSettings:
    (folder / "Pulumi.case.yaml").write_text(text)
    return load_file("case", folder / "Pulumi.case.yaml", DAY)


def as_read(bound: Money | None) -> str:
    return bound.as_bound if bound else "unlimited"


def amounts(found: EnvironmentSettings, name: str) -> dict[str, str]:
    """The most that a project can cost in any 24 hours, as each of them says it, and in a month."""
    day = timedelta(hours=24)
    # The owner of the policies says the same of the account as its stack file.
    owners = Environments.model_validate(
        {"environments": ("any",), "accountTerms": dict(found.account_terms)}
    )
    facts = facts_of(found, DAY, owners)
    judged = facts.projects[list(found.projects).index(name)]
    whole = report(found, month_of(DAY), DAY)
    exposed = environment_exposure(found, DAY, day).projects[name]
    return {
        "exposure": as_read(exposed.bounds["lag"]),
        "policy": as_read(None if open_ways(facts, judged) else worst_case(judged, DAY, day)),
        "report": as_read(report(found, month_of(DAY), DAY, day).exposure.projects[name].bounds["lag"]),
        "month": as_read(exposed.month.amount),
        "preview": worst_month(whole.exposure)[0].replace("not bounded", "unlimited"),
    }


@pytest.mark.parametrize(
    ("text", "lag", "grounded", "month"),
    [
        (OVERRIDE, "447,255.02 USD", "447,557.63 USD", "392,994,823.87 USD"),
        (PREFERENCE, "89,451.01 USD", "89,511.53 USD", "78,598,964.78 USD"),
    ],
    ids=["override", "preference"],
)
def test_a_quota_beside_a_limit_is_judged_once_and_for_all(
    tmp_path: Path, text: str, lag: str, grounded: str, month: str
) -> None:
    found = amounts(loaded(tmp_path, text), "chat")
    assert found == {
        "exposure": lag,
        # `searchesPerRequest: 0` is the author's word: the policy counts 3.
        "policy": grounded,
        "report": lag,
        "month": month,
        "preview": month,
    }


def test_a_preference_above_a_limit_is_said_to_have_no_effect(tmp_path: Path) -> None:
    [warning] = environment_exposure(loaded(tmp_path, PREFERENCE), DAY).warnings
    assert "quotas.pro-up asks for 1,000 requestsPerMinute of gemini-3.1-pro-preview" in warning
    assert "limits.gemini-3.1-pro-preview keeps it at 1" in warning


def test_what_quotas_open_beside_derived_limits_is_taken_off_the_overshoot(tmp_path: Path) -> None:
    derived = OVERRIDE.replace(
        "{others: deny}", "{derive: {maxOvershoot: 500000, shares: {gemini-3.8-flash: 1}}}"
    )
    found = environment_exposure(loaded(tmp_path, derived), DAY).projects["chat"]
    lag = found.bounds["lag"]
    assert lag
    # The model that the override opens can cost 447,255.02 of it.
    assert 499_000 < lag.amount <= 500_000
    assert not [warning for warning in found.warnings if "is allowed" in warning]
    with pytest.raises(SettingsError, match="limits set by hand alone can cost"):
        loaded(tmp_path, derived.replace("500000", "400000"))


Number = st.sampled_from([0, 1, 7, 60, 5_000])
Numbers = st.dictionaries(st.sampled_from(LIMIT_NAMES), Number, min_size=1)
Asked = st.sampled_from([*MODELS, "gemini-3.1-pro", UNNAMED, None])
Overrides = st.builds(
    lambda where, model, value: {
        "metric": where[0],
        "limit": where[1],
        "value": value,
        **({"dimensions": {"model": model}} if model else {}),
    },
    st.sampled_from(sorted(BY_METRIC)),
    Asked,
    Number,
)
Preferences = st.builds(
    lambda quota_id, model, value: {
        "quotaId": quota_id,
        "value": value,
        "contactEmail": "a@example.com",
        "justification": "more",
        **({"dimensions": {"model": model}} if model else {}),
    },
    st.sampled_from(sorted(BY_QUOTA_ID)),
    Asked,
    st.sampled_from([-1, 0, 3, 100]),
)
Project = st.fixed_dictionaries(
    {
        "limits": st.dictionaries(st.sampled_from(MODELS), Numbers | st.just("deny"), max_size=3),
        "quotas": st.dictionaries(st.sampled_from(["a", "b", "c"]), Overrides | Preferences, max_size=3),
    },
    optional={"others": st.just("deny") | Numbers},
)
Tier = st.dictionaries(st.sampled_from(MODELS), Numbers, max_size=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agree")


def text_of(project: dict[str, Any], tier: dict[str, Any]) -> str:
    limits = {**project["limits"], **({"others": project["others"]} if "others" in project else {})}
    values = {
        "billingAccount": ACCOUNT,
        "accountTerms": {ACCOUNT: {"tierLimits": tier}},
        "projects": {
            "chat": {
                "projectId": "acme-chat-any",
                "tier": "paid",
                "budget": {"amount": 100, "currency": "USD"},
                "limits": limits,
                # A key without methods would leave nothing to compare: it is not bounded whatever the limits.
                "keys": {"own": {"methods": ["generate", "caches"]}},
                "quotas": project["quotas"],
            }
        },
    }
    return yaml.safe_dump(
        {"config": {f"gemini-landing-zone:{name}": value for name, value in values.items()}}
    )


def at_google(project: ProjectSettings, tier: str, name: LimitName, model: str) -> int | None:
    """What a tier's metric allows of a model, by the local cloud's rule; None is no limit."""
    limit = next(each for each in QUOTA_LIMITS[name] if each.tier == tier)
    wanted = WantedLimits.of(project.limits, opened_by_quotas(project))
    held = dict(wanted.on(name))
    allowed: dict[str, int] = {}
    for quota in project.quotas.values():
        if (quota.metric, quota.limit) == (limit.metric, limit.limit):
            held[quota.quota_model] = quota.value
        elif quota.quota_id == limit.quota_id and quota.value != -1:
            allowed[quota.quota_model] = quota.value
    own = allowed.get(
        model,
        None
        if any(
            quota.quota_id == limit.quota_id and quota.quota_model == model
            for quota in project.quotas.values()
        )
        else allowed.get(""),
    )
    most = UNLIMITED if own is None else own
    overrides = [
        cloud.Override("id", {"model": each} if each else {}, most if value is None else value)
        for each, value in held.items()
    ]
    found = cloud.effective(most, overrides, model)
    return None if found == UNLIMITED else found


@settings(deadline=None)
@given(project=Project, tier=Tier)
def test_all_say_the_same_of_any_settings_and_it_is_googles_rule(
    folder: Path, project: dict[str, Any], tier: dict[str, Any]
) -> None:
    try:
        found = loaded(folder, text_of(project, tier))
    except SettingsError:
        assume(False)
    said = amounts(found, "chat")
    assert said["exposure"] == said["policy"] == said["report"]
    assert said["month"] == said["preview"]

    chat = found.projects["chat"]
    account = found.terms_of(ACCOUNT)
    in_force = limits_in_force(chat, account)
    for model in (*MODELS, UNNAMED):
        limits = in_force.of(model)
        on_tiers = [
            {name: at_google(chat, tier, name, QUOTA_NAMES[model]) for name in LIMIT_NAMES} for tier in PAID
        ]
        shut = all(0 in (each["requestsPerMinute"], each["requestsPerDay"]) for each in on_tiers)
        assert (limits is not None and limits.blocks) == shut or (
            limits is not None and model in account.tier_limits and account.tier_limits[model].blocks
        )
        if shut:
            continue
        own = account.tier_limits.get(model, Limits()) if model in in_force.models else Limits()
        for name in LIMIT_NAMES:
            values = [each[name] for each in on_tiers]
            expected = None if None in values else max(value for value in values if value is not None)
            lower = [value for value in (expected, own.get(name)) if value is not None]
            assert (limits.get(name) if limits else None) == min(lower, default=None)
    assert (in_force.others == BLOCKED) == all(
        0 in (at_google(chat, tier, "requestsPerMinute", ""), at_google(chat, tier, "requestsPerDay", ""))
        for tier in PAID
    )
    assert OTHERS not in in_force.models
