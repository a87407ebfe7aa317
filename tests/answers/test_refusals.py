"""Advice is chosen by what an error is: its status, reasons, violations and who refuses; never by words in an address."""

import json
from typing import Any

import pytest

from landing_zone.google.connection import Cause
from landing_zone.google.errors import GoogleError, NoAnswerError, error_in

BUDGETS = "https://billingbudgets.example.com/v1/billingAccounts/X/budgets?constraints/notification_channels=pubsub_topic"
INFO = {"@type": "type.googleapis.com/google.rpc.ErrorInfo"}


def refusal(code: int, status: str, message: str, *details: dict[str, Any], service: str = "") -> GoogleError:
    body = {"error": {"code": code, "status": status, "message": message, "details": list(details)}}
    error = GoogleError.from_body(code, json.dumps(body))
    error.service = service
    return error


# Words of one piece of advice in the address, the message or the name of what another is about.
@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (refusal(404, "NOT_FOUND", f"{BUDGETS} was not found."), "it does not exist"),
        (refusal(503, "UNAVAILABLE", f"Cannot reach {BUDGETS}"), "server failed"),
        (
            refusal(
                403,
                "PERMISSION_DENIED",
                "Permission 'orgpolicy.policies.create' denied on resource '//orgpolicy.googleapis.com/projects/p'.",
                {
                    **INFO,
                    "reason": "IAM_PERMISSION_DENIED",
                    "metadata": {"permission": "orgpolicy.policies.create"},
                },
            ),
            "lists the roles; it takes orgpolicy.policies.create",
        ),
        (
            refusal(404, "NOT_FOUND", "customConstraints/custom.x is not there.", service="orgpolicy"),
            "it does not exist",
        ),
        (
            refusal(400, "INVALID_ARGUMENT", "notification_channels: no such channel", service="monitoring"),
            "",
        ),
        (
            refusal(
                400,
                "INVALID_ARGUMENT",
                "Bad.",
                {
                    "fieldViolations": [
                        {"field": "budget.notifications_rule.monitoring_notification_channels"}
                    ]
                },
                service="billingbudgets",
            ),
            "at most 5 channels",
        ),
        (
            refusal(
                400,
                "FAILED_PRECONDITION",
                "Operation denied by org policy on resource.",
                {"violations": [{"type": "constraints/gcp.restrictServiceUsage", "subject": "projects/p"}]},
            ),
            "an organization policy forbids it",
        ),
        (
            refusal(
                403,
                "PERMISSION_DENIED",
                "The API requires a quota project, which is not set by default.",
                {**INFO, "reason": "SERVICE_DISABLED", "domain": "googleapis.com"},
            ),
            "gcp:userProjectOverride",
        ),
        (
            refusal(
                400,
                "FAILED_PRECONDITION",
                "No.",
                {**INFO, "reason": "NEW_REASON", "domain": "serviceusage.googleapis.com/billing-enabled"},
            ),
            "the API needs billing",
        ),
        (refusal(409, "ABORTED", "The etag does not match."), "something else changed it"),
        (refusal(409, "ALREADY_EXISTS", "Requested entity already exists"), "choose another name"),
        (GoogleError.from_body(403, "<html>Blocked by your network</html>"), "not from a Google API"),
        (GoogleError.from_body(502, "<html>Error 502 (Server Error)!!1</html>"), "server failed"),
    ],
)
def test_advice_is_about_the_error(error: GoogleError, remedy: str) -> None:
    assert remedy in error.remedy
    assert bool(remedy) == bool(error.remedy)


DETAILS = """\
googleapi: Error 403: The caller does not have permission
Details:
[
  {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "metadata": {
      "permission": "apikeys.keys.create"
    },
    "reason": "IAM_PERMISSION_DENIED"
  }
]
"""


