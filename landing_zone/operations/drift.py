"""Drift of a stack: the state against Google, by the plugins and by this toolkit's own reading, without lock or change.

A run may be at work meanwhile. If it writes the state during the reading, everything is read again; and what may be its
own is marked so.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from landing_zone.audit.applied import AppliedStack, parse
from landing_zone.drift import effects, reading
from landing_zone.drift.applied_settings import settings_as_applied
from landing_zone.drift.attribution import Run, of_run, with_authors
from landing_zone.drift.difference import GONE, Difference, Drift
from landing_zone.drift.money import Money
from landing_zone.drift.own_reading import ALONE
from landing_zone.drift.reading import Reading
from landing_zone.drift.refresh_events import RefreshEvents, plugin_differences
from landing_zone.drift.state import OURS, State
from landing_zone.google.rest import Google
from landing_zone.guarding.policy import Policy
from landing_zone.operations.mark import FAILED, parts_of, read_mark
from landing_zone.operations.progress import word_of
from landing_zone.operations.pulumi_cli import Cli, StoppedByUserError
from landing_zone.operations.run import PARALLEL
from landing_zone.processes import is_running
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.settings import EnvironmentSettings

_READINGS: Final = 3
"""Readings, each of which a run may overtake."""
_REFRESHES: Final = 5
"""Refreshes of one reading: of what cannot be read, each leaves out more."""
_OF_RESOURCE: Final = re.compile(
    r"^(Preview failed: refreshing \S+: )?(\d+ errors? occurred: \* )?"
    r"(Error when reading or editing .*?: (?=googleapi))?"
)
"""The beginning of a plugin's error."""
_POLICY: Final = "gcp:storage/bucketObject:BucketObject"
_OWN_TYPES: Final = {
    "key": "restrictions",
    "budget": "amount",
    "project": "billingAccount",
    "quota override": "overrideValue",
    "quota preference": "quotaConfig",
}
"""Kind → the property that both readings see, and that this toolkit's own says in better words."""


@dataclass
class _Found:
    """One reading."""

    state: State
    applied: AppliedStack
    reading: Reading
    differences: list[Difference]
    mark: str | None = None
    moved: bool = False
    unread: list[str] = field(default_factory=list)


def find_drift(
    cli: Cli,
    google: Google,
    day: date,
    file: EnvironmentSettings | None,
    mistakes: str,
    say: Callable[[str], None],
) -> Drift:
    """All that differs between the stack's state and Google.

    Args:
        cli: of the stack.
        day: whose prices count.
        file: the settings of the stack file; None if it has mistakes.
        mistakes: what that means, in words; empty if it has none.
        say: shows what is being done.

    Raises:
        CliError: the state cannot be read.
        CredentialsError, NoAnswerError: Google cannot be asked.
        StoppedByUserError: Ctrl-C.
    """
    found = _read_steadily(cli, google, say)
    remarks = (
        []
        if found.applied.projects
        else [f"the state of {cli.stack} has no project: gemini-lz up makes them"]
    )
    run, killed = _run_of(found)
    unread = [*found.unread, *killed, *([mistakes] if mistakes else [])]
    say("asking the audit logs who changed what")
    differences, unlogged = with_authors(google, found.differences, found.applied)
    unread += unlogged
    policies = _policies_as_applied(found, file, day)
    money = Money(settings_as_applied(cli.stack, found.applied, file, policies), day)
    differences = of_run(differences, run, found.state.pending, money.applied, file)
    differences = money.with_months(differences)
    return Drift(
        cli.stack.rpartition("/")[2],
        google.now,
        run.words if run else "",
        tuple(sorted(differences, key=_order)),
        tuple(money.stack_months(differences)),
        tuple(dict.fromkeys(unread)),
        tuple(remarks),
    )


def _order(difference: Difference) -> tuple[Any, ...]:
    """The projects in the order of their names; first in each what costs most."""
    growth = difference.month.growth if difference.month else 0
    return (difference.project, -growth, difference.kind, difference.name, difference.what)


