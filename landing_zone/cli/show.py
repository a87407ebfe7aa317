"""What a stack has made, from its outputs and Cloud Billing."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from landing_zone.google.billing import billing_client, billing_enabled
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google

_WORDS = {
    "requestsPerMinute": "requests a minute",
    "requestsPerDay": "requests a day",
    "inputTokensPerMinute": "input tokens a minute",
}
_COSTS = {
    "expectedThisMonth": "planned this month",
    "worstDay": "at worst in a day",
    "worstOverBudget": "at worst over the budget",
}


class NotReadableError(Exception):
    """The stack's outputs cannot be read; says why and what to do."""


@dataclass(frozen=True)
class ShownProject:
    """A project, as shown: nothing secret in it."""

    name: str
    project_id: str
    number: str
    tier: str
    billing: str
    keys: list[str]
    budget: str
    spend_cap: str
    limits: list[str]
    quotas: list[str]
    cost: list[str]
    console: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


@dataclass(frozen=True)
class ShownStack:
    """What a stack has made."""

    projects: list[ShownProject]
    shared_budgets: dict[str, str]
    unread: list[str]
    """One line each of what could not be read, and what to do."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def read(stack: str | None) -> ShownStack:
    """What `stack`, or the selected one, has made. Raises NotReadableError."""
    if not shutil.which("pulumi"):
        raise NotReadableError(
            'pulumi is not on PATH: install it, or run eval "$(make -s env)" for the local cloud'
        )
    command = ["pulumi", "stack", "output", "--json", *(["--stack", stack] if stack else [])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotReadableError(f"{' '.join(command)} failed:\n{run.stderr.strip()}")
    found = json.loads(run.stdout)
    outputs = found.get("projects")
    if not outputs:
        raise NotReadableError("the stack has no projects yet: run pulumi up")
    with ThreadPoolExecutor(max_workers=16) as pool:
        links = list(pool.map(partial(_link, billing_client()), outputs.values()))
    costs = found.get("cost", {})
    projects = [
        _project(name, output, link, costs.get(name, {}))
        for (name, output), link in zip(outputs.items(), links, strict=True)
    ]
    shared = {
        name: f"{_budget(budget)}; counts {', '.join(budget['counts'])}"
        for name, budget in found.get("sharedBudgets", {}).items()
    }
    return ShownStack(projects, shared, list(dict.fromkeys(link.unread for link in links if link.unread)))


@dataclass(frozen=True)
class _Link:
    """Whether a project's billing is on, in words."""

    words: str
    unread: str = ""
    """Why nobody knows."""


def _link(google: Google, output: dict[str, Any]) -> _Link:
    project = output["projectId"]
    try:
        enabled = billing_enabled(google, project)
    except (NoAnswerError, CredentialsError) as error:
        # It is the same for every project, and said once.
        why = error.with_remedy if isinstance(error, NoAnswerError) else error
        return _Link("unknown", f"whether billing is on is unknown: {why}")
    except GoogleError as error:
        return _Link("unknown", f"whether billing of {project} is on is unknown: {error.with_remedy}")
    if output["tier"] == "paid":
        return _Link(
            "on" if enabled else "OFF: the project is linked to no open account, so it has the free tier"
        )
    return _Link("ON: the project is linked, so it is paid" if enabled else "off")


def _project(name: str, output: dict[str, Any], link: _Link, cost: dict[str, Any]) -> ShownProject:
    budget = output.get("budget") or {}
    cap = budget.get("spendCap")
    tier = output.get("tierFound")
    return ShownProject(
        name=name,
        project_id=output["projectId"],
        number=output["number"],
        tier=f"{output['tier']} (Google applies tier {tier})" if tier else output["tier"],
        billing=link.words,
        # Their names alone: the strings are secrets, which Pulumi has not decrypted here either.
        keys=sorted(output["keys"]),
        budget=_budget(budget) if budget else "none",
        spend_cap=f"{_money(cap['amount'], cap['currency'])} a month, {cap['state']}" if cap else "none",
        limits=[
            f"{model}: "
            + ", ".join(_limit(limits[limit], _WORDS[limit]) for limit in _WORDS if limit in limits)
            for model, limits in output["limits"].items()
        ],
        quotas=[
            f"{quota}: {_granted(values)}" for quota, values in sorted((output.get("quotas") or {}).items())
        ],
        cost=[f"{words}: {cost[key]}" for key, words in _COSTS.items() if key in cost],
        console=output["console"],
    )


def _limit(value: int, words: str) -> str:
    return f"{value:,} {words}" if value else f"denied (0 {words})"


def _granted(values: dict[str, Any]) -> str:
    granted, preferred = values.get("granted"), values["preferred"]
    if str(granted) == str(preferred):
        return f"{preferred} granted"
    return f"{granted or 'nothing yet'} granted of {preferred}{', Google decides' if values.get('pending') else ''}"


def _budget(budget: dict[str, Any]) -> str:
    amount = budget["amount"]
    shown = "what the last period cost" if amount is None else _money(amount, budget["currency"])
    period = budget.get("period", "month")
    when = f"a {period}" if period in ("month", "quarter", "year") else f"from {period}"
    return f"{shown} {when}" + (f", published to {budget['topic']}" if budget.get("topic") else "")


def _money(amount: str, currency: str) -> str:
    decimals = max(2, -int(Decimal(amount).as_tuple().exponent))
    return f"{Decimal(amount):,.{decimals}f} {currency}"


def print_table(console: Console, stack: ShownStack) -> None:
    """Each project: what it is, and where to look in the console; then what several share."""
    for project in stack.projects:
        console.print(f"[bold]{project.name}[/]  {project.project_id}  {project.number}", soft_wrap=True)
        rows = Table.grid(padding=(0, 2), pad_edge=True)
        rows.add_row("  tier", f"{project.tier}, billing {project.billing}")
        rows.add_row("  keys", ", ".join(project.keys) or "none")
        rows.add_row("  budget", project.budget)
        rows.add_row("  spend cap", project.spend_cap)
        rows.add_row("  limits", "\n".join(project.limits) or "none")
        if project.quotas:
            rows.add_row("  quotas", "\n".join(project.quotas))
        if project.cost:
            rows.add_row("  cost", "\n".join(project.cost))
        console.print(rows)
        console.print(f"    usage   {project.console['usage']}", markup=False, soft_wrap=True)
    for name, shared in stack.shared_budgets.items():
        console.print(f"[bold]{name}[/]  shared budget", soft_wrap=True)
        console.print(f"    {shared}", markup=False, soft_wrap=True)
