"""Use as Cloud Monitoring has it: tiers are summed, what repeats the same traffic is not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json
from landing_zone.google.usage_series import MINUTE, counters, read
from landing_zone.pricing.metered import Use
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import FLASH, TO_GEMINI, ask, made_key, made_project

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
QUOTA = "generativelanguage.googleapis.com/quota"
PER_MINUTE, PER_DAY = "GenerateRequestsPerMinute", "GenerateRequestsPerDay"


def series(model: str, limit: str, *values: int) -> Json:
    """A series whose first point is the first minute after noon."""
    points = [
        {
            "interval": {"endTime": (NOON + MINUTE * (place + 1)).isoformat()},
            "value": {"int64Value": str(value)},
        }
        for place, value in enumerate(values)
    ]
    return {"metric": {"labels": {"model": model, "limit_name": limit}}, "points": points}


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that answers with given series by metric, and 404 for all others."""
    found = Google(GoogleConfig(access_token="t"))

    def answering(by_metric: dict[str, list[Json]]) -> Google:
        def list_all(*_: Any, query: dict[str, Any], **__: Any) -> Iterator[Json]:
            [metric] = [each for each in by_metric if f'"{each}"' in query["filter"]] or [""]
            if not metric:
                raise GoogleError(404, "NOT_FOUND", "Cannot find metric(s)")
            yield from by_metric[metric]

        monkeypatch.setattr(found, "list_all", list_all)
        return found

    return answering


def test_tiers_are_summed_and_the_limits_of_a_metric_are_not(google: Any) -> None:
    client = google(
        {
            f"{QUOTA}/generate_requests_per_model/usage": [series("gemini-3.8-flash", PER_MINUTE, 5, 7)],
            f"{QUOTA}/generate_content_paid_tier_2_requests/usage": [
                series("gemini-3.8-flash", PER_MINUTE, 2, 0),
                # The same traffic again, of which the minute's series has not all yet.
                series("gemini-3.8-flash", PER_DAY, 3, 0),
            ],
            f"{QUOTA}/generate_content_paid_tier_input_token_count/usage": [
                series("gemini-3.8-flash", "x", 900)
            ],
            "generativelanguage.googleapis.com/generate_content_usage_output_token_count": [
                series("gemini-3-pro-preview", "", 11),
                series("gemini-3-pro", "", 4),
            ],
            f"{QUOTA}/predict_long_running_requests_per_model/usage": [series("veo", "m", 1)],
            f"{QUOTA}/predict_long_running_requests_per_model_per_day/usage": [series("veo", "d", 1)],
        }
    )
    found = read(client, "p", NOON, NOON + 2 * MINUTE)
    first, second = (NOON, NOON + MINUTE), (NOON + MINUTE, NOON + 2 * MINUTE)
    assert set(found.uses) == {
        Use(*first, "gemini-3.8-flash", 8, 900),
        Use(*second, "gemini-3.8-flash", 7),
        Use(*first, "gemini-3-pro", output=15),
        Use(*first, "veo", 1, counted="videos"),
    }
    assert found.known


def test_metrics_that_are_not_there_are_no_use_and_said(google: Any) -> None:
    found = read(google({}), "p", NOON, NOON + MINUTE)
    assert (found.uses, found.known) == ((), False)
    assert len(counters(["content"])) == 9  # calls a minute of a project with nothing else open


def test_the_local_cloud_answers_what_is_asked(tmp_path_factory: pytest.TempPathFactory) -> None:
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    cloud.start()
    project = "gemini-used"
    made_project(cloud, project, account=ACCOUNT)
    key = made_key(cloud, project, TO_GEMINI)
    ask(cloud, key)
    ask(cloud, key)
    google = Google(GoogleConfig(access_token="t", endpoints={"monitoring": f"{cloud.url('monitoring')}/"}))
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    found = read(google, project, now - timedelta(minutes=10), now + timedelta(minutes=2))
    assert cloud.end() == 0
    assert {use.model for use in found.uses} == {FLASH}
    assert sum(use.requests for use in found.uses) == 2
    assert all(use.input and use.output and use.end - use.start == MINUTE for use in found.uses)
