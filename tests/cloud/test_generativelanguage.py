"""The Gemini API itself: who may call it, and which limits bind the call."""

from typing import Any
from urllib.parse import quote

import pytest
from google.ai import generativelanguage_v1beta
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import TooManyRequests

from tests.cloud.local_cloud import ACCOUNT, LocalCloud

GEMINI = "generativelanguage.googleapis.com"
PROMPT = {"contents": [{"parts": [{"text": "How many words are in this sentence?"}]}]}
FLASH, PRO = "gemini-2.5-flash", "gemini-2.5-pro"
#: One that no other answers for, whatever the day.
LITE = "gemini-2.5-flash-lite"
TO_GEMINI = {"apiTargets": [{"service": GEMINI}]}


def finished(cloud: LocalCloud, service: str, operation: dict[str, Any]) -> dict[str, Any]:
    while not operation.get("done"):
        operation = cloud.call(
            service, "GET", f"v1/{operation['name']}".replace("v1/operations/akmf", "v2/operations/akmf")
        )
    return operation


def made_project(cloud: LocalCloud, project_id: str, *, account: str = "") -> str:
    """A new project with the APIs of keys and of Gemini; returns its number."""
    number = cloud.create_project(project_id, account=account)
    body = {"serviceIds": ["apikeys.googleapis.com", GEMINI]}
    finished(
        cloud,
        "serviceusage",
        cloud.call("serviceusage", "POST", f"v1/projects/{number}/services:batchEnable", body),
    )
    return number


def made_key(cloud: LocalCloud, project: str, restrictions: dict[str, Any] | None) -> str:
    """A new key's string."""
    body = {"restrictions": restrictions} if restrictions else {}
    keys = f"v2/projects/{project}/locations/global/keys"
    name = finished(cloud, "apikeys", cloud.call("apikeys", "POST", keys, body))["response"]["name"]
    return str(cloud.call("apikeys", "GET", f"v2/{name}/keyString")["keyString"])


def limit_to(
    cloud: LocalCloud,
    project: str,
    metric: str,
    value: int,
    model: str = "",
    limit: str = "/min/model/project",
) -> None:
    """Set an override."""
    path = (
        f"v1beta1/projects/{project}/services/{GEMINI}/consumerQuotaMetrics/{quote(f'{GEMINI}/{metric}', safe='')}"
        f"/limits/{quote(limit, safe='')}/consumerOverrides"
    )
    body = {"overrideValue": str(value), **({"dimensions": {"model": model}} if model else {})}
    finished(cloud, "serviceusage", cloud.call("serviceusage", "POST", path, body, force="true"))


def ask(
    cloud: LocalCloud, key: str, model: str = FLASH, *, status: int = 200, body: Any = None
) -> dict[str, Any]:
    """Ask a model; the answer, or the error."""
    path = f"v1beta/models/{model}:generateContent"
    answer = cloud.call("generativelanguage", "POST", path, body or PROMPT, status=status, key=key)
    return answer if status == 200 else dict(answer["error"])


def detail(error: dict[str, Any], kind: str) -> dict[str, Any]:
    """The error's detail of a kind."""
    return next(found for found in error["details"] if found["@type"].endswith(f".{kind}"))


def violations(error: dict[str, Any]) -> list[dict[str, Any]]:
    """Which quotas a refusal names."""
    assert error["status"] == "RESOURCE_EXHAUSTED"
    found: list[dict[str, Any]] = detail(error, "QuotaFailure")["violations"]
    return found


@pytest.fixture(scope="module")
def paid(cloud: LocalCloud) -> tuple[str, str]:
    """A paid project, and a key of it."""
    made_project(cloud, "gemini-paid", account=ACCOUNT)
    return "gemini-paid", made_key(cloud, "gemini-paid", TO_GEMINI)


