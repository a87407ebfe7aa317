"""A project inherits roles, organization policies and log sinks from its folder. In another folder, or in none, rules
that the organization relies on do not hold for it. The policy compares the folder or organization that a project is
directly in."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields


class _Options(Options):
    parents: tuple[fields.Parent, ...] = Field(
        default=(),
        description="Allowed parents of projects, as folders/123456789012 or organizations/123456789012; if left out, "
        "nothing is judged.",
    )


def _shown(parent: str | None) -> str:
    if parent is None:
        return "no folder or organization"
    return "a folder that this program creates" if parent.startswith("urn:") else parent


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if not options.parents:
        return
    allowed = ", ".join(options.parents)
    for project in facts.projects:
        # The parent of an adopted project is not the program's to choose.
        if not project.created or project.parent is UNKNOWN or project.parent in options.parents:
            continue
        kind, _, number = options.parents[0].partition("/")
        yield Finding(
            project.subject,
            f"is in {_shown(project.parent)}; allowed: {allowed}",
            f"write parent: {options.parents[0]}",
            elsewhere=f"write {'folderId' if kind == 'folders' else 'orgId'}: {number}",
            live=f"move it: gcloud beta projects move --{kind.removesuffix('s')}={number}",
            setting=project.subject.at("parent"),
        )


POLICY = Policy(
    id="parents",
    title="Projects are in allowed folders",
    group=Group.GOVERNANCE,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Create the project in an allowed folder, or have the owners of the policies allow its parent.",
    source=(
        "Google: policies are inherited down the resource hierarchy",
        "https://cloud.google.com/resource-manager/docs/cloud-platform-resource-hierarchy",
    ),
    judge=_judge,
    options=_Options,
    needs=("parents",),
)