@pytest.mark.parametrize(
    ("text", "code", "reason", "remedy"),
    [
        (f"1 error occurred:\n\t* Error creating Key: {DETAILS}\n\n", 403, "IAM_PERMISSION_DENIED", "apikeys.keys.create"),
        (f"{DETAILS}, forbidden", 403, "forbidden", "apikeys.keys.create"),
        ("googleapi: Error 403: X has not been used in project 1 before, accessNotConfigured", 403, "accessNotConfigured", "not enabled"),
        ("googleapi: Error 400: Precondition check failed., failedPrecondition", 400, "failedPrecondition", "maximum of linked projects"),
        ("googleapi: Error 412: Wrong.\nMore details:\nReason: conditionNotMet, Message: Wrong.\n", 412, "conditionNotMet", "something else changed it"),
        ('googleapi: got HTTP response code 407 with body: <html>"x"</html>', 407, "", "the proxy requires a login"),
        ("Error waiting for Creating Key: Error code 8, message: Quota", 429, "", "too many calls a minute"),
        ("rpc error: code = PermissionDenied desc = no", 403, "", "lists the roles"),
        ('failed pre-requisites: missing permission on "billingAccounts/0": billing.resourceAssociations.create', 403, "IAM_PERMISSION_DENIED", "it takes billing.resourceAssociations.create"),
    ],
)  # fmt: skip
def test_what_a_plugin_prints_is_taken_apart(text: str, code: int, reason: str, remedy: str) -> None:
    error = error_in(text)
    assert error is not None
    assert error.code == code
    assert not reason or error.has_reason(reason)
    error.service = "cloudresourcemanager"
    assert remedy in error.remedy


RATE = """\
1 error occurred:
\t* Error when reading or editing Project Service p/b: googleapi: Error 429: Quota exceeded for quota metric 'Reads' and \
limit 'Reads per WINDOW' of service 'cloudresourcemanager.googleapis.com' for consumer 'project_number:1'.
Details:
[
  {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "domain": "googleapis.com",
    "metadata": {
      "consumer": "projects/1",
      "quota_limit": "ReadsPerLIMITPerProject",
      "quota_limit_value": "2400",
      "quota_metric": "cloudresourcemanager.googleapis.com/reads"
    },
    "reason": "RATE_LIMIT_EXCEEDED"
  }MORE
]
, rateLimitExceeded

"""
MINUTE = RATE.replace("WINDOW", "minute").replace("LIMIT", "Minute", 1)
DAY = RATE.replace("WINDOW", "day").replace("LIMIT", "Day", 1)
WAIT = ',\n  {\n    "@type": "type.googleapis.com/google.rpc.RetryInfo",\n    "retryDelay": "12.5s"\n  }'
JSON_429 = '{"error": {"code": 429, "message": "Slow.", "details": [{"retryDelay": "3s"}]}}'


@pytest.mark.parametrize(
    ("text", "is_rate", "is_daily", "delay"),
    [
        (MINUTE.replace("MORE", WAIT), True, False, 12.5),
        (MINUTE.replace("MORE", ""), True, False, None),
        (DAY.replace("MORE", WAIT), False, True, 12.5),
        # Cut off, or quoted once more, it is no JSON.
        (MINUTE.replace("MORE", WAIT).partition('s"\n  }\n]')[0] + 's"', True, False, 12.5),
        (MINUTE.replace("MORE", WAIT).replace('"', '\\"'), True, False, 12.5),
        (f"googleapi: got HTTP response code 429 with body: {JSON_429}\n", True, False, 3),
        ("googleapi: Error 403: Daily Limit Exceeded., dailyLimitExceeded", False, True, None),
        ("googleapi: Error 429: You have exceeded your allotted project quota., rateLimitExceeded", False, False, None),
        ("Error waiting for Creating Key: Error code 8, message: Quota exceeded for 'Writes per day'", False, True, None),
        ("rpc error: code = ResourceExhausted desc = Quota exceeded for 'Writes per minute'", True, False, None),
        (f"{DETAILS}, forbidden", False, False, None),
        (f'Post "http://{"127.0.0.1:1"}/": EOF', False, False, None),
    ],
)  # fmt: skip
def test_a_plugins_refusal_for_a_quota_says_when_to_try_again(
    text: str, is_rate: bool, is_daily: bool, delay: float | None
) -> None:
    error = error_in(text)
    assert error is not None
    assert (error.is_rate_limit, error.is_daily_quota, error.retry_delay_s) == (is_rate, is_daily, delay)