def _read_steadily(cli: Cli, google: Google, say: Callable[[str], None]) -> _Found:
    """A reading of a state that nobody wrote meanwhile; after some attempts, the last one as it is."""
    for attempt in range(_READINGS):
        state = State(json.loads(cli.ask("stack", "export")))
        mark = read_mark(cli)
        found = _read(cli, google, state, say)
        found.mark = read_mark(cli) or mark
        found.moved = json.loads(cli.ask("stack", "export")) != state.exported
        if not found.moved:
            break
        if attempt < _READINGS - 1:
            say("a run wrote the state meanwhile: reading again")
    return found


def _read(cli: Cli, google: Google, state: State, say: Callable[[str], None]) -> _Found:
    applied = parse(state.exported)
    google.config.open_credentials()
    say("looking whether the projects are there")
    absent, unread = reading.absent_projects(google, applied, state)
    present = reading.without(applied, absent)
    left_out = set(reading.urns_in(state, absent))
    with _beside(lambda: reading.read(google, present, state), google) as own:
        events, failures = _refresh(cli, state, left_out, say)
        done = own.result()
    plugins = list(plugin_differences(events))
    differences = [
        *(each for each in absent.values() if each),
        *done.differences,
        *_policy_changes(_without_doubles(plugins, done.differences), done.policies, state),
    ]
    return _Found(
        state, applied, done, _of_guards(differences, done), unread=[*unread, *done.unread, *failures]
    )


@contextmanager
def _beside(work: Callable[[], Reading], google: Google) -> Iterator["Future[Reading]"]:
    """Work in another thread; if this one fails, its calls end."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        try:
            yield future
        except BaseException:
            google.stop.set()
            raise


def _refresh(
    cli: Cli, state: State, left_out: set[str], say: Callable[[str], None]
) -> tuple[RefreshEvents, list[str]]:
    """What the plugins see; and what they could not read, with the reason.

    A resource that cannot be read ends a refresh before it has come to all others: it is left out of the next one.
    """
    whole = [each["urn"] for each in state.at_google if _is_asked(each["type"])]
    if not set(whole) - left_out:
        return RefreshEvents(state), []
    found = RefreshEvents(state)
    unread: dict[str, str] = {}
    for _ in range(_REFRESHES):
        events = RefreshEvents(state)
        excluded = [*(f"**{kind}::**" for kind in (*ALONE, f"{OURS}*")), *sorted(left_out)]

        def see(event: Mapping[str, Any], events: RefreshEvents = events) -> None:
            events.see(event)
            say(f"resource {events.read} of {len(whole)}")

        most = [] if "PULUMI_PARALLEL" in os.environ else ["--parallel", str(PARALLEL)]
        options = [option for each in excluded for option in ("--exclude", each)]
        ended = cli.operate("refresh", "--preview-only", *most, *options, on_event=see)
        if ended.stopped:
            raise StoppedByUserError
        found = events
        failed = {urn: text for urn, text in events.failed.items() if urn not in left_out}
        if ended.code == 0 and not failed:
            break
        if not failed:
            return found, [
                f"what the plugins alone see: pulumi refresh --preview-only failed: {ended.output}"
            ]
        left_out |= _with_neighbours(state, failed, unread)
        unread |= failed
    else:
        return found, [
            *_by_reason(state, unread, left_out),
            f"more of what the plugins see: {_REFRESHES} attempts failed",
        ]
    return found, _by_reason(state, unread, left_out)


def _is_asked(kind: str) -> bool:
    return kind not in ALONE and not kind.startswith(OURS)


def _with_neighbours(state: State, failed: Mapping[str, str], earlier: Mapping[str, str]) -> set[str]:
    """The resources that failed, and those that will.

    Those of a type of which others failed before are taken to lack a permission everywhere; and where an API is off,
    all of that API in the project fail.
    """
    again = {state.resources[urn]["type"] for urn in earlier} & {
        state.resources[urn]["type"] for urn in failed
    }
    found = set(failed) | {each["urn"] for each in state.of_type(*again)}
    for urn, text in failed.items():
        if "SERVICE_DISABLED" not in text and "it is disabled" not in text:
            continue
        package, project = state.resources[urn]["type"].partition("/")[0], state.project(urn)
        found |= {
            each["urn"]
            for each in state.at_google
            if each["type"].partition("/")[0] == package and state.project(each["urn"]) == project
        }
    return found


def _by_reason(state: State, unread: Mapping[str, str], left_out: Set[str]) -> list[str]:
    """One sentence a type of which nothing was read; else one a project and reason."""
    whole: dict[str, str] = {}
    found: dict[tuple[str, str], list[str]] = {}
    for urn, text in unread.items():
        kind = state.resources[urn]["type"]
        every = {each["urn"] for each in state.of_type(kind)}
        if len(every) > 1 and every <= left_out:
            whole.setdefault(f"every {word_of(kind)}", _reason(text))
        else:
            found.setdefault((state.project(urn), _reason(text)), []).append(state.title(urn))
    return [
        *(f"{what}: {reason}" for what, reason in whole.items()),
        *(
            f"{f'{project}: ' if project else ''}{', '.join(sorted(names))}: {reason}"
            for (project, reason), names in found.items()
        ),
    ]


def _reason(text: str) -> str:
    """A plugin's error without what differs from one resource to the next."""
    return _OF_RESOURCE.sub("", text)[:300]


