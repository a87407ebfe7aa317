"""Files as they were before a change: at the commit where a branch left its base, read by git itself."""

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from landing_zone.bounded_yaml import MAX_TEXT

USUAL_BASES: Final = ("origin/main", "main")
"""The base without `--base`: the first of these that there is."""
_MOST_SECONDS: Final = 120
_MOST_BYTES: Final = 4 * MAX_TEXT
"""Of one file: no reader takes more."""
_QUIET: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_ABBREVIATED: Final = 10
_HEX: Final = frozenset("0123456789abcdef")


class RevisionError(Exception):
    """Git cannot say what was before the change; the message has what to do."""


@dataclass(frozen=True)
class Revision:
    """A commit, seen from a folder in the working tree."""

    folder: Path
    prefix: PurePosixPath
    """The folder, relative to the repository."""
    ref: str
    """As it was asked for."""
    commit: str

    @property
    def label(self) -> str:
        """The commit as messages name it."""
        return self.commit[:_ABBREVIATED]

    def names(self, folder: PurePosixPath) -> list[str]:
        """Names of the files and links in a folder of the repository; none if there is no such folder."""
        below = [f"{folder}/"] if folder.parts else []
        listed = _git(self.folder, "ls-tree", "-z", "--full-tree", self.commit, *below)
        entries = (entry.partition("\t") for entry in listed.decode(errors="replace").split("\0") if entry)
        return [PurePosixPath(path).name for meta, _, path in entries if meta.split()[1] == "blob"]

    def write(self, paths: Iterable[PurePosixPath], root: Path) -> None:
        """Write files of the commit below a folder; what it does not have is left out. Raises RevisionError."""
        asked = [path for path in dict.fromkeys(paths) if "\n" not in str(path)]
        sizes = self._sizes(asked)
        for path, size in sizes.items():
            if size > _MOST_BYTES:
                raise RevisionError(
                    f"{self.label}:{path} has {size:,} bytes, and at most {_MOST_BYTES:,} are read: name another "
                    "commit with --base"
                )
        output = self._batch("--batch", sizes)
        for path in sizes:
            head, _, output = output.partition(b"\n")
            size = int(head.split()[-1])
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(output[:size])
            output = output[size + 1 :]

    def _sizes(self, paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, int]:
        """The bytes of each file that there is. A link counts as the file that it leads to within the commit."""
        found: dict[PurePosixPath, int] = {}
        lines = iter(self._batch("--batch-check", paths).decode(errors="replace").splitlines())
        for path, line in zip(paths, lines, strict=False):
            words = line.split(" ")
            if len(words) == 3 and words[1] == "blob":
                found[path] = int(words[2])
            elif words[0] in ("dangling", "loop", "notdir", "symlink"):
                next(lines, None)  # the path that the link leads to
        return found

    def _batch(self, mode: str, paths: Iterable[PurePosixPath]) -> bytes:
        asked = "".join(f"{self.commit}:{path}\n" for path in paths)
        return (
            _git(self.folder, "cat-file", mode, "--follow-symlinks", given=asked.encode()) if asked else b""
        )


def base_of(folder: Path, ref: str | None) -> Revision:
    """The commit where HEAD left a ref, as a pull request is shown: the merge base of the two.

    `folder`: in the working tree. `ref`: None means the first of `USUAL_BASES` that there is. Raises RevisionError.
    """
    prefix = PurePosixPath(_git(folder, "rev-parse", "--show-prefix").decode().rstrip("\n"))
    shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
    for name in [ref] if ref is not None else USUAL_BASES:
        if commit := _commit(folder, name):
            found = _try_git(folder, "merge-base", commit, "HEAD")
            if found is not None:
                return Revision(folder, prefix, name, found.decode().split()[0])
            raise RevisionError(_without_common(folder, name, shallow=shallow))
    raise RevisionError(_not_here(folder, ref, shallow=shallow))


def _commit(folder: Path, ref: str) -> str | None:
    if not ref or ref.startswith("-"):
        return None
    found = _try_git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    return found.decode().strip() if found is not None else None


def _without_common(folder: Path, ref: str, *, shallow: bool) -> str:
    if _commit(folder, "HEAD") is None:
        return "nothing is committed here yet: there is nothing to compare with"
    if shallow:
        return f"this clone is shallow, and has no common commit of {ref} and HEAD: run git fetch --unshallow"
    return f"{ref} and HEAD have no commit in common: name a branch that this one comes from with --base"


def _not_here(folder: Path, ref: str | None, *, shallow: bool) -> str:
    remotes = _git(folder, "remote").decode().split()
    if ref is None:
        missing, wanted = f"neither {USUAL_BASES[0]} nor {USUAL_BASES[1]} is here", USUAL_BASES[0]
    else:
        missing, wanted = f"there is no commit {ref!r} here", ref
    if not remotes or not wanted.strip("-"):
        return f"{missing}: name a branch, a tag or a commit of this repository with --base"
    own = [remote for remote in remotes if wanted.startswith(f"{remote}/")]
    remote = max(own, key=len) if own else "origin" if "origin" in remotes else remotes[0]
    branch = wanted.removeprefix(f"{remote}/")
    if set(wanted) <= _HEX and len(wanted) >= 40:
        fetch = f"git fetch {remote} {wanted}"
    else:
        target = f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
        fetch = f"git fetch {remote} {shlex.quote(target)}"
        if wanted == branch:
            fetch += f", and write --base {shlex.quote(f'{remote}/{branch}')}"
    return f"{missing}: run {'git fetch --unshallow && ' if shallow else ''}{fetch}"


def ancestors(folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """The folder, and each around it, up to the repository's own."""
    yield folder
    yield from folder.parents


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """The output of a git command. Raises RevisionError, with git's words, if it fails."""
    done = _run(folder, arguments, given)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        raise RevisionError(f"git {arguments[0]} in {folder}: {words or f'exit code {done.returncode}'}")
    return done.stdout


def _try_git(folder: Path, *arguments: str) -> bytes | None:
    """The output of a git command; None if it finds nothing."""
    done = _run(folder, arguments)
    return done.stdout if done.returncode == 0 else None


def _run(folder: Path, arguments: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=given,
            capture_output=True,
            check=False,
            timeout=_MOST_SECONDS,
            env={**os.environ, **_QUIET},
        )
    except OSError:
        what = "git is not on PATH: install it" if folder.is_dir() else f"there is no folder {folder}"
        raise RevisionError(what) from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git {arguments[0]} took more than {_MOST_SECONDS} seconds: try again") from None
