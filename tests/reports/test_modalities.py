"""Plans with pictures, sound and grounding; each right value is worked out by hand from Google's published prices."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.pricing.days import Period
from landing_zone.reports.environment_estimate import EnvironmentEstimate, environment_estimate
from landing_zone.settings import SettingsError
from tests.reports.stack import loaded

DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
TODAY = date(2026, 11, 26)


def december(folder: Path, *workloads: str, amount: int = 500, name: str = "desk") -> EnvironmentEstimate:
    text = (
        f"{name}: {{projectId: acme-{name}-x, tier: paid, budget: {{amount: {amount}, currency: USD}}, "
        f"workload: [{', '.join(f'{{{each}}}' for each in workloads)}]}}"
    )
    return environment_estimate(loaded(folder, text), DECEMBER, TODAY)


@pytest.mark.parametrize(
    ("workload", "dollars", "crossed"),
    [
        # 1,000 x 1,120 x 120/M x 31
        (
            "model: gemini-3-pro-image, requestsPerDay: 1000, inputTokens: 0, imageOutputTokens: 1120",
            "4166.40",
            date(2026, 12, 4),
        ),
        # 1,000 x 1,290 x 30/M x 31
        (
            "model: gemini-2.5-flash-image, requestsPerDay: 1000, inputTokens: 0, imageOutputTokens: 1290",
            "1199.70",
            date(2026, 12, 13),
        ),
        # 200 x (1,000 x 0.5/M + 100 x 3/M + 1,680 x 60/M) x 31, half of them in Batch at half the price: x 0.75
        (
            "model: gemini-3.1-flash-image, requestsPerDay: 200, inputTokens: 1000, outputTokens: 100, "
            "imageOutputTokens: 1680, batchShare: 0.5",
            "472.44",
            None,
        ),
        # 10,000 x (9 x 0.5/M + 51 x 10/M) x 31
        (
            "model: gemini-2.5-flash-preview-tts, requestsPerDay: 10000, inputTokens: 9, audioOutputTokens: 51",
            "159.495",
            None,
        ),
        # 10,000 x (9 x 1/M + 51 x 20/M) x 31
        (
            "model: gemini-2.5-pro-preview-tts, requestsPerDay: 10000, inputTokens: 9, audioOutputTokens: 51",
            "318.99",
            None,
        ),
        # 1,000 x (2,000 x 3/M + 1,500 x 12/M) x 31
        (
            "model: gemini-3.1-flash-live-preview, requestsPerDay: 1000, inputTokens: 2000, audioTokens: 2000, "
            "audioOutputTokens: 1500",
            "744",
            date(2026, 12, 21),
        ),
        # 100 x (500 x 0.75/M + 300 x 1/M + 1,200 x 1/M + 50 x 4.5/M) x 31
        (
            "model: gemini-3.8-live, requestsPerDay: 100, inputTokens: 2000, imageTokens: 300, videoTokens: 1200, "
            "outputTokens: 50",
            "6.51",
            None,
        ),
        # 1,000 x (1,000 x 0.1/M + 200 x 0.01/M + 300 x 0.03/M + 400 x 0.3/M + 10 x 0.4/M) x 31
        (
            "model: gemini-2.5-flash-lite, requestsPerDay: 1000, inputTokens: 1900, cachedTokens: 500, "
            "cachedAudioTokens: 300, audioTokens: 400, outputTokens: 10",
            "7.285",
            None,
        ),
        # 100 x (1,000 x 0.2/M + 258 x 0.45/M + 2,000 x 12/M) x 31
        (
            "model: gemini-embedding-2, requestsPerDay: 100, inputTokens: 3258, imageTokens: 258, videoTokens: 2000",
            "75.37991",
            None,
        ),
    ],
)
def test_every_modality_has_its_price(
    tmp_path: Path, workload: str, dollars: str, crossed: date | None
) -> None:
    found = december(tmp_path, workload).projects["desk"]
    assert {money.amount for money in found.costs.values()} == {Decimal(dollars)}
    assert found.budget[0].crossings[2].days["expected"] == crossed


@pytest.mark.parametrize(
    ("workloads", "tokens", "grounding"),
    [
        # 5,000 x 3 x 31 = 465,000 queries; 5,000 free; 14 a thousand
        (["model: gemini-3.5-flash-lite, requestsPerDay: 5000, inputTokens: 500, outputTokens: 400, searches: 3"],
         "178.25", {"search gemini-3": "6440"}),
        # Two models of Gemini 3 share 5,000: (100 x 1 + 100 x 2) x 31 = 9,300
        (["model: gemini-3.8-flash, requestsPerDay: 100, inputTokens: 0, searches: 1",
          "model: gemini-3.5-flash, requestsPerDay: 100, inputTokens: 0, searches: 2"],
         "0", {"search gemini-3": "60.20"}),
        # Search and Maps have an allotment each: 6,200 and 9,300
        (["model: gemini-3.8-flash, requestsPerDay: 100, inputTokens: 0, searches: 2, mapQueries: 3"],
         "0", {"search gemini-3": "16.80", "maps gemini-3": "60.20"}),
        # Gemini 2.5 Flash-Lite is charged by the request, 1,500 a day free: (2,000 - 1,500) x 31 x 35/1,000
        (["model: gemini-2.5-flash-lite, requestsPerDay: 2000, inputTokens: 0, searches: 4"],
         "0", {"search gemini-2.5-flash": "542.50"}),
        # A quarter of 8,000 requests searches, 2,000 a day
        (["model: gemini-2.5-flash-lite, requestsPerDay: 8000, inputTokens: 0, searches: 0.25"],
         "0", {"search gemini-2.5-flash": "542.50"}),
        # From December on gemini-2.5-pro is gemini-3.8-flash: 100 x 2 x 31 = 6,200 queries
        (["model: gemini-2.5-pro, requestsPerDay: 100, inputTokens: 0, searches: 2"],
         "0", {"search gemini-3": "16.80"}),
    ],
)  # fmt: skip
def test_grounding_is_charged_beyond_what_is_free(
    tmp_path: Path, workloads: list[str], tokens: str, grounding: dict[str, str]
) -> None:
    found = december(tmp_path, *workloads).projects["desk"]
    assert {each.pool: each.costs["expected"].amount for each in found.grounding} == {
        pool: Decimal(dollars) for pool, dollars in grounding.items()
    }
    assert sum(line.costs["expected"].amount for line in found.lines) == Decimal(tokens)
    assert found.costs["expected"].amount == Decimal(tokens) + sum(map(Decimal, grounding.values()))


def test_days_before_the_period_use_the_months_allotment(tmp_path: Path) -> None:
    text = (
        "desk: {projectId: acme-desk-x, tier: paid, budget: {amount: 100, currency: USD}, workload: "
        "[{model: gemini-3.8-flash, requestsPerDay: 500, inputTokens: 0, searches: 1}]}"
    )
    # 500 a day: free until the 10th, and all of the 11th to the 20th is charged: 5,000 x 14/1,000.
    late = Period(date(2026, 12, 11), date(2026, 12, 20))
    found = environment_estimate(loaded(tmp_path, text), late, TODAY)
    assert found.projects["desk"].costs["expected"].amount == 70


@pytest.mark.parametrize(
    ("workload", "added"),
    [
        # 100 x 1,120 x 60/M x 31
        ("model: gemini-3.1-flash-image, requestsPerDay: 100, inputTokens: 10", "adds 208.32 USD"),
        # 100 x 1,500 x 12/M x 31
        ("model: gemini-3.8-live, requestsPerDay: 100, inputTokens: 10, outputTokens: 5", "adds 55.80 USD"),
    ],
)
def test_what_a_model_usually_makes_is_missed_with_its_cost(
    tmp_path: Path, workload: str, added: str
) -> None:
    assert any(added in text for text in december(tmp_path, workload).projects["desk"].warnings)


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        ("model: gemini-3.8-flash, requestsPerDay: 1, inputTokens: 1, imageOutputTokens: 5", "makes text"),
        ("model: gemini-3-pro-image, requestsPerDay: 1, inputTokens: 1, audioOutputTokens: 5", "makes image"),
        ("model: gemini-embedding-2, requestsPerDay: 1, inputTokens: 1, searches: 1", "no price is known"),
        ("model: gemini-3.8-flash, requestsPerDay: 1, inputTokens: 9, cachedTokens: 5, cachedAudioTokens: 6",
         "cachedAudioTokens are 6 of 5"),
        ("model: gemini-3.8-flash, requestsPerDay: 1, inputTokens: 9, imageTokens: 5, videoTokens: 6", "11 of 9"),
    ],
)  # fmt: skip
def test_what_a_model_cannot_do_is_refused(tmp_path: Path, workload: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        december(tmp_path, workload)
