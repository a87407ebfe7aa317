"""Which projects go to which stack: by number, by label, and what cannot be apart."""

from pathlib import Path

import pytest

from landing_zone.scaffolding.split_plan import Plan, SplitError, by_count, by_label
from landing_zone.settings import EnvironmentSettings, load_file
from sandbox.layout import ROOT

HEAD = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/111111111111
  gemini-landing-zone:notificationProject: acme-seed
"""


def settings(folder: Path, projects: dict[str, str], more: str = "") -> EnvironmentSettings:
    """A stack `prod`; name → further settings of each project."""
    lines = [
        f"    {name}: {{projectId: acme-{name}-prod{f', {own}' if own else ', tier: free'}}}\n"
        for name, own in projects.items()
    ]
    path = folder / "Pulumi.prod.yaml"
    path.write_text(f"{HEAD}{more}  gemini-landing-zone:projects:\n{''.join(lines)}")
    return load_file("prod", path)


def shape(plan: Plan) -> dict[str, str]:
    return {"prod": "".join(plan.stays), **{part.stack: "".join(part.projects) for part in plan.parts}}


PAID = "tier: paid, budget: {amount: 100, currency: USD}"
GUARDED = f"{PAID}, guard: true, alerts: {{email: [oncall@example.com]}}"
SHARED = "  gemini-landing-zone:sharedBudgets:\n    both: {projects: [b, d], amount: 9, currency: USD}\n"


def test_by_count_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = settings(tmp_path, dict.fromkeys("abcdefg", ""))
    assert shape(by_count(found, 3, ())) == {"prod": "abc", "prod-2": "def", "prod-3": "g"}
    assert shape(by_count(found, 3, ("prod-2", "prod-4"))) == {"prod": "abc", "prod-3": "def", "prod-5": "g"}
    assert shape(by_count(found, 7, ())) == {"prod": "abcdefg"}


def test_by_count_keeps_together_what_cannot_be_apart(tmp_path: Path) -> None:
    own = {"a": "", "b": PAID, "c": "", "d": PAID, "e": "", "f": GUARDED}
    found = settings(tmp_path, own, SHARED)
    assert shape(by_count(found, 2, ())) == {"prod": "fa", "prod-2": "bd", "prod-3": "ce"}
    with pytest.raises(SplitError) as error:
        by_count(found, 1, ())
    assert str(error.value) == (
        "b, d cannot be apart, because of sharedBudgets.both: write --by count=2 or more"
    )


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_a_stack_whose_projects_are_all_guarded_is_not_split(stack: str) -> None:
    found = load_file(stack, ROOT / "stacks" / f"Pulumi.{stack}.yaml")
    with pytest.raises(SplitError, match=f"cannot be apart, because of the guard of {stack}"):
        by_count(found, 1, ())


def test_by_label_those_without_it_stay(tmp_path: Path) -> None:
    team = {"a": "one", "b": "two", "c": "", "d": "two"}
    own = {name: f"tier: free{f', labels: {{team: {each}}}' if each else ''}" for name, each in team.items()}
    found = settings(tmp_path, own)
    assert shape(by_label(found, "team", ())) == {"prod": "c", "prod-one": "a", "prod-two": "bd"}
    with pytest.raises(SplitError, match="no project of prod has the label tema: they have team"):
        by_label(found, "tema", ())
    with pytest.raises(SplitError, match="the label team makes a stack prod-two, which has a file already"):
        by_label(found, "team", ("prod-two",))


def test_by_label_the_largest_part_stays_if_all_have_it_or_those_of_the_guard(tmp_path: Path) -> None:
    team = {"a": "one", "b": "two", "d": "two"}
    own = {name: f"{PAID}, labels: {{team: {each}}}" for name, each in team.items()}
    assert shape(by_label(settings(tmp_path, own), "team", ())) == {"prod": "bd", "prod-one": "a"}
    own["a"] = f"{GUARDED}, labels: {{team: one}}"
    assert shape(by_label(settings(tmp_path, own), "team", ())) == {"prod": "a", "prod-two": "bd"}


def test_all_that_forbids_a_split_by_label_is_said_at_once(tmp_path: Path) -> None:
    team = {
        "a": (GUARDED, "one"),
        "b": (PAID, "one"),
        "c": (GUARDED, "two"),
        "d": (PAID, "two"),
        "e": (PAID, "two"),
    }
    own = {name: f"{paid}, labels: {{team: {each}}}" for name, (paid, each) in team.items()}
    with pytest.raises(SplitError) as error:
        by_label(settings(tmp_path, own, SHARED), "team", ())
    assert str(error.value).splitlines() == [
        "sharedBudgets.both counts projects of several parts (b; d), and a budget belongs to one stack. Give them one "
        "label, or make a budget for each part, and take both out, in a change of its own",
        "c: the guard of prod guards them, and it stays there. Give them the label of what stays; or write guard: "
        "false for them, run gemini-lz up prod, split, and write guard: true in the new stack, which then has a guard "
        "of its own",
    ]
