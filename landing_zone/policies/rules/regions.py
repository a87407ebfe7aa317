"""The Gemini API itself has no region to choose. What stands beside it has: topics, buckets, functions and logs hold
prompts, answers and keys. And an organization may offer its applications in some countries alone."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini.regions import EEA
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity
from landing_zone.settings import fields
from landing_zone.settings.types import USERS_LABEL


class _Options(Options):
    locations: tuple[str, ...] = Field(
        default=(),
        description="Where resources may be, as europe-west1 or europe; none: anywhere. global always may.",
    )
    users: tuple[fields.Country, ...] = Field(
        default=(), description="Where users may be: ISO 3166 codes, or EEA; none: anywhere."
    )


def _within(location: str, allowed: tuple[str, ...]) -> bool:
    """Whether a location is one of those allowed, or in one: europe-west1-b in europe-west1 and in europe."""
    name = location.lower()
    return name == "global" or any(
        name == each or name.startswith(f"{each}-") for each in map(str.lower, allowed)
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for place in facts.places if options.locations else ():
        if place.location is not UNKNOWN and not _within(place.location, options.locations):
            yield Finding(
                place.subject,
                f"is in {place.location}, and may be in {' or '.join(options.locations)} alone",
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
                f"has users in {', '.join(outside)}, and may have them in {' or '.join(options.users)} alone",
                "do not offer it there and take them out of users, or have the policy changed",
                elsewhere=f"do not offer it there and take them out of the label {USERS_LABEL}, or have the policy "
                "changed",
                place=project.subject.at("users"),
            )


POLICY = Policy(
    id="regions",
    title="Resources and users are where the organization allows them",
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Move the resource, or have the list of places extended.",
    source=(
        "Gemini API: available regions",
        "https://ai.google.dev/gemini-api/docs/available-regions",
    ),
    judge=_judge,
    options=_Options,
    needs=("locations", "users"),
)
