"""Which projects of a stack move to which new stack, and what forbids it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from landing_zone.printing import listed
from landing_zone.scaffolding.split_file import Part
from landing_zone.settings import EnvironmentSettings


class SplitError(Exception):
    """A stack cannot be split so; the message has every reason, and the remedies."""


@dataclass(frozen=True)
class Plan:
    """A split."""

    source: str
    stays: tuple[str, ...]
    """Projects that stay in the old stack."""
    parts: tuple[Part, ...]
    """The new stacks; none where all stays."""


def by_count(settings: EnvironmentSettings, most: int, taken: Collection[str]) -> Plan:
    """Stacks of at most `most` projects, in the order of the file. `taken`: names of stacks that exist.

    What cannot be apart stays together: projects of a shared budget, and those that the guard guards, which stay in the
    old stack. Raises SplitError.
    """
    units = _units(settings)
    if problems := [
        f"{listed(unit)} cannot be apart, because of {_why(settings, unit)}: write --by count={len(unit)} or more"
        for unit in units
        if len(unit) > most
    ]:
        raise SplitError("\n".join(problems))
    guarded = [unit for unit in units if any(name in settings.guarded for name in unit)]
    shelves: list[list[str]] = [[name for unit in guarded for name in unit]]
    for unit in (each for each in units if each not in guarded):
        if len(shelves[-1]) + len(unit) > most:
            shelves.append([])
        shelves[-1] += unit
    names = _numbered(settings.stack, taken)
    return _plan(settings, shelves[0], {next(names): shelf for shelf in shelves[1:]})


def by_label(settings: EnvironmentSettings, key: str, taken: Collection[str]) -> Plan:
    """A stack for each value of a label; projects without the label stay. `taken`: names of stacks that exist.

    If every project has it, one value's projects stay: those that the guard guards, else the most. Raises SplitError.
    """
    by_value: dict[str, list[str]] = {}
    for name, project in settings.projects.items():
        # Labels of an adopted project are not the stack's.
        by_value.setdefault("" if project.adopt else project.all_labels.get(key, ""), []).append(name)
    if not by_value.keys() - {""}:
        own = sorted({label for project in settings.projects.values() for label in project.all_labels})
        has = f"they have {listed(own)}" if own else "they have none"
        raise SplitError(f"no project of {settings.stack} has the label {key}: {has}")
    stays = by_value.pop("", None)
    if stays is None:
        with_guard = [
            value for value, names in by_value.items() if any(name in settings.guarded for name in names)
        ]
        most = max(by_value, key=lambda value: len(by_value[value]))
        stays = by_value.pop(with_guard[0] if with_guard else most)
    parts = {f"{settings.stack}-{value}": names for value, names in by_value.items()}
    problems = [
        f"the label {key} makes a stack {stack}, which has a file already: rename that stack, or write another label"
        for stack in parts
        if stack in taken
    ]
    problems += _parted(settings, [stays, *parts.values()])
    if problems:
        raise SplitError("\n".join(problems))
    return _plan(settings, stays, parts)


def used_topics(settings: EnvironmentSettings, plan: Plan) -> tuple[list[str], list[str]]:
    """The topics of the environment to which budgets that move publish: those that the guard hears, and the others.

    The guard's subscription has the name by which the stack file names the topic.
    """
    names = {name for part in plan.parts for name in part.projects}
    own = [settings.projects[name].budget for name in names]
    shared = [
        each for each in settings.shared_budgets.values() if each.projects and names >= set(each.projects)
    ]
    used = {each.topic for each in (*own, *shared) if each}
    heard = {each.budget.topic for each in settings.guarded.values() if each.budget}
    topics = [topic for topic in settings.topics if topic in used]
    return [each for each in topics if each in heard], [each for each in topics if each not in heard]


def _parted(settings: EnvironmentSettings, shelves: Sequence[Sequence[str]]) -> Iterator[str]:
    """What a division tears apart."""
    for name, budget in settings.shared_budgets.items():
        found = [[each for each in shelf if each in budget.projects] for shelf in shelves]
        if sum(bool(each) for each in found) > 1:
            apart = "; ".join(listed(each) for each in found if each)
            yield (
                f"sharedBudgets.{name} counts projects of several parts ({apart}), and a budget belongs to one stack. "
                f"Give them one label, or make a budget for each part, and take {name} out, in a change of its own"
            )
    if leaving := [each for shelf in shelves[1:] for each in shelf if each in settings.guarded]:
        yield (
            f"{listed(leaving)}: the guard of {settings.stack} guards them, and it stays there. Give them the label "
            f"of what stays; or write guard: false for them, run gemini-lz up {settings.stack}, split, and "
            "write guard: true in the new stack, which then has a guard of its own"
        )


def _units(settings: EnvironmentSettings) -> list[list[str]]:
    """The projects, those together that cannot be apart; in the order of the file."""
    unit_of = {name: [name] for name in settings.projects}
    for together in [
        *(budget.projects for budget in settings.shared_budgets.values()),
        tuple(settings.guarded),
    ]:
        merged: list[str] = []
        for name in together:
            if not any(name in unit for unit in [merged]):
                merged += unit_of[name]
        for name in merged:
            unit_of[name] = merged
    order = {name: position for position, name in enumerate(settings.projects)}
    found: list[list[str]] = []
    for unit in unit_of.values():
        ordered = sorted(unit, key=order.__getitem__)
        if ordered not in found:
            found.append(ordered)
    return found


def _why(settings: EnvironmentSettings, unit: Sequence[str]) -> str:
    shared = [
        f"sharedBudgets.{name}"
        for name, budget in settings.shared_budgets.items()
        if set(budget.projects) & set(unit)
    ]
    guard = [f"the guard of {settings.stack}"] if any(name in settings.guarded for name in unit) else []
    return " and ".join([*shared, *guard])


def _numbered(stack: str, taken: Collection[str]) -> Iterator[str]:
    number = 2
    while True:
        if (name := f"{stack}-{number}") not in taken:
            yield name
        number += 1


def _plan(settings: EnvironmentSettings, stays: Sequence[str], parts: dict[str, list[str]]) -> Plan:
    return Plan(
        settings.stack, tuple(stays), tuple(Part(stack, tuple(names)) for stack, names in parts.items())
    )
