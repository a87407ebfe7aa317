"""docs/policies: up to date, and its examples are true."""

import ast
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi_gcp
import pytest

from landing_zone.policies.configuration import configuration_of
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.policy import Policy
from landing_zone.settings import load_file

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "policies").glob("*.md"))
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
EACH_POLICY = pytest.mark.parametrize("policy", POLICIES, ids=[policy.id for policy in POLICIES])


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("policy_pages", ROOT / "docs" / "policies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def page_of(policy: Policy) -> Path:
    return ROOT / policy.page


def test_the_pages_are_up_to_date(generator: ModuleType) -> None:
    assert generator.differences() == [], "run: .venv/bin/python docs/policies.py"


def test_every_policy_has_a_page_and_the_index_names_it(generator: ModuleType) -> None:
    assert {page.name for page in PAGES} == {"README.md", *(f"{policy.id}.md" for policy in POLICIES)}
    listed = re.findall(r"^\| \[`(.+?)`\]\((.+?)\.md\) \|", generator.index(), re.MULTILINE)
    assert listed == [(policy.id, policy.id) for policy in POLICIES]


def test_a_page_that_differs_is_missing_or_left_over_is_reported_and_written(
    generator: ModuleType, tmp_path: Path
) -> None:
    generator.write(tmp_path)
    assert generator.differences(tmp_path) == []
    (tmp_path / "labels.md").write_text("# Others\n")
    (tmp_path / "protected.md").unlink()
    (tmp_path / "gone.md").touch()
    assert generator.differences(tmp_path) == [
        "protected.md is missing",
        "labels.md differs",
        "gone.md is left over",
    ]
    generator.write(tmp_path)
    assert generator.differences(tmp_path) == []


def test_a_check_writes_nothing() -> None:
    before = {page: (page.stat().st_mtime_ns, page.read_text()) for page in PAGES}
    done = subprocess.run(
        [sys.executable, "docs/policies.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {page: (page.stat().st_mtime_ns, page.read_text()) for page in PAGES} == before


@EACH_POLICY
def test_a_pages_configuration_is_right_and_whole(policy: Policy) -> None:
    shown = json.loads(blocks(page_of(policy), "json")[-1])
    assert configuration_of(shown, "the page")
    # `exceptions` are the index's to show.
    assert shown[policy.id].keys() == (policy.schema()[0].keys() | {"enforcementLevel"}) - {"exceptions"}


def test_the_indexs_configurations_are_right() -> None:
    found = [json.loads(block) for block in blocks(ROOT / "docs" / "policies" / "README.md", "json")]
    assert len(found) == 2
    assert all(configuration_of(each, "the index") for each in found)
    assert [name for each in found for name, own in each.items() if "exceptions" in own] == ["key-clients"]


@EACH_POLICY
def test_an_example_breaks_its_policy_as_the_page_says(generator: ModuleType, policy: Policy) -> None:
    shown = blocks(page_of(policy), "text")
    assert len(shown) == len(generator.SAMPLES[policy.id].breaks) >= 1
    for position, text in enumerate(shown):
        verdicts = generator.verdicts(policy, position)
        assert verdicts
        assert all(verdict.stops for verdict in verdicts)
        assert text == "".join(f"{generator.message(verdict)}\n" for verdict in verdicts)


@EACH_POLICY
def test_a_stack_file_on_a_page_is_right(generator: ModuleType, policy: Policy, tmp_path: Path) -> None:
    stack_files = blocks(page_of(policy), "yaml")
    wanted = [each.text for each in generator.SAMPLES[policy.id].breaks if hasattr(each, "text")]
    assert stack_files == wanted
    for text in stack_files:
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
        assert load_file("prod", tmp_path / "Pulumi.prod.yaml").projects


def made(program: str) -> list[tuple[str, Any, set[str]]]:
    """The resources that a program makes: name, class, and the arguments that it gives."""
    calls = [each for each in ast.walk(ast.parse(program)) if isinstance(each, ast.Call)]
    return [
        (
            ast.literal_eval(call.args[0]),
            attrgetter(ast.unparse(call.func).removeprefix("gcp."))(pulumi_gcp),
            {str(keyword.arg) for keyword in call.keywords},
        )
        for call in calls
    ]


@EACH_POLICY
def test_a_program_on_a_page_makes_what_is_judged(generator: ModuleType, policy: Policy) -> None:
    programs = [each for each in generator.SAMPLES[policy.id].breaks if hasattr(each, "code")]
    assert blocks(page_of(policy), "python") == [each.code for each in programs]
    for each in programs:
        facts = each.facts
        groups = (facts.budgets, facts.keys, facts.apis, facts.locations, facts.grants, facts.resources)
        judged = [entity.subject.name for group in groups for entity in group]
        resources = made(each.code)
        assert [name for name, _, _ in resources] == judged
        for _, kind, arguments in resources:
            assert arguments <= inspect.signature(kind._internal_init).parameters.keys(), kind


@EACH_POLICY
def test_a_fix_has_an_example_that_it_fixes(generator: ModuleType, policy: Policy) -> None:
    example = generator.SAMPLES[policy.id].remediation
    assert (example is None) == (policy.fix is None)
    if example and policy.fix:
        before, after, _ = map(json.loads, blocks(page_of(policy), "json"))
        assert before == example.inputs
        options = configuration_of({policy.id: generator.SAMPLES[policy.id].options}, "").options[policy.id]
        assert after == policy.fix(example.kind, before, options) != before
        # A second run changes nothing.
        assert policy.fix(example.kind, after, options) is None


@EACH_PAGE
def test_every_link_resolves(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        target = page.parent / path
        assert target.is_file(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in [heading.lower().replace(" ", "-") for heading in headings], link
