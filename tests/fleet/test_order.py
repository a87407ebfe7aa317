"""The order of a fleet's stacks, as their files say it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landing_zone.fleet.order import Needs, OrderError, check, graph_of, needs_of, reversed_graph
from landing_zone.settings import load_file

BASE = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
"""
CHAT = """\
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat, tier: free}
"""
TOPIC = "{amount: 1, currency: USD, topic: projects/acme-seed/topics/cost}"
#: What a stack has besides, that makes it wait for `base`; and the reason as people read it.
USES = [
    ("  gemini-landing-zone:after: [base]\n" + CHAT, "after"),
    ("  gemini-landing-zone:notificationProject: acme-seed\n" + CHAT, "notificationProject: acme-seed"),
    (
        "  gemini-landing-zone:channels: {bus: {type: pubsub, topic: projects/acme-seed/topics/all}}\n"
        + CHAT,
        "channels.bus.topic: acme-seed",
    ),
    (
        "  gemini-landing-zone:channels: {bus: {type: pubsub, topic: projects/acme-other/topics/spend}}\n"
        + CHAT,
        "channels.bus.topic: acme-other/topics/spend",
    ),
    (
        "  gemini-landing-zone:projects:\n    seed: {projectId: acme-seed, tier: free, adopt: true}\n",
        "projects.seed.projectId: acme-seed",
    ),
    (
        CHAT.replace("free}", "free, keys: {a: {serviceAccount: app@acme-seed.iam.gserviceaccount.com}}}"),
        "projects.chat.keys.a.serviceAccount: acme-seed",
    ),
    (
        CHAT.replace("free}", f"paid, budget: {TOPIC}, limits: {{others: deny}}}}"),
        "projects.chat.budget.topic: acme-seed",
    ),
    (
        f"  gemini-landing-zone:sharedBudgets: {{all: {{accountWide: true, {TOPIC[1:]}}}\n" + CHAT,
        "sharedBudgets.all.topic: acme-seed",
    ),
]
CREATES = """\
  gemini-landing-zone:notificationProject: acme-other
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:projects:
    seed: {projectId: acme-seed, tier: free}
"""


def needs(folder: Path, stack: str, text: str) -> Needs:
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_text(BASE + text)
    return needs_of(load_file(stack, path))


@pytest.mark.parametrize(("text", "reason"), USES, ids=[reason for _, reason in USES])
def test_a_stack_comes_after_the_one_that_creates_what_it_uses(
    tmp_path: Path, text: str, reason: str
) -> None:
    found = {"base": needs(tmp_path, "base", CREATES), "app": needs(tmp_path, "app", text)}
    graph = graph_of(found, ("app", "base"))
    assert graph == {"base": {}, "app": {"base": reason}}
    assert list(reversed_graph(graph)["base"]) == ["app"]


def test_a_stack_waits_for_none_that_merely_uses_the_same(tmp_path: Path) -> None:
    uses = "  gemini-landing-zone:notificationProject: acme-seed\n"
    one, other = (
        needs(tmp_path, name, uses + CHAT.replace("acme-chat", f"acme-{name}")) for name in ("one", "other")
    )
    assert graph_of({"one": one, "other": other}, ("one", "other")) == {"one": {}, "other": {}}


def test_a_circle_is_refused_with_its_path() -> None:
    found = {
        "a": Needs(after=("b",)),
        "b": Needs(uses={"projects/acme-c": "notificationProject"}),
        "c": Needs(after=("a",), creates=frozenset({"projects/acme-c"})),
        "d": Needs(after=("a",)),
    }
    with pytest.raises(OrderError) as refused:
        graph_of(found, tuple(found))
    path = str(refused.value).partition(": ")[2].partition(". ")[0]
    first, *_ = path.split(" → ")
    rounds = {
        "a": "a → b (after) → c (notificationProject: acme-c) → a (after)",
        "b": "b → c (notificationProject: acme-c) → a (after) → b (after)",
        "c": "c → a (after) → b (after) → c (notificationProject: acme-c)",
    }
    assert path == rounds[first]


def test_after_names_stacks_that_have_a_file_and_others_of_the_fleet_are_not_waited_for() -> None:
    found = {"app": Needs(after=("bsae", "base")), "web": Needs(after=("nowhere",))}
    with pytest.raises(OrderError) as refused:
        graph_of(found, ("app", "base", "web"))
    assert str(refused.value).splitlines() == [
        "app: after names the stack 'bsae', which has no file: did you mean 'base'?",
        "web: after names the stack 'nowhere', which has no file: take it out",
    ]
    assert graph_of({"app": Needs(after=("base",))}, ("app", "base")) == {"app": {}}


@given(st.dictionaries(st.integers(0, 9), st.frozensets(st.integers(0, 9), max_size=3), max_size=10))
def test_every_circle_is_found(waits: dict[int, frozenset[int]]) -> None:
    graph = {
        str(one): {str(each): "after" for each in others if each in waits} for one, others in waits.items()
    }

    def reaches(start: str, goal: str, seen: set[str]) -> bool:
        return any(
            each == goal or (each not in seen and reaches(each, goal, seen | {each})) for each in graph[start]
        )

    if any(reaches(stack, stack, set()) for stack in graph):
        with pytest.raises(OrderError, match="wait for each other"):
            check(graph)
    else:
        check(graph)
