"""The verdict: every policy on the facts, less what is exempt, with what breaking it does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from landing_zone.policies.catalogue import POLICIES
from landing_zone.policies.configuration import Configuration, Level
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.fixes import one_a_fix, one_amount
from landing_zone.policies.policy import Exempt, Finding, Options, Policy, Scope
from landing_zone.settings.problems import nearest


@dataclass(frozen=True)
class Outcome:
    """A finding, and the exception that covers it."""

    finding: Finding
    exempt: Exempt | None


@dataclass(frozen=True)
class Verdict:
    """A policy that something does not keep to."""

    policy: Policy
    level: Level
    finding: Finding
    exempt: Exempt | None
    also: tuple[Policy, ...] = ()
    """Other policies that it breaks and that the same edit keeps to."""

    @property
    def policies(self) -> str:
        """The ids of all that it breaks."""
        return ", ".join(policy.id for policy in (self.policy, *self.also))

    @property
    def stops(self) -> bool:
        """Whether `pulumi up` stops on it."""
        return self.exempt is None and self.level is Level.MANDATORY

    @property
    def state(self) -> str:
        """`mandatory`, `advisory`, `remediate`, or `exception`."""
        return "exception" if self.exempt else self.level.value


@dataclass(frozen=True)
class Listed:
    """An exception, and what has become of it."""

    policy: Policy
    exempt: Exempt
    state: str
    """`in force`, `expired`, `unused`, or `not judged`: its policy is disabled."""
    meant: str | None = None
    """What is called nearly so, where nothing is called so."""

    def __str__(self) -> str:
        exempt = self.exempt
        when = f"{self.state} {'on' if self.state == 'expired' else 'until'} {exempt.expires}"
        near = f"; did you mean {self.meant!r}?" if self.meant else ""
        return f"exception {when}: {exempt.resource} from {self.policy.id} ({exempt.owner}: {exempt.reason}){near}"

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "policy": self.policy.id,
            "resource": self.exempt.resource,
            "owner": self.exempt.owner,
            "reason": self.exempt.reason,
            "expires": self.exempt.expires.isoformat(),
            "state": self.state,
        }


Coverage = Literal["all", "part", "nothing"]


@dataclass(frozen=True)
class Report:
    """All verdicts on an environment."""

    name: str
    """The stack's, or what was audited."""
    day: date
    verdicts: tuple[Verdict, ...]
    exceptions: tuple[Listed, ...]
    judged: tuple[Policy, ...]
    """Those that are not disabled."""
    idle: tuple[Policy, ...]
    """Those of them that have nothing set to judge by."""
    unread: tuple[str, ...] = ()
    """What could not be read, and is not judged; a line each."""
    coverage: Coverage = "all"
    """Whether all, a part or nothing could be read."""
    configuration: tuple[str, ...] = ()
    """The files that set it, a later one over an earlier."""

    @property
    def stopping(self) -> int:
        """How many verdicts `pulumi up` stops on."""
        return sum(verdict.stops for verdict in self.verdicts)


def judge(
    name: str,
    facts: Facts,
    configuration: Configuration,
    *,
    mends: bool = True,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Report:
    """Judge everything there is by every policy that is not disabled.

    `mends`: whether there is what mends anything. `values`: what the stack file says, if the facts are from one; what
    one edit of it puts right is one verdict.
    """
    verdicts: list[Verdict] = []
    exceptions: list[Listed] = []
    for policy in POLICIES:
        if configuration.levels[policy.id] is Level.DISABLED:
            exceptions += unjudged(policy, configuration.options[policy.id], facts.day)
    judged = [policy for policy in POLICIES if configuration.levels[policy.id] is not Level.DISABLED]
    for policy in judged:
        level, options = configuration.levels[policy.id], configuration.options[policy.id]
        found = [*outcomes(policy, facts, options)]
        # An exception that has run out is nobody's to mend but a person's.
        firm = [each.finding for each in found if not each.exempt]
        told = [
            *(each for each in found if each.exempt),
            *(
                Outcome(each, None)
                for each in (*one_a_fix(firm, values), *expired(policy, options, facts.day))
            ),
        ]
        for each in told:
            # What is not mended is as a mandatory one to the engine.
            kept = level is Level.REMEDIATE and not (mends and each.finding.mended)
            verdict_level = Level.MANDATORY if kept else level
            verdicts.append(Verdict(policy, verdict_level, each.finding, each.exempt))
        exceptions += listed(policy, options, facts, found)
    idle = [policy for policy in judged if policy.idle(facts, configuration.options[policy.id])]
    return Report(
        name, facts.day, tuple(_one_amount(verdicts)), tuple(exceptions), tuple(judged), tuple(idle)
    )


def _one_amount(verdicts: list[Verdict]) -> Iterator[Verdict]:
    """The verdicts; those on a budget that is too high by itself and with the others as one, with one amount."""
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
            finding = one_amount(each.finding, over.finding, [own.finding for own in single])
            yield replace(each, level=level, finding=finding, also=(over.policy,))
        elif not any(over is each for _, over in pairs):
            yield each


def outcomes(policy: Policy, facts: Facts, options: Any) -> Iterator[Outcome]:
    """What does not keep to a policy, with the exceptions that are in force."""
    in_force = [each for each in options.exceptions if facts.day <= each.expires]
    for finding in policy.judge(facts, options):
        yield Outcome(finding, next((each for each in in_force if each.covers(finding.subject)), None))


def expired(policy: Policy, options: Options, day: date) -> Iterator[Finding]:
    """Exceptions that have run out, each a finding of its own: somebody is to renew it or to take it out."""
    for each in options.exceptions:
        if each.expires < day:
            yield Finding(
                Subject("exception", each.resource, each.resource, frozenset({each.resource})),
                f"has an exception from {policy.id} that expired on {each.expires} ({each.owner}: {each.reason})",
                "mend it and take the exception out, or have it renewed by those who answer for the policy",
            )


def unjudged(policy: Policy, options: Options, day: date) -> Iterator[Listed]:
    """The exceptions from a policy that is disabled."""
    for each in options.exceptions:
        yield Listed(policy, each, "expired" if each.expires < day else "not judged")


def listed(policy: Policy, options: Options, facts: Facts, found: list[Outcome]) -> Iterator[Listed]:
    """A policy's exceptions, with what has become of them among its outcomes."""
    names = {name for subject in facts.subjects() for name in subject.names} if options.exceptions else set()
    for each in options.exceptions:
        meant = None if each.resource in names else nearest(each.resource, sorted(names))
        yield Listed(policy, each, _state(each, found, facts.day), meant)


def _state(exempt: Exempt, found: list[Outcome], day: date) -> str:
    if exempt.expires < day:
        return "expired"
    return "in force" if any(each.exempt is exempt for each in found) else "unused"
