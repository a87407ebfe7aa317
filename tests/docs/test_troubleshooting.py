"""docs/troubleshooting.md quotes messages that this project, or the local cloud in Google's place, really gives."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line.split(" | ")[0].removeprefix("| ")
    for line in (ROOT / "docs" / "troubleshooting.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| what"))
]
# What Pulumi's engine, the official plugin and pip put together, and Google where the local cloud never comes to it.
OF_OTHERS = (
    "[mandatory]",
    "KeyboardInterrupt",
    "Policies:",
    "error: ",
    "policy pack ",
    "retrying create due to on-error hook request",
    'resource "urn:',
    "because it is protected",
    "the stack is currently locked by 1 lock(s)",
    "warning: using pulumi-resource-gcp from $PATH",
    "gemini-landing-zone:projects.NAME.SETTING",
    "Error 40",
    "googleapi: ",
    "missing permission on ",
    "snapshot integrity error",
    "refers to missing resource",
    "pulumi up --continue-on-error",
    "no changes were expected",
    "THESE PACKAGES DO NOT MATCH THE HASHES",
    "No matching distribution found",
    "document contains excessive aliasing",
    "Your application is authenticating by using local Application Default Credentials",
)


def texts(path: Path) -> Iterator[str]:
    """The texts in a module, with … for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values)


@cache
def messages() -> str:
    """Every text in the code."""
    folders = ("landing_zone", "provider", "components", "sandbox")
    return "\n".join(text for name in folders for file in (ROOT / name).rglob("*.py") for text in texts(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[:50])
def test_what_the_page_quotes_is_said(row: str) -> None:
    for quote in re.findall(r"`([^`]+)`", row):
        if quote.startswith(OF_OTHERS):
            continue
        for part in re.split(r"'?…'?|'2026-02-30'", quote):
            said = part.strip(" ,.'")
            assert len(said) < 4 or said in messages(), said
