"""`ProjectLimits` on the real engine: limits that last, in one call, and nothing else that can be called."""

import urllib.error
from itertools import count
from typing import Any

import pytest

from tests.provider.program import (
    ACCOUNT,
    forget,
    make_project,
    output_of_failure,
    program,
    since,
    state,
    take_over,
    write,
)
from tests.workspace import Workspace

PROJECT = "acme-limited"
UP = ("up", "--yes", "--skip-preview")
GEMINI = "generativelanguage.googleapis.com"
SERVICE = f"/serviceusage/v1beta1/projects/{PROJECT}/services/{GEMINI}"
FLASH, PRO, LITE = "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3.5-flash-lite"
RPM, RPD, TPM = "requestsPerMinute", "requestsPerDay", "inputTokensPerMinute"
THREE = {model: {RPM: 60, RPD: 5_000, TPM: 200_000} for model in (FLASH, PRO, LITE)}
OUTPUTS = ["quotaModels", "effective", "closed", "leftOpen"]
IMPORT = "serviceusage.services.consumerQuotaMetrics.importConsumerOverrides"


def limits(models: dict[str, Any] | None = None, **inputs: Any) -> tuple[str, dict[str, Any], list[str]]:
    """The limits of the project."""
    return "ProjectLimits", {"project": PROJECT, **({"limits": models} if models else {}), **inputs}, OUTPUTS


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
    """How many calls in a row are allowed, up to `most`; a minute later the next may be."""
    workspace.cloud.call("PUT", "/_local/clock", {"seconds": next(LATER)})
    return next((done for done in range(most) if generate(workspace, model, key) != 200), most)


def set_tier(workspace: Workspace, tier: int) -> None:
    """Google moves the account."""
    workspace.cloud.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": tier})


def path(metric: str, window: str = "min") -> str:
    """The overrides of one metric's limit."""
    return f"{SERVICE}/consumerQuotaMetrics/{GEMINI}%2F{metric}/limits/%2F{window}%2Fmodel%2Fproject/consumerOverrides"


def overrides(workspace: Workspace) -> dict[tuple[str, str, str], int]:
    """Every override of the project: metric, limit and model (empty: all others) → value."""
    listed = workspace.cloud.call("GET", f"{SERVICE}/consumerQuotaMetrics?view=FULL&pageSize=200")
    return {
        (
            metric["metric"].rpartition("/")[2],
            limit["unit"].split("/")[1],
            bucket.get("dimensions", {}).get("model", ""),
        ): int(bucket["consumerOverride"].get("overrideValue", "0"))
        for metric in listed["metrics"]
        for limit in metric["consumerQuotaLimits"]
        for bucket in limit["quotaBuckets"]
        if "consumerOverride" in bucket
    }


def metrics_of_models(workspace: Workspace) -> set[tuple[str, str]]:
    """Metric and window of every limit of the service that counts models."""
    listed = workspace.cloud.call("GET", f"{SERVICE}/consumerQuotaMetrics?view=FULL&pageSize=200")
    return {
        (metric["metric"].rpartition("/")[2], limit["unit"].split("/")[1])
        for metric in listed["metrics"]
        for limit in metric["consumerQuotaLimits"]
        if "{model}" in limit["unit"]
    }


def calls(workspace: Workspace, before: int) -> list[str]:
    """The methods of the calls about quotas after a request, in order."""
    quotas = ("serviceusage", "cloudquotas")
    return [
        each["id"].rpartition(".")[2]
        for each in workspace.cloud.requests(before)
        if each["service"] in quotas
    ]


@pytest.fixture
def limited(workspace: Workspace) -> Workspace:
    """A program with nothing yet, and a paid project."""
    make_project(workspace, PROJECT)
    return program(workspace)


@pytest.fixture
def key(limited: Workspace) -> str:
    """A key of the project's."""
    restrictions = {"apiTargets": [{"service": GEMINI}]}
    keys = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys"
    limited.cloud.call("POST", f"{keys}?keyId=one", {"restrictions": restrictions})
    return str(limited.cloud.call("GET", f"{keys}/one/keyString")["keyString"])


