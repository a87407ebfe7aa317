"""Service Usage and Cloud Quotas: which APIs are on, and what limits hold on which tier."""

from typing import Any
from urllib.parse import quote

import pytest
from google.api_core.exceptions import BadRequest, Conflict
from google.cloud import cloudquotas_v1, cloudquotas_v1beta
from google.protobuf.field_mask_pb2 import FieldMask

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, ORGANIZATION, LocalCloud

GEMINI = "generativelanguage.googleapis.com"


def project(cloud: LocalCloud, project_id: str, *, paid: bool) -> str:
    """A new project's name."""
    parent = {"type": "folder", "id": FOLDER.partition("/")[2]}
    cloud.call(
        "cloudresourcemanager",
        "POST",
        "v1/projects",
        {"projectId": project_id, "name": project_id, "parent": parent},
    )
    if paid:
        link(cloud, project_id, ACCOUNT)
    return f"projects/{project_id}"


def link(cloud: LocalCloud, project_id: str, account: str | None) -> None:
    name = f"billingAccounts/{account}" if account else ""
    cloud.call("cloudbilling", "PUT", f"v1/projects/{project_id}/billingInfo", {"billingAccountName": name})


def overrides(metric: str, limit: str) -> str:
    """The path of a limit's overrides, below a project."""
    return (
        f"services/{GEMINI}/consumerQuotaMetrics/{quote(f'{GEMINI}/{metric}', safe='')}"
        f"/limits/{quote(limit, safe='')}/consumerOverrides"
    )


def finished(cloud: LocalCloud, operation: dict[str, Any]) -> dict[str, Any]:
    while not operation.get("done"):
        operation = cloud.call("serviceusage", "GET", f"v1/{operation['name']}")
    return operation


