"""Entries of a stack file are taken out and written; comments and order of all else stay."""

import pytest

from landing_zone.scaffolding.stack_text import EditError, StackText, secrets_in

TEXT = """\
# The head stays.
config:
  a:flow: {one: 1, two: {deep: [x, "y, z"]}, three: 3} # behind it
  # About the block.
  a:block:
    # About one.
    one:
      id: 1 # behind a value
      text: >-
        folded
        text
      # below one

    # About two.
    two: {id: 2}
    empty:
  a:list:
    - x
    - y
# At the end.
salt: abc
"""


def edited(*removed: tuple[str, ...]) -> str:
    text = StackText(TEXT)
    text.remove(removed)
    return text.text


def test_an_entry_goes_with_the_comments_that_are_about_it() -> None:
    assert edited(("config", "a:block", "one")) == TEXT.replace(
        TEXT[TEXT.index("    # About one.") : TEXT.index("\n    # About two.")], ""
    )
    assert edited(("config", "a:block", "two")) == TEXT.replace("    # About two.\n    two: {id: 2}\n", "")


def test_an_entry_of_a_flow_mapping_goes() -> None:
    assert "a:flow: {one: 1, three: 3} # behind it" in edited(("config", "a:flow", "two"))
    assert 'a:flow: {two: {deep: [x, "y, z"]}}' in edited(
        ("config", "a:flow", "one"), ("config", "a:flow", "three")
    )


def test_a_mapping_that_is_left_empty_goes_too() -> None:
    found = edited(*(("config", "a:block", name) for name in ("one", "two", "empty")), ("salt",))
    assert "a:block" not in found
    assert "About" not in found
    assert "a:list" in found
    assert "salt" not in found


def test_what_is_not_there_is_no_mistake() -> None:
    assert edited(("config", "a:other"), ("config", "a:flow", "four", "five")) == TEXT


def test_values_are_written_where_they_belong() -> None:
    text = StackText(TEXT)
    text.put(("config", "a:block", "one", "label"), "prod", after="id")
    text.put(("config", "a:block", "two", "label"), "yes")
    text.put(("config", "a:list"), ["x"])
    text.put(("config", "a:block", "empty"), {"n": 1})
    text.put(("config", "a:new"), {"of": "prod"}, after="a:flow")
    text.put(("salt",), "def")
    text.put(("last",), "é: ü")
    assert "      id: 1 # behind a value\n      label: prod\n      text: >-\n" in text.text
    assert "two: {id: 2, label: 'yes'}" in text.text
    assert "  a:list: [x]\n# At the end.\nsalt: def\nlast: 'é: ü'\n" in text.text
    assert "    empty: {n: 1}\n" in text.text
    assert "three: 3} # behind it\n  a:new: {of: prod}\n  # About the block." in text.text


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  p:\n    one: &base {id: 1}\n    two: {<<: *base}\n",
        "config:\n  p:\n    one: &base\n      id: 1\n    two: *base\n",
    ],
)
def test_what_others_refer_to_is_not_taken_out(text: str) -> None:
    with pytest.raises(EditError, match="write out what anchors"):
        StackText(text).remove([("config", "p", "one")])


def test_an_alias_is_not_taken_for_the_value_itself() -> None:
    text = "config:\n  p:\n    one: &base {id: 1}\n    two: *base\n"
    with pytest.raises(EditError, match="alias"):
        StackText(text).remove([("config", "p", "two")])


def test_encrypted_values_are_found_wherever_they_are() -> None:
    values = {"plain": "x", "a": {"secure": "v1:one"}, "b": {"c": [{"secure": "v1:two"}], "secure": "no"}}
    assert list(secrets_in(values)) == [(("a",), "v1:one"), (("b", "c", "0"), "v1:two")]
