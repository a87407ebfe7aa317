"""The commands about money, as people and programs run them."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from landing_zone.gemini.models import RECORDS
from landing_zone.pricing.rates import rates
from landing_zone.reports.verify import verify
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import TO_GEMINI, made_key, made_project
from tests.forked import gemini_lz
from tests.reports.stack import AS_OF

SKUS = {sku: (model.id, kind) for model in RECORDS.values() for sku, kind in model.skus.items()}
COMMAND = Path(sys.executable).parent / "gemini-lz"
STACK = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-x
      tier: paid
      keys: {backend: {methods: [generate, countTokens, caches]}}
      budget: {amount: 1000, currency: USD}
      limits: {derive: {maxOvershoot: 900, lag: 24h}}
      workload:
        - model: gemini-3.8-flash
          requestsPerDay: {low: 100, expected: 200, high: 300}
          inputTokens: 1000
          outputTokens: 100
    open:
      projectId: acme-open-x
      tier: paid
      budget: {amount: 10, currency: USD}
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("GEMINI_", "GOOGLE_"))}
    return gemini_lz(*arguments, folder=folder, environment={**given, **environment})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK)
    return tmp_path


def reported(folder: Path, *arguments: str) -> Any:
    done = run(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


AT = ("--as-of", "2026-11-24")


def test_a_month_counts_from_the_day_on_which_a_workload_starts(folder: Path) -> None:
    whole = run(folder, "estimate", "prod", *AT).stdout
    assert "prod  2026-11-01 to 2027-01-31, every day of them, unless a workload has a start" in whole
    assert "is planned from" not in whole
    path = folder / "stacks" / "Pulumi.prod.yaml"
    path.write_text(STACK.replace("outputTokens: 100", "outputTokens: 100\n          start: 2026-11-26"))
    shown = run(folder, "estimate", "prod", *AT).stdout
    assert "  chat is planned from 2026-11-26 on\n" in shown
    planned = reported(folder, "estimate", "prod", *AT)["projects"]
    assert (planned["chat"]["plannedFrom"], planned["open"]["plannedFrom"]) == ("2026-11-26", "2026-11-01")
    # 200 a day x 0.001125 dollars, 5 days of November
    assert planned["chat"]["months"][0]["cost"]["expected"] == "1.125"


def test_an_estimate_as_a_table_as_json_and_as_csv(folder: Path) -> None:
    shown = run(folder, "estimate", "prod", *AT)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "\x1b[" not in shown.stdout
    # 200 a day x 0.001125 dollars, 61 days; twice that in January
    assert "chat     gemini-3.8-flash  13.84     27.68  41.51  USD" in shown.stdout
    found = reported(folder, "estimate", "prod", *AT)
    assert (found["from"], found["to"]) == ("2026-11-01", "2027-01-31")
    assert found["projects"]["chat"]["cost"] == {"low": "13.8375", "expected": "27.675", "high": "41.5125"}
    assert [month["cost"]["expected"] for month in found["projects"]["chat"]["months"]] == [
        "6.75",
        "6.975",
        "13.95",
    ]
    rows = list(csv.DictReader(io.StringIO(run(folder, "estimate", "prod", *AT, "--format", "csv").stdout)))
    assert [(row["project"], row["model"], row["expected"]) for row in rows] == [
        ("chat", "gemini-3.8-flash", "27.675")
    ]


def test_an_estimate_over_days_of_ones_own(folder: Path) -> None:
    found = reported(
        folder, "estimate", "prod", "--from", "2026-12-31", "--to", "2027-01-01", "--project", "chat"
    )
    assert found["total"] == [{"currency": "USD", "low": "0.3375", "expected": "0.675", "high": "1.0125"}]
    assert list(found["projects"]) == ["chat"]


def test_an_exposure_as_a_table_as_json_and_as_csv(folder: Path) -> None:
    shown = run(folder, "exposure", "prod", *AT)
    assert shown.returncode == 0
    for words in (
        "any 24h",
        "prod  at worst in a month: not bounded: open: every other model: no limit holds for it; write others: deny",
        "write a key with methods: [generate, countTokens]",
        "assumptions",
        "https://ai.google.dev/gemini-api/docs/pricing",
        "prices change on 2027-01-01",
    ):
        assert words in shown.stdout
    found = reported(folder, "exposure", "prod", *AT)
    assert 899 < Decimal(found["projects"]["chat"]["exposure"]["lag"]) <= 900
    assert found["projects"]["open"]["exposure"]["lag"] == "unlimited"
    shorter = reported(folder, "exposure", "prod", *AT, "--lag", "90m")["projects"]["chat"]
    assert shorter["lag"] == "90m"
    assert Decimal(shorter["exposure"]["lag"]) < 900
    rows = list(csv.DictReader(io.StringIO(run(folder, "exposure", "prod", *AT, "--format", "csv").stdout)))
    assert {row["window"] for row in rows} == {"minute", "hour", "day", "month", "lag"}
    assert all(row["total"] == "unlimited" for row in rows if row["project"] == "open")
    assert {row["project"]: row["projectBounded"] for row in rows} == {"chat": "true", "open": "false"}
    assert (found["bounded"], found["projects"]["chat"]["bounded"]) == (False, True)


def test_limits_as_they_are_derived_and_as_they_would_be(folder: Path) -> None:
    found = reported(folder, "limits", "prod", *AT)
    assert list(found) == ["chat"]
    assert found["chat"]["fits"] is True
    model = found["chat"]["models"]["gemini-3.8-flash"]
    assert 899 < Decimal(model["exposure"]) <= Decimal(model["allowance"]) == 900
    assert "gemini-3.8-flash  limits" in run(folder, "limits", "prod", *AT).stdout
    # Another lag, and the rest as the file says.
    quick = reported(folder, "limits", "prod", *AT, "--lag", "30m")["chat"]
    assert (quick["lag"], quick["maxOvershoot"]) == ("30m", "900")
    # Too little for the plan: the limits that it would come to, what is wrong, and what to write.
    tried = run(folder, "limits", "prod", *AT, "--max-overshoot", "10", "--json")
    assert tried.returncode == 1
    assert json.loads(tried.stdout)["chat"]["fits"] is False
    assert "chat: the workload does not fit: over 24h gemini-3.8-flash needs" in tried.stderr
    assert "write maxOvershoot: " in tried.stderr
    # With a key that calls what no limit counts, no overshoot holds.
    wide = STACK.replace("methods: [generate, countTokens, caches]", "methods: [generate, live]")
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(wide)
    open_to_live = run(folder, "limits", "prod", *AT, "--json")
    assert open_to_live.returncode == 1
    assert json.loads(open_to_live.stdout)["chat"]["bounded"] is False
    assert "chat: not bounded, whatever the limits: calls of live sessions" in open_to_live.stderr


def test_a_plan_that_does_not_fit_is_told_with_the_limits_that_would(folder: Path) -> None:
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(STACK.replace("maxOvershoot: 900", "maxOvershoot: 9"))
    done = run(folder, "limits", "prod", *AT)
    assert done.returncode == 1
    assert "gemini-3.8-flash  limits" in done.stdout
    assert "chat: the workload does not fit" in done.stderr
    assert run(folder, "limits", "prod", *AT, "--max-overshoot", "900").returncode == 0


def test_a_price_change_shows_by_the_day(folder: Path) -> None:
    before, after = (
        reported(folder, "exposure", "prod", "--as-of", day)["projects"]["chat"]
        for day in ("2026-12-31", "2027-01-01")
    )
    # Derived anew, the limits keep within the allowance; the same limits would not have.
    assert Decimal(after["exposure"]["lag"]) <= 900 < Decimal(before["changes"][0]["exposure"]["lag"])
    ahead = run(folder, "exposure", "prod", "--as-of", "2026-12-02").stdout
    assert "chat: from 2027-01-01, in 30 days, prices rise" in ahead


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("estimate", "none"), 2, "no file for the stack 'none'"),
        (
            ("estimate", "prod", "--project", "chta"),
            2,
            "prod has no project 'chta': did you mean 'chat'? It has chat, open",
        ),
        (("estimate", "prod", "--from", "2026-12-02", "--to", "2026-12-01"), 2, "is before --from"),
        (("estimate", "prod", "--from", "1.12.2026"), 2, "does not match"),
        (("exposure", "prod", "--lag", "soon"), 2, "write it as 24h, 90m, 2d or 3h42m"),
        (("estimate", "prod", "--as-of", "9999-12-31"), 2, "write a day from 2017 to 2100"),
        (("estimate", "prod", "--from", "0001-01-01"), 2, "write a day from 2017 to 2100"),
        (("limits", "prod", "--max-overshoot", "lots"), 2, "no amount above 0"),
        (("limits", "prod", "--project", "open"), 2, "no project has limits.derive"),
        (("report", "prod"), 2, "--html report.html"),
        (("report", "prod", "--html", "none/report.html"), 2, "the page cannot be written"),
        (("prices", "list", "gemini-3.8-flsh"), 2, "did you mean gemini-3.8-flash"),
        (("estimate", "prod", "--sample", "none.txt"), 2, "none.txt is no text file"),
        (("estimate", "prod", "--sample", "stacks/Pulumi.prod.yaml"), 2, "set GEMINI_API_KEY"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_stack_with_mistakes_is_not_priced(folder: Path) -> None:
    file = folder / "stacks" / "Pulumi.prod.yaml"
    file.write_text(STACK.replace("maxOvershoot: 900", "maxOvershoot: -9"))
    done = run(folder, "estimate", "prod", *AT)
    assert done.returncode == 1
    assert "Pulumi.prod.yaml:9: gemini-landing-zone:projects.chat.limits.derive.maxOvershoot" in done.stderr


def test_a_plan_that_does_not_fit_is_priced_with_a_warning(folder: Path) -> None:
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(STACK.replace("maxOvershoot: 900", "maxOvershoot: 9"))
    for command in ("estimate", "exposure"):
        done = run(folder, command, "prod", *AT)
        assert done.returncode == 0
        assert "warning chat: the workload does not fit: over 24h gemini-3.8-flash needs" in done.stdout
    assert run(folder, "validate", "prod").returncode == 1


def test_prices_are_listed_with_their_changes(folder: Path) -> None:
    shown = reported(folder, "prices", "list", "gemini-2.5-pro", "gemini-4-argon", "--as-of", "2026-11-24")
    assert [
        (row["model"], row["promptOver200k"], row["input"], row["changes"]) for row in shown["prices"]
    ] == [
        ("gemini-2.5-pro", False, "1.25", ["2026-12-01", "2027-01-01"]),
        ("gemini-2.5-pro", True, "2.5", ["2026-12-01", "2027-01-01"]),
        ("gemini-4-argon", False, "2", ["2026-12-01"]),
    ]
    assert "genai-prices" in shown["source"]
    every = run(folder, "prices", "list", "--processing", "batch")
    assert "gemini-3.5-flash-lite" in every.stdout


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    running.start()
    yield running
    assert running.end() == 0


def test_prices_are_verified_by_sku_against_the_billing_catalogue(folder: Path, cloud: LocalCloud) -> None:
    environment = {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING": cloud.url("cloudbilling"),
        "GOOGLE_OAUTH_ACCESS_TOKEN": "test",
    }
    done = run(folder, "prices", "verify", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(SKUS)} of {len(SKUS)} prices are the catalogue's; it has " in done.stdout
    found = json.loads(run(folder, "prices", "verify", "--json", **environment).stdout)
    assert {sku["sku"] for sku in found["skus"]} == SKUS.keys()


def test_a_difference_is_told_whatever_it_is() -> None:
    catalogue: dict[str, tuple[str, Decimal | None]] = {
        sku: ("count", getattr(rates(model, AS_OF), kind)) for sku, (model, kind) in SKUS.items()
    }
    first, second, third, fourth = list(catalogue)[:4]
    catalogue[first] = ("count", Decimal("0.31"))
    catalogue[second] = ("h", Decimal(1))
    catalogue[third] = ("count", None)
    del catalogue[fourth]
    found = verify(
        [(sku, *each) for sku, each in {**catalogue, "0000-0000-0000": ("count", None)}.items()], AS_OF
    )
    assert [(each.sku, each.problem) for each in found.differences] == [
        (first, "0.3 here, 0.31 in the catalogue"),
        (second, "is charged by 'h', not by the token: compare it by hand"),
        (third, "has no price in the catalogue"),
        (fourth, "not in the catalogue: Google may have replaced it"),
    ]
    assert found.besides == 1


def test_a_samples_tokens_are_counted_by_googles_own_client(folder: Path, cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-sample", account=ACCOUNT)
    key = made_key(cloud, "gemini-sample", TO_GEMINI)
    (folder / "prompt.txt").write_text("word " * 800)
    done = run(
        folder,
        *("estimate", "prod", *AT, "--sample", "prompt.txt", "--json"),
        GEMINI_API_KEY=key,
        GOOGLE_GEMINI_BASE_URL=f"{cloud.main}/generativelanguage/",
    )
    assert done.returncode == 0, done.stderr
    # The local cloud takes four characters for a token: 1,000, as the file's inputTokens.
    assert "prompt.txt: 1,000 tokens for gemini-3.8-flash" in done.stderr
    assert json.loads(done.stdout)["projects"]["chat"]["cost"]["expected"] == "27.675"
    assert key not in done.stdout + done.stderr


def test_a_key_that_google_refuses_is_told_without_the_key(folder: Path, cloud: LocalCloud) -> None:
    (folder / "prompt.txt").write_text("word")
    wrong = "AIza" + "x" * 35
    done = run(
        folder,
        *("estimate", "prod", "--sample", "prompt.txt"),
        GEMINI_API_KEY=wrong,
        GOOGLE_GEMINI_BASE_URL=f"{cloud.main}/generativelanguage/",
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "the Gemini API cannot count: 400" in done.stderr
    assert wrong not in done.stderr


def test_validate_names_models_that_google_shuts_down_with_line_and_successor(folder: Path) -> None:
    text = STACK.replace("model: gemini-3.8-flash", "model: gemini-2.0-flash").replace(
        "limits: {derive: {maxOvershoot: 900, lag: 24h}}",
        "limits: {gemini-3-pro-preview: {requestsPerDay: 1}, others: deny}",
    )
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(text)
    done = run(folder, "validate", "prod")
    assert done.returncode == 0, done.stderr
    assert "Pulumi.prod.yaml:9: gemini-landing-zone:projects.chat.limits.gemini-3-pro-preview" in done.stdout
    assert "gemini-3-pro-preview was shut down on 2026-03-09; use gemini-3.1-pro-preview" in done.stdout
    [verdict] = json.loads(run(folder, "validate", "prod", "--json").stdout)
    assert [(each["path"], each["line"]) for each in verdict["warnings"]] == [
        ("gemini-landing-zone:projects.chat.limits.gemini-3-pro-preview", 9),
        ("gemini-landing-zone:projects.chat.workload[0].model", 11),
    ]
