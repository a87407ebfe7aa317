"""Other APIs serve the same models: Vertex AI, Firebase AI Logic and others. Neither limits nor spend caps of the
Gemini API bind them, budgets count another service, and their cost is in no figure here. In a project for Gemini they
are a way around everything that this stack sets, and in another paid project of the program nothing is set at all. A
project that the owners of the policies say is not for Gemini (`notForGemini`) has none of them."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini import GEMINI_API, OTHER_DOORS, service_name
from landing_zone.policies.facts import UNKNOWN, Api, Facts, Project
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


class _Options(Options):
    allowed: tuple[str, ...] = Field(
        default=(), description="Services that may be enabled, as aiplatform.googleapis.com."
    )


def _spends(facts: Facts, project: Project | None) -> bool:
    """True if a project is paid or has the Gemini API, or may."""
    if project is None:
        return True
    return project.paid or any(
        api.service in (GEMINI_API, UNKNOWN) and (api.project is UNKNOWN or api.project in project.ids)
        for api in facts.apis
    )


def _defect(facts: Facts, api: Api, allowed: set[str]) -> str | None:
    if api.service in allowed:
        return None
    project = facts.project_of(api.project)
    excluded = facts.excludes(api.project)
    where = api.project or "the provider's project"
    if isinstance(where, str) and project:
        where = project.subject.label
    elif api.project is UNKNOWN:
        where = "a project that only the update will know"
    if api.service is UNKNOWN and (excluded or _spends(facts, project)):
        return f"enables an API that only the update will know in {where}: it may serve Gemini's models"
    if api.service in OTHER_DOORS and excluded:
        return (
            f"enables {OTHER_DOORS[str(api.service)]} in {where}, which serves Gemini's models: the owners of the "
            "policies say that the project is not for Gemini"
        )
    if api.service in OTHER_DOORS and _spends(facts, project):
        return (
            f"enables {OTHER_DOORS[str(api.service)]} in {where}: it serves Gemini's models without the limits and "
            "caps of the Gemini API"
        )
    return None


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    allowed = {service_name(each) for each in options.allowed}
    for api in facts.apis:
        if defect := _defect(facts, api, allowed):
            yield Finding(
                api.subject,
                defect,
                "write the API's name so that a preview knows it"
                if api.service is UNKNOWN
                else "remove it, or have the owners of the policies allow the service",
                live="disable it, or have the owners of the policies allow the service",
            )


POLICY = Policy(
    id="other-doors",
    title="No other API serves Gemini's models in a paid project, or beside the Gemini API",
    group=Group.SPEND,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Remove the API, or have the owners of the policies allow the service.",
    source=(
        "Firebase: AI Logic calls Gemini through the Gemini Developer API or Vertex AI",
        "https://firebase.google.com/docs/ai-logic",
    ),
    judge=_judge,
    options=_Options,
)
