"""Indented JSON, and what the journal keeps."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.cloud.core import journal, pretty

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=50)
@given(VALUES)
def test_indented_json_is_what_python_writes(value: Any) -> None:
    assert pretty.dumps(value) == json.dumps(value, indent=2, ensure_ascii=False)


def test_a_journal_of_long_bodies_forgets_the_oldest() -> None:
    kept = journal.Journal()
    quarter = journal._BYTES // 4
    for number in range(10):
        kept.add({"path": f"/{number}"}, quarter)
    assert [entry["n"] for entry in kept.after(0)] == [7, 8, 9, 10]
    assert [entry["path"] for entry in kept.after(9)] == ["/9"]
