"""Remarks on what passes: a project that is not bounded passes policies that say nothing of its worst case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.policy import Finding, Group, Policy
from landing_zone.policies.worst_case import not_bounded


@dataclass(frozen=True)
class Remark:
    """A project that is not bounded, and the policies on spend that it passes."""

    subject: Subject
    why: str
    """What can be spent without a bound."""
    passed: tuple[Policy, ...]

    def __str__(self) -> str:
        names = ", ".join(policy.id for policy in self.passed)
        return f"{self.subject.label} passes {names}, and is not bounded: {self.why}"


def remarks(
    facts: Facts, found: Mapping[str, Sequence[Finding]], judged: Sequence[Policy]
) -> Iterator[Remark]:
    """A remark for each paid project that is not bounded. `found`: the findings of each policy, by its id."""
    spend = [policy for policy in judged if policy.group is Group.SPEND]
    for project in facts.paid():
        why = not_bounded(facts, project)
        passed = tuple(
            policy
            for policy in spend
            if not any(project.subject.names & each.subject.names for each in found[policy.id])
        )
        if why and passed:
            yield Remark(project.subject, why, passed)
