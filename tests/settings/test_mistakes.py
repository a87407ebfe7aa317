"""Every mistake in a stack file is told with its file, line, path, reason and remedy, all at once."""

from pathlib import Path

import pytest
import yaml

from landing_zone.settings import SettingsError, load_file

PAID = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/123456789012
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      keys:
        backend: {allowedIps: [203.0.113.0/24]}
      budget: {amount: 1200.50, currency: USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}
      alerts: {email: [oncall@example.com], errorRate: 0.05}
      limits:
        gemini-2.5-flash: {requestsPerMinute: 60}
"""
FREE = """\
config:
  gemini-landing-zone:projects:
    lab:
      projectId: acme-lab-dev
      tier: free
"""
ALL_ADDRESSES = "[a@x.io, b@x.io, c@x.io, d@x.io, e@x.io, f@x.io]"
SECOND = "    twin:\n      projectId: acme-chat-prod\n      tier: free\n"

# (what is wrong, the right text, what replaces it, where it is told, a piece of the reason, a piece of the remedy)
MISTAKES = [
    ("near-miss key", "tier: paid", "teir: paid", "projects.chat.teir", "unknown key 'teir'", "'tier'"),
    ("unknown key", "tier: paid", "tier: paid\n      zone: b", "projects.chat.zone", "unknown key 'zone'", "write one of"),
    ("near-miss key, deep", "currency:", "curency:", "projects.chat.budget.curency", "'curency'", "'currency'"),
    ("near-miss of an environment's key", ":parent:", ":parnet:", "parnet", "'parnet'", "'parent'"),
    ("missing id", "      projectId: acme-chat-prod\n", "", "projects.chat.projectId", "missing", "projectId:"),
    ("missing tier", "      tier: paid\n", "", "projects.chat.tier", "missing", "tier:"),
    ("missing currency", ", currency: USD", "", "projects.chat.budget.currency", "missing", "currency:"),
    ("missing amount", "amount: 1200.50, ", "", "projects.chat.budget.amount", "missing", "amount:"),
    ("tier of no kind", "tier: paid", "tier: payed", "projects.chat.tier", "'payed'", "did you mean paid"),
    ("id too short", "acme-chat-prod", "acme", "projects.chat.projectId", "4 characters", "6 to 30"),
    ("id too long", "acme-chat-prod", "acme-" + "x" * 26, "projects.chat.projectId", "31 characters", "6 to 30"),
    ("id in capitals", "acme-chat-prod", "Acme-Chat", "projects.chat.projectId", "not a project id", "lowercase"),
    ("id with a last hyphen", "acme-chat-prod", "acme-chat-", "projects.chat.projectId", "not a project id", "hyphen last"),
    ("id with a reserved word", "acme-chat-prod", "google-chat", "projects.chat.projectId", "reserves", "without it"),
    ("id as a number", "acme-chat-prod", "123456", "projects.chat.projectId", "not text", "write text"),
    ("bad name", "tier: paid", "tier: paid\n      name: 'a_b'", "projects.chat.name", "not a project name", "4 to 30"),
    ("bad name of a project here", "    chat:", "    Chat_1:", "projects.Chat_1", "not a name", "24 lowercase"),
    ("bad account", "01A2B3-C4D5E6-F7A8B9", "01A2B3-C4D5E6", "billingAccount", "not a billing account", "gcloud billing"),
    ("account in lower case", "01A2B3-C4D5E6", "01a2b3-c4d5e6", "billingAccount", "not a billing account", "01A2B3"),
    ("bad parent", "folders/123456789012", "folder/1", "parent", "not a folder", "folders/NUMBER"),
    ("parent by name", "folders/123456789012", "folders/ai", "parent", "not a folder", "folders/NUMBER"),
    ("bad currency", "USD", "US$", "projects.chat.budget.currency", "not a currency", "three capital letters"),
    ("currency in lower case", "USD", "usd", "projects.chat.budget.currency", "not a currency", "USD?"),
    ("near-miss currency", "USD", "UDS", "projects.chat.budget.currency", "not a currency", "did you mean"),
    ("negative amount", "1200.50", "-5", "projects.chat.budget.amount", "is -5", "above 0"),
    ("zero amount", "1200.50", "0", "projects.chat.budget.amount", "is 0", "above 0"),
    ("amount with a sign", "1200.50", "$1200", "projects.chat.budget.amount", "not a number", "without currency sign"),
    ("amount with a comma", "1200.50", "'1,200.50'", "projects.chat.budget.amount", "not a number", "commas"),
    ("amount that is no number", "1200.50", "true", "projects.chat.budget.amount", "not a number", "1200.50"),
    ("amount without end", "1200.50", ".inf", "projects.chat.budget.amount", "not a", "1200.50"),
    ("amount finer than Google's", "1200.50", "0.0000000001", "projects.chat.budget.amount", "9 decimals", "at most 9"),
    ("negative threshold", "[0.5,", "[-0.5,", "projects.chat.budget.thresholds[0]", "negative", "0.5 is 50 %"),
    ("threshold in percent", "[0.5,", "[50,", "projects.chat.budget.thresholds[0]", "5000", "0.5 is 50 %"),
    ("threshold of no kind", "forecast: 1.0", "forcast: 1.0", "projects.chat.budget.thresholds[2]", "not a threshold", "forecast: 1.0"),
    ("threshold twice", "[0.5,", "[1.0,", "projects.chat.budget.thresholds[1]", "twice", "keep one"),
    ("no thresholds", "[0.5, 1.0, {forecast: 1.0}]", "[]", "projects.chat.budget.thresholds", "never tells", "thresholds:"),
    ("thresholds that are no list", "[0.5, 1.0, {forecast: 1.0}]", "0.5", "projects.chat.budget.thresholds", "not a list", "- value"),
    ("nobody to notify", "USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}\n      alerts: {email: [oncall@example.com], errorRate: 0.05}", "USD, iamRecipients: false}", "projects.chat.budget.iamRecipients", "nobody", "email"),
    ("six channels", "[oncall@example.com]", ALL_ADDRESSES, "projects.chat.alerts.email", "6 channels", "keep 5"),
    ("an address twice", "[oncall@example.com]", "[a@x.io, a@x.io]", "projects.chat.alerts.email[1]", "twice", "keep one"),
    ("no address", "[oncall@example.com]", "[oncall]", "projects.chat.alerts.email[0]", "not one e-mail", "oncall@example.com"),
    ("two addresses in one", "[oncall@example.com]", "['a@x.io,b@x.io']", "projects.chat.alerts.email[0]", "not one", "one address"),
    ("an alert for nobody", "[oncall@example.com]", "[]", "projects.chat.alerts.errorRate", "nobody", "email:"),
    ("error rate in percent", "errorRate: 0.05", "errorRate: 5", "projects.chat.alerts.errorRate", "between 0 and 1", "0.05 is 5 %"),
    ("paid without an account", "  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9\n", "", "projects.chat.billingAccount", "needs a billing account", "billingAccount:"),
    ("paid without a budget", "      budget: {amount: 1200.50, currency: USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}\n", "", "projects.chat.budget", "needs a budget", "budget:"),
    ("free with a budget", "tier: paid", "tier: free", "projects.chat.budget", "no budget", "tier: paid"),
    ("two projects with one id", "    chat:\n", SECOND + "    chat:\n", "projects.chat.projectId", "'twin' as well", "of its own"),
    ("unknown model", "gemini-2.5-flash:", "gemini-2.5-flahs:", "projects.chat.limits.gemini-2.5-flahs", "unknown model", "'gemini-2.5-flash'"),
    ("model of another kind", "gemini-2.5-flash:", "gemini-embedding-001:", "projects.chat.limits.gemini-embedding-001", "embeds", "leave it out"),
    ("no limit", "{requestsPerMinute: 60}", "{}", "projects.chat.limits.gemini-2.5-flash", "no limit", "requestsPerDay"),
    ("negative limit", "requestsPerMinute: 60", "requestsPerMinute: -1", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "is -1", "0 to block"),
    ("half a request", "requestsPerMinute: 60", "requestsPerMinute: 0.5", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "not a whole number", "whole number"),
    ("near-miss limit", "requestsPerMinute:", "requestPerMinute:", "projects.chat.limits.gemini-2.5-flash.requestPerMinute", "unknown key", "'requestsPerMinute'"),
    ("no address block", "203.0.113.0/24", "office", "projects.chat.keys.backend.allowedIps[0]", "not an IP", "203.0.113.0/24"),
    ("address for a block", "203.0.113.0/24", "203.0.113.9/24", "projects.chat.keys.backend.allowedIps[0]", "inside a block", "203.0.113.0/24"),
    ("the whole Internet", "203.0.113.0/24", "0.0.0.0/0", "projects.chat.keys.backend.allowedIps[0]", "every address", "leave allowedIps out"),
    ("two kinds of client", "[203.0.113.0/24]}", "[203.0.113.0/24], allowedReferrers: [a.io]}", "projects.chat.keys.backend.allowedReferrers", "one kind", "each kind"),
    ("bad name of a key", "backend:", "Back End:", "projects.chat.keys.Back End", "not a name for a key", "24 lowercase"),
    ("bad service account", "[203.0.113.0/24]}", "[203.0.113.0/24], serviceAccount: bot}", "projects.chat.keys.backend.serviceAccount", "not a service account", "NAME@PROJECT"),
    ("bad label", "tier: paid", "tier: paid\n      labels: {Owner: me}", "projects.chat.labels.Owner", "not a label key", "lowercase"),
    ("label value as a number", "tier: paid", "tier: paid\n      labels: {cost: 12}", "projects.chat.labels.cost", "not text", "text"),
    ("adopted and placed", "tier: paid", "tier: paid\n      adopt: true\n      parent: folders/1", "projects.chat.parent", "not managed", "leave parent out"),
    ("word for a truth", "tier: paid", "tier: paid\n      protect: 'yes'", "projects.chat.protect", "not true or false", "true or false"),
    ("bad deletion policy", "tier: paid", "tier: paid\n      deletionPolicy: KEEP", "projects.chat.deletionPolicy", "'KEEP'", "PREVENT"),
    ("key twice", "tier: paid", "tier: paid\n      tier: free", "projects.chat.tier", "twice", "keep one"),
    ("mapping expected", "keys:\n        backend: {allowedIps: [203.0.113.0/24]}", "keys: [backend]", "projects.chat.keys", "not a mapping", "key: value"),
    ("default of a project's own", "  gemini-landing-zone:parent", "  gemini-landing-zone:defaults: {projectId: acme-shared}\n  gemini-landing-zone:parent", "defaults.projectId", "no default", "move projectId"),
]  # fmt: skip


def mistakes(folder: Path, text: str) -> list[dict[str, str | int | None]]:
    file = folder / "Pulumi.prod.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    return [problem.as_json() for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("right", "wrong", "path", "reason", "remedy"),
    [row[1:] for row in MISTAKES],
    ids=[row[0] for row in MISTAKES],
)
def test_a_mistake_is_told_where_it_is_and_how_to_mend_it(
    tmp_path: Path, right: str, wrong: str, path: str, reason: str, remedy: str
) -> None:
    assert PAID.count(right) >= 1
    text = PAID.replace(right, wrong, 1)
    told = [
        problem for problem in mistakes(tmp_path, text) if problem["path"] == f"gemini-landing-zone:{path}"
    ]
    assert len(told) == 1
    assert reason in str(told[0]["reason"])
    assert remedy in str(told[0]["remedy"])
    assert told[0]["file"] == str(tmp_path / "Pulumi.prod.yaml")
    # The line is that of the key, or of the nearest key above it where the mistake is that something is missing.
    line = text.splitlines()[int(str(told[0]["line"])) - 1]
    words = path.replace("]", "").replace("[", ".").replace("gemini-2.5", "gemini-2_5").split(".")
    assert any(word.replace("_5", ".5") in line for word in words)


def test_the_right_text_is_right(tmp_path: Path) -> None:
    for text in (PAID, FREE):
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
        assert load_file("prod", tmp_path / "Pulumi.prod.yaml").projects


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config: [", "not YAML"),
        ("secretsprovider: passphrase\n", "no config"),
        ("config:\n  gcp:project: x\n", "no project"),
        ("config:\n  gemini-landing-zone:projects: {}\n", "no project"),
        ("config:\n  gemini-landing-zone:projects: chat\n", "not a mapping"),
        ("config:\n  gemini-landing-zone:projects:\n    chat: acme-chat\n", "not a mapping"),
    ],
)
def test_a_file_that_holds_no_environment_is_told(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in str(mistakes(tmp_path, text))


def test_free_with_an_account_of_its_own(tmp_path: Path) -> None:
    text = FREE + "      billingAccount: 01A2B3-C4D5E6-F7A8B9\n"
    [problem] = mistakes(tmp_path, text)
    assert problem["path"] == "gemini-landing-zone:projects.lab.billingAccount"
    assert problem["line"] == 6


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        PAID.replace("acme-chat-prod", "x")
        .replace("USD", "UDS")
        .replace("60", "many")
        .replace("oncall@", "oncall")
    )
    told = mistakes(tmp_path, text)
    assert [problem["path"] for problem in told] == [
        f"gemini-landing-zone:projects.chat.{path}"
        for path in (
            "projectId",
            "budget.currency",
            "alerts.email[0]",
            "limits.gemini-2.5-flash.requestsPerMinute",
        )
    ]
    lines = [int(str(problem["line"])) for problem in told]
    assert lines == sorted(lines)


def test_a_mistyped_key_is_one_mistake_not_also_a_missing_one(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, PAID.replace("tier:", "teir:"))) == 1


def test_a_mistake_in_the_defaults_is_told_once_and_there(tmp_path: Path) -> None:
    content = yaml.safe_load(FREE)
    content["config"]["gemini-landing-zone:projects"]["two"] = {"projectId": "acme-two-dev", "tier": "free"}
    content["config"]["gemini-landing-zone:defaults"] = {"alerts": {"email": ["nobody"]}}
    [problem] = mistakes(tmp_path, yaml.safe_dump(content))
    assert problem["path"] == "gemini-landing-zone:defaults.alerts.email[0]"


def test_a_key_pasted_into_the_file_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    pasted = "AIzaSy" + "0" * 33
    text = PAID.replace("{allowedIps: [203.0.113.0/24]}", pasted)
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    assert pasted not in str(raised.value)
    assert "projects.chat.keys.backend" in str(raised.value)
