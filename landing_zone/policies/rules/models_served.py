"""Google shuts models down a few times a year. Calls to one that is gone fail, or are answered by another model at that
model's prices; a limit on its name then bounds nothing that is in use."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import Field

from landing_zone.gemini.limits import BLOCKED
from landing_zone.policies.facts import Facts, Project
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings.problems import Path
from landing_zone.settings.successors import Retiring, retiring_models


class _Options(Options):
    days: Whole = Field(default=30, description="Days before a shutdown from which it is reported.")


def _named(project: Project) -> Iterator[tuple[Path, str]]:
    """Models that the project's limits and workload name, each with its setting."""
    yield from ((("limits", model), model) for model, own in sorted(project.limits.items()) if own != BLOCKED)
    yield from ((("workload", place, "model"), model) for place, model in enumerate(project.planned))


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.projects:
        reported: set[str] = set()
        for found in retiring_models(_named(project), facts.day, timedelta(days=options.days)):
            if found.model not in reported:
                reported.add(found.model)
                yield Finding(
                    project.subject,
                    _message(found, facts),
                    f"write {found.retirement.instead} instead",
                    elsewhere=f"limit and call {found.retirement.instead} instead",
                    setting=project.subject.at(*map(str, found.path)),
                )


def _message(found: Retiring, facts: Facts) -> str:
    return f"names a model of the past: {found.text(facts.day)}"


POLICY = Policy(
    id="models-served",
    title="Limits and plans name models that Google goes on serving",
    group=Group.SPEND,
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Name the successor in limits and workload, and in the programs that call the model.",
    source=(
        "Google: deprecated models, and what answers in their place",
        "https://ai.google.dev/gemini-api/docs/deprecations",
    ),
    judge=_judge,
    options=_Options,
)
