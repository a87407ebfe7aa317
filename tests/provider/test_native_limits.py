"""`ModelLimit` and `TierCheck` on the real engine: a limit that lasts, and the tier that is in force."""

import urllib.error
from typing import Any

import pytest

from tests.provider.program import ACCOUNT, make_project, program, said, write
from tests.workspace import Workspace

PROJECT = "acme-limited"
UP = ("up", "--yes", "--skip-preview")
SERVICE = f"/serviceusage/v1beta1/projects/{PROJECT}/services/generativelanguage.googleapis.com"
RPM = "requestsPerMinute"


def limit(**inputs: Any) -> tuple[str, dict[str, Any], list[str]]:
    """A limit in the project."""
    return "ModelLimit", {"project": PROJECT, **inputs}, ["quotaModel", "effective"]


def generate(workspace: Workspace, model: str, key: str) -> int:
    """The status of a call to a model."""
    body = {"contents": [{"parts": [{"text": "hi"}]}]}
    try:
        workspace.cloud.call(
            "POST", f"/generativelanguage/v1beta/models/{model}:generateContent?key={key}", body
        )
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def allowed(workspace: Workspace, model: str, key: str, most: int = 10) -> int:
    """How many calls in a row go through, up to `most`; a minute later the next may."""
    workspace.cloud.call("PUT", "/_local/clock", {"seconds": allowed.later})  # type: ignore[attr-defined]
    allowed.later += 120  # type: ignore[attr-defined]
    return next((count for count in range(most) if generate(workspace, model, key) != 200), most)


allowed.later = 120  # type: ignore[attr-defined]


def set_tier(workspace: Workspace, tier: int) -> None:
    """Google moves the account."""
    workspace.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": tier})


@pytest.fixture
def limited(workspace: Workspace) -> Workspace:
    """A program with nothing yet, and a paid project."""
    make_project(workspace, PROJECT)
    return program(workspace)


@pytest.fixture
def key(limited: Workspace) -> str:
    """A key of the project's."""
    restrictions = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
    path = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys"
    limited.cloud.call("POST", f"{path}?keyId=one", {"restrictions": restrictions})
    return str(limited.cloud.call("GET", f"{path}/one/keyString")["keyString"])


def test_a_limit_outlives_the_tier_that_it_was_set_on(limited: Workspace, key: str) -> None:
    override = {
        "project": PROJECT,
        "service": "generativelanguage.googleapis.com",
        "metric": "generativelanguage.googleapis.com%2Fgenerate_requests_per_model",
        "limit": "%2Fmin%2Fmodel%2Fproject",
        "dimensions": {"model": "gemini-2.5-pro"},
        "overrideValue": "3",
        "force": True,
    }
    kind = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"
    write(limited, lasting=limit(model="gemini-2.5-flash", requestsPerMinute=3), tier1=(kind, override, []))
    limited.up()
    assert allowed(limited, "gemini-2.5-flash", key) == 3
    assert allowed(limited, "gemini-2.5-pro", key) == 3
    for tier in (2, 3):
        set_tier(limited, tier)
        assert allowed(limited, "gemini-2.5-flash", key) == 3
        # Set on Tier 1's metric alone, it binds no more.
        assert allowed(limited, "gemini-2.5-pro", key) == 10
    assert limited.outputs()["lasting"]["effective"][RPM] == {"free": 3, "1": 3, "2": 3, "3": 3}
    limited.destroy()
    assert allowed(limited, "gemini-2.5-flash", key) == 10


def test_all_but_the_allowed_models_are_denied_and_the_allowed_ones_never(
    limited: Workspace, key: str
) -> None:
    write(
        limited,
        rest=limit(requestsPerMinute=0, allowed=["gemini-3-pro-preview"]),
        one=limit(model="gemini-3-pro-preview", requestsPerMinute=4),
    )
    limited.up()
    assert limited.outputs()["one"]["quotaModel"] == "gemini-3-pro"
    assert allowed(limited, "gemini-3-pro-preview", key) == 4
    assert allowed(limited, "gemini-2.5-flash", key) == 0
    writes = [request for request in limited.cloud.requests() if "consumerOverrides" in request["path"]]
    models = [request["body"].get("dimensions") for request in writes if request["method"] == "POST"]
    # The default comes after every limit of the allowed model.
    assert models == sorted(models, key=lambda dimensions: dimensions is None)
    assert limited.preview() == []