def test_a_model_is_listed_and_answers_with_what_it_counted(cloud: LocalCloud, paid: tuple[str, str]) -> None:
    _, key = paid
    listed = cloud.call("generativelanguage", "GET", "v1beta/models", key=key, pageSize=5)
    assert len(listed["models"]) == 5
    assert listed["nextPageToken"]
    shown = cloud.call("generativelanguage", "GET", f"v1/models/{PRO}", key=key)
    assert "generateContent" in shown["supportedGenerationMethods"]
    usage = ask(cloud, key)["usageMetadata"]
    assert usage["promptTokenCount"] == 9
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]
    counted = cloud.call("generativelanguage", "POST", f"v1beta/models/{PRO}:countTokens", PROMPT, key=key)
    assert counted["totalTokens"] == 9
    assert "is not found for API version v1beta" in ask(cloud, key, "gemini-0-none", status=404)["message"]
    assert "contents is not specified" in ask(cloud, key, status=400, body={"contents": []})["message"]


def test_a_request_gets_as_many_candidates_as_its_model_gives(
    cloud: LocalCloud, paid: tuple[str, str]
) -> None:
    def answer(model: str, count: int, status: int = 200) -> dict[str, Any]:
        body = {**PROMPT, "generationConfig": {"candidateCount": count}}
        return ask(cloud, paid[1], model, body=body, status=status)

    single, eight = answer(LITE, 1), answer(LITE, 8)
    assert [each["index"] for each in eight["candidates"]] == list(range(8))
    # Each is charged; the prompt is read once.
    one, all_of_them = single["usageMetadata"], eight["usageMetadata"]
    assert all_of_them["candidatesTokenCount"] == 8 * one["candidatesTokenCount"]
    assert all_of_them["promptTokenCount"] == one["promptTokenCount"]
    assert "candidate_count" in answer(LITE, 9, 400)["message"]
    for model in ("gemini-3.5-flash", "gemini-3.1-pro-preview", "gemini-2.5-flash-image"):
        error = answer(model, 2, 400)
        assert (error["status"], error["message"]) == (
            "INVALID_ARGUMENT",
            "Multiple candidates is not enabled for this model",
        )
        assert len(answer(model, 1)["candidates"]) == 1


@pytest.mark.parametrize(
    ("restrictions", "reason"),
    [
        ({"apiTargets": [{"service": "pubsub.googleapis.com"}]}, "API_KEY_SERVICE_BLOCKED"),
        # Google's Gemini API takes no key that opens everything.
        (None, "API_KEY_SERVICE_BLOCKED"),
        ({"apiTargets": [{"service": GEMINI, "methods": ["ListModels"]}]}, "API_KEY_SERVICE_BLOCKED"),
        (
            {**TO_GEMINI, "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]}},
            "API_KEY_IP_ADDRESS_BLOCKED",
        ),
        (
            {**TO_GEMINI, "browserKeyRestrictions": {"allowedReferrers": ["example.com/*"]}},
            "API_KEY_HTTP_REFERRER_BLOCKED",
        ),
    ],
)
def test_a_key_opens_only_what_it_is_for(
    cloud: LocalCloud, paid: tuple[str, str], restrictions: dict[str, Any] | None, reason: str
) -> None:
    error = ask(cloud, made_key(cloud, paid[0], restrictions), status=403)
    assert detail(error, "ErrorInfo")["reason"] == reason


def test_a_restricted_key_serves_the_clients_that_it_names(cloud: LocalCloud, paid: tuple[str, str]) -> None:
    server = {**TO_GEMINI, "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]}}
    browser = {**TO_GEMINI, "browserKeyRestrictions": {"allowedReferrers": ["*.example.com/*"]}}
    for restrictions, headers in (
        (server, {"X-Forwarded-For": "203.0.113.9"}),
        (browser, {"Referer": "https://chat.example.com/room"}),
    ):
        headers["X-Goog-Api-Key"] = made_key(cloud, paid[0], restrictions)
        path = f"v1beta/models/{FLASH}:generateContent"
        assert (
            cloud.request("generativelanguage", "POST", path, json=PROMPT, headers=headers).status_code == 200
        )


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        (
            "POST",
            "v1beta/cachedContents",
            "google.ai.generativelanguage.v1beta.CacheService.CreateCachedContent",
        ),
        ("GET", "v1/cachedContents", "google.ai.generativelanguage.v1.CacheService.ListCachedContents"),
        (
            "POST",
            f"v1beta/models/{LITE}:batchGenerateContent",
            "google.ai.generativelanguage.v1beta.BatchService.BatchGenerateContent",
        ),
        ("GET", "v1beta/batches/1", "google.longrunning.Operations.GetOperation"),
        (
            "POST",
            "v1beta/models/gemini-embedding-2:embedContent",
            "google.ai.generativelanguage.v1beta.GenerativeService.EmbedContent",
        ),
        (
            "POST",
            f"v1/models/{LITE}:streamGenerateContent",
            "google.ai.generativelanguage.v1.GenerativeService.StreamGenerateContent",
        ),
    ],
)
def test_a_key_that_is_narrowed_to_one_method_is_refused_at_others_by_their_name(
    cloud: LocalCloud, narrow: str, method: str, path: str, name: str
) -> None:
    body: Any = {} if method == "POST" else None
    refused = cloud.call("generativelanguage", method, path, body, status=403, key=narrow)["error"]
    assert detail(refused, "ErrorInfo")["metadata"]["methodName"] == name


