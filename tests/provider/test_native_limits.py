"""`ModelLimit` and `TierCheck` on the real engine: a limit that lasts, and the tier that is in force."""

import urllib.error
from itertools import count
from typing import Any

import pytest

from tests.provider.program import ACCOUNT, forget, make_project, program, said, state, take_over, write
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


LATER = count(120, 120)
"""Seconds that the local cloud's clock is set ahead: more each time, so that no minute is counted twice."""


def allowed(workspace: Workspace, model: str, key: str, most: int = 10) -> int:
    """How many calls in a row go through, up to `most`; a minute later the next may."""
    workspace.cloud.call("PUT", "/_local/clock", {"seconds": next(LATER)})
    return next((done for done in range(most) if generate(workspace, model, key) != 200), most)


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

    # One more, and one that is no longer allowed: in place, in the same order.
    write(
        limited,
        rest=limit(requestsPerMinute=0, allowed=["gemini-2.5-flash"]),
        two=limit(model="gemini-2.5-flash", requestsPerMinute=2),
    )
    changes = {(change.op, change.name) for change in limited.up()}
    assert changes == {("update", "rest"), ("create", "two"), ("delete", "one")}
    assert allowed(limited, "gemini-3-pro-preview", key) == 0
    assert allowed(limited, "gemini-2.5-flash", key) == 2


def override_path(metric: str, window: str = "min") -> str:
    """The overrides of one metric's limit."""
    name = f"generativelanguage.googleapis.com%2F{metric}"
    return f"{SERVICE}/consumerQuotaMetrics/{name}/limits/%2F{window}%2Fmodel%2Fproject/consumerOverrides"


def models_overridden(workspace: Workspace, path: str) -> set[str]:
    """The models that have an override there; empty text: all others."""
    listed = workspace.cloud.call("GET", path).get("overrides", [])
    return {each.get("dimensions", {}).get("model", "") for each in listed}


def test_a_denied_model_that_somebody_opens_is_drift_and_closed_again(limited: Workspace, key: str) -> None:
    write(
        limited,
        rest=limit(requestsPerMinute=0, allowed=["gemini-2.5-flash"], exempt=["gemini-3-pro-preview"]),
        one=limit(model="gemini-2.5-flash", requestsPerMinute=4),
    )
    limited.up()
    minute, day = (
        override_path("generate_requests_per_model"),
        override_path("generate_requests_per_model_per_day", "d"),
    )

    def open_by_hand(path: str, model: str, value: int) -> None:
        body = {"overrideValue": str(value), "dimensions": {"model": model}}
        limited.cloud.call("POST", f"{path}?force=true", body)

    open_by_hand(minute, "gemini-2.5-pro", 7)
    open_by_hand(minute, "gemini-3-pro", 3)
    # Neither opens anything: no requests a minute, and a limit that all others lack.
    open_by_hand(minute, "gemini-3.8-flash", 0)
    open_by_hand(day, "gemini-3.8-flash", 9)
    assert allowed(limited, "gemini-2.5-pro", key) == 7

    assert [(change.op, change.name) for change in limited.refresh()] == [("update", "rest")]
    [rest] = [entry for entry in state(limited) if entry["urn"].endswith("::rest")]
    assert rest["inputs"]["allowed"] == ["gemini-2.5-flash", "gemini-2.5-pro"]
    [change] = limited.preview()
    assert (change.op, change.name, change.properties) == ("update", "rest", ("allowed",))
    limited.up()
    assert allowed(limited, "gemini-2.5-pro", key) == 0
    assert allowed(limited, "gemini-2.5-flash", key) == 4
    assert models_overridden(limited, minute) == {"", "gemini-2.5-flash", "gemini-3-pro", "gemini-3.8-flash"}
    assert models_overridden(limited, day) == {"gemini-3.8-flash"}
    assert limited.refresh() == []
    assert limited.preview() == []

    # Without `allowed` nobody says which models are not to be open.
    write(limited, rest=limit(requestsPerMinute=0), one=limit(model="gemini-2.5-flash", requestsPerMinute=4))
    limited.up()
    open_by_hand(minute, "gemini-2.5-pro", 7)
    assert limited.refresh() == []


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
    assert state(limited)[0]["outputs"]["effective"].keys() == {RPM, "inputTokensPerMinute"}

    # Somebody raises it in the console, and somebody takes another away.
    def name(metric: str) -> str:
        [override] = limited.cloud.call("GET", override_path(metric))["overrides"]
        return f"/serviceusage/v1beta1/{override['name']}?force=true"

    raised, removed = (f"generate_content_paid_tier_2_{what}" for what in ("requests", "input_token_count"))
    limited.cloud.call("PATCH", name(raised), {"overrideValue": "900"})
    limited.cloud.call("DELETE", name(removed))
    assert [change.op for change in limited.refresh()] == ["update"]
    [change] = limited.preview()
    assert (change.op, set(change.properties)) == ("update", {RPM, "inputTokensPerMinute"})
    limited.up()
    assert limited.cloud.call("GET", override_path(raised))["overrides"][0]["overrideValue"] == "50"
    assert limited.cloud.call("GET", override_path(removed))["overrides"][0]["overrideValue"] == "1000"

    # Imported, by the project's number too, it is this one.
    number = limited.cloud.call("GET", f"/cloudresourcemanager/v1/projects/{PROJECT}")["projectNumber"]
    forget(limited)
    take_over(limited, "ModelLimit", "one", f"projects/{number}/models/gemini-2.5-flash")
    assert limited.preview() == []

    write(limited, one=limit(model="gemini-2.5-pro", requestsPerMinute=50, inputTokensPerMinute=1000))
    assert [(change.op, change.properties) for change in limited.preview() if change.op == "replace"] == [
        ("replace", ("model",))
    ]
    limited.destroy()
    assert "overrides" not in limited.cloud.call("GET", override_path(raised))


