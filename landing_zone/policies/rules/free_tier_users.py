"""Google's terms allow applications for users in the European Economic Area, the United Kingdom and Switzerland to use
the paid services only."""

import re
from collections.abc import Iterator

from landing_zone.gemini.regions import PAID_ONLY
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings.types import USERS_LABEL


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.projects:
        if project.free and project.users is UNKNOWN:
            yield Finding(
                project.subject,
                "has users that only the update will know, and is or may be on the free tier",
                f"write users (the label {USERS_LABEL}) so that a preview knows them",
                setting=project.subject.at("users"),
            )
        if not project.free or not project.users or project.users is UNKNOWN:
            continue
        tier = "the free tier" + (", or may be" if project.account is UNKNOWN else "")
        there = [country for country in project.users if country in PAID_ONLY]
        if there:
            yield Finding(
                project.subject,
                f"has users in {', '.join(there)} on {tier}",
                "write tier: paid with a budget, or do not offer it there and remove them from users (the label "
                f"{USERS_LABEL})",
                elsewhere="link it to a billing account and give it a budget, or do not offer it there and remove "
                f"them from the label {USERS_LABEL}",
                setting=project.subject.at("users"),
            )
        if unknown := [code for code in project.users if not re.fullmatch("[A-Z]{2}|EEA", code)]:
            yield Finding(
                project.subject,
                f"has users in {', '.join(unknown)}, which is not a country code, and is on {tier}",
                f"write codes such as DE, or EEA, in users (the label {USERS_LABEL}: de_fr)",
                setting=project.subject.at("users"),
            )


POLICY = Policy(
    id="free-tier-users",
    title="The free tier is never used for users in the EEA, the United Kingdom or Switzerland",
    group=Group.DATA,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Move the project to the paid tier.",
    source=(
        "Gemini API Additional Terms: use restrictions",
        "https://ai.google.dev/gemini-api/terms",
    ),
    judge=_judge,
)