def test_an_api_is_enabled_listed_and_disabled(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-enable", paid=False)

    def enabled() -> set[str]:
        listed = cloud.call(
            "serviceusage", "GET", f"v1/{name}/services", filter="state:ENABLED", pageSize=200
        )
        return {item["config"]["name"] for item in listed["services"]}

    assert GEMINI not in enabled()
    assert "monitoring.googleapis.com" in enabled()
    done = finished(cloud, cloud.call("serviceusage", "POST", f"v1/{name}/services/{GEMINI}:enable", {}))
    assert done["response"]["service"]["state"] == "ENABLED"
    assert GEMINI in enabled()
    cloud.call(
        "serviceusage", "POST", f"v1/{name}/services/{GEMINI}:disable", {"checkIfServiceHasUsage": "SKIP"}
    )
    assert GEMINI not in enabled()


def test_what_needs_billing_is_refused_without_as_google_refuses_it(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-unpaid", paid=False)
    error = cloud.call(
        "serviceusage", "POST", f"v1/{name}/services/compute.googleapis.com:enable", {}, status=400
    )["error"]
    assert error["status"] == "FAILED_PRECONDITION"
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in error["details"]}
    assert kinds["ErrorInfo"]["reason"] == "UREQ_PROJECT_BILLING_NOT_FOUND"
    assert kinds["PreconditionFailure"]["violations"][0]["type"] == "googleapis.com/billing-enabled"
    unknown = cloud.call(
        "serviceusage", "POST", f"v1/{name}/services/gemni.googleapis.com:enable", {}, status=403
    )
    assert "gemni.googleapis.com" in unknown["error"]["message"]


def listed_ids(cloud: LocalCloud, name: str) -> set[str]:
    """The quotas that Cloud Quotas lists."""
    infos = cloud.call("cloudquotas", "GET", f"v1/{name}/locations/global/services/{GEMINI}/quotaInfos")
    return {item["quotaId"] for item in infos["quotaInfos"]}


def metrics(cloud: LocalCloud, name: str) -> set[str]:
    """The metrics that Service Usage lists."""
    path = f"v1beta1/{name}/services/{GEMINI}/consumerQuotaMetrics"
    return {item["metric"].partition("/")[2] for item in cloud.call("serviceusage", "GET", path)["metrics"]}


def test_the_link_decides_which_tiers_quotas_are_listed(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-tiers", paid=False)
    per_minute = "GenerateRequestsPerMinutePerProjectPerModel"

    def requests_per_minute() -> set[str]:
        return {quota_id for quota_id in listed_ids(cloud, name) if quota_id.startswith(per_minute)}

    every = metrics(cloud, name)
    assert {"generate_content_free_tier_requests", "generate_content_paid_tier_3_requests"} <= every
    assert all(quota_id.endswith("-FreeTier") for quota_id in listed_ids(cloud, name))
    # After a link Google shows the free tier's for a while. Linked again, it is no new link.
    cloud.local("PUT", "tierLag", {"polls": 2})
    link(cloud, "quota-tiers", ACCOUNT)
    cloud.local("PUT", "tierLag", {"polls": 0})
    assert requests_per_minute() == {f"{per_minute}-FreeTier"}
    link(cloud, "quota-tiers", ACCOUNT)
    assert requests_per_minute() == {f"{per_minute}-FreeTier"}
    # Then the account's tier, and no other; any can be had by its name. Service Usage lists all.
    for tier, suffix in ((1, ""), (2, "-PaidTier2"), (3, "-PaidTier3")):
        cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": tier})
        assert requests_per_minute() == {f"{per_minute}{suffix}"}
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": 1})
    path = f"v1/{name}/locations/global/services/{GEMINI}/quotaInfos/{per_minute}-PaidTier3"
    assert cloud.call("cloudquotas", "GET", path)["quotaId"] == f"{per_minute}-PaidTier3"
    assert metrics(cloud, name) == every
    link(cloud, "quota-tiers", None)
    assert requests_per_minute() == {f"{per_minute}-FreeTier"}


def test_a_fixed_quota_takes_neither_override_nor_preference(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-fixed", paid=True)
    quota_id = "GenerateRequestsPerMinutePerProjectPerModel"
    cloud.local("PUT", "fixedQuotas", {"quotaIds": [quota_id]})
    info = f"v1/{name}/locations/global/services/{GEMINI}/quotaInfos/{quota_id}"
    path = f"v1beta1/{name}/{overrides('generate_requests_per_model', '/min/model/project')}"
    asked = {"service": GEMINI, "quotaId": quota_id, "quotaConfig": {"preferredValue": "5"}}
    wished = f"v1/{name}/locations/global/quotaPreferences"
    try:
        assert cloud.call("cloudquotas", "GET", info)["isFixed"]
        refused = cloud.call("serviceusage", "POST", path, {"overrideValue": "5"}, force="true", status=400)
        assert "COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT" in refused["error"]["message"]
        assert "fixed" in cloud.call("cloudquotas", "POST", wished, asked, status=400)["error"]["message"]
    finally:
        cloud.local("PUT", "fixedQuotas", {"quotaIds": []})
    assert "isFixed" not in cloud.call("cloudquotas", "GET", info)


def test_an_override_lowers_a_limit_until_it_is_removed(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-override", paid=True)
    path = f"v1beta1/{name}/{overrides('generate_requests_per_model', '/min/model/project')}"
    model = {"model": "gemini-2.5-flash"}

    def value() -> int:
        info = cloud.call(
            "cloudquotas",
            "GET",
            f"v1/{name}/locations/global/services/{GEMINI}/quotaInfos/GenerateRequestsPerMinutePerProjectPerModel",
        )
        found = [item for item in info["dimensionsInfos"] if item.get("dimensions") == model]
        return int((found or info["dimensionsInfos"][-1:])[0]["details"]["value"])

    before = value()
    body = {"overrideValue": "60", "dimensions": model}
    refused = cloud.call("serviceusage", "POST", path, body, status=400)
    assert "DECREASE_TOO_LARGE" in refused["error"]["message"]
    made = finished(cloud, cloud.call("serviceusage", "POST", path, body, force="true"))["response"]
    assert value() == 60
    assert cloud.call("serviceusage", "POST", path, body, force="true", status=409)
    cloud.call(
        "serviceusage",
        "PATCH",
        f"{path}/{made['name'].rpartition('/')[2]}",
        {"overrideValue": "0"},
        force="true",
    )
    assert value() == 0
    # It outlives the link: a change of tier strands no override.
    link(cloud, "quota-override", None)
    [kept] = cloud.call("serviceusage", "GET", path)["overrides"]
    cloud.call("serviceusage", "DELETE", f"{path}/{kept['name'].rpartition('/')[2]}", force="true")
    assert value() == before


def test_overrides_are_imported_all_or_none(cloud: LocalCloud) -> None:
    name = project(cloud, "quota-import", paid=True)
    path = f"v1beta1/{name}/services/{GEMINI}/consumerQuotaMetrics:importConsumerOverrides"
    flash, unit = {"model": "gemini-2.5-flash"}, "1/min/{project}/{model}"

    def entry(metric: str, value: int, unit: str = unit, **more: Any) -> dict[str, Any]:
        return {"metric": f"{GEMINI}/{metric}", "unit": unit, "overrideValue": str(value), **more}

    def sent(*entries: dict[str, Any], status: int = 200, **more: Any) -> Any:
        body = {"inlineSource": {"overrides": list(entries)}, **more}
        return cloud.call("serviceusage", "POST", path, body, status=status)

    def held() -> dict[str, int]:
        at = f"v1beta1/{name}/{overrides('generate_requests_per_model', '/min/model/project')}"
        found = cloud.call("serviceusage", "GET", at).get("overrides", [])
        return {each.get("dimensions", {}).get("model", ""): int(each["overrideValue"]) for each in found}

    one, all_others = (
        entry("generate_requests_per_model", 60, dimensions=flash),
        entry("generate_requests_per_model", 5),
    )
    done = finished(cloud, sent(one, all_others, force=True))["response"]
    assert [each["overrideValue"] for each in done["overrides"]] == ["60", "5"]
    assert held() == {"gemini-2.5-flash": 60, "": 5}
    # Again, it updates.
    finished(cloud, sent(one | {"overrideValue": "7"}, force=True))
    assert held() == {"gemini-2.5-flash": 7, "": 5}

    # One that is refused is named in the operation's error, and no other is set.
    fixed = entry("embed_content_free_tier_requests", 0, "1/min/{project}/{model}/{user}")
    high = entry("generate_content_paid_tier_2_requests", 10**6, dimensions=flash)
    error = finished(cloud, sent(one, fixed, high, force=True))["error"]
    subjects = [
        violation["subject"] for detail in error["details"] for violation in detail.get("violations", [])
    ]
    assert ["embed_content_free_tier_requests" in each or "tier_2_requests" in each for each in subjects] == [
        True,
        True,
    ]
    assert "FOR_FIXED_LIMIT" in error["message"]
    assert "TOO_HIGH" in error["message"]
    assert held() == {"gemini-2.5-flash": 7, "": 5}
    error = finished(cloud, sent(one | {"overrideValue": "1"}))["error"]
    assert "DECREASE_TOO_LARGE" in error["message"]

    for wrong in (
        one | {"unit": ""},
        one | {"unit": "1/d/{project}"},
        one | {"metric": f"{GEMINI}/no_such_metric"},
        one | {"dimensions": {"region": "us-east1"}},
    ):
        assert sent(one, wrong, status=400, force=True)["error"]["status"] == "INVALID_ARGUMENT"
    assert sent(one, one, status=400, force=True)["error"]["status"] == "INVALID_ARGUMENT"
    assert sent(status=400, force=True)["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("value", "limit", "reason"),
    [
        ("1000000", "/min/model/project", "COMMON_QUOTA_CONSUMER_OVERRIDE_TOO_HIGH"),
        ("-1", "/min/model/project", "COMMON_QUOTA_CONSUMER_OVERRIDE_TOO_HIGH"),
    ],
)
def test_an_override_never_raises(cloud: LocalCloud, value: str, limit: str, reason: str) -> None:
    cloud.call("cloudresourcemanager", "GET", "v1/projects/sandbox-seed")
    path = f"v1/projects/sandbox-seed/{overrides('generate_requests_per_model', limit)}"
    error = cloud.call("serviceusage", "POST", path, {"overrideValue": value}, force="true", status=400)[
        "error"
    ]
    assert reason in {detail.get("reason") for detail in error["details"]}


def test_a_preference_is_kept_and_asked_for_with_googles_client(cloud: LocalCloud) -> None:
    client = cloudquotas_v1.CloudQuotasClient(
        transport="rest",
        credentials=CREDENTIALS,
        client_options={"api_endpoint": cloud.url("cloudquotas")},
    )
    parent = "projects/sandbox-seed/locations/global"
    wished = cloudquotas_v1.QuotaPreference(
        service=GEMINI,
        quota_id="GenerateRequestsPerMinutePerProjectPerModel",
        dimensions={"model": "gemini-2.5-pro"},
        quota_config={"preferred_value": 10},
    )
    checks = [cloudquotas_v1.QuotaSafetyCheck.QUOTA_DECREASE_PERCENTAGE_TOO_HIGH]
    made = client.create_quota_preference(
        request={
            "parent": parent,
            "quota_preference": wished,
            "quota_preference_id": "low",
            "ignore_safety_checks": checks,
        }
    )
    assert made.quota_config.granted_value == 10
    assert [item.name for item in client.list_quota_preferences(parent=parent)] == [made.name]
    info = client.get_quota_info(
        name=f"{parent}/services/{GEMINI}/quotaInfos/GenerateRequestsPerMinutePerProjectPerModel"
    )
    assert {
        d.details.value for d in info.dimensions_infos if d.dimensions == {"model": "gemini-2.5-pro"}
    } == {10}
    raised = cloudquotas_v1.QuotaPreference(
        {
            "name": made.name,
            "quota_config": {"preferred_value": 1_000_000},
            "contact_email": "a@example.com",
        }
    )
    asked = client.update_quota_preference(
        quota_preference=raised, update_mask=FieldMask(paths=["quota_config"])
    )
    assert asked.reconciling
    assert asked.quota_config.granted_value == 10


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_preferences_are_filtered_ordered_validated_and_made_where_missing(
    cloud: LocalCloud, version: str
) -> None:
    name = project(cloud, f"quota-prefs-{version}", paid=True)
    path = f"{version}/{name}/locations/global/quotaPreferences"
    quota = {"service": GEMINI, "quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}
    asked = {"quotaConfig": {"preferredValue": "4000000000"}, "contactEmail": "ann@example.com"}
    ignored: dict[str, Any] = {"ignoreSafetyChecks": ["QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"]}
    for model in ("gemini-3.8-flash", "gemini-2.5-pro"):
        body = {**quota, "quotaConfig": {"preferredValue": "5"}, "dimensions": {"model": model}}
        cloud.call("cloudquotas", "PATCH", f"{path}/{model.replace('.', '-')}", body, status=404, **ignored)
        cloud.call(
            "cloudquotas", "PATCH", f"{path}/{model.replace('.', '-')}", body, allowMissing="true", **ignored
        )
    third = {**quota, "quotaConfig": {"preferredValue": "7"}, "dimensions": {"model": "gemini-2.5-flash"}}
    cloud.call("cloudquotas", "POST", path, third, quotaPreferenceId="third", **ignored)
    info = f"{version}/{name}/locations/global/services/{GEMINI}/quotaInfos"
    shown = cloud.call("cloudquotas", "GET", f"{info}/{quota['quotaId']}")
    assert shown in cloud.call("cloudquotas", "GET", info)["quotaInfos"]
    values = {
        each.get("dimensions", {}).get("model"): each["details"]["value"] for each in shown["dimensionsInfos"]
    }
    assert [values[each] for each in ("gemini-3.8-flash", "gemini-2.5-pro", "gemini-2.5-flash")] == [
        "5",
        "5",
        "7",
    ]

    def names(**query: Any) -> list[str]:
        found = cloud.call("cloudquotas", "GET", path, **query).get("quotaPreferences", [])
        return [each["name"].rpartition("/")[2] for each in found]

    assert names() == ["gemini-3-8-flash", "gemini-2-5-pro", "third"]
    assert names(orderBy="name") == ["gemini-2-5-pro", "gemini-3-8-flash", "third"]
    assert names(orderBy="create_time desc", pageSize="1") == ["third"]
    assert names(filter="dimensions.model=gemini-2.5-pro OR reconciling=true") == ["gemini-2-5-pro"]
    assert names(filter="reconciling=true") == []
    cloud.call("cloudquotas", "GET", path, status=400, filter="color=red")
    cloud.call("cloudquotas", "GET", path, status=400, orderBy="color")

    one = f"{path}/gemini-2-5-pro"
    checked = cloud.call("cloudquotas", "PATCH", one, asked, validateOnly="true")
    assert checked["reconciling"] is True
    kept = cloud.call("cloudquotas", "GET", one)
    assert kept["quotaConfig"]["preferredValue"] == "5"
    cloud.call("cloudquotas", "PATCH", one, asked | {"etag": "old"}, status=409)
    cloud.call("cloudquotas", "PATCH", one, asked | {"etag": kept["etag"], "contactEmail": "ann"}, status=400)
    assert cloud.call("cloudquotas", "PATCH", one, asked | {"etag": kept["etag"]})["reconciling"] is True
    assert names(filter="reconciling=true") == ["gemini-2-5-pro"]


@pytest.mark.parametrize("container", [FOLDER, ORGANIZATION])
def test_folders_and_organizations_have_no_quotas(cloud: LocalCloud, container: str) -> None:
    path = f"v1/{container}/locations/global"
    quota = f"services/{GEMINI}/quotaInfos"
    assert cloud.call("cloudquotas", "GET", f"{path}/{quota}").get("quotaInfos", []) == []
    cloud.call(
        "cloudquotas", "GET", f"{path}/{quota}/GenerateRequestsPerMinutePerProjectPerModel", status=404
    )
    assert cloud.call("cloudquotas", "GET", f"{path}/quotaPreferences").get("quotaPreferences", []) == []
    body = {"service": GEMINI, "quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaConfig": {}}
    cloud.call("cloudquotas", "POST", f"{path}/quotaPreferences", body, status=404)
    cloud.call("cloudquotas", "GET", f"v1/{container}9/locations/global/{quota}", status=403)


def test_the_quota_adjuster_is_inherited_until_it_is_set(cloud: LocalCloud) -> None:
    client = cloudquotas_v1beta.QuotaAdjusterSettingsManagerClient(
        transport="rest", client_options={"api_endpoint": cloud.url("cloudquotas")}, credentials=CREDENTIALS
    )
    number = cloud.create_project("quota-adjuster-1")
    enabled = cloudquotas_v1beta.QuotaAdjusterSettings.Enablement.ENABLED
    disabled = cloudquotas_v1beta.QuotaAdjusterSettings.Enablement.DISABLED

    def settings(container: str) -> Any:
        return client.get_quota_adjuster_settings(name=f"{container}/locations/global/quotaAdjusterSettings")

    def change(container: str, **fields: Any) -> Any:
        name = f"{container}/locations/global/quotaAdjusterSettings"
        wanted = cloudquotas_v1beta.QuotaAdjusterSettings(name=name, **fields)
        return client.update_quota_adjuster_settings(quota_adjuster_settings=wanted)

    own = f"projects/{number}"
    first = settings(own)
    assert (first.enablement, first.inherited, first.inherited_from) == (disabled, True, "default")
    change(ORGANIZATION, enablement=enabled)
    assert settings(own).inherited_from == ORGANIZATION
    change(FOLDER, enablement=disabled)
    found = settings("projects/quota-adjuster-1")
    assert (found.name.partition("/locations")[0], found.enablement, found.inherited_from) == (
        own,
        disabled,
        FOLDER,
    )
    changed = change(own, enablement=enabled, etag=found.etag)
    assert (changed.enablement, changed.inherited, changed.inherited_from) == (enabled, False, "")
    with pytest.raises(Conflict):
        change(own, inherited=True, etag=found.etag)
    assert change(own, inherited=True, etag=changed.etag).inherited_from == FOLDER
    with pytest.raises(BadRequest):
        change(own)
