"""What Google's front end does with a request before a service sees it."""

import json
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.cloud.core.discovery import methods
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.messages import Message
from sandbox.cloud.core.routing import Router
from sandbox.cloud.core.validation import Violations, parse_message
from sandbox.cloud.services import SERVICES
from tests.cloud.local_cloud import ACCOUNT, TOKEN, LocalCloud

BUDGETS = f"v1/billingAccounts/{ACCOUNT}/budgets"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def _refusal(*violations: dict[str, str]) -> dict[str, Any]:
    return {
        "error": {
            "code": 400,
            "message": "\n".join(violation["description"] for violation in violations),
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": BAD_REQUEST, "fieldViolations": list(violations)}],
        }
    }


def _invalid(field: str, rest: str) -> dict[str, str]:
    return {"field": field, "description": f"Invalid value at '{field}' {rest}"}


def _unknown(field: str, name: str, why: str = "Cannot find field.") -> dict[str, str]:
    return {
        "field": field,
        "description": f"Invalid JSON payload received. Unknown name \"{name}\" at '{field}': {why}",
    }


@pytest.mark.parametrize(
    ("body", "violation"),
    [
        ({"foo": 1}, _unknown("budget", "foo")),
        ({"amount": {"foo": 1}}, _unknown("budget.amount", "foo")),
        ({"thresholdRules": [{}, {"percent": 1}]}, _unknown("budget.threshold_rules[1]", "percent")),
        ({"displayName": 5}, _invalid("budget.display_name", "(TYPE_STRING), 5")),
        ({"display_name": True}, _invalid("budget.display_name", "(TYPE_STRING), true")),
        (
            {"displayName": ["a"]},
            _unknown("budget", "displayName", "Proto field is not repeating, cannot start list."),
        ),
        (
            {"displayName": {"a": 1}},
            _invalid("budget.display_name", "(display_name), Starting an object on a scalar field"),
        ),
        (
            {"amount": {"specifiedAmount": {"units": "ten"}}},
            _invalid("budget.amount.specified_amount.units", '(TYPE_INT64), "ten"'),
        ),
        (
            {"amount": {"specifiedAmount": {"units": "9223372036854775808"}}},
            _invalid("budget.amount.specified_amount.units", '(TYPE_INT64), "9223372036854775808"'),
        ),
        (
            {"amount": {"specifiedAmount": {"nanos": 1.5}}},
            _invalid("budget.amount.specified_amount.nanos", "(TYPE_INT32), 1.5"),
        ),
        (
            {"thresholdRules": [{"thresholdPercent": "half"}]},
            _invalid("budget.threshold_rules[0].threshold_percent", '(TYPE_DOUBLE), "half"'),
        ),
        (
            {"notificationsRule": {"disableDefaultIamRecipients": "yes"}},
            _invalid("budget.notifications_rule.disable_default_iam_recipients", '(TYPE_BOOL), "yes"'),
        ),
        (
            {"budgetFilter": {"calendarPeriod": "WEEK"}},
            _invalid(
                "budget.budget_filter.calendar_period",
                '(type.googleapis.com/google.cloud.billing.budgets.v1.Filter.CalendarPeriod), "WEEK"',
            ),
        ),
        (
            {"amount": "100"},
            _invalid(
                "budget.amount", '(type.googleapis.com/google.cloud.billing.budgets.v1.BudgetAmount), "100"'
            ),
        ),
        (
            {"budgetFilter": {"services": "services/AEFD-7695-64FA"}},
            _invalid("budget.budget_filter.services", '(TYPE_STRING), "services/AEFD-7695-64FA"'),
        ),
        ([], _unknown("budget", "", "Root element must be a message.")),
    ],
)
def test_a_body_that_does_not_fit_is_refused_in_googles_words(
    cloud: LocalCloud, body: Any, violation: dict[str, str]
) -> None:
    assert cloud.call("billingbudgets", "POST", BUDGETS, body, status=400) == _refusal(violation)


def test_all_that_does_not_fit_is_reported_at_once(cloud: LocalCloud) -> None:
    body = {"foo": 1, "displayName": 2, "budgetFilter": {"projects": [3]}}
    assert cloud.call("billingbudgets", "POST", BUDGETS, body, status=400, bar="x") == _refusal(
        {
            "description": 'Invalid JSON payload received. Unknown name "bar": Cannot bind query parameter. '
            "Field 'bar' could not be found in request message."
        },
        _unknown("budget", "foo"),
        _invalid("budget.display_name", "(TYPE_STRING), 2"),
        _invalid("budget.budget_filter.projects[0]", "(TYPE_STRING), 3"),
    )


def test_a_map_takes_any_key_and_values_of_its_type(cloud: LocalCloud) -> None:
    body = {"projectId": "gem-map-1", "labels": {"a": 5}}
    error = cloud.call("cloudresourcemanager", "POST", "v1/projects", body, status=400)
    assert error == _refusal(_invalid("project.labels[0].value", "(TYPE_STRING), 5"))


