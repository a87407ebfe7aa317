"""In paid projects created since 2026-10-26, the Gemini API stores the requests of generateContent by default, for up
to 55 days. Data of customers, patients or staff may not be kept there for as long, or at all. No API switches it off
for a project, and none shows whether it is off."""

from collections.abc import Iterator

from landing_zone.gemini.data import STORED_BY_DEFAULT, STORING_PAGE, SWITCH_OFF
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        if project.private_data in (True, UNKNOWN) and project.created:
            handles = (
                "handles" if project.private_data is True else "may handle, as only the update will know,"
            )
            yield Finding(
                project.subject,
                f"{handles} private data, and {STORED_BY_DEFAULT}",
                f"{SWITCH_OFF}; then except the project from this policy, with who checked it",
                setting=project.subject.at("privateData"),
            )


POLICY = Policy(
    id="private-data-stored",
    title="Private data is not stored by the Gemini API unless somebody decided so",
    group=Group.DATA,
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Switch the storage off in AI Studio or in each request, and record that as an exception.",
    source=("Gemini API: logs and their storage", STORING_PAGE),
    judge=_judge,
)
