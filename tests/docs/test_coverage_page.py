"""docs/coverage.md is up to date, and every method that is done has a test."""

from docs.coverage import PAGE, ROOT, driven, methods, page

NOT_DRIVEN = frozenset((ROOT / "tests" / "cloud" / "not_driven.txt").read_text().splitlines())
"""Methods (service, version, id) that no test has answered with success: most of them refuse whatever is asked."""


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python docs/coverage.py"


def test_every_method_that_is_done_has_a_test() -> None:
    tests = driven()
    undriven = {" ".join(row) for row, is_done in methods().items() if is_done and row not in tests}
    assert undriven <= NOT_DRIVEN, "write tests, and record them as docs/coverage.py says"


def test_the_tests_exist() -> None:
    modules = {module for each in driven().values() for module in each}
    assert [module for module in modules if not (ROOT / module).exists()] == []
