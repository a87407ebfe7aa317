"""A budget without recipients is a number in a console that nobody reads. Google mails the billing account's
administrators unless a program turns that off, which is right only if there are other recipients."""

from collections.abc import Iterator, Mapping
from typing import Any

from landing_zone.policies.facts import UNKNOWN, Facts, notifies
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.notifies is False:
            yield Finding(
                budget.subject,
                "notifies nobody",
                "write alerts.email, channels or a topic, or leave iamRecipients on",
                fixable=True,
                elsewhere="set allUpdatesRule.disableDefaultIamRecipients: false, or name "
                "monitoringNotificationChannels or a pubsubTopic",
                setting=budget.subject.at("iamRecipients"),
            )


def _fix(kind: str, inputs: Mapping[str, Any], _: Options) -> Mapping[str, Any] | None:
    rule, part = inputs.get("allUpdatesRule"), inputs.get("budgetFilter")
    if kind != "gcp:billing/budget:Budget" or not rule or rule is UNKNOWN:
        return None
    projects = UNKNOWN if part is UNKNOWN else (part or {}).get("projects")
    ways = (rule.get("monitoringNotificationChannels"), rule.get("pubsubTopic"))
    found = notifies(
        rule.get("disableDefaultIamRecipients"),
        ways,
        rule.get("enableProjectLevelRecipients"),
        UNKNOWN if projects is UNKNOWN else tuple(projects or ()),
    )
    if found is not False:
        return None
    return {**inputs, "allUpdatesRule": {**rule, "disableDefaultIamRecipients": False}}


POLICY = Policy(
    id="budget-notifies",
    title="A budget has recipients to notify when a threshold is crossed",
    group=Group.BUDGETS,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Leave Google's mail to the billing account's administrators on, or name channels or a topic.",
    source=(
        "Google: default recipients of budget alerts, and how to turn them off",
        "https://cloud.google.com/billing/docs/how-to/budgets-notification-recipients",
    ),
    judge=_judge,
    fix=_fix,
)
