"""Drift in sentences, for text and Markdown."""

from typing import Final

from landing_zone.changes.money import AmountChange
from landing_zone.drift.difference import Difference, Drift
from landing_zone.guarding.words import moment
from landing_zone.printing import counted

_OF_RUN: Final = "the run at work did this, or may have"


def money_words(month: AmountChange | None) -> str:
    """The worst month before and after; empty where it stays, or is not known."""
    if month is None or not month.differs:
        return ""
    before, after = month.shown
    return f"worst month {before} → {after}"


def author_words(difference: Difference) -> str:
    """Since when and by whom; empty where neither is known."""
    since = f"since {moment(difference.since)}" if difference.since else ""
    by = f"by {difference.by}" if difference.by else ""
    return " ".join(filter(None, [since, by]))


def details(difference: Difference) -> str:
    """What is known of a difference beside itself."""
    whose = "the spend guard did it" if difference.guard else _OF_RUN if difference.of_run else ""
    found = [money_words(difference.month), author_words(difference), whose]
    return "; ".join(filter(None, found))


def headline(drift: Drift) -> str:
    """How much differs, and what it means in money."""
    count = len(drift.counted)
    what = f"{counted(count, 'difference')} from what was last applied" if count else "as last applied"
    more = [
        f"{counted(number, kind)}"
        for number, kind in (
            (sum(each.guard for each in drift.differences), "act of the guard"),
            (
                sum(each.of_run and not each.guard for each in drift.differences),
                "difference of the run at work",
            ),
        )
        if number
    ]
    beside = f", and {' and '.join(more)}" if more else ""
    return f"{drift.stack}: {what}{beside}{_stack_months(drift)}"


def _stack_months(drift: Drift) -> str:
    found = []
    for month in drift.months:
        before, after = month.shown
        found.append(f"{before} as applied, {after} in force" if month.differs else f"{after}, as applied")
    return f"; worst month {' and '.join(found)}" if found else ""


def closing(drift: Drift) -> list[str]:
    """Sentences after the differences."""
    found = list(drift.remarks)
    if drift.run_at_work:
        found.append(f"a run is at work: {drift.run_at_work}")
    found += [f"not read: {each}" for each in drift.unread]
    if drift.counted:
        found.append("docs/drift.md says how to take a difference over or undo it")
    return found
