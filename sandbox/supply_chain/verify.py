"""What `make check` asks of the pins, without a network: complete, exact, up to date, and the ones installed."""

import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.engine import build, release
from sandbox.lock import GUARD
from sandbox.supply_chain.pins import RELOCK, Pin, Pins, cli_archives, go_modules, read_all
from sandbox.venv import POLICY_PACK, PROGRAM, Environment

PROJECT = "gemini-landing-zone"


def mistakes(root: Path) -> list[str]:
    """Everything that is wrong with the pins of the repository at `root`, each with what to do; empty if nothing is."""
    files = {pins.file: pins for pins in read_all(root)}
    found = [mistake for pins in files.values() for mistake in pins.mistakes]
    for wanted_in, requirements in _wanted(root).items():
        found += _not_pinned(files[wanted_in], requirements)
    for environment in (PROGRAM, POLICY_PACK):
        if (root / environment.folder).exists():
            found += _not_as_pinned(root, environment, files[environment.installs])
    return found + _not_in_go_sum() + _without_checksum()


def _wanted(root: Path) -> dict[str, list[tuple[str, Requirement]]]:
    """What each requirement file is pinned from: the file that asks for it, and what it asks for."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    program = [("pyproject.toml", Requirement(text)) for text in project["dependencies"]]
    optional = [("pyproject.toml", Requirement(text)) for texts in extras.values() for text in texts]
    return {
        "requirements.txt": program,
        PROGRAM.installs: program + [item for item in optional if item[1].name != PROJECT],
        POLICY_PACK.installs: _listed(root, "policy/requirements.in"),
        GUARD: _listed(root, "guard/requirements.in"),
    }


def _listed(root: Path, file: str) -> list[tuple[str, Requirement]]:
    lines = (
        line for line in (root / file).read_text().splitlines() if line.strip() and not line.startswith("#")
    )
    return [(file, Requirement(line)) for line in lines]


def _not_pinned(pins: Pins, wanted: list[tuple[str, Requirement]]) -> list[str]:
    by_name: dict[str, Pin] = {pin.name: pin for pin in pins.pins}
    found = []
    for origin, requirement in wanted:
        pin = by_name.get(canonicalize_name(requirement.name))
        if not pin:
            found.append(f"{pins.file}: {requirement.name} is missing, and {origin} asks for it; {RELOCK}")
        elif not requirement.specifier.contains(pin.version, prereleases=True):
            found.append(
                f"{pin.place}: {pin.name} {pin.version}, and {origin} asks for {requirement}; {RELOCK}"
            )
    return found


def _not_as_pinned(root: Path, environment: Environment, pins: Pins) -> list[str]:
    """Installed packages that are not the pinned ones, and what `pip check` finds."""
    folder = environment.folder
    libraries = [str(path) for path in (root / folder).glob("lib/python*/site-packages")]
    installed: dict[str, str] = {
        canonicalize_name(each.metadata["Name"]): each.version for each in distributions(path=libraries)
    }
    pinned = {pin.name: pin.version for pin in pins.pins if pin.is_for_this_python}
    if environment.editable:
        installed.pop(PROJECT, None)
    if "pip" not in pinned:
        installed.pop("pip", None)  # Python brings its own
    again = f"delete {folder} and run `make setup`"
    found = [
        f"{folder}: {name} {installed.get(name) or 'is not installed'}, and {pins.file} pins {version}; {again}"
        for name, version in pinned.items()
        if installed.get(name) != version
    ]
    found += [
        f"{folder}: {name} {version} is installed, and nothing pins it; run {folder}/bin/python -m pip uninstall {name}"
        for name, version in installed.items()
        if name not in pinned
    ]
    check = subprocess.run(
        [root / folder / "bin" / "python", "-m", "pip", "check", "--disable-pip-version-check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if check.returncode:
        found += [f"{folder}: {line}; {again}" for line in (check.stdout + check.stderr).splitlines()]
    return sorted(found)


def _not_in_go_sum() -> list[str]:
    return [
        f"sandbox/engine/go.sum: {module.path} {module.version} is missing; "
        f"run go mod download {module.path} in sandbox/engine"
        for module in go_modules()
        if not module.digest
    ]


def _without_checksum() -> list[str]:
    version, archives = build.pinned_version(), cli_archives()
    names = [
        f"pulumi-v{version}-{system}-{processor}.tar.gz"
        for system in release.SYSTEMS.values()
        for processor in sorted(set(release.PROCESSORS.values()))
    ]
    return [
        f"sandbox/engine/{release.CHECKSUMS.name}: {name} is missing; its first lines say where the checksum is"
        for name in names
        if name not in archives
    ]
