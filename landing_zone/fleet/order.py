"""The order of a fleet's stacks: what each needs that another creates. Pure: the stack files say it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final

from landing_zone.settings import EnvironmentSettings
from landing_zone.settings.problems import nearest

_EMAIL: Final = re.compile(r"[^@]+@(?P<project>[^@]+)\.iam\.gserviceaccount\.com")
_PROJECT_OF_TOPIC: Final = re.compile(r"projects/(?P<project>[^/]+)/topics/.+")

Graph = Mapping[str, Mapping[str, str]]
"""Stack → the stacks that it waits for, each with the reason in words."""


class OrderError(Exception):
    """Stacks have no order, or wait for one that does not exist; the message has the path and the remedy."""


@dataclass(frozen=True)
class Needs:
    """What a stack creates that others may use, and what it uses itself. Both by full name, such as `projects/ID`."""

    after: tuple[str, ...] = ()
    creates: frozenset[str] = frozenset()
    uses: Mapping[str, str] = field(default_factory=dict)
    """With the setting that names it."""


def needs_of(settings: EnvironmentSettings) -> Needs:
    """What a stack needs, as its file says it."""
    own = {f"projects/{each.project_id}" for each in settings.projects.values() if not each.adopt}
    host = settings.notification_project
    topics = {f"projects/{host}/topics/{name}" for name in settings.topics} if host else set()
    uses: dict[str, str] = {}
    for name, setting in _used(settings):
        uses.setdefault(name, setting)
        if found := _PROJECT_OF_TOPIC.fullmatch(name):
            uses.setdefault(f"projects/{found['project']}", setting)
    created = frozenset(own | topics)
    return Needs(settings.after, created, {name: each for name, each in uses.items() if name not in created})


def _used(settings: EnvironmentSettings) -> Iterator[tuple[str, str]]:
    if settings.notification_project:
        yield f"projects/{settings.notification_project}", "notificationProject"
    for name, channel in settings.channels.items():
        if channel.topic:
            yield channel.topic, f"channels.{name}.topic"
    for name, shared in settings.shared_budgets.items():
        if shared.topic and "/" in shared.topic:
            yield shared.topic, f"sharedBudgets.{name}.topic"
    for name, project in settings.projects.items():
        at = f"projects.{name}"
        if project.adopt:
            yield f"projects/{project.project_id}", f"{at}.projectId"
        if project.budget and project.budget.topic and "/" in project.budget.topic:
            yield project.budget.topic, f"{at}.budget.topic"
        for key, each in project.keys.items():
            if each.service_account and (found := _EMAIL.fullmatch(each.service_account)):
                yield f"projects/{found['project']}", f"{at}.keys.{key}.serviceAccount"


def graph_of(needs: Mapping[str, Needs], every: tuple[str, ...]) -> Graph:
    """The order of stacks. `every`: all that have a file: `after` may name any, and those of the fleet alone count.

    Raises OrderError with all that is wrong.
    """
    unknown = [
        f"{stack}: after names the stack {name!r}, which has no file"
        + (f": did you mean {near!r}?" if (near := nearest(name, every)) else ": take it out")
        for stack, own in needs.items()
        for name in own.after
        if name not in every
    ]
    if unknown:
        raise OrderError("\n".join(unknown))
    makers: dict[str, list[str]] = {}
    for stack, own in needs.items():
        for name in own.creates:
            makers.setdefault(name, []).append(stack)
    graph: dict[str, dict[str, str]] = {}
    for stack, own in needs.items():
        found = {name: "after" for name in own.after if name in needs}
        for name, setting in own.uses.items():
            for maker in makers.get(name, ()):
                if maker != stack:
                    found.setdefault(maker, f"{setting}: {name.removeprefix('projects/')}")
        graph[stack] = found
    check(graph)
    return graph


def check(graph: Graph) -> None:
    """Raise OrderError if stacks wait for each other in a circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # Each is one that the next waits for.
        names = list(reversed(error.args[1]))
        path = " → ".join(
            [
                names[0],
                *(f"{after} ({graph[stack][after]})" for stack, after in pairwise(names)),
            ]
        )
        raise OrderError(
            f"the stacks wait for each other: {path}. Take one of these out of its file, or run the stacks in two "
            "commands"
        ) from None


def reversed_graph(graph: Graph) -> Graph:
    """The order in which stacks are destroyed: those that use something before the one that has it."""
    found: dict[str, dict[str, str]] = {stack: {} for stack in graph}
    for stack, others in graph.items():
        for other, reason in others.items():
            found[other][stack] = reason
    return found
