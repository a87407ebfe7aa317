"""Requests that fuzzing has found (`make fuzz`): what each did wrong once, and what it is answered now."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.fuzz.furnished import Furnished, furnish
from tests.cloud.inside import check_shape

BUDGET = "v1/billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets/{budgets}"
SERIES = "v3/projects/fuzz-shop/timeSeries?filter=a&interval.startTime=2026-12-01T00:00:00Z&interval.endTime="
#: Service, HTTP method, path, body, and the field that the refusal names.
FOUND = {
    "a share of a spend cap that is no number, which was compared with others": (
        (
            "billingbudgets",
            "PATCH",
            BUDGET,
            b'{"thresholdRules": [{"thresholdPercent": "NaN"}, {"thresholdPercent": 1}]}',
        ),
        "budget.threshold_rules[0].threshold_percent",
    ),
    "a time before the year 1 in UTC, which overflowed": (
        ("monitoring", "GET", f"{SERIES}0001-01-01T00:00:00%2B23:59", b""),
        "interval.end_time",
    ),
    "a time after the year 9999 in UTC, which overflowed": (
        ("monitoring", "GET", f"{SERIES}9999-12-31T23:59:59-23:59", b""),
        "interval.end_time",
    ),
    "a day that no calendar has": (
        (
            "generativelanguage",
            "PATCH",
            "v1beta/cachedContents/local1",
            b'{"expireTime": "2027-02-30T00:00:00Z"}',
        ),
        "cached_content.expire_time",
    ),
    "an offset of days, which was no offset": (
        (
            "generativelanguage",
            "PATCH",
            "v1beta/cachedContents/local1",
            b'{"expireTime": "2027-01-01T00:00:00+99:99"}',
        ),
        "cached_content.expire_time",
    ),
    "a duration of more than ten thousand years, which overflowed": (
        ("generativelanguage", "PATCH", "v1beta/cachedContents/local1", b'{"ttl": "999999999999s"}'),
        "cached_content.ttl",
    ),
    "an expiration after the last year, which overflowed": (
        ("generativelanguage", "PATCH", "v1beta/cachedContents/local1", b'{"ttl": "315576000000s"}'),
        "",
    ),
    "a field that is unknown inside of a bucket's part, which was kept": (
        ("storage", "PUT", "storage/v1/b/fuzz-bucket", b'{"softDeletePolicy": {"a": 1}}'),
        "",
    ),
    "a part of a bucket by a PATCH, whose types were not checked": (
        ("storage", "PATCH", "storage/v1/b/fuzz-bucket", b'{"retentionPolicy": {"retentionPeriod": "x"}}'),
        "",
    ),
    "a body in UTF-16, which was read": (
        ("cloudresourcemanager", "POST", "v3/projects/fuzz-shop:testIamPermissions", "{}".encode("utf-16")),
        "",
    ),
    "an enum's number of thousands of digits, which Python does not read": (
        ("iam", "PATCH", "v1/projects/fuzz-shop/roles/seesKeys", b'{"stage": "%s"}' % (b"9" * 5_000)),
        "role.stage",
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A local cloud with one of each thing in it."""
    made = furnish(tmp_path_factory.mktemp("found") / "state.db")
    yield made
    made.cloud.close()


@pytest.mark.parametrize("what", FOUND)
def test_found(world: Furnished, what: str) -> None:
    """It is refused with 400, and the refusal names the field."""
    (service, method, path, body), field = FOUND[what]
    request = world.request(service, method, world.filled(path), body)
    answer = world.cloud.send(request)
    check_shape(request, answer)
    error = answer.json["error"]
    assert answer.status == 400, error
    named = [each.get("field") for detail in error.get("details", []) for each in detail["fieldViolations"]]
    assert not field or field in named


def test_a_part_of_a_bucket_is_kept_in_googles_types(world: Furnished) -> None:
    """A PATCH with numbers is answered as Google answers int64: as text. What is null in it goes."""
    bucket = "storage/v1/b/fuzz-bucket"
    patch = b'{"retentionPolicy": {"retentionPeriod": 60}, "softDeletePolicy": {"retentionDurationSeconds": 604800}}'
    changed = world.cloud.send(world.request("storage", "PATCH", bucket, patch)).json
    assert changed["retentionPolicy"]["retentionPeriod"] == "60"
    assert changed["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    cleared = world.cloud.send(
        world.request("storage", "PATCH", bucket, b'{"retentionPolicy": null, "labels": {"a": null}}')
    )
    assert "retentionPolicy" not in cleared.json
    assert not cleared.json.get("labels")


@pytest.mark.parametrize(
    ("service", "path", "body", "status"),
    [
        (
            "secretmanager",
            "v1/projects/fuzz-shop/secrets/token:addVersion",
            {"payload": {"data": "dG9j-w"}},
            200,
        ),
        (
            "iam",
            "v1/projects/fuzz-shop/serviceAccounts/runner@fuzz-shop.iam.gserviceaccount.com/keys:upload",
            {"publicKeyData": "_-8="},
            400,
        ),
    ],
)
def test_base64_of_urls_and_without_padding_is_read(
    world: Furnished, service: str, path: str, body: dict[str, Any], status: int
) -> None:
    """It ended in a 500; what is answered later has it as Google answers bytes."""
    assert world.cloud.call(service, "POST", path, body)[0] == status
    if service == "secretmanager":
        found = world.cloud.call(service, "GET", path.replace(":addVersion", "/versions/latest:access"))[1]
        assert found["payload"]["data"] == "dG9j+w=="
