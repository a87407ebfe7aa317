"""Of any two stack files: none differs from itself, and a change and its reverse mirror each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.changes.change import StackChange, compare
from landing_zone.changes.files import Files
from tests.changes.repository import FILES, PROD, SEARCH, STACK

DAY = date(2026, 11, 24)
EDITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("requestsPerDay: 4000", ("requestsPerDay: 5000", "requestsPerDay: 0")),
    ("requestsPerMinute: 10, requestsPerDay: 2000, ", ("", "requestsPerDay: 90, ")),
    (
        "{allowedIps: [203.0.113.0/24], ",
        ("{", "{allowedIps: [203.0.113.0/25, 203.0.113.128/25], ", "{decoy: true, "),
    ),
    (
        "203.0.113.64/26], methods: [generate, countTokens]",
        ("203.0.113.0/24]", "203.0.113.7], methods: [batch]"),
    ),
    (", spendCap: {amount: 900}", ("", ", spendCap: {amount: 900, lag: 2h}")),
    (
        "amount: 300, currency: USD, spendCap: true",
        ("amount: 1300, currency: EUR", "amount: 30, currency: USD"),
    ),
    ("expected: 2000", ("expected: 3000",)),
    ("protect: true", ("protect: false",)),
    ("owner: platform", ("owner: chat",)),
    ("acme-search-prod", ("acme-find-prod",)),
    (SEARCH, ("",)),
)


@st.composite
def stack_files(draw: st.DrawFn) -> str:
    text = PROD
    for old, new in draw(st.lists(st.sampled_from(EDITS), unique=True, max_size=4)):
        text = text.replace(old, draw(st.sampled_from(new)))
    return text


@contextmanager
def files(text: str) -> Iterator[Files]:
    with TemporaryDirectory() as folder:
        for name, content in {**FILES, STACK: text}.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        yield Files(Path(folder), Path(folder) / "stacks", "gemini-landing-zone")


def changed(before: Files, after: Files) -> StackChange:
    [stack], configurations = compare(before, after, DAY, {"prod": ""})
    assert not configurations.differ
    assert stack.comparable
    return stack


@given(stack_files())
@settings(max_examples=15)
def test_no_file_differs_from_itself(text: str) -> None:
    with files(text) as one, files(text) as other:
        assert compare(one, other, DAY)[0] == []
        stack = changed(one, other)
        assert stack.is_empty
        assert stack.as_json() | {"worstMonth": [], "planned": [], "policies": {}} == EMPTY


EMPTY: dict[str, Any] = {
    "stack": "prod",
    "was": None,
    "status": "changed",
    "mistakes": [],
    "mistakesBefore": [],
    "worstMonth": [],
    "planned": [],
    "projects": {},
    "added": [],
    "removed": [],
    "limits": [],
    "keys": [],
    "settings": [],
    "notBounded": {"new": [], "cured": []},
    "policies": {},
}
EFFECTS = {"opened": "closed", "closed": "opened"}


@given(stack_files(), stack_files())
@settings(max_examples=25)
def test_a_change_and_its_reverse_mirror_each_other(one: str, other: str) -> None:
    with files(one) as before, files(other) as after:
        forth, back = changed(before, after), changed(after, before)
    assert {(each.currency, each.before, each.after) for each in forth.months} == {
        (each.currency, each.after, each.before) for each in back.months
    }
    assert sorted(each.growth for each in forth.months) == sorted(-each.growth for each in back.months)
    assert {(row.project, row.what, row.before, row.after) for row in forth.rows} == {
        (row.project, row.what, row.after, row.before) for row in back.rows
    }
    assert {(each.project, each.key, each.effect) for each in forth.keys} == {
        (each.project, each.key, EFFECTS.get(str(each.effect), each.effect)) for each in back.keys
    }
    assert forth.projects == back.projects[::-1]
    assert forth.opened == back.opened[::-1]
    new, cured = (
        {(each.judged.policy.id, each.judged.finding.subject.name) for each in found}
        for found in (forth.violations.new, back.violations.cured)
    )
    assert new == cured
    assert forth.violations.unchanged == back.violations.unchanged
    assert forth.is_empty == back.is_empty
