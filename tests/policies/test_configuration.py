"""What is set for policies: levels, options and exceptions, from the JSON that Pulumi takes; and what they do."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from landing_zone.policies.configuration import (
    DEFAULT,
    ConfigurationError,
    Level,
    configuration_of,
    read_configuration,
)
from landing_zone.policies.every_policy import BY_ID
from landing_zone.policies.facts import KEYS, Facts, names_within
from landing_zone.policies.judge import Report, judge
from tests.policies.facts import API, DAY, GOOD, KEY, STRICT, key, project, subject


def mistakes(values: Any) -> list[tuple[str, str, str]]:
    """Where, what and what to write instead, of each mistake, as one reads it."""
    with pytest.raises(ConfigurationError) as raised:
        configuration_of(values, "policies.json")
    head, *lines = str(raised.value).splitlines()
    found = [tuple(line.strip() for line in lines[at : at + 3]) for at in range(0, len(lines), 3)]
    plural = "" if len(found) == 1 else "s"
    assert head == f"{len(found)} mistake{plural} in the policies' configuration."
    assert all(line.startswith("policies.json: ") for line in lines[::3])
    return [(where.removeprefix("policies.json: "), what, remedy) for where, what, remedy in found]


# Levels and options.


def test_what_is_not_set_is_mandatory() -> None:
    assert configuration_of({}, "x") == DEFAULT
    assert set(DEFAULT.levels.values()) == {Level.MANDATORY}
    assert set(DEFAULT.levels) == set(DEFAULT.options) == set(BY_ID)


@pytest.mark.parametrize("usual", ["advisory", {"enforcementLevel": "advisory"}])
def test_a_policys_own_level_comes_before_that_of_all(usual: Any) -> None:
    """Each in either of the two forms that Pulumi takes; options alone leave the level as it is."""
    values = {
        "all": usual,
        "labels": "remediate",
        "protected": {"enforcementLevel": "disabled"},
        "regions": {"users": ["EEA"]},
    }
    levels = configuration_of(values, "x").levels
    own = {"labels": Level.REMEDIATE, "protected": Level.DISABLED}
    assert levels == {**dict.fromkeys(BY_ID, Level.ADVISORY), **own}


@pytest.mark.parametrize("amount", [1200.1, "1200.1", "1200.10"])
def test_an_amount_is_what_was_written_whether_a_number_or_text(amount: Any) -> None:
    options: Any = configuration_of({"budget-below-maximum": {"maximum": amount}}, "x").options
    assert options["budget-below-maximum"].maximum == Decimal("1200.1")


@pytest.mark.parametrize("days", [7, 7.0, "7"])
def test_pulumi_hands_whole_numbers_on_as_doubles(days: Any) -> None:
    options: Any = configuration_of(
        {"price-step-up": {"days": days, "lag": "90m", "maxOvershoot": 50.0}}, "x"
    ).options
    found = options["price-step-up"]
    assert (found.days, found.lag, found.max_overshoot) == (7, timedelta(minutes=90), 50)


# Mistakes.


def test_every_mistake_is_reported_at_once_with_its_remedy() -> None:
    values = {
        "label": "advisory",
        "no-such": {},
        "all": "stern",
        "budget-below-maximum": {"maximum": -1, "currncy": "USD"},
        "budgets-within-envelope": {"envelope": True, "currency": "usd"},
        "budget-thresholds": {"firstAtMost": 50, "enforcmentLevel": "advisory"},
        "currency-matches": {"currencies": {"mine": "USD"}},
        "spend-stops": {"enforcementLevel": "hard"},
        "exposure-within-allowance": {"maxOvershoot": "50 USD", "lag": "a day"},
        "price-step-up": {"maxOvershoot": float("nan"), "days": 1.5},
        "quota-raise-justified": {"ceilings": {"PredictRequestsPerDay": -1}},
        "regions": {"users": ["DE", "UK"], "locations": "europe"},
        "protected": 3,
        "deletion-policy": {"allowed": ["PREVNT"]},
        "labels": {"required": ["Owner"], "defaults": []},
    }
    levels = "write one of: disabled, advisory, mandatory, remediate"
    assert sorted(mistakes(values)) == sorted(
        [
            ("label", "there is no such policy", "did you mean 'labels'?"),
            ("no-such", "there is no such policy", "remove it"),
            ("all", "'stern' is not a level", levels),
            ("budget-below-maximum.maximum", "the amount is -1", "write an amount above 0, such as 1200.50"),
            ("budget-below-maximum.currncy", "unknown key 'currncy'", "did you mean 'currency'?"),
            (
                "budgets-within-envelope.envelope",
                "True is not a number",
                "write a number such as 1200.50",
            ),
            (
                "budgets-within-envelope.currency",
                "'usd' is not a currency code",
                "did you mean USD? Write the billing account's currency as three capital letters, such as USD",
            ),
            (
                "budget-thresholds.firstAtMost",
                "50 is not a share",
                "write a share between 0 and 1: 0.25 is a quarter",
            ),
            (
                "budget-thresholds.enforcmentLevel",
                "unknown key 'enforcmentLevel'",
                "did you mean 'enforcementLevel'?",
            ),
            (
                "currency-matches.currencies.mine",
                "'mine' is not a billing account id",
                "write it as `gcloud billing accounts list` shows it: 01A2B3-C4D5E6-F7A8B9",
            ),
            ("spend-stops.enforcementLevel", "'hard' is not a level", levels),
            (
                "exposure-within-allowance.maxOvershoot",
                "'50 USD' is not a number",
                "write a number without currency sign or commas, such as 1200.50",
            ),
            (
                "exposure-within-allowance.lag",
                "'a day' is not a time of up to 31 days",
                "write it as 24h, 90m, 2d or 3h42m",
            ),
            ("price-step-up.maxOvershoot", "nan is not a finite number", "write a number such as 1200.50"),
            (
                "price-step-up.days",
                "1.5: Input should be a valid integer, got a number with a fractional part",
                "write a whole number",
            ),
            ("quota-raise-justified.ceilings.PredictRequestsPerDay", "-1 is too small", "write 0 or more"),
            ("regions.locations", "'europe' is not a list", 'write a list: ["…"]'),
            ("regions.users[1]", "'UK' is not a country's code", "write GB"),
            ("protected.enforcementLevel", "3 is not a level", levels),
            (
                "deletion-policy.allowed[0]",
                "'PREVNT' is not one of 'PREVENT', 'UNLINK', 'ABANDON' or 'DELETE'",
                "did you mean PREVENT?",
            ),
            (
                "labels.required[0]",
                "'Owner' is not a label key",
                "write at most 63 lowercase letters, digits, _ and -, a letter first, such as cost-centre",
            ),
            ("labels.defaults", "a list is not a mapping", 'write a mapping: {"…": …}'),
        ]
    )


@pytest.mark.parametrize("level", [None, True, 1, [], ["advisory"], "Advisory", ""])
def test_a_wrong_level_is_reported_and_stands_for_no_other(level: Any) -> None:
    policy = "spend-stops"
    assert [where for where, _, _ in mistakes({"all": level})] == ["all"]
    assert [where for where, _, _ in mistakes({policy: level})] == [f"{policy}.enforcementLevel"]
    both = {"all": {"enforcementLevel": level}, policy: {"enforcementLevel": level}}
    assert [where for where, _, _ in mistakes(both)] == ["all", f"{policy}.enforcementLevel"]


def test_all_has_no_options() -> None:
    found = mistakes({"all": {"enforcementLevel": "advisory", "maximum": 5}})
    assert found == [("all.maximum", "unknown key 'maximum'", "write one of: enforcementLevel")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON: "),
        ("[]", 'not a mapping\n    write {"all": "mandatory"}'),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_by_its_name(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    file = tmp_path / "policies.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_configuration(file)
    assert str(raised.value).startswith(f"{file}: {reason}")


def test_a_file_says_what_its_values_say(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    file.write_text(json.dumps(STRICT))
    assert read_configuration(file) == configuration_of(STRICT, "x")


# Exceptions.

LAST = date(2026, 12, 24)
EXEMPT = {"resource": "acme-chat", "owner": "ada@example.com", "reason": "moves", "expires": "2026-12-24"}


def judged(policy: str, facts: Facts, *exceptions: Mapping[str, str], level: str = "mandatory") -> Report:
    """The verdicts of one policy alone."""
    own = {"enforcementLevel": level, "exceptions": list(exceptions)}
    return judge("prod", facts, configuration_of({"all": "disabled", policy: own}, "x"))


def named(facts: Facts, *names: str) -> Facts:
    """The facts with a project that an exception may call by these names."""
    [own] = facts.projects
    return replace(facts, projects=(replace(own, subject=replace(own.subject, names=frozenset(names))),))


GOES = named(project(deletion="DELETE"), "acme-chat")


@pytest.mark.parametrize(
    ("day", "state", "states", "stopping"),
    [
        (DAY, "in force", ["exception"], 0),
        (LAST, "in force", ["exception"], 0),
        # The next day what is wrong stops again, and so does the exception itself.
        (LAST + timedelta(1), "expired", ["mandatory", "mandatory"], 2),
    ],
)
def test_an_exception_holds_on_its_last_day_and_not_on_the_next(
    day: date, state: str, states: list[str], stopping: int
) -> None:
    report = judged("deletion-policy", replace(GOES, day=day), EXEMPT)
    [listed] = report.exceptions
    covers = ["project acme-chat"] if state == "in force" else []
    assert listed.as_json() == {
        "policy": "deletion-policy",
        **EXEMPT,
        "state": state,
        "covers": covers,
        "remarks": [],
    }
    assert ([each.state for each in report.verdicts], report.stopping) == (states, stopping)


def test_an_expired_exception_is_reported_though_nothing_else_is_wrong() -> None:
    for level, state, stopping in (
        ("advisory", "advisory", 0),
        ("mandatory", "mandatory", 1),
        ("remediate", "mandatory", 1),
    ):
        report = judged("deletion-policy", replace(GOOD, day=LAST + timedelta(1)), EXEMPT, level=level)
        [verdict] = report.verdicts
        assert (verdict.state, report.stopping) == (state, stopping)
        assert verdict.finding.subject.label == "acme-chat"
        assert verdict.finding.message == (
            "has an exception from deletion-policy that expired on 2026-12-24 (ada@example.com: moves)"
        )


def test_an_exception_that_nothing_needs_and_one_that_nothing_has_are_listed_as_such() -> None:
    report = judged("labels", GOES, EXEMPT, {**EXEMPT, "resource": "acme-chta"})
    assert [(each.state, each.remarks) for each in report.exceptions] == [
        ("unused", ()),
        ("unmatched", ("did you mean 'acme-chat'?",)),
    ]


def test_an_exception_that_is_wide_or_long_is_remarked_on() -> None:
    names = frozenset({"acme-chat"})
    apis = tuple(
        replace(
            API, subject=replace(subject("api", name, f"API {name}"), names=names), disable_on_destroy=True
        )
        for name in ("one", "two")
    )
    facts = replace(GOOD, apis=apis)
    report = judged("no-disable-on-destroy", facts, {**EXEMPT, "expires": "2028-01-01"})
    [listed] = report.exceptions
    assert (listed.state, listed.remarks) == (
        "in force",
        ("wide: it covers API one, API two", "long: it ends in more than a year"),
    )
    assert str(listed).endswith("; wide: it covers API one, API two; long: it ends in more than a year")


@pytest.mark.parametrize("name", ["acme-chat/backend", "projects/acme-chat/locations/global/keys/backend"])
def test_a_key_is_exempt_by_its_project_and_id_and_no_other_key_is(name: str) -> None:
    mine = names_within(["acme-chat"], KEYS, "backend")
    others = replace(KEY, subject=replace(KEY.subject, names=frozenset({"acme-chat/web"})), addresses=())
    own = replace(KEY, subject=replace(KEY.subject, names=mine), addresses=())
    report = judged("key-clients", replace(GOOD, keys=(own, others)), {**EXEMPT, "resource": name})
    assert [verdict.state for verdict in report.verdicts] == ["exception", "mandatory"]
    # Its project's exception is not its own.
    assert judged("key-clients", replace(GOOD, keys=(own,)), EXEMPT).stopping == 1


def test_an_exception_is_from_one_policy() -> None:
    facts = named(project(deletion="DELETE", labels=None), "acme-chat")
    values = {
        "all": "disabled",
        "labels": "mandatory",
        "deletion-policy": {"exceptions": [EXEMPT], "enforcementLevel": "mandatory"},
    }
    report = judge("prod", facts, configuration_of(values, "x"))
    states = {verdict.policy.id: verdict.state for verdict in report.verdicts}
    assert states == {"labels": "mandatory", "deletion-policy": "exception"}
    assert [policy.id for policy in report.judged] == ["deletion-policy", "labels"]


def test_a_policy_that_mends_nothing_is_mandatory_where_it_is_to_mend() -> None:
    """A fixable violation does not stop `pulumi up`."""
    assert judged("key-clients", key(addresses=()), level="remediate").stopping == 1
    assert judged("deletion-policy", GOES, level="remediate").stopping == 0


@pytest.mark.parametrize("left_out", ["owner", "reason", "expires", "resource"])
def test_an_exception_without_who_why_and_until_when_is_refused(left_out: str) -> None:
    less = {name: value for name, value in EXEMPT.items() if name != left_out}
    [(where, what, remedy)] = mistakes({"labels": {"exceptions": [EXEMPT, less]}})
    assert (where, what) == (f"labels.exceptions[1].{left_out}", f"{left_out!r} is missing")
    assert remedy.startswith(f"write {left_out}: (")
    [(where, _, _)] = mistakes({"labels": {"exceptions": [{**EXEMPT, left_out: ""}]}})
    assert where == f"labels.exceptions[0].{left_out}"


@pytest.mark.parametrize("expires", ["never", "2027-02-30", "2026-12-24T10:00:00", 20261224, True, None])
def test_an_exception_ends_on_a_day(expires: Any) -> None:
    [(where, what, remedy)] = mistakes({"labels": {"exceptions": [{**EXEMPT, "expires": expires}]}})
    assert (where, what) == ("labels.exceptions[0].expires", f"{expires!r} is not a day")
    assert remedy.startswith("write a day such as 2026-01-31")


# Schemas.

TYPICAL: dict[str, list[dict[str, Any]]] = {
    "budget-below-maximum": [{"maximum": 1200.5, "currency": "EUR"}, {"maximum": "1200.5"}, {"maximum": 5}],
    "budgets-within-envelope": [{"envelope": 5000.0}, {"envelope": "5000", "currency": "EUR"}],
    "budget-thresholds": [{"firstAtMost": 0.25}, {"firstAtMost": "0.25"}],
    "currency-matches": [{"currencies": {"01A2B3-C4D5E6-F7A8B9": "USD"}}, {"currencies": {}}],
    "exposure-within-allowance": [{"maxOvershoot": 50, "lag": "24h"}, {"lag": "90m", "currency": "CHF"}],
    "price-step-up": [{"maxOvershoot": 50.0, "lag": "2d", "days": 60}, {"days": 60.0, "currency": "CHF"}],
    "models-served": [{"days": 90}, {"days": 5.0}],
    "spend-stops": [
        {"maximum": 1500.5, "currency": "EUR"},
        {"guards": ["projects/acme-ops/topics/spend"]},
    ],
    "quota-raise-justified": [{"ceiling": 100.0, "ceilings": {"PredictRequestsPerDay": 10}}],
    "regions": [{"locations": ["europe", "global"], "users": ["EEA", "CH"]}],
    "deletion-policy": [{"allowed": ["ABANDON"]}],
    "labels": [{"required": ["owner"], "defaults": {"owner": "platform"}}, {"required": []}],
    "other-doors": [{"allowed": ["aiplatform.googleapis.com"]}],
    "access-without-key": [
        {"members": ["group:platform@example.com"], "roles": ["roles/run.admin"]},
        {"customRoles": ["projects/acme-chat/roles/reader"]},
    ],
    "known-resources": [
        {"types": ["gcp:compute/address:Address", "gcp:bigquery/*"], "packages": ["random"]},
        {"endpoints": ["proxy.example.com"]},
    ],
    "billing-accounts": [{"accounts": ["01A2B3-C4D5E6-F7A8B9"]}],
    "parents": [{"parents": ["folders/123456789012", "organizations/1"]}],
    "adoption": [{"projects": []}, {"projects": ["acme-support-legacy"]}],
}
REFUSED: dict[str, list[dict[str, Any]]] = {
    "budget-below-maximum": [{"maximum": True}, {"currency": "usd"}],
    "exposure-within-allowance": [{"lag": "a day"}],
    "price-step-up": [{"days": -1}, {"days": 1.5}],
    "regions": [{"users": ["UK1"]}, {"locations": "europe"}],
    "deletion-policy": [{"allowed": []}, {"allowed": ["NEVER"]}],
    "labels": [{"required": ["Owner"]}, {"exceptions": [{**EXEMPT, "owner": ""}]}],
    "known-resources": [
        {"types": ["*"]},
        {"types": ["gcp:*/instance:Instance"]},
        {"packages": ["gcp:compute"]},
        {"endpoints": ["https://proxy.example.com/"]},
    ],
    "parents": [{"parents": ["123456789012"]}],
    "spend-stops": [{"guards": ["spend"]}, {"guards": ["projects/acme-ops/topics/"]}],
}


def _validator(policy: str) -> jsonschema.Draft202012Validator:
    properties, required = BY_ID[policy].schema()
    schema = {"type": "object", "properties": properties, "required": required}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("policy", BY_ID)
def test_the_engine_takes_what_is_taken_here(policy: str) -> None:
    """The engine checks by the schema, with what it fills in for what is left out."""
    properties, required = BY_ID[policy].schema()
    validator = _validator(policy)
    filled = {name: each["default"] for name, each in properties.items()}
    assert required == []
    assert "$ref" not in json.dumps(properties)
    assert all(each["description"] for each in properties.values())
    assert BY_ID[policy].options.model_validate(filled) == DEFAULT.options[policy]
    for values in [*TYPICAL.get(policy, ()), {}, {"exceptions": []}, {"exceptions": [EXEMPT]}]:
        configuration_of({policy: values}, "x")
        validator.validate({**filled, **values})
    for values in REFUSED.get(policy, ()):
        assert mistakes({policy: values})
        assert not validator.is_valid(values)


def test_every_option_has_a_typical_value() -> None:
    options = {
        (policy.id, name) for policy in BY_ID.values() for name in policy.schema()[0] if name != "exceptions"
    }
    assert options == {
        (policy, name) for policy, all_of in TYPICAL.items() for each in all_of for name in each
    }
