"""What holds of any stack file: nothing but a mistake is raised, and money and days come through the engine."""

import copy
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.settings import EnvironmentSettings, Problem, SettingsError, load_engine, load_file
from landing_zone.settings.merge import merge, project_values
from tests.settings.test_mistakes import WIDE

SPACE = "gemini-landing-zone:"
_STRUCTURED = (
    "projects",
    "defaults",
    "labels",
    "channels",
    "sharedBudgets",
    "topics",
    "dashboard",
    "accountTerms",
)


def handed(text: str) -> dict[str, str]:
    """What the engine makes of a stack file: JSON, in which money is a double and a day is a time."""
    config = yaml.safe_load(text)["config"]

    def plain(value: Any) -> str:
        return f"{value} 00:00:00 +0000 UTC" if type(value) is date else str(value)

    return {
        key: json.dumps(value, default=plain) if key.removeprefix(SPACE) in _STRUCTURED else plain(value)
        for key, value in config.items()
    }


def both(folder: Path, text: str) -> tuple[EnvironmentSettings, EnvironmentSettings]:
    """The settings as the file has them, and as the engine hands them over."""
    (folder / "Pulumi.x.yaml").write_text(text)
    return load_file("x", folder / "Pulumi.x.yaml"), load_engine("x", handed(text), folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks")


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(each for key, item in below for each in _paths(item, (*path, key)))]


_CONFIG = yaml.safe_load(WIDE)["config"]
Anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.dates(), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(path=st.sampled_from(_paths(_CONFIG)), value=Anything)
def test_whatever_stands_in_a_file_is_settings_or_a_mistake(
    folder: Path, path: tuple[Any, ...], value: Any
) -> None:
    config = copy.deepcopy(_CONFIG)
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = folder / "Pulumi.x.yaml"
    file.write_text(yaml.safe_dump({"config": config}, allow_unicode=True))
    problems: tuple[Problem, ...] = ()
    try:
        load_file("x", file)
    except SettingsError as error:
        problems = error.problems
    assert all(problem.reason and problem.remedy for problem in problems)


# More digits than a double holds.
Money = st.decimals("0.000000001", "999999999999", places=9)


@settings(deadline=None)
@given(amount=Money, quoted=st.booleans())
def test_an_amount_is_the_same_from_the_file_and_from_the_engine(
    folder: Path, amount: Decimal, quoted: bool
) -> None:
    written = f"'{amount:f}'" if quoted else f"{amount:f}"
    text = WIDE.replace("{amount: 10,", f"{{amount: {written},")
    for found in both(folder, text):
        budget = found.projects["chat"].budget
        assert budget is not None
        assert budget.amount == amount


@settings(deadline=None)
@given(start=st.dates(date(2017, 1, 2), date(9990, 1, 1)), days=st.integers(0, 3000))
def test_a_day_is_the_same_from_the_file_and_from_the_engine(folder: Path, start: date, days: int) -> None:
    end = start + timedelta(days)
    text = WIDE.replace("2026-01-01", start.isoformat()).replace("2026-06-30", f"'{end.isoformat()}'")
    for found in both(folder, text):
        period = found.shared_budgets["pilot"].period
        assert (period.start, period.end) == (start, end)


Own = st.fixed_dictionaries(
    {"projectId": st.just("acme-one-x"), "tier": st.sampled_from(["free", "paid"])},
    optional={
        "labels": st.dictionaries(st.sampled_from(["team", "owner"]), st.sampled_from(["a", "b"]))
        | st.none(),
        "alerts": st.fixed_dictionaries(
            {},
            optional={
                "email": st.just(["a@example.com"]) | st.none(),
                "errorRate": st.sampled_from([0.2, None]),
                "quotaChanges": st.sampled_from([{}, {"deployers": ["ci@example.com"]}, None]),
            },
        ),
        "limits": st.dictionaries(
            st.sampled_from(["gemini-2.5-pro", "gemini-2.5-flash"]),
            st.just({"requestsPerMinute": 5}) | st.none(),
        ),
        "tierWait": st.sampled_from([0, 60, None]),
        "idSuffix": st.sampled_from([True, "b"]),
    },
)


@settings(deadline=None)
@given(own=Own, defaults=Own, other=Own)
def test_a_project_is_what_it_says_whatever_the_others_are(
    folder: Path, own: dict[str, Any], defaults: dict[str, Any], other: dict[str, Any]
) -> None:
    shared = {name: value for name, value in defaults.items() if name != "projectId"}
    shared["budget"] = {"amount": 5, "currency": "USD"}
    values: dict[str, Any] = {"billingAccount": "01A2B3-C4D5E6-F7A8B9", "defaults": shared}
    combined = project_values(values, own)
    # To say again what was said, and to merge twice, changes nothing.
    assert merge(combined, own) == combined
    assert merge(combined, combined) == combined

    def loaded(projects: dict[str, Any]) -> EnvironmentSettings | None:
        config = {f"{SPACE}{name}": value for name, value in {**values, "projects": projects}.items()}
        try:
            from_file, from_engine = both(folder, yaml.safe_dump({"config": config}))
        except SettingsError:
            return None
        assert from_file == from_engine
        return from_file

    alone = loaded({"one": own})
    beside = loaded({"two": {**other, "projectId": "acme-two-x"}, "one": own})
    if alone and beside:
        assert alone.projects["one"] == beside.projects["one"]
