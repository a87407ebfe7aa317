"""Google shuts models down a few times a year. Calls to one that is gone fail, or are answered by another model at that
model's prices; a limit on its name then bounds nothing that is in use."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import Field

from landing_zone.gemini.limits import BLOCKED
from landing_zone.policies.facts import Facts
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings.successors import named_models, retiring_models


class _Options(Options):
    days: Whole = Field(default=30, description="Days before a shutdown from which it is reported.")


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.projects:
        reported: set[str] = set()
        limits = sorted(model for model, own in project.limits.items() if own != BLOCKED)
        named = named_models(limits, project.planned)
        for found in retiring_models(named, facts.day, timedelta(days=options.days)):
            if found.model not in reported:
                reported.add(found.model)
                yield Finding(
                    project.subject,
                    f"names a model of the past: {found.text(facts.day)}",
                    f"write {found.retirement.instead} instead",
                    elsewhere=f"limit and call {found.retirement.instead} instead",
                    setting=project.subject.at(*map(str, found.path)),
                )


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
