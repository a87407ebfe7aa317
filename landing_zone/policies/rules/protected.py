"""Deleting a project stops everything in it at once, and its id cannot be used again. Removing one line from a stack
file is enough. Pulumi's `protect` makes it two decisions instead of one. Keys are not judged: deleting a leaked key
must take one change. A lien counts if its project and its restrictions are known in the preview."""

from collections.abc import Iterator

from landing_zone.policies.facts import DELETION, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.projects:
        has_lien = any(lien in project.ids for lien in facts.liens)
        if project.created and project.protected is False and not has_lien:
            yield Finding(
                project.subject,
                "is not protected from deletion",
                "write protect: true",
                elsewhere="protect it: pulumi.ResourceOptions(protect=True), or a lien on the project",
                live=f"put a lien on it: gcloud alpha resource-manager liens create --restrictions={DELETION}",
                setting=project.subject.at("protect"),
            )


POLICY = Policy(
    id="protected",
    title="In production, projects are protected from deletion",
    group=Group.GOVERNANCE,
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `protect: true` in the project, or `pulumi.ResourceOptions(protect=True)`.",
    source=("Pulumi: the protect option", "https://www.pulumi.com/docs/iac/concepts/options/protect/"),
    judge=_judge,
)
