"""Makes docs/reference.md: every setting, what it becomes, and the test that proves it; and the provider's resources.

    .venv/bin/python docs/reference.py > docs/reference.md

Types, defaults and words come from the settings' types; what a setting becomes stands in the table below.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from landing_zone.settings.alerting import AlertSettings, ChannelSettings, SpendRateSettings
from landing_zone.settings.base import Settings
from landing_zone.settings.budgets import BudgetSettings, Period, SharedBudgetSettings, SpendCapSettings
from landing_zone.settings.costs import (
    AccountTermsSettings,
    BusinessHours,
    ContractSettings,
    DeriveSettings,
    RangeSettings,
    TierLimitSettings,
    WorkloadSettings,
)
from landing_zone.settings.merge import BUILT_IN, BUILT_IN_PAID, budget_values
from landing_zone.settings.schema import StackFileSettings
from landing_zone.settings.types import (
    AndroidApp,
    ContactSettings,
    KeySettings,
    ModelLimit,
    ProjectSettings,
    QuotaSettings,
)
from provider.package import RESOURCES
from provider.resource import ResourceType

PROJECT = "organizations.Project"
KEY = "projects.ApiKey"
BUDGET = "billing.Budget"
CAP = "SpendCap"
CHANNEL = "monitoring.NotificationChannel"
POLICY = "monitoring.AlertPolicy"
LIMIT = "ModelLimit"
PREFERENCE = "cloudquota.SQuotaPreference"
OVERRIDE = "serviceusage.ConsumerQuotaOverride"
LIFE = "tests/lifecycle/test_lifecycle.py::"
GRAPH = "tests/graph/test_graph.py::"
MOCKS = "tests/components/test_environment.py::"
CAPS = "tests/provider/test_native_caps.py::"
LIMITS = "tests/provider/test_native_limits.py::"
KINDS = "tests/lifecycle/test_every_kind.py::"
STACKS = "tests/settings/test_stack_files.py::"

CREATED = f"{LIFE}test_create_look_change_destroy"
SECOND = f"{GRAPH}test_a_budget_comes_second_and_keys_alone_after_the_third"
LEAVING = "tests/lifecycle/test_leaving.py::"
EVERY = f"{KINDS}test_every_setting_reaches_google"
CHANGED = f"{KINDS}test_every_change_is_made_in_place"

ESTIMATED = "tests/costs/test_estimates.py::test_every_quantity_of_a_workload_counts"
PLANNED = "tests/costs/test_estimates.py::test_when_and_how_requests_come"
AGREED = "tests/costs/test_estimates.py::test_what_is_agreed_for_an_account_changes_its_prices"
DERIVED = "tests/costs/test_derived.py::test_limits_follow_from_the_overshoot"
CEILED = "tests/costs/test_derived.py::test_no_derived_limit_is_above_the_tiers_own"
CAPPED = "tests/costs/test_exposures.py::test_a_tiers_own_caps_are_told_beside_the_exposure"

Row = tuple[str, str, str, str]


def priced(*names: str, test: str) -> dict[str, Row]:
    """Rows of settings that make nothing at Google, and count in `gemini-lz estimate`, `exposure` and `limits`."""
    return dict.fromkeys(names, ("none", "none", "none: prices", test))


#: Setting → component, resource and property, API field, test.
ROWS: dict[type[Settings], dict[str, Row]] = {
    StackFileSettings: {
        "projects": ("GeminiProject", PROJECT, "Project", CREATED),
        "defaults": ("GeminiProject", "all of a project's", "all of a project's", f"{STACKS}test_built_in_then_defaults_then_the_project"),
        "parent": ("Project", f"{PROJECT}.folder_id or org_id", "Project.parent", CREATED),
        "billingAccount": ("Project, ProjectBudget", f"{PROJECT}.billing_account, {BUDGET}.billing_account", "ProjectBillingInfo.billingAccountName", CREATED),
        "labels": ("Project", f"{PROJECT}.labels", "Project.labels", CHANGED),
        "notificationProject": ("NotificationHost", f"{CHANNEL}.project", "the path's project", SECOND),
        "organization": ("KeyConstraint", "orgpolicy.CustomConstraint.parent", "the path's organization", EVERY),
        "channels": ("Channels", CHANNEL, "NotificationChannel", EVERY),
        "topics": ("NotificationHost", "pubsub.Topic.name, pubsub.TopicIAMMember", "Topic.name, Policy.bindings", EVERY),
        "sharedBudgets": ("SharedBudget", BUDGET, "Budget", EVERY),
        "dashboard": ("Dashboard", "monitoring.Dashboard.dashboard_json", "Dashboard", EVERY),
        **priced("accountTerms", test=AGREED),
    },
    ProjectSettings: {
        "projectId": ("Project", f"{PROJECT}.project_id", "Project.projectId", CREATED),
        "tier": ("Project, TierCheck", f"{PROJECT}.billing_account, TierCheck.expected", "ProjectBillingInfo", f"{LIFE}test_a_tier_changes_without_another_project_or_key"),
        "idSuffix": ("Project", f"{PROJECT}.project_id", "Project.projectId", EVERY),
        "name": ("Project", f"{PROJECT}.name", "Project.name", CHANGED),
        "adopt": ("Project", f"{PROJECT}, billing.ProjectInfo", "Project", f"{LIFE}test_an_adopted_project_is_governed_and_outlives_the_stack"),
        "parent": ("Project", f"{PROJECT}.folder_id or org_id", "Project.parent", CREATED),
        "billingAccount": ("Project", f"{PROJECT}.billing_account, billing.ProjectInfo.billing_account", "ProjectBillingInfo.billingAccountName", CREATED),
        "labels": ("Project", f"{PROJECT}.labels", "Project.labels", CHANGED),
        "privateData": ("Project", f"{PROJECT}.labels", "Project.labels", EVERY),
        "users": ("Project", f"{PROJECT}.labels", "Project.labels", EVERY),
        "tags": ("ProjectCare", "tags.TagBinding.tag_value", "TagBinding.tagValue", EVERY),
        "deletionPolicy": ("Project, ProjectExit", f"{PROJECT}.deletion_policy, ProjectExit.deletionPolicy", "ProjectBillingInfo.billingAccountName", f"{LEAVING}test_a_project_that_may_go_loses_keys_then_billing_then_its_guardrails"),
        "protect": ("Project, ProjectExit, StackExit", "the option protect", "none: Pulumi's", f"{LEAVING}test_a_project_that_must_stay_keeps_all_it_has_however_it_is_taken_out"),
        "aliases": ("GeminiProject", "the option aliases", "none: Pulumi's", f"{LEAVING}test_a_project_with_an_alias_changes_its_name_and_nothing_else"),
        "tierWait": ("GeminiProject", "TierCheck.waitSeconds", "QuotaInfo, ProjectBillingInfo", EVERY),
        "contacts": ("ProjectCare", "essentialcontacts.Contact", "Contact", EVERY),
        "forbidUnrestrictedKeys": ("ProjectCare, KeyConstraint", "orgpolicy.Policy.spec", "Policy.spec.rules[].enforce", EVERY),
        "keys": ("ApiKeys", KEY, "Key", f"{MOCKS}test_every_key_opens_the_gemini_api_alone"),
        "budget": ("ProjectBudget", BUDGET, "Budget", f"{MOCKS}test_a_budget_counts_its_project_by_number_before_credits"),
        "alerts": ("Alerts, Channels", f"{POLICY}, {CHANNEL}", "AlertPolicy, NotificationChannel", EVERY),
        "dashboard": ("Dashboard", "monitoring.Dashboard.dashboard_json", "Dashboard", EVERY),
        "limits": ("ModelLimits", LIMIT, "QuotaOverride", f"{LIMITS}test_a_limit_outlives_the_tier_that_it_was_set_on"),
        **priced("workload", test=ESTIMATED),
        "quotas": ("Quotas", f"{PREFERENCE}, {OVERRIDE}", "QuotaPreference, QuotaOverride", EVERY),
    },
    KeySettings: {
        "displayName": ("ApiKeys", f"{KEY}.display_name", "Key.displayName", CHANGED),
        "allowedIps": ("ApiKeys", f"{KEY}.restrictions.server_key_restrictions", "Restrictions.serverKeyRestrictions.allowedIps", CREATED),
        "allowedReferrers": ("ApiKeys", f"{KEY}.restrictions.browser_key_restrictions", "Restrictions.browserKeyRestrictions.allowedReferrers", EVERY),
        "androidApps": ("ApiKeys", f"{KEY}.restrictions.android_key_restrictions", "Restrictions.androidKeyRestrictions.allowedApplications", EVERY),
        "iosBundleIds": ("ApiKeys", f"{KEY}.restrictions.ios_key_restrictions", "Restrictions.iosKeyRestrictions.allowedBundleIds", EVERY),
        "serviceAccount": ("ApiKeys", f"{KEY}.service_account_email", "Key.serviceAccountEmail", EVERY),
        "existing": ("ApiKeys", "the option import", "the path's key", "tests/cli/test_adopt.py::test_what_it_prints_takes_the_project_over_as_it_is"),
        "silent": ("Alerts", f"{POLICY}.conditions", "AlertPolicy.conditions[].conditionThreshold", EVERY),
    },
    AndroidApp: {
        "packageName": ("ApiKeys", f"{KEY}.restrictions.android_key_restrictions", "AndroidApplication.packageName", EVERY),
        "sha1Fingerprint": ("ApiKeys", f"{KEY}.restrictions.android_key_restrictions", "AndroidApplication.sha1Fingerprint", EVERY),
    },
    BudgetSettings: {
        "amount": ("ProjectBudget", f"{BUDGET}.amount.specified_amount", "Budget.amount.specifiedAmount", CREATED),
        "lastPeriod": ("ProjectBudget", f"{BUDGET}.amount.last_period_amount", "Budget.amount.lastPeriodAmount", EVERY),
        "currency": ("ProjectBudget", f"{BUDGET}.amount.specified_amount.currency_code", "Money.currencyCode", f"{MOCKS}test_a_budget_counts_its_project_by_number_before_credits"),
        "period": ("ProjectBudget", f"{BUDGET}.budget_filter.calendar_period or custom_period", "Filter.calendarPeriod, Filter.customPeriod", EVERY),
        "thresholds": ("ProjectBudget", f"{BUDGET}.threshold_rules", "Budget.thresholdRules", CREATED),
        "name": ("ProjectBudget", f"{BUDGET}.display_name", "Budget.displayName", CHANGED),
        "services": ("ProjectBudget", f"{BUDGET}.budget_filter.services", "Filter.services", EVERY),
        "subaccounts": ("ProjectBudget", f"{BUDGET}.budget_filter.subaccounts", "Filter.subaccounts", EVERY),
        "label": ("ProjectBudget", f"{BUDGET}.budget_filter.labels", "Filter.labels", EVERY),
        "credits": ("ProjectBudget", f"{BUDGET}.budget_filter.credit_types_treatment", "Filter.creditTypesTreatment, Filter.creditTypes", EVERY),
        "iamRecipients": ("ProjectBudget", f"{BUDGET}.all_updates_rule.disable_default_iam_recipients", "NotificationsRule.disableDefaultIamRecipients", EVERY),
        "projectRecipients": ("ProjectBudget", f"{BUDGET}.all_updates_rule.enable_project_level_recipients", "NotificationsRule.enableProjectLevelRecipients", EVERY),
        "channels": ("ProjectBudget", f"{BUDGET}.all_updates_rule.monitoring_notification_channels", "NotificationsRule.monitoringNotificationChannels", EVERY),
        "topic": ("ProjectBudget", f"{BUDGET}.all_updates_rule.pubsub_topic", "NotificationsRule.pubsubTopic", EVERY),
        "existing": ("ProjectBudget", "the option import", "the path's budget", "tests/cli/test_adopt.py::test_what_it_prints_takes_the_project_over_as_it_is"),
        "ownership": ("ProjectBudget", f"{BUDGET}.ownership_scope", "Budget.ownershipScope", EVERY),
        "spendCap": ("ProjectBudget", CAP, "Budget.spendCap", f"{CAPS}test_a_cap_through_all_its_states"),
    },
    SpendCapSettings: {
        "amount": ("ProjectBudget", f"{CAP}.amount", "Budget.amount.specifiedAmount", f"{CAPS}test_a_cap_through_all_its_states"),
        "adopt": ("ProjectBudget", f"{CAP}.adopt", "none: the provider's", f"{CAPS}test_what_replaces_a_cap_and_what_is_taken_over"),
        **priced("lag", test="tests/costs/test_exposures.py::test_a_caps_lag_is_in_the_overshoot"),
        "lifted": ("ProjectBudget", f"{CAP}.inputState", "SpendCap.inputState", f"{CAPS}test_a_cap_through_all_its_states"),
    },
    SharedBudgetSettings: {
        "billingAccount": ("SharedBudget", f"{BUDGET}.billing_account", "the path's account", EVERY),
        "projects": ("SharedBudget", f"{BUDGET}.budget_filter.projects", "Filter.projects", EVERY),
        "ancestors": ("SharedBudget", f"{BUDGET}.budget_filter.resource_ancestors", "Filter.resourceAncestors", EVERY),
        "accountWide": ("SharedBudget", f"{BUDGET}.budget_filter", "none: no Filter.projects", EVERY),
        "email": ("NotificationHost", f"{CHANNEL}.labels", "NotificationsRule.monitoringNotificationChannels", EVERY),
    },
    Period: {
        "start": ("ProjectBudget, SharedBudget", f"{BUDGET}.budget_filter.custom_period.start_date", "CustomPeriod.startDate", EVERY),
        "end": ("ProjectBudget, SharedBudget", f"{BUDGET}.budget_filter.custom_period.end_date", "CustomPeriod.endDate", EVERY),
    },
    ChannelSettings: {
        "type": ("Channels", f"{CHANNEL}.type", "NotificationChannel.type", EVERY),
        "address": ("Channels", f"{CHANNEL}.labels", "labels.email_address", EVERY),
        "channel": ("Channels", f"{CHANNEL}.labels", "labels.channel_name", EVERY),
        "token": ("Channels", f"{CHANNEL}.sensitive_labels.auth_token", "labels.auth_token", EVERY),
        "serviceKey": ("Channels", f"{CHANNEL}.sensitive_labels.service_key", "labels.service_key", EVERY),
        "url": ("Channels", f"{CHANNEL}.labels", "labels.url", EVERY),
        "username": ("Channels", f"{CHANNEL}.labels", "labels.username", EVERY),
        "password": ("Channels", f"{CHANNEL}.sensitive_labels.password", "labels.password", EVERY),
        "topic": ("Channels", f"{CHANNEL}.labels", "labels.topic", EVERY),
    },
    AlertSettings: {
        "email": ("Channels, NotificationHost", f"{CHANNEL}.labels", "labels.email_address", CREATED),
        "channels": ("Alerts", f"{POLICY}.notification_channels", "AlertPolicy.notificationChannels", EVERY),
        "errorRate": ("Alerts", f"{POLICY}.conditions", "Condition.conditionThreshold.denominatorFilter", CHANGED),
        "tooManyRequestsPerMinute": ("Alerts", f"{POLICY}.conditions", "Condition.conditionThreshold.thresholdValue", CHANGED),
        "quotaShare": ("Alerts", f"{POLICY}.conditions", "Condition.conditionPrometheusQueryLanguage.query", CHANGED),
        "inputTokensPerMinute": ("Alerts", f"{POLICY}.conditions", "Condition.conditionPrometheusQueryLanguage.query", EVERY),
        "spendRate": ("Alerts", f"{POLICY}.conditions", "Condition.conditionPrometheusQueryLanguage.query", EVERY),
        "policies": ("Alerts", POLICY, "AlertPolicy", EVERY),
    },
    SpendRateSettings: {
        "times": ("Alerts", f"{POLICY}.conditions", "Condition.conditionPrometheusQueryLanguage.query", EVERY),
        "pricePerMillionTokens": ("Alerts", f"{POLICY}.conditions", "Condition.conditionPrometheusQueryLanguage.query", EVERY),
    },
    ModelLimit: {
        name: ("ModelLimits", f"{LIMIT}.{name}", "QuotaOverride.overrideValue", f"{LIMITS}test_a_limits_life")
        for name in ("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute")
    },
    DeriveSettings: dict.fromkeys(("maxOvershoot", "lag", "shares"), ("ModelLimits", f"{LIMIT}.requestsPerDay", "QuotaOverride.overrideValue", DERIVED)),
    WorkloadSettings: {
        **priced(
            "model", "requestsPerDay", "inputTokens", "outputTokens", "thinkingTokens", "cachedTokens", "audioTokens",
            "cacheHours", "batchShare", "flexShare", "priorityShare",
            test=ESTIMATED,
        ),
        **priced("growthPerMonth", "start", "end", "businessHours", test=PLANNED),
        **priced("peakFactor", test=DERIVED),
    },
    RangeSettings: priced("low", "expected", "high", test=ESTIMATED),
    BusinessHours: priced("days", "hours", test=PLANNED),
    AccountTermsSettings: {
        **priced("discount", "prices", "usdRate", test=AGREED),
        **priced("tier", test=CAPPED),
        **priced("tierLimits", test=CEILED),
    },
    ContractSettings: priced("input", "cachedInput", "audioInput", "output", "cacheStorage", test=AGREED),
    TierLimitSettings: priced("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute", test=CEILED),
    QuotaSettings: {
        "value": ("Quotas", f"{PREFERENCE}.quota_config.preferred_value, {OVERRIDE}.override_value", "QuotaConfig.preferredValue, QuotaOverride.overrideValue", CHANGED),
        "service": ("Quotas", f"{PREFERENCE}.service, {OVERRIDE}.service", "QuotaPreference.service", EVERY),
        "quotaId": ("Quotas", f"{PREFERENCE}.quota_id", "QuotaPreference.quotaId", EVERY),
        "metric": ("Quotas", f"{OVERRIDE}.metric", "the path's metric", EVERY),
        "limit": ("Quotas", f"{OVERRIDE}.limit", "the path's limit", EVERY),
        "dimensions": ("Quotas", f"{PREFERENCE}.dimensions, {OVERRIDE}.dimensions", "QuotaPreference.dimensions", EVERY),
        "justification": ("Quotas", f"{PREFERENCE}.justification", "QuotaPreference.justification", EVERY),
        "contactEmail": ("Quotas", f"{PREFERENCE}.contact_email", "QuotaPreference.contactEmail", EVERY),
        "ignoreSafetyCheck": ("Quotas", f"{PREFERENCE}.ignore_safety_checks", "ignoreSafetyChecks in the query", EVERY),
    },
    ContactSettings: {
        "email": ("ProjectCare", "essentialcontacts.Contact.email", "Contact.email", EVERY),
        "categories": ("ProjectCare", "essentialcontacts.Contact.notification_category_subscriptions", "Contact.notificationCategorySubscriptions", CHANGED),
        "language": ("ProjectCare", "essentialcontacts.Contact.language_tag", "Contact.languageTag", CHANGED),
    },
}  # fmt: skip

TITLES: dict[type[Settings], str] = {
    StackFileSettings: "Of the environment",
    ProjectSettings: "Of a project",
    KeySettings: "A key: `keys.NAME`",
    AndroidApp: "An Android app: `keys.NAME.androidApps[]`",
    BudgetSettings: "A budget: `budget`",
    SpendCapSettings: "A spend cap: `budget.spendCap`",
    SharedBudgetSettings: "A shared budget: `sharedBudgets.NAME`; besides, all of a budget but `spendCap`",
    Period: "Days that do not repeat: `period`",
    ChannelSettings: "A channel: `channels.NAME`",
    AlertSettings: "Alerts: `alerts`",
    SpendRateSettings: "The pace of the spend: `alerts.spendRate`",
    ModelLimit: "Limits of a model: `limits.MODEL`",
    DeriveSettings: "Limits from a budget: `limits.derive`",
    WorkloadSettings: "A planned use: `workload[]`",
    RangeSettings: "A quantity that is not known exactly: `{low, expected, high}` instead of a number",
    BusinessHours: "When requests come: `workload[].businessHours`",
    AccountTermsSettings: "A billing account's terms: `accountTerms.ACCOUNT`",
    ContractSettings: "A contract's prices: `accountTerms.ACCOUNT.prices.MODEL`",
    TierLimitSettings: "What a tier allows: `accountTerms.ACCOUNT.tierLimits.MODEL`",
    QuotaSettings: "A quota: `quotas.NAME`",
    ContactSettings: "An essential contact: `contacts[]`",
}

#: JSON Schema's words for kinds of values → people's.
WORDS: dict[str, str] = {"string": "text", "integer": "whole number", "boolean": "true or false"}
_OF_ENVIRONMENT = "the environment's"
#: What the program fills in by itself, and shorthands for what the types have.
DEFAULTS: dict[tuple[type[Settings], str], str] = {
    (ProjectSettings, "name"): "the id",
    (ProjectSettings, "parent"): _OF_ENVIRONMENT,
    (ProjectSettings, "billingAccount"): _OF_ENVIRONMENT,
    (ProjectSettings, "labels"): _OF_ENVIRONMENT,
    (ProjectSettings, "alerts"): "nobody is told",
    (ProjectSettings, "budget"): "must be there if paid",
    (KeySettings, "displayName"): "the project's name here and the key's",
    (BudgetSettings, "name"): "the project's id and Gemini API",
    (BudgetSettings, "period"): "month",
    (BudgetSettings, "services"): "gemini",
    (BudgetSettings, "credits"): "exclude",
    (SpendCapSettings, "amount"): "the budget's",
    (Period, "end"): "no end",
    (SharedBudgetSettings, "billingAccount"): _OF_ENVIRONMENT,
    (SpendCapSettings, "lag"): "24h",
    (DeriveSettings, "lag"): "24h",
    (WorkloadSettings, "outputTokens"): "0",
    (WorkloadSettings, "thinkingTokens"): "0",
    (WorkloadSettings, "businessHours"): "all week",
}

HEAD = """\
# Every setting

