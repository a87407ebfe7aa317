"""From an archive to files that a process can run, and what they require."""

import json
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

FRAMEWORK: Final = "functions-framework"
_MANIFEST: Final = "revision.json"
#: What zipfile raises of contents that are damaged, encrypted, or named as no two files can be.
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


class BuildError(Exception):
    """An archive that cannot be built; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """An unpacked archive.

    Attributes:
        folder: where it is.
        requirements: the text of its `requirements.txt`.
        missing: what of them this interpreter has not; of some options of pip it is not known.
        hidden: modules of this interpreter that they do not bring.
        framework: whether they name functions-framework.
    """

    folder: Path
    requirements: str
    missing: tuple[str, ...]
    hidden: tuple[str, ...]
    framework: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """What runs.

    Attributes:
        folder: the unpacked archive.
        python: the interpreter.
        hidden: modules that the interpreter has and the function may not have.
        target: the function's name in `main.py`.
        settings: the `serviceConfig` of the function as it was deployed.
    """

    folder: Path
    python: Path
    hidden: tuple[str, ...]
    target: str
    settings: dict[str, Any]


def unpack(home: Path, archive: bytes) -> Source:
    """Unpack an archive into the folder of its revision, which is made anew. Takes long: not on the event loop.

    Raises:
        BuildError: what cannot be unpacked, no `main.py`, or requirements that are none.
    """
    from sandbox.cloud.cloudfunctions.processes import requirements  # not at the top, see there

    shutil.rmtree(home, ignore_errors=True)
    folder = home / "source"
    folder.mkdir(parents=True, mode=0o700)
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            opened.extractall(folder)  # what is outside was refused when the archive came
    except _DAMAGED as error:
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise BuildError(f"the source archive cannot be unpacked: {why}") from None
    if not (folder / "main.py").is_file():
        raise BuildError(
            "missing main.py and GOOGLE_FUNCTION_SOURCE not specified. Either create the function in main.py or "
            "specify GOOGLE_FUNCTION_SOURCE to point to the file that contains the function"
        )
    listed = folder / "requirements.txt"
    try:
        text = listed.read_text("utf-8") if listed.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise BuildError("requirements.txt is no text in UTF-8") from None
    wanted = requirements.read(text)
    if wanted is None:
        return Source(folder, text, ("options of pip",), (), framework=True)
    missing = tuple(requirements.unmet(wanted))
    hidden = () if missing else tuple(sorted(requirements.hidden(wanted)))
    return Source(folder, text, missing, hidden, requirements.names_framework(wanted))


def keep(revision: Revision) -> Revision:
    """Write down how a revision runs, so that it is found again."""
    manifest = {
        "python": str(revision.python),
        "hidden": revision.hidden,
        "target": revision.target,
        "settings": revision.settings,
    }
    (revision.folder.parent / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return revision


def load(home: Path) -> Revision | None:
    """A revision that was built before; None if its files are gone."""
    try:
        read = json.loads((home / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    python = Path(read["python"])
    if not python.exists() or not (home / "source").is_dir():
        return None
    return Revision(home / "source", python, tuple(read["hidden"]), read["target"], read["settings"])
