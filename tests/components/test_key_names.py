"""What keys and their service accounts are called at Google: fixed, allowed, and each its own."""

import re

from hypothesis import given
from hypothesis import strategies as st

from landing_zone.names import (
    key_account_id,
    key_account_title,
    key_id,
    project_in_account_title,
)

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,11}(-[a-z0-9]{1,11})?", fullmatch=True)
PROJECT = "acme-chat-prod"


@given(st.lists(NAMES, unique=True, min_size=2))
def test_every_key_has_an_account_of_its_own_that_google_allows(names: list[str]) -> None:
    ids = {key_account_id(PROJECT, name) for name in names}
    assert len(ids) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", each) for each in ids)


def test_a_long_name_is_cut_and_keeps_its_id() -> None:
    assert key_account_id(PROJECT, "backend") == "gemini-backend"
    assert key_account_id(PROJECT, "a-name-of-24-characters1") == "gemini-a-name-of-24-cha-7ac2aa"


@given(st.lists(NAMES, unique=True, min_size=1))
def test_a_key_that_changes_its_kind_gets_another_id(names: list[str]) -> None:
    account = "app-one@acme-seed.iam.gserviceaccount.com"
    kinds = ((None, False), (None, True), (account, False))
    ids = {key_id(name, bound, standard=standard) for name in names for bound, standard in kinds}
    assert len(ids) == 3 * len(names)
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", each) for each in ids)


@given(NAMES, NAMES)
def test_an_accounts_title_says_whose_project_it_is(project: str, key: str) -> None:
    assert project_in_account_title(key_account_title(project, key)) == project
    assert project_in_account_title("Compute Engine default service account") is None
