"""The Gemini API itself has no region to choose. The resources beside it do: topics, buckets, functions and logs hold
prompts, responses and keys. And an organization may offer its applications in some countries only."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini.regions import EEA
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields
from landing_zone.settings.types import USERS_LABEL


class _Options(Options):
    locations: tuple[str, ...] = Field(
        default=(),
        description="Allowed locations of resources, as europe-west1 or europe; empty: all. global is always allowed.",
    )
    users: tuple[fields.Country, ...] = Field(
        default=(), description="Allowed countries of users: ISO 3166 codes, or EEA; empty: all."
    )


def _within(location: str, allowed: tuple[str, ...]) -> bool:
    """True if a location is allowed, or is in an allowed one: europe-west1-b in europe-west1 and in europe."""
    name = location.lower()
    return name == "global" or any(
        name == each or name.startswith(f"{each}-") for each in map(str.lower, allowed)
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for location in facts.locations if options.locations else ():
        if location.name is not UNKNOWN and not _within(location.name, options.locations):
            yield Finding(
                location.subject,
                f"is in {location.name}; allowed: {', '.join(options.locations)}",
                "move it, or have the policy changed",
            )
    allowed = {*options.users, *(EEA if "EEA" in options.users else ())}
    for project in facts.projects if allowed else ():
        if not project.users or project.users is UNKNOWN:
            continue
        outside = [country for country in project.users if country not in allowed]
        if outside:
            yield Finding(
                project.subject,
                f"has users in {', '.join(outside)}; allowed: {', '.join(options.users)}",
                "do not offer it there and remove them from users, or have the policy changed",
                elsewhere=f"do not offer it there and remove them from the label {USERS_LABEL}, or have the policy "
                "changed",
                setting=project.subject.at("users"),
            )


POLICY = Policy(
    id="regions",
    title="Resources and users are in allowed locations",
    group=Group.DATA,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Move the resource, or have the location allowed.",
    source=(
        "Gemini API: available regions",
        "https://ai.google.dev/gemini-api/docs/available-regions",
    ),
    judge=_judge,
    options=_Options,
    needs=("locations", "users"),
)
