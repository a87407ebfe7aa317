"""One project: look, decide, write down, carry out.

An act is written as intended, with what was there before, under a claim; then the record is read again, and only if it
is as it was written is the act carried out and written as done. Whoever finds an act intended whose claim has expired
carries it out again, which does no harm: each part sets a state. So an act follows once for a budget, a month and a
step, however many guards run, and whenever one of them is killed.

What remains: a guard that is held up between its last look at the record and its call, for longer than its claim lasts
and while a person releases the act in that time, imposes it after the release. Its next write then fails, it sees that
the act is released, and restores; only if it is killed just there too, limits stay lowered that no record names. `up`
and `gemini-lz guard status` show them as changed by hand.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from guard import journal
from landing_zone.google import guard_acts, guard_record, guard_release
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.guard_record import Stored
from landing_zone.google.guard_release import CLAIM
from landing_zone.google.objects import ChangedError
from landing_zone.google.quota_overrides import LimitError
from landing_zone.google.rest import Google
from landing_zone.guarding.decision import Decision, Signals, decide
from landing_zone.guarding.messages import BudgetMessage, Reason
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import NOTHING_HELD, Act, Record
from landing_zone.guarding.release import needs_restoring
from landing_zone.guarding.words import moment

_ATTEMPTS: Final = 8
_FRESH: Final = timedelta(minutes=5)
"""A record is written at least so often, so that people see what the guard saw."""

_REFUSALS: Final = (guard_acts.UnfinishedError, LimitError, GoogleError, CredentialsError)

Look = Callable[[Google, Policy, Record | None, BudgetMessage | None, datetime], Signals]


@dataclass(frozen=True)
class Run:
    """What a run did in one project."""

    acts: tuple[Act, ...] = ()
    """Carried out, notified, or what a dry run would have done."""
    ignored: Reason | None = None
    unfinished: str = ""
    """Why an act is not carried out yet; the next run tries again."""
    blind: str = ""
    """Why it did not see all that was used: it judged by the rest, and by what is billed."""
    number: str = ""
    unreported: tuple[Act, ...] = ()
    """Acts that people are to be mailed of: of this run, of one that was killed before it did, and what is refused."""


@dataclass(frozen=True)
class Project:
    """A project as one guard handles it."""

    google: Google
    bucket: str
    policy: Policy
    holder: str
    """Which of the guards it is."""
    look: Look

    def run(self, message: BudgetMessage | None = None) -> Run:
        """Look, decide and act, with a budget's message or without.

        Raises:
            ChangedError: others write the record all the time.
            UnreadableError: the record is not of a known form.
            GoogleError: the record cannot be read or written.
        """
        number = self.policy.number
        for _ in range(_ATTEMPTS):
            stored = guard_record.read(self.google, self.bucket, number)
            before, now = stored.record, self.google.now
            signals = self.look(self.google, self.policy, before, message, now)
            decision = decide(self.policy, before, signals, now)
            try:
                if _is_material(before, decision, now):
                    stored = guard_record.write(self.google, self.bucket, decision.record, stored.generation)
            except ChangedError:
                continue  # another guard was faster: what it wrote may change what is to be done
            for remark in _new_remarks(before, decision):
                journal.line("INFO", f"{self.policy.name}: {remark}", project=self.policy.project)
            done = [act for act in decision.acts if act.status != "intended"]
            for act in done:
                journal.act_line(self.policy, act, NOTHING_HELD, NOTHING_HELD)
            carried, unfinished, stored = self._carry_out(stored)
            blind = "; ".join(signals.remarks) if signals.read_until is None else ""
            newest = stored.record
            unreported = newest.unreported(refused=bool(unfinished)) if newest else ()
            return Run((*done, *carried), decision.ignored, unfinished, blind, number, unreported)
        raise ChangedError(f"the record of {self.policy.project} is written by others all the time")

    def _carry_out(self, stored: Stored) -> tuple[list[Act], str, Stored]:
        """Carry out what is intended, and restore what is released. One act that is refused holds up no other.

        Returns: the acts, why others are not done yet, and the record as it is then.
        """
        done: list[Act] = []
        refused: dict[tuple[object, datetime], str] = {}
        for _ in range(_ATTEMPTS):
            record, now = stored.record, self.google.now
            if record is None or self.policy.dry_run:
                break
            if record.is_claimed(self.holder, now):
                late = [act for act in record.pending if now - act.at > self.policy.delays.act]
                return done, f"{late[0].does} is not done since {moment(late[0].at)}" if late else "", stored
            waiting = [act for act in record.pending if (act.key, act.at) not in refused]
            if not (waiting or needs_restoring(record)):
                break
            try:
                if waiting:
                    done.append(self._act(stored, record, waiting[0], now))
                else:
                    self._restore(self._claimed(stored, record, now))
            except ChangedError:
                pass
            except _REFUSALS as error:
                # It stays intended, and the next run tries again, whichever guard that is.
                self._unclaim(record.number)
                if not waiting:
                    return done, str(error), stored
                refused[waiting[0].key, waiting[0].at] = str(error)
            except Exception:
                self._unclaim(record.number)
                raise
            stored = guard_record.read(self.google, self.bucket, record.number)
        else:
            return done, "the record is written by others all the time", stored
        return done, "; ".join(refused.values()), stored

    def _claimed(self, stored: Stored, record: Record, now: datetime) -> Stored:
        claimed = record.claimed(self.holder, now, CLAIM)
        return guard_record.write(self.google, self.bucket, claimed, stored.generation)

    def _unclaim(self, number: str) -> None:
        def free(newest: Record) -> Record:
            ours = newest.claim is not None and newest.claim.holder == self.holder
            return replace(newest, claim=None) if ours else newest

        with suppress(ChangedError, *_REFUSALS):
            guard_record.update(self.google, self.bucket, number, free)

    def _act(self, stored: Stored, record: Record, act: Act, now: datetime) -> Act:
        """Carry one act out. Raises ChangedError if somebody wrote the record meanwhile, and as `carry_out`."""
        planned = guard_acts.plan(self.google, self.policy, act, record.held)
        written = self._claimed(stored, replace(record, held=planned.held), now)
        if not guard_record.is_unchanged(self.google, self.bucket, written, record.number):
            raise ChangedError("the record was written meanwhile")
        outcome = guard_acts.carry_out(self.google, self.policy.project, planned)
        known = act.reported and act.again > 0 and planned.held == record.held
        left = outcome.left or act.left
        finished = replace(act, status="done", done=self.google.now, left=left, reported=known)
        seen = guard_record.update(
            self.google,
            self.bucket,
            record.number,
            lambda newest: _finished(newest, finished, planned, outcome),
        )
        if seen.record and not any(_is_same(each, act) and each.in_force for each in seen.record.acts):
            self._take_back(seen, outcome)
        journal.act_line(self.policy, finished, record.held, outcome.held)
        return finished

    def _take_back(self, stored: Stored, outcome: guard_acts.Outcome) -> None:
        """Undo an act that a person released while it was carried out."""
        record = stored.record
        if record is not None and not record.in_force:
            held = record.held or outcome.held
            self._restore(self._claimed(stored, replace(record, held=held), self.google.now))

    def _restore(self, stored: Stored) -> None:
        found = guard_release.restore(self.google, self.bucket, stored)
        journal.line(
            "NOTICE",
            f"{self.policy.name}: restored what was there before the guard's acts",
            project=self.policy.project,
            restored=found.restored,
            left=list(found.left),
        )


def _finished(newest: Record, act: Act, planned: guard_acts.Plan, outcome: guard_acts.Outcome) -> Record:
    """The newest record with an act done; as it is, if somebody released the act meanwhile."""
    if not any(_is_same(each, act) and each.status == "intended" for each in newest.acts):
        return newest
    held = outcome.held if newest.held == planned.held else newest.held
    return replace(newest.with_acts([act]), held=held, claim=None)


def _new_remarks(before: Record | None, decision: Decision) -> list[str]:
    """What was not remarked before: it is said once, and not each minute."""
    said = before.seen.remarks if before and before.seen else ()
    return [each for each in decision.remarks if each not in said]


def _is_same(one: Act, other: Act) -> bool:
    return (one.key, one.at) == (other.key, other.at)


def _is_material(before: Record | None, decision: Decision, now: datetime) -> bool:
    """True if a record says something new, or is old."""
    if before is None or before.seen is None or now - before.seen.at >= _FRESH:
        return True
    if decision.record.seen and decision.record.seen.remarks != before.seen.remarks:
        return True
    return replace(before, seen=None) != replace(decision.record, seen=None)
