"""Billing, budgets, APIs, their keys and their quotas, by gcloud."""

from tests.cloud.local_cloud import ACCOUNT, CLOSED_ACCOUNT
from tests.gcloud.runner import Gcloud

_GEMINI = "generativelanguage.googleapis.com"
_METRIC = f"{_GEMINI}/generate_content_free_tier_requests"
_ANN = "--member=user:ann@example.com"


def billing(gcloud: Gcloud) -> None:
    """Accounts, and which projects they pay for."""
    accounts = {each["name"]: each["open"] for each in gcloud.json("billing accounts list")}
    assert accounts[f"billingAccounts/{ACCOUNT}"]
    assert not accounts[f"billingAccounts/{CLOSED_ACCOUNT}"]
    assert gcloud.json(f"billing accounts describe {ACCOUNT}")["currencyCode"] == "USD"
    unlinked = gcloud.json(f"billing projects unlink {gcloud.project}")
    assert (unlinked["billingEnabled"], unlinked["billingAccountName"]) == (False, "")
    linked = gcloud.json(f"billing projects link {gcloud.project} --billing-account={ACCOUNT}")
    assert linked["billingEnabled"]
    assert gcloud.json(f"billing projects describe {gcloud.project}") == linked
    assert linked in gcloud.json(f"billing projects list --billing-account={ACCOUNT}")
    role = f"{_ANN} --role=roles/billing.viewer"
    granted = gcloud.json(f"billing accounts add-iam-policy-binding {ACCOUNT} {role}")
    assert gcloud.json(f"billing accounts get-iam-policy {ACCOUNT}") == granted
    assert "bindings" not in gcloud.json(f"billing accounts remove-iam-policy-binding {ACCOUNT} {role}")
    assert "does not have permission" in gcloud.refused(
        f"billing projects link {gcloud.project} --billing-account=000000-000000-000000"
    )


