"""Stack files that people one does not know propose: refused with their line before they take memory."""

import json
import os
from pathlib import Path

import pytest
import yaml

from landing_zone.bounded_yaml import MAX_ENTRIES, MAX_VALUES, UnboundedError, check_bounds
from landing_zone.settings import SettingsError, load_engine, load_file
from landing_zone.workspace import UnreadableError, find_project
from tests.forked import gemini_lz

HEAD = "config:\n  gemini-landing-zone:projects:\n"
LAUGHS = "    a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"    {name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghijklmn", "bcdefghijklmno", strict=True)
)
MERGED = "    a: &a {x0: 1, x1: 1, x2: 1, x3: 1, x4: 1, x5: 1, x6: 1, x7: 1}\n" + "".join(
    f"    {name}: &{name} {{{', '.join(f'y{n}: *{before}' for n in range(8))}, <<: *{before}}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
LONG = f"    a: &a {'x' * 60_000}\n    b: [{', '.join(['*a'] * 100)}]\n"
UNBOUNDED = {
    "aliases of aliases": (LAUGHS, 7, "with every alias expanded"),
    "merged mappings": (MERGED, 7, "with every alias expanded"),
    "a long text, aliased": (LONG, 4, "with every alias expanded"),
    "a list inside itself": ("    a: &a [1, *a]\n", 3, "stands inside what it stands for"),
    "a cycle of two": ("    a: &a\n      b: &b\n        c: *a\n", 5, "stands inside what it stands for"),
    "brackets": (f"    a: {'[' * 100_000}\n", 3, "levels inside each other"),
    "dashes": (f"    a:\n      {'- ' * 5_000}a\n", 4, "levels inside each other"),
    "complex keys": (f"    a:\n      {'? ' * 5_000}a\n", 4, "levels inside each other"),
    "one long text": (f"    a: {'x' * 70_000}\n", 3, "a value of 70,000 characters"),
    "many entries": (f"    a: [{'1,' * (MAX_ENTRIES + 1)}]\n", 3, "more than 2,000 entries"),
    "many keys": ("".join(f"    a{n}: 1\n" for n in range(MAX_ENTRIES + 1)), 2003, "more than 2,000 entries"),
    "many values": (
        f"    a: [{('[' + '1,' * 999 + '],') * (MAX_VALUES // 1000 + 1)}]\n",
        3,
        "more than 60,000 values",
    ),
    "a number of 5,000 digits": (f"    a: {'9' * 5_000}\n", 3, "a number of 5,000 characters"),
    "a number of 20,000 minutes": (f"    a: {{17: 1{':59' * 20_000}}}\n", 3, "a number of 60,001 characters"),
    "a hexadecimal number": (
        f"    a: {{labels: {{b: 0x{'f' * 5_000}}}}}\n",
        3,
        "a number of 5,002 characters",
    ),
    "a number with a tag": (f"    a: !!int '{'9' * 5_000}'\n", 3, "a number of 5,000 characters"),
    "a long file": ("    a: 1\n" + "# nothing\n" * 110_000, None, "more than 1,048,576 characters"),
}
BROKEN = {
    "a list as a key": ("    ? [a, b]\n    : 1\n", 3, "as a key"),
    "a mapping as a setting": ("    a: {{x: 1}: 2}\n", 3, "as a key"),
    "a tag of another program": ("    a: !secret x\n", 3, "a value cannot be read"),
    "a tag that runs code": ("    a: !!python/object/apply:os.system [ls]\n", 3, "a value cannot be read"),
    "a number that is none": ("    a: !!int seven\n", 3, "a value cannot be read"),
    "a time that is none": ("    a: !!timestamp soon\n", 3, "a value cannot be read"),
}


@pytest.mark.parametrize("kind", [*UNBOUNDED, *BROKEN])
def test_refused_with_its_line(kind: str, tmp_path: Path) -> None:
    text, line, reason = {**UNBOUNDED, **BROKEN}[kind]
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(SettingsError) as caught:
        load_file("x", path)
    [problem] = caught.value.problems
    assert (problem.line, problem.file) == (line, str(path))
    assert reason in problem.reason
    assert problem.remedy


def test_no_value_is_built_before_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def build(*_: object, **__: object) -> None:
        pytest.fail("built")

    monkeypatch.setattr(yaml, "compose", build)
    for text, _, _ in UNBOUNDED.values():
        (tmp_path / "Pulumi.x.yaml").write_text(HEAD + text)
        with pytest.raises(SettingsError):
            load_file("x", tmp_path / "Pulumi.x.yaml")


def test_aliases_that_people_write_are_read(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(f"""{HEAD}\
    one: &one
      projectId: acme-one-dev
      tier: free
      keys: &keys {{notebook: {{allowedIps: [203.0.113.0/24]}}}}
    two: {{projectId: acme-two-dev, tier: free, keys: *keys}}
""")
    settings = load_file("x", tmp_path / "Pulumi.x.yaml")
    assert settings.projects["one"].keys == settings.projects["two"].keys


def test_a_thousand_projects_are_within_the_bounds() -> None:
    project = (
        "    chat-{0}:\n      projectId: acme-chat-{0}\n      tier: paid\n      keys: {{backend: {{allowedIps: "
        "[203.0.113.0/24]}}}}\n      budget: {{amount: 1200.50, currency: USD, thresholds: [0.5, 0.8, 1.0]}}\n"
        "      limits: {{gemini-3.8-flash: {{requestsPerMinute: 60, requestsPerDay: 100}}, others: deny}}\n"
    )
    check_bounds(HEAD + "".join(project.format(n) for n in range(1000)))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('{"chat": ' * 65 + "1" + "}" * 65, "levels inside each other"),
        ("[" * 100_000, "levels inside each other"),
        (json.dumps({"chat": ["lol"] * 400_000}), "with every alias expanded"),
    ],
    ids=["mappings", "brackets", "expanded"],
)
def test_the_program_refuses_what_the_engine_has_expanded(value: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_engine("x", {"gemini-landing-zone:projects": value}, tmp_path)


def test_brackets_in_text_are_no_levels(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_engine("x", {"gemini-landing-zone:projects": json.dumps({"[" * 100 + '"': {}})}, tmp_path)
    assert "levels" not in str(caught.value)


@pytest.mark.parametrize("number", ["1e999999999", "0e999999999", "'1e-999999999'"])
@pytest.mark.parametrize("setting", ["thresholds: [{}]", "amount: {}"])
def test_a_number_that_is_gigabytes_when_written_out(number: str, setting: str, tmp_path: Path) -> None:
    text = f"    a: {{projectId: acme-a-dev, tier: paid, budget: {{{setting.format(number)}}}}}\n"
    (tmp_path / "Pulumi.x.yaml").write_text(HEAD + text)
    with pytest.raises(SettingsError, match=r"Pulumi\.x\.yaml:3: .*\n +the number has more than 30 digits"):
        load_file("x", tmp_path / "Pulumi.x.yaml")


def test_pulumis_own_file_is_read_within_the_same_bounds(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: {'[' * 100_000}\n")
    with pytest.raises(UnreadableError, match="levels inside each other"):
        find_project(tmp_path)


@pytest.mark.parametrize(
    "command",
    [["validate"], ["estimate"], ["exposure"], ["limits"], ["report", "--json"], ["policy", "check"]],
    ids=" ".join,
)
def test_every_command_that_reads_it_refuses_it(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "Pulumi.x.yaml").write_text(HEAD + LAUGHS)
    run = gemini_lz(*command, "x", "--stacks", str(tmp_path), folder=tmp_path, environment=os.environ)
    assert run.returncode == 1
    assert "Pulumi.x.yaml:7: " in run.stderr
    assert "Traceback" not in run.stderr


def test_it_is_an_error_of_yaml_to_whoever_reads_it() -> None:
    with pytest.raises(yaml.YAMLError):
        check_bounds("[" * 100)
    assert issubclass(UnboundedError, yaml.YAMLError)
