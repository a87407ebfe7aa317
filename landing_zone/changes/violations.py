"""Violations of policies that a change brings, cures, or hides by changing the policies' configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from landing_zone.changes.files import Files
from landing_zone.changes.state import Figures, State
from landing_zone.policies.environments import Placement
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.formats import Position, path_of
from landing_zone.policies.judge import Verdict
from landing_zone.policies.policy import Finding, Policy
from landing_zone.policies.rulebook import Rulebook

_RANKS: Final = {
    state: rank for rank, state in enumerate(("", "exception", "remediate", "advisory", "mandatory"))
}
"""State of a verdict -> its strictness; what an exception covers is no violation."""
_VIOLATED: Final = _RANKS["remediate"]

_Key = tuple[str, str, str]
"""Policy, and kind and name of what violates it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of a policy, and the level at which it judges."""

    policy: Policy
    finding: Finding
    state: str
    """As `Verdict.state`."""
    where: str = ""
    """File, line and path of what violates it."""

    @property
    def rank(self) -> int:
        """Its strictness."""
        return _RANKS[self.state]


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation whose state differs, or that is there on one side."""

    judged: Judged
    """As the change leaves it, at the strictest of the two configurations; as it was, where nothing is left."""
    before: str
    """Its state before the change; empty: there was none."""
    by_base: str
    """Its state after the change by the configuration of the base; empty: none."""
    by_own: str
    """By the configuration that the change leaves."""

    @property
    def hidden(self) -> bool:
        """True if the change's own configuration asks for less than that of the base."""
        return _RANKS[self.by_own] < _RANKS[self.by_base]

    @property
    def text(self) -> str:
        """The defect."""
        return f"{self.judged.finding.subject.label} {self.judged.finding.message}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        policy, finding = self.judged.policy, self.judged.finding
        return {
            "policy": policy.id,
            "severity": policy.severity.value,
            "resource": finding.subject.label,
            "message": finding.message,
            "remedy": finding.advice,
            "page": policy.page,
            "at": self.judged.where,
            "before": self.before or None,
            "after": self.by_own or None,
            "afterByBaseConfiguration": self.by_base or None,
        }


@dataclass(frozen=True, slots=True)
class Violations:
    """The violations of a stack, by their fate in the change."""

    new: tuple[Violation, ...] = ()
    """Also those that only the configuration of the base reports, or only that of the change."""
    cured: tuple[Violation, ...] = ()
    loosened: tuple[Violation, ...] = ()
    """Still there, and judged at a lower level, or not at all, because of the configuration or the environment."""
    tightened: tuple[Violation, ...] = ()
    """Still there, and judged at a higher level."""
    unchanged: Mapping[str, int] = field(default_factory=dict)
    """Level -> number."""
    environments: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Environments whose configurations judge, before and after."""

    @property
    def stopping(self) -> tuple[Violation, ...]:
        """Mandatory violations that were not mandatory before the change, by either configuration."""
        return tuple(each for each in (*self.new, *self.tightened) if each.judged.state == "mandatory")

    @property
    def moved(self) -> bool:
        """True if another environment judges."""
        return self.environments[0] != self.environments[1] and bool(self.environments[0])

    @property
    def any(self) -> bool:
        """True if there is anything to report."""
        return bool(self.new or self.cured or self.loosened or self.tightened or self.moved)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "new": [each.as_json() for each in self.new],
            "cured": [each.as_json() for each in self.cured],
            "loosened": [each.as_json() for each in self.loosened],
            "tightened": [each.as_json() for each in self.tightened],
            "unchanged": dict(self.unchanged),
            "environments": {"before": list(self.environments[0]), "after": list(self.environments[1])},
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """The two configurations of the policies; the same one twice if one of them cannot be read."""

    base: Rulebook
    own: Rulebook
    before: Files
    after: Files
    organization: Mapping[str, str]
    """Stack -> its organization, where the command names it."""

    def violations(self, before: State | None, after: State | None) -> Violations:
        """The violations of a stack by their fate; none for a file that is gone after the change, or has mistakes.

        Before a file that was not there, or had mistakes, nothing was violated.
        """
        if after is None or after.figures is None:
            return Violations()
        old, were = self._judged(before, self.base, self.before)
        by_base, by = self._judged(after, self.base, self.after)
        by_own, are = (by_base, by) if self.own is self.base else self._judged(after, self.own, self.after)
        found: dict[str, list[Violation]] = {"new": [], "cured": [], "loosened": [], "tightened": []}
        unchanged: dict[str, int] = {}
        for key in dict.fromkeys([*by_own, *by_base, *old]):
            sides = [side.get(key) for side in (old, by_base, by_own)]
            was, based, owned = (each.rank if each else 0 for each in sides)
            strictest = max((each for each in sides[1:] if each), key=lambda each: each.rank, default=None)
            shown = strictest or sides[0]
            assert shown  # noqa: S101 the key is one of theirs
            states = (each.state if each else "" for each in sides)
            kind = _kind(was, based, owned)
            if kind == "unchanged":
                unchanged[shown.state] = unchanged.get(shown.state, 0) + 1
            elif kind:
                found[kind].append(Violation(shown, *states))
        return Violations(
            **{kind: tuple(each) for kind, each in found.items()},
            unchanged=unchanged,
            environments=(were, are),
        )

    def _judged(
        self, state: State | None, rules: Rulebook, files: Files
    ) -> tuple[dict[_Key, Judged], tuple[str, ...]]:
        """All violations by a configuration, and the environments whose configurations judge."""
        if state is None or state.figures is None:
            return {}, ()
        environments, figures = rules.environments, state.figures
        facts = facts_of(figures.settings, figures.day, environments, figures.source.gcp)
        organization = self.organization.get(state.name, "")
        own = environments.of_stack(organization, files.pulumi_project, state.name)
        report = rules.judge(state.name, facts, Placement(environments, own), f"stack {state.name}")
        found: dict[_Key, Judged] = {}
        for verdict in report.verdicts:
            for key, judged in _parts(verdict, figures):
                if key not in found or found[key].rank < judged.rank:
                    found[key] = replace(judged, where=files.shown(judged.where))
        return found, tuple(each.environment for each in report.environments)


def _kind(was: int, based: int, owned: int) -> str:
    """The fate of a violation, from its rank before the change, and after it by either configuration."""
    least, most = min(based, owned), max(based, owned)
    if was < _VIOLATED:
        return "new" if most >= _VIOLATED else ""
    if not most:
        return "cured"
    if most > was:
        return "tightened"
    return "loosened" if least < was else "unchanged"


def _parts(verdict: Verdict, figures: Figures) -> Sequence[tuple[_Key, Judged]]:
    found = []
    for policy, finding in verdict.parts:
        subject, source = finding.subject, figures.source
        at = Position()
        if subject.path:
            at = Position(source.file, source.line(subject.path), source.keys)
        where = ": ".join(filter(None, (str(at), path_of(subject, at))))
        found.append(((policy.id, subject.kind, subject.name), Judged(policy, finding, verdict.state, where)))
    return found
