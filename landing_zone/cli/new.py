"""`gemini-lz new`: a stack file, from flags or from answers on a terminal."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from landing_zone.cli.asking import Form, Question
from landing_zone.cli.console import AsJson, err, out, refuse, working, write_json
from landing_zone.cli.stacks import Folder, StackFolder, stack_folder
from landing_zone.policies.configuration import ConfigurationError
from landing_zone.policies.formats import Position, path_of
from landing_zone.policies.judge import Verdict
from landing_zone.policies.rulebook import FOLDER, Rulebook
from landing_zone.pricing.days import today
from landing_zone.pricing.money import plain
from landing_zone.printing import on_one_line
from landing_zone.reports.summary import worst_month
from landing_zone.scaffolding import answers
from landing_zone.scaffolding.answers import Answers
from landing_zone.scaffolding.new_stack import NewStack, new_stack
from landing_zone.scaffolding.stack_file import pulumi_keys
from landing_zone.settings import SettingsError
from landing_zone.settings.problems import path_text
from landing_zone.workspace import stack_path

_ACCOUNT: Final = Question("--account", "Billing account that pays", "01A2B3-C4D5E6-F7A8B9", answers.account)
_PARENT: Final = Question(
    "--folder",
    "Folder for the projects, none without an organization",
    "folders/123456789012",
    answers.parent,
)
_TEAMS: Final = Question("--team", "Team and its monthly amount", "chat=1200", answers.team, many=True)
_CURRENCY: Final = Question(
    "--currency", "Currency of the billing account", "EUR", answers.currency, default="USD"
)
_RATE: Final = Question("--usd-rate", "A US dollar in that currency", "0.92", answers.usd_rate)
"""Needed where the currency is another."""
_EMAILS: Final = Question("--email", "Address for alerts", "oncall@example.com", answers.email, many=True)
_IPS: Final = Question(
    "--allowed-ips",
    "Address or block that calls come from",
    "203.0.113.0/24",
    answers.allowed_ips,
    many=True,
)
_SEED: Final = Question(
    "--seed", "Seed project, empty for none", "acme-gemini-seed", answers.seed, default=""
)
_PREFIX: Final = Question(
    "--prefix", "Beginning of project ids, empty for the seed project's", "acme", answers.prefix, default=""
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: gemini-lz new prod --account 01A2B3-C4D5E6-F7A8B9 --folder folders/123456789012 "
        "--team chat=1200 --team search=300 --email oncall@example.com --allowed-ips 203.0.113.0/24"
    )(new)


def new(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The new stack's name, such as prod.")],
    account: Annotated[str | None, typer.Option(help="The billing account that pays.")] = None,
    parent: Annotated[
        str | None,
        typer.Option(
            "--folder",
            help="Where the projects are created: folders/123456789012, or none without an organization.",
        ),
    ] = None,
    teams: Annotated[
        list[str] | None,
        typer.Option("--team", help="A team and its monthly amount, such as chat=1200; repeatable."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The billing account's currency. Default: USD.")
    ] = None,
    usd_rate: Annotated[
        str | None, typer.Option(help="What a US dollar is in that currency, such as 0.92.")
    ] = None,
    emails: Annotated[
        list[str] | None, typer.Option("--email", help="An address for alerts; repeatable.")
    ] = None,
    allowed_ips: Annotated[
        list[str] | None,
        typer.Option(
            help="An address or block that keys can be used from, such as 203.0.113.0/24; repeatable."
        ),
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="The seed project (docs/organization.md), such as acme-gemini-seed.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="The beginning of project ids. Default: the first word of the seed project."),
    ] = None,
    secrets_provider: Annotated[
        str | None,
        typer.Option(
            help="What encrypts the stack's secrets, such as gcpkms://projects/… . Default: Pulumi's."
        ),
    ] = None,
    guard: Annotated[
        bool,
        typer.Option(
            "--guard/--no-guard",
            help="Also a spend guard, which runs in the seed project (docs/guard.md). Default: none.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the stack's file if there is one.")] = False,
    folder: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write a stack file: a paid project a team, with key, budget, spend cap, alerts, derived limits and a plan.

    Asks on a terminal for what the options leave out. Calls neither Pulumi nor Google.

    Exit codes: 0, the file is written;
    1, it is written, and a mandatory policy refuses it;
    2, wrong usage, or the file exists: nothing was written.
    """
    form = Form(asks=sys.stdin.isatty() and err.is_terminal and not as_json)
    form.check(answers.stack, stack, "STACK")
    where = stack_folder(folder)
    path = _path(where, stack, force=force)
    given = {
        _ACCOUNT: account,
        _PARENT: parent,
        _TEAMS: teams,
        _CURRENCY: currency,
        _EMAILS: emails,
        _IPS: allowed_ips,
        _SEED: seed,
        _PREFIX: prefix,
    }
    chosen = _answers(form, stack, given, usd_rate, secrets_provider or "", guard=guard)
    kept = pulumi_keys(path) if path.exists() else {}
    made = _made(form, chosen, where, kept)
    try:
        path.write_text(made.text, encoding="utf-8")
    except OSError as error:
        refuse(f"{path} cannot be written: {error.strerror}")
    (_write_json if as_json else _print)(chosen, path, made, kept)
    raise typer.Exit(1 if made.judged.stopping else 0)


