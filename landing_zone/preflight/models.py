"""Models in limits and workloads that are gone, or will be soon."""

from collections.abc import Iterator

from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject
from landing_zone.settings.cautions import RETIRING_SOON
from landing_zone.settings.successors import retiring


def check(subject: Subject) -> Iterator[Finding]:
    """Findings about the models of a stack, as of its day."""
    for name, project in subject.settings.projects.items():
        for each in retiring(project, subject.day, RETIRING_SOON):
            yield Finding(
                "model-retires",
                Level.WARNING,
                each.text(subject.day),
                f"write {each.retirement.instead} instead",
                path=("projects", name, *each.path),
            )
