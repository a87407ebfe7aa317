"""A key that opens other APIs besides the Gemini API is worth more to a thief, and cannot be deleted without breaking
its other users."""

from collections.abc import Iterator

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        if key.targets is UNKNOWN or GEMINI_API not in key.targets:
            continue
        if others := sorted(set(key.targets) - {GEMINI_API}):
            yield Finding(
                key.subject,
                f"opens {', '.join(others)} besides the Gemini API",
                f"restrict it to {GEMINI_API}",
            )


POLICY = Policy(
    id="key-gemini-only",
    title="An API key for the Gemini API opens no other API",
    group=Group.KEYS,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Create a separate key for each API.",
    source=(
        "Google: use separate keys for each API and application",
        "https://cloud.google.com/docs/authentication/api-keys-best-practices",
    ),
    judge=_judge,
)
