"""`gemini-lz adopt`: existing projects as entries of a stack file, and, with a stack, in its state.

Exit codes: 0 done, and with a stack the next preview is empty; 1 refused, or an update would still change something;
2 wrong usage, or something is missing; 3 another run is at work on the stack; 130 stopped by Ctrl-C.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from landing_zone import inventory
from landing_zone.cli.adopt_file import Target, target_of
from landing_zone.cli.console import AsJson, out, refuse, working, write, write_json
from landing_zone.cli.operation import REFUSED, STOPPED, USAGE, Operation, write_event
from landing_zone.cli.stacks import StackFolder
from landing_zone.cli.state import NotReadableError
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.inventory import Inventory
from landing_zone.printing import counted, on_one_line
from landing_zone.scaffolding.entries import in_yaml
from landing_zone.settings.problems import nearest

if TYPE_CHECKING:
    from landing_zone.operations.adopt import Adopted

_HEAD: Final = """\
# Below gemini-landing-zone:projects. `existing` takes over a key or a budget, and leaves it when the
# stack goes; keep it. The preview says `import` for these, and nothing else of them changes.
"""
_UNKNOWN: Final = (
    "made by this stack, and workload, deletionPolicy, protect and guard are not to be read at Google: write them "
    "again, if the projects had them"
)
_RESOURCES: Final = "cloudresourcemanager"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz adopt acme-support-legacy --name support-bot")(adopt)


def adopt(
    projects: Annotated[
        list[str] | None, typer.Argument(metavar="PROJECT", help="Ids of existing projects.")
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(
            help="All projects below a folder, and below its folders, such as folders/123456789012."
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(
            help="The stack that gets them, such as prod: in its file, which is written if there is none, and in its "
            "state. Without projects: those that its file has already. Default: the entries are printed."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="The name of one project in the stack file. Default: that of the stack which created its keys, else "
            "its id."
        ),
    ] = None,
    stacks: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take over existing projects as they are. It changes nothing at Google.

    Prints entries for a stack file; with --stack, writes them there, and takes all that they describe into the
    stack's state, so that its next preview is empty. An entry that the file has already stays as it is.
    """
    ids = list(dict.fromkeys(projects or ()))
    if name and (len(ids) != 1 or folder):
        refuse("--name names one project: write it with one PROJECT, and without --folder")
    if not (ids or folder or stack):
        refuse("nothing to adopt: name projects, a --folder, or a --stack whose file has them")
    if stack is None:
        _print(ids, folder, name or "", as_json=as_json)
    else:
        _Adoption(target_of(stack, stacks), as_json=as_json).run(ids, folder, name or "")


@dataclass(frozen=True)
class _Wanted:
    """The ids that a command asks for."""

    named: list[str]
    below: list[str] = field(default_factory=list)
    """Those below the folder."""
    left_out: list[str] = field(default_factory=list)
    """A line for each thing below the folder that is not looked into."""

    @property
    def ids(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys([*self.named, *self.below]))


def _wanted(google: Google, ids: list[str], folder: str | None) -> _Wanted:
    """Raises GoogleError, CredentialsError."""
    if folder is None:
        return _Wanted(ids)
    parent = f"folders/{folder}" if folder.isdecimal() else folder
    if not parent.startswith(("folders/", "organizations/")):
        refuse(f"--folder {folder}: write folders/123456789012, or organizations/123456789012")
    left_out: list[str] = []
    return _Wanted(ids, inventory.in_folder(google, parent, left_out), left_out)


def _unread(google: Google, found: Iterable[Inventory]) -> dict[str, str]:
    """Id → why the project cannot be taken over, with the nearest id that can be seen."""
    without = [each for each in found if not each.settings]
    try:
        listed = list(google.list_all(_RESOURCES, "projects", "projects")) if without else []
    except GoogleError:
        listed = []
    seen = [each["projectId"] for each in listed if each.get("lifecycleState") == "ACTIVE"]
    lines = {}
    for each in without:
        near = None if each.project_id in seen else nearest(each.project_id, seen)
        hint = f"; did you mean {near}?" if near else ""
        lines[each.project_id] = f"{each.project_id}: {'; '.join(map(on_one_line, each.left_out))}{hint}"
    return lines


def _print(ids: list[str], folder: str | None, name: str, *, as_json: bool) -> None:
    """Print entries for a stack file."""
    google = Google(GoogleConfig.read({}, os.environ))
    try:
        with working("reading") as say:
            wanted = _wanted(google, ids, folder)
            found = inventory.of_projects(
                google,
                wanted.ids,
                "",
                names={ids[0]: name} if name else {},
                progress=lambda done, of: say(f"{done} of {counted(of, 'project')}"),
            )
            unread = _unread(google, found)
    except (GoogleError, CredentialsError) as error:
        refuse(str(error.with_remedy if isinstance(error, GoogleError) else error))
    if unread:
        refuse("\n".join(unread.values()))
    entries = {each.name: each.settings for each in found}
    left_out = [*wanted.left_out, *_lines(found)]
    if as_json:
        write_json({"projects": entries, "leftOut": left_out})
        return
    write(_HEAD)
    write(in_yaml(entries))
    for line in left_out:
        write(f"# stays as it is: {on_one_line(line)}\n")


