"""Cost that cannot be assigned has no owner. A project's labels are in the billing export: with an owner and a
cost-centre, an alert reaches the right people, and each cost its budget."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields


class _Options(Options):
    required: tuple[fields.LabelKey, ...] = Field(
        default=("owner", "cost-centre"), description="Labels that each project must have."
    )
    defaults: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Values for missing labels, which `remediate` adds."
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for project in facts.projects:
        labels = project.labels
        if not project.created or labels is UNKNOWN:
            continue
        missing = [name for name in options.required if not (labels or {}).get(name)]
        if missing:
            yield Finding(
                project.subject,
                f"has no label {' and no label '.join(missing)}",
                f"write labels: {{{', '.join(f'{name}: …' for name in missing)}}}",
                fixable=all(options.defaults.get(name) for name in missing),
                setting=project.subject.at("labels"),
            )


def _fix(kind: str, inputs: Mapping[str, Any], options: _Options) -> Mapping[str, Any] | None:
    labels = inputs.get("labels") or {}
    if labels is UNKNOWN:
        return None
    added = {
        name: value
        for name, value in options.defaults.items()
        if value and name in options.required and not labels.get(name)
    }
    if kind != "gcp:organizations/project:Project" or not added:
        return None
    return {**inputs, "labels": {**labels, **added}}


POLICY = Policy(
    id="labels",
    title="A project has the labels owner and cost-centre",
    group=Group.GOVERNANCE,
    severity=Severity.LOW,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Write the labels; `enforcementLevel: remediate` adds those in `defaults`.",
    source=(
        "Google: labels, and how they appear in the billing export",
        "https://cloud.google.com/resource-manager/docs/labels-overview",
    ),
    judge=_judge,
    options=_Options,
    fix=_fix,
)
