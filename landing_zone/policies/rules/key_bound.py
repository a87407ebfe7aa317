"""A standard key identifies a project and no caller. The Gemini API refuses unrestricted standard keys since
2026-06-19, and Google announced that it will refuse all of them from September 2026 on: calls with them fail from
that day. A key bound to a service account stops within about a minute when it is deleted or its account is
disabled; a standard key takes 8 to 23 minutes."""

from collections.abc import Iterator

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        if key.names_gemini and not key.service_account:
            yield Finding(
                key.subject,
                "is a standard key, bound to no service account",
                "create a key without standard: true beside it, and remove this one once it is unused",
                elsewhere="create a key with serviceAccountEmail beside it, and delete this one once it is unused",
                setting=key.subject.at("standard"),
            )


POLICY = Policy(
    id="key-bound",
    title="An API key for the Gemini API is bound to a service account",
    group=Group.KEYS,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Replace the key with one bound to a service account, without a gap (docs/keys.md).",
    source=(
        "Google: standard and authorization keys",
        "https://ai.google.dev/gemini-api/docs/api-key",
    ),
    judge=_judge,
)
