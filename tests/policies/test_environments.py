"""Which environment's configuration judges a project: what the policy owner says, never what the author does."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landing_zone.policies.configuration import ConfigurationError
from landing_zone.policies.environments import Environments, Placement, read_environments, split
from landing_zone.policies.facts import UNKNOWN, Project, Unknown
from landing_zone.policies.rulebook import Rulebook
from tests.policies.facts import BUDGET, CAP, GOOD, KEY, PROJECT, subject

WHERE = Environments.model_validate(
    {
        "environments": ["sandbox", "dev", "prod"],
        "stacks": {"lz/dev": "dev", "acme/lz/dev": "sandbox", "lz/prod": "prod"},
        "projects": {"acme-known": "prod", "acme-toy": "sandbox"},
        "folders": {"folders/1": "prod", "folders/2": "dev"},
        "organizations": {"organizations/9": "dev"},
    }
)


def project(id_: str = "acme-new", parent: Any = None, **changes: Any) -> Project:
    ids = frozenset({id_})
    return replace(PROJECT, subject=subject("project", id_, id_), ids=ids, parent=parent, **changes)


@pytest.mark.parametrize(
    ("stack", "found"),
    [
        (("", "lz", "dev"), "dev"),
        (("acme", "lz", "dev"), "sandbox"),
        (("other", "lz", "dev"), "dev"),
        # What is called dev, and is not the dev that the file means.
        (("", "other", "dev"), None),
        (("", "lz", "Dev"), None),
        (("", "dev", "lz"), None),
    ],
)
def test_a_stack_is_in_an_environment_by_its_whole_name(
    stack: tuple[str, str, str], found: str | None
) -> None:
    assert WHERE.of_stack(*stack) == found


@pytest.mark.parametrize(
    ("stack", "own", "found"),
    [
        # Nothing is said of either: the strictest.
        (None, project(), "prod"),
        (None, project(parent="organizations/8"), "prod"),
        (None, project(parent="folders/2"), "dev"),
        ("dev", project(), "dev"),
        ("dev", project(parent="organizations/8"), "dev"),
        # The stricter of the stack's and the project's own.
        ("dev", project(parent="folders/1"), "prod"),
        ("prod", project(parent="folders/2"), "prod"),
        ("dev", project("acme-known"), "prod"),
        ("dev", project("acme-toy"), "dev"),
        # By its id before its folder.
        (None, project("acme-toy", parent="folders/1"), "sandbox"),
        # Its folder is only known later, or never: it may be production's.
        ("dev", project(parent=UNKNOWN), "prod"),
        ("dev", project(created=False), "prod"),
        ("dev", project(parent="folders/77"), "prod"),
        # Folders in folders, as far as the program makes them.
        ("sandbox", project(parent="urn:a"), "dev"),
        ("sandbox", project(parent="urn:b"), "prod"),
        ("sandbox", project(parent="folders/5"), "dev"),
        ("sandbox", project(parent="urn:loop"), "sandbox"),
        # By its number alone it may be a project that the file names, whatever its folder.
        ("dev", project("1234567890", parent="folders/2"), "prod"),
        ("dev", project("1234567890", created=False), "prod"),
    ],
)
def test_a_project_is_in_the_strictest_that_its_stack_or_it_is_in(
    stack: str | None, own: Project, found: str
) -> None:
    folders: dict[str, str | Unknown | None] = {
        "urn:a": "folders/2",
        "urn:b": "urn:c",
        "urn:c": UNKNOWN,
        "folders/5": "organizations/9",
        "urn:loop": "urn:loop",
    }
    assert Placement(WHERE, stack, folders).of(own) == found


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("acme-known", "prod"),
        ("acme-toy", "dev"),
        # Ids, numbers and unknown ones that the file does not name may be in production's folder.
        ("acme-other", "prod"),
        ("1234567890", "prod"),
        (UNKNOWN, "prod"),
        # Nothing: what is in no project.
        (None, "dev"),
    ],
)
def test_what_is_in_a_project_that_only_a_reference_names(reference: Any, found: str) -> None:
    assert Placement(WHERE, "dev").of_reference(reference) == found
    # Before all resources are known, only what is certain counts.
    certain = {"acme-known": "prod"}.get(reference, "dev")
    assert Placement(WHERE, "dev", suspects=False).of_reference(reference) == certain


def test_a_stack_of_two_environments_is_judged_by_both() -> None:
    known, toy = project("acme-known"), project("acme-new")
    facts = replace(
        GOOD,
        projects=(known, toy),
        budgets=(
            replace(BUDGET, projects=("acme-known",)),
            replace(BUDGET, projects=("acme-known", "acme-new")),
        ),
        caps=(replace(CAP, projects=("acme-new",)),),
        keys=(replace(KEY, project="acme-known"), replace(KEY, project="acme-new")),
    )
    parts = split(facts, Placement(WHERE, "dev"))
    assert list(parts) == ["dev", "prod"]
    assert (parts["dev"].projects, parts["prod"].projects) == ((toy,), (known,))
    assert (len(parts["dev"].budgets), len(parts["prod"].budgets)) == (1, 2)
    assert (len(parts["dev"].caps), len(parts["prod"].caps)) == (1, 0)
    assert [key.project for key in parts["prod"].keys] == ["acme-known"]
    assert split(GOOD, Placement(WHERE, "prod")) == {"prod": GOOD}


def test_without_the_file_everything_is_mandatory(tmp_path: Path) -> None:
    rules = Rulebook(tmp_path)
    report = rules.judge("x", GOOD, Placement(rules.environments), "stack x")
    assert len(report.judged) == len(rules.configuration("default").levels)
    assert [str(each) for each in report.environments] == [
        f"default (stack x; no {tmp_path / 'environments.json'}), configuration "
        f"{rules.digest(rules.configuration('default'))}"
    ]


def test_a_hash_says_what_was_judged_by_and_not_how_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "environments.json").write_text('{"environments": ["a", "b", "c"]}')
    (tmp_path / "a.json").write_text('{"all": "advisory", "labels": {"required": ["owner"]}}')
    (tmp_path / "b.json").write_text(
        '{"labels": {"required": ["owner"]}, "all": {"enforcementLevel": "advisory"}}'
    )
    (tmp_path / "c.json").write_text('{"all": "advisory", "labels": {"required": ["owners"]}}')
    rules = Rulebook(tmp_path)
    first, same, other = (rules.configuration(name).digest for name in "abc")
    assert first == same
    assert other != first
    # What lowers a worst case, or leaves a project out, is part of it.
    before = rules.digest(rules.configuration("a"))
    (tmp_path / "environments.json").write_text(
        '{"notForGemini": ["acme-quiet"], "environments": ["a", "b", "c"]}'
    )
    again = Rulebook(tmp_path)
    assert again.digest(again.configuration("a")) != before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "environments\n    'environments' is missing"),
        (
            {"environments": []},
            'environments\n    the list is empty\n    write 1 at least, such as environments: ["dev", "prod"]',
        ),
        (
            {"environments": ["prod"], "stack": {}},
            "stack\n    unknown key 'stack'\n    did you mean 'stacks'?",
        ),
        (
            {"environments": ["prod"], "stacks": {"lz/prod": "prd"}},
            "stacks.lz/prod\n    'prd' is not among environments\n    write prod, or add it to environments",
        ),
        (
            {"environments": ["prod"], "stacks": {"prod": "prod"}},
            "'prod' is not a stack's whole name\n    write PROJECT/STACK or ORGANIZATION/PROJECT/STACK",
        ),
        (
            {"environments": ["prod"], "folders": {"1": "prod"}},
            "folders.1\n    '1' is not a folder\n    write its number, such as folders/123456789012",
        ),
        ({"environments": ["prod"], "organizations": {"organizations/x": "prod"}}, "such as organizations/1"),
        (
            {"environments": ["prod"], "projects": {"Acme": "prod"}},
            "'Acme' is not a project's id\n    write it as",
        ),
        ({"environments": ["prod", "a b"]}, "environments[1]\n    'a b' is not an environment's name"),
        ({"environments": [int("9" * 100)]}, "a number of 100 characters"),
        ({"environments": ["prod"], "accountTerms": {"01A2B3-C4D5E6-F7A8B9": {"discount": 2}}}, "discount"),
        ({"environments": ["prod", "none"]}, "environments\n    'none' has no configuration\n    write "),
        ([], "is not a mapping"),
    ],
)
def test_mistakes_in_the_file_are_named_with_what_to_write(tmp_path: Path, values: Any, said: str) -> None:
    (tmp_path / "environments.json").write_text(json.dumps(values))
    (tmp_path / "prod.json").write_text("{}")
    with pytest.raises(ConfigurationError) as raised:
        read_environments(tmp_path)
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path / 'environments.json'}: ")


def test_all_mistakes_in_the_file_are_reported_at_once(tmp_path: Path) -> None:
    values = {
        "environments": ["prod", "none"],
        "stacks": {"prod": "prod", "lz/prod": "prd"},
        "projects": {"acme-toy": "toy", "acme-odd": 1},
        "folders": {"folders/1": "prd"},
        "notForGemini": "acme-toy",
    }
    (tmp_path / "environments.json").write_text(json.dumps(values))
    (tmp_path / "prod.json").write_text("{}")
    with pytest.raises(ConfigurationError) as raised:
        read_environments(tmp_path)
    places = [line.rpartition(": ")[2] for line in str(raised.value).split("\n") if not line.startswith(" ")]
    assert sorted(places) == [
        "environments",
        "folders.folders/1",
        "notForGemini",
        "projects.acme-odd",
        "projects.acme-toy",
        "stacks.lz/prod",
        "stacks.prod",
    ]
