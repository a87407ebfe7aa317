"""What the engine does not reach: where settings come from, how refusals are decoded, what each input may be."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landing_zone.google.config import ENDPOINTS, VARIABLES, CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from provider.package import CONFIG, schema
from provider.project_limits import ProjectLimits
from provider.spend_cap import SpendCap

TEXTS = ("impersonateServiceAccount", "billingProject", "requestReason")
FIELDS = dict(zip(TEXTS, ("impersonated", "billing_project", "request_reason"), strict=True))
WORD = st.sampled_from(["", "one", "two"])


@given(inputs=st.fixed_dictionaries({}, optional=dict.fromkeys(TEXTS, WORD)), data=st.data())
def test_an_input_beats_the_environment_and_an_empty_one_is_none(
    inputs: dict[str, str], data: st.DataObject
) -> None:
    environment = {VARIABLES[name][0]: data.draw(WORD) for name in TEXTS}
    config = GoogleConfig.read(inputs, environment)
    for name, field in FIELDS.items():
        assert getattr(config, field) == (inputs.get(name) or environment[VARIABLES[name][0]] or None)


@pytest.mark.parametrize(
    ("inputs", "environment", "token", "credentials"),
    [
        ({}, {"GOOGLE_OAUTH_ACCESS_TOKEN": "t", "GOOGLE_CREDENTIALS": "c"}, "t", "c"),
        ({}, {"GCLOUD_KEYFILE_JSON": "old", "GOOGLE_CLOUD_KEYFILE_JSON": "newer"}, None, "newer"),
        # Given credentials are not set aside by a token of the environment, nor the other way round.
        ({"credentials": "mine"}, {"GOOGLE_OAUTH_ACCESS_TOKEN": "t"}, None, "mine"),
        ({"accessToken": "mine"}, {"GOOGLE_CREDENTIALS": "c"}, "mine", None),
    ],
)
def test_credentials_come_from_one_place(
    inputs: dict[str, str], environment: dict[str, str], token: str | None, credentials: str | None
) -> None:
    config = GoogleConfig.read(inputs, environment)
    assert (config.access_token, config.credentials) == (token, credentials)
    assert not any(secret in repr(config) for secret in ("'t'", "'c'", "mine", "newer"))


FLASH = "gemini-2.5-flash"
AT = f'limits["{FLASH}"]'


def test_the_first_endpoint_that_is_set_counts_with_one_slash_at_its_end() -> None:
    inputs = {"billingCustomEndpoint": "http://in/b", "cloudQuotasCustomEndpoint": ""}
    environment = {
        "GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT": "http://env/b/",
        "GOOGLE_CLOUD_QUOTAS_CUSTOM_ENDPOINT": "http://env/q//",
    }
    config = GoogleConfig.read(inputs, environment)
    assert config.address("billingbudgets") == "http://in/b/"
    assert config.address("cloudquotas") == "http://env/q/"
    assert config.address("serviceusage") == "https://serviceusage.googleapis.com/v1beta1/"
    # Every input that is read is in the schema, or the engine would not pass it on.
    named = {name for endpoint in ENDPOINTS.values() for name in endpoint.inputs}
    assert set(CONFIG) == named | set(VARIABLES) == set(schema()["provider"]["inputProperties"])


@pytest.mark.parametrize("text", ["true", "True", "1", True])
def test_calls_count_against_the_billing_project_only_if_asked_to(text: Any) -> None:
    config = GoogleConfig.read({"billingProject": "quota", "userProjectOverride": text}, {})
    assert config.user_project("own") == "quota"
    assert GoogleConfig.read({"userProjectOverride": text}, {}).user_project("own") == "own"
    assert GoogleConfig.read({"billingProject": "quota"}, {}).user_project("own") is None
    off = {"billingProject": "quota", "userProjectOverride": False}
    assert GoogleConfig.read(off, {"USER_PROJECT_OVERRIDE": "true"}).user_project("own") is None


# google-auth would have the kind of credential known beforehand; the `gcp` provider takes any.
@pytest.mark.filterwarnings("ignore:The load_credentials_from_dict method:DeprecationWarning")
def test_credentials_are_text_or_a_file_and_their_own_quota_project_does_not_count(tmp_path: Path) -> None:
    user = {
        "type": "authorized_user",
        "client_id": "i",
        "client_secret": "hush",
        "refresh_token": "r",
        "quota_project_id": "their-own",
    }
    file = tmp_path / "user.json"
    file.write_text(json.dumps(user))
    for inputs, environment in (
        ({}, {"GOOGLE_CREDENTIALS": str(file)}),
        ({"credentials": json.dumps(user)}, {}),
    ):
        opened = GoogleConfig.read(inputs, environment).open_credentials()
        assert getattr(opened, "quota_project_id", None) == "their-own"
        opened = GoogleConfig.read({**inputs, "userProjectOverride": True}, environment).open_credentials()
        assert getattr(opened, "quota_project_id", None) is None
    file.write_text("ya29.token\n")
    named = GoogleConfig.read({}, {"GOOGLE_OAUTH_ACCESS_TOKEN": str(file)})
    assert named.open_credentials().token == "ya29.token"
    for bad in (str(tmp_path / "none.json"), '{"private_key": "hush"', '{"private_key": "hush"}'):
        with pytest.raises(CredentialsError, match="gcloud auth application-default login") as told:
            GoogleConfig.read({"credentials": bad}, {}).open_credentials()
        assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("code", "message", "details", "line", "remedy"),
    [
        (
            400,
            "Precondition check failed.",
            [{"violations": [{"subject": "billingAccounts/X", "description": "Cloud billing quota exceeded: u"}]}],
            "400 S: Precondition check failed; billingAccounts/X: Cloud billing quota exceeded: u",
            "maximum of linked projects",
        ),
        (
            403,
            "Permission denied.",
            [{"reason": "SERVICE_DISABLED"}],
            "403 S: Permission denied; SERVICE_DISABLED",
            "the API is not enabled in the project whose quota the call counts against",
        ),
        (
            400,
            "Request contains an invalid argument.",
            [{"fieldViolations": [{"field": "budget.amount", "description": "currency_code must be USD."}]}],
            "400 S: Request contains an invalid argument; budget.amount: currency_code must be USD.",
            "write that one",
        ),
        (403, "Caller lacks it.", [{"reason": "USER_PROJECT_DENIED"}], "403 S", "gcp:billingProject"),
        (400, "The limit is fixed. COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT", [], "400 S", "allows no changes"),
        (418, "Something new.", [], "418 S: Something new", ""),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_and_a_remedy(
    code: int, message: str, details: list[dict[str, Any]], line: str, remedy: str
) -> None:
    body = {"error": {"code": code, "status": "S", "message": message, "details": details}}
    error = GoogleError.from_body(code, json.dumps(body))
    assert error.text.startswith(line)
    assert remedy in error.remedy
    assert bool(remedy) == bool(error.remedy)


def test_what_is_not_googles_json_is_told_in_short() -> None:
    page = "<!DOCTYPE html><html>\n<title>Error 502</title>\n<p>That's an error." + "x" * 500
    assert GoogleError.from_body(502, page).text.startswith("502: Error 502 That's an error")
    assert len(GoogleError.from_body(502, page).text) < 250
    # An operation tells its error by the number of google.rpc.Code.
    error = GoogleError.from_status({"code": 7, "message": "No."})
    assert (error.code, error.text) == (403, "403 PERMISSION_DENIED: No")


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", ""),
        ("0.000000001", ""),
        ("999999999999.99", ""),
        ("-5", "must be >= 0"),
        ("NaN", "must be >= 0"),
        ("1e12", "below 1000000000000"),
        ("12 USD", "write a decimal such as 1200.50"),
        ("1.0000000001", "more than 9 decimals"),
    ],
)
def test_an_amount_is_a_decimal_that_google_can_hold(amount: str, words: str) -> None:
    inputs = {"billingAccount": "01A2B3-C4D5E6-F7A8B9", "project": "acme-chat", "amount": amount}
    found = {failure.property: failure.reason for failure in SpendCap().failures(inputs)}
    assert found.keys() == ({"amount"} if words else set())
    assert words in found.get("amount", "")


@pytest.mark.parametrize(
    ("inputs", "prop", "words"),
    [
        ({}, "limits", "name a model, or write others"),
        ({"limits": {FLASH: {}}}, AT, "is empty"),
        ({"limits": {FLASH: 5}}, AT, "not a mapping"),
        ({"limits": {FLASH: {"requestsPerMinute": 1.5}}}, f"{AT}.requestsPerMinute", "not a whole number"),
        ({"limits": {FLASH: {"requestsPerMinute": True}}}, f"{AT}.requestsPerMinute", "not a whole number"),
        ({"limits": {FLASH: {"requestsPerMinute": 10**19}}}, f"{AT}.requestsPerMinute", "larger than Google can store"),
        ({"limits": {FLASH: {"requestsPerHour": 1}}}, f"{AT}.requestsPerHour", "unknown limit"),
        ({"limits": {"": {"requestsPerDay": 1}}}, "limits", "name is empty"),
        ({"limits": {"others": {"requestsPerDay": 1}}}, 'limits["others"]', "beside limits"),
        ({"limits": {"gemini-3-pro-preview": {"requestsPerDay": 1}, "gemini-3-pro": {"requestsPerDay": 1}}},
         'limits["gemini-3-pro"]', "shares its quota with gemini-3-pro-preview"),
        ({"limits": {FLASH: {"requestsPerDay": 1}}, "others": {"requestsPerMinute": 2}}, AT, "of others would hold"),
        ({"others": "forbid"}, "others", "write deny"),
        ({"others": "deny", "elsewhere": [{"metric": "m"}]}, "elsewhere[0]", "metric, limit and model"),
        ({"others": "deny", "elsewhere": ["m"]}, "elsewhere", "not a list of mappings"),
        ({"others": "deny", "effective": {}}, "effective", "unknown property"),
        ({"others": "deny", "project": "projects/acme-chat"}, "project", "without projects/ before it"),
    ],
)  # fmt: skip
def test_a_limit_is_checked_by_property(inputs: dict[str, Any], prop: str, words: str) -> None:
    [failure] = ProjectLimits().failures({"project": "acme-chat", **inputs})
    assert (failure.property, words in failure.reason) == (prop, True)