def test_google_accepts_both_names_of_a_field_numbers_as_text_and_enums_by_number(cloud: LocalCloud) -> None:
    body = {
        "display_name": "both",
        "amount": {"specified_amount": {"units": 100, "nanos": "5"}},
        "budgetFilter": {"calendar_period": 2, "credit_types_treatment": None},
        "threshold_rules": [{"threshold_percent": "0.5", "spend_basis": 2}],
        "name": "output only: ignored",
    }
    made = cloud.call("billingbudgets", "POST", BUDGETS, body)
    assert made["displayName"] == "both"
    assert made["amount"]["specifiedAmount"] == {"units": "100", "nanos": 5, "currencyCode": "USD"}
    assert made["budgetFilter"] == {
        "calendarPeriod": "QUARTER",
        "creditTypesTreatment": "INCLUDE_ALL_CREDITS",
    }
    assert made["thresholdRules"] == [{"thresholdPercent": 0.5, "spendBasis": "FORECASTED_SPEND"}]
    assert made["name"].startswith(f"billingAccounts/{ACCOUNT}/budgets/")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"a": 1', "Unexpected end of string."),
        ('{"a" 1}', "Expected : between key:value pair."),
        ('{"a": 1 "b": 2}', "Expected , or } after key:value pair."),
        ("{a: 1}", "Expected an object key or }."),
        ('{"a": nope}', "Unexpected token."),
        ('{"a": 1} {}', "Parsing terminated before end of input."),
    ],
)
def test_malformed_json_is_shown_where_it_breaks(cloud: LocalCloud, raw: str, reason: str) -> None:
    response = cloud.request(
        "billingbudgets", "POST", BUDGETS, data=raw, headers={"content-type": "application/json"}
    )
    error = response.json()["error"]
    assert (response.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    first, shown, caret = error["message"].split("\n")
    assert first == f"Invalid JSON payload received. {reason}"
    assert shown == raw
    assert caret.strip() == "^"


def test_a_body_of_another_type_is_refused(cloud: LocalCloud) -> None:
    as_form = cloud.request("billingbudgets", "POST", BUDGETS, data={"displayName": "b"}).json()
    assert as_form["error"]["message"].startswith(
        'Invalid JSON payload received. Unknown name "displayName": Cannot bind query parameter.'
    )
    as_xml = cloud.request(
        "billingbudgets", "POST", BUDGETS, data="<b/>", headers={"content-type": "text/xml"}
    )
    assert as_xml.status_code == 400
    not_utf8 = cloud.request(
        "billingbudgets", "POST", BUDGETS, data=b'{"a": "\xff"}', headers={"content-type": "application/json"}
    )
    assert not_utf8.status_code == 400


@pytest.mark.parametrize(
    ("query", "description"),
    [
        (
            {"foo": "1"},
            'Invalid JSON payload received. Unknown name "foo": Cannot bind query parameter. '
            "Field 'foo' could not be found in request message.",
        ),
        ({"pageSize": "many"}, "Invalid value at 'page_size' (TYPE_INT32), \"many\""),
    ],
)
def test_a_query_parameter_that_does_not_fit_is_refused(
    cloud: LocalCloud, query: dict[str, Any], description: str
) -> None:
    error = cloud.call("cloudbilling", "GET", "v1/billingAccounts", status=400, **query)["error"]
    assert error["details"][0]["fieldViolations"][0]["description"] == description


def test_googles_standard_parameters_are_accepted(cloud: LocalCloud) -> None:
    standard: dict[str, Any] = {
        "alt": "json",
        "$alt": "json;enum-encoding=int",
        "quotaUser": "me",
        "$.xgafv": "2",
        "page_size": "1",
    }
    page = cloud.call("cloudbilling", "GET", "v1/billingAccounts", **standard)
    assert len(page["billingAccounts"]) == 1
    cloud.call("cloudbilling", "GET", "v1/billingAccounts", alt="media", status=400)
    compact = cloud.request("cloudbilling", "GET", "v1/billingAccounts?prettyPrint=false")
    assert compact.content == json.dumps(compact.json(), separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("projects/projectId", {"projects": [{"projectId": "sandbox-seed"}]}),
        ("projects(parent(id))", {"projects": [{"parent": {"id": "123456789012"}}]}),
        ("projects.parent.id,nextPageToken", {"projects": [{"parent": {"id": "123456789012"}}]}),
        (
            "projects(project_id,parent/type)",
            {"projects": [{"projectId": "sandbox-seed", "parent": {"type": "organization"}}]},
        ),
    ],
)
def test_a_partial_response_has_what_was_asked_for(
    cloud: LocalCloud, fields: str, expected: dict[str, Any]
) -> None:
    listed = cloud.call("cloudresourcemanager", "GET", "v1/projects", filter="id:sandbox-seed", fields=fields)
    assert listed == expected


