"""The stack files that come with the project, the editor's schema, and how settings come together."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from landing_zone.settings import Threshold, load_engine, load_file
from landing_zone.settings.merge import merge
from landing_zone.settings.schema import stack_file_schema

STACKS = Path(__file__).parents[2] / "stacks"
NAMES = sorted(path.name.split(".")[1] for path in STACKS.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", NAMES)
def test_what_the_engine_hands_over_means_what_the_file_says(stack: str) -> None:
    path = STACKS / f"Pulumi.{stack}.yaml"
    config = yaml.safe_load(path.read_text())["config"]
    # The engine makes a time of a day.
    handed = {
        key: value
        if isinstance(value, str)
        else json.dumps(value, default=lambda day: f"{day.isoformat()} 00:00:00 +0000 UTC")
        for key, value in config.items()
    }
    assert load_engine(stack, handed, STACKS) == load_file(stack, path)


def test_a_text_that_pulumi_config_set_wrote_means_what_the_engine_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    text = (STACKS / "Pulumi.sandbox.yaml").read_text()
    for plain, written in (
        ("dashboard: true\n  gem", 'dashboard: "true"\n  gem'),
        ("[gemini-budgets]", "'[\"gemini-budgets\"]'"),
    ):
        assert text.count(plain) == 1
        text = text.replace(plain, written)
    path.write_text(text)
    expected = load_file("x", STACKS / "Pulumi.sandbox.yaml")
    assert load_file("x", path).model_dump(exclude={"stack"}) == expected.model_dump(exclude={"stack"})


@pytest.mark.parametrize("stack", NAMES)
def test_the_editor_finds_nothing_wrong_and_the_schema_is_up_to_date(stack: str) -> None:
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    schema = json.loads((STACKS / "schema.json").read_text())
    assert schema == stack_file_schema(), "run: gemini-lz schema > stacks/schema.json"
    jsonschema.Draft202012Validator(schema).validate(
        # Editors read a day as text.
        json.loads(json.dumps(yaml.safe_load(text), default=str))
    )


def test_the_editor_sees_a_mistyped_key() -> None:
    content = yaml.safe_load((STACKS / "Pulumi.prod.yaml").read_text())
    content["config"]["gemini-landing-zone:projects"]["chat"]["teir"] = "paid"
    errors = list(jsonschema.Draft202012Validator(stack_file_schema()).iter_errors(content))
    assert any("teir" in error.message for error in errors)


def test_built_in_then_defaults_then_the_project(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text("""\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:labels: {owner: platform, team: none}
  gemini-landing-zone:defaults:
    tier: paid
    budget: {currency: EUR, amount: 10}
    alerts: {email: [a@example.com], errorRate: 0.2}
    limits: {gemini-2.5-pro: {requestsPerDay: 0}}
  gemini-landing-zone:projects:
    one:
      projectId: acme-one-x
      labels: {team: one}
      budget: {amount: 12.345678901}
      alerts: {errorRate: null}
      limits: {gemini-2.5-pro: null, gemini-2.5-flash: {requestsPerMinute: 1}}
    two: {projectId: acme-two-x, tier: free}
""")
    projects = load_file("x", tmp_path / "Pulumi.x.yaml", date(2026, 10, 1)).projects
    one, two = projects["one"], projects["two"]
    assert one.budget is not None
    assert (one.budget.amount, one.budget.currency) == (Decimal("12.345678901"), "EUR")
    assert one.budget.thresholds[-1] == Threshold(share=Decimal(1), basis="FORECASTED_SPEND")
    assert one.labels == {"owner": "platform", "team": "one"}
    assert (one.alerts.error_rate, one.alerts.too_many_requests_per_minute) == (None, 10)
    assert list(one.limits) == ["gemini-2.5-flash"]
    # What needs a billing account does not reach a free project.
    assert (two.budget, two.billing_account) == (None, None)
    assert two.alerts.error_rate == Decimal("0.2")
    assert list(two.limits) == ["gemini-2.5-pro"]


Tree = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda t: st.dictionaries(st.sampled_from("abc"), t | st.none()),
    max_leaves=8,
)


@given(
    base=st.dictionaries(st.sampled_from("abc"), Tree),
    over=st.dictionaries(st.sampled_from("abc"), Tree | st.none()),
)
def test_what_is_said_last_holds_and_null_takes_away(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)
    for key in base.keys() | over.keys():
        if key not in over:
            assert merged[key] == base[key]
        elif over[key] is None:
            assert key not in merged
        elif not isinstance(over[key], dict):
            assert merged[key] == over[key]
    assert merge(merged, {}) == merged
