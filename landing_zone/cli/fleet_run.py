"""A verb over many stacks: what `gemini-lz fleet up` and its like do."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from landing_zone.cli.console import err, out, refuse, working, write_json, write_private
from landing_zone.cli.fleet_choice import chosen_stacks
from landing_zone.cli.fleet_screen import FleetScreen
from landing_zone.cli.stacks import ChosenStack, stack_folder
from landing_zone.fleet import child, drifts
from landing_zone.fleet.driver import Driver
from landing_zone.fleet.order import Graph, Needs, OrderError, graph_of, needs_of, reversed_graph
from landing_zone.fleet.outcome import DONE, Outcome
from landing_zone.fleet.record import AtWorkError, Place, Record, program_digest, stack_digest, still_done
from landing_zone.fleet.states import listed_stacks
from landing_zone.fleet.summary import Summary
from landing_zone.operations.pulumi_cli import Cli, CliError
from landing_zone.pricing.days import today
from landing_zone.pricing.money import plain
from landing_zone.printing import counted, listed
from landing_zone.reports.summary import month_report
from landing_zone.settings import SettingsError, load_file
from landing_zone.workspace import UnreadableError, backend_url, find_project, without_secrets

if TYPE_CHECKING:
    from landing_zone.cli.fleet import OnFailure

_LOCKED: Final = 3
_CHANGES: Final = ("up", "refresh", "destroy")
"""Verbs whose run goes on where it was; the others read, and what they read is of now."""
_ORDERED: Final = ("up", "destroy")
_OF_STATES: Final = ("refresh", "destroy", "drift")
"""Verbs for which a stack that has no state has nothing to do."""
_PLANNED: Final = ("up", "preview")
"""Verbs after which the planned workloads cost what the files say."""
_TURNS: Final = "GEMINI_LZ_TURNS"
"""components/turns.py reads it: the folder of the turns of writes that all stacks share."""
_OF_STACK_MIB: Final = 1024
"""Memory for a stack at work, with engine, program and plugins: twice what they take (docs/performance.md)."""
_MOST: Final = 16
_LOADED: Final = ("landing_zone.cli.app", "landing_zone.cli.progress", "landing_zone.operations.run")
"""What the processes of stacks have loaded when they begin."""


@dataclass(frozen=True)
class Options:
    """Options of a fleet's run."""

    everything: bool
    parallel: int | None
    on_failure: "OnFailure"
    anew: bool
    report: Path | None
    as_json: bool
    yes: bool
    of_stacks: tuple[str, ...] = ()
    """Options of each stack's command."""


@dataclass(frozen=True)
class Fleet:
    """The chosen stacks, with what their files say."""

    verb: str
    stacks: Mapping[str, ChosenStack]
    project: Path
    """The folder of Pulumi.yaml, absolute."""
    after: Mapping[str, tuple[str, ...]]
    """What `after` says, of the stacks whose files have no mistakes."""
    graph: Graph

    def planned(self, stack: str) -> dict[str, str]:
        """The expected cost of a stack's month, by currency."""
        if stack not in self.after or self.verb not in _PLANNED:
            return {}
        try:
            # Read again: the settings of a thousand projects are not kept for this.
            settings = load_file(stack, self.stacks[stack].path)
        except SettingsError:
            return {}
        totals = month_report(settings, today()).estimate.totals["expected"]
        return {money.currency: plain(money.amount) for money in totals}


def run(verb: str, given: Sequence[str] | None, folder: Path | None, options: Options) -> None:
    """Run a verb over stacks; exits with the fleet's code."""
    from landing_zone.cli import main  # not at the top: it imports this group

    fleet = choose(verb, given, folder, everything=options.everything)
    _ask(verb, fleet, options)
    began = time.monotonic()
    with ExitStack() as held:
        place, record, known = _begin(verb, fleet, options)
        os.environ.setdefault(_TURNS, str(place.turns))
        child.prepare(_LOADED)
        screen = held.enter_context(FleetScreen(verb, len(fleet.stacks), as_json=options.as_json))
        for text in _said(fleet, known):
            screen.say(text)
        driver = Driver(
            verb=verb,
            graph=fleet.graph,
            arguments=lambda stack: _command(verb, fleet.stacks[stack], options),
            main=main,
            folder=fleet.project,
            place=place,
            record=record,
            prints=_prints(fleet, options),
            watcher=screen,
            parallel=options.parallel or parallel_by_default(),
            stops_at_failure=options.on_failure == "stop",
            planned=fleet.planned,
        )
        if verb == "drift":
            driver.keep, driver.states = drifts.read_drift, drifts.CODES
        outcomes = driver.run(known)
    summary = Summary(verb, tuple(outcomes[name] for name in sorted(outcomes)), time.monotonic() - began)
    screen.summary(summary)
    if options.report:
        _write_report(options.report, summary)
    raise typer.Exit(summary.exit_code)


