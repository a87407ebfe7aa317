"""The pins of this repository: Python packages in the requirement files, Go modules in go.mod, Pulumi's archives."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sandbox.engine import build, release
from sandbox.lock import FILES

ONLY_BINARY = "--only-binary :all:"
HASH = re.compile(r"\s--hash=sha256:([0-9a-f]{64})(?=\s|$)")
RELOCK = "run `make lock`"


@dataclass(frozen=True)
class Pin:
    """A package that a requirement file pins."""

    place: str
    """File and line: `requirements.txt:12`."""
    requirement: Requirement
    name: str
    """As PEP 503 writes it."""
    version: str
    hashes: tuple[str, ...]
    """SHA-256 in hex of each file that may be installed."""
    needed_by: tuple[str, ...]
    """Names of the packages that need it, and of files: `-r policy/requirements.in`."""

    @property
    def is_for_this_python(self) -> bool:
        """False if its marker excludes this Python or this system."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


@dataclass
class Pins:
    """What one requirement file says, and what is wrong with it."""

    file: str
    pins: list[Pin] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def read(root: Path, file: str) -> Pins:
    """Read a requirement file of `make lock`. `mistakes` has each line that pip would take something unpinned for."""
    found = Pins(file)
    lines = (root / file).read_text().splitlines()
    if ONLY_BINARY not in lines:
        found.mistakes.append(
            f"{file}: without {ONLY_BINARY!r} pip may build a source distribution with unpinned tools; {RELOCK}"
        )
    for number, text, comments in _entries(lines):
        place = f"{file}:{number}"
        if text == ONLY_BINARY:
            continue
        try:
            requirement = Requirement(HASH.sub("", text).strip())
        except InvalidRequirement:
            found.mistakes.append(f"{place}: {text.split(' ')[0]!r} is no package with a version; {RELOCK}")
            continue
        version = re.fullmatch(r"==([^=*,]+)", str(requirement.specifier))
        hashes = tuple(HASH.findall(text))
        if not version or requirement.url:
            found.mistakes.append(
                f"{place}: {requirement.name} has no exact version; write {requirement.name}==VERSION, or {RELOCK}"
            )
        elif not hashes:
            found.mistakes.append(f"{place}: {requirement.name} has no --hash=sha256:…; {RELOCK}")
        else:
            name = canonicalize_name(requirement.name)
            found.pins.append(Pin(place, requirement, name, version[1], hashes, _needed_by(comments)))
    return found


def read_all(root: Path) -> list[Pins]:
    """Read each requirement file of `make lock`."""
    return [read(root, file) for file in FILES]


def _entries(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Each entry of a requirement file: its first line's number, its text in one line, the comments below it."""
    number, text, comments = 0, "", list[str]()
    continues = False
    for index, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not continues and (not stripped or stripped.startswith("#")):
            comments.append(stripped.removeprefix("#").strip())
            continue
        if not continues:
            if text:
                yield number, text, comments
            number, text, comments = index, "", []
        continues = stripped.endswith("\\")
        text = " ".join([text, stripped.removesuffix("\\")]).strip()
    if text:
        yield number, text, comments


def _needed_by(comments: list[str]) -> tuple[str, ...]:
    """From the comments that the resolver writes: `via idna`, or `via` and a line for each."""
    return tuple(name for line in comments if (name := re.sub(r"^via(\s+|$)", "", line)))


@dataclass(frozen=True)
class Module:
    """A Go module that the Pulumi CLI is built from."""

    path: str
    version: str
    """With the `v`."""
    digest: str
    """SHA-256 in hex of the module's contents, as Go computes it (`h1`); empty if go.sum has none."""


def go_modules() -> list[Module]:
    """The modules that go.mod requires, with what go.sum says of their contents."""
    sums = {
        (path, version): base64.b64decode(digest).hex()
        for path, version, digest in re.findall(
            r"^(\S+) (v[^\s/]+) h1:(\S+)$", (build.MODULE / "go.sum").read_text(), flags=re.MULTILINE
        )
    }
    required = re.findall(r"^\t(\S+) (v\S+)", (build.MODULE / "go.mod").read_text(), flags=re.MULTILINE)
    return [Module(path, version, sums.get((path, version), "")) for path, version in required]


def cli_archives() -> dict[str, str]:
    """SHA-256 in hex of the archives of the pinned Pulumi CLI, by name."""
    version = build.pinned_version()
    return {name: digest for name, digest in release.checksums().items() if f"-v{version}-" in name}
