"""The groups of methods are Google's own methods, and nothing is lost between groups and names."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from landing_zone.gemini.methods import (
    CREATES_CACHES,
    METHOD_GROUPS,
    METHODS,
    any_key_calls,
    full_methods,
    grouped_methods,
)


def of_package(version: str) -> set[str]:
    """The full names of the methods in Google's own client."""
    spec = find_spec(f"google.ai.generativelanguage_{version}")
    assert spec is not None
    assert spec.origin is not None
    transports = Path(spec.origin).parent.glob("services/*/transports/grpc.py")
    paths = {path for file in transports for path in re.findall(r'"/(google[\w./]+)"', file.read_text())}
    return {path.replace("/", ".") for path in paths}


def test_every_method_is_one_of_googles_client() -> None:
    known = of_package("v1beta") | of_package("v1")
    assert {method for method in METHODS if method not in known and ".BatchService." not in method} == set()


def test_a_version_that_has_a_method_is_not_left_out() -> None:
    wanted = {method.rpartition(".v1beta.")[2] for method in METHODS if ".v1beta." in method}
    stable = {method.rpartition(".v1.")[2] for method in of_package("v1") if ".v1." in method}
    assert {f"google.ai.generativelanguage.v1.{name}" for name in wanted & stable} <= METHODS


@pytest.mark.parametrize("group", METHOD_GROUPS)
def test_a_group_comes_back_from_its_methods(group: str) -> None:
    assert grouped_methods(full_methods([group])) == (group,)


def test_what_no_group_has_keeps_its_name() -> None:
    names = ("google.ai.generativelanguage.v1beta.CacheService.GetCachedContent",)
    assert grouped_methods([*full_methods(["models"]), *names]) == ("models", *names)


@pytest.mark.parametrize(
    ("methods", "possible"),
    [
        (None, True),
        ((), True),
        (("generate",), False),
        (("generate", "caches"), True),
        (("google.ai.generativelanguage.v1beta.CacheService.CreateCachedContent",), True),
        (("google.ai.generativelanguage.v1beta.CacheService.GetCachedContent",), False),
        (("google.ai.generativelanguage.v1.CacheService.CreateCachedContent",), True),
        (("google.ai.generativelanguage.v1.*",), True),
    ],
)
def test_who_can_create_caches(methods: tuple[str, ...] | None, possible: bool) -> None:
    assert any_key_calls([methods or ()], CREATES_CACHES) is possible


@pytest.mark.parametrize(
    ("methods", "opens"),
    [
        # Forms of a restriction that the API Keys API takes: in full, the last part, and with a * at the end.
        (["*"], True),
        (["google.ai.generativelanguage.v1beta.CacheService.*"], True),
        (["Create*"], True),
        (["CreateCachedContent"], True),
        (["generativelanguage.googleapis.com.CreateCachedContent"], True),
        (["GenerateContent", "Count*"], False),
        (["google.ai.generativelanguage.v1beta.GenerativeService.*"], False),
    ],
)
def test_a_restriction_in_any_form_that_google_takes_opens_what_it_names(
    methods: list[str], opens: bool
) -> None:
    assert any_key_calls([methods], CREATES_CACHES) is opens
