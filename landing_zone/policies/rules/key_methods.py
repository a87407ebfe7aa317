"""A key opens all of the Gemini API unless it names methods. Most programs only generate and count tokens: a key for
these methods cannot create caches, which cost by the hour, nor start batches or videos, not even in a thief's hands."""

from collections.abc import Iterator

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        if key.methods is UNKNOWN or not key.names_gemini:
            continue
        if not key.methods or "*" in key.methods:
            yield Finding(
                key.subject,
                "can call every method of the Gemini API",
                "write the methods that it needs, such as methods: [generate, countTokens]",
                elsewhere="name its methods in restrictions.apiTargets[].methods",
                setting=key.subject.at("methods"),
            )


POLICY = Policy(
    id="key-methods",
    title="An API key names the methods that it may call",
    group=Group.KEYS,
    severity=Severity.LOW,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Name the methods that the key needs.",
    source=(
        "Google: API restrictions of keys",
        "https://cloud.google.com/docs/authentication/api-keys#adding-api-restrictions",
    ),
    judge=_judge,
)
