"""What a stack has made, from its outputs and Cloud Billing."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from google.cloud.billing_v1 import CloudBillingClient
from rich.console import Console
from rich.table import Table

from landing_zone.google.billing import BillingUnreadableError, billing_client, billing_enabled

_WORDS = {
    "requestsPerMinute": "requests a minute",
    "requestsPerDay": "requests a day",
    "inputTokensPerMinute": "input tokens a minute",
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
    limits: list[str]
    console: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def read(stack: str | None) -> list[ShownProject]:
    """The projects of `stack`, or of the selected one. Raises NotReadableError."""
    if not shutil.which("pulumi"):
        raise NotReadableError(
            'pulumi is not on PATH: install it, or run eval "$(make -s env)" for the local cloud'
        )
    command = ["pulumi", "stack", "output", "--json", *(["--stack", stack] if stack else [])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotReadableError(f"{' '.join(command)} failed:\n{run.stderr.strip()}")
    outputs = json.loads(run.stdout).get("projects")
    if not outputs:
        raise NotReadableError("the stack has no projects yet: run pulumi up")
    try:
        client = billing_client()
    except BillingUnreadableError as error:
        links = [f"unknown ({error})"] * len(outputs)
    else:
        with ThreadPoolExecutor(max_workers=16) as pool:
            links = list(pool.map(partial(_link, client), outputs.values()))
    return [_project(name, output, link) for (name, output), link in zip(outputs.items(), links, strict=True)]


def _link(client: CloudBillingClient, output: dict[str, Any]) -> str:
    try:
        enabled = billing_enabled(client, output["projectId"])
    except BillingUnreadableError as error:
        return f"unknown ({error})"
    if output["tier"] == "paid":
        return "on" if enabled else "OFF: the project is linked to no open account, so it has the free tier"
    return "ON: the project is linked, so it is paid" if enabled else "off"


def _project(name: str, output: dict[str, Any], link: str) -> ShownProject:
    budget = output.get("budget")
    return ShownProject(
        name=name,
        project_id=output["projectId"],
        number=output["number"],
        tier=output["tier"],
        billing=link,
        # Their names alone: the strings are secrets, which Pulumi has not decrypted here either.
        keys=sorted(output["keys"]),
        budget=_money(budget["amount"], budget["currency"]) if budget else "none",
        limits=[
            f"{model}: "
            + ", ".join(f"{limits[limit]:,} {_WORDS[limit]}" for limit in _WORDS if limit in limits)
            for model, limits in output["limits"].items()
        ],
        console=output["console"],
    )


def _money(amount: str, currency: str) -> str:
    decimals = max(2, -int(Decimal(amount).as_tuple().exponent))
    return f"{Decimal(amount):,.{decimals}f} {currency} a month"


def print_table(console: Console, projects: list[ShownProject]) -> None:
    """Each project: what it is, and where to look in the console."""
    for project in projects:
        console.print(f"[bold]{project.name}[/]  {project.project_id}  {project.number}", soft_wrap=True)
        rows = Table.grid(padding=(0, 2), pad_edge=True)
        rows.add_row("  tier", f"{project.tier}, billing {project.billing}")
        rows.add_row("  keys", ", ".join(project.keys) or "none")
        rows.add_row("  budget", project.budget)
        rows.add_row("  limits", "\n".join(project.limits) or "none")
        console.print(rows)
        console.print(f"    usage   {project.console['usage']}", markup=False, soft_wrap=True)