def test_a_limits_life(limited: Workspace) -> None:
    write(limited, one=limit(model="gemini-2.5-flash", requestsPerMinute=60, requestsPerDay=9_000_000))
    before = limited.cloud.requests()[-1]["n"]
    limited.preview()
    assert {request["method"] for request in limited.cloud.requests(before)} <= {"GET"}
    limited.up()
    effective = limited.outputs()["one"]["effective"]
    # More than a tier allows is no more than it allows.
    assert effective["requestsPerDay"] == {"free": 20, "1": 10_000, "2": 100_000, "3": 9_000_000}
    assert limited.preview() == []
    assert limited.refresh() == []

    write(limited, one=limit(model="gemini-2.5-flash", requestsPerMinute=50, inputTokensPerMinute=1000))
    [change] = limited.preview()
    assert (change.op, set(change.properties)) == ("update", {RPM, "requestsPerDay", "inputTokensPerMinute"})
    limited.up()
    assert limited.outputs()["one"]["effective"].keys() == {RPM, "inputTokensPerMinute"}
    assert limited.preview() == []

    # Somebody raises it in the console, and somebody takes another away.
    metric = "consumerQuotaMetrics/generativelanguage.googleapis.com%2Fgenerate_content_paid_tier_2_requests"
    path = f"{SERVICE}/{metric}/limits/%2Fmin%2Fmodel%2Fproject/consumerOverrides"
    [override] = limited.cloud.call("GET", path)["overrides"]
    name = override["name"].rpartition("/")[2]
    limited.cloud.call("PATCH", f"{path}/{name}?force=true", {"overrideValue": "900"})
    assert [change.op for change in limited.refresh()] == ["update"]
    assert [(change.op, change.properties) for change in limited.preview()] == [("update", (RPM,))]
    limited.up()
    assert limited.cloud.call("GET", path)["overrides"][0]["overrideValue"] == "50"

    write(limited, one=limit(model="gemini-2.5-pro", requestsPerMinute=50, inputTokensPerMinute=1000))
    assert [(change.op, change.properties) for change in limited.preview() if change.op == "replace"] == [
        ("replace", ("model",))
    ]
    limited.destroy()
    assert "overrides" not in limited.cloud.call("GET", path)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"model": "gemini-2.5-flsh", RPM: 1}, ["property model", "did you mean gemini-2.5-flash?"]),
        ({"model": "gemini-embedding-001", RPM: 1}, ["property model", "other quotas"]),
        ({"model": "gemini-2.5-flash"}, ["one at least of requestsPerMinute"]),
        ({"model": "gemini-2.5-flash", RPM: -1, "project": "X"}, ["must be >= 0", "property project"]),
        ({"model": "gemini-2.5-flash", RPM: 1.5}, ["no whole number"]),
        ({"model": "gemini-2.5-flash", RPM: 1, "allowed": ["gemini-2.5-pro"]}, ["property allowed"]),
    ],
)
def test_bad_limits_are_told_in_the_preview(
    limited: Workspace, inputs: dict[str, Any], words: list[str]
) -> None:
    write(limited, one=limit(**inputs))
    refusal = said(limited, "preview")
    assert [word for word in words if word not in refusal] == []


def test_the_tier_found_is_told_and_a_missing_link_is_a_warning(limited: Workspace) -> None:
    outputs = ["tier", "billingEnabled", "inForce"]
    write(limited, tier=("TierCheck", {"project": PROJECT, "expected": "paid"}, outputs))
    limited.up()
    assert limited.outputs()["tier"] == {"tier": "1", "billingEnabled": True, "inForce": True}
    set_tier(limited, 2)
    limited.refresh()
    limited.up()
    assert limited.preview() == []

    limited.cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", {"billingAccountName": ""})
    limited.refresh()
    run = limited.pulumi(*UP)
    assert f"gcloud billing projects link {PROJECT}" in run.stdout
    assert limited.outputs()["tier"] == {"tier": "free", "billingEnabled": False, "inForce": False}
    # It is looked at again until it is right.
    assert [change.op for change in limited.preview()] == ["update"]
