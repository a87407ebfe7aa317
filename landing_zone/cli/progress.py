"""The progress of a run on the screen: a live table on a terminal, else a line per event; or JSON, an event a line."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from landing_zone.cli.console import out
from landing_zone.operations.progress import Line, Progress
from landing_zone.printing import on_one_line

_ROWS: Final = 20
"""Projects in the live table; those at work come first."""
_QUIET_S: Final = 10.0
"""Seconds without a line after which a line says what is being worked on."""
_STYLES: Final = {"refused": "red", "error": "red", "warning": "yellow", "done": "", "info": "dim"}
_LIVE_ONLY: Final = ("working",)


class Screen(AbstractContextManager["Screen"]):
    """Shows a run's progress while it lasts."""

    def __init__(self, emit: Callable[[dict[str, Any]], None] | None, *, planned: bool = False) -> None:
        """`emit`: gets each event for programs; None: for people."""
        self.progress = Progress(self._line, planned)
        self._emit = emit
        self._live = Live(console=out, get_renderable=self._table, refresh_per_second=5, transient=True)
        self._ended, self._printed = Event(), Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Screen":
        if self._emit is None and out.is_terminal:
            self._live.start()
        elif self._emit is None:
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        self._printed.set()
        self._live.stop()

    def summary(self, code: int, output: str) -> None:
        """Print the end of a run: what was refused, the counts, the worst month."""
        progress = self.progress
        before, after = progress.money or ("", "")
        if code and output and (not progress.errors or code < 0):
            progress.report(Line("", "error", output))
        if self._emit:
            money = {"worstMonth": {"before": before or None, "after": after}} if after else {}
            self._emit(
                {
                    "event": "summary",
                    "exitCode": code,
                    "changes": dict(progress.counts),
                    "refused": len(progress.refused),
                    **money,
                }
            )
            return
        for line in progress.refused:
            out.print(Text(f"refused  {line.shown}", style="red"), soft_wrap=True)
            for remedy in progress.remedies(line):
                out.print(f"         {remedy}", markup=False, soft_wrap=True)
        out.print(f"{progress.summary}; {progress.seconds:.0f} s", markup=False, soft_wrap=True)

    def _line(self, line: Line) -> None:
        if self._emit:
            self._emit(line.as_json())
        elif line.state not in _LIVE_ONLY and not (line.state == "waiting" and out.is_terminal):
            out.print(Text(line.shown, style=_STYLES.get(line.state, "")), soft_wrap=True)
            self._printed.set()

    def _table(self) -> Table:
        rows = sorted(self.progress.projects.items(), key=lambda item: not item[1].working)
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, found in rows[:_ROWS]:
            refused = Text(f"{found.refused} refused" if found.refused else "", style="red")
            label = on_one_line(name) or "environment"
            table.add_row(Text(label, style="bold"), f"{found.done} done", refused, Text(found.current))
        if len(rows) > _ROWS:
            table.add_row("", "", "", f"and {len(rows) - _ROWS} more projects")
        table.add_row("", "", "", f"{self.progress.seconds:.0f} s")
        return table

    def _watch(self) -> None:
        """Without a terminal: after some time without a line, print what is being worked on."""
        while not self._ended.is_set():
            self._printed.clear()
            if self._printed.wait(_QUIET_S):
                continue
            working = [
                f"{name or 'environment'}: {each.current}"
                for name, each in list(self.progress.projects.items())
                if each.working
            ]
            parts = "; ".join(working[:5])
            out.print(
                f"… {self.progress.seconds:.0f} s{f': {parts}' if parts else ''}",
                markup=False,
                soft_wrap=True,
            )