def choose(verb: str, given: Sequence[str] | None, folder: Path | None, *, everything: bool) -> Fleet:
    """The stacks, their settings and their order; exits where there is none."""
    where = stack_folder(folder)
    if where.pulumi_project == "":
        refuse(
            "no Pulumi.yaml here or above: go to its folder, or name its stack files' folder with --stacks"
        )
    chosen = chosen_stacks(where, given, everything=everything or (folder is not None and not given))
    project = _project_of(where.path)
    after: dict[str, tuple[str, ...]] = {}
    needs: dict[str, Needs] = {}
    with working("reading the stack files"):
        for each in chosen:
            try:
                needs[each.name] = needs_of(load_file(each.name, each.path))
                after[each.name] = needs[each.name].after
            except SettingsError:
                # Its own command reports all of its mistakes. What waits for it says so itself.
                needs[each.name] = Needs()
    try:
        graph: Graph = graph_of(needs, where.names) if verb in _ORDERED else {name: {} for name in needs}
    except OrderError as error:
        refuse(str(error))
    graph = reversed_graph(graph) if verb == "destroy" else graph
    return Fleet(verb, {each.name: each for each in chosen}, project, after, graph)


def parallel_by_default() -> int:
    """Stacks side by side: two a processor, as one waits for Google while the other computes; as memory goes."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pages = os.sysconf("SC_PHYS_PAGES") if "SC_PHYS_PAGES" in os.sysconf_names else None
    memory = _MOST if pages is None else pages * os.sysconf("SC_PAGE_SIZE") // (_OF_STACK_MIB << 20)
    return max(1, min(2 * processors, memory, _MOST))


def _project_of(stacks: Path) -> Path:
    """The folder of Pulumi.yaml, whose stack files are in this folder; exits if Pulumi takes them from another."""
    try:
        project = find_project(stacks)
    except UnreadableError as error:
        refuse(str(error))
    if project is None:
        refuse(f"no Pulumi.yaml in {stacks} or above: a fleet runs stacks of a Pulumi project")
    if project.stacks.resolve() != stacks.resolve():
        refuse(
            f"Pulumi takes the stack files from {project.stacks}, not from {stacks}: name that folder, or write "
            f"stackConfigDir into {project.folder / 'Pulumi.yaml'}"
        )
    return project.folder


def _ask(verb: str, fleet: Fleet, options: Options) -> None:
    if options.yes:
        return
    if options.as_json or not (sys.stdin.isatty() and out.is_terminal):
        refuse(f"no terminal to ask on: write gemini-lz fleet {verb} … --yes, which does not ask")
    out.print(f"{counted(len(fleet.stacks), 'stack')}: {listed(list(fleet.stacks))}", markup=False)
    if not typer.confirm(f"{verb} {counted(len(fleet.stacks), 'stack')}?"):
        raise typer.Exit(1)


def _begin(verb: str, fleet: Fleet, options: Options) -> tuple[Place, Record, dict[str, Outcome]]:
    """The place of this run, its record, and the outcomes that are known before; exits if another is at work."""
    try:
        url = backend_url(find_project(fleet.project), os.environ)
        # Once for all stacks: it also refuses without the CLI, and without a login.
        listed = listed_stacks(Cli(fleet.project, "", ""))
    except (CliError, UnreadableError) as error:
        refuse(str(error))
    known = {name: Outcome(name, DONE) for name in fleet.stacks if name not in listed}
    known = known if verb in _OF_STATES else {}
    backend = without_secrets(url or "")
    try:
        place = Place.of(fleet.project, "" if verb in _CHANGES else f"{os.getpid()}-")
        if verb not in _CHANGES:
            # Beside whatever else is at work, and forgotten at its end.
            return place, Record(None, backend), known
        place.hold(verb)
    except AtWorkError as error:
        _fail(f"{error}. Wait until it has ended", options)
    except OSError as error:
        refuse(f"the record of the run cannot be written: {error}")
    before = Record.read(place.path / f"{verb}.json")
    if before is None or before.backend != backend:
        return place, Record(place.path / f"{verb}.json", backend), known
    if options.anew:
        return place, before, known
    return place, before, {**known, **still_done(before, _prints(fleet, options), listed, datetime.now(UTC))}


def _fail(text: str, options: Options) -> NoReturn:
    """Report that another fleet is at work, and exit."""
    if options.as_json:
        write_json({"event": "failed", "text": text, "exitCode": _LOCKED}, indent=None)
    else:
        err.print(text, markup=False)
    raise typer.Exit(_LOCKED)


def _prints(fleet: Fleet, options: Options) -> dict[str, str]:
    program = program_digest(fleet.project, options.of_stacks)
    return {name: stack_digest(program, stack.path) for name, stack in fleet.stacks.items()}


def _command(verb: str, stack: ChosenStack, options: Options) -> list[str]:
    name = f"{stack.organization}/{stack.name}" if stack.organization else stack.name
    return [verb, name, *options.of_stacks, *(["--yes"] if verb in _CHANGES else []), "--json"]


def _said(fleet: Fleet, known: Mapping[str, Outcome]) -> list[str]:
    found = []
    if done := sum(each.earlier for each in known.values()):
        found.append(
            f"going on with a run that did not end: {done} of {counted(len(fleet.stacks), 'stack')} are done, "
            "and their files and program have not changed; --anew runs them again"
        )
    for stack, after in fleet.after.items():
        if others := [name for name in after if name not in fleet.stacks]:
            found.append(f"{stack} is after {listed(others)}, which this run does not have")
    return found


def _write_report(path: Path, summary: Summary) -> None:
    from landing_zone.reports.fleet_page import fleet_page

    try:
        write_private(path, fleet_page(summary.as_json()))
    except OSError as error:
        refuse(f"the page cannot be written: {error}")
    err.print(f"wrote {path}", markup=False)
