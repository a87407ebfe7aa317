"""Disabling an API when one program is destroyed breaks every other program that uses it in the project: all keys stop
at once."""

from collections.abc import Iterator

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for api in facts.apis:
        if api.disable_on_destroy is True:
            yield Finding(
                api.subject,
                "is disabled when the program is destroyed, also for others that use it",
                "write disableOnDestroy: false, or leave it out",
            )


POLICY = Policy(
    id="no-disable-on-destroy",
    title="APIs stay enabled when a program is destroyed",
    group=Group.GOVERNANCE,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Leave `disableOnDestroy` out.",
    source=(
        "project-factory disables APIs on destroy by default; users lost running services",
        "https://github.com/terraform-google-modules/terraform-google-project-factory",
    ),
    judge=_judge,
)
