"""Budgets cover the projects that a program manages. If the Gemini API is enabled, or a key created, in any other
project, nothing watches its spend: most surprises on a bill are such projects. Nor does anything in a project that the
owners of the policies say is not for Gemini (`notForGemini`), which needs no budget for it."""

from collections.abc import Iterator
from typing import Final

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import UNKNOWN, Facts, Project, serves_gemini
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity

_DEFAULT: Final = "the provider's project"
_LATER: Final = "a project that only the update will know"
_KNOWN: Final = (
    "write the project's id, or the projectId of a project of this program, so that a preview knows it"
)
_EXCLUDED: Final = "but the owners of the policies say that it is not for Gemini"
_REMOVE: Final = "remove it, or have the owners of the policies take the project off notForGemini"


def _shown(project: Project | None, reference: object) -> str:
    return project.subject.label if project else str(reference)


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for api in facts.apis:
        if api.service not in (GEMINI_API, UNKNOWN):
            continue
        what = "the Gemini API" if api.service == GEMINI_API else "an API that only the update will know"
        project = facts.project_of(api.project)
        if facts.excludes(api.project):
            yield Finding(
                api.subject, f"enables {what} in {_shown(project, api.project)}, {_EXCLUDED}", _REMOVE
            )
        elif api.project is UNKNOWN:
            yield Finding(api.subject, f"enables {what} in {_LATER}", _KNOWN)
        elif project is None:
            yield Finding(
                api.subject,
                f"enables {what} in {api.project or _DEFAULT}, which this program does not manage",
                "create or adopt the project here: {projectId: …, adopt: true, tier: paid}",
                elsewhere="manage the project here: gcp.organizations.Project, or gcp.billing.ProjectInfo for its link",
            )
        elif not project.managed:
            yield Finding(
                api.subject,
                f"enables the Gemini API in {api.project}, which no program manages",
                f"adopt it: gemini-lz adopt {api.project} prints its settings; if a program manages it "
                "already, label it goog-pulumi-provisioned: true",
            )
    for key in facts.keys:
        named = key.targets is UNKNOWN or any(map(serves_gemini, key.targets))
        excluded, project = facts.excludes(key.project), facts.project_of(key.project)
        if not named or (project and not excluded):
            continue
        what = "the Gemini API" if key.names_gemini else "an API that serves Gemini's models"
        what = "APIs that only the update will know" if key.targets is UNKNOWN else what
        if excluded:
            yield Finding(
                key.subject, f"opens {what} in {_shown(project, key.project)}, {_EXCLUDED}", _REMOVE
            )
        elif key.project is UNKNOWN:
            yield Finding(key.subject, f"opens {what} in {_LATER}", _KNOWN)
        else:
            yield Finding(
                key.subject,
                f"opens {what} in {key.project or _DEFAULT}, which this program does not manage",
                "create or adopt the project here: {projectId: …, adopt: true, tier: paid}",
            )


POLICY = Policy(
    id="gemini-in-managed-projects",
    title="The Gemini API is enabled only in projects that the program manages",
    group=Group.KEYS,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Adopt the project: `gemini-lz adopt PROJECT` prints its settings.",
    source=(
        "Google: API keys and the enabled APIs of their project",
        "https://ai.google.dev/gemini-api/docs/api-key",
    ),
    judge=_judge,
)