Made by `docs/reference.py` from the types of the settings; do not edit it. What they are for, with examples:
[settings.md](settings.md). Resources are pulumi-gcp's, but for `SpendCap`, `ModelLimit` and `TierCheck`, which are this
project's own ([provider.md](provider.md)) and stand at the end of this page.
"""


def fields(model: type[Settings]) -> dict[str, FieldInfo]:
    """A model's own settings, by the stack file's name; what a shared budget has of every budget is told there."""
    found = {field.alias or name: field for name, field in model.model_fields.items()}
    if model is SharedBudgetSettings:
        return {name: field for name, field in found.items() if name in ROWS[SharedBudgetSettings]}
    return {name: field for name, field in found.items() if name != "calendar"}


def kind(schema: dict[str, Any]) -> str:
    """A JSON Schema in few words."""
    choices = [choice for key in ("anyOf", "oneOf") for choice in schema.get(key, [])]
    if choices:
        words = [kind(choice) for choice in choices if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        values = schema["enum"]
        return ", ".join(f"`{value}`" for value in values) if len(values) <= 8 else "a currency code"
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2].removesuffix("Settings")
        return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    if "secure" in schema.get("properties", {}):
        return "secret"
    if schema.get("type") == "object":
        values = list(schema.get("patternProperties", {}).values())
        value = values[0] if values else schema.get("additionalProperties")
        return f"name → {kind(value)}" if isinstance(value, dict) else "mapping"
    if schema.get("format") in ("date", "email"):
        return {"date": "day", "email": "address"}[schema["format"]]
    types = schema.get("type", "anything")
    return " or ".join(
        WORDS.get(str(each), str(each)) for each in (types if isinstance(types, list) else [types])
    )


def default(model: type[Settings], name: str, field: FieldInfo) -> str:
    """What holds when the setting is left out."""
    if (model, name) in DEFAULTS:
        return DEFAULTS[model, name]
    built_in = {
        AlertSettings: BUILT_IN["alerts"],
        BudgetSettings: budget_values({}),
        ProjectSettings: BUILT_IN_PAID,
    }.get(model, {})
    if name in built_in:
        value = built_in[name]
        shown = (
            ", ".join(str(each).replace("'", "") for each in value) if isinstance(value, list) else str(value)
        )
        return f"{shown} if paid" if model is ProjectSettings else shown
    if field.default is PydanticUndefined:
        return "must be there"
    if field.default is None or field.default == () or field.default == {}:
        return "none"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else str(field.default)


def table(model: type[Settings]) -> Iterator[str]:
    """A model's lines."""
    schema = model.model_json_schema(by_alias=True)["properties"]
    yield f"\n## {TITLES[model]}\n"
    yield "| setting | type | default | what it is | component | resource | API field | test |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, field in fields(model).items():
        component, resource, api, test = ROWS[model][name]
        shown = [
            f"`{name}`",
            kind(schema[name]),
            default(model, name, field),
            field.description or "",
            component,
            resource,
            api,
            "[{1}](../{0})".format(*test.split("::")),
        ]
        yield "| " + " | ".join(text.replace("|", "\\|") for text in shown) + " |"


def resource(kind_of: ResourceType) -> Iterator[str]:
    """The lines of a resource of the provider's."""
    yield f"\n## The resource `{kind_of.name}`\n"
    yield f"{kind_of.description}\n"
    yield "| property | type | | what it is |"
    yield "| --- | --- | --- | --- |"
    for name, entry in kind_of.properties.items():
        role = "output" if entry.output else "must be there" if entry.required else ""
        notes = [role, *(["a change makes another"] if entry.replaces else [])]
        shown = [f"`{name}`", kind(dict(entry.type)), "; ".join(filter(None, notes)), entry.description]
        yield "| " + " | ".join(text.replace("|", "\\|") for text in shown) + " |"


def text() -> str:
    """The page."""
    settings = (line for model in ROWS for line in table(model))
    resources = (line for kind_of in RESOURCES.values() for line in resource(kind_of))
    return "\n".join([HEAD.rstrip(), *settings, *resources]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