@pytest.mark.parametrize(
    "text", ["expected deletion_policy to be one of [...]", "a budget on tcp: 3 channels", ""]
)
def test_what_is_none_of_googles_errors_gets_no_advice(text: str) -> None:
    assert error_in(text) is None


AT = "127.0.0.1:38641"
AWAY = "cloudbilling.googleapis.com:443"
#: What Go 1.25's net/http gives, recorded with calls of an HTTP client to servers that fail so.
GO = [
    (f'Post "http://{AT}/v1/x?alt=json": dial tcp {AT}: connect: connection refused', Cause.REFUSED, AT),
    (f'Get "http://{AT}/v1/x": read tcp 127.0.0.1:5->{AT}: read: connection reset by peer', Cause.RESET, AT),
    (f'Get "http://{AT}/v1/x": EOF', Cause.RESET, AT),
    (f'Get "http://{AT}/v1/x": context deadline exceeded', Cause.NO_ANSWER, AT),
    (f'Get "http://{AT}/v1/x": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', Cause.NO_ANSWER, AT),
    (f'Get "http://{AT}/v1/x": net/http: timeout awaiting response headers', Cause.NO_ANSWER, AT),
    (f'Get "https://{AT}/v1/x": net/http: TLS handshake timeout', Cause.NO_ANSWER, AT),
    (f'Get "https://{AT}/v1/x": http: server gave HTTP response to HTTPS client', Cause.PLAIN_HTTP, AT),
    (f'Get "https://{AT}/v1/x": tls: failed to verify certificate: x509: certificate signed by unknown authority', Cause.TLS, AT),
    ('Get "https://no-such-name.invalid/v1/x": dial tcp: lookup no-such-name.invalid on 10.255.255.53:53: no such host', Cause.NAME, "no-such-name.invalid:443"),
    (f'Get "https://{AWAY[:-4]}/v1/x": proxyconnect tcp: dial tcp {AT}: connect: connection refused', Cause.PROXY, AT),
    (f'Get "https://{AWAY[:-4]}/v1/x": Proxy Authentication Required', Cause.PROXY, ""),
    (f'Get "https://{AWAY[:-4]}/v1/x": Forbidden', Cause.PROXY, ""),
    (f'Get "http://{AT}/v1/x": dial tcp {AT}: i/o timeout', Cause.CONNECT_TIMEOUT, AT),
    ('Get "ftp://127.0.0.1/v1/x": unsupported protocol scheme "ftp"', Cause.ADDRESS, "127.0.0.1:443"),
    ('Get "http://255.255.255.255:80/v1/x": dial tcp 255.255.255.255:80: connect: network is unreachable', Cause.UNREACHABLE, "255.255.255.255:80"),
    (f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {AT}: connect: connection refused"', Cause.REFUSED, AT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cause", "where"), GO, ids=[f"{row[1].name}-{n}" for n, row in enumerate(GO)]
)
def test_a_plugins_failed_connection_has_its_own_sentence(text: str, cause: Cause, where: str) -> None:
    error = error_in(f"1 error occurred:\n\t* Error reading Project: {text}\n\n")
    assert isinstance(error, NoAnswerError)
    assert (error.failure.cause, error.failure.where) == (cause, where)
    assert where in str(error) or cause is Cause.ADDRESS
    # The words of the address and of Go are gone.
    assert "/v1/x" not in str(error) or cause is Cause.ADDRESS
    assert error.remedy
