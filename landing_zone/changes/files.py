"""The files of one side of a change: stack files, Pulumi.yaml and the policies' configuration."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from landing_zone.changes.revision import Revision, RevisionError, ancestors
from landing_zone.policies.rulebook import FOLDER
from landing_zone.workspace import UnreadableError, find_project, stack_names, stack_path

_PROJECT = "Pulumi.yaml"


@dataclass(frozen=True)
class Files:
    """Where the files of a side are."""

    project: Path
    """The folder of the Pulumi project, which has policy/config."""
    stacks: Path
    pulumi_project: str
    """Name of the Pulumi project; empty without one."""
    root: Path | None = None
    """The folder that stands for the repository, if these files are a commit's."""
    label: str = field(default="", kw_only=True)
    """The commit."""

    @property
    def names(self) -> tuple[str, ...]:
        """The stacks that have a file."""
        return tuple(stack_names(self.stacks))

    @property
    def configuration(self) -> Path:
        """The folder of the policies' configuration."""
        return self.project / FOLDER

    def stack(self, name: str) -> Path:
        """The file of a stack."""
        return stack_path(self.stacks, name)

    def shown(self, text: str) -> str:
        """A text with a commit's files as git names them: `1a2b3c4d5e:stacks/Pulumi.prod.yaml`."""
        return text.replace(f"{self.root}{os.sep}", f"{self.label}:") if self.root else text


def files_before(revision: Revision, after: Files, root: Path) -> Files:
    """The files at the commit, written below `root`, an empty folder. Raises RevisionError."""
    project = revision.prefix
    stacks = _within(project, os.path.relpath(after.stacks, after.project))
    around = {folder / _PROJECT for each in (project, stacks) for folder in ancestors(each)}
    revision.write([*around, *_stack_files(revision, stacks), *_configuration(revision, project)], root)
    (root / project).mkdir(parents=True, exist_ok=True)
    try:
        found = find_project(root / project)
    except UnreadableError as error:
        raise RevisionError(str(error).replace(f"{root}{os.sep}", f"{revision.label}:")) from None
    if found and not found.folder.is_relative_to(root):
        found = None
    if found and not stack_names(root / stacks):
        # The change moved the folder of the stack files.
        own = _within(PurePosixPath(), os.path.relpath(found.stacks, root))
        revision.write(_stack_files(revision, own), root)
        stacks = own
    name = found.name if found else ""
    return Files(root / project, root / stacks, name, root, label=revision.label)


def _within(project: PurePosixPath, path: str) -> PurePosixPath:
    """A path from the repository on. Raises RevisionError if it is outside."""
    found = posixpath.normpath(posixpath.join(str(project), path.replace(os.sep, "/")))
    if found.startswith(("../", "/")) or found == "..":
        raise RevisionError(f"{path} is outside of the repository: name a folder in it with --stacks")
    return PurePosixPath(found)


def _stack_files(revision: Revision, folder: PurePosixPath) -> Iterator[PurePosixPath]:
    for name in revision.names(folder):
        if name.startswith("Pulumi.") and name.endswith(".yaml"):
            yield folder / name


def _configuration(revision: Revision, project: PurePosixPath) -> Iterator[PurePosixPath]:
    folder = project / FOLDER.as_posix()
    yield from (folder / name for name in revision.names(folder) if name.endswith(".json"))