def _path(where: Folder, stack: str, *, force: bool) -> Path:
    """Where the file goes."""
    if not where.path.is_dir():
        refuse(
            f"no folder {where.path}: go to that of Pulumi.yaml, or name the stack files' folder with --stacks"
        )
    path = stack_path(where.path, stack)
    if path.exists() and not force:
        refuse(f"{path} exists: choose another name, or write --force, which replaces it")
    return path


def _answers(
    form: Form,
    stack: str,
    given: Mapping[Question, Any],
    usd_rate: str | None,
    secrets_provider: str,
    *,
    guard: bool,
) -> Answers:
    """All answers; exits with everything that is wrong."""
    found = form.filled(given)
    rate = None
    if found[_CURRENCY] not in (None, "USD"):
        rate = form.filled({_RATE: usd_rate})[_RATE]
    names = [each[0] for each in found[_TEAMS] or () if each]
    for name in sorted({each for each in names if names.count(each) > 1}):
        form.add(f"--team: {name!r} is named {names.count(name)} times", "write one amount a team")
    provider = form.check(answers.secrets_provider, secrets_provider, "--secrets-provider")
    form.end()
    chosen = Answers(
        stack,
        account=found[_ACCOUNT],
        parent=found[_PARENT],
        teams=dict(found[_TEAMS]),
        currency=found[_CURRENCY],
        usd_rate=rate,
        emails=tuple(found[_EMAILS]),
        allowed_ips=tuple(found[_IPS]),
        seed=found[_SEED],
        prefix=found[_PREFIX],
        secrets_provider=provider,
        guard=guard,
    )
    if guard and not chosen.seed:
        form.add(
            "--guard: it runs in the seed project", "write --seed acme-gemini-seed, or leave --guard out"
        )
    for team in chosen.teams:
        form.check(chosen.project_id, team, "--team")
    form.end()
    return chosen


def _made(form: Form, chosen: Answers, where: Folder, kept: Mapping[str, str]) -> NewStack:
    """The stack file; exits with what its settings refuse."""
    try:
        with working("deriving limits"):
            return new_stack(chosen, today(), Rulebook(where.project / FOLDER), where.pulumi_project, kept)
    except ConfigurationError as error:
        refuse(str(error))
    except SettingsError as error:
        # What no answer shows by itself, such as cents of a currency that has none.
        for problem in error.problems:
            form.add(f"{path_text(problem.path)}: {problem.reason}", problem.remedy)
        form.end()
        raise


def _next(stack: str) -> list[str]:
    return [f"gemini-lz preflight {stack}", f"gemini-lz up {stack}"]


