"""A budget with no recipients is a number in a console that nobody looks at. Google mails the billing account's
administrators unless a program switches that off, which is right only if somebody else is told instead."""

from collections.abc import Iterator, Mapping
from typing import Any

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.told is False:
            yield Finding(
                budget.subject,
                "tells nobody",
                "write alerts.email, channels or a topic, or leave iamRecipients on",
                mended=True,
                elsewhere="set allUpdatesRule.disableDefaultIamRecipients: false, or name "
                "monitoringNotificationChannels or a pubsubTopic",
                place=budget.subject.at("iamRecipients"),
            )


def _of_one(part: Any) -> bool:
    """Whether a budget's filter names one project, or may do so."""
    projects = part if part in (None, UNKNOWN) else part.get("projects")
    return projects is UNKNOWN or len(projects or ()) == 1


def _fix(kind: str, inputs: Mapping[str, Any], _: Options) -> Mapping[str, Any] | None:
    rule = inputs.get("allUpdatesRule")
    if kind != "gcp:billing/budget:Budget" or not rule or not rule.get("disableDefaultIamRecipients"):
        return None
    others = ("monitoringNotificationChannels", "pubsubTopic", "enableProjectLevelRecipients")
    found = [name for name in others if rule.get(name)]
    # Google does not mail a project's owners for a budget of several.
    if found and (found != ["enableProjectLevelRecipients"] or _of_one(inputs.get("budgetFilter"))):
        return None
    return {**inputs, "allUpdatesRule": {**rule, "disableDefaultIamRecipients": False}}


POLICY = Policy(
    id="budget-notifies",
    title="Somebody is told when a budget's threshold is crossed",
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Leave Google's mails to the billing account's administrators on, or name channels or a topic.",
    source=(
        "Google: default recipients of budget alerts, and how to switch them off",
        "https://cloud.google.com/billing/docs/how-to/budgets-notification-recipients",
    ),
    judge=_judge,
    fix=_fix,
)
