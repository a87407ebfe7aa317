"""docs/provider.md: its examples name resources and properties that there are, with values that are right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provider.package import CONFIG, RESOURCES

PAGE = (Path(__file__).parents[2] / "docs" / "provider.md").read_text()
Example = tuple[str, dict[str, Any]]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def of_yaml() -> Iterator[Example]:
    for resource in yaml.safe_load(blocks("yaml")[0])["resources"].values():
        yield resource["type"].rpartition(":")[2], resource["properties"]


def of_python() -> Iterator[Example]:
    for call in ast.walk(ast.parse(blocks("python")[0])):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            named = {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords}
            yield (
                call.func.attr,
                {re.sub("_(.)", lambda letter: letter[1].upper(), k): v for k, v in named.items()},
            )


def of_typescript() -> Iterator[Example]:
    for kind, body in re.findall(
        r'new gemini\.(\w+)\("\w+", (\{.*?\})\)', blocks("typescript")[0], re.DOTALL
    ):
        # An object literal of plain values is YAML, but for its last comma.
        yield kind, yaml.safe_load(re.sub(r",\s*\}", "}", body))


@pytest.mark.parametrize("examples", [of_yaml, of_python, of_typescript])
def test_the_examples_are_right(examples: Any) -> None:
    found = list(examples())
    assert len(found) >= 2
    for kind, properties in found:
        assert list(RESOURCES[f"gemini-landing-zone:index:{kind}"].failures(properties)) == [], kind


def test_the_page_names_every_resource_and_every_input_but_the_addresses() -> None:
    names = {token.rpartition(":")[2] for token in RESOURCES} | set(CONFIG)
    assert [name for name in names if f"`{name}`" not in PAGE and not name.endswith("CustomEndpoint")] == []
