"""What Google's listing says of limits, and what becomes of an import that Google refuses in part."""

from collections.abc import Callable
from typing import Any

import pytest

from landing_zone.gemini.limits import BLOCKED, Limits, WantedLimits
from landing_zone.google import quota_overrides
from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import Entry, LimitError, ModelLimit
from landing_zone.google.rest import Google, Json

GEMINI = "generativelanguage.googleapis.com"
FLASH, PRO = "gemini-3.8-flash", "gemini-2.5-pro"
UNIT = "1/min/{project}/{model}"


def listed(metric: str, *buckets: Json, unit: str = UNIT, limit: str = "%2Fmin%2Fmodel%2Fproject") -> Json:
    """A metric with one limit, as Google lists it."""
    path = f"projects/1/services/{GEMINI}/consumerQuotaMetrics/{GEMINI}%2F{metric}/limits/{limit}"
    return {
        "metric": f"{GEMINI}/{metric}",
        "consumerQuotaLimits": [{"name": path, "unit": unit, "quotaBuckets": list(buckets)}],
    }


def one(metric: str, *buckets: Json, **more: str) -> ModelLimit:
    [found] = quota_overrides.limits_in([listed(metric, *buckets, **more)])
    return found


REQUESTS = "generate_requests_per_model"
ALL_OTHERS = {"defaultLimit": "1000", "effectiveLimit": "1000"}


def test_the_listing_says_what_a_tier_allows_and_what_was_granted_in_its_place() -> None:
    granted = {
        "dimensions": {"model": FLASH},
        "defaultLimit": "1000",
        "effectiveLimit": "5000",
        "producerOverride": {"overrideValue": "5000"},
    }
    limited = {**granted, "dimensions": {"model": PRO}, "adminOverride": {"overrideValue": "40"}}
    found = one(REQUESTS, ALL_OTHERS, granted, limited, {"dimensions": {"region": "us-east1"}})
    assert (found.name, found.tier, found.limit, found.unit) == (
        "requestsPerMinute",
        "1",
        "/min/model/project",
        UNIT,
    )
    assert found.buckets.keys() == {"", FLASH, PRO}
    # An allowed model keeps all that was granted; a limit above it is set to it.
    wanted = WantedLimits({FLASH: Limits(requests_per_day=9), PRO: Limits(requests_per_minute=90)}, BLOCKED)
    assert found.wanted(wanted, ()) == {FLASH: "5000", PRO: "40", "": "0"}
    # Every zero is left out of an answer, and -1 is no limit.
    shut = one(REQUESTS, {"defaultLimit": "-1", "consumerOverride": {"name": "x"}}).bucket("")
    assert (shut.value, shut.effective, shut.own) == (0, 0, "-1")


def test_only_what_counts_models_is_a_limit_and_unknown_metrics_are_shut_too() -> None:
    assert quota_overrides.limits_in([listed("files_storage", ALL_OTHERS, unit="1/min/{project}")]) == []
    new = one("batch_enqueued_tokens_tier_9", ALL_OTHERS)
    assert new.name is None
    wanted = WantedLimits({FLASH: Limits(requests_per_minute=9)}, BLOCKED)
    assert new.wanted(wanted, ()) == {FLASH: "1000", "": "0"}
    # No model that generates content is counted there.
    assert one("predict_requests_per_model", ALL_OTHERS).wanted(wanted, ()) == {"": "0"}
    assert new.wanted(WantedLimits(wanted.models, Limits(requests_per_minute=5)), ()) == {}


def test_priority_is_shut_for_the_models_in_use_too_as_it_costs_more() -> None:
    prio = one("generate_content_paid_tier_2_requests_prio", ALL_OTHERS)
    wanted = WantedLimits({FLASH: Limits(requests_per_minute=9), "gemini-embedding-2": Limits(9)}, BLOCKED)
    assert prio.wanted(wanted, ()) == {FLASH: "0", "": "0"}
    # A quota of its own opens it for a model.
    assert prio.wanted(wanted, {(prio.place, FLASH)}) == {"": "0"}
    assert prio.wanted(WantedLimits(wanted.models, Limits(requests_per_minute=5)), ()) == {}


