"""A stack as found at Google, compared with the last update."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from landing_zone.audit import in_force
from landing_zone.audit.compare import Item
from landing_zone.audit.in_force import ProjectInForce, StackInForce
from landing_zone.cli.state import read_applied
from landing_zone.gemini.console import console_links
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.printing import counted, on_one_line
from landing_zone.reports.worst_month import UNBOUNDED

_DIFFERS: Final = "≠"


@dataclass(frozen=True)
class ShownStack:
    """A stack, as shown: nothing secret in it."""

    found: StackInForce

    @property
    def differs(self) -> bool:
        """True if something differs from the last update."""
        return self.found.differences > 0

    def as_json(self) -> dict[str, Any]:
        """The stack as JSON."""
        return {
            "worstMonth": {
                "amount": self.found.worst_month,
                "bounded": self.found.worst_month != UNBOUNDED,
                "boundBy": self.found.bound_by,
            },
            "projects": [_as_json(project) for project in self.found.projects],
            "sharedBudgets": {name: item.as_json() for name, item in self.found.shared_budgets.items()},
            "differences": self.found.differences,
            "unread": [
                {"what": what, "reason": reason}
                for reason, each in self.found.unread.items()
                for what in each
            ],
        }


def read(stack: str | None) -> ShownStack:
    """Read `stack`, or the selected one, at Google. Raises NotReadableError."""
    applied = read_applied(stack)
    google = Google(GoogleConfig.read({}, os.environ))
    return ShownStack(in_force.read(google, applied))


def _as_json(project: ProjectInForce) -> dict[str, Any]:
    return {
        "name": project.applied.name,
        "projectId": project.applied.project_id,
        "number": project.applied.number,
        "link": project.link.as_json(),
        "tier": project.tier.as_json(),
        "keys": [item.as_json() for item in project.keys],
        "otherKeys": project.other_keys,
        "budget": project.budget and project.budget.as_json(),
        "spendCap": project.cap and project.cap.as_json(),
        "limits": [item.as_json() for item in project.limits],
        "quotas": [item.as_json() for item in project.quotas],
        "guardAct": project.guard_act or None,
        "console": console_links(project.applied.project_id, project.applied.account or None),
    }


def print_table(console: Console, stack: ShownStack) -> None:
    """Print each project as found at Google, with differences from the last update; then shared budgets."""
    if stack.found.worst_month:
        bounded = stack.found.worst_month != UNBOUNDED
        reason = f"{', bounded by ' if bounded else ': '}{stack.found.bound_by}"
        console.print(
            f"at worst in a month: {stack.found.worst_month}{reason} (as last applied)",
            markup=False,
            soft_wrap=True,
        )
    for project in stack.found.projects:
        applied = project.applied
        ids = f"  {applied.project_id}  {applied.number}"
        console.print(Text.assemble((on_one_line(applied.name), "bold"), on_one_line(ids)), soft_wrap=True)
        rows = Table.grid(padding=(0, 2, 0, 0))
        for label, item in _rows(project):
            rows.add_row(_DIFFERS if item and item.differs else " ", label, _words(item))
        console.print(rows)
        if project.guard_act:
            act = f"   {'guard':<9}  {project.guard_act}; gemini-lz guard release takes it back"
            console.print(Text(on_one_line(act), style="bold red"), soft_wrap=True)
        usage = console_links(applied.project_id, applied.account or None)["usage"]
        console.print(f"   {'usage':<9}  {usage}", markup=False, soft_wrap=True)
    for name, shared in stack.found.shared_budgets.items():
        console.print(Text.assemble((on_one_line(name), "bold"), "  shared budget"), soft_wrap=True)
        mark = _DIFFERS if shared.differs else " "
        console.print(Text.assemble(f"{mark}  ", _words(shared)), soft_wrap=True)
    for reason, what in stack.found.unread.items():
        console.print(f"as last applied, not read: {', '.join(what)}: {reason}", markup=False, soft_wrap=True)
    if stack.differs:
        console.print(
            f"{_DIFFERS} {counted(stack.found.differences, 'difference')} from what was last applied: "
            "docs/drift.md says how to take one over or undo it",
            markup=False,
            soft_wrap=True,
        )


def _rows(project: ProjectInForce) -> Iterator[tuple[str, Item | None]]:
    """Label and item; the label only on the first of several items."""
    yield "link", project.link
    yield "", project.tier
    others = [Item(title, None, f"{title}: not this stack's") for title in project.other_keys]
    keys = [*project.keys, *others]
    for label, items in (
        ("keys", keys),
        ("budget", [project.budget] if project.budget else []),
        ("spend cap", [project.cap] if project.cap else []),
        ("limits", [_named(item) for item in project.limits]),
        ("quotas", project.quotas),
    ):
        for number, item in enumerate(items or ([None] if label != "quotas" else [])):
            yield "" if number else label, item


def _named(item: Item) -> Item:
    return Item(item.name, item.value, f"{item.name}: {item.words}", item.differs, item.read)


def _words(item: Item | None) -> Text:
    if item is None:
        return Text("none")
    last = "" if item.read else " (as last applied)"
    differs = (f"; {on_one_line(item.differs)}", "bold red") if item.differs else ""
    return Text.assemble(f"{on_one_line(item.words)}{last}", differs)
