"""A stack becomes several: its projects move to new stacks, in files and states alone. Google is not called.

The order of the writes is what keeps a kill harmless (docs/adr/0040). While both files have their mark, which is the
key `split`, no program takes them, be it gemini-lz's or Pulumi's; so nothing can act on half of it:

1. The old file gets the mark, with the plan.
2. Each new stack is made, with a file that has a mark.
3. Each new state gets its resources; then, in one write, the old state loses all of them.
4. Each new file loses its mark, and its stack gets what exists in a state alone (`settle`).
5. The old file loses its mark and what moved, and its stack is settled.

A tag on each stack keeps away the runs of other checkouts of the files, until the stack is settled.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from landing_zone.bounded_yaml import load_bounded, read_bounded
from landing_zone.exported_state import name_of, resources_of, type_of
from landing_zone.operations.mark import SPLIT, clear_mark, is_of_split, read_mark, set_mark
from landing_zone.operations.natural_names_alone import is_in_state_alone
from landing_zone.operations.planned import changes
from landing_zone.operations.progress import Progress
from landing_zone.operations.pulumi_cli import Cli, Lock, LockedError, NoStackError
from landing_zone.operations.recover import recover
from landing_zone.operations.run import make_way
from landing_zone.operations.settle import settle
from landing_zone.operations.split_state import (
    channels_in,
    constraint_in,
    part_of,
    projects_in,
    rest_of,
    topics_in,
    with_worst_month,
)
from landing_zone.operations.state import interrupted
from landing_zone.pricing.days import today
from landing_zone.printing import listed
from landing_zone.reports.summary import month_report, worst_month
from landing_zone.scaffolding.split_file import ENCRYPTION, Part, Shared, SplitFile
from landing_zone.scaffolding.split_plan import Plan, SplitError, used_topics
from landing_zone.scaffolding.stack_text import EditError, StackText, secrets_in
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file


@dataclass(frozen=True)
class Site:
    """Where the stacks are."""

    cli_of: Callable[[str], Cli]
    """The CLI on a stack."""
    file_of: Callable[[str], Path]
    """The file of a stack."""


def shared_of(settings: EnvironmentSettings, plan: Plan) -> Shared:
    """What projects that move use together with the old stack; channels by their address, without a name."""
    moved = [settings.projects[name] for part in plan.parts for name in part.projects]
    names = {name for part in plan.parts for name in part.projects}
    budgets = [
        each for each in settings.shared_budgets.values() if each.projects and set(each.projects) <= names
    ]
    with_host = settings.notification_project is not None
    emails = [
        *(email for project in moved if project.budget for email in project.alerts.email),
        *(email for budget in budgets for email in budget.email),
    ]
    return Shared(
        {email: "" for email in emails if with_host and email not in settings.budget_channels},
        used_topics(settings, plan)[1],
        "constraint"
        if any(each.forbid_unrestricted_keys for each in moved) and not settings.key_constraint
        else None,
        settings.dashboard,
    )


def is_unended(site: Site, stack: str) -> bool:
    """True if a split of the stack was killed. Raises CliError, EditError."""
    cli = site.cli_of(stack)
    return bool(_open(site.file_of(stack), cli).mark) or is_of_split(read_mark(cli))


def split(
    site: Site, source: str, plan: Plan | None, settings: EnvironmentSettings | None, progress: Progress
) -> list[str]:
    """Split a stack; returns the URNs that a preview of one of the stacks would still change.

    `plan`, `settings`: None to go on with a split that was killed.

    Raises:
        SplitError: it cannot be split, with every reason; nothing was changed.
        LockedError, CliError, RecoveryError, StoppedByUserError: as a run.
    """
    return _Split(site, source, progress).run(plan, settings)


class _Split:
    def __init__(self, site: Site, source: str, progress: Progress) -> None:
        self._site, self._source, self._progress = site, source, progress
        self._cli, self._file = site.cli_of(source), site.file_of(source)

    def run(self, plan: Plan | None, settings: EnvironmentSettings | None) -> list[str]:
        with _alone_in(self._file.parent):
            return self._run(plan, settings)

    def _run(self, plan: Plan | None, settings: EnvironmentSettings | None) -> list[str]:
        if plan and settings:
            self._begin(plan, settings)
        left: list[str] = []
        if mark := self._read().mark:
            for part in mark.parts:
                self._make(part)
            self._move(mark.parts)
            for part in mark.parts:
                left += self._end(part.stack, self._unmark)
        return [*left, *self._end(self._source, self._leave)]

    def _begin(self, plan: Plan, settings: EnvironmentSettings) -> None:
        """Check that the stack can be split, and mark it. Raises SplitError."""
        self._check_new([part.stack for part in plan.parts])
        self._claim()
        try:
            exported = self._export(self._cli)
            self._check_settled(exported)
            shared = _named(shared_of(settings, plan), exported)
            text = self._read().with_mark(self._source, plan.parts, shared)
            self._check_files(SplitFile(text, self._cli.project), plan.parts)
        except EditError as error:
            clear_mark(self._cli)
            raise SplitError(f"{self._file}: {error}") from None
        except BaseException:
            clear_mark(self._cli)
            raise
        _write(self._file, text)
        self._progress.say(f"the file of {self._source} has the mark of the split")

    def _check_files(self, marked: SplitFile, parts: Sequence[Part]) -> None:
        """Make and read all files once, before anything is written. Raises SplitError, EditError."""
        texts = {part.stack: marked.of_part(part, {}) for part in parts} | {self._source: marked.of_rest()}
        with TemporaryDirectory(prefix="gemini-lz-") as folder:
            shutil.copy(self._cli.folder / "Pulumi.yaml", folder)
            for stack, text in texts.items():
                path = Path(folder, self._site.file_of(stack).name)
                path.write_text(SplitFile(text, self._cli.project).without_mark(), encoding="utf-8")
                try:
                    load_file(stack, path)
                except SettingsError as error:
                    raise SplitError(f"the file of {stack} would have mistakes:\n{error}") from None

    def _check_settled(self, exported: Mapping[str, Any]) -> None:
        """Refuse while an update would change something. Raises SplitError."""
        replaced = [each["urn"] for each in resources_of(exported) if each.get("delete")]
        pending = [each for each in changes(self._cli, exported) if not is_in_state_alone(each.type)]
        found = [
            *(f"delete {type_of(urn)} {name_of(urn)}, which was replaced" for urn in replaced),
            *(f"{each.op} {type_of(each.urn)} {name_of(each.urn)}" for each in pending),
        ]
        if found:
            raise SplitError(
                f"an update of {self._source} would change something, and a split moves what is in force: run "
                f"gemini-lz up {self._source} first. It would {listed(found)}"
            )

    def _check_new(self, stacks: Sequence[str]) -> None:
        """Refuse names that others have. Raises SplitError."""
        found = [stack for stack in stacks if self._site.file_of(stack).exists() or self._exists(stack)]
        if found:
            raise SplitError(
                f"the backend, or the folder of stack files, has {', '.join(found)} already: a split makes new stacks. "
                "Remove it (pulumi stack rm) if nothing is in it, or write another --by"
            )

    def _exists(self, stack: str) -> bool:
        try:
            self._export(self._site.cli_of(stack))
        except NoStackError:
            return False
        return True

    def _claim(self) -> None:
        """Mark the old stack, once no run is at work on it, and after what the last one left is recovered."""
        while True:
            try:
                exported, mark = self._export(self._cli), read_mark(self._cli)
                if interrupted(exported) or (mark and not is_of_split(mark)):
                    self._progress.say("the last run did not end, or failed: recovering what it left")
                    recover(self._cli, self._progress)
                    exported = self._export(self._cli)
                # The same state again: this asks for the lock.
                self._cli.ask("stack", "import", text=json.dumps(exported))
                set_mark(self._cli, f"{SPLIT}{self._source}")
                # A run may have begun before it saw the mark.
                self._cli.ask("stack", "import", text=json.dumps(self._export(self._cli)))
                return
            except LockedError as error:
                if is_of_split(read_mark(self._cli)):
                    clear_mark(self._cli)
                make_way(self._cli, error, self._progress)

    def _make(self, part: Part) -> None:
        """Make a new stack and its file, unless that is done."""
        cli, path = self._site.cli_of(part.stack), self._site.file_of(part.stack)
        if not (path.exists() and _open(path, cli).values.get("projects")):
            # What a killed run began. It has no resources yet, or this refuses.
            with contextlib.suppress(NoStackError):
                cli.ask("stack", "rm", "--yes")
            path.unlink(missing_ok=True)
            old = self._encryption(self._file)
            provider = old.get("secretsprovider") or ("passphrase" if "encryptionsalt" in old else "")
            cli.ask("stack", "init", "--no-select", *(["--secrets-provider", provider] if provider else []))
            _write(path, self._text_of(part, cli, path))
            self._progress.say(f"made the stack {part.stack} and its file")
        if _open(path, cli).mark:
            set_mark(cli, f"{SPLIT}{self._source}")

    def _text_of(self, part: Part, cli: Cli, path: Path) -> str:
        """The file of a new stack, whose secrets its own provider has encrypted."""
        file = self._read()
        found = secrets_in(StackText(file.of_part(part, {})).values["config"])
        ciphers = self._encrypted_anew(cli, path, {cipher: at for at, cipher in found})
        text = file.of_part(part, self._encryption(path))
        for old, new in ciphers.items():
            text = text.replace(old, new)
        return text

    def _encrypted_anew(self, cli: Cli, path: Path, secrets: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """The old stack's cipher text of each secret → the new one's. `secrets`: cipher text → its place."""
        found: dict[str, str] = {}
        config = json.loads(self._cli.ask("config", "--json", "--show-secrets")) if secrets else {}
        key = f"{cli.project}:secret"
        for cipher, (setting, *below) in secrets.items():
            entry = config[setting if ":" in setting else f"{cli.project}:{setting}"]
            plain = entry["objectValue"] if below else entry["value"]
            for step in below:
                plain = plain[int(step)] if isinstance(plain, list) else plain[step]
            # One line end is taken off.
            cli.ask("config", "set", "--secret", key, text=f"{plain}\n")
            found[cipher] = load_bounded(path)["config"][key]["secure"]
        return found

    def _encryption(self, path: Path) -> dict[str, str]:
        try:
            written = load_bounded(path)
        except FileNotFoundError:  # Pulumi Cloud keeps all of it
            return {}
        return {name: str(written[name]) for name in ENCRYPTION if name in (written or {})}

    def _move(self, parts: Sequence[Part]) -> None:
        """Write the new states, then the old one. Whatever part of that was done, it is done again."""
        exported = self._export(self._cli)
        moved = [name for part in parts for name in part.projects]
        if not projects_in(exported) & set(moved):
            return
        file, plain = self._read(), self._export(self._cli, "--show-secrets")
        budgets = {part.stack: file.budgets_of(part.projects) for part in parts}
        for part in parts:
            self._fill(part, exported, plain, budgets[part.stack])
            self._progress.say(f"{part.stack} has {', '.join(part.projects)}")
        if self._export(self._cli) != exported:
            raise SplitError(
                f"another run has changed the state of {self._source} meanwhile: run the command again"
            )
        counted = [name for found in budgets.values() for name in found]
        rest = rest_of(exported, moved, counted, _unowned(file.values, exported))
        self._load(self._cli, exported, rest)

    def _fill(
        self, part: Part, exported: Mapping[str, Any], plain: Mapping[str, Any], budgets: Sequence[str]
    ) -> None:
        """Write a new stack's state. Its secrets are encrypted by its own provider, on their way to the backend."""
        cli = self._site.cli_of(part.stack)
        empty = self._export(cli)
        own = (empty.get("deployment") or {}).get("secrets_providers")
        # A backend that says nothing of a new stack's provider gets the old one's cipher text: the update that writes
        # the outputs encrypts it anew.
        base, secrets = (empty, plain) if own else (exported, exported)
        resources = part_of(secrets, (self._source, part.stack), part.projects, budgets)
        self._load(cli, base, resources)
        there = {each["urn"]: each.get("id") for each in resources_of(self._export(cli))}
        if there != {each["urn"]: each.get("id") for each in resources}:
            raise SplitError(
                f"the state of {part.stack} is not the one that was written: run the command again"
            )

    def _end(self, stack: str, last_write: Callable[[str], None]) -> list[str]:
        """Write a stack's file for the last time, settle the stack, and take its mark away."""
        cli = self._site.cli_of(stack)
        if not is_of_split(read_mark(cli)):
            return []
        last_write(stack)
        self._compute_worst_month(cli, stack)
        while True:
            try:
                left = settle(cli, self._progress)
                break
            except LockedError as error:
                make_way(cli, error, self._progress)
        clear_mark(cli)
        self._progress.say(f"{stack}: done")
        return left

    def _compute_worst_month(self, cli: Cli, stack: str) -> None:
        """Write what the program would, which spares a look of `settle` at the whole plan."""
        settings = load_file(stack, self._site.file_of(stack))
        exported = self._export(cli)
        amount, bound = worst_month(month_report(settings, today()).exposure)
        self._load(cli, exported, with_worst_month(exported, amount, bound))

    def _unmark(self, stack: str) -> None:
        path = self._site.file_of(stack)
        file = _open(path, self._cli)
        if file.mark:
            _write(path, file.without_mark())

    def _leave(self, _: str) -> None:
        file = self._read()
        if file.mark:
            _write(self._file, file.of_rest())

    def _read(self) -> SplitFile:
        return _open(self._file, self._cli)

    def _export(self, cli: Cli, *options: str) -> dict[str, Any]:
        exported: dict[str, Any] = json.loads(cli.ask("stack", "export", *options))
        return exported

    def _load(self, cli: Cli, base: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> None:
        state = {**base, "deployment": {**base["deployment"], "resources": resources}}
        while True:
            try:
                cli.ask("stack", "import", text=json.dumps(state))
                return
            except LockedError as error:
                make_way(cli, error, self._progress)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other splits away from a folder of stack files, as long as this process lives. Raises LockedError."""
    own = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise LockedError([Lock(f"another split in {folder}")]) from None
    finally:
        os.close(own)


def _open(path: Path, cli: Cli) -> SplitFile:
    """A stack file. Raises SplitError."""
    try:
        return SplitFile(read_bounded(path), cli.project)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, EditError) as error:
        raise SplitError(f"{path}: {error}") from None


def _named(shared: Shared, exported: Mapping[str, Any]) -> Shared:
    """With the names of channels and constraint in the state."""
    channels = channels_in(exported)
    return replace(
        shared,
        channels={email: channels[email] for email in shared.channels if email in channels},
        constraint=constraint_in(exported) if shared.constraint else None,
    )


def _unowned(values: Mapping[str, Any], exported: Mapping[str, Any]) -> Shared:
    """What belongs to no stack any more, as the marked file says. `values`: its settings as texts."""
    return Shared(
        values.get("budgetChannels") or {},
        [topic for topic in topics_in(exported) if topic not in (values.get("topics") or ())],
        values.get("keyConstraint"),
        values.get("dashboard", "").lower() != "true",
    )


def _write(path: Path, text: str) -> None:
    """Write a file whole: a kill leaves the one that was there, or this one."""
    draft = path.with_name(f".{path.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, draft)
    draft.replace(path)
