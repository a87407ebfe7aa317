"""Judging: applies every policy to the facts, with exceptions and enforcement levels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from landing_zone.policies.configuration import Configuration, Level
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.fixes import one_per_fix, within_both
from landing_zone.policies.policy import Exempt, Finding, Options, Policy, Scope
from landing_zone.policies.remarks import Remark, remarks
from landing_zone.settings.problems import nearest

_LONGEST: Final = timedelta(days=366)
"""An exception that ends later is reported as long."""


@dataclass(frozen=True)
class Outcome:
    """A finding, and the exception that covers it, if any."""

    finding: Finding
    exempt: Exempt | None


@dataclass(frozen=True)
class Verdict:
    """A violation of a policy, with its level."""

    policy: Policy
    level: Level
    finding: Finding
    exempt: Exempt | None
    also: tuple[Policy, ...] = ()
    """Other policies that it violates and that the same edit satisfies."""

    @property
    def policies(self) -> str:
        """Ids of all policies that it violates."""
        return ", ".join(policy.id for policy in (self.policy, *self.also))

    @property
    def parts(self) -> list[tuple[Policy, Finding]]:
        """Its findings, each by itself with its policy."""
        *own, last = (self.finding, *self.finding.others)
        over = self.also[0] if self.also else self.policy
        return [*((self.policy, each) for each in own), (over, last)]

    @property
    def stops(self) -> bool:
        """True if `pulumi up` stops because of it."""
        return self.exempt is None and self.level is Level.MANDATORY

    @property
    def state(self) -> str:
        """`mandatory`, `advisory`, `remediate`, or `exception`."""
        return "exception" if self.exempt else self.level.value


@dataclass(frozen=True)
class ListedException:
    """An exception and its state."""

    policy: Policy
    exempt: Exempt
    state: str
    """`in force`, `expired`, `unused`: nothing that it names breaks the policy, `unmatched`: it names nothing that was
    judged, or `not judged`: its policy is disabled."""
    similar: str | None = None
    """Closest known name, if nothing has the name in `resource`."""
    covers: tuple[str, ...] = ()
    """Labels of what it exempts."""
    long: bool = False
    """True if it ends in more than a year."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why the owner of the policies may want to narrow it."""
        return (
            *([f"did you mean {self.similar!r}?"] if self.similar else ()),
            *([f"wide: it covers {', '.join(self.covers)}"] if len(self.covers) > 1 else ()),
            *(["long: it ends in more than a year"] if self.long else ()),
        )

    def __str__(self) -> str:
        exempt = self.exempt
        when = f"{self.state} {'on' if self.state == 'expired' else 'until'} {exempt.expires}"
        text = f"exception {when}: {exempt.resource} from {self.policy.id} ({exempt.owner}: {exempt.reason})"
        return "; ".join([text, *self.remarks])

    def as_json(self) -> dict[str, Any]:
        """The exception as JSON."""
        return {
            "policy": self.policy.id,
            "resource": self.exempt.resource,
            "owner": self.exempt.owner,
            "reason": self.exempt.reason,
            "expires": self.exempt.expires.isoformat(),
            "state": self.state,
            "covers": list(self.covers),
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True)
class JudgedBy:
    """The configuration that judged an environment."""

    environment: str
    why: str
    """Why it is this environment's, such as `stack acme/prod`."""
    digest: str
    """Hash of all that judged: levels, options and environments."""

    def __str__(self) -> str:
        return f"{self.environment} ({self.why}), configuration {self.digest}"


Coverage = Literal["all", "part", "nothing"]


@dataclass(frozen=True)
class Report:
    """All verdicts on an environment."""

    name: str
    """Name of the stack, or of the audited folders and projects."""
    day: date
    verdicts: tuple[Verdict, ...]
    exceptions: tuple[ListedException, ...]
    judged: tuple[Policy, ...]
    """Policies that are not disabled."""
    idle: tuple[Policy, ...]
    """Policies among them that lack the option that they need."""
    unread: tuple[str, ...] = ()
    """Data that could not be read and is not judged, one line each."""
    coverage: Coverage = "all"
    """Share of the data that could be read."""
    configuration: tuple[str, ...] = ()
    """Configuration files; a later one overrides an earlier one."""
    environments: tuple["JudgedBy", ...] = ()
    """Configurations that it was judged by; empty if nothing was judged."""
    remarks: tuple[Remark, ...] = ()
    """Projects that are not bounded, and pass policies on spend."""

    @property
    def stopping(self) -> int:
        """Number of verdicts that stop `pulumi up`."""
        return sum(verdict.stops for verdict in self.verdicts)


