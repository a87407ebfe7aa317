"""Entries added to a stack file: the file's own lines stay, and what it said before it says after."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from landing_zone.scaffolding.entries import NotEditableError, new_file, with_entries, written_atomically

ENTRY: dict[str, Any] = {
    "projectId": "acme-new",
    "budget": {"amount": "7.5"},
    "keys": {"a": {"existing": "k"}},
}
BLOCKS = {
    "empty": "",
    "no projects": "config:\n  gcp:pollInterval: 1s\n",
    "nothing below": "config:\n  gemini-landing-zone:projects:\n  gcp:pollInterval: 1s\n",
    "null": "config:\n  gemini-landing-zone:projects: null # none yet\n",
    "no config": "config:\nsecretsprovider: passphrase\n",
    "wide": (
        "config:\n    gemini-landing-zone:projects:\n        a: {projectId: acme-a} # why\n        # of b\n        b:\n"
        "            labels:\n            - 1\n            - {x: 2} # last\n\n    # of the next\n"
        "    gcp:pollInterval: 1s\nencryptionsalt: v1:x\n"
    ),
    "an alias": (
        "config:\n  gemini-landing-zone:projects:\n    a: &x {projectId: acme-a}\n    b: *x\n  gcp:pollInterval: 1s\n"
    ),
    "a text over lines": (
        "config:\n  gemini-landing-zone:projects:\n    a:\n      d: |\n        text\n        more\n\n  z: 1\n"
    ),
    "an empty value at the end": "config:\n  gemini-landing-zone:projects:\n    a:\n      d: # what",
    "the short key": "config:\n  projects:\n    a: {projectId: acme-a}\n",
    "new": new_file(date(2026, 11, 27), {"billingAccount": "01A2B3-C4D5E6-F7A8B9"}),
}
FLOWS = {
    "braces": "config:\n  gemini-landing-zone:projects: {} # none\n  gcp:pollInterval: 1s\n",
    "one line": "config: {'gemini-landing-zone:projects': {a: {projectId: acme-a}}, z: 1}\n",
    "a comment at the end": "config: {gemini-landing-zone:projects: {a: {b: 1}, # hm\n  }}\n",
    "JSON": '{"config": {"gemini-landing-zone:projects": {"a": {"projectId": "acme-a"}}}}',
}


def _said(text: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What a file says at the top, in `config` without projects, and of projects."""
    root = yaml.safe_load(text) or {}
    config = root.pop("config", None) or {}
    key = next((each for each in config if each.rpartition(":")[2] == "projects"), "")
    return root, {name: value for name, value in config.items() if name != key}, config.get(key) or {}


@pytest.mark.parametrize("name", [*BLOCKS, *FLOWS])
def test_the_file_says_what_it_said_and_the_entry(name: str) -> None:
    before = {**BLOCKS, **FLOWS}[name]
    after = with_entries(before, {"new": ENTRY})
    top, config, projects = _said(before)
    assert _said(after) == (top, config, {**projects, "new": ENTRY})
    assert list(_said(after)[2])[-1] == "new"
    again = with_entries(after, {"more": ENTRY})
    assert _said(again)[2] == {**projects, "new": ENTRY, "more": ENTRY}
    assert with_entries(before, {}) == before


@pytest.mark.parametrize("name", BLOCKS)
def test_every_line_stays(name: str) -> None:
    lines = with_entries(BLOCKS[name], {"new": ENTRY}).splitlines()
    before = [line.replace(" null", "") for line in BLOCKS[name].splitlines()]
    kept = [line for line in lines if line in before]
    assert kept == before


@pytest.mark.parametrize("text", ["- 1\n", "config: 7\n", "config:\n  gemini-landing-zone:projects: [a]\n"])
def test_what_is_no_mapping_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(NotEditableError, match=r"line [12]: .* is no mapping"):
        with_entries(text, {"new": ENTRY})


def test_a_file_is_put_in_place_whole_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    written_atomically(path, "one")
    path.chmod(0o640)
    written_atomically(path, "two")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two", 0o640)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
