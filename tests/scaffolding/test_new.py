"""`gemini-lz new`: any answers give a file that validates, that mandatory policies pass, and whose plan fits."""

import json
import os
import pty
import re
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.policies.rulebook import Rulebook
from landing_zone.pricing.days import Period
from landing_zone.pricing.money import decimals_of
from landing_zone.reports.environment_estimate import environment_estimate
from landing_zone.scaffolding import answers
from landing_zone.scaffolding.answers import AnswerError, Answers
from landing_zone.scaffolding.new_stack import new_stack
from tests.cli.test_reports import COMMAND
from tests.scaffolding.commands import run

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
GIVEN = (
    *("--account", ACCOUNT, "--folder", "333333333333"),
    *("--team", "chat=1200", "--team", "search=300"),
    *("--email", "oncall@example.com", "--allowed-ips", "203.0.113.0/24"),
)
OLD_KEY = "gcpkms://projects/acme-old/locations/us/keyRings/pulumi/cryptoKeys/state"
LONGEST_MONTH = Period(date(2027, 3, 1), date(2027, 3, 31))
RATES = {"USD": None, "EUR": "0.92", "JPY": "151.35", "KWD": "0.3071", "IDR": "16400"}
NAMES = st.from_regex(r"\A[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5})?\Z") | st.sampled_from(["on", "null", "y", "e5"])
STACKS = st.from_regex(r"\A[A-Za-z0-9_.][A-Za-z0-9_.-]{0,11}\Z") | st.sampled_from(
    ["prod", "null", "1e5", "EU_1.prod"]
)
AMOUNTS = st.decimals(10, 100_000, places=2)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rulebook]:
    """By currency: every policy mandatory, with the account's rate, which is the policy owner's to write."""
    found = {}
    for currency, rate in RATES.items():
        folder = tmp_path_factory.mktemp(currency)
        terms = {"accountTerms": {ACCOUNT: {"usdRate": rate}}} if rate else {}
        (folder / "environments.json").write_text(json.dumps({"environments": ["prod"], **terms}))
        (folder / "prod.json").write_text('{"all": "mandatory"}')
        found[currency] = Rulebook(folder)
    return found


@settings(max_examples=60)
@given(
    stack=STACKS,
    teams=st.dictionaries(NAMES, AMOUNTS, min_size=1, max_size=4),
    currency=st.sampled_from([*RATES]),
    seed=st.sampled_from(["", "acme-gemini-seed"]),
    guard=st.booleans(),
    parent=st.sampled_from(["333333333333", "organizations/1", "none"]),
    day=st.sampled_from([date(2026, 11, 27), date(2026, 12, 31), date(2027, 2, 1)]),
)
def test_every_answer_gives_a_file_that_passes(
    strict: dict[str, Rulebook],
    stack: str,
    teams: dict[str, Decimal],
    currency: str,
    seed: str,
    guard: bool,
    parent: str,
    day: date,
) -> None:
    rate = RATES[currency]
    if not decimals_of(currency):
        teams = {name: amount.to_integral_value() for name, amount in teams.items()}
    chosen = Answers(
        answers.stack(stack),
        answers.account(ACCOUNT),
        answers.parent(parent),
        dict(answers.team(f"{name}={amount}") for name, amount in teams.items()),
        answers.currency(currency),
        (answers.email("on#call'{x}@example.com"),),
        (answers.allowed_ips("2001:db8::/32"), answers.allowed_ips("203.0.113.7")),
        answers.usd_rate(rate) if rate else None,
        seed,
        guard=guard and bool(seed),
    )
    try:
        ids = [chosen.project_id(name) for name in teams]
    except AnswerError:  # too long an id, or with a word that Google reserves
        assert max(map(len, teams)) + len(stack) > 14 or re.search("google|ssl", f"{teams} {stack}".lower())
        return
    made = new_stack(chosen, day, strict[currency], "gemini-landing-zone", {})
    # With a guard, the file says that requests make no searches, and the policy counts three of each.
    counted = "exposure-within-allowance" if chosen.guard else ""
    stopping = [each for each in made.judged.verdicts if each.stops and each.policies != counted]
    assert [verdict.finding.text for verdict in stopping] == []
    assert [project.project_id for project in made.settings.projects.values()] == ids
    planned = environment_estimate(made.settings, LONGEST_MONTH, day)
    for name, amount in teams.items():
        month = made.money.exposure.projects[name].month
        allowance = made.money.exposure.projects[name].allowance
        assert Decimal("0.6") < planned.projects[name].costs["high"].amount / amount < Decimal("0.8")
        assert month.amount
        assert allowance
        assert month.bound_by in ({"spend cap", "guard"} if chosen.guard else {"spend cap"})
        assert month.amount.amount <= amount + allowance.amount
        # What the plan needs, rounded: about two months' money in a day, where requests are not few.
        if amount > 100 and currency == "USD" and not chosen.guard:
            assert amount < allowance.amount < 3 * amount


