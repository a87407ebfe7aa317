"""An API key without restrictions opens every API that is enabled in its project, now or later. Keys created for maps
years ago, and published in web pages, became keys for Gemini that way. The Gemini API refuses such keys since
2026-06-19; other APIs of the project do not."""

from collections.abc import Iterator

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        if key.targets == ():
            yield Finding(
                key.subject,
                "is not restricted: it opens every API of its project",
                f"restrict it to the API that it is for, such as {GEMINI_API}",
            )


POLICY = Policy(
    id="key-restricted",
    title="No API key is unrestricted",
    group=Group.KEYS,
    severity=Severity.CRITICAL,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Restrict the key to the Gemini API, or delete it.",
    source=(
        "Google: restrict API keys",
        "https://cloud.google.com/docs/authentication/api-keys#api_key_restrictions",
    ),
    judge=_judge,
)