class Refusing(Google):
    """Refuses imports that a test says, and records those that it takes."""

    def __init__(self, refusal: Callable[[list[Json]], GoogleError | None]) -> None:
        super().__init__(GoogleConfig.read({}, {}))
        self._refusal = refusal
        self.taken: list[tuple[str, str]] = []
        self.calls = 0

    def call(self, service: str, method: str, path: str, **given: Any) -> Json:
        entries: list[Json] = given["body"]["inlineSource"]["overrides"]
        assert (service, method) == ("serviceusage", "POST")
        assert path.endswith(":importConsumerOverrides")
        self.calls += 1
        if error := self._refusal(entries):
            raise error
        self.taken += [
            (each["metric"].rpartition("/")[2], each.get("dimensions", {}).get("model", ""))
            for each in entries
        ]
        return {"name": "operations/1", "done": True}


def entries() -> list[Entry]:
    """Two models and all others on two metrics."""
    found = (one(REQUESTS, ALL_OTHERS), one(f"{REQUESTS}_per_day", ALL_OTHERS))
    return [Entry(limit, model, "1") for limit in found for model in ("", FLASH, PRO)]


def test_a_model_whose_own_limit_is_refused_is_not_left_to_the_limit_of_all_others() -> None:
    def refusal(sent: list[Json]) -> GoogleError | None:
        wrong = any(
            each["metric"].endswith(REQUESTS) and each.get("dimensions") == {"model": PRO} for each in sent
        )
        # Nothing says which it is about.
        return GoogleError(400, "FAILED_PRECONDITION", "Precondition check failed.") if wrong else None

    google = Refusing(refusal)
    refused = quota_overrides.impose(google, "acme", entries())
    assert [(each.entry.model, each.fixed) for each in refused] == [(PRO, False), ("", False)]
    assert "Precondition check failed" in str(refused[0])
    assert "would apply to a model whose own limit was refused" in str(refused[1])
    # All of the other limit are set, and the other model's on this one: models first.
    assert google.taken == [
        (REQUESTS, FLASH),
        (f"{REQUESTS}_per_day", FLASH),
        (f"{REQUESTS}_per_day", PRO),
        (f"{REQUESTS}_per_day", ""),
    ]


def test_a_limit_that_an_error_names_is_left_out_and_the_others_go_in_one_call() -> None:
    def refusal(sent: list[Json]) -> GoogleError | None:
        # A metric's name that begins with another's is not that one.
        message = f"COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT: {GEMINI}/{REQUESTS}_per_day is fixed"
        wrong = any(each["metric"].endswith("_per_day") for each in sent)
        return GoogleError(400, "FAILED_PRECONDITION", message) if wrong else None

    google = Refusing(refusal)
    refused = quota_overrides.impose(google, "acme", entries())
    assert {(each.entry.on.metric.rpartition("/")[2], each.fixed) for each in refused} == {
        (f"{REQUESTS}_per_day", True)
    }
    assert google.calls == 2
    assert {metric for metric, _ in google.taken} == {REQUESTS}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (GoogleError(501, "UNIMPLEMENTED", "no"), LimitError, "does not offer"),
        (GoogleError(404, "", "<html>"), LimitError, "does not offer"),
        (GoogleError(403, "PERMISSION_DENIED", "no"), GoogleError, "403 PERMISSION_DENIED"),
    ],
)
def test_a_call_that_is_refused_as_a_whole_is_not_tried_in_parts(
    error: GoogleError, kind: type[Exception], words: str
) -> None:
    google = Refusing(lambda _: error)
    with pytest.raises(kind, match=words):
        quota_overrides.impose(google, "acme", entries())
    assert google.calls == 1
