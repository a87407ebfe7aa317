"""Who changed a resource last: every form of its name in Google's entries, and what cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from landing_zone.google.audit_log import AuditLog, Change
from landing_zone.google.config import GoogleConfig
from landing_zone.google.connection import Cause, Failure
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google, Json

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
LIMIT = (
    "projects/123/services/generativelanguage.googleapis.com/consumerQuotaMetrics/"
    "generativelanguage.googleapis.com%2Fgenerate_requests_per_model/limits/%2Fmin%2Fproject%2Fmodel"
)


def entry(method: str, resource: str, minutes: int = 0, by: str = "ann@example.com", **payload: Any) -> Json:
    """An audit entry, so many minutes after noon."""
    return {
        "timestamp": (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "protoPayload": {
            "methodName": method,
            "resourceName": resource,
            "authenticationInfo": {"principalEmail": by},
            **payload,
        },
    }


class Log:
    """A Cloud Logging that has some entries, in pages of two."""

    def __init__(self, *entries: Json, refusal: GoogleError | None = None) -> None:
        self.entries = sorted(entries, key=lambda each: str(each["timestamp"]), reverse=True)
        self.refusal = refusal
        self.asked: list[Json] = []

    def call(self, service: str, method: str, path: str, *, body: Json, **_: Any) -> Json:
        """`Google.call`, for listings of entries."""
        assert (service, method, path) == ("logging", "POST", "entries:list")
        self.asked.append(dict(body))
        if self.refusal:
            raise self.refusal
        start = int(body.get("pageToken", 0))
        rest = start + 2 < len(self.entries)
        return {
            "entries": self.entries[start : start + 2],
            **({"nextPageToken": str(start + 2)} if rest else {}),
        }


def read(log: Log, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """The audit log of a client of it."""
    google = Google(GoogleConfig(access_token="t"))
    monkeypatch.setattr(google, "call", log.call)
    return AuditLog(google, SINCE)


@pytest.mark.parametrize(
    ("entry_of_it", "name"),
    [
        (entry("UpdateProject", "projects/123"), "//cloudresourcemanager.googleapis.com/projects/chat"),
        (
            entry(
                "google.api.apikeys.v2.ApiKeys.CreateKey",
                "projects/123",
                response={"name": "projects/123/locations/global/keys/k1"},
            ),
            "projects/chat/locations/global/keys/k1",
        ),
        (
            entry("google.api.apikeys.v2.ApiKeys.DeleteKey", "projects/123/locations/global/keys/k1"),
            "https://apikeys.googleapis.com/v2/projects/chat/locations/global/keys/k1",
        ),
        (
            entry(
                "google.monitoring.v3.AlertPolicyService.UpdateAlertPolicy",
                "projects/chat/alertPolicies/7",
                request={"alertPolicy": {"name": "projects/chat/alertPolicies/7"}},
            ),
            "projects/chat/alertPolicies/7",
        ),
        (entry("DisableResourceBilling", "projects/chat"), "projects/chat/billingInfo"),
        (entry("AssignResourceToBillingAccount", "projects/123"), "projects/chat/billingInfo"),
        (entry("SetIamPolicy", "projects/chat"), "projects/123:setIamPolicy"),
        (
            entry("google.iam.admin.v1.SetIAMPolicy", "projects/-/serviceAccounts/a@b.iam"),
            "projects/chat/serviceAccounts/a@b.iam:setIamPolicy",
        ),
        (
            entry(
                "google.iam.admin.v1.SetIAMPolicy",
                "projects/-/serviceAccounts/1234",
                request={"resource": "projects/chat/serviceAccounts/a@b.iam"},
            ),
            "projects/chat/serviceAccounts/a@b.iam:setIamPolicy",
        ),
        (
            entry(
                "google.api.serviceusage.v1.ServiceUsage.BatchEnableServices",
                "projects/123",
                request={"parent": "projects/123", "serviceIds": ["x.googleapis.com", "y.googleapis.com"]},
            ),
            "projects/chat/services/y.googleapis.com",
        ),
        (
            entry(
                "google.api.serviceusage.v1beta1.ServiceUsage.CreateConsumerOverride",
                LIMIT,
                request={"parent": LIMIT},
            ),
            f"{LIMIT.replace('123', 'chat')}/consumerOverrides/Cg1",
        ),
        (
            entry(
                "google.api.serviceusage.v1beta1.ServiceUsage.DeleteConsumerOverride",
                f"{LIMIT}/consumerOverrides/Cg1",
            ),
            LIMIT,
        ),
        (
            entry(
                "google.api.serviceusage.v1beta1.ServiceUsage.ImportConsumerOverrides",
                "projects/123/services/generativelanguage.googleapis.com",
                request={
                    "parent": "projects/123/services/generativelanguage.googleapis.com",
                    "inlineSource": {
                        "overrides": [
                            {
                                "metric": "generativelanguage.googleapis.com/generate_requests_per_model",
                                "unit": "1/min/{project}/{model}",
                            }
                        ]
                    },
                },
            ),
            LIMIT,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value["protoPayload"]["methodName"],
)
def test_a_resource_is_found_by_every_name_of_it(
    entry_of_it: Json, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(Log(entry_of_it), monkeypatch).last_change("chat", [name])
    assert found == Change(NOON, "ann@example.com", entry_of_it["protoPayload"]["methodName"])


@pytest.mark.parametrize(
    ("entry_of_it", "name"),
    [
        (entry("SetIamPolicy", "projects/chat"), "projects/chat"),
        (entry("DisableResourceBilling", "projects/chat"), "projects/chat"),
        (
            entry("CreateKey", "projects/123", response={"name": "projects/123/locations/global/keys/k1"}),
            "projects/chat",
        ),
        (entry("UpdateProject", "projects/chat", status={"code": 7}), "projects/chat"),
    ],
    ids=["grants", "link", "parent", "refused"],
)
def test_what_is_no_change_of_the_resource_itself_is_not_taken_for_one(
    entry_of_it: Json, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(Log(entry_of_it), monkeypatch).last_change("chat", [name]) is None


def test_the_last_of_several_changes_counts_over_all_pages_and_each_log_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [f"projects/chat/locations/global/keys/{name}" for name in "abc"]
    log = Log(*(entry("UpdateKey", keys[n % 3], minutes=n, by=f"p{n}@example.com") for n in range(7)))
    audit = read(log, monkeypatch)
    last = [audit.last_change("chat", [key]) for key in keys]
    assert [each and each.by for each in last] == ["p6@example.com", "p4@example.com", "p5@example.com"]
    assert audit.last_change("chat", keys) == Change(
        NOON + timedelta(minutes=6), "p6@example.com", "UpdateKey"
    )
    assert len(log.asked) == 4
    assert log.asked[0]["resourceNames"] == ["projects/chat"]
    assert "2026-11-01T00:00:00" in log.asked[0]["filter"]


def test_who_acts_as_a_service_account_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    acting = entry("UpdateProject", "projects/chat", by="gemini-lz@seed.iam.gserviceaccount.com")
    acting["protoPayload"]["authenticationInfo"]["serviceAccountDelegationInfo"] = [
        {"firstPartyPrincipal": {"principalEmail": "ann@example.com"}}
    ]
    found = read(Log(acting), monkeypatch).last_change("chat", ["projects/chat"])
    assert found
    assert (found.by, found.behind) == ("gemini-lz@seed.iam.gserviceaccount.com", "ann@example.com")


def test_a_budget_is_looked_for_in_the_log_of_its_account(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = "billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets/b1"
    log = Log(entry("google.cloud.billing.budgets.v1.BudgetService.DeleteBudget", budget))
    assert read(log, monkeypatch).last_change("chat", [budget])
    assert log.asked[0]["resourceNames"] == ["billingAccounts/01A2B3-C4D5E6-F7A8B9"]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (GoogleError(403, "PERMISSION_DENIED", "denied"), "roles/logging.viewer"),
        (NoAnswerError(Failure(Cause.REFUSED, "127.0.0.1:1")), "127.0.0.1:1"),
    ],
    ids=["denied", "no answer"],
)
def test_a_log_that_cannot_be_read_is_said_and_stops_nothing(
    refusal: GoogleError, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(refusal=refusal)
    audit = read(log, monkeypatch)
    assert [audit.last_change("chat", ["projects/chat"]) for _ in range(2)] == [None, None]
    [reason] = audit.unread
    assert "the audit log of project chat" in reason
    assert words in reason
    assert len(log.asked) == 1