def _lines(found: Sequence[Inventory]) -> list[str]:
    """What stays as it is; with the project, where there are several."""
    return [f"{each.name}: {line}" if len(found) > 1 else line for each in found for line in each.left_out]


class _Adoption(Operation):
    """An adoption into a stack."""

    def __init__(self, target: Target, *, as_json: bool) -> None:
        # Not at the top: Pulumi's SDK takes half a second, and the printing does without.
        from landing_zone.operations.pulumi_cli import Cli, CliError

        super().__init__(as_json=as_json, unlock=f"gemini-lz recover {target.stack} --unlock")
        self._target = target
        try:
            self._cli = Cli(target.folder.project, target.folder.pulumi_project, target.qualified)
        except CliError as error:
            self.fail(str(error), USAGE)

    def run(self, ids: list[str], folder: str | None, name: str) -> None:
        """Write the entries, and take what they describe into the state; exits with the outcome."""
        from landing_zone.operations.adopt import adopt as take_over

        target = self._target
        asked, entries, left_out = self._entries(ids, folder, name)
        text, unfit = target.fitting(entries, self.fail)
        left_out += unfit
        with self.screen() as screen:
            done = self.guarded(
                lambda: take_over(
                    self._cli, target.path, lambda: target.write(text, self.fail), screen.progress
                )
            )
        self._end(done, target.adopted(asked), left_out)

    def _entries(
        self, ids: list[str], folder: str | None, name: str
    ) -> tuple[list[str], dict[str, Any], list[str]]:
        """The ids asked for, the new entries, and what stays as it is; exits with all that is in the way."""
        target = self._target
        if not (ids or folder):
            if not target.ids:
                self.fail(f"{target.path} has no projects: name some, or a --folder", USAGE)
            return [], {}, []
        try:
            with working("reading") as say:
                google = target.google()
                wanted = _wanted(google, ids, folder)
                new = [each for each in wanted.ids if each not in target.ids]
                elsewhere = self._elsewhere(new)
                found = inventory.of_projects(
                    google,
                    [each for each in new if each not in elsewhere],
                    target.label,
                    names={ids[0]: name} if name else {},
                    taken=target.names,
                    environment=target.environment,
                    progress=lambda done, of: say(f"{done} of {counted(of, 'project')}"),
                )
                unread = _unread(google, found)
        except (GoogleError, CredentialsError, NotReadableError) as error:
            self.fail(str(error.with_remedy if isinstance(error, GoogleError) else error), REFUSED)
        except KeyboardInterrupt:
            self.fail("stopped: nothing was written", STOPPED)
        held = {each: f"{each}: the stack {other} has it" for each, other in sorted(elsewhere.items())}
        refused = [line for each, line in {**held, **unread}.items() if each in ids]
        if refused:
            self.fail("\n".join(["nothing was written:", *refused]), REFUSED)
        left_out = [*wanted.left_out, *held.values(), *unread.values()]
        left_out += [f"{each.name}: {line}" for each in found if each.settings for line in each.left_out]
        entries = {each.name: target.shortened(each.settings) for each in found if each.settings}
        if not entries and not target.ids:
            self.fail(
                "\n".join([f"nothing was written: no project to adopt below {folder}", *left_out]), REFUSED
            )
        if own := [name for name, entry in entries.items() if not entry.get("adopt")]:
            left_out.append(f"{', '.join(own)}: {_UNKNOWN}")
        return wanted.ids, entries, left_out

    def _elsewhere(self, ids: list[str]) -> dict[str, str]:
        from landing_zone.operations.adopt import in_other_stacks

        if not ids:
            return {}
        found: dict[str, str] = self.guarded(lambda: in_other_stacks(self._cli, ids))
        return found

    def _end(self, done: "Adopted", names: list[str], left_out: list[str]) -> None:
        from landing_zone.operations.adopt import reason

        target, left = self._target, [reason(each) for each in done.left]
        resources = sum(done.resources.get(each, 0) for each in names)
        code = REFUSED if left else 0
        if self._as_json:
            write_event(
                {
                    "event": "summary",
                    "exitCode": code,
                    "file": str(target.path),
                    "projects": sorted(names),
                    "added": sorted(target.added),
                    "resources": resources,
                    "leftOut": left_out,
                    "changes": left,
                }
            )
            raise typer.Exit(code)
        for line in left_out:
            out.print(f"stays as it is: {on_one_line(line)}", markup=False, soft_wrap=True)
        counts = f"{counted(len(names), 'project')}, {counted(resources, 'resource')}"
        if not left:
            out.print(f"adopted {counts}; the preview is empty", markup=False, soft_wrap=True)
            raise typer.Exit(0)
        out.print(f"adopted {counts}; an update would still change:", markup=False, soft_wrap=True)
        for line in left:
            out.print(f"  {on_one_line(line)}", markup=False, soft_wrap=True)
        raise typer.Exit(code)
