"""Faults on request: what a client sees of each kind, and what the cloud has of the call afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.layout import ROOT
from tests.cloud.local_cloud import ACCOUNT, FOLDER, TOKEN, LocalCloud

CREATE = "cloudresourcemanager.projects.create"


@pytest.fixture
def faulty(cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The module's local cloud, without faults once the test is over."""
    yield cloud
    cloud.local("PUT", "faults", {"faults": []})


def _set(cloud: LocalCloud, *faults: dict[str, Any]) -> None:
    cloud.local("PUT", "faults", {"faults": list(faults)})


def _create(cloud: LocalCloud, project_id: str) -> requests.Response:
    body = {"projectId": project_id, "parent": FOLDER}
    return requests.post(
        f"{cloud.url('cloudresourcemanager')}/v3/projects", json=body, headers=TOKEN, timeout=20
    )


def _exists(cloud: LocalCloud, project_id: str) -> bool:
    return cloud.request("cloudresourcemanager", "GET", f"v3/projects/{project_id}").status_code == 200


@pytest.mark.parametrize(("cut", "is_there"), [("before", False), ("after", True), ("answer", True)])
def test_a_connection_that_is_cut_leaves_the_effect_or_not(
    faulty: LocalCloud, cut: str, is_there: bool
) -> None:
    project_id = f"gem-cut-{cut}"
    _set(faulty, {"cut": cut, "method": CREATE})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _create(faulty, project_id)
    assert _exists(faulty, project_id) == is_there
    assert _create(faulty, project_id).status_code == (409 if is_there else 200)


def test_an_operation_that_ends_in_an_error_has_changed_nothing(faulty: LocalCloud) -> None:
    _set(faulty, {"operationError": "INTERNAL", "method": CREATE})
    operation = _create(faulty, "gem-late-error").json()
    if not operation.get("done"):
        operation = faulty.call("cloudresourcemanager", "GET", f"v3/{operation['name']}")
    assert operation["error"]["code"] == 13
    assert not _exists(faulty, "gem-late-error")
    assert _create(faulty, "gem-late-error").status_code == 200


def test_a_refusal_says_when_to_come_again(faulty: LocalCloud) -> None:
    _set(faulty, {"error": "RATE_LIMIT_EXCEEDED", "retryAfterSeconds": 7})
    refused = _create(faulty, "gem-too-fast")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    details = {each["@type"].rpartition(".")[2]: each for each in refused.json()["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "7s"
    assert details["ErrorInfo"]["reason"] == "RATE_LIMIT_EXCEEDED"


def test_a_bad_gateway_is_a_page(faulty: LocalCloud) -> None:
    _set(faulty, {"error": "BAD_GATEWAY"})
    refused = _create(faulty, "gem-proxy")
    assert refused.status_code == 502
    assert refused.headers["content-type"].startswith("text/html")


def test_only_a_later_page_of_a_listing_fails(faulty: LocalCloud) -> None:
    _set(faulty, {"error": "UNAVAILABLE", "query": "pageToken="})
    path = "v1/services"
    first = faulty.call("cloudbilling", "GET", path, pageSize="1")
    page = {"pageSize": "1", "pageToken": first["nextPageToken"]}
    faulty.call("cloudbilling", "GET", path, status=503, **page)
    faulty.call("cloudbilling", "GET", path, **page)


def test_calls_are_skipped_and_counted(faulty: LocalCloud) -> None:
    path = f"v1/billingAccounts/{ACCOUNT}"
    _set(faulty, {"error": "UNAVAILABLE", "path": ACCOUNT, "skip": 2, "times": 2})
    codes = [faulty.request("cloudbilling", "GET", path).status_code for _ in range(6)]
    assert codes == [200, 200, 503, 503, 200, 200]


def test_chance_repeats_from_the_seed(faulty: LocalCloud) -> None:
    path = f"v1/billingAccounts/{ACCOUNT}"

    def codes(seed: int) -> list[int]:
        faulty.local("PUT", "seed", {"seed": seed})
        _set(faulty, {"error": "INTERNAL", "path": ACCOUNT, "share": 0.3, "times": None})
        return [faulty.request("cloudbilling", "GET", path).status_code for _ in range(60)]

    first = codes(1)
    assert set(first) == {200, 500}
    assert codes(1) == first
    assert codes(2) != first


def test_an_answer_that_comes_slowly_is_whole(faulty: LocalCloud) -> None:
    path = f"v1/billingAccounts/{ACCOUNT}"
    whole = faulty.request("cloudbilling", "GET", path).content
    _set(
        faulty,
        {"bytesPerSecond": len(whole) - 1, "path": ACCOUNT},
        {"latencyMs": [1, 5], "path": ACCOUNT},
    )
    connection = HTTPConnection("127.0.0.1", faulty.ready["services"]["cloudbilling"], timeout=20)
    connection.request("GET", f"/{path}", headers=TOKEN)
    response = connection.getresponse()
    parts = list(iter(response.read1, b""))
    connection.close()
    assert len(parts) > 1
    assert b"".join(parts) == whole


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"error": "TEAPOT"}, "faults.0.error: unknown error 'TEAPOT'; known: ABORTED, "),
        ({"operationError": "BAD_GATEWAY"}, "faults.0.operationError: unknown error 'BAD_GATEWAY'; known: "),
        ({"error": "ABORTED", "about": "gem-("}, "faults.0.about: no regular expression: missing )"),
        # What is searched are bytes, in whose expressions this is no escape.
        ({"error": "ABORTED", "about": "\\u00e9"}, "faults.0.about: no regular expression: bad escape"),
        ({"error": "ABORTED", "cut": "after"}, "a fault has one of error, cut, "),
        ({"method": CREATE}, "this one has none"),
        ({"error": "ABORTED", "times": 0}, "faults.0.times: "),
        ({"error": "ABORTED", "tiems": 1}, "faults.0.tiems: "),
        ({"cut": "before", "retryAfterSeconds": 1}, "retryAfterSeconds goes with error"),
        (
            {"error": "ABORTED", "method": f"{CREATE}s"},
            f"the local cloud has no method '{CREATE}s'; did you mean '{CREATE}'?",
        ),
        ({"latencyMs": [9, 1]}, "latencyMs is a number, or the least and the most"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    faulty: LocalCloud, fault: dict[str, Any], reason: str
) -> None:
    response = requests.put(
        f"{faulty.main}/_local/faults", json={"faults": [fault]}, headers=TOKEN, timeout=20
    )
    assert response.status_code == 400
    assert reason in response.json()["error"]["message"]


def test_faults_can_be_there_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"faults": [{"error": "INTERNAL", "path": ACCOUNT}]}), encoding="utf-8")
    cloud = LocalCloud(tmp_path)
    cloud.start("--faults", str(file))
    assert cloud.request("cloudbilling", "GET", f"v1/billingAccounts/{ACCOUNT}").status_code == 500
    assert cloud.end() == 0

    file.write_text('{"faults": [{"cut": "sometimes"}]}', encoding="utf-8")
    command = [sys.executable, "-m", "sandbox.cloud", "--db", "a", "--ready-file", "b", "--faults", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "faults.0.cut: Input should be 'before', 'after' or 'answer'" in ended.stderr
