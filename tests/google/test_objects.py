"""Objects in the local cloud's storage: written by generation, also if an answer is lost, and the cloud's clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from landing_zone.google import objects
from landing_zone.google.config import UPLOADS, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.objects import ABSENT, ChangedError, Found
from landing_zone.google.rest import Google
from tests.cloud.local_cloud import LocalCloud

BUCKET = "acme-guard-objects"


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """A client of a local cloud with a bucket."""
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    cloud.start()
    cloud.call("storage", "POST", "storage/v1/b?project=sandbox-seed", {"name": BUCKET})
    endpoints = {"storage": f"{cloud.url('storage')}/storage/v1/"}
    yield Google(GoogleConfig(access_token="t", endpoints=endpoints))
    assert cloud.end() == 0


def test_an_object_is_written_once_for_each_generation(google: Google) -> None:
    name = "state/1 & 2.json"
    assert objects.read(google, BUCKET, name) == Found({}, ABSENT)
    assert objects.generation_of(google, BUCKET, name) == ABSENT
    first = objects.write(google, BUCKET, name, {"a": 1}, ABSENT)
    assert objects.read(google, BUCKET, name) == Found({"a": 1}, first)
    second = objects.write(google, BUCKET, name, {"a": 2}, first)
    for stale in (ABSENT, first):
        with pytest.raises(ChangedError, match="written by somebody else"):
            objects.write(google, BUCKET, name, {"a": 3}, stale)
    assert objects.read(google, BUCKET, name) == Found({"a": 2}, second)
    assert objects.generation_of(google, BUCKET, name) == second
    assert list(objects.listed(google, BUCKET, "state/")) == [(name, second)]


def test_a_bucket_that_is_not_there_is_no_absent_object(google: Google) -> None:
    with pytest.raises(GoogleError):
        objects.read(google, "acme-no-such-bucket", "state/1.json")


def test_a_lost_answer_does_not_make_a_write_fail(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = google.call

    def losing(service: str, *arguments: Any, **named: Any) -> Any:
        found = real(service, *arguments, **named)
        if service == UPLOADS:
            raise GoogleError(502, "", "lost")
        return found

    monkeypatch.setattr(google, "call", losing)
    written = objects.write(google, BUCKET, "state/lost.json", {"a": 1}, ABSENT)
    assert objects.read(google, BUCKET, "state/lost.json") == Found({"a": 1}, written)


def test_the_time_is_that_of_the_last_answer(google: Google) -> None:
    objects.generation_of(google, BUCKET, "state/1.json")
    assert abs(google.now - datetime.now(UTC)) < timedelta(minutes=5)
    google._read_clock("Sun, 01 Nov 2026 07:00:01 GMT")
    google._read_clock("no date")
    assert google.now == datetime(2026, 11, 1, 7, 0, 1, tzinfo=UTC)
