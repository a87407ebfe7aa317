"""docs/parity.md is up to date."""

from docs.parity import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python docs/parity.py"