def judge(
    name: str,
    facts: Facts,
    configuration: Configuration,
    *,
    remediates: bool = True,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Report:
    """Judge the facts by every policy that is not disabled.

    Args:
        name: of the stack, or of the audited folders and projects.
        facts: the facts to judge.
        configuration: levels and options of the policies.
        remediates: False if nothing applies fixes, as in an audit: level `remediate` then counts as mandatory.
        values: contents of the stack file, if the facts come from one; findings that one edit fixes are merged.
    """
    verdicts: list[Verdict] = []
    exceptions: list[ListedException] = []
    findings: dict[str, list[Finding]] = {}
    for policy in POLICIES:
        if configuration.levels[policy.id] is Level.DISABLED:
            exceptions += unjudged(policy, configuration.options[policy.id], facts.day)
    judged = [policy for policy in POLICIES if configuration.levels[policy.id] is not Level.DISABLED]
    for policy in judged:
        level, options = configuration.levels[policy.id], configuration.options[policy.id]
        found = [*outcomes(policy, facts, options)]
        findings[policy.id] = [each.finding for each in found]
        firm = [each.finding for each in found if not each.exempt]
        reported = [
            *(each for each in found if each.exempt),
            *(
                Outcome(each, None)
                for each in (*one_per_fix(firm, values), *expired(policy, options, facts.day))
            ),
        ]
        for each in reported:
            # The engine treats what it cannot remediate as mandatory.
            remains = level is Level.REMEDIATE and not (remediates and each.finding.fixable)
            verdict_level = Level.MANDATORY if remains else level
            verdicts.append(Verdict(policy, verdict_level, each.finding, each.exempt))
        exceptions += listed(policy, options, facts, found)
    idle = [policy for policy in judged if policy.idle(facts, configuration.options[policy.id])]
    return Report(
        name,
        facts.day,
        tuple(_merge_amounts(verdicts)),
        tuple(exceptions),
        tuple(judged),
        tuple(idle),
        remarks=tuple(remarks(facts, findings, [policy for policy in judged if policy not in idle])),
    )


def _merge_amounts(verdicts: list[Verdict]) -> Iterator[Verdict]:
    """Merge the two verdicts on a budget that is above its maximum and above the envelope."""
    high = [each for each in verdicts if each.finding.excess and not each.exempt]
    single = [each for each in high if each.policy.scope is Scope.EACH]
    sums = [each for each in high if each.policy.scope is Scope.WHOLE]
    pairs = [
        (own, over)
        for over in sums
        for own in single
        if over.finding.subject.name in {subject.name for subject in own.finding.subjects}
    ]
    for each in verdicts:
        over = next((over for own, over in pairs if own is each), None)
        if over:
            level = Level.MANDATORY if over.level is Level.MANDATORY else each.level
            finding = within_both(each.finding, over.finding, [own.finding for own in single])
            yield replace(each, level=level, finding=finding, also=(over.policy,))
        elif not any(over is each for _, over in pairs):
            yield each


def outcomes(policy: Policy, facts: Facts, options: Any) -> Iterator[Outcome]:
    """Findings of a policy, each with the exception in force that covers it."""
    in_force = [each for each in options.exceptions if facts.day <= each.expires]
    for finding in policy.judge(facts, options):
        found = next((each for each in in_force if each.covers(finding.subject)), None)
        yield Outcome(_with_questions(policy, facts, finding), found)


def _with_questions(policy: Policy, facts: Facts, finding: Finding) -> Finding:
    """The finding, saying what was taken for the worst because only the update will know it."""
    project = finding.subject.kind == "project" and policy.scope is Scope.WHOLE
    every = facts.open_questions.get(finding.subject.name, ()) if project else ()
    questions = [text for kind, text in every if kind in ("project", *policy.counts)]
    if not questions:
        return finding
    return replace(
        finding,
        message=f"{finding.message} ({'; '.join(questions)})",
        elsewhere=f"{finding.advice}; or write it so that a preview knows it: as a value, not as an output",
    )


def expired(policy: Policy, options: Options, day: date) -> Iterator[Finding]:
    """A finding for each expired exception: it must be renewed or removed."""
    for each in options.exceptions:
        if each.expires < day:
            yield Finding(
                Subject("exception", each.resource, each.resource, frozenset({each.resource})),
                f"has an exception from {policy.id} that expired on {each.expires} ({each.owner}: {each.reason})",
                "fix it and remove the exception, or have the owners of the policy renew it",
            )


def unjudged(policy: Policy, options: Options, day: date) -> Iterator[ListedException]:
    """Exceptions from a disabled policy."""
    for each in options.exceptions:
        yield ListedException(policy, each, "expired" if each.expires < day else "not judged")


def listed(policy: Policy, options: Options, facts: Facts, found: list[Outcome]) -> Iterator[ListedException]:
    """Exceptions from a policy, each with its state."""
    names = {name for subject in facts.subjects() for name in subject.names} if options.exceptions else set()
    for each in options.exceptions:
        covers = tuple(
            dict.fromkeys(
                subject.label
                for outcome in found
                if outcome.exempt is each
                for subject in outcome.finding.subjects
            )
        )
        similar = None if each.resource in names else nearest(each.resource, sorted(names))
        state = (
            "expired"
            if each.expires < facts.day
            else "in force"
            if covers
            else "unused"
            if each.resource in names
            else "unmatched"
        )
        yield ListedException(policy, each, state, similar, covers, facts.day + _LONGEST < each.expires)


def combined(reports: Sequence[Report]) -> Report:
    """One report on all environments that a stack or an audit has projects of."""
    first = reports[0]
    return replace(
        first,
        verdicts=tuple(each for report in reports for each in report.verdicts),
        exceptions=tuple(each for report in reports for each in report.exceptions),
        judged=tuple(policy for policy in POLICIES if any(policy in report.judged for report in reports)),
        idle=tuple(policy for policy in POLICIES if any(policy in report.idle for report in reports)),
        configuration=tuple(dict.fromkeys(file for report in reports for file in report.configuration)),
        environments=tuple(each for report in reports for each in report.environments),
        remarks=tuple(each for report in reports for each in report.remarks),
    )
