"""The source archive of the guard's function: the room `guard/`, and what it imports of the library.

What it holds is worked out from imports, so that the archive is small and changes with nothing else; its name is a
digest of its contents, so that a change of code deploys the function anew, and a change of a setting does not.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import pulumi

import landing_zone

ROOM: Final = "guard"
_LIBRARY: Final = "landing_zone"
_ENTRY: Final = "main.py"
_ENTRY_TEXT: Final = (
    '"""The entry point, where Cloud Run functions looks for it."""\n\n'
    f'from {ROOM}.main import guard\n\n__all__ = ["guard"]\n'
)
_REQUIREMENTS: Final = "requirements.txt"
_DIGITS: Final = 20


class SourceError(Exception):
    """The archive cannot be put together; the message says what is missing."""


@dataclass(frozen=True)
class Source:
    """The files of the archive."""

    files: Mapping[str, Path]
    """Path in the archive → file, in the order of the paths."""
    digest: str

    @property
    def object_name(self) -> str:
        """The name of the archive in the bucket."""
        return f"source/{self.digest}.zip"

    @property
    def archive(self) -> pulumi.AssetArchive:
        """The archive, as Pulumi takes it."""
        assets: dict[str, pulumi.Asset | pulumi.Archive] = {
            name: pulumi.FileAsset(str(path)) for name, path in self.files.items()
        }
        return pulumi.AssetArchive({**assets, _ENTRY: pulumi.StringAsset(_ENTRY_TEXT)})


@cache
def guard_source() -> Source:
    """The archive's files. Raises SourceError."""
    # Beside each other in a clone, and where pip installs them.
    beside = Path(landing_zone.__file__).parents[1]
    folders = {name: beside / name for name in (ROOM, _LIBRARY)}
    requirements = folders[ROOM] / _REQUIREMENTS
    if not (folders[ROOM] / "main.py").is_file() or not requirements.is_file():
        raise SourceError(f"{folders[ROOM]} lacks main.py or {_REQUIREMENTS}: install this project again")
    files = {_REQUIREMENTS: requirements, **_imported(folders)}
    found = sha256(_ENTRY_TEXT.encode())
    for name in sorted(files):
        found.update(f"{name}\0{sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    return Source({name: files[name] for name in sorted(files)}, found.hexdigest()[:_DIGITS])


def _imported(folders: Mapping[str, Path]) -> dict[str, Path]:
    """The modules of the room, and all that these import of the folders' packages, by their paths in the archive."""
    waiting = [_module(path, folders[ROOM], ROOM) for path in sorted(folders[ROOM].rglob("*.py"))]
    found: dict[str, Path] = {}
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _file(module, folders)
        if path is None:
            continue  # a name in a module, and no module
        package = module.partition(".")[0]
        found[f"{package}/{path.relative_to(folders[package]).as_posix()}"] = path
        parent = module.rpartition(".")[0]
        waiting += [each for each in (parent, *_imports(path)) if each.partition(".")[0] in folders]
    return found


def _module(path: Path, folder: Path, package: str) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join([package, *(part for part in parts if part != "__init__")])


def _file(module: str, folders: Mapping[str, Path]) -> Path | None:
    package, *rest = module.split(".")
    base = folders[package].joinpath(*rest)
    one, several = base.with_suffix(".py"), base / "__init__.py"
    return several if several.is_file() else one if rest and one.is_file() else None


def _imports(path: Path) -> Iterator[str]:
    """The names that a module imports, also in its functions; not those that only a type checker reads."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""  # this project has no relative imports
            yield base
            yield from (f"{base}.{name.name}" for name in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
