"""A fleet's run in figures: stacks by outcome, resources by kind, and money by currency."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

from landing_zone.fleet.drifts import counts
from landing_zone.fleet.outcome import DONE, FAILED, LOCKED, SKIPPED, STOPPED, Outcome
from landing_zone.pricing.money import EXACT, Money, plain
from landing_zone.reports.summary import amounts_in
from landing_zone.reports.worst_month import UNBOUNDED

STATES: Final = (DONE, FAILED, LOCKED, SKIPPED, STOPPED)
Amounts = dict[str, Decimal]
"""By currency."""


@dataclass(frozen=True)
class Summary:
    """What became of a fleet."""

    verb: str
    outcomes: tuple[Outcome, ...]
    """In the order of their names."""
    seconds: float

    @property
    def states(self) -> dict[str, int]:
        """Outcome → stacks, for those that there are."""
        found = Counter(each.state for each in self.outcomes)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def earlier(self) -> int:
        """Stacks that an earlier run has done."""
        return sum(each.earlier for each in self.outcomes)

    @property
    def changes(self) -> dict[str, int]:
        """`created`, `unchanged`, … → resources."""
        return dict(sum((Counter(each.changes) for each in self._own), Counter[str]()))

    @property
    def resources(self) -> dict[str, dict[str, int]]:
        """Kind of resource → operation → number."""
        found: dict[str, Counter[str]] = {}
        for each in self._own:
            for name, count in each.resources.items():
                kind, _, operation = name.rpartition(" ")
                found.setdefault(kind, Counter())[operation] += count
        return {kind: dict(found[kind]) for kind in sorted(found)}

    @property
    def refused(self) -> int:
        """Resources that Google, or a policy, refused."""
        return sum(each.refused for each in self._own)

    @property
    def months(self) -> dict[str, tuple[Decimal | None, Decimal | None]]:
        """Currency → the worst month of all stacks that have said it, before and after; each stack's is rounded up.

        None where nothing bounds that of one: the sum of the others would be less than the truth.
        """
        before, after = (self._month(side) for side in ("before", "after"))
        names = dict.fromkeys([*before, *after])
        sums = {name: (before.get(name, Decimal(0)), after.get(name, Decimal(0))) for name in names}
        was, now = (self._is_open(side) for side in ("before", "after"))
        return {name: (None if was else one, None if now else other) for name, (one, other) in sums.items()}

    @property
    def not_bounded(self) -> list[str]:
        """Stacks whose worst month nothing bounds, after the run."""
        return [each.stack for each in self.outcomes if UNBOUNDED in (each.after or "")]

    @property
    def unknown(self) -> list[str]:
        """Stacks that have not said their worst month: it is in no sum."""
        return [each.stack for each in self.outcomes if not each.after]

    @property
    def planned(self) -> Amounts:
        """Currency → the expected cost of this month, of all stacks whose file is right."""
        return total({name: Decimal(text) for name, text in each.planned.items()} for each in self.outcomes)

    @property
    def differences(self) -> list[dict[str, Any]]:
        """What drift has found, each with its stack."""
        return [
            {"stack": each.stack, **found}
            for each in self.outcomes
            for found in (each.drift or {}).get("differences", ())
        ]

    @property
    def unread(self) -> list[str]:
        """What drift could not read: the stack, and the sentence."""
        return [
            f"{each.stack}: {text}" for each in self.outcomes for text in (each.drift or {}).get("unread", ())
        ]

    @property
    def exit_code(self) -> int:
        """0 all done; 1 some failed; 3 some locked, and no other failed; 130 stopped.

        Of drift: 0 nothing differs; 1 something does; 2 nothing does, and something could not be read; 130.
        """
        states = self.states
        if STOPPED in states:
            return 130
        if self.verb == "drift":
            differs = any(counts(each) for each in self.differences)
            return 1 if differs else 2 if self.unread or FAILED in states else 0
        if FAILED in states:
            return 1
        return 3 if LOCKED in states else 1 if SKIPPED in states else 0

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verb": self.verb,
            "exitCode": self.exit_code,
            "stacks": self.states,
            "earlier": self.earlier,
            "changes": self.changes,
            "resources": self.resources,
            "refused": self.refused,
            "worstMonth": [
                {"currency": name, "before": _json(before), "after": _json(after)}
                for name, (before, after) in self.months.items()
            ],
            "notBounded": self.not_bounded,
            "unknown": self.unknown,
            "planned": [{"currency": name, "expected": plain(each)} for name, each in self.planned.items()],
            "seconds": round(self.seconds, 1),
            **({"differences": self.differences, "unread": self.unread} if self.verb == "drift" else {}),
            "outcomes": [each.as_json() for each in self.outcomes],
        }

    @property
    def _own(self) -> list[Outcome]:
        """Those of this run."""
        return [each for each in self.outcomes if not each.earlier]

    def _month(self, side: Literal["before", "after"]) -> Amounts:
        return total(amounts_in(getattr(each, side) or "") for each in self.outcomes if each.after)

    def _is_open(self, side: Literal["before", "after"]) -> bool:
        return any(UNBOUNDED in (getattr(each, side) or "") for each in self.outcomes)


def _json(amount: Decimal | None) -> str:
    return "unlimited" if amount is None else plain(amount)


def total(amounts: Iterable[Mapping[str, Decimal]]) -> Amounts:
    """The sums, by currency."""
    found: Amounts = {}
    with localcontext(EXACT):
        for each in amounts:
            for currency, amount in each.items():
                found[currency] = found.get(currency, Decimal(0)) + amount
    return found


def words_of(amount: Decimal | None, currency: str) -> str:
    """A bound as people read it, rounded up."""
    return UNBOUNDED if amount is None else Money(amount, currency).as_bound