def test_a_limit_outlives_the_tier_that_it_was_set_on(limited: Workspace, key: str) -> None:
    override = {
        "project": PROJECT,
        "service": GEMINI,
        "metric": f"{GEMINI}%2Fgenerate_requests_per_model",
        "limit": "%2Fmin%2Fmodel%2Fproject",
        "dimensions": {"model": PRO},
        "overrideValue": "3",
        "force": True,
    }
    kind = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"
    write(limited, lasting=limits({FLASH: {RPM: 3}}), tier1=(kind, override, []))
    limited.up()
    assert allowed(limited, FLASH, key) == 3
    assert allowed(limited, PRO, key) == 3
    for tier in (2, 3):
        set_tier(limited, tier)
        assert allowed(limited, FLASH, key) == 3
        # Set on Tier 1's metric alone, it binds no more.
        assert allowed(limited, PRO, key) == 10
    assert limited.outputs()["lasting"]["effective"][FLASH][RPM] == {"free": 3, "1": 3, "2": 3, "3": 3}
    limited.destroy()
    assert allowed(limited, FLASH, key) == 10


def test_three_models_and_deny_take_six_calls_and_a_refresh_takes_one(limited: Workspace) -> None:
    write(limited, one=limits(THREE, others="deny"))
    before = limited.cloud.requests()[-1]["n"]
    limited.up()
    made = calls(limited, before)
    assert len(made) <= 6, made
    assert made.count("importConsumerOverrides") <= 2

    before = limited.cloud.requests()[-1]["n"]
    assert limited.refresh() == []
    assert calls(limited, before) == ["list"]
    before = limited.cloud.requests()[-1]["n"]
    assert limited.preview() == []
    assert calls(limited, before) == []


def test_deny_shuts_every_metric_that_counts_models_but_for_the_allowed_ones(
    limited: Workspace, key: str
) -> None:
    write(
        limited,
        one=limits({"gemini-3-pro-preview": {RPM: 4}, FLASH: {RPD: 7}, LITE: {RPM: 0}}, others="deny"),
    )
    # Google does not allow changes of quotas per user: the preview reports it, and so does the update.
    preview = limited.pulumi("preview").stdout
    assert "others: deny leaves these open, as Google allows no changes of them" in preview
    assert "of them: embed_content_free_tier_requests\n" in preview
    limited.up()
    outputs = limited.outputs()["one"]
    assert outputs["quotaModels"]["gemini-3-pro-preview"] == "gemini-3-pro"
    held, fixed = (
        overrides(limited),
        {metric for metric, _ in metrics_of_models(limited) if "embed" in metric},
    )
    shut = {(metric, window) for metric, window, model in held if not model}
    assert all(value == 0 for (_, _, model), value in held.items() if not model)
    left = {(metric, window) for metric, window in metrics_of_models(limited)} - shut
    assert {metric for metric, _ in left} == {"embed_content_free_tier_requests"}
    assert {metric for metric, _ in shut} > fixed - {metric for metric, _ in left}
    assert "predict_requests_per_model_per_day_paid_tier_1" in {metric for metric, _ in shut}
    assert len(outputs["closed"]) == len(shut)
    assert len(outputs["leftOpen"]) == len(left)
    assert limited.refresh() == []
    assert limited.preview() == []

    # An allowed model has the tier's own where it has no number: it is never under the zero for all others.
    for tier in (1, 2, 3):
        set_tier(limited, tier)
        assert allowed(limited, "gemini-3-pro-preview", key) == 4
        assert allowed(limited, FLASH, key, most=1) == 1
        assert allowed(limited, PRO, key) == 0
        assert allowed(limited, LITE, key) == 0

    # One more, and one that is no longer allowed: in place.
    write(limited, one=limits({FLASH: {RPD: 7}, PRO: {RPM: 2}}, others="deny"))
    [change] = limited.up()
    assert change.op == "update"
    assert set(change.properties) == {
        'limits["gemini-3-pro-preview"]',
        f'limits["{LITE}"]',
        f'limits["{PRO}"]',
    }
    assert allowed(limited, "gemini-3-pro-preview", key) == 0
    assert allowed(limited, PRO, key) == 2