@pytest.mark.parametrize(
    ("fields", "path"), [("projects/owner", "projects.owner"), ("projects(", ""), ("a,,b", "")]
)
def test_a_partial_response_of_unknown_fields_is_refused(cloud: LocalCloud, fields: str, path: str) -> None:
    error = cloud.call("cloudresourcemanager", "GET", "v1/projects", fields=fields, status=400)["error"]
    (violation,) = error["details"][0]["fieldViolations"]
    assert error["message"] == "Request contains an invalid argument."
    assert violation["field"] == fields
    assert f"Cannot find matching fields for path '{path}" in violation["description"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "v1/nothing"),
        ("POST", "v1/billingAccounts/a:fly"),
        ("DELETE", "v1/billingAccounts"),
        ("GET", ""),
    ],
)
def test_an_unknown_path_is_googles_404_page(cloud: LocalCloud, method: str, path: str) -> None:
    response = cloud.request("cloudbilling", method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=UTF-8"
    assert f"<code>/{path}</code>" in response.text


def test_a_known_method_that_is_not_there_says_so(cloud: LocalCloud) -> None:
    assert cloud.call("monitoring", "GET", "v3/projects/1/groups", status=501) == {
        "error": {
            "code": 501,
            "message": "The local cloud does not implement the method monitoring.projects.groups.list.",
            "status": "UNIMPLEMENTED",
        }
    }


def test_every_service_is_below_its_prefix_and_at_its_own_port(cloud: LocalCloud) -> None:
    for service in cloud.ready["services"]:
        handlers = next(item for item in SERVICES if item.name == service).handlers
        assert any(handlers.values()), service
    own = cloud.request("cloudbilling", "GET", "v1/billingAccounts").json()
    below = requests.get(f"{cloud.main}/cloudbilling/v1/billingAccounts", headers=TOKEN, timeout=20)
    assert below.json() == own


def test_encoded_slashes_and_a_slash_at_the_end_stay_one_segment() -> None:
    usage = {method.id: method for method in methods("serviceusage", "v1beta1")}
    create = usage["serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.create"]
    match = Router([create]).match(
        "POST",
        "/v1beta1/projects/p/services/s.googleapis.com/consumerQuotaMetrics/s.googleapis.com%2Fm/limits/"
        "%2Fmin%2Fmodel%2Fproject/consumerOverrides/",
    )
    assert match is not None
    assert match.ids == ("projects", "p", "s.googleapis.com", "s.googleapis.com/m", "/min/model/project")
    assert match.path["parent"].endswith("/limits/%2Fmin%2Fmodel%2Fproject")


def _messages() -> list[tuple[str, Message]]:
    return [
        (method.body.root, method.body.message())
        for service in SERVICES
        if service.name != "cloudquotas"
        for method in service.handlers
        if method.body is not None
    ]


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(st.data(), st.text(min_size=1), _ANY_JSON)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_name_that_a_message_does_not_have_is_refused_with_its_path(
    data: st.DataObject, name: str, value: Any
) -> None:
    root, outermost = data.draw(st.sampled_from(_messages()))
    path, message = root, outermost
    body: dict[str, Any] = {}
    here = body
    for _ in range(data.draw(st.integers(0, 3))):  # walk down into a nested message
        nested = [
            field for field in message.fields.values() if field.message is not None and not field.is_map
        ]
        if not nested:
            break
        field = data.draw(st.sampled_from(nested))
        below: dict[str, Any] = {}
        here[field.json_name] = [below] if field.repeated else below
        path = ".".join(filter(None, [path, field.proto_name])) + ("[0]" if field.repeated else "")
        assert field.message is not None
        here, message = below, field.message()
    if name in message.fields:
        return
    here[name] = value
    violations = Violations()
    parse_message(outermost, body, root, violations)
    with pytest.raises(CloudError) as refused:
        violations.raise_if_any()
    (violation,) = refused.value.details[0]["fieldViolations"]
    assert violation.get("field", "") == path
    assert f"Unknown name {json.dumps(name)}" in violation["description"]


_BODIES = st.one_of(
    st.binary(max_size=40),
    _ANY_JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"[" * 5000,
            b"[" * 900 + b"]" * 900,
            b'{"x":' * 600 + b"1" + b"}" * 600,
            b"9" * 5000,
            b'{"displayName": "\\ud800"}',
            b"NaN",
            b'{"amount": -Infinity}',
        ]
    ),
)
_PATHS = st.sampled_from(
    [
        ("billingbudgets", "POST", BUDGETS),
        ("billingbudgets", "PATCH", f"{BUDGETS}/x"),
        ("cloudresourcemanager", "POST", "v1/projects"),
        ("cloudresourcemanager", "PUT", "v1/projects/sandbox-seed"),
        ("cloudresourcemanager", "POST", "v3/folders"),
        ("cloudbilling", "PUT", "v1/projects/sandbox-seed/billingInfo"),
        ("cloudbilling", "GET", "v1/billingAccounts"),
    ]
)
_QUERIES = st.dictionaries(
    st.sampled_from(["fields", "filter", "pageToken", "pageSize", "updateMask", "alt", "prettyPrint"]),
    st.text(),
)


@given(_PATHS, _BODIES, _QUERIES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_makes_the_server_fail(
    cloud: LocalCloud, call: tuple[str, str, str], body: bytes, query: dict[str, str]
) -> None:
    service, method, path = call
    headers = {"content-type": "application/json"}
    response = cloud.request(service, method, path, data=body, params=query, headers=headers)
    assert response.status_code < 500
    response.json()
