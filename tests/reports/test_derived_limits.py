"""`limits.derive`: from a stack file's overshoot to limits in force, or to what must change."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.gemini.limits import Limits
from landing_zone.pricing.exposure import Prices, Window, bound
from landing_zone.settings import SettingsError, format_lag
from tests.reports.stack import ACCOUNT, AS_OF, loaded

WORK = "{model: gemini-3.8-flash, requestsPerDay: 200, inputTokens: 1000, outputTokens: 100, peakFactor: 4}"


def project(
    derive: str, workload: str = WORK, limits: str = "", budget: str = "{amount: 9, currency: USD}"
) -> str:
    return (
        f"chat: {{projectId: acme-chat-x, tier: paid, budget: {budget}, limits: {{derive: {derive}{limits}}}, "
        f"workload: [{workload}]}}"
    )


def problems(folder: Path, text: str, environment: str = "") -> list[tuple[str, str, str]]:
    with pytest.raises(SettingsError) as raised:
        loaded(folder, text, environment)
    found = [problem.as_json() for problem in raised.value.problems]
    return [
        (
            str(each["path"]).removeprefix("gemini-landing-zone:projects.chat."),
            str(each["reason"]),
            str(each["remedy"]),
        )
        for each in found
    ]


def exposure(model: str, limit: Limits) -> Decimal:
    """What it can cost in any 24 hours."""
    found = bound(Prices.of(model, AS_OF), limit, Window(1440, 1441, 2))
    assert found
    return found.total


@pytest.mark.parametrize(
    ("derive", "workload"),
    [
        ("{maxOvershoot: 300, lag: 24h}", WORK),
        ("{maxOvershoot: 300, shares: {gemini-3.8-flash: 1}}", WORK),
        ("{maxOvershoot: 300, shares: {gemini-3.8-flash: 1}}", ""),
    ],
)
def test_limits_follow_from_the_overshoot(tmp_path: Path, derive: str, workload: str) -> None:
    found = loaded(tmp_path, project(derive, workload)).projects["chat"].limits
    assert list(found) == ["gemini-3.8-flash", "others"]
    assert found["others"] == Limits(requests_per_minute=0)
    limit = found["gemini-3.8-flash"]
    values = dict(limit.items())
    # All of the overshoot is used, up to the price of the smallest step there is.
    assert 299 < exposure("gemini-3.8-flash", limit) <= 300
    if workload:
        assert values["requestsPerDay"] >= 200
        assert values["requestsPerMinute"] >= 1
        assert values["inputTokensPerMinute"] >= 1000


def test_shares_divide_the_overshoot(tmp_path: Path) -> None:
    derive = "{maxOvershoot: 1000, shares: {gemini-3.8-flash: 0.75, gemini-3.5-flash-lite: 0.25}}"
    found = loaded(tmp_path, project(derive)).projects["chat"].limits
    costs = {m: exposure(m, found[m]) for m in ("gemini-3.8-flash", "gemini-3.5-flash-lite")}
    assert 749 < costs["gemini-3.8-flash"] <= 750
    assert 249 < costs["gemini-3.5-flash-lite"] <= 250


def test_a_peak_raises_the_requests_a_minute(tmp_path: Path) -> None:
    derive = "{maxOvershoot: 3000}"
    minutes = []
    for peak in (1, 20):
        work = WORK.replace("peakFactor: 4", f"peakFactor: {peak}").replace("200", "900")
        limit = loaded(tmp_path, project(derive, work)).projects["chat"].limits["gemini-3.8-flash"]
        minutes.append(limit.requests_per_minute or 0)
    assert minutes[1] > 5 * minutes[0]


def test_what_limits_set_by_hand_can_cost_is_taken_off(tmp_path: Path) -> None:
    by_hand = (
        ", gemini-3.5-flash-lite: {requestsPerMinute: 1, requestsPerDay: 100, inputTokensPerMinute: 100}"
    )
    found = loaded(tmp_path, project("{maxOvershoot: 300}", limits=by_hand)).projects["chat"].limits
    total = sum(exposure(model, found[model]) for model in found if model != "others")
    assert list(found) == ["gemini-3.5-flash-lite", "gemini-3.8-flash", "others"]
    assert 299 < total <= 300


def test_no_derived_limit_is_above_the_tiers_own(tmp_path: Path) -> None:
    tier = "{requestsPerMinute: 1, requestsPerDay: 250, inputTokensPerMinute: 5000}"
    terms = f"accountTerms: {{{ACCOUNT}: {{tierLimits: {{gemini-3.8-flash: {tier}}}}}}}"
    limit = (
        loaded(tmp_path, project("{maxOvershoot: 900000}"), terms).projects["chat"].limits["gemini-3.8-flash"]
    )
    assert dict(limit.items()) == {
        "requestsPerMinute": 1,
        "requestsPerDay": 250,
        "inputTokensPerMinute": 5000,
    }
    [(path, reason, _)] = problems(tmp_path, project("{maxOvershoot: 900000}"), terms.replace("250", "150"))
    assert path == "workload"
    assert "needs more than the account's tier allows: 1 requests a minute, 200 requests a day" in reason


def test_versions_of_a_model_share_its_limits(tmp_path: Path) -> None:
    work = WORK.replace("model: gemini-3.8-flash", "model: gemini-flash-latest")
    found = loaded(tmp_path, project("{maxOvershoot: 300}", work)).projects["chat"].limits
    assert list(found) == ["gemini-3.8-flash", "others"]


def test_prices_of_the_day_hold(tmp_path: Path) -> None:
    text = project("{maxOvershoot: 300, shares: {gemini-3.8-flash: 1}}", "")
    before, after = (
        loaded(tmp_path, text, day=day).projects["chat"].limits["gemini-3.8-flash"]
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )
    assert before.requests_per_day
    assert after.requests_per_day == before.requests_per_day // 2


def test_a_plan_that_does_not_fit_is_told_with_each_way_out_and_each_works(tmp_path: Path) -> None:
    more = WORK.replace("200", "3000")
    other = "{model: gemini-3.5-flash-lite, requestsPerDay: 10, inputTokens: 100}"
    shares = "shares: {gemini-3.8-flash: 0.5, gemini-3.5-flash-lite: 0.5}"
    text = project(f"{{maxOvershoot: 2000, lag: 24h, {shares}}}", f"{more}, {other}")
    [(path, reason, remedy)] = problems(tmp_path, text)
    assert path == "limits.derive"
    assert "the workload does not fit: over 24h gemini-3.8-flash needs 1,5" in reason
    assert (
        "of its 1,000.00 USD (9 requests a minute, 3,000 requests a day, 9,000 input tokens a minute)"
        in reason
    )
    ways = remedy.removeprefix("write ").removesuffix("; or plan less").split(", or ")
    assert [way.partition(":")[0] for way in ways] == ["maxOvershoot", "lag", "shares"]
    for way in ways:
        name = way.partition(":")[0]
        now = {"maxOvershoot": "maxOvershoot: 2000", "lag": "lag: 24h", "shares": shares}[name]
        assert loaded(tmp_path, text.replace(now, way.partition(" or more")[0])).projects["chat"].limits


def test_the_smallest_overshoot_that_is_enough_is_named_with_that_of_prices_to_come(tmp_path: Path) -> None:
    by_hand = (
        ", gemini-3.5-flash-lite: {requestsPerMinute: 1, requestsPerDay: 100, inputTokensPerMinute: 100}"
    )
    for overshoot in ("1", "60"):
        # The first is less than what the limit set by hand can cost alone.
        text = project(f"{{maxOvershoot: {overshoot}}}", limits=by_hand)
        [(_, _, remedy)] = problems(tmp_path, text)
        named = re.search(r"maxOvershoot: (\d+) or more \(from 2027-01-01: (\d+)\)", remedy)
        assert named, remedy
        for enough, day in zip(map(int, named.groups()), (AS_OF, date(2027, 1, 1)), strict=True):
            assert loaded(tmp_path, text.replace(f": {overshoot}}}", f": {enough}}}", 1), day=day)
            with pytest.raises(SettingsError):
                loaded(tmp_path, text.replace(f": {overshoot}}}", f": {enough - 1}}}", 1), day=day)


@pytest.mark.parametrize(
    ("text", "path", "reason", "remedy"),
    [
        (project("{maxOvershoot: 9}", ""), "limits.derive", "nothing says for which models", "write shares"),
        (
            project("{maxOvershoot: 9, shares: {gemini-3.5-flash: 1}}"),
            "limits.derive.shares",
            "uses gemini-3.8-flash, which gets no share",
            "write shares:",
        ),
        (
            project("{maxOvershoot: 300}", limits=", others: {requestsPerMinute: 1}"),
            "limits.others",
            "only if no other model can be called",
            "leave others out",
        ),
        (
            project(
                "{maxOvershoot: 300, shares: {gemini-3.8-flash: 1}}",
                limits=", gemini-3.8-flash: {requestsPerMinute: 1}",
            ),
            "limits.gemini-3.8-flash",
            "limits by hand, and a share",
            "out of shares",
        ),
        (
            project("{maxOvershoot: 9}", limits=", gemini-4-argon: {requestsPerMinute: 9}"),
            "limits.derive.maxOvershoot",
            "the limits set by hand alone can cost",
            "write maxOvershoot: 163296 or more",
        ),
        (
            project("{maxOvershoot: 300}", budget="{amount: 9, currency: EUR}"),
            "limits.derive.maxOvershoot",
            "the budget is in EUR, and nothing says what a dollar is in it",
            "usdRate",
        ),
        (
            project("{maxOvershoot: 300}").replace("tier: paid, budget: {amount: 9, currency: USD}", "tier: free"),
            "limits.derive",
            "a free project spends nothing",
            "tier: paid",
        ),
        (project("{lag: 24h}"), "limits.derive.maxOvershoot", "'maxOvershoot' is missing", "write maxOvershoot"),
        (project("{maxOvershoot: -1}"), "limits.derive.maxOvershoot", "is -1", "above 0"),
        (project("{maxOvershot: 1}"), "limits.derive.maxOvershot", "unknown key", "'maxOvershoot'"),
        (project("{maxOvershoot: 1, lag: 24}"), "limits.derive.lag", "24 is not a time", "24h"),
        (project("{maxOvershoot: 1, lag: 0h}"), "limits.derive.lag", "'0h' is not a time", "24h"),
        (
            project("{maxOvershoot: 1, shares: {gemini-3.8-flsh: 1}}"),
            "limits.derive.shares.gemini-3.8-flsh",
            "no limits can be set on 'gemini-3.8-flsh'",
            "'gemini-3.8-flash'",
        ),
        (
            project("{maxOvershoot: 1, shares: {gemini-3.8-flash: 0.9, gemini-3.5-flash: 0.2}}"),
            "limits.derive",
            "add up to 1.1",
            "at most",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_derived_is_told_with_a_way_out(
    tmp_path: Path, text: str, path: str, reason: str, remedy: str
) -> None:
    found = problems(tmp_path, text)
    assert [each[0] for each in found] == [path], found
    assert reason in found[0][1]
    assert remedy in found[0][2]


def test_lags_in_words(tmp_path: Path) -> None:
    for text in ("24h", "90m", "48h"):
        found = loaded(tmp_path, project(f"{{maxOvershoot: 3000, lag: {text}}}"))
        assert format_lag(found.derivations["chat"].settings.lag) == text
