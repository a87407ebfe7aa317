"""docs/README.md has every page of docs once, by its task, and the README leads there."""

import re
from collections import Counter

from sandbox.layout import ROOT

DOCS = ROOT / "docs"
INDEX = (DOCS / "README.md").read_text()


def test_the_index_has_every_page_once() -> None:
    rows = re.findall(r"^\| (.+) \| \[(.+)\]\((.+)\) \|$", INDEX, re.MULTILINE)
    pages = Counter(target for _, _, target in rows)
    assert pages == Counter(path.name for path in DOCS.glob("*.md") if path.name != "README.md")
    assert all(shown == target for _, shown, target in rows)
    assert len({task for task, _, _ in rows}) == len(rows)


def test_the_readme_leads_to_the_index() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "](docs/README.md)" in readme
