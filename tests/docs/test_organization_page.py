"""The tables of docs/organization.md are those of the code, and its links lead somewhere."""

import re
from pathlib import Path

from docs.permissions import tables, updated
from landing_zone.google.seed_apis import GUARD_APIS, SEED_APIS
from landing_zone.preflight.seed import ALWAYS, APIS

PAGE = Path(__file__).parents[2] / "docs" / "organization.md"


def test_the_tables_are_up_to_date() -> None:
    page = PAGE.read_text()
    assert {f"<!-- {name} -->" for name in tables()} <= set(page.splitlines())
    assert page == updated(page), "run: .venv/bin/python docs/permissions.py"


def test_the_seed_project_has_every_api_that_a_stack_counts_on() -> None:
    assert {*ALWAYS, *(api for apis in APIS.values() for api in apis)} <= {*SEED_APIS, *GUARD_APIS}


def test_links_to_its_sections_lead_there() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    for path in [*PAGE.parent.glob("**/*.md"), PAGE.parents[1] / "README.md"]:
        links = re.findall(r"organization\.md#([\w-]+)", path.read_text())
        links += re.findall(r"\(#([\w-]+)\)", path.read_text()) if path == PAGE else []
        assert set(links) <= anchors, path.name
