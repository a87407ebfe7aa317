"""On the free tier Google may use prompts and responses to improve its products, and people may read them. Data of
customers, patients or staff does not belong there."""

from collections.abc import Iterator

from landing_zone.policies.facts import UNKNOWN, Facts, Project
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings.types import PRIVATE_DATA_LABEL


def _later(project: Project) -> str:
    """What only the update will know, and is taken for the worst."""
    found = [
        text
        for value, text in (
            (project.account, "its billing account"),
            (project.private_data, f"the label {PRIVATE_DATA_LABEL}"),
        )
        if value is UNKNOWN
    ]
    return f", as far as a preview knows, which does not know {' and '.join(found)}" if found else ""


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.projects:
        if project.free and project.private_data in (True, UNKNOWN):
            yield Finding(
                project.subject,
                f"handles private data on the free tier{_later(project)}",
                "write tier: paid with a budget, or keep such data out and write privateData: false (the label "
                f"{PRIVATE_DATA_LABEL})",
                elsewhere="link it to a billing account and give it a budget, or keep such data out and set the "
                f"label {PRIVATE_DATA_LABEL}: false",
                setting=project.subject.at("privateData"),
            )


POLICY = Policy(
    id="free-tier-private-data",
    title="The free tier is never used with private data",
    group=Group.DATA,
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Move the project to the paid tier.",
    source=(
        "Gemini API Additional Terms: how Google uses your data, unpaid services",
        "https://ai.google.dev/gemini-api/terms",
    ),
    judge=_judge,
)
