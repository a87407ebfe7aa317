"""The stack file that an adoption adds entries to."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from landing_zone.cli.console import refuse
from landing_zone.cli.operation import REFUSED
from landing_zone.cli.preflight import google_of
from landing_zone.cli.stacks import Folder, stack_folder
from landing_zone.google.rest import Google
from landing_zone.inventory import fitted
from landing_zone.names import stack_label
from landing_zone.pricing.days import today
from landing_zone.scaffolding import answers
from landing_zone.scaffolding.answers import AnswerError
from landing_zone.scaffolding.entries import NotEditableError, new_file, with_entries, written_atomically
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.problems import NAMESPACE
from landing_zone.settings.source import StackFile, read_stack_file
from landing_zone.workspace import stack_path

Fail = Callable[[str, int], NoReturn]


@dataclass
class Target:
    """A stack, and its file, which may not exist yet."""

    stack: str
    path: Path
    folder: Folder
    organization: str
    text: str | None
    """The file as it was read; None if there is none."""
    file: StackFile | None
    ids: Mapping[str, str] = field(default_factory=dict)
    """Project id → name, of the projects that the file has."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """The new entries, by name."""
    _is_written: bool = False

    @property
    def qualified(self) -> str:
        """The stack, with its organization if it was named with one."""
        return f"{self.organization}/{self.stack}" if self.organization else self.stack

    @property
    def environment(self) -> dict[str, Any]:
        """The settings of the file besides its projects."""
        values = self.file.values if self.file else {}
        return {name: value for name, value in values.items() if name != "projects"}

    @property
    def names(self) -> list[str]:
        """Names that the file has."""
        return [*self._projects]

    @property
    def label(self) -> str:
        """The value of the label on what the stack creates."""
        pulumi_project = self.folder.pulumi_project or NAMESPACE
        return stack_label(pulumi_project, str(self.environment.get("stackLabel") or self.stack))

    def google(self) -> Google:
        """A client as the stack has it. Raises CredentialsError, NotReadableError."""
        return google_of(self.stack, self.folder, self.file)

    def shortened(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An entry without what the environment says already, and against what it would add."""
        return fitted(entry, self.environment)

    def fitting(self, entries: Mapping[str, Any], fail: Fail) -> tuple[str, list[str]]:
        """The file with the entries, as every command reads it, and a line for each entry that no setting can say.

        Exits where the rest of the file has mistakes.
        """
        unfit: list[str] = []
        while True:
            text = self._with(entries, fail)
            wrong = self._mistakes(text, entries, fail)
            if not wrong:
                self.added = entries
                return text, unfit
            unfit += [f"{name}: no entry can say what it has: {reason}" for name, reason in wrong.items()]
            entries = {name: entry for name, entry in entries.items() if name not in wrong}
            if not entries and not self.ids:
                fail("\n".join(["nothing was written:", *unfit]), REFUSED)

    def write(self, text: str, fail: Fail) -> None:
        """Put the file in place, once: afterwards Pulumi adds keys of its own to it."""
        if self._is_written:
            return
        if _text(self.path) != self.text:
            fail(f"{self.path} was changed meanwhile: run the command again", REFUSED)
        try:
            if text != self.text:
                written_atomically(self.path, text)
        except OSError as error:
            fail(f"{self.path} cannot be written: {error.strerror}", REFUSED)
        self._is_written = True

    def adopted(self, ids: Sequence[str]) -> list[str]:
        """The names of the projects that were asked for; of all, if none was named."""
        if not ids:
            return [*self.ids.values()]
        return [*self.added, *(self.ids[each] for each in ids if each in self.ids)]

    @property
    def _projects(self) -> Mapping[str, Any]:
        found = (self.file.values if self.file else {}).get("projects")
        return found if isinstance(found, Mapping) else {}

    def _with(self, entries: Mapping[str, Any], fail: Fail) -> str:
        text = self.text
        if text is None:
            linked = (entry.get("billingAccount") for entry in entries.values())
            accounts = Counter(account for account in linked if account)
            account = min(accounts, key=lambda each: (-accounts[each], each), default=None)
            text = new_file(today(), {"billingAccount": account} if account else {})
            entries = {
                name: {
                    key: value for key, value in entry.items() if key != "billingAccount" or value != account
                }
                for name, entry in entries.items()
            }
        try:
            return with_entries(text, entries, self.folder.pulumi_project or NAMESPACE)
        except NotEditableError as error:
            fail(f"{self.path}: {error}", REFUSED)

    def _mistakes(self, text: str, entries: Mapping[str, Any], fail: Fail) -> dict[str, str]:
        """Name → why the settings refuse the entry; exits where they refuse the rest of the file."""
        trial = self.path.with_name(f".{self.path.name}.trial")
        try:
            trial.write_text(text, encoding="utf-8")
            load_file(self.stack, trial)
        except SettingsError as error:
            found: dict[str, str] = {}
            for problem in error.problems:
                name = str(problem.path[1]) if len(problem.path) > 1 and problem.path[0] == "projects" else ""
                if name not in entries:
                    whole = SettingsError([replace(each, file=str(self.path)) for each in error.problems])
                    fail(
                        f"nothing was written: with the new entries, the file would have mistakes\n{whole}",
                        REFUSED,
                    )
                place = ".".join(str(part) for part in problem.path[2:])
                found.setdefault(name, f"{place}: {problem.reason}")
            return found
        except OSError as error:
            fail(f"{self.path.parent} cannot be written: {error.strerror}", REFUSED)
        finally:
            trial.unlink(missing_ok=True)
        return {}


def target_of(stack: str, stacks: Path | None) -> Target:
    """The stack and its file; exits with the file's mistakes."""
    where = stack_folder(stacks)
    organization, _, name = stack.rpartition("/")
    if not where.path.is_dir():
        refuse(
            f"no folder {where.path}: go to that of Pulumi.yaml, or name the stack files' folder with --stacks"
        )
    try:
        path = stack_path(where.path, answers.stack(name))
    except AnswerError as error:
        refuse(f"--stack: {error}")
    text = _text(path)
    found = Target(name, path, where, organization.partition("/")[0], text, None)
    if text is None:
        return found
    try:
        found.file = read_stack_file(path)
        if found.names:
            settings = load_file(name, path)
            found.ids = {each.project_id: key for key, each in settings.projects.items()}
    except SettingsError as error:
        refuse(str(error))
    return found


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{path} cannot be read: {error}")