def _stopping(made: NewStack) -> list[Verdict]:
    return [verdict for verdict in made.judged.verdicts if verdict.stops]


def _planned(made: NewStack, team: str) -> Decimal:
    expected: Decimal = made.money.estimate.projects[team].costs["expected"].amount
    return expected


def _print(chosen: Answers, path: Path, made: NewStack, kept: Mapping[str, str]) -> None:
    out.print(f"wrote {path}", markup=False, soft_wrap=True)
    if kept:
        out.print(
            f"kept from the file that was there: {_shown(kept)}. Nobody can read the stack's state without",
            markup=False,
            soft_wrap=True,
        )
    if (
        chosen.secrets_provider
        and kept.get("secretsprovider", chosen.secrets_provider) != chosen.secrets_provider
    ):
        change = f"pulumi stack change-secrets-provider {chosen.secrets_provider} --stack {chosen.stack}"
        out.print(f"--secrets-provider is not used: run {change}", markup=False, soft_wrap=True)
    table = Table("project", "id", "a month", "planned", "at worst", "", box=None)
    for name, amount in chosen.teams.items():
        month = made.money.exposure.projects[name].month
        table.add_row(
            name,
            chosen.project_id(name),
            f"{amount:,.2f}",
            f"{_planned(made, name):,.2f}",
            f"{month.amount.amount:,.2f}" if month.amount else "not bounded",
            chosen.currency,
        )
    out.print(table)
    amounts, bound_by = worst_month(made.money.exposure)
    out.print(
        f"at worst in a month: {amounts}, bounded by {on_one_line(bound_by)}", markup=False, soft_wrap=True
    )
    for used in made.judged.environments:
        out.print(f"judged as {on_one_line(str(used))}", markup=False, soft_wrap=True)
    stopping = _stopping(made)
    out.print("refused by mandatory policies:" if stopping else "no mandatory policy refuses it")
    for verdict in stopping:
        for line in _lines(verdict):
            out.print(on_one_line(line), markup=False, soft_wrap=True)
    if stopping:
        out.print(
            f"[bold]change the file, or have the owner of {FOLDER} change that; then:[/]", soft_wrap=True
        )
    steps = [*([f"gemini-lz policy check {chosen.stack}"] if stopping else []), *_next(chosen.stack)]
    for step in steps:
        out.print(f"  {escape(step)}", soft_wrap=True)


def _lines(verdict: Verdict) -> Sequence[str]:
    finding = verdict.finding
    return (
        f"  {verdict.policies}: {path_of(finding.subject, Position())}: {finding.text}",
        f"      {finding.advice}",
    )


def _shown(kept: Mapping[str, str]) -> str:
    """Names of the keys; of the secrets provider, which is no secret, the value too."""
    return ", ".join(
        f"{key} {on_one_line(value)}" if key == "secretsprovider" else key for key, value in kept.items()
    )


def _write_json(chosen: Answers, path: Path, made: NewStack, kept: Mapping[str, str]) -> None:
    months = made.money.exposure.projects
    write_json(
        {
            "stack": chosen.stack,
            "file": str(path),
            "kept": list(kept),
            "projects": [
                {
                    "name": name,
                    "projectId": chosen.project_id(name),
                    "amount": plain(amount),
                    "currency": chosen.currency,
                    "planned": plain(_planned(made, name)),
                    "worstMonth": months[name].month.as_json(),
                }
                for name, amount in chosen.teams.items()
            ],
            "worstMonth": [each.as_json() for each in made.money.exposure.months],
            "judgedAs": [str(each) for each in made.judged.environments],
            "violations": list(_violations(_stopping(made))),
            "next": _next(chosen.stack),
        }
    )


def _violations(verdicts: Iterable[Verdict]) -> Iterable[dict[str, str]]:
    for verdict in verdicts:
        yield {
            "policies": verdict.policies,
            "path": path_of(verdict.finding.subject, Position()),
            "text": verdict.finding.text,
            "remedy": verdict.finding.advice,
        }
