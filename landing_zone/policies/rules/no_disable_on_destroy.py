"""An API that is switched off when one program goes takes every other program with it that came to use it in that
project: keys stop at once, in whoever's hands they are."""

from collections.abc import Iterator

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for api in facts.apis:
        if api.off_on_destroy is True:
            yield Finding(
                api.subject,
                "is switched off when the program goes, with all others that use it",
                "write disableOnDestroy: false, or leave it out",
            )


POLICY = Policy(
    id="no-disable-on-destroy",
    title="APIs stay enabled when a program goes",
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Leave `disableOnDestroy` out.",
    source=(
        "project-factory switches APIs off on destroy by default; users lost running services",
        "https://github.com/terraform-google-modules/terraform-google-project-factory",
    ),
    judge=_judge,
)
