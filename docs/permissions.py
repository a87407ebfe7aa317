"""Writes the tables of docs/organization.md: the APIs of the seed project, and who needs which permissions.

.venv/bin/python docs/permissions.py
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from landing_zone.google.bootstrap_permissions import CALLER_NEEDS
from landing_zone.google.permissions import PERMISSIONS, Place
from landing_zone.google.seed_apis import GUARD_APIS, SEED_APIS

PAGE: Final = Path(__file__).with_name("organization.md")


def tables() -> dict[str, str]:
    """The text between each pair of marks (`<!-- NAME -->` and `<!-- end -->`), by its name."""
    return {"caller": "\n".join(_caller()), "runner": "\n".join(_runner()), "apis": "\n".join(_apis())}


def updated(page: str) -> str:
    """The page with its tables as they are to be."""
    for name, text in tables().items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        if mark:
            page = f"{before}{mark}{text}\n{rest[rest.index('<!-- end -->') :]}"
    return page


def _caller() -> Iterator[str]:
    yield "| on | when | role | for |"
    yield "| --- | --- | --- | --- |"
    for need in CALLER_NEEDS:
        permissions = ", ".join(f"`{each}`" for each in need.permissions) or "all in it"
        yield f"| {need.place} | {need.when} | `{need.role}` | {permissions} |"


def _runner() -> Iterator[str]:
    yield "| on | for | permissions | Google's role |"
    yield "| --- | --- | --- | --- |"
    for place in Place:
        # One line for each use and role, in the order of the table.
        lines: dict[tuple[str, str], list[str]] = {}
        for each in PERMISSIONS:
            if each.place is place:
                lines.setdefault((str(each.use), each.role), []).append(each.name)
        for (use, role), names in lines.items():
            shown = f"`{role}`" if role else "none but administrators'"
            yield f"| {place} | {use} | {_grouped(names)} | {shown} |"


def _grouped(names: list[str]) -> str:
    """Permissions of one service and resource together: `billing.budgets.{create,get}`."""
    found: dict[str, list[str]] = {}
    for name in names:
        resource, _, action = name.rpartition(".")
        found.setdefault(resource, []).append(action)
    return ", ".join(
        f"`{resource}.{actions[0]}`" if len(actions) == 1 else f"`{resource}.{{{','.join(actions)}}}`"
        for resource, actions in found.items()
    )


def _apis() -> Iterator[str]:
    yield "```sh"
    yield "gcloud services enable --project=acme-gemini-seed \\"
    names = list(SEED_APIS)
    rows = [names[i : i + 4] for i in range(0, len(names), 4)]
    yield " \\\n".join(f"  {' '.join(row)}" for row in rows)
    yield ""
    yield "# For the spend guard"
    yield "gcloud services enable --project=acme-gemini-seed \\"
    yield f"  {' '.join(GUARD_APIS[:3])} \\"
    yield f"  {' '.join(GUARD_APIS[3:])}"
    yield "```"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
