"""A program that adopts a project changes something that others have created: it links it to its billing account,
lowers its limits and creates keys in it. Which projects those may be is not for the program to decide. A project that a
program imports looks like one that it creates, and is not seen here."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


class _Options(Options):
    projects: tuple[str, ...] | None = Field(
        default=None,
        description="Ids of the projects that may be adopted; [] for none. If left out, nothing is judged.",
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.projects is None:
        return
    for project in facts.projects:
        if not project.created and project.ids.isdisjoint(options.projects):
            yield Finding(
                project.subject,
                "is adopted, and is not among the projects that may be",
                "create a project with another projectId, or have the owners of the policies allow its adoption",
                setting=project.subject.at("adopt"),
            )


POLICY = Policy(
    id="adoption",
    title="Only named projects are adopted",
    group=Group.GOVERNANCE,
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Create a project instead, or have the owners of the policies allow the adoption.",
    source=(
        "Google: changing a project's billing link needs a role on the project alone",
        "https://cloud.google.com/billing/docs/how-to/modify-project",
    ),
    judge=_judge,
    options=_Options,
    needs=("projects",),
)
