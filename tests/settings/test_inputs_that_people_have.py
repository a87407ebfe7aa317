"""IDs, labels and fingerprints as people have them: accepted in every form that Google takes, and in no other."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from landing_zone.names import account_domain, budget_title, cap_title, key_title
from landing_zone.settings import EnvironmentSettings, Problem, SettingsError, load_file, load_project
from landing_zone.settings.schema import stack_file_schema

OLD_IDS = [
    "example.com:legacy-bot",
    "eng.example.co.uk:bot",
    "example.org:1234",
    "google-tools",
    "acme-ssl-tools",
    "short",
    "1st-project",
    "a-project-id-with-more-than-thirty-characters",
]
NO_IDS = [
    "123456789012",
    "Acme-Bot",
    "acme_bot",
    "example.com:",
    ":bot",
    "example.com:Bot",
    "acme-bot-",
    "a/b",
    "",
]


def refusal(values: Mapping[str, object]) -> Problem:
    with pytest.raises(SettingsError) as caught:
        load_project("chat", {"tier": "free", **values})
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize("project_id", OLD_IDS)
def test_an_old_id_is_taken_for_a_project_that_exists_alone(project_id: str) -> None:
    values = {"projectId": project_id, "tier": "free"}
    assert load_project("chat", {**values, "adopt": True}).project_id == project_id
    found = refusal(values)
    assert found.path == ("projectId",)
    assert repr(project_id) in found.reason
    assert "adopt: true" in found.remedy


@pytest.mark.parametrize("project_id", NO_IDS)
def test_what_never_was_an_id_is_refused_with_adopt_too(project_id: str) -> None:
    for adopt in (True, False):
        found = refusal({"projectId": project_id, "adopt": adopt})
        assert found.path == ("projectId",)
        assert "letters, digits and hyphens" in found.remedy


@pytest.mark.parametrize("project_id", ["acme-chat-prod", *OLD_IDS])
def test_titles_fit_and_tell_projects_from_each_other(project_id: str) -> None:
    assert len(cap_title(project_id)) <= 60
    assert len(key_title(project_id, "k" * 24)) <= 63
    other = f"{project_id}{'x' * (63 - len(project_id))}"
    assert len(budget_title(other)) <= 60
    assert budget_title(other) != budget_title(f"{other[:-1]}y")


def test_service_accounts_of_a_domain_scoped_project_have_its_domain() -> None:
    assert account_domain("acme-chat-prod") == "acme-chat-prod.iam.gserviceaccount.com"
    assert account_domain("example.com:legacy-bot") == "legacy-bot.example.com.iam.gserviceaccount.com"


@pytest.mark.parametrize("host", ["example.com:seed", "acme-ssl-seed"])
def test_what_exists_in_an_old_project_can_be_named(host: str, tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        f"""\
  gemini-landing-zone:notificationProject: {host}
  gemini-landing-zone:channels:
    bus: {{type: pubsub, topic: 'projects/{host}/topics/alerts'}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      billingAccount: 01A2B3-C4D5E6-F7A8B9
      budget:
        amount: 5
        currency: USD
        topic: 'projects/{host}/topics/spend'
        channels: ['projects/{host}/notificationChannels/12']
      alerts: {{channels: [bus]}}
""",
    )
    assert found.notification_project == host


def loaded(folder: Path, config: str) -> EnvironmentSettings:
    (folder / "Pulumi.x.yaml").write_text(f"config:\n{config}")
    return load_file("x", folder / "Pulumi.x.yaml")


def some_labels(prefix: str, count: int) -> str:
    return ", ".join(f"{prefix}-{number}: a" for number in range(count))


def labelled(environment: int, defaults: int, own: int, more: str = "") -> str:
    return f"""\
  gemini-landing-zone:labels: {{{some_labels("env", environment)}}}
  gemini-landing-zone:defaults: {{labels: {{{some_labels("def", defaults)}}}}}
  gemini-landing-zone:projects:
    chat: {{projectId: acme-chat-dev, tier: free, labels: {{{some_labels("own", own)}}}{more}}}
"""


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (labelled(64, 0, 0), 66),
        (labelled(21, 21, 21), 65),
        (labelled(30, 30, 30), 92),
        (labelled(20, 20, 22, ", privateData: true"), 65),
        (labelled(20, 20, 21, ", privateData: false, users: [DE]"), 65),
    ],
    ids=["environment", "merged", "many", "private data", "users"],
)
def test_more_than_64_labels_are_refused_with_their_number(config: str, count: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, config)
    [problem] = caught.value.problems
    assert problem.line
    assert problem.reason.startswith(f"{count} labels: ")
    assert "goog-pulumi-provisioned" in problem.reason
    assert f"take out {count - 64} at least" in problem.remedy


@pytest.mark.parametrize(
    "config",
    [
        labelled(20, 21, 21),
        labelled(20, 20, 21, ", privateData: true"),
        # An inherited label is one label, whoever gives its value, and none if null takes it away.
        labelled(62, 0, 0, ", labels: {env-0: b, env-1: null, mine: c}").replace("labels: {}, ", ""),
        labelled(64, 20, 0, ", adopt: true").replace("labels: {}, ", ""),
    ],
    ids=["62, Pulumi's and the stack's", "61 and three that are added", "overridden", "adopted"],
)
def test_64_labels_are_accepted(config: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, config).projects.keys() == {"chat"}


DIGITS = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
PAIRS = ":".join(DIGITS[at : at + 2] for at in range(0, 40, 2))


@pytest.mark.parametrize("written", [DIGITS, DIGITS.lower(), PAIRS, PAIRS.lower(), PAIRS.title()])
def test_a_fingerprint_has_one_form_however_it_is_written(written: str) -> None:
    key = {"androidApps": [{"packageName": "com.example.app", "sha1Fingerprint": written}]}
    found = load_project("chat", {"projectId": "acme-chat-dev", "tier": "free", "keys": {"app": key}})
    assert found.keys["app"].android_apps[0].sha1_fingerprint == DIGITS


@pytest.mark.parametrize(
    "written",
    [DIGITS[:-1], f"{DIGITS}00", f"{PAIRS}:", PAIRS[:-3], PAIRS.replace(":", "-"), f"G{DIGITS[1:]}"],
)
def test_what_is_no_fingerprint_is_refused(written: str) -> None:
    key = {"androidApps": [{"packageName": "com.example.app", "sha1Fingerprint": written}]}
    found = refusal({"projectId": "acme-chat-dev", "keys": {"app": key}})
    assert "is not a SHA-1 fingerprint" in found.reason
    assert "with or without colons" in found.remedy


def test_the_editor_accepts_what_the_loader_does() -> None:
    definitions = stack_file_schema()["$defs"]
    ids = definitions["ProjectSettings"]["properties"]["projectId"]["pattern"]
    assert all(re.search(ids, each) for each in OLD_IDS)
    assert not any(re.search(ids, each) for each in NO_IDS)
    prints = definitions["AndroidApp"]["properties"]["sha1Fingerprint"]["pattern"]
    assert all(re.search(prints, each) for each in (DIGITS, DIGITS.lower(), PAIRS))
    assert not any(re.search(prints, each) for each in (f"{DIGITS}0", f"{PAIRS}:0A", DIGITS[1:]))


BUDGET = "budget: {{amount: {amount}, currency: {currency}, spendCap: {{amount: {cap}}}}}"


def paid(budget: str, limits: str = "{}") -> str:
    return f"""\
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:accountTerms: {{01A2B3-C4D5E6-F7A8B9: {{usdRate: 150}}}}
  gemini-landing-zone:sharedBudgets: {{both: {{projects: [chat], amount: 5000, currency: JPY}}}}
  gemini-landing-zone:projects:
    chat: {{projectId: acme-chat-prod, tier: paid, {budget}, limits: {limits}}}
"""


@pytest.mark.parametrize(
    ("config", "path", "reason"),
    [
        (
            paid(BUDGET.format(amount="1000.50", currency="JPY", cap=2000)),
            ("projects", "chat", "budget", "amount"),
            "1000.50 JPY: JPY has no decimals",
        ),
        (
            paid(BUDGET.format(amount=1000, currency="KRW", cap="'2000.1'")),
            ("projects", "chat", "budget", "spendCap", "amount"),
            "2000.1 KRW: KRW has no decimals",
        ),
        (
            paid(
                BUDGET.format(amount=1000, currency="VND", cap=2000), "{derive: {maxOvershoot: 900000000.25}}"
            ),
            ("projects", "chat", "limits", "derive", "maxOvershoot"),
            "900000000.25 VND: VND has no decimals",
        ),
        (
            paid(BUDGET.format(amount=1000, currency="JPY", cap=2000)).replace("5000", "5000.5"),
            ("sharedBudgets", "both", "amount"),
            "5000.5 JPY: JPY has no decimals",
        ),
    ],
    ids=["budget", "cap", "overshoot", "shared budget"],
)
def test_an_amount_with_decimals_that_its_currency_has_not(
    config: str, path: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, config)
    found = {problem.path: problem for problem in caught.value.problems}
    assert found[path].reason == reason
    assert found[path].remedy.startswith("write a whole number, such as ")


@pytest.mark.parametrize(("amount", "currency"), [("1000", "JPY"), ("1000.0", "JPY"), ("0.125", "KWD")])
def test_an_amount_that_its_currency_has(amount: str, currency: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, paid(BUDGET.format(amount=amount, currency=currency, cap=2000)))
    assert found.projects["chat"].budget