@pytest.fixture(scope="module")
def narrow(cloud: LocalCloud, paid: tuple[str, str]) -> str:
    """A key of the paid project that opens one method."""
    only = ["google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent"]
    return made_key(cloud, paid[0], {"apiTargets": [{"service": GEMINI, "methods": only}]})


def test_a_caller_without_a_project_of_its_own_is_refused(cloud: LocalCloud) -> None:
    unknown = ask(cloud, "AIzaSyNot-a-key", status=400)
    assert detail(unknown, "ErrorInfo")["reason"] == "API_KEY_INVALID"
    assert "unregistered callers" in ask(cloud, "", status=403)["message"]
    bearer = {"Authorization": "Bearer of-a-person"}
    path = f"v1beta/models/{FLASH}:generateContent"
    nameless = cloud.request("generativelanguage", "POST", path, json=PROMPT, headers=bearer)
    assert "requires a quota project" in nameless.json()["error"]["message"]
    made_project(cloud, "gemini-quota-project")
    named = {**bearer, "X-Goog-User-Project": "gemini-quota-project"}
    assert cloud.request("generativelanguage", "POST", path, json=PROMPT, headers=named).status_code == 200


def test_an_api_that_is_not_enabled_serves_no_key(cloud: LocalCloud) -> None:
    number = made_project(cloud, "gemini-off")
    key = made_key(cloud, "gemini-off", TO_GEMINI)
    path = f"v1/projects/gemini-off/services/{GEMINI}:disable"
    cloud.call("serviceusage", "POST", path, {"checkIfServiceHasUsage": "SKIP"})
    error = ask(cloud, key, status=403)
    info = detail(error, "ErrorInfo")
    assert (info["reason"], info["metadata"]["consumer"]) == ("SERVICE_DISABLED", f"projects/{number}")
    assert f"/apis/api/{GEMINI}/overview?project={number}" in detail(error, "Help")["links"][0]["url"]