def test_the_life_of_limits(limited: Workspace) -> None:
    write(limited, one=limits({FLASH: {RPM: 60, RPD: 9_000_000}}))
    before = limited.cloud.requests()[-1]["n"]
    limited.preview()
    assert {request["method"] for request in limited.cloud.requests(before)} <= {"GET"}
    limited.up()
    effective = limited.outputs()["one"]["effective"][FLASH]
    # More than a tier allows is no more than it allows.
    assert effective[RPD] == {"free": 20, "1": 10_000, "2": 100_000, "3": 9_000_000}
    assert limited.preview() == []
    assert limited.refresh() == []

    # One number: one import of that number alone, shown by its path.
    write(limited, one=limits({FLASH: {RPM: 50, RPD: 9_000_000}}))
    [change] = limited.preview()
    assert (change.op, change.properties) == ("update", (f'limits["{FLASH}"].{RPM}',))
    before = limited.cloud.requests()[-1]["n"]
    limited.up()
    [sent] = since(limited, before, id=IMPORT)
    assert {each["overrideValue"] for each in sent["body"]["inlineSource"]["overrides"]} <= {"50", "15"}
    assert sent["body"]["force"] is True

    # A model comes and a limit goes.
    write(limited, one=limits({FLASH: {RPM: 50, TPM: 1000}, PRO: {RPM: 1}}))
    [change] = limited.up()
    assert set(change.properties) == {
        f'limits["{FLASH}"].{RPD}',
        f'limits["{FLASH}"].{TPM}',
        f'limits["{PRO}"]',
    }
    assert state(limited)[0]["outputs"]["effective"][FLASH].keys() == {RPM, TPM}

    # Somebody raises it in the console, and somebody takes another away.
    def name(metric: str, model: str) -> str:
        listed = limited.cloud.call("GET", path(metric))["overrides"]
        [found] = [each["name"] for each in listed if each.get("dimensions", {}).get("model", "") == model]
        return f"/serviceusage/v1beta1/{found}?force=true"

    raised, removed = (f"generate_content_paid_tier_2_{what}" for what in ("requests", "input_token_count"))
    limited.cloud.call("PATCH", name(raised, FLASH), {"overrideValue": "900"})
    limited.cloud.call("DELETE", name(removed, FLASH))
    for _ in range(2):
        # Refreshed twice, it still differs from the program.
        limited.refresh()
        [change] = limited.preview()
        assert set(change.properties) == {f'limits["{FLASH}"].{RPM}', f'limits["{FLASH}"].{TPM}'}
    limited.up()
    held = overrides(limited)
    assert (held[raised, "min", FLASH], held[removed, "min", FLASH]) == (50, 1000)
    assert limited.refresh() == []

    # Imported, by the project's number too, they are these.
    number = limited.cloud.call("GET", f"/cloudresourcemanager/v1/projects/{PROJECT}")["projectNumber"]
    forget(limited)
    take_over(limited, "ProjectLimits", "one", f"projects/{number}/limits")
    assert limited.preview() == []
    limited.up()
    limited.destroy()
    assert overrides(limited) == {}


@pytest.mark.long
def test_all_others_from_numbers_to_deny_and_back(limited: Workspace, key: str) -> None:
    numbers = {RPM: 2, RPD: 100}
    write(limited, one=limits({FLASH: {RPM: 4, RPD: 200}}, others=numbers))
    limited.up()
    assert (allowed(limited, FLASH, key), allowed(limited, PRO, key)) == (4, 2)
    before = overrides(limited)
    assert {model for _, _, model in before} == {"", FLASH}
    assert limited.refresh() == []

    write(limited, one=limits({FLASH: {RPM: 4, RPD: 200}}, others="deny"))
    assert [(change.op, change.properties) for change in limited.up()] == [("update", ("others",))]
    assert (allowed(limited, FLASH, key), allowed(limited, PRO, key)) == (4, 0)
    # Imported while all others are denied, it is the same.
    forget(limited)
    take_over(limited, "ProjectLimits", "one", f"projects/{PROJECT}/limits")
    assert limited.preview() == []

    write(limited, one=limits({FLASH: {RPM: 4, RPD: 200}}, others=numbers))
    limited.up()
    assert overrides(limited) == before
    write(limited, one=limits({FLASH: {RPM: 4, RPD: 200}}))
    limited.up()
    assert {model for _, _, model in overrides(limited)} == {FLASH}
    assert allowed(limited, PRO, key) == 10


def test_what_somebody_opens_is_drift_and_shut_again(limited: Workspace, key: str) -> None:
    elsewhere = [
        {
            "metric": f"{GEMINI}/generate_requests_per_model",
            "limit": "/min/model/project",
            "model": "gemini-3-pro",
        }
    ]
    write(limited, one=limits({FLASH: {RPM: 4}}, others="deny", elsewhere=elsewhere))
    limited.up()

    def by_hand(at: str, model: str, value: int) -> None:
        body = {"overrideValue": str(value), **({"dimensions": {"model": model}} if model else {})}
        limited.cloud.call("POST", f"{at}?force=true", body)

    minute, embedding = path("generate_requests_per_model"), path("embed_content_paid_tier_2_requests")
    # What something else sets opens that model: nothing holds it beside the number set there.
    by_hand(minute, "gemini-3-pro", 3)
    assert allowed(limited, "gemini-3-pro-preview", key) == 3
    assert limited.refresh() == []
    by_hand(minute, PRO, 7)
    by_hand(embedding, "gemini-embedding-1.0", 9)
    # No higher than the others: it opens nothing.
    by_hand(minute, "gemini-3.8-flash", 0)
    before = overrides(limited)
    assert [(change.op, change.name) for change in limited.refresh()] == [("update", "one")]
    [change] = limited.preview()
    assert set(change.properties) == {f'limits["{PRO}"]', 'limits["gemini-embedding-001"]'}
    limited.up()
    gone = before.keys() - overrides(limited).keys()
    assert {model for _, _, model in gone} == {PRO, "gemini-embedding-1.0"}
    assert allowed(limited, PRO, key) == 0
    assert limited.refresh() == []

    # A door that somebody opens for all is seen too, whichever metric it is.
    [shut] = [
        each for each in limited.cloud.call("GET", embedding)["overrides"] if not each.get("dimensions")
    ]
    limited.cloud.call("DELETE", f"/serviceusage/v1beta1/{shut['name']}?force=true")
    limited.refresh()
    assert [change.properties for change in limited.preview()] == [("others",)]
    # Even deleted now, nothing of it stays.
    limited.destroy()
    assert {model for _, _, model in overrides(limited)} == {"gemini-3-pro", "gemini-3.8-flash"}


