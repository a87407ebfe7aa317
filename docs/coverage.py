"""Writes docs/coverage.md: every method of the local cloud's services, done or not, and the tests behind each done one.

    .venv/bin/python docs/coverage.py                                               # after a method is added
    RECORD_METHODS=1 .venv/bin/python -m pytest MODULE; .venv/bin/python docs/coverage.py   # after a test is

The list of tests, tests/cloud/driven.json, has for each method the modules in which the local cloud has answered it
with success, as `RECORD_METHODS` makes tests write down in `FOLDER`. `make coverage` makes it anew. After a conflict in
the list or in the page, take either side of it and run the first command: it adds what is in `FOLDER`.
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.cloud.services import SERVICES  # noqa: E402 found by the line above

PAGE: Final = ROOT / "docs" / "coverage.md"
FOLDER: Final = ROOT / "build" / "methods"
LIST: Final = ROOT / "tests" / "cloud" / "driven.json"
HEAD: Final = """\
# What the local cloud serves

Made by `docs/coverage.py`; do not edit it. Every method of the [local cloud's](sandbox.md) services, as Google
describes them in its discovery documents, those of Cloud Quotas and the Gemini API in Google's Python packages. The
tests behind a method are the modules in which the local cloud has answered it with success; `make coverage` runs the
tests and takes that down.

A method that is not done answers 501, `UNIMPLEMENTED`, with its name. A version of a service that is not here, and any
other path, answers 404 with a page, as at Google.
"""

Row = tuple[str, str, str]
"""A method: service, version, id."""


def methods() -> dict[Row, bool]:
    """Every method, and whether it is done."""
    found: dict[Row, bool] = {}
    for service in SERVICES:
        for api in service.apis:
            # What is described as one version and served as another as well counts once, as it is described.
            described = {method.version for method in api.methods()}
            if api.served_as and api.served_as not in described:
                continue
            for method, handler in api.bound().items():
                row = (service.name, method.version, method.id)
                found[row] = found.get(row, False) or handler is not None
    return found


def driven() -> dict[Row, list[str]]:
    """The test modules of `LIST` by method."""
    if not LIST.exists():
        return {}
    content: dict[str, list[str]] = json.loads(LIST.read_text(encoding="utf-8"))
    return {_row(name): modules for name, modules in content.items()}


def page() -> str:
    """The page as it is to be."""
    return "\n".join([HEAD, *_lines(methods(), driven())]) + "\n"


def merge() -> None:
    """Add what the tests have recorded in `FOLDER` to `LIST`, and take out what is no method or no test any more."""
    known = methods()
    described = {
        (service, method): (service, version, method) for service, version, method in reversed(known)
    }
    found = {row: set(modules) for row, modules in driven().items()}
    for file in FOLDER.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            recorded = json.loads(line)
            for name in recorded["methods"]:
                row = _row(name)
                if row not in known:  # by another version's path
                    row = described.get((row[0], row[2]), row)
                found.setdefault(row, set()).add(recorded["module"])
    content = {
        " ".join(row): modules
        for row in sorted(known)
        if (modules := sorted(module for module in found.get(row, ()) if (ROOT / module).exists()))
    }
    LIST.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _row(name: str) -> Row:
    service, version, method = name.split(" ")
    return service, version, method


def _lines(known: dict[Row, bool], tests: dict[Row, list[str]]) -> Iterator[str]:
    apis = [(api, list(rows)) for api, rows in groupby(known, lambda row: row[:2])]
    yield "| service | version | methods | done | with a test |"
    yield "| --- | --- | --- | --- | --- |"
    for (service, version), rows in apis:
        done = [row for row in rows if known[row]]
        tested = sum(row in tests for row in done)
        yield f"| [{service}](#{_anchor(service, version)}) | {version} | {len(rows)} | {len(done)} | {tested} |"
    done = [row for row, is_done in known.items() if is_done]
    yield f"| all | | {len(known)} | {len(done)} | {sum(row in tests for row in done)} |"
    for (service, version), rows in apis:
        yield from ("", f"## {service} {version}", "")
        if any(known[row] for row in rows):
            yield "| done | tests |"
            yield "| --- | --- |"
        for row in rows:
            if known[row]:
                shown = ", ".join(f"`{_short(module)}`" for module in tests.get(row, ()))
                yield f"| `{row[2]}` | {shown or 'none'} |"
        missing = [row[2] for row in rows if not known[row]]
        if missing:
            yield from ("", f"Not done: {', '.join(_grouped(missing))}.")


def _anchor(service: str, version: str) -> str:
    return f"{service}-{version}"


def _short(module: str) -> str:
    return module.removeprefix("tests/").removesuffix(".py")


def _grouped(ids: list[str]) -> Iterator[str]:
    """Methods of one resource together: `iam.projects.roles.{get,list}`."""
    resources: dict[str, list[str]] = {}
    for each in ids:
        resource, _, action = each.rpartition(".")
        resources.setdefault(resource, []).append(action)
    for resource, actions in resources.items():
        yield f"`{resource}.{actions[0]}`" if len(actions) == 1 else f"`{resource}.{{{','.join(actions)}}}`"


if __name__ == "__main__":
    merge()
    PAGE.write_text(page(), encoding="utf-8")
