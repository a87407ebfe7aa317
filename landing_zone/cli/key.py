"""`gemini-lz key`: write one API key to a terminal, a pipe, a file or Secret Manager, and list who can read it."""

import os
import pwd
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from landing_zone.audit.applied import AppliedKey, AppliedProject, AppliedStack
from landing_zone.audit.unread import Unread
from landing_zone.cli.console import AsJson, err, out, refuse, working
from landing_zone.cli.stacks import complete_project, complete_stack, stack_folder
from landing_zone.cli.state import NotReadableError, did_you_mean, read_applied
from landing_zone.google import access, secrets
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.printing import as_json as to_json

_READ_KEY: Final = f"{access.READ_KEY} (roles/serviceusage.apiKeysViewer)"
_READ_POLICY: Final = "resourcemanager.projects.getIamPolicy (roles/iam.securityReviewer)"
_READ_SECRETS_POLICY: Final = "secretmanager.secrets.getIamPolicy (roles/secretmanager.viewer)"
_ADD: Final = (
    "secretmanager.versions.add (roles/secretmanager.secretVersionAdder), and for a secret that does not exist "
    "secretmanager.secrets.create (roles/secretmanager.admin)"
)
_ABOVE: Final = (
    "Roles granted on the folders and the organization above a project count as well, and are not listed."
)


@dataclass(frozen=True)
class Readers:
    """People and programs that can read the key in one place."""

    where: str
    words: str = ""
    """A description instead of grants."""
    grants: list[access.Grant] = field(default_factory=list)
    unread: str = ""
    """The reason why the grants could not be read."""

    def as_json(self) -> dict[str, Any]:
        """The readers as JSON."""
        return {
            "where": self.where,
            "who": self.words or None,
            "grants": None if self.words or self.unread else [grant.as_json() for grant in self.grants],
            "unread": self.unread or None,
        }

    def lines(self) -> Iterator[str]:
        """The readers as text."""
        if self.words or self.unread or not self.grants:
            readers = self.words or (
                f"could not be read: {self.unread}" if self.unread else "nobody by a role on it"
            )
            yield f"  {self.where}: {readers}"
            return
        yield f"  {self.where}:"
        for grant in self.grants:
            custom = "" if grant.certain else " (a custom role, if it includes the permission)"
            only_if = f"; only if {grant.condition}" if grant.condition else ""
            yield f"    {grant.role}{custom}: {', '.join(grant.members)}{only_if}"


