"""What a `requirements.txt` asks for, against what this interpreter has.

Import it when something is built, and not before: the packages behind it take a while.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sandbox.cloud.cloudfunctions.processes.build import FRAMEWORK, BuildError

_WHENCE: Final = (
    "--only-binary",
    "--no-binary",
    "--prefer-binary",
    "--require-hashes",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "-i ",
    "-f ",
)
"""Options of pip that say where packages come from, not which."""


def read(text: str) -> list[Requirement] | None:
    """The requirements of a file; None if it says more than what to install.

    Raises:
        BuildError: a line that is no requirement.
    """
    found: list[Requirement] = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        plain = re.sub(r"\s--hash=\S+", "", re.sub(r"(^|\s)#.*", "", line)).strip()
        if not plain:
            continue
        if plain.startswith(_WHENCE):
            continue
        if plain.startswith("-"):
            return None
        try:
            found.append(Requirement(plain))
        except InvalidRequirement as error:
            raise BuildError(f"requirements.txt: {plain!r} is no requirement: {error}") from None
    return [each for each in found if each.marker is None or each.marker.evaluate()]


def names_framework(wanted: Iterable[Requirement]) -> bool:
    """Whether functions-framework is among them."""
    return any(canonicalize_name(each.name) == FRAMEWORK for each in wanted)


def unmet(wanted: Iterable[Requirement]) -> list[str]:
    """What this interpreter has not, or in another version."""
    found = []
    for requirement in (*wanted, Requirement(FRAMEWORK)):
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            version = ""
        if not version or requirement.url or not requirement.specifier.contains(version, prereleases=True):
            found.append(str(requirement))
    return found


def hidden(wanted: Iterable[Requirement]) -> set[str]:
    """The modules of this interpreter that no requirement brings."""
    allowed: set[str] = set()
    waiting = [*wanted, Requirement(FRAMEWORK)]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in allowed and extras == {""}:
            continue
        allowed.add(name)
        waiting += [each for each in _brought(name) if _applies(each, extras)]
    return {
        module
        for module, names in _modules().items()
        if not any(canonicalize_name(name) in allowed for name in names)
    }


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


@cache
def _brought(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in metadata.requires(name) or ()]
    except metadata.PackageNotFoundError:
        return []


@cache
def _modules() -> dict[str, list[str]]:
    return {module: list(names) for module, names in metadata.packages_distributions().items()}