def test_flags_write_a_file_that_the_commands_take(project: Path) -> None:
    done = run(project, "new", "team", *GIVEN, "--seed", "acme-gemini-seed", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [each["projectId"] for each in found["projects"]] == ["acme-chat-team", "acme-search-team"]
    assert found["violations"] == []
    assert found["next"] == ["gemini-lz preflight team", "gemini-lz up team"]
    exposure = json.loads(run(project, "exposure", "team", "--json").stdout)
    assert exposure["worstMonth"] == found["worstMonth"]
    assert run(project, "validate", "team").stdout == "team: 2 projects, no mistakes\n"
    assert run(project, "policy", "check", "team").exit_code == 0

    again = run(project, "new", "team", *GIVEN)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "Pulumi.team.yaml exists" in again.stderr
    # A stack that was created keeps what encrypts its state.
    path = project / "stacks" / "Pulumi.team.yaml"
    path.write_text(f"{path.read_text()}secretsprovider: {OLD_KEY}\nencryptionsalt: v1:abc\n")
    replaced = run(project, "new", "team", *GIVEN, "--force", "--secrets-provider", "passphrase")
    assert replaced.exit_code == 0
    assert (
        f"kept from the file that was there: secretsprovider {OLD_KEY}, encryptionsalt. Nobody"
        in replaced.stdout
    )
    assert "run pulumi stack change-secrets-provider passphrase --stack team\n" in replaced.stdout
    assert "gcp:billingProject" not in path.read_text()
    assert path.read_text().endswith(f"\nsecretsprovider: {OLD_KEY}\nencryptionsalt: v1:abc\n")


def test_what_is_missing_or_wrong_is_reported_at_once(project: Path) -> None:
    none = run(project, "new", "team")
    assert (none.exit_code, none.stdout) == (2, "")
    options = ("--account", "--folder", "--team", "--email", "--allowed-ips")
    assert re.findall(r"^(--[a-z-]+) is missing", none.stderr, re.MULTILINE) == [*options]
    wrong = run(
        project,
        *("new", "team", "--account", "01A2B3", "--folder", "x", "--team", "chat=1,200", "--team", "search"),
        *(
            "--team",
            "a=1",
            "--team",
            "a=2",
            "--currency",
            "eur",
            "--email",
            "x",
            "--allowed-ips",
            "0.0.0.0/0",
        ),
        *("--seed", "X", "--prefix", "A_", "--secrets-provider", "awskms://x"),
    )
    assert wrong.exit_code == 2
    for text in (
        "--account: '01A2B3' is not a billing account id\n    write it as",
        "--folder: 'x' is not a folder",
        "--team: '1,200' is not a number\n    write a number without currency sign or commas",
        "--team: 'search' has no amount\n    write search=1200",
        "--team: 'a' is named 2 times",
        "--currency: 'eur' is not a currency code\n    did you mean EUR?",
        "--email: 'x' is not one e-mail address",
        "--allowed-ips: 0.0.0.0/0 allows every address",
        "--seed: 'X' is not a project id",
        "--prefix: 'A_' is not",
        "--secrets-provider: 'awskms://x' is none of",
    ):
        assert text in wrong.stderr
    assert [*(project / "stacks").iterdir()] == []
    assert "--usd-rate is missing" in run(project, "new", "team", *GIVEN, "--currency", "EUR").stderr
    yen = run(project, "new", "team", *GIVEN, "--currency", "JPY", "--usd-rate", "150", "--team", "x=9.5")
    assert "9.5 JPY: JPY has no decimals" in yen.stderr
    assert [*(project / "stacks").iterdir()] == []
    assert "--guard: it runs in the seed project" in run(project, "new", "team", *GIVEN, "--guard").stderr
    assert "6 characters shorter" in run(project, "new", "production-of-europe-1", *GIVEN).stderr


def test_what_the_policies_refuse_is_listed_with_the_remedy(project: Path) -> None:
    done = run(project, "new", "team", *GIVEN, "--team", "vision=1600")
    assert done.exit_code == 1
    assert (
        "judged as prod (stack gemini-landing-zone/team, which is in no environment: the strictest)"
        in done.stdout
    )
    assert re.search(r"budget-below-maximum.*: .*\.vision\..*1,600\.00 USD", done.stdout)
    assert "owner of policy/config" in done.stdout
    assert run(project, "policy", "check", "team").exit_code == 1


def test_an_environment_that_asks_for_no_protection_gets_none(project: Path) -> None:
    local = [*GIVEN]
    local[3] = "folders/987654321098"
    assert run(project, "new", "team", *local).exit_code == 0
    text = (project / "stacks" / "Pulumi.team.yaml").read_text()
    assert "deletionPolicy: DELETE" in text
    assert "\n    protect: true" not in text


def test_a_terminal_is_asked_for_what_is_missing(project: Path) -> None:
    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [COMMAND, "new", "team", "--account", ACCOUNT],
        cwd=project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PWD": str(project), "COLUMNS": "200"},
    )
    os.close(theirs)
    seen = ""
    for question, answer in (
        ("Folder for the projects", "here"),
        ("'here' is not a folder", "333333333333"),
        ("Team and its monthly amount", "chat=lots"),
        ("'lots' is not a number", "chat=1200"),
        ("empty for no more", ""),
        ("Currency of the billing account", ""),
        ("Address for alerts", "oncall@example.com"),
        ("empty for no more", ""),
        ("Address or block", "203.0.113.0/24"),
        ("empty for no more", ""),
        ("Seed project", "acme-gemini-seed"),
        ("Beginning of project ids", ""),
    ):
        while question not in seen or not seen.endswith(": "):
            seen += os.read(ours, 4096).decode()
        seen = ""
        os.write(ours, f"{answer}\n".encode())
    try:
        while text := os.read(ours, 4096):
            seen += text.decode()
    except OSError:  # the other side is closed: that is the end on Linux
        pass
    assert asked.wait() == 0
    assert "acme-chat-team" in seen
    assert run(project, "validate", "team").exit_code == 0
