"""Deleting a project stops all that runs in it at once; its id never comes back. Deleting a key breaks whoever uses it.
Both take one line removed from a stack file. Pulumi's `protect` makes that two decisions instead of one."""

from collections.abc import Iterator

from landing_zone.policies.facts import DELETION, UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for subject, protected in (
        *(
            (project.subject, project.protected)
            for project in facts.projects
            if project.created and not any(lien is UNKNOWN or lien in project.ids for lien in facts.liens)
        ),
        *((key.subject, key.protected) for key in facts.keys),
    ):
        if protected is False:
            yield Finding(
                subject,
                "is not protected from being deleted",
                "write protect: true",
                elsewhere="protect it: pulumi.ResourceOptions(protect=True), or a lien on the project",
                live=f"put a lien on it: gcloud alpha resource-manager liens create --restrictions={DELETION}",
            )


POLICY = Policy(
    id="protected",
    title="In production, projects and keys are protected from being deleted",
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `protect: true` in the project, or `pulumi.ResourceOptions(protect=True)`.",
    source=("Pulumi: the protect option", "https://www.pulumi.com/docs/iac/concepts/options/protect/"),
    judge=_judge,
)