@pytest.mark.long
def test_images_speech_and_embeddings_are_limited_under_the_quotas_names(
    limited: Workspace, key: str
) -> None:
    models = {
        "gemini-2.5-flash-image": {RPM: 2},
        "gemini-2.5-flash-preview-tts": {RPM: 3},
        "gemini-embedding-001": {RPM: 5},
    }
    write(limited, one=limits(models, others="deny"))
    limited.up()
    held = overrides(limited)
    own = {
        model: {metric for metric, _, quota in held if quota == model}
        for model in ("gemini-2.5-flash-preview-image", "gemini-2.5-flash-tts", "gemini-embedding-1.0")
    }
    assert all(metrics and not any("embed" in each for each in metrics) for metrics in list(own.values())[:2])
    assert own["gemini-embedding-1.0"] == {
        "embed_content_paid_tier_requests",
        "embed_content_paid_tier_2_requests",
        "embed_content_paid_tier_3_requests",
    }
    for tier in (1, 2, 3):
        set_tier(limited, tier)
        assert allowed(limited, "gemini-2.5-flash-image", key) == 2
        assert allowed(limited, "gemini-2.5-flash-preview-tts", key) == 3
    assert limited.refresh() == []
    assert limited.preview() == []
    # Numbers for all others hold on the metrics of content alone.
    write(limited, one=limits({"gemini-embedding-001": {RPM: 5}}, others={RPM: 60, RPD: 600}))
    limited.up()
    embeds = {
        (metric, model): value
        for (metric, _, model), value in overrides(limited).items()
        if "embed" in metric
    }
    assert set(embeds.values()) == {5}
    assert {model for _, model in embeds} == {"gemini-embedding-1.0"}
    assert limited.preview() == []


def test_bad_limits_are_refused_in_the_preview(limited: Workspace) -> None:
    def refusal(**inputs: Any) -> str:
        write(limited, one=limits(**inputs))
        return output_of_failure(limited, "preview")

    everything = refusal(models={"gemini-embedding-001": {RPD: -1}}, project="X")
    for words in ('limits["gemini-embedding-001"]', "a minute alone", "must be >= 0", "property project"):
        assert words in everything
    mistyped = refusal(models={"gemini-2.5-flsh": {RPM: 1}})
    assert 'limits["gemini-2.5-flsh"]: ' in mistyped
    assert "did you mean gemini-2.5-flash?" in mistyped
    # A quota that nobody may change is refused whichever tier has it.
    ids = [
        "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3",
        "GenerateRequestsPerDayPerProjectPerModel",
    ]
    limited.cloud.call("PUT", "/_local/fixedQuotas", {"quotaIds": ids})
    fixed = refusal(models={FLASH: {RPM: 1, RPD: 1, TPM: 1}})
    assert (
        f'limits["{FLASH}"].{RPM}: Google allows no changes of this quota (tier 3): remove the limit' in fixed
    )
    assert "allows no changes of this quota (tier 1)" in fixed
    assert TPM not in fixed
    # Where it was not seen before, the update says so, and sets the others all the same.
    write(limited, one=limits({FLASH: {RPD: 1, TPM: 1000}}))
    printed = output_of_failure(limited, *UP)
    assert f"{RPD} of {FLASH} on tier 1: COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT" in printed
    assert {value for (metric, _, _), value in overrides(limited).items() if "token_count" in metric} == {
        1000
    }
    assert sum("requests" in metric for metric, _, _ in overrides(limited)) == 3


def test_calls_count_against_the_billing_project_else_the_resources_own(limited: Workspace) -> None:
    write(limited, one=limits({FLASH: {RPM: 5}}))

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
