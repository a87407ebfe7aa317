"""A project's deletion policy is what Google's provider does when the project leaves the program. `DELETE` shuts it
down with all that is in it, and after 30 days nothing brings it back."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


class _Options(Options):
    allowed: tuple[Literal["PREVENT", "UNLINK", "ABANDON", "DELETE"], ...] = Field(
        default=("PREVENT", "UNLINK", "ABANDON"),
        min_length=1,
        description="What is allowed; the first is what it is mended to.",
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.projects:
        if not project.created or project.deletion in (None, UNKNOWN, *options.allowed):
            continue
        yield Finding(
            project.subject,
            f"has the deletion policy {project.deletion}",
            f"write deletionPolicy: {' or '.join(options.allowed)}",
            mended=True,
            place=project.subject.at("deletionPolicy"),
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
    title="A project is not deleted when it leaves the program",
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