def key(
    stack: Annotated[
        str, typer.Argument(metavar="STACK", help="The stack, such as prod.", autocompletion=complete_stack)
    ],
    project: Annotated[
        str,
        typer.Argument(
            metavar="PROJECT",
            help="The project's name in the stack file, or its id.",
            autocompletion=complete_project,
        ),
    ],
    name: Annotated[str, typer.Argument(metavar="KEY", help="The key's name in the stack file.")],
    file: Annotated[
        Path | None,
        typer.Option(
            help="Write to this new file, which only its owner can read. Existing files are never overwritten."
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            help="Add a version to projects/P/secrets/NAME in Secret Manager; creates the secret if needed."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one API key, and list on stderr who can read it.

    Without an option only the key goes to stdout, with a line's end on a terminal and without one in a pipe. It is read
    with your own credentials; no other key is decrypted. With --json the list of readers is JSON, on stdout if the key
    goes elsewhere; the key is never in it.
    """
    _check(file, secret)
    try:
        with working("reading the stack's state"):
            applied = read_applied(stack)
    except NotReadableError as error:
        names, short = stack_folder(None).names, stack.rpartition("/")[2]
        refuse(f"{error}{'' if short in names else did_you_mean(short, list(names))}")
    owner, found = _find(applied, stack, project, name)
    google = Google(GoogleConfig.read({}, os.environ))
    title = f"key {name} of {owner.name} ({owner.project_id})"

    def read() -> str:
        with working(f"reading {title}"):
            return _read(google, found, title)

    try:
        place, readers = _write(google, file, secret, read)
        with working("reading who can read the key"):
            readers += _always(google, applied, owner)
    except CredentialsError as error:
        refuse(str(error))
    if as_json:
        note = {
            "project": owner.name,
            "projectId": owner.project_id,
            "key": name,
            "id": found.id,
            "writtenTo": place,
            "readers": [each.as_json() for each in readers],
        }
        (out if file or secret else err).file.write(f"{to_json(note)}\n")
        return
    lines = [
        f"{title}: written to {place}. Who could read it:",
        *(line for each in readers for line in each.lines()),
    ]
    err.print("\n".join([*lines, _ABOVE]), markup=False)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    example = "Example: gemini-lz key prod chat backend --secret projects/acme-chat-prod/secrets/gemini-key"
    app.command(epilog=example)(key)


def _check(file: Path | None, secret: str | None) -> None:
    """Refuse wrong usage before anything is read."""
    if file and secret:
        refuse("a key is written to one place: write either --file or --secret")
    if secret:
        try:
            secrets.check_secret_name(secret)
        except secrets.SecretNameError as error:
            refuse(str(error))
    if not file and not secret:
        mode = os.fstat(sys.stdout.fileno()).st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            refuse(
                f"stdout is a file that others can read (mode {stat.S_IMODE(mode):04o}): write --file PATH, which "
                "only its owner can read"
            )


def _find(applied: AppliedStack, stack: str, project: str, name: str) -> tuple[AppliedProject, AppliedKey]:
    by_id = {each.project_id: each for each in applied.projects.values()}
    owner = applied.projects.get(project) or by_id.get(project)
    if not owner:
        refuse(f"stack {stack} has no project {project!r}{did_you_mean(project, list(applied.projects))}")
    if name not in owner.keys:
        refuse(
            f"project {owner.name} of stack {stack} has no key {name!r}{did_you_mean(name, list(owner.keys))}"
        )
    return owner, owner.keys[name]


def _read(google: Google, found: AppliedKey, title: str) -> str:
    unread = Unread()
    try:
        text = secrets.read_key_string(google, found.id)
    except GoogleError as error:
        if error.code == 404:
            identifier, project = found.id.rpartition("/")[2], found.id.split("/")[1]
            err.print(
                f"{title} is in the stack's state, and was deleted at Google. pulumi up --refresh creates another, "
                "with another string; within 30 days this command restores it:\n"
                f"    gcloud services api-keys undelete {identifier} --project {project} --location global",
                markup=False,
            )
            raise typer.Exit(1) from None
        unread.note(title, _READ_KEY, error)
        refuse(unread[0])
    return text


def _write(
    google: Google, file: Path | None, secret: str | None, read: Callable[[], str]
) -> tuple[str, list[Readers]]:
    """Read the key and write it; returns its place, and who can read it there."""
    if file:
        with _new_file(file) as stream:
            stream.write(read())
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        people = dict.fromkeys([pwd.getpwuid(os.geteuid()).pw_name, "root"])
        return str(file), [Readers(str(file), f"{' and '.join(people)} (mode {mode:04o})")]
    if secret:
        return _add(google, secret, read())
    is_terminal = sys.stdout.isatty()
    # The program that reads the pipe would store a line's end with the key.
    sys.stdout.write(read() + ("\n" if is_terminal else ""))
    sys.stdout.flush()
    if is_terminal:
        return "the terminal", [
            Readers("the terminal", "anyone who sees the screen, its scrollback or a recording of it")
        ]
    return "stdout", [Readers("stdout", "the program that this command is piped into; in CI maybe a log")]


def _add(google: Google, name: str, text: str) -> tuple[str, list[Readers]]:
    unread = Unread()
    try:
        with working(f"writing to {name}"):
            version = secrets.add_version(google, name, text)
    except GoogleError as error:
        lost = f"{name} may have a new version: look at its latest one"
        unread.note(lost if error.lost else f"nothing was written to {name}", _ADD, error)
        refuse(unread[0])
    project = name.split("/")[1]
    return version, [
        _granted(name, _READ_SECRETS_POLICY, lambda: access.of_secret(google, name)),
        _granted(
            f"all secrets of {project}",
            _READ_POLICY,
            lambda: access.of_project(google, project, access.READ_SECRET),
        ),
    ]


def _always(google: Google, applied: AppliedStack, owner: AppliedProject) -> list[Readers]:
    """Readers of the key regardless of where it is written."""
    keys = f"all keys of {owner.project_id} ({access.READ_KEY})"
    return [
        _granted(keys, _READ_POLICY, lambda: access.of_project(google, owner.project_id, access.READ_KEY)),
        Readers("the stack's secrets", _decrypts(applied.secrets_provider)),
    ]


def _granted(where: str, right: str, read: Callable[[], list[access.Grant]]) -> Readers:
    unread = Unread()
    grants = unread.attempt("", right, read, [])
    return Readers(where, grants=grants, unread=unread[0].removeprefix(": ") if unread else "")


def _decrypts(provider: Mapping[str, Any]) -> str:
    kind, url = provider.get("type"), (provider.get("state") or {}).get("url")
    if kind == "passphrase":
        return "anyone who has the stack's passphrase and its state"
    if kind == "cloud" and url:
        return f"anyone who may decrypt with {url} and has the stack's state"
    if kind == "service":
        return "anyone who may read the stack in Pulumi Cloud"
    return "anyone who can decrypt the stack's state"


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """A new file that only its owner can read from creation; removed if the write fails."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        refuse(f"{path} exists and is not overwritten: write to {path}.new, then mv {path}.new {path}")
    except OSError as error:
        refuse(f"{path} cannot be created: {error.strerror}")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            if os.fstat(number).st_mode & 0o077:
                refuse(f"{path} is on a file system where others can read it: name a file on another one")
            yield stream
    except BaseException:
        path.unlink(missing_ok=True)
        raise