def _without_doubles(plugins: list[Difference], own: list[Difference]) -> Iterator[Difference]:
    """What the plugins saw and this toolkit's own reading did not."""
    seen = {each.urn for each in own if each.urn}
    for each in plugins:
        if each.urn in seen and each.what in (GONE, _OWN_TYPES.get(each.kind)):
            continue
        yield each


def _policy_changes(
    differences: Iterator[Difference], policies: Mapping[str, Policy], state: State
) -> Iterator[Difference]:
    """With the effect of what the guard's policy says now, where somebody changed that."""
    for each in differences:
        policy = policies.get(each.project)
        if policy and each.what != GONE and state.resources.get(each.urn, {}).get("type") == _POLICY:
            yield replace(each, effect=effects.guard_policy(each.project, policy))
        else:
            yield each


def _of_guards(differences: list[Difference], done: Reading) -> list[Difference]:
    """The differences, those marked that the guard made: accounts that it disabled."""
    return [
        replace(each, guard=True) if each.what == "disabled" and set(each.resources) & done.disabled else each
        for each in differences
    ]


def _policies_as_applied(found: _Found, file: EnvironmentSettings | None, day: date) -> dict[str, Policy]:
    """The guard's policies as they were applied: those in the bucket, unless somebody changed them there."""
    changed = {
        each.project
        for each in found.differences
        if found.state.resources.get(each.urn, {}).get("type") == _POLICY
    }
    kept = {name: each for name, each in found.reading.policies.items() if name not in changed}
    if not changed or file is None:
        return kept
    return kept | {name: each for name, each in guard_policies(file, day).items() if name in changed}


def _run_of(found: _Found) -> tuple[Run | None, list[str]]:
    """The run that is at work, and what a run that was killed leaves unknown."""
    mark = found.mark or ""
    parts = parts_of(mark)
    begin = found.state.written
    if mark and not mark.startswith(FAILED):
        if parts and parts.is_here and not is_running(parts.pid, "gemini-lz"):
            return None, [
                f"what the last run created: it did not end ({mark}), so that the state may lack it: gemini-lz recover"
            ]
        return Run(mark, parts.at if parts and parts.at else begin), []
    if found.moved:
        return Run("a run of Pulumi, which wrote the state while it was read", begin), []
    if found.state.pending:
        text = f"{len(found.state.pending)} operations that have begun: a run of Pulumi is at work, or was killed"
        return Run(text, begin), []
    return None, []
