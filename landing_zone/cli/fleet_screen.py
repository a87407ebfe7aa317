"""A fleet's run on the screen: a live table on a terminal, else plain lines; or JSON, an event a line."""

import time
from collections.abc import Sequence
from typing import Any, Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from landing_zone.cli.console import out, write_json
from landing_zone.fleet.child import Child
from landing_zone.fleet.drifts import counts
from landing_zone.fleet.outcome import DONE, Outcome
from landing_zone.fleet.summary import Summary, words_of
from landing_zone.pricing.money import Money
from landing_zone.printing import counted, in_lines, listed, on_one_line

_QUIET_S: Final = 10.0
"""Seconds without a line after which a line says what is at work."""
_FORWARDED: Final = ("refused", "error", "warning", "taken", "mistake", "failed")
_MOST: Final = 20
"""Stacks of one kind that are listed at the end."""
_DONE: Final = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "create-replacement": "created anew",
    "delete": "deleted",
    "delete-replaced": "deleted, as replaced",
    "import": "taken over",
    "read": "read",
}


class FleetScreen:
    """Shows a fleet's run while it lasts, and its summary."""

    def __init__(self, verb: str, count: int, *, as_json: bool) -> None:
        self._verb, self._count, self._as_json = verb, count, as_json
        self._began = self._printed = time.monotonic()
        self._states: dict[str, int] = {}
        self._live = Live(console=out, auto_refresh=False, transient=True)
        self._is_live = not as_json and out.is_terminal
        self._running: Sequence[Child] = ()
        self._waiting = count

    def __enter__(self) -> "FleetScreen":
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()

    def say(self, text: str) -> None:
        """Show something of the fleet as a whole."""
        if self._as_json:
            write_json({"event": "info", "text": text}, indent=None)
        else:
            self._print(Text(in_lines(text)))

    def started(self, child: Child) -> None:
        """A stack is at work."""
        goes_on = child.process is None
        if self._as_json:
            write_json({"event": "started", "stack": child.stack, "earlier": goes_on}, indent=None)
        elif goes_on:
            self.say(f"{child.stack}: an earlier run has begun it; waiting for its end")

    def event(self, stack: str, event: dict[str, Any]) -> None:
        """A stack's command has written an event."""
        if self._as_json and event["event"] in _FORWARDED:
            write_json({"stack": stack, **event}, indent=None)

    def ended(self, outcome: Outcome) -> None:
        """A stack's end is known."""
        self._states[outcome.state] = self._states.get(outcome.state, 0) + 1
        if self._as_json:
            write_json({"event": "ended", **outcome.as_json()}, indent=None)
            return
        text = Text(on_one_line(outcome.stack), style="bold" if out.is_terminal else "")
        text.append(f": {self._words(outcome)}", style="" if outcome.state == DONE else "red")
        self._print(text)
        for each in (outcome.drift or {}).get("differences", ()):
            style = "red" if counts(each) else "dim"
            self._print(
                Text(f"  {each['project'] or 'environment'}: {each['words']}{_who(each)}", style=style)
            )
        for each in (outcome.drift or {}).get("unread", ()):
            self._print(Text(f"  {each}", style="yellow"))

    def tick(self, running: Sequence[Child], waiting: int) -> None:
        """A look has passed."""
        self._running, self._waiting = running, waiting
        if self._is_live:
            self._live.update(self._table(), refresh=True)
        elif not self._as_json and time.monotonic() - self._printed > _QUIET_S:
            names = listed([child.stack for child in running], 5)
            self._print(Text(f"… {self._counts()}: {names}" if names else f"… {self._counts()}"))

    def stopping(self, running: Sequence[Child]) -> None:
        """Ctrl-C, or SIGTERM, has come."""
        self.say(f"stopping: waiting for {counted(len(running), 'stack')} to end what they have begun")

    def summary(self, found: Summary) -> None:
        """Print the end: stacks by outcome, resources by kind, money by currency."""
        if self._as_json:
            write_json({"event": "summary", **found.as_json()}, indent=None)
            return
        for each in found.outcomes:
            if each.state != DONE:
                log = f"; all of it: {each.log}" if each.log else ""
                self._print(Text(f"{each.state:<8} {each.stack}: {each.reason}{log}", style="red"))
        future = "to be " if found.verb == "preview" else ""
        for kind, operations in found.resources.items():
            words = (f"{count} {future}{_DONE.get(each, each)}" for each, count in operations.items())
            self._print(Text(f"{kind}: {', '.join(words)}"))
        if found.unknown and found.months:
            self._print(Text(f"no worst month is known of {listed(found.unknown, 5)}"))
        if found.not_bounded:
            self._print(Text(f"not bounded: {listed(found.not_bounded)}", style="red"))
        for currency, (before, after) in found.months.items():
            was, now = (words_of(amount, currency) for amount in (before, after))
            sides = ("as applied", "in force") if found.verb == "drift" else ("before", "after")
            self._print(Text(f"at worst in a month, all stacks: {was} {sides[0]}, {now} {sides[1]}"))
        if found.verb == "drift":
            several = counted(sum(counts(each) for each in found.differences), "difference")
            self._print(Text(f"{several}; {counted(len(found.unread), 'thing')} not read"))
        if any(found.planned.values()):
            amounts = " and ".join(str(Money(amount, name)) for name, amount in found.planned.items())
            self._print(Text(f"planned this month, all stacks: {amounts}"))
        if found.earlier:
            self._print(Text(f"{counted(found.earlier, 'stack')} done by an earlier run"))
        states = ", ".join(f"{count} {state}" for state, count in found.states.items())
        self._print(Text(f"{counted(len(found.outcomes), 'stack')}: {states}; {found.seconds:.0f} s"))

    def _words(self, outcome: Outcome) -> str:
        if outcome.earlier:
            return f"done by an earlier run at {outcome.ended}; its file and program have not changed"
        if outcome.state != DONE:
            return f"{outcome.state}: {outcome.reason}"
        if outcome.drift:
            found = [counts(each) for each in outcome.drift["differences"]]
            beside = f", and {found.count(False)} of the guard or a run at work" if False in found else ""
            differ = counted(found.count(True), "difference") if any(found) else "nothing differs"
            return f"{differ}{beside}; {outcome.seconds:.0f} s"
        future = "to be " if self._verb == "preview" else ""
        made = [
            f"{count} {'' if word == 'unchanged' else future}{word}"
            for word, count in outcome.changes.items()
        ]
        month = outcome.after
        if outcome.before and outcome.before != outcome.after:
            month = f"{outcome.before} before, {outcome.after} after"
        money = f"; at worst in a month: {month}" if month else ""
        return f"done: {', '.join(made) or 'nothing to do'}{money}; {outcome.seconds:.0f} s"

    def _counts(self) -> str:
        states = [f"{count} {state}" for state, count in self._states.items()]
        counts = [*states, f"{len(self._running)} at work", f"{self._waiting} waiting"]
        return f"{', '.join(counts)} of {self._count}; {time.monotonic() - self._began:.0f} s"

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        room = max(out.height - 3, 1)
        for child in list(self._running)[:room]:
            reading = child.reading
            refused = Text(f"{reading.refused} refused" if reading.refused else "", style="red")
            table.add_row(
                Text(on_one_line(child.stack), style="bold"),
                f"{reading.done} done",
                refused,
                Text(on_one_line(reading.current, 80)),
            )
        table.add_row(Text(""), "", "", self._counts())
        return table

    def _print(self, text: Text) -> None:
        self._printed = time.monotonic()
        out.print(text, soft_wrap=True)


def _who(difference: dict[str, Any]) -> str:
    """Since when, by whom, and what it means in money; as far as that is known."""
    parts = [
        difference["since"] and f"since {difference['since']}",
        difference["by"] and f"by {difference['by']}",
    ]
    if month := difference["worstMonth"]:
        parts.append(
            f"a month costs at most {month['after']} {month['currency']}, {month['before']} as applied"
        )
    words = ", ".join(part for part in parts if part)
    return f" ({words})" if words else ""
