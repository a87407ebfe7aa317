"""An entry says the same below a stack file's settings and defaults as it says alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from landing_zone.inventory import fitted
from landing_zone.settings.merge import project_values

Values = dict[str, Any]
ALERTS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from([["a@example.com"], ["b@example.com"]]),
        "errorRate": st.sampled_from([None, 0.1, 0.2]),
        "quotaShare": st.sampled_from([None, 0.5]),
        "policies": st.just({"slow": {"conditions": [{"displayName": "slow"}]}}),
    },
)
BUDGET = st.fixed_dictionaries(
    {"amount": st.sampled_from([10, 20]), "currency": st.just("USD")},
    optional={"thresholds": st.sampled_from([[], [0.5]]), "topic": st.just("spend")},
)
SHARED = {
    "alerts": ALERTS,
    "dashboard": st.booleans(),
    "contacts": st.just([{"email": "c@example.com"}]),
    "limits": st.dictionaries(st.sampled_from(["gemini-3.8-flash", "others"]), st.just("deny"), max_size=2),
    "keys": st.dictionaries(st.sampled_from(["a", "b"]), st.just({"standard": True}), max_size=2),
    "budget": BUDGET,
    "forbidUnrestrictedKeys": st.booleans(),
}
DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        **SHARED,
        "guard": st.just({"stop": 1.0}),
        "deletionPolicy": st.just("UNLINK"),
        "tierWait": st.just(30),
        "workload": st.just([{"model": "gemini-3.8-flash", "requestsPerDay": 1}]),
    },
)
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "defaults": DEFAULTS,
        "billingAccount": st.just("01A2B3-C4D5E6-F7A8B9"),
        "labels": st.just({"owner": "platform", "team": "all"}),
        "parent": st.just("folders/1"),
    },
)
ENTRIES = st.one_of(
    st.fixed_dictionaries(
        {"projectId": st.just("acme-one"), "adopt": st.just(True), "tier": st.sampled_from(["free", "paid"])},
        optional={
            **SHARED,
            "budget": st.one_of(BUDGET, st.just(False)),
            "tierWait": st.none(),
            "guard": st.just(False),
        },
    ),
    st.fixed_dictionaries(
        {"projectId": st.just("acme-one"), "tier": st.sampled_from(["free", "paid"])},
        optional={**SHARED, "labels": st.just({"team": "one"}), "parent": st.just("folders/2")},
    ),
)
OF_NO_RESOURCE = ("deletionPolicy", "workload", "tierWait", "guard")


@given(ENTRIES, ENVIRONMENTS)
def test_it_says_the_same(entry: Values, environment: Values) -> None:
    own = fitted(entry, environment)
    merged, alone = project_values(environment, own), project_values({}, entry)
    assert without(merged) == without(alone)
    if entry["tier"] == "paid":
        assert merged.get("guard") == entry.get("guard", environment.get("defaults", {}).get("guard"))
    if "tierWait" in entry:
        assert merged.get("tierWait") is None
    elif "tierWait" in environment.get("defaults", {}):
        assert merged["tierWait"] == environment["defaults"]["tierWait"]


@given(ENTRIES)
def test_below_an_environment_without_settings_it_stays_short(entry: Values) -> None:
    assert fitted(entry, {}).keys() <= entry.keys()


def test_what_costs_nothing_at_google_is_inherited() -> None:
    environment = {"billingAccount": "01A2B3-C4D5E6-F7A8B9", "defaults": {"workload": [], "dashboard": True}}
    entry = {"projectId": "acme-one", "adopt": True, "tier": "paid", "billingAccount": "01A2B3-C4D5E6-F7A8B9"}
    assert fitted(entry, environment) == {
        "projectId": "acme-one",
        "adopt": True,
        "tier": "paid",
        "dashboard": None,
    }


def without(values: Values) -> Values:
    """Without what makes no resource, and without what is nothing: null, and mappings of nothing."""
    found = {name: _plain(value) for name, value in values.items() if name not in OF_NO_RESOURCE}
    return {name: value for name, value in found.items() if value not in (None, {}, [], False)}


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return float(value) if not isinstance(value, bool | str | list | type(None)) else value
    found = {name: _plain(each) for name, each in value.items()}
    return {name: each for name, each in found.items() if each not in (None, {}, [])}
