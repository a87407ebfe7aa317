"""`make audit`: published advisories against the pinned Python packages, from pip-audit. Needs a network."""

import json
import subprocess
import sys
from pathlib import Path

from sandbox.errors import SandboxError, UnreachableError
from sandbox.steps import step
from sandbox.supply_chain.pins import read
from sandbox.venv import POLICY_PACK, PROGRAM

FILES = (PROGRAM.installs, POLICY_PACK.installs)
"""requirements.txt is a part of the first, and so is what the guard's function needs."""


def audit(root: Path) -> None:
    """Ask for advisories against every pinned package.

    Raises SandboxError with all that there are, else UnreachableError when there is no answer for some package: that
    nothing is known of it says nothing then.
    """
    known: list[str] = []
    unanswered: list[str] = []
    for file in FILES:
        with step(f"Ask for advisories against {file}") as current:
            advisories, silent = _ask(root, file)
            current.outcome = f"{len(advisories)} found" + (
                f", {len(silent)} without answer" if silent else ""
            )
        known += advisories
        unanswered += silent
    if known:
        raise SandboxError(
            "\n".join(["Advisories against what is pinned:", *(f"  {each}" for each in known)])
            + "\nAsk for the fixed version in pyproject.toml or policy/requirements.in, and run `make lock`."
        )
    if unanswered:
        raise UnreachableError(
            f"No answer for {len(unanswered)} packages, so nothing is known of them. The first:\n  {unanswered[0]}\n"
            "pip-audit asks the Python Package Index itself; run this where that can be reached."
        )


def _ask(root: Path, file: str) -> tuple[list[str], list[str]]:
    """The advisories against a file's packages, and the packages without an answer, each with its reason."""
    places = {pin.name: pin.place for pin in read(root, file).pins}
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"),
            *("--format=json", "--progress-spinner=off", f"--requirement={file}"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answers = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (asked.stderr.strip() or f"pip-audit ended with exit code {asked.returncode}").splitlines()[-1]
        return [], [f"{place}: {name}: {last}" for name, place in places.items()]
    silent = [
        f"{places.get(each['name'], file)}: {each['name']}: {each['skip_reason']}"
        for each in answers
        if "skip_reason" in each
    ]
    known = [
        f"{places.get(each['name'], file)}: {each['name']} {each['version']}: {found['id']}, "
        + (
            f"fixed in {', '.join(found['fix_versions'])}"
            if found["fix_versions"]
            else "no fixed version yet"
        )
        for each in answers
        for found in each.get("vulns", ())
    ]
    return known, silent
