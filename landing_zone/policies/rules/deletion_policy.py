"""A project's deletion policy is what pulumi_gcp does when the project is removed from the program. `DELETE` shuts it
down with everything in it, and after 30 days it cannot be restored."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


class _Options(Options):
    allowed: tuple[Literal["PREVENT", "UNLINK", "ABANDON", "DELETE"], ...] = Field(
        default=("PREVENT", "UNLINK", "ABANDON"),
        min_length=1,
        description="Allowed policies; `remediate` sets the first.",
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.projects:
        if not project.created or project.deletion in (None, UNKNOWN, *options.allowed):
            continue
        yield Finding(
            project.subject,
            f"has the deletion policy {project.deletion}",
            f"write deletionPolicy: {' or '.join(options.allowed)}",
            fixable=True,
            setting=project.subject.at("deletionPolicy"),
        )


def _fix(kind: str, inputs: Mapping[str, Any], options: _Options) -> Mapping[str, Any] | None:
    if kind != "gcp:organizations/project:Project" or (inputs.get("deletionPolicy") or "PREVENT") in (
        UNKNOWN,
        *options.allowed,
    ):
        return None
    return {**inputs, "deletionPolicy": options.allowed[0]}


POLICY = Policy(
    id="deletion-policy",
    title="A project is not deleted when it is removed from the program",
    group=Group.GOVERNANCE,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Write `deletionPolicy: PREVENT`.",
    source=(
        "Google: shutting projects down",
        "https://cloud.google.com/resource-manager/docs/creating-managing-projects#shutting_down_projects",
    ),
    judge=_judge,
    options=_Options,
    fix=_fix,
)
