"""Metered use is never priced below what is billed for it, whatever metrics do not show; plain text at its price."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.gemini.models import MODELS, QUOTA_NAMES, counter_of
from landing_zone.gemini.prices import LONG_CONTEXT, Processing
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.grounding import GROUNDS, grounding_price, per_unit
from landing_zone.pricing.metered import Use, priced
from landing_zone.pricing.model_ids import known_models, size_of
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import A_MILLIONTH, ContractPrices, Rates, Terms, billed_as, rates

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONTENT = sorted(model for model in MODELS.values() if counter_of(model) == "content" and size_of(model))
INPUTS = ("input", "cached", "audio", "image", "video", "cached_audio")
OUTPUTS = ("output", "image_output", "audio_output")
PLAIN = Doors(queries=0)


def bill(
    model: str,
    at: datetime,
    kinds: tuple[str, str],
    prompt: int,
    answer: int,
    processing: Processing,
    queries: int,
    terms: Terms,
) -> Decimal:
    """What one request costs, by the published prices of its day."""
    day = at.astimezone(PACIFIC).date()
    with localcontext(EXACT):
        one = rates(model, day, processing=processing, long=prompt > LONG_CONTEXT, terms=terms)
        tokens: Decimal = prompt * getattr(one, kinds[0]) + answer * getattr(one, kinds[1])
        grounds = [price for ground in GROUNDS if (price := grounding_price(model, ground, day))]
        each = max(
            (per_unit(price, terms) * (queries if price.per_query else 1) for price in grounds),
            default=Decimal(0),
        )
        return tokens * A_MILLIONTH + (each if queries else 0)


moments = st.sampled_from(
    [
        NOON,
        datetime(2026, 12, 1, 7, 59, tzinfo=UTC),
        datetime(2026, 12, 1, 8, 1, tzinfo=UTC),
        datetime(2027, 1, 1, 7, 59, tzinfo=UTC),
        datetime(2027, 1, 1, 8, 0, tzinfo=UTC),
        datetime(2027, 6, 1, 12, tzinfo=UTC),
    ]
)


@st.composite
def terms_of(draw: st.DrawFn) -> Terms:
    contract = draw(
        st.sampled_from([(), (("gemini-3.8-flash", ContractPrices(input=Decimal(1), output=Decimal(9))),)])
    )
    return Terms(
        draw(st.sampled_from([Decimal(0), Decimal("0.2")])),
        contract,
        "EUR",
        draw(st.sampled_from([Decimal(1), Decimal("0.9")])),
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(CONTENT),
    moments,
    st.lists(
        st.tuples(
            st.sampled_from(INPUTS),
            st.sampled_from(OUTPUTS),
            st.sampled_from([0, 10, 9_000, 200_000, 200_001, 900_000]),
            st.sampled_from([0, 500, 65_536]),
            st.integers(0, 3),
            st.integers(0, 10),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
    terms_of(),
)
def test_no_request_is_billed_more_than_it_is_metered_at(
    model: str,
    at: datetime,
    requests: list[tuple[str, str, int, int, int, int]],
    priority: bool,
    terms: Terms,
) -> None:
    """Each answer is counted some minutes after its prompt, as metrics count it when it is there."""
    served: Processing = "priority" if priority else "standard"
    billed, uses = Decimal(0), dict[datetime, Use]()

    def count(minute: datetime, calls: int, prompt: int, answer: int) -> None:
        here = uses.get(minute, Use(minute, minute + MINUTE, QUOTA_NAMES[model]))
        uses[minute] = replace(
            here, requests=here.requests + calls, input=here.input + prompt, output=here.output + answer
        )

    for kind, made, prompt, answer, queries, later in requests:
        billed += bill(model, at, (kind, made), prompt, answer, served, queries, terms)
        count(at, 1, prompt, 0)
        count(at + later * MINUTE, 0, 0, answer)
    found = priced(uses.values(), terms, Doors(queries=3, priority=priority))
    assert sum(each.cost for each in found.spends) >= billed
    assert not found.remarks
    # With the beginning only looked back at, the same.
    later_only = priced(uses.values(), terms, Doors(queries=3, priority=priority), at + MINUTE)
    assert later_only.spends == tuple(each for each in found.spends if each.start > at)


def test_text_of_a_text_model_is_metered_at_its_price() -> None:
    use = Use(NOON, NOON + MINUTE, "gemini-3.8-flash", 10, 100_000, 4_000)
    found = priced([use], doors=PLAIN).spends
    assert [each.cost for each in found] == [Decimal("0.075") + Decimal("0.015")]
    assert priced([use], doors=Doors(queries=2)).spends[0].cost == Decimal("0.09") + 20 * Decimal("0.014")
    assert priced([use], doors=replace(PLAIN, priority=True)).spends[0].cost == Decimal("0.09") * Decimal(
        "1.8"
    )
    assert priced([use], Terms(usd_rate=Decimal(2)), PLAIN).spends[0].cost == Decimal("0.18")


def test_prices_change_at_midnight_pacific_and_an_hour_on_either_side_is_dear() -> None:
    def cost(at: datetime) -> Decimal:
        [spend] = priced([Use(at, at + MINUTE, "gemini-3.8-flash", 1, 1_000_000)], doors=PLAIN).spends
        return spend.cost

    midnight = datetime(2027, 1, 1, 8, tzinfo=UTC)
    dear, usual = Decimal("1.5"), Decimal("0.75")
    assert [cost(midnight + timedelta(minutes=each)) for each in (-62, -30, 0, 90)] == [
        usual,
        dear,
        dear,
        dear,
    ]


def test_a_routed_model_costs_what_the_dearer_of_both_does() -> None:
    after = datetime(2026, 12, 5, 12, tzinfo=UTC)
    day = date(2026, 12, 5)
    assert billed_as("gemini-2.5-pro", day) == "gemini-3.8-flash"
    [spend] = priced([Use(after, after + MINUTE, "gemini-2.5-pro", 0, 100_000)], doors=PLAIN).spends
    own: Rates = rates("gemini-2.5-pro", date(2026, 11, 30))
    assert spend.cost == max(own.dearest_input, rates("gemini-2.5-pro", day).dearest_input) / 10


def test_a_model_that_is_not_known_costs_what_the_dearest_does_and_is_named() -> None:
    uses = [Use(NOON, NOON + MINUTE, model, 3, 5_000, 900) for model in known_models()]
    unknown = Use(NOON, NOON + MINUTE, "gemini-9-unheard-of", 3, 5_000, 900)
    found = priced([unknown], doors=PLAIN)
    assert found.remarks == ("no price is known for gemini-9-unheard-of: it counts as the dearest model",)
    # Whatever names strangers make up, what is remarked has an end.
    strange = [replace(unknown, model=f"strange-{number}") for number in range(40)]
    assert len(priced(strange, doors=PLAIN).remarks) == 6
    assert "35 more models" in priced(strange, doors=PLAIN).remarks[-1]
    each = [priced([use], doors=PLAIN) for use in uses]
    assert found.spends[0].cost >= max(one.spends[0].cost for one in each if one.spends)


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (Use(NOON, NOON + MINUTE, "gemini-embedding-1.0", 4, 1_000_000, 0, "embeddings"), "0.15"),
        # On a tier without a metric of tokens, each text may be as long as any.
        (Use(NOON, NOON + MINUTE, "gemini-embedding-1.0", 1_000, 0, 0, "embeddings"), "0.3072"),
        (Use(NOON, NOON + MINUTE, "veo-3.1", 2, 0, 0, "videos"), "38.4"),
        (Use(NOON, NOON + MINUTE, "imagen-4", 1, 0, 0, "images"), "0.24"),
    ],
)
def test_what_is_counted_otherwise_has_its_own_price(use: Use, expected: str) -> None:
    [spend] = priced([use]).spends
    assert spend.cost == Decimal(expected)