def test_bad_limits_are_told_in_the_preview(limited: Workspace) -> None:
    def refusal(**inputs: Any) -> str:
        write(limited, one=limit(**inputs))
        return said(limited, "preview")

    everything = refusal(model="gemini-embedding-001", requestsPerMinute=-1, project="X", allowed=["a"])
    for words in ("property model", "other quotas", "must be >= 0", "property project", "property allowed"):
        assert words in everything
    mistyped = refusal(model="gemini-2.5-flsh", requestsPerMinute=1)
    assert "property model" in mistyped
    assert "did you mean gemini-2.5-flash?" in mistyped
    # A quota that nobody may change is refused whichever tier has it.
    ids = [
        "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3",
        "GenerateRequestsPerDayPerProjectPerModel",
    ]
    limited.cloud.call("PUT", "/_local/fixedQuotas", {"quotaIds": ids})
    fixed = refusal(model="gemini-2.5-flash", requestsPerMinute=1, requestsPerDay=1, inputTokensPerMinute=1)
    assert "property requestsPerMinute" in fixed
    assert "Google lets nobody change this quota (tier 3): take the limit out" in fixed
    assert "nobody change this quota (tier 1)" in fixed
    assert "property inputTokensPerMinute" not in fixed
    # Where it was not seen before, the update says so.
    denied = {"error": "PERMISSION_DENIED", "method": "cloudquotas.ListQuotaInfos", "times": 1}
    limited.cloud.call("PUT", "/_local/faults", {"faults": [denied]})
    write(limited, one=limit(model="gemini-2.5-flash", requestsPerDay=1))
    assert "requestsPerDay of gemini-2.5-flash on tier 1: 400" in said(limited, *UP)


def test_the_tier_found_is_told_and_a_missing_link_is_a_warning(limited: Workspace) -> None:
    outputs = ["tier", "billingEnabled", "inForce"]

    def check(**inputs: Any) -> None:
        write(limited, tier=("TierCheck", {"project": PROJECT, "expected": "paid", **inputs}, outputs))

    def link(account: str) -> None:
        body = {"billingAccountName": account}
        limited.cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", body)

    def lag(polls: int) -> None:
        """Link it anew; so many looks see the free tier's limits still."""
        limited.cloud.call("PUT", "/_local/tierLag", {"polls": polls})
        link("")
        link(f"billingAccounts/{ACCOUNT}")

    lag(1_000)
    check(waitSeconds=0)
    late = limited.pulumi(*UP).stdout
    assert f"{PROJECT} is linked, and Google still applies the limits of tier free" in late
    assert "unlink and link the project again" in late
    assert limited.outputs()["tier"] == {"tier": "free", "billingEnabled": True, "inForce": False}
    lag(2)
    check()
    waited = limited.pulumi(*UP).stdout
    assert "waiting for the paid limits: Google still applies tier free" in waited
    assert limited.outputs()["tier"] == {"tier": "1", "billingEnabled": True, "inForce": True}
    set_tier(limited, 2)
    limited.refresh()
    assert state(limited)[0]["outputs"]["tier"] == "2"
    assert limited.preview() == []
    forget(limited)
    take_over(limited, "TierCheck", "tier", f"projects/{PROJECT}/tier")
    assert limited.preview() == []

    link("")
    limited.refresh()
    assert f"gcloud billing projects link {PROJECT}" in limited.pulumi(*UP).stdout
    assert limited.outputs()["tier"] == {"tier": "free", "billingEnabled": False, "inForce": False}
    # It is looked at again until it is right. What cannot be read is a warning too, and stops nothing.
    assert [change.op for change in limited.preview()] == ["update"]
    denied = {"error": "PERMISSION_DENIED", "method": "cloudquotas.ListQuotaInfos", "times": 9}
    limited.cloud.call("PUT", "/_local/faults", {"faults": [denied]})
    assert f"the tier of {PROJECT} cannot be read: 403 PERMISSION_DENIED" in limited.pulumi(*UP).stdout


def test_calls_count_against_the_billing_project_else_the_resources_own(limited: Workspace) -> None:
    write(limited, one=limit(model="gemini-2.5-flash", requestsPerMinute=5))

    def counted_against(**environment: str) -> set[tuple[str, str]]:
        limited.environment.update(environment)
        before = limited.cloud.requests()[-1]["n"]
        limited.refresh()
        return {
            (request["service"], request["x-goog-user-project"]) for request in limited.cloud.requests(before)
        }

    limited.up()
    assert counted_against(USER_PROJECT_OVERRIDE="true") == {("serviceusage", PROJECT)}
    assert counted_against(GOOGLE_BILLING_PROJECT="sandbox-seed") == {("serviceusage", "sandbox-seed")}
