"""A budget tells and does not stop. Google's spend cap pauses the Gemini API in a project, some hours late: not soon
enough for a stolen key on its own, and the only thing that ends one at a weekend."""

from collections.abc import Iterator

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        caps = [cap for cap in facts.caps if cap.projects is UNKNOWN or project.ids & set(cap.projects)]
        if not caps:
            yield Finding(
                project.subject,
                "has neither a spend cap nor a guard: nothing stops its spending",
                "write budget: {spendCap: true}",
            )
        elif all(cap.lifted for cap in caps):
            yield Finding(
                project.subject,
                "has a spend cap that is lifted until the 1st of the next month",
                "take spendCap.lifted out",
            )


POLICY = Policy(
    id="spend-stops",
    title="In production, a spend cap or a guard stops a paid project",
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `spendCap: true` in the project's budget; in environments without users, switch this policy off.",
    source=(
        "4,000 dollars in two days with nothing to stop them: gemini-cli issue 27668",
        "https://github.com/google-gemini/gemini-cli/issues/27668",
    ),
    judge=_judge,
)