def budgets(gcloud: Gcloud) -> None:
    """A budget: the API for whose address gcloud has no setting."""
    of = f"--billing-account={ACCOUNT}"
    made = gcloud.json(
        f"billing budgets create {of} --display-name=chat --budget-amount=100USD --threshold-rule=percent=0.5 "
        f"--threshold-rule=percent=1.0,basis=forecasted-spend --filter-projects=projects/{gcloud.project} "
        "--calendar-period=quarter"
    )
    assert made["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "100"}
    assert made["budgetFilter"]["projects"] == [f"projects/{gcloud.number}"]
    assert [each["spendBasis"] for each in made["thresholdRules"]] == ["CURRENT_SPEND", "FORECASTED_SPEND"]
    identifier = made["name"].rpartition("/")[2]
    assert gcloud.json(f"billing budgets describe {identifier} {of}") == made
    changed = gcloud.json(f"billing budgets update {identifier} {of} --budget-amount=250USD")
    assert (changed["amount"]["specifiedAmount"]["units"], changed["displayName"]) == ("250", "chat")
    assert gcloud.json(f"billing budgets list {of} --filter=displayName=chat") == [changed]
    gcloud.text(f"billing budgets delete {identifier} {of}")
    assert gcloud.json(f"billing budgets list {of} --filter=displayName=chat") == []
    assert "NOT_FOUND" in gcloud.refused(f"billing budgets describe {identifier} {of}")


def services(gcloud: Gcloud) -> None:
    """APIs: what there is, what is enabled, and what depends on it."""
    gcloud.text("services disable generativelanguage.googleapis.com")
    enabled = "services list --enabled --format='value(config.name)'"
    assert _GEMINI not in gcloud.text(enabled).split()
    assert _GEMINI in gcloud.text("services list --available --format='value(config.name)'").split()
    assert "finished successfully" in gcloud.run(f"services enable {_GEMINI} bigquery.googleapis.com").stderr
    assert {_GEMINI, "bigquery.googleapis.com"} < set(gcloud.text(enabled).split())
    assert "SERVICE_CONFIG_NOT_FOUND" in gcloud.refused("services enable nobodys.googleapis.com")


def keys(gcloud: Gcloud) -> None:
    """An API key's life; its string is compared and not printed."""
    made = gcloud.json(
        "services api-keys create --key-id=backend --display-name=backend --allowed-ips=203.0.113.0/24 "
        f"--api-target=service={_GEMINI}"
    )["response"]
    name = f"projects/{gcloud.number}/locations/global/keys/backend"
    assert made["name"] == name
    assert made["restrictions"]["serverKeyRestrictions"] == {"allowedIps": ["203.0.113.0/24"]}
    same = (
        gcloud.text("services api-keys get-key-string backend --format='value(keyString)'")
        == made["keyString"]
    )
    assert same
    looked_up = gcloud.json(f"services api-keys lookup {made['keyString']}")
    assert looked_up["name"] == name
    gcloud.text(
        "services api-keys update backend --display-name=site --allowed-referrers=https://example.com/*"
    )
    [changed] = gcloud.json("services api-keys list")
    assert (changed["displayName"], "keyString" in changed) == ("site", False)
    assert changed["restrictions"]["browserKeyRestrictions"] == {
        "allowedReferrers": ["https://example.com/*"]
    }
    gcloud.text("services api-keys update backend --clear-restrictions")
    assert not gcloud.json("services api-keys describe backend").get("restrictions")
    gcloud.text("services api-keys delete backend")
    assert "NOT_FOUND" in gcloud.refused("services api-keys describe backend")
    [deleted] = gcloud.json("services api-keys list --show-deleted")
    assert deleted["deleteTime"]
    gcloud.text("services api-keys undelete backend")
    assert gcloud.json("services api-keys describe backend")["displayName"] == "site"


def quotas(gcloud: Gcloud) -> None:
    """Overrides by Service Usage, preferences and infos by Cloud Quotas."""
    of = f"--service={_GEMINI} --consumer=projects/{gcloud.project}"
    metrics = gcloud.json(f"alpha services quota list {of}")
    assert _METRIC in [each["metric"] for each in metrics]
    one = f"{of} --metric={_METRIC} --unit=1/min/{{project}}/{{model}}"
    flash = "--dimensions=model=gemini-2.5-flash"
    assert "DECREASE_TOO_LARGE" in gcloud.refused(f"alpha services quota update {one} {flash} --value=3")
    gcloud.text(f"alpha services quota create {one} {flash} --value=3 --force")

    def override() -> list[dict[str, str]]:
        [metric] = [
            each for each in gcloud.json(f"alpha services quota list {of}") if each["metric"] == _METRIC
        ]
        return [
            bucket["consumerOverride"]
            for limit in metric["consumerQuotaLimits"]
            for bucket in limit["quotaBuckets"]
            if "consumerOverride" in bucket
        ]

    [made] = override()
    assert made["overrideValue"] == "3"
    gcloud.text(f"alpha services quota update {one} {flash} --value=2 --force")
    [made] = override()
    assert made["overrideValue"] == "2"
    gcloud.text(f"alpha services quota delete {one} --override-id={made['name'].rpartition('/')[2]} --force")
    assert override() == []
    quota_id = "GenerateContentPaidTierInputTokensPerModelPerMinute"
    asked = f"--service={_GEMINI} --project={gcloud.project}"
    info = gcloud.json(f"alpha quotas info describe {quota_id} {asked}")
    assert info["metric"] == f"{_GEMINI}/generate_content_paid_tier_input_token_count"
    listed = gcloud.text(f"beta quotas info list {asked} --format='value(quotaId)'").split()
    assert quota_id in listed
    preference = gcloud.json(
        f"alpha quotas preferences create {asked} --quota-id={quota_id} --preferred-value=5000000 "
        "--dimensions=model=gemini-2.5-flash --preference-id=more --email=ann@example.com"
    )
    assert preference["quotaConfig"]["preferredValue"] == "5000000"
    changed = gcloud.json(
        f"alpha quotas preferences update more {asked} --quota-id={quota_id} --preferred-value=6000000 "
        "--dimensions=model=gemini-2.5-flash --email=ann@example.com"
    )
    assert changed["quotaConfig"]["preferredValue"] == "6000000"
    assert gcloud.json(f"alpha quotas preferences describe more --project={gcloud.project}") == changed
