"""Deleting a project stops all that runs in it at once, and its id never comes back. It takes one line removed from a
stack file. Pulumi's `protect` makes that two decisions instead of one. Keys are not judged: one that has leaked must go
by one change."""

from collections.abc import Iterator

from landing_zone.policies.facts import DELETION, UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.projects:
        kept_by_lien = any(lien is UNKNOWN or lien in project.ids for lien in facts.liens)
        if project.created and project.protected is False and not kept_by_lien:
            yield Finding(
                project.subject,
                "is not protected from being deleted",
                "write protect: true",
                elsewhere="protect it: pulumi.ResourceOptions(protect=True), or a lien on the project",
                live=f"put a lien on it: gcloud alpha resource-manager liens create --restrictions={DELETION}",
                place=project.subject.at("protect"),
            )


POLICY = Policy(
    id="protected",
    title="In production, projects are protected from being deleted",
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `protect: true` in the project, or `pulumi.ResourceOptions(protect=True)`.",
    source=("Pulumi: the protect option", "https://www.pulumi.com/docs/iac/concepts/options/protect/"),
    judge=_judge,
)