def test_the_free_tier_has_its_own_limits_and_a_minute_passes(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-free")
    key = made_key(cloud, "gemini-free", TO_GEMINI)
    for _ in range(5):
        ask(cloud, key)
    error = ask(cloud, key, status=429)
    assert violations(error) == [
        {
            "quotaMetric": f"{GEMINI}/generate_content_free_tier_requests",
            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
            "quotaDimensions": {"location": "global", "model": FLASH},
            "quotaValue": "5",
        }
    ]
    assert detail(error, "RetryInfo")["retryDelay"].endswith("s")
    assert "limit: 5, model: gemini-2.5-flash" in error["message"]
    # Another model has a bucket of its own, under the quota's name for it.
    limit_to(cloud, "gemini-free", "generate_content_free_tier_requests", 0, "gemini-3-pro")
    ask(cloud, key, "gemini-2.5-flash-lite")
    [refused] = violations(ask(cloud, key, "gemini-3-pro-preview", status=429))
    assert refused["quotaDimensions"]["model"] == "gemini-3-pro"
    cloud.local("PUT", "clock", {"seconds": 61})
    ask(cloud, key)
    cloud.local("PUT", "clock", {"seconds": 0})


def test_a_limit_on_one_tiers_metrics_ends_with_the_tier(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-rising", account=ACCOUNT)
    key = made_key(cloud, "gemini-rising", TO_GEMINI)
    limit_to(cloud, "gemini-rising", "generate_requests_per_model", 1, FLASH)
    for metric in (
        "generate_requests_per_model",
        "generate_content_paid_tier_2_requests",
        "generate_content_paid_tier_3_requests",
    ):
        limit_to(cloud, "gemini-rising", metric, 1, PRO)
    for model in (FLASH, PRO):
        ask(cloud, key, model)
        ask(cloud, key, model, status=429)
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": 2})
    ask(cloud, key, FLASH)
    [held] = violations(ask(cloud, key, PRO, status=429))
    assert held["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel-PaidTier2"
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": 1})


def test_a_zero_for_all_leaves_the_model_with_an_override_of_its_own(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-one-model", account=ACCOUNT)
    key = made_key(cloud, "gemini-one-model", TO_GEMINI)
    limit_to(cloud, "gemini-one-model", "generate_requests_per_model", 100, FLASH)
    limit_to(cloud, "gemini-one-model", "generate_requests_per_model", 0)
    ask(cloud, key, FLASH)
    [refused] = violations(ask(cloud, key, PRO, status=429))
    # A limit of 0 is left out, as Google's JSON leaves out every zero.
    assert "quotaValue" not in refused


def test_input_tokens_and_days_are_counted_too(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-tokens", account=ACCOUNT)
    key = made_key(cloud, "gemini-tokens", TO_GEMINI)
    limit_to(cloud, "gemini-tokens", "generate_content_paid_tier_input_token_count", 12, FLASH)
    limit_to(cloud, "gemini-tokens", "generate_requests_per_model_per_day", 1, PRO, "/d/model/project")
    ask(cloud, key, FLASH)
    [refused] = violations(ask(cloud, key, FLASH, status=429))
    assert refused["quotaId"] == "GenerateContentPaidTierInputTokensPerModelPerMinute"
    ask(cloud, key, PRO)
    cloud.local("PUT", "clock", {"seconds": 61})
    [refused] = violations(ask(cloud, key, PRO, status=429))
    assert refused["quotaId"] == "GenerateRequestsPerDayPerProjectPerModel"
    cloud.local("PUT", "clock", {"seconds": 86_400})
    ask(cloud, key, PRO)
    cloud.local("PUT", "clock", {"seconds": 0})


def test_googles_client_reads_answers_and_refusals(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-client", account=ACCOUNT)
    key = made_key(cloud, "gemini-client", TO_GEMINI)
    client = generativelanguage_v1beta.GenerativeServiceClient(
        transport="rest",
        client_options=ClientOptions(api_key=key, api_endpoint=cloud.url("generativelanguage")),
    )
    request = {"model": f"models/{FLASH}", **PROMPT}
    answer = client.generate_content(request)
    assert answer.usage_metadata.prompt_token_count == 9
    limit_to(cloud, "gemini-client", "generate_requests_per_model", 0)
    with pytest.raises(TooManyRequests):
        client.generate_content(request)
